"""Sub-zones, activities and limits of the synthetic plan. Invented, but shaped like a real zoning code."""

# ruff: noqa: E501  (tables, one row a line)

from __future__ import annotations

from typing import NamedTuple


class SubZone(NamedTuple):
    """A sub-zone as the zoning layer and zones.csv write it (national codes and colours are facts)."""

    code: str
    name: str
    zone: str
    zone_code: str
    code8: str
    protected: bool
    colour: str


SUBZONES = tuple(
    SubZone(*row)
    for row in (
        ("HL", "Hutan Lindung", "Hutan Lindung", "31020000", "31020000", True, "50,95,40"),
        ("PS", "Perlindungan Setempat", "Perlindungan Setempat", "31030000", "31030000", True, "5,215,215"),
        ("BA", "Badan Air", "Badan Air", "31010000", "31010000", True, "151,219,242"),
        ("RTH-2", "Taman Kota", "Ruang Terbuka Hijau", "31031000", "31031200", True, "65,105,0"),
        ("RTH-3", "Taman Kecamatan", "Ruang Terbuka Hijau", "31031000", "31031300", True, "70,135,0"),
        ("RTH-4", "Taman Kelurahan", "Ruang Terbuka Hijau", "31031000", "31031400", True, "75,165,0"),
        ("RTH-7", "Pemakaman", "Ruang Terbuka Hijau", "31031000", "31031700", True, "90,255,0"),
        ("RTH-8", "Jalur Hijau", "Ruang Terbuka Hijau", "31031000", "31031800", True, "15,245,0"),
        ("BJ", "Badan Jalan", "Badan Jalan", "32010000", "32010000", False, "235,30,30"),
        ("P-1", "Tanaman Pangan", "Pertanian", "32040000", "32041000", False, "200,245,70"),
        ("P-3", "Perkebunan", "Pertanian", "32040000", "32043000", False, "175,175,55"),
        ("KPI", "Kawasan Peruntukan Industri", "Kawasan Peruntukan Industri", "32080000", "32080000", False, "105,0,0"),
        ("W", "Pariwisata", "Pariwisata", "32090000", "32090000", False, "255,165,255"),
        ("R-2", "Perumahan Kepadatan Tinggi", "Perumahan", "32103000", "32103200", False, "255,220,0"),
        ("R-3", "Perumahan Kepadatan Sedang", "Perumahan", "32103000", "32103300", False, "255,240,5"),
        ("R-4", "Perumahan Kepadatan Rendah", "Perumahan", "32103000", "32103400", False, "255,250,75"),
        ("R-5", "Perumahan Kepadatan Sangat Rendah", "Perumahan", "32103000", "32103500", False, "255,255,150"),
        ("SPU-1", "SPU Skala Kota", "Sarana Pelayanan Umum", "32104000", "32104100", False, "125,25,125"),
        ("SPU-2", "SPU Skala Kecamatan", "Sarana Pelayanan Umum", "32104000", "32104200", False, "155,50,155"),
        ("SPU-3", "SPU Skala Kelurahan", "Sarana Pelayanan Umum", "32104000", "32104300", False, "185,75,185"),
        ("SPU-4", "SPU Skala RW", "Sarana Pelayanan Umum", "32104000", "32104400", False, "215,100,215"),
        ("PL-3", "Instalasi Pengolahan Air Minum (IPAM)", "Peruntukan Lainnya", "32106000", "32106201", False, "255,200,105"),
        ("C-2", "Campuran Intensitas Menengah/Sedang", "Campuran", "32111000", "32111200", False, "240,115,30"),
        ("K-1", "Perdagangan dan Jasa Skala Kota", "Perdagangan dan Jasa", "32112000", "32112100", False, "255,100,100"),
        ("K-2", "Perdagangan dan Jasa Skala WP", "Perdagangan dan Jasa", "32112000", "32112200", False, "255,130,130"),
        ("K-3", "Perdagangan dan Jasa Skala SWP", "Perdagangan dan Jasa", "32112000", "32112300", False, "255,165,165"),
        ("KT", "Perkantoran", "Perkantoran", "32113000", "32113000", False, "155,155,155"),
        ("TR", "Transportasi", "Transportasi", "32120000", "32120000", False, "215,55,0"),
        ("HK", "Pertahanan dan Keamanan", "Pertahanan dan Keamanan", "32130000", "32130000", False, "155,0,255"),
    )
)  # fmt: skip
BY_CODE = {z.code: z for z in SUBZONES}

RTRW_CLASSES = tuple(
    SubZone(*row)
    for row in (
        ("BA", "Badan Air", "Badan Air", "31010000", "31010000", True, "151,219,242"),
        ("HL", "Kawasan Hutan Lindung", "Kawasan Hutan Lindung", "31020000", "31021000", True, "50,95,40"),
        ("PS", "Kawasan Perlindungan Setempat", "Kawasan Perlindungan Setempat", "31030000", "31030000", True, "5,215,215"),
        ("HPT", "Kawasan Hutan Produksi Terbatas", "Kawasan Hutan Produksi", "32020000", "32022000", False, "75,155,55"),
        ("HPT/PD", "Kawasan Hutan Produksi Terbatas / Kawasan Permukiman Perdesaan", "Kawasan Hutan Produksi", "32020000", "HPT/PD", False, "75,155,55"),
        ("P-1", "Kawasan Tanaman Pangan", "Kawasan Pertanian", "32040000", "32041000", False, "200,245,70"),
        ("P-3", "Kawasan Perkebunan", "Kawasan Pertanian", "32040000", "32043000", False, "175,175,55"),
        ("KPI", "Kawasan Peruntukan Industri", "Kawasan Peruntukan Industri", "32080000", "32080000", False, "105,0,0"),
        ("PK", "Kawasan Permukiman Perkotaan", "Kawasan Permukiman", "32100000", "32101000", False, "245,155,30"),
        ("PD", "Kawasan Permukiman Perdesaan", "Kawasan Permukiman", "32100000", "32102000", False, "235,155,60"),
    )
)  # fmt: skip

HOMES = "R-2:I R-3:I R-4:I R-5:I C-2:I K-1:T4 K-2:T4 K-3:I"
ALL_SPU = "SPU-1 SPU-2 SPU-3 SPU-4"
GROUPS: dict[str, tuple[str, str]] = {
    # group -> (cells of the RDTR, cells of the RTRW); every sub-zone that is not named is X
    "rumah": (f"{HOMES} HK:B7 W:T3", "PK:I PD:I P-1:T3 P-3:T3 HPT/PD:B7"),
    "rusun": ("R-2:T4,B2 R-3:T4,B2 C-2:B2,B5 K-1:B2 K-2:B2", "PK:I PD:B7"),
    "indekos": ("R-2:I R-3:T4 R-4:T4,B4 C-2:I K-1:I K-2:I K-3:I SPU-1:T3", "PK:I PD:T3"),
    "warung": (
        "R-2:I R-3:T1,T2 R-4:T1,T2 R-5:T1,T2 C-2:I K-1:I K-2:I K-3:I W:I KT:T3 TR:T3 SPU-1:T3 SPU-2:T3 RTH-2:T3,B7",
        "PK:I PD:I P-3:T3 HPT/PD:B7",
    ),
    "kuliner": (
        "R-2:T1,T2 R-3:T1,T2,B4 R-4:T1,T2,B4 C-2:I K-1:I K-2:I K-3:I W:I KT:T3,B5 TR:T3",
        "PK:I PD:T2",
    ),
    "toko": ("R-2:T2 R-3:T2,B5 R-4:T2,B5 C-2:I K-1:I K-2:I K-3:I TR:T3 W:T3", "PK:I PD:T2"),
    "swalayan": ("C-2:B2,B5 K-1:I K-2:B5 K-3:T2,B5 TR:T3,B2", "PK:I PD:B2"),
    "pusat": ("C-2:B1,B2,B5 K-1:B2,B5 K-2:T4,B1,B2,B5", "PK:B2"),
    "spbu": ("K-1:B1,B2,B7 K-2:B1,B2,B7 K-3:B1,B2,B7 C-2:B1,B2,B7 TR:B1,B2 KPI:B1,B2", "PK:B2 PD:B2 KPI:B2"),
    "bengkel": ("R-2:T1,T2,B4 C-2:T2,B3 K-1:I K-2:I K-3:T2,B3 TR:B3 KPI:I", "PK:I PD:T2 KPI:I"),
    "jasa": ("R-2:T2 R-3:T2 R-4:T2,B4 C-2:I K-1:I K-2:I K-3:I KT:I W:T3", "PK:I PD:I"),
    "kantor": ("R-2:T2,B5 R-3:T2,B5 C-2:I K-1:I K-2:I K-3:T4 KT:I SPU-1:T3 KPI:T3", "PK:I PD:T3 KPI:T3"),
    "pemerintah": ("KT:I SPU-1:I SPU-2:I SPU-3:I C-2:I K-1:I K-2:I K-3:I R-3:B5 HK:B7", "PK:I PD:I"),
    "hotel": ("K-1:B1,B2,B5 K-2:B1,B2,B5 C-2:T4,B1,B2,B5 W:B1,B2", "PK:B2 PD:B2"),
    "penginapan": ("R-2:T2,B4 R-3:T2,B4 R-4:T2,B4 R-5:T2,B4 C-2:I K-1:I K-2:I K-3:I W:I", "PK:I PD:T2"),
    "sekolah": ("SPU-1:I SPU-2:I SPU-3:I SPU-4:T3 R-2:B2,B4 R-3:B2,B4 R-4:B2,B4 C-2:B2,B5 K-3:B2,B5", "PK:I PD:I"),
    "kampus": ("SPU-1:I SPU-2:B2,B5 C-2:B2,B5 K-1:B2,B5 KT:B2", "PK:B2"),
    "klinik": ("SPU-1:I SPU-2:I SPU-3:I R-2:T2,B3 R-3:T2,B3 R-4:T2,B3 C-2:B3 K-1:B3 K-2:B3 K-3:B3", "PK:I PD:I"),
    "rs": ("SPU-1:B1,B2,B3 SPU-2:B1,B2,B3 C-2:B1,B2,B3,B5 K-1:B1,B2,B3,B5", "PK:B1,B2"),
    "ibadah": ("SPU-1:I SPU-2:I SPU-3:I SPU-4:I R-2:B4 R-3:B4 R-4:B4 R-5:B4 C-2:B4 K-1:B4 K-2:B4 K-3:B4 HK:I", "PK:I PD:I"),
    "olahraga": ("SPU-1:I SPU-2:I SPU-3:I SPU-4:T2 RTH-2:T3,B7 RTH-3:T3,B7 C-2:B5 K-1:B5 K-2:B5 R-3:T2,B4 W:I", "PK:I PD:T3"),
    "taman": ("RTH-2:I RTH-3:I RTH-4:I RTH-7:T3 RTH-8:I PS:I R-2:I R-3:I R-4:I R-5:I SPU-1:I SPU-2:I SPU-3:I SPU-4:I W:I KT:I C-2:I K-1:I K-2:I K-3:I HL:T3", "PK:I PD:I PS:I HL:T3"),
    "makam": ("RTH-7:I", "PK:T3 PD:T3"),
    "hiburan": ("K-1:T1,B4 K-2:T1,B4 C-2:T1,B4 W:T1,B4", "PK:T1"),
    "wisata": ("W:I RTH-2:T3,B7 P-3:T3,B1 HL:T3,B7 PS:T3,B7 R-5:T2,B1", "PD:I P-3:T3 HL:B7"),
    "rumahan": ("R-2:T1,T2,B3 R-3:T1,T2,B3 R-4:T1,T2,B3 R-5:T2,B3 C-2:T2,B3 K-2:T2 K-3:T2 KPI:I", "PK:T2 PD:T2 KPI:I"),
    "industri": ("KPI:I C-2:T2,B1,B3", "KPI:I PK:T2,B1"),
    "berat": ("KPI:B1,B2,B3", "KPI:B1,B2"),
    "limbah": ("KPI:B1,B2,B3,B7", "KPI:B1,B7"),
    "gudang": ("KPI:I TR:B2 K-1:T2,B2 K-2:T2,B2 C-2:T2,B2", "KPI:I PK:T2 PD:T2"),
    "terminal": ("TR:I KPI:B2 K-1:B2", "PK:B2 PD:B2"),
    "parkir": ("TR:I K-1:I K-2:I K-3:I C-2:I KT:I W:I SPU-1:I SPU-2:B2 KPI:I", "PK:I PD:I"),
    "jalan": ("BJ:I", "PK:I PD:I KPI:I P-1:B7 P-3:B7"),
    "sawah": ("P-1:I P-3:I R-4:T3 R-5:I HL:T3 PS:T3", "P-1:I P-3:I PD:I PK:T3 HPT/PD:B7"),
    "kebun": ("P-1:T3 P-3:I R-4:T3 R-5:I HL:T3,B7 PS:T3", "P-1:T3 P-3:I PD:I HPT:B7 HPT/PD:B7"),
    "ternak": ("P-1:T2 P-3:T2,B3 R-5:T2,B3,B4", "P-1:T2 P-3:I PD:T2"),
    "hutan": ("HL:T3,B7", "HL:T3,B7 HPT:I HPT/PD:B7"),
    "tambang": ("P-3:B1,B7", "P-3:B1,B7"),
    "utilitas": ("PL-3:I KPI:B1 SPU-1:B7 BJ:B7 PS:B7 R-2:B7 R-3:B7 R-4:B7 R-5:B7 K-1:B7 K-2:B7 K-3:B7 C-2:B7 TR:B7 HK:B7 P-1:B7 P-3:B7", "PK:B7 PD:B7 KPI:B1 P-1:B7 P-3:B7 HL:B7"),
    "militer": ("HK:I", "PK:B7 PD:B7"),
}  # fmt: skip

ACTIVITIES: tuple[tuple[str, str, str, str], ...] = (
    # activity, name, group, KBLI 2020 codes (official codes are facts; the mapping is invented)
    ("rumah-tunggal", "Rumah tunggal", "rumah", ""),
    ("rumah-deret", "Rumah deret", "rumah", ""),
    ("rumah-susun", "Rumah susun", "rusun", "68111"),
    ("rumah-kos", "Rumah kos/indekos", "indekos", "55900"),
    ("warung", "Warung kebutuhan sehari-hari", "warung", "47112"),
    ("warung-makan", "Rumah/warung makan", "kuliner", "56102 56103"),
    ("restoran", "Restoran", "kuliner", "56101"),
    ("kafe", "Rumah minum/kafe", "kuliner", "56303"),
    ("jasa-boga", "Jasa boga (katering)", "rumahan", "56210"),
    ("minimarket", "Minimarket", "swalayan", "47111"),
    ("supermarket", "Supermarket dan hypermarket", "pusat", "47111"),
    ("toserba", "Toko serba ada", "pusat", "47191"),
    ("toko-perabot", "Toko perlengkapan rumah tangga", "toko", "47599"),
    ("toko-pangan", "Toko padi dan palawija", "toko", "47211"),
    ("toko-elpiji", "Pangkalan gas elpiji", "toko", "47772"),
    ("apotek", "Apotek", "toko", "47721"),
    ("pasar-rakyat", "Pasar rakyat dan los kaki lima", "pusat", "47811"),
    ("dealer-motor", "Perdagangan sepeda motor", "swalayan", "45401"),
    ("suku-cadang", "Perdagangan suku cadang mobil", "toko", "45301"),
    ("grosir-pangan", "Perdagangan besar makanan dan minuman", "gudang", "46339"),
    ("spbu", "Stasiun pengisian bahan bakar (SPBU)", "spbu", "47301"),
    ("bengkel-mobil", "Bengkel mobil", "bengkel", "45201"),
    ("reparasi-elektronik", "Reparasi peralatan komunikasi", "jasa", "95120"),
    ("penatu", "Penatu (laundry)", "jasa", "96200"),
    ("salon", "Pangkas rambut dan salon", "jasa", "96111 96112"),
    ("fotografi", "Studio foto", "jasa", "74201"),
    ("percetakan", "Percetakan", "bengkel", "18111"),
    ("biro-perjalanan", "Agen perjalanan wisata", "kantor", "79111"),
    ("persewaan-mobil", "Persewaan mobil", "bengkel", "77100"),
    ("bank", "Bank", "kantor", "64121"),
    ("koperasi", "Koperasi simpan pinjam", "kantor", "64142"),
    ("kantor-swasta", "Kantor jasa profesional", "kantor", "69101 69201 71101 73100 82110"),
    ("kantor-perangkat-lunak", "Pengembangan perangkat lunak", "kantor", "62019"),
    ("kantor-telekomunikasi", "Kantor telekomunikasi", "kantor", "61100"),
    ("studio-radio", "Studio siaran radio", "kantor", "60102"),
    ("kantor-pos", "Kantor pos", "pemerintah", "53100"),
    ("kantor-pemerintah", "Kantor pemerintah", "pemerintah", "84112"),
    ("kantor-polisi", "Kantor kepolisian", "pemerintah", "84231"),
    ("hotel-bintang", "Hotel bintang", "hotel", "55110"),
    ("hotel-melati", "Hotel melati", "hotel", "55120"),
    ("pondok-wisata", "Pondok wisata", "penginapan", "55130"),
    ("vila", "Vila", "penginapan", "55193"),
    ("taman-kanak-kanak", "Taman kanak-kanak", "sekolah", "85131"),
    ("sekolah-dasar", "Sekolah dasar", "sekolah", "85111 85121"),
    ("sekolah-menengah", "Sekolah menengah", "sekolah", "85210 85220"),
    ("perguruan-tinggi", "Perguruan tinggi", "kampus", "85311 85312"),
    ("praktik-dokter", "Praktik dokter", "klinik", "86201"),
    ("klinik", "Klinik", "klinik", "86104 86105"),
    ("rumah-sakit", "Rumah sakit", "rs", "86101 86103"),
    ("dokter-hewan", "Praktik dokter hewan", "klinik", "75000"),
    ("panti-jompo", "Panti lanjut usia", "sekolah", "87301"),
    ("rumah-ibadah", "Rumah ibadah dan organisasi keagamaan", "ibadah", "94910"),
    ("gedung-olahraga", "Gedung olahraga", "olahraga", "93111"),
    ("taman-bermain", "Taman dan ruang terbuka", "taman", "91031"),
    ("pemakaman", "Pemakaman", "makam", ""),
    ("klub-malam", "Klub malam", "hiburan", "93291"),
    ("wisata-agro", "Wisata agro", "wisata", "93231"),
    ("kawasan-wisata", "Kawasan pariwisata", "wisata", "68120"),
    ("tenun-ikat", "Kerajinan tenun ikat", "rumahan", "13122"),
    ("roti", "Industri roti dan kue", "rumahan", "10710 10792"),
    ("tempe", "Industri tempe", "rumahan", "10391"),
    ("konveksi", "Konveksi pakaian", "rumahan", "14111"),
    ("furnitur", "Industri furnitur kayu", "industri", "31001 16221"),
    ("air-kemasan", "Industri air kemasan", "industri", "11051"),
    ("barang-semen", "Industri barang dari semen", "industri", "23951"),
    ("industri-cat", "Industri cat dan tinta", "berat", "20221"),
    ("rumah-potong", "Rumah potong hewan", "berat", "10110"),
    ("pengumpulan-sampah", "Pengumpulan sampah", "limbah", "38110"),
    ("limbah-b3", "Pengolahan limbah berbahaya (B3)", "limbah", "38220"),
    ("gudang", "Pergudangan", "gudang", "52101"),
    ("terminal-bus", "Terminal dan pool bus", "terminal", "49213"),
    ("angkutan-barang", "Pool angkutan barang", "terminal", "49431"),
    ("parkir", "Pelataran parkir", "parkir", "52215"),
    ("jalan", "Jalan dan kelengkapannya", "jalan", ""),
    ("sawah", "Pertanian tanaman pangan", "sawah", "01111 01121"),
    ("sayuran", "Hortikultura sayuran", "sawah", "01131"),
    ("kelapa", "Perkebunan kelapa", "kebun", "01261"),
    ("ternak-sapi", "Peternakan sapi potong", "ternak", "01411"),
    ("ternak-ayam", "Peternakan ayam petelur", "ternak", "01462"),
    ("kolam-ikan", "Kolam ikan air tawar", "sawah", "03221"),
    ("hasil-hutan", "Pemanfaatan hasil hutan", "hutan", "02111"),
    ("galian-sirtu", "Penggalian kerikil dan sirtu", "tambang", "08103"),
    ("pembangkit", "Pembangkit tenaga listrik", "utilitas", "35111"),
    ("instalasi-air", "Instalasi pengolahan air minum", "utilitas", ""),
    ("markas", "Markas dan asrama militer", "militer", ""),
)

BLANK_CELLS = (("klub-malam", "TR"), ("kolam-ikan", "W"), ("studio-radio", "SPU-1"))
"""ITBX cells that nobody has filled in yet: an activity there is undetermined."""

CONDITIONS: tuple[tuple[str, str, str, str], ...] = (
    ("T1", "Jam operasi dibatasi pukul 06.00 sampai 22.00", "Pasal 31 ayat (2) huruf a (sintetis)", ""),
    (
        "T2",
        "Luas lantai paling banyak 400 m2",
        "Pasal 31 ayat (2) huruf b (sintetis)",
        "floor_area_m2 <= 400",
    ),
    ("T3", "Jumlah kegiatan dibatasi dalam satu blok", "Pasal 31 ayat (2) huruf c (sintetis)", ""),
    ("T4", "Paling tinggi 3 lantai", "Pasal 31 ayat (2) huruf d (sintetis)", "floors <= 3"),
    (
        "B1",
        "Wajib memiliki dokumen lingkungan (Amdal/UKL-UPL/SPPL)",
        "Pasal 32 ayat (1) huruf a (sintetis)",
        "",
    ),
    ("B2", "Wajib melakukan analisis dampak lalu lintas", "Pasal 32 ayat (1) huruf b (sintetis)", ""),
    ("B3", "Wajib menyediakan pengolahan limbah dan drainase", "Pasal 32 ayat (1) huruf c (sintetis)", ""),
    ("B4", "Wajib mendapat persetujuan warga sekitar", "Pasal 32 ayat (1) huruf d (sintetis)", ""),
    ("B5", "Wajib menyediakan parkir di dalam persil", "Pasal 32 ayat (1) huruf e (sintetis)", ""),
    ("B7", "Wajib mendapat rekomendasi instansi teknis", "Pasal 32 ayat (1) huruf f (sintetis)", ""),
)


def cells(spec: str) -> dict[str, str]:
    """Return sub-zone -> ITBX cell of a group specification."""
    return dict(item.split(":") for item in spec.split())


def itbx(codes: tuple[str, ...], plan: int) -> list[list[str]]:
    """Return the ITBX matrix, one row an activity: `plan` 0 = RDTR, 1 = RTRW."""
    rows = []
    for activity, _, group, _ in ACTIVITIES:
        known = cells(GROUPS[group][plan])
        blank = {zone for name, zone in BLANK_CELLS if name == activity and plan == 0}
        rows.append([activity] + ["" if code in blank else known.get(code, "X") for code in codes])
    return rows

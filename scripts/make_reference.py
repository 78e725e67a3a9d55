"""Build the CSV files of ``kkpr_check/reference`` from the project's collected facts.

Run from the repository root: ``python scripts/make_reference.py [FACTS_DIR]``. FACTS_DIR holds `reference/`
(code tables with a source a row) and `real/kbli/` (the official classification). The committed CSV files are
the result; the package reads those only. Facts in no table are listed below, each with mark and source.

Marks: ``seen`` was read in the source; ``inferred`` follows from seen data; ``memory`` is an open hint.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

TARGET = Path(__file__).resolve().parents[1] / "kkpr_check" / "reference"
Row = dict[str, str]

ZONE_EXTRA = """
LG|Lindung Gambut|LG|Lindung Gambut|yes|memory|RTC|colour seen in RTC for the RTRW class
KSA|Konservasi|KS|Kawasan Suaka Alam|yes|memory|RPD|letter seen for the RTRW class
CA|Konservasi|KS|Cagar Alam|yes|memory|RPD|letter seen for the RTRW class
SM|Konservasi|KS|Suaka Margasatwa|yes|memory|RTC|
TN|Konservasi|KS|Taman Nasional|yes|memory|RPD|letter seen for the RTRW class
THR|Konservasi|KS|Taman Hutan Raya|yes|memory|RTC|
TWA|Konservasi|KS|Taman Wisata Alam|yes|memory|RTC|
TB|Konservasi|KS|Taman Buru|yes|memory|RTC|
LGE-1|Lindung Geologi|LGE|Keunikan Batuan dan Fosil|yes|seen|BLT|number not seen
LGE-2|Lindung Geologi|LGE|Keunikan Bentang Alam|yes|seen|BLT RTC|number not seen
LGE-3|Lindung Geologi|LGE|Keunikan Proses Geologi|yes|inferred|RTC|RTRW class of the same name
MRA|Pertambangan dan Energi|T|Pertambangan Mineral Radioaktif|no|memory|RTC|colour of the RTRW class
MLG|Pertambangan dan Energi|T|Pertambangan Mineral Logam|no|seen|BLT|number not seen
BR|Pertambangan dan Energi|T|Pertambangan Batubara|no|memory|RTC|colour of the RTRW class
MG|Pertambangan dan Energi|T|Pertambangan Minyak dan Gas Bumi|no|memory|RTC|colour of the RTRW class
PB|Pertambangan dan Energi|T|Panas Bumi|no|memory|RTC|colour of the RTRW class
C-3|Campuran|C|Campuran Intensitas Rendah|no|memory|domain 3.1|
"""
"""Sub-zones that the code table lacks: letter, zone, zone letter, name, protected, mark, source, note."""

OLD_NAMES = {
    "R-1": "Rumah Kepadatan Sangat Tinggi",
    "R-2": "Rumah Kepadatan Tinggi",
    "R-3": "Rumah Kepadatan Sedang",
    "R-4": "Rumah Kepadatan Rendah",
    "R-5": "Rumah Kepadatan Sangat Rendah",
    "SPU": "Pelayanan Umum",
    "SPU-1": "Sarana Pelayanan Umum Skala Kota",
    "SPU-2": "Sarana Pelayanan Umum Skala Kecamatan",
    "SPU-3": "Sarana Pelayanan Umum Skala Kelurahan",
    "SPU-4": "Sarana Pelayanan Umum Skala RW",
    "RTH-3": "Taman Skala Kecamatan",
    "C-2": "Campuran Intensitas Menengah;Campuran Intensitas Sedang",
    "PL-3": "Instalasi Pengolahan Air Minum;IPAM",
    "PL-4": "Instalasi Pengolahan Air Limbah;IPAL",
    "HPK": "Hutan Produksi Konversi",
    "HK": "Hankam",
}
"""Names of the same sub-zone in older templates and sister layers (domain 2.3: OLD; JKT, SML1, SML2)."""

RTRW_OLD_NAMES = {
    "Kawasan Hutan Produksi yang dapat Dikonversi": "Hutan Produksi Konversi",
    "Kawasan Permukiman Perkotaan": "Permukiman Kota",
    "Kawasan Pertahanan dan Keamanan": "Hankam",
    "Kawasan Hutan Adat": "Hutan Adat",
}
"""Class names in REMARK beside the official NAMOBJ (SML2)."""

OLD_CODES = {"PLBN": "HPK/PLBN"}
"""Spelling of a letter code in a regulation (Perpres 69/2023)."""

DOUBTFUL_NUMBERS = {"32021000", "32022000"}
"""Tetap and Terbatas stand in reverse order in the only publisher that has them: the name decides."""

OVERLAY_RULES = {
    "KKOP_1": "KHS001",
    "LP2B_2": "KHS002",
    "KP2B_2": "KHS002",
    "KRB_03": "KHS003",
    "TOD_04": "KHS010",
    "TEB_05": "KHS013",
    "PUSLIT": "KHS013",
    "CAGBUD": "KHS008",
    "RESAIR": "KHS011",
    "KSMPDN": "",
    "HANKAM": "KHS013",
    "KKARST": "KHS013",
    "PTBGMB": "KHS013",
    "MGRSAT": "KHS013",
    "RDBUMI": "KHS013",
    "ARECAT": "KHS013",
    "KTSLAN": "KHS013",
    "DLKPEL": "KHS013",
    "BPALUR": "KHS013",
    "KPEKLT": "KHS013",
    "APKINT": "KHS013",
}
SEMPADAN_RULES = {
    "K09A": "KHS005",
    "K09B": "KHS004",
    "K09C": "KHS006",
    "K09D": "KHS013",
    "K09E": "KHS007",
    "K09F": "KHS013",
}
SEMPADAN_WORDS = (
    ("pantai", "KHS005"),
    ("sungai", "KHS004"),
    ("danau", "KHS006"),
    ("waduk", "KHS006"),
    ("embung", "KHS006"),
    ("situ", "KHS006"),
    ("mata air", "KHS013"),
    ("ketenagalistrikan", "KHS007"),
    ("sutet", "KHS007"),
    ("sutt", "KHS007"),
    ("pipa", "KHS013"),
    ("kereta api", "KHS012"),
    ("rel", "KHS012"),
)

ROAD_EXTRA = """
221110101|9|arteri-primer|Jalan Arteri Primer|seen|TNTP
221110100|9|arteri|Jalan Arteri|inferred|TNTP
221110202|9|kolektor-sekunder|Jalan Kolektor Sekunder|seen|TNTP
221110200|9|kolektor|Jalan Kolektor|inferred|TNTP
||tol|Jalan Tol|seen|BLT
||tol|Jalan Bebas Hambatan|memory|domain 5.7
||khusus|Jalan Khusus|seen|BLT
"""

CE90_MM = {1: 0.2, 2: 0.3, 3: 0.5}
CE90_SCALES = (250_000, 100_000, 50_000, 25_000, 10_000, 5_000, 2_500, 1_000)

SETBACK_COLUMNS = (
    "kind",
    "case",
    "levee",
    "urban",
    "depth_over_m",
    "depth_to_m",
    "basin_over_km2",
    "basin_to_km2",
    "distance_m",
    "measured_from",
    "mark",
    "source",
    "note",
)
RIVERS_AND_WATERS = """
river|no-levee-urban-shallow|no|yes||3|||10|river_edge|seen|P38|
river|no-levee-urban-medium|no|yes|3|20|||15|river_edge|seen|P38|
river|no-levee-urban-deep|no|yes|20||||30|river_edge|seen|P38|
river|no-levee-rural-large|no|no|||500||100|river_edge|seen|P38|
river|no-levee-rural-small|no|no||||500|50|river_edge|memory|domain 5.1|class limit of 500 km2 seen (P38)
river|levee-urban|yes|yes|||||3|levee_toe|seen|DKI2|
river|levee-rural|yes|no|||||5|levee_toe|memory|domain 5.1|
spring|spring|||||||200|spring|memory|domain 5.1|radius
lake|lake|||||||50|highest_water|memory|domain 5.2|
coast|coast|||||||100|highest_tide|seen|P51|the line of the RTRW decides; maps draw mean water
irrigation|irrigation|||||||1|channel_outer_side|memory|domain 5.4|at least depth or levee height
railway|right-of-way|||||||6|rumaja_edge|memory|domain 5.8|
railway|control-zone|||||||15|rumaja_edge|memory|domain 5.8|9 m outside the right of way of 6 m
road|arteri-primer|||||||15|carriageway_edge|seen|RWJ|ruang pengawasan jalan
road|arteri-sekunder|||||||15|carriageway_edge|seen|RWJ|ruang pengawasan jalan
road|kolektor-primer|||||||10|carriageway_edge|seen|RWJ|ruang pengawasan jalan
road|kolektor-sekunder|||||||5|carriageway_edge|seen|RWJ|ruang pengawasan jalan
road|lokal-primer|||||||7|carriageway_edge|seen|RWJ|ruang pengawasan jalan
road|lokal-sekunder|||||||3|carriageway_edge|seen|RWJ|ruang pengawasan jalan
road|lingkungan-primer|||||||5|carriageway_edge|seen|RWJ|ruang pengawasan jalan
road|lingkungan-sekunder|||||||2|carriageway_edge|seen|RWJ|ruang pengawasan jalan
road-width|arteri|||||||11|carriageway_width|seen|RWJ|least badan jalan
road-width|kolektor|||||||9|carriageway_width|seen|RWJ|least badan jalan
road-width|lokal|||||||7.5|carriageway_width|seen|RWJ|least badan jalan
road-width|lingkungan|||||||6.5|carriageway_width|seen|RWJ|least badan jalan
rumija|bebas-hambatan|||||||30|right_of_way_width|memory|domain 5.7|
rumija|jalan-raya|||||||25|right_of_way_width|memory|domain 5.7|
rumija|jalan-sedang|||||||15|right_of_way_width|memory|domain 5.7|
rumija|jalan-kecil|||||||11|right_of_way_width|memory|domain 5.7|
"""
SETBACK_LAWS = {
    "river": "PP 38/2011; Permen PUPR 28/PRT/M/2015",
    "spring": "PP 38/2011; Permen PUPR 28/PRT/M/2015",
    "lake": "Permen PUPR 28/PRT/M/2015",
    "coast": "Perpres 51/2016 Pasal 1",
    "irrigation": "Permen PUPR 8/PRT/M/2015",
    "railway": "UU 23/2007; PP 56/2009",
    "road": "UU 38/2004; PP 34/2006",
    "road-width": "UU 38/2004; PP 34/2006",
    "rumija": "PP 34/2006 Pasal 40",
}
POWER_LINES = """
66|steel-pole|4
66|concrete-pole|4
66|tower|7
150|steel-pole|6
150|concrete-pole|5
150|tower|10
275|double|13
500|single|22
500|double|17
500|quad-vertical|17
500|quad-horizontal|30
500|compact|14
500|steel-pole|14
"""
"""Horizontal free distance from the tower axis (ESDM21): kV, tower or circuit, metres."""

FIELD_EXTRA = """
rdtr_pola|Zona_1|lindung_budidaya|Zona lapis 1||seen|RTR19
road|RUMIJA|width_m|Ruang milik jalan|LEBAR_RUMIJA;LBR_RUMIJA;ROW;LBR_ROW;L_RUMIJA|memory|common local names
road|LEBAR|carriageway_m|Lebar badan jalan|LEBAR_JLN;LBR_JLN;WIDTH;LEBAR_M|memory|common local names
road|FUNGSI|road_class|Fungsi jalan|FUNGSI_JLN;FUNGSIJLN;KLS_JALAN;KELAS_JLN;KLASIFIKAS;ROAD_CLASS|memory|common local names
road|Garis_Semp|gsb_m|Garis sempadan bangunan|GSB|seen|Mempawah road layer
road|Garis_Se_1|gsp_m|Garis sempadan pagar|GSP|seen|Mempawah road layer
road|Nm_Ruas|name|Nama ruas|NamaRuas;NAMA_RUAS;NAMAJLN;NAMA_JALAN|seen|Mempawah road layer
river|LEBAR|width_m|Lebar sungai|LEBAR_M;LBR_SUNGAI;WIDTH;WIDTH_M|memory|common local names
river|KEDALAMAN|depth_m|Kedalaman palung|DALAM_M;DEPTH;DEPTH_M|memory|common local names
river|TANGGUL|levee|Bertanggul|LEVEE;BERTANGGUL|memory|common local names
river|PERKOTAAN|urban|Di dalam kawasan perkotaan|URBAN|memory|common local names
river|LUAS_DAS|basin_km2|Luas daerah aliran sungai|BASIN_KM2;DAS_KM2|memory|common local names
any|SEMPADAN|setback_m|Garis sempadan|SETBACK_M;SEMPADAN_M;LBR_SEMPDN|memory|common local names
powerline|TEGANGAN|voltage_kv|Tegangan (kV)|VOLTAGE;TEGANGANKV;KV;VOLTAGE_KV|memory|common local names
powerline|TIANG|tower|Jenis tiang atau menara|TOWER;MENARA|memory|common local names
parcel|NIB|id|Nomor identifikasi bidang|PERSILID;NO_BIDANG|seen|HAT layers of JGB1 and JKT
parcel|TIPEHAK|parcel_mark|Tipe hak|TIPEPRODUK;LUASTERTUL;LUASPETA;NOHAK;SU;HAK|seen|HAT layers of JGB1 and JKT
parcel|NO_KKPR|parcel_mark|Nomor KKPR|KO_KBLI;LUAS_KKPR;JNS_KKPR|seen|KKPR layer of JBR
boundary|BWP|boundary_mark|Bagian wilayah perencanaan|SBWP;SUB_BWP;BSWP;WP;SWP;BLOK;NAMBWP;NASBWP|seen|JGB1 SML1 SML2
boundary|VILLAGE|boundary_mark|Desa (HDX)|VILLAGE_CODE;DISTRICT;DISTRICT_CODE;REGENCY;REGENCY_CODE;PROVINCE;PROVINCE_CODE|seen|HDX COD-AB
neighbourhood|RT|neighbourhood_mark|Rukun tetangga|NO_RT;NAMA_RT;RT_RW;RTRW;RT_|memory|common local names
neighbourhood|RW|neighbourhood_mark|Rukun warga|NO_RW;NAMA_RW;RW_;NAMA_RW_|memory|common local names
building|BUILDING|building_mark|Bangunan|BANGUNAN;FUNGSI_BGN;JML_LANTAI;JMLLANTAI;HEIGHT;LEVELS;BUILDING_LEVELS;TINGGI_BGN|memory|common local names
forest|NOSKPNJK|forest_mark|Nomor SK penunjukan|TGLSKPNJK;LSKPNJK;FUNGSI_ID;NOSKP|seen|SML2
"""  # noqa: E501

SOURCES_FROM_DOMAIN = {
    "P38": "PP 38/2011 Pasal 8-10; Permen PUPR 28/PRT/M/2015 (scribd 358038558, 351336330)",
    "P51": "Perpres 51/2016 (pasal.id 9278867)",
    "ESDM21": "Permen ESDM 13/2021 as quoted in corenews.id/2023/09/04",
    "ESDM25": "Permen ESDM 13/2025 (pasal.id 9477503, 9477505, 9477724)",
    "RWJ": "Matrik ruang jalan dan garis sempadan (studylibid.com/doc/4310401)",
    "BIG15": "Perka BIG 15/2014 (pdfcoffee.com/resume-peraturan-kepala-badan-informasi-geospasial)",
    "BLT": "GitHub index file 17678413859 (Belitung WebGIS with page citations of Permen ATR/BPN 14/2021)",
    "RTC": "GitHub index file 36393655503 (RTRW colours)",
    "DKI2": "GitHub index files 70361074729, 70597708404, 70733865069 (Jakarta data sources)",
    "RPD": "GitHub index file 55073007789 (KODKWS list of a kabupaten)",
    "KTM": "GitHub index files 66347657149, 65957995538, 65922731026 (Kaltim RTRW)",
    "RTR19": "GitHub index file 53997542962 (RTRWP fields; RDTR 2019)",
    "OLD": "GitHub index files 17988616363, 18032421169 (RDTR schema of 2019-20)",
    "FMT": "Format tabel atribut peta RDTR, Tabel VI.1 (123dok.com qm5vr85z)",
    "P6923": "Perpres 69/2023 (pasal.id 8866320, 8866328)",
    "P523": "Perpres 5/2023 (pasal.id 8867972, 8867977)",
    "PROJ": "PROJ 9.5 through pyproj 3.7.2",
    "KBD": "github UserGhost411/KBLI-2020-Dataset @ a167e30 (classification of Peraturan BPS 2/2020)",
}


def read(path: Path) -> list[Row]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def write(name: str, columns: Sequence[str], rows: Iterable[dict[str, object]]) -> None:
    """Write `rows` as ``reference/<name>.csv``: UTF-8, LF, absent values empty."""
    rows = list(rows)
    with (TARGET / f"{name}.csv").open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, columns, restval="", lineterminator="\n", extrasaction="raise")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{name}.csv: {len(rows)} rows")


def table(text: str, *columns: str) -> list[Row]:
    """Return the rows of a ``|``-separated block."""
    return [dict(zip(columns, line.split("|"), strict=True)) for line in text.strip().splitlines()]


def colours(rows: list[Row], plan: str) -> dict[str, tuple[str, str]]:
    """Return (hex colour, mark) by class name."""
    return {
        row["name"]: ("#{:02X}{:02X}{:02X}".format(*(int(row[c]) for c in "rgb")), row["mark"])
        for row in rows
        if row["plan"] == plan
    }


def subzones(facts: Path) -> None:
    """Write the RDTR zones and sub-zones."""
    codes = [row for row in read(facts / "kode_rdtr.csv") if row["letter_code"] and row["level"] != "group"]
    paint = colours(read(facts / "warna.csv"), "RDTR")
    zone_letter = {row["zone_name"]: row["letter_code"] for row in codes if "KODZON" in row["level"]}
    rows: list[dict[str, object]] = [
        {
            "code": row["letter_code"],
            "number": row["code"],
            "name": row["subzone_name"] or row["zone_name"],
            "zone_code": zone_letter.get(row["zone_name"], ""),
            "zone_name": row["zone_name"],
            "zone_number": row["zone_code"],
            "protected": "yes" if row["kind"] == "lindung" else "no",
            "mark": row["mark"],
            "source": row["source"] or "domain 3.1",
            "note": row["note"],
            "level": "subzone" if "KODSZN" in row["level"] else "",
        }
        for row in codes
    ]
    numbers = {row["zone_name"]: row["zone_code"] for row in codes if row["zone_code"]}
    for row in table(
        ZONE_EXTRA, "code", "zone_name", "zone_code", "name", "protected", "mark", "source", "note"
    ):
        rows.append(row | {"zone_number": numbers.get(row["zone_name"], "")})
    parents = {row["zone_code"] for row in rows if row["zone_code"] != row["code"]}
    for row in rows:
        code, name = str(row["code"]), str(row["name"])
        row["level"] = row.get("level") or ("zone" if code in parents else "subzone")
        row["colour"], row["colour_mark"] = paint.get(name, ("", ""))
        row["old_names"], row["old_codes"] = OLD_NAMES.get(code, ""), OLD_CODES.get(code, "")
        row["number_doubtful"] = "yes" if row.get("number") in DOUBTFUL_NUMBERS else "no"
    columns = (
        "code",
        "level",
        "name",
        "zone_code",
        "zone_name",
        "number",
        "number_doubtful",
        "zone_number",
        "protected",
        "colour",
        "colour_mark",
        "old_names",
        "old_codes",
        "mark",
        "source",
        "note",
    )
    write("subzones", columns, rows)


def rtrw_classes(facts: Path) -> None:
    """Write the RTRW classes, with those known by colour only."""
    paint_rows = [row for row in read(facts / "warna.csv") if row["plan"] == "RTRW"]
    paint = colours(paint_rows, "RTRW")
    rows: list[dict[str, object]] = []
    for row in read(facts / "kode_rtrw.csv"):
        if row["level"] == "JNSRPR" or len(row["code"]) == 9:
            continue
        colour, mark = paint.get(row["class_name"], ("", ""))
        rows.append(
            {
                "code": row["letter_code"],
                "name": row["class_name"],
                "number": row["code"],
                "protected": "yes" if row["kind"] == "lindung" else "no",
                "plan_type": row["plan_type"],
                "colour": colour,
                "colour_mark": mark,
                "old_names": RTRW_OLD_NAMES.get(row["class_name"], ""),
                "number_doubtful": "yes" if row["code"] in DOUBTFUL_NUMBERS else "no",
                "mark": row["mark"],
                "source": row["source"] or "series",
                "note": row["note"],
            }
        )
    known = {row["name"] for row in rows}
    for row in paint_rows:
        if row["name"] not in known:
            rows.append(
                {
                    "code": row["letter_code"],
                    "name": row["name"],
                    "protected": "yes" if row["kind"] == "lindung" else "no",
                    "colour": paint[row["name"]][0],
                    "colour_mark": row["mark"],
                    "number_doubtful": "no",
                    "old_names": RTRW_OLD_NAMES.get(row["name"], ""),
                    "mark": row["mark"],
                    "source": row["source"],
                    "note": "class and colour seen; number not seen",
                }
            )
    columns = (
        "code",
        "name",
        "number",
        "number_doubtful",
        "protected",
        "plan_type",
        "colour",
        "colour_mark",
        "old_names",
        "mark",
        "source",
        "note",
    )
    write("rtrw_classes", columns, rows)


def fields(facts: Path) -> None:
    """Write the official attribute names with the spellings they were met in."""
    rows: list[dict[str, object]] = []
    for row in read(facts / "kolom.csv"):
        for layer in row["layer"].split(";"):
            aliases = [name.strip('" ') for name in row["older_or_variant_names"].split(";")]
            rows.append(
                {
                    "layer": layer,
                    "name": row["field"],
                    "role": row["role"],
                    "title": row["alias_official"],
                    "aliases": ";".join(dict.fromkeys(a for a in aliases if a and "trailing" not in a)),
                    "mark": row["mark"],
                    "source": row["source"],
                    "note": row["note"],
                }
            )
    rows.extend(table(FIELD_EXTRA, "layer", "name", "role", "title", "aliases", "mark", "source"))
    write("fields", ("layer", "name", "role", "title", "aliases", "mark", "source", "note"), rows)


def overlays(facts: Path) -> None:
    """Write the overlay columns and the values seen in them."""
    official: dict[str, Row] = {}
    for row in read(facts / "kolom.csv"):
        if row["field"] in OVERLAY_RULES:
            official.setdefault(row["field"], row)
    columns: list[dict[str, object]] = [
        {
            "column": column,
            "rule": rule,
            "title": official[column]["alias_official"] or "(not known)",
            "aliases": ";".join(
                name
                for name in official[column]["older_or_variant_names"].split(";")
                if name not in OVERLAY_RULES
            ),
            "mark": official[column]["mark"],
            "source": official[column]["source"],
            "note": official[column]["note"],
        }
        for column, rule in OVERLAY_RULES.items()
    ]
    write("overlay_columns", ("column", "rule", "title", "aliases", "mark", "source", "note"), columns)
    rows: list[dict[str, object]] = []
    for row in read(facts / "kode_khusus.csv"):
        if row["column"] not in OVERLAY_RULES or row["code"].endswith("x"):
            continue
        rule = SEMPADAN_RULES.get(row["code"], OVERLAY_RULES[row["column"]])
        rows.append(
            {
                "column": row["column"],
                "value": row["code"],
                "meaning": row["meaning"],
                "rule": rule,
                "mark": row["mark"],
                "source": row["source"],
                "note": row["note"],
            }
        )
    for word, rule in SEMPADAN_WORDS:
        rows.append(
            {
                "column": "KSMPDN",
                "value": f"*{word}*",
                "meaning": f"Sempadan {word}",
                "rule": rule,
                "mark": "inferred",
                "source": "DKI2",
                "note": "a value that holds the word",
            }
        )
    write("overlays", ("column", "value", "meaning", "rule", "mark", "source", "note"), rows)


def roads(facts: Path) -> None:
    """Write the road codes and names."""
    rows: list[dict[str, object]] = []
    for row in read(facts / "kode_struktur.csv"):
        if row["network"] == "jalan" and row["digits"] == "8":
            words = row["class_name"].removeprefix("Jalan ").lower().split()
            rows.append(
                {
                    "number": row["code"],
                    "digits": 8,
                    "road_class": "-".join(words),
                    "name": row["class_name"],
                    "mark": row["mark"],
                    "source": row["source"],
                    "note": row["note"],
                }
            )
    rows.extend(table(ROAD_EXTRA, "number", "digits", "road_class", "name", "mark", "source"))
    write("road_classes", ("number", "digits", "road_class", "name", "mark", "source", "note"), rows)


def crs() -> None:
    """Write the coordinate systems in use, with the names PROJ gives them."""
    from pyproj import CRS

    utm = [f"{n}N" for n in range(46, 53)] + [f"{n}S" for n in range(47, 55)]
    start = {
        "WGS 84": (32646, 32747),
        "SRGI2013": (9476, 9487),
        "DGN95": (23866, 23877),
        "ID74": (23846, 23887),
    }
    rows: list[tuple[int, str, str, str]] = [
        (4326, "WGS 84", "geographic", ""),
        (9470, "SRGI2013", "geographic", ""),
        (4755, "DGN95", "geographic", ""),
        (4238, "ID74", "geographic", ""),
    ]
    for datum, (north, south) in start.items():
        rows += [(north + i, datum, "utm", zone) for i, zone in enumerate(utm[:7])]
        rows += [(south + i, datum, "utm", zone) for i, zone in enumerate(utm[7:])]
    tm3 = [f"{zone}.{half}" for zone in range(46, 55) for half in (1, 2)][1:-1]
    rows += [(23830 + i, "DGN95", "tm3", zone) for i, zone in enumerate(tm3)]
    write(
        "crs",
        ("epsg", "name", "datum", "kind", "zone", "mark", "source"),
        (
            {
                "epsg": epsg,
                "name": CRS.from_epsg(epsg).name,
                "datum": datum,
                "kind": kind,
                "zone": zone,
                "mark": "seen",
                "source": "PROJ",
            }
            for epsg, datum, kind, zone in rows
        ),
    )


def ce90() -> None:
    """Write the horizontal accuracy by map scale and class."""
    write(
        "ce90",
        ("scale", "accuracy_class", "ce90_m", "mark", "source"),
        (
            {
                "scale": scale,
                "accuracy_class": cls,
                "ce90_m": f"{scale * mm / 1000:g}",
                "mark": "seen",
                "source": "BIG15",
            }
            for scale in CE90_SCALES
            for cls, mm in CE90_MM.items()
        ),
    )


def setbacks() -> None:
    """Write the national distances."""
    rows: list[dict[str, object]] = [
        row | {"legal": SETBACK_LAWS[row["kind"]]} for row in table(RIVERS_AND_WATERS, *SETBACK_COLUMNS)
    ]
    for row in table(POWER_LINES, "voltage_kv", "tower", "distance_m"):
        more = {
            "kind": "powerline",
            "case": f"{row['voltage_kv']}kv-{row['tower']}",
            "measured_from": "tower_axis",
            "legal": "Permen ESDM 13/2021 (replaced by Permen ESDM 13/2025)",
            "mark": "inferred",
            "source": "ESDM21 ESDM25",
            "note": "numbers of the replaced regulation; whether 13/2025 changed them is not known",
        }
        rows.append(row | more)
    write("setbacks", (*SETBACK_COLUMNS[:8], "voltage_kv", "tower", "legal", *SETBACK_COLUMNS[8:]), rows)


def kbli(folder: Path) -> None:
    """Write codes and titles of the five-digit classes."""
    items = json.loads((folder / "kbli_kelompok.json").read_text(encoding="utf-8"))
    rows = sorted(
        ({"kbli": i["code"], "title": " ".join(i["title"].split())} for i in items), key=lambda r: r["kbli"]
    )
    write("kbli_2020", ("kbli", "title"), rows)
    write(
        "kbli_editions",
        ("version", "legal", "mark", "source"),
        [{"version": 2020, "legal": "Peraturan BPS 2/2020", "mark": "seen", "source": "KBD"}],
    )


def sources(facts: Path) -> None:
    """Write what the keys in the `source` columns stand for."""
    keys = dict(SOURCES_FROM_DOMAIN)
    for line in (facts / "README.md").read_text(encoding="utf-8").split("## Source keys")[1].splitlines():
        cells = [cell.strip() for cell in line.strip("| \n").split("|")]
        if len(cells) == 2 and cells[0] not in ("key", "---") and "as in section" not in cells[1]:
            for key in cells[0].split(", "):
                keys.setdefault(key, cells[1])
    write("sources", ("key", "description"), ({"key": k, "description": v} for k, v in sorted(keys.items())))


def main() -> None:
    """Build every table."""
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET.parents[2] / "shared"
    facts = root / "reference"
    TARGET.mkdir(exist_ok=True)
    for build in (subzones, rtrw_classes, fields, overlays, roads, sources):
        build(facts)
    ce90()
    setbacks()
    crs()
    kbli(root / "real" / "kbli")


if __name__ == "__main__":
    main()

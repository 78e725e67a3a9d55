"""The fixed words of the "telaah kesesuaian" document in Indonesian and English."""

from __future__ import annotations

from collections.abc import Mapping

from kkpr_check.errors import Text
from kkpr_check.model import Outcome, Verdict
from kkpr_check.report.drawing import Rgb

TITLE = Text(
    "INFORMATION / REVIEW OF THE CONFORMITY OF A SPACE USE ACTIVITY",
    "INFORMASI / TELAAH KESESUAIAN KEGIATAN PEMANFAATAN RUANG",
)
SHORT_TITLE = Text("Review of conformity of space use", "Telaah Kesesuaian Kegiatan Pemanfaatan Ruang")
PAGE = Text("Page {page} of {pages}", "Halaman {page} dari {pages}")
NOT_A_DECISION = Text("An aid, not a KKPR decision", "Dokumen bantu, bukan KKPR")
NUMBER = Text("Number", "Nomor")
DATE = Text("Date", "Tanggal")
OFFICER = Text("[filled in by the officer]", "[diisi petugas]")
CHAPTERS: Mapping[str, Text] = {
    "applicant": Text("I. APPLICANT AND PROPOSAL", "I. DATA PEMOHON"),
    "law": Text("II. LEGAL BASIS", "II. DASAR / PERTIMBANGAN HUKUM"),
    "place": Text("III. LOCATION", "III. LOKASI"),
    "zones": Text("IV. ZONING PLAN", "IV. RENCANA POLA RUANG"),
    "use": Text("V. CONFORMITY OF THE ACTIVITY", "V. KESESUAIAN KEGIATAN"),
    "intensity": Text("VI. INTENSITY AND BUILDING RULES", "VI. INTENSITAS DAN TATA BANGUNAN"),
    "overlays": Text("VII. SPECIAL PROVISIONS", "VII. KETENTUAN KHUSUS"),
    "quality": Text("VIII. ACCURACY AND QUALITY OF THE DATA", "VIII. KETELITIAN DAN KUALITAS DATA"),
    "conclusion": Text("IX. CONCLUSION", "IX. KESIMPULAN"),
    "advice": Text("X. RECOMMENDATIONS AND CONDITIONS", "X. REKOMENDASI / PERSYARATAN"),
    "annex": Text("ANNEX: COORDINATES", "LAMPIRAN: KOORDINAT"),
}
COLOURS: Mapping[Verdict, Rgb] = {
    Verdict.CONFORM: (214, 238, 218),
    Verdict.CONDITIONAL: (255, 243, 205),
    Verdict.UNDETERMINED: (234, 226, 240),
    Verdict.PARTIAL: (255, 229, 204),
    Verdict.NONCONFORM: (250, 215, 215),
}
OUTCOMES: Mapping[Outcome, Text] = {
    Outcome.PASS: Text("met", "terpenuhi"),
    Outcome.CONDITIONAL: Text("conditional", "bersyarat"),
    Outcome.UNDETERMINED: Text("to be verified", "perlu verifikasi"),
    Outcome.FAIL: Text("violated", "dilanggar"),
}
OUTCOME_COLOURS: Mapping[Outcome, Rgb] = {
    Outcome.CONDITIONAL: COLOURS[Verdict.CONDITIONAL],
    Outcome.UNDETERMINED: COLOURS[Verdict.UNDETERMINED],
    Outcome.FAIL: COLOURS[Verdict.NONCONFORM],
}
NONE = Text("none", "tidak ada")
NOT_GIVEN = Text("not given", "tidak diberikan")
UNREGULATED = Text("no limit", "tidak dibatasi")

SITES = Text("Summary of {0} sites", "Ringkasan {0} lokasi")
SITE_HEAD = Text("Site {0}", "Lokasi {0}")
SITE = Text("Site", "Lokasi")
VERDICT = Text("Answer", "Hasil")
PARCEL_AREA = Text("Parcel (m²)", "Luas persil (m²)")
CONFORMING_AREA = Text("Conforms (m²)", "Luas sesuai (m²)")
BECAUSE = Text("Because", "Karena")

NAME = Text("Name", "Nama")
ADDRESS = Text("Address", "Alamat")
ON_BEHALF = Text("On behalf of", "Bertindak atas nama")
NIB = Text("NIB", "NIB")
LAND_STATUS = Text("Land right", "Status tanah")
VILLAGE = Text("Village, district, regency", "Desa/kelurahan, kecamatan, kabupaten/kota")
KBLI_TITLE = Text("Title of the KBLI", "Judul KBLI")

PLAN = Text("Plan", "Rencana")
LEVEL = Text("Level", "Jenjang")
STATUS = Text("Status", "Status")
JUDGED = Text("judged", "dinilai")
NOT_JUDGED = Text("not judged", "tidak dinilai")
CE90 = Text("Map accuracy (CE90)", "Ketelitian peta (CE90)")
CITED = Text("Provisions that this review rests on", "Ketentuan yang menjadi dasar telaah ini")
PTP = Text(
    "Land technical consideration (PTP), number and date",
    "Pertimbangan teknis pertanahan (PTP), nomor dan tanggal",
)

POSITION = Text("Position (WGS 84)", "Posisi (WGS 84)")
PARCEL_M2 = Text("Area of the parcel, computed from the drawing", "Luas persil, dihitung dari gambar")
LEGAL_M2 = Text("Area of the parcel, by the papers", "Luas persil, menurut surat")
FOOTPRINT_M2 = Text("Area of the building (footprint)", "Luas tapak bangunan")
CANDIDATES = Text("Parcels that may be meant", "Persil yang mungkin dimaksud")
MAP = Text("Map of the site and the zones around it", "Peta lokasi dan zona di sekitarnya")
MAP_ALT = Text(
    "Map at 1:{0}: site {1}; zones {2}; answer: {3}",
    "Peta skala 1:{0}: lokasi {1}; zona {2}; hasil: {3}",
)
NO_MAP = Text("No map: the site has no outline.", "Tidak ada peta: lokasi tidak memiliki batas.")

SUBZONE = Text("Code", "Kode")
ZONE_NAME = Text("Sub-zone", "Subzona")
AREA = Text("Area (m²)", "Luas (m²)")
SHARE = Text("Share", "Persen")
TOTAL = Text("Whole {0}", "Seluruh {0}")
NO_LEDGER = Text("No plan covers the site.", "Tidak ada rencana yang mencakup lokasi.")

MATRIX = Text("Matrix", "Matriks")
RESULT = Text("Result", "Hasil")
EXPLAINED = Text("Explanation", "Keterangan")
LAW = Text("Law", "Dasar hukum")
ITBX = Text(
    "I permitted; T limited; B conditional; X not permitted.",
    "I diizinkan; T bersyarat terbatas; B bersyarat tertentu; X tidak diizinkan.",
)
RULE = Text("Provision", "Ketentuan")
LIMIT = Text("Limit", "Syarat")
LIMIT_M2 = Text("For this parcel", "Untuk persil ini")
PROPOSED = Text("Proposed", "Usulan")
REQUIREMENTS: Mapping[str, Text] = {
    "INT001": Text("Building coverage (KDB)", "Koefisien dasar bangunan (KDB)"),
    "INT002": Text("Floor area ratio (KLB)", "Koefisien lantai bangunan (KLB)"),
    "INT003": Text("Green area (KDH)", "Koefisien dasar hijau (KDH)"),
    "INT004": Text("Basement (KTB)", "Koefisien tapak basemen (KTB)"),
    "INT005": Text("Smallest lot", "Luas persil minimum"),
    "TAB001": Text("Front: building line (GSB)", "Depan: garis sempadan bangunan (GSB)"),
    "TAB002": Text("Sides: clearance (JBS)", "Samping: jarak bebas samping (JBS)"),
    "TAB003": Text("Rear: clearance (JBB)", "Belakang: jarak bebas belakang (JBB)"),
    "TAB004": Text("Height", "Tinggi bangunan"),
    "TAB005": Text("Floors", "Jumlah lantai"),
    "TAB006": Text("Inside the parcel", "Di dalam persil"),
    "TAB007": Text("Outside the road reserve", "Di luar rumija"),
}
PER_SIDE = Text("Each side of the parcel", "Tiap sisi persil")
SIDE = Text("Side", "Sisi")
LENGTH = Text("Length", "Panjang")
FROM = Text("Measured from", "Diukur dari")
DISTANCE = Text("Building", "Jarak bangunan")
MARGIN = Text("Margin", "Selisih")
SEVERAL_LIMITS = Text(
    "Where several limits stand, more than one may apply here: by the zones, or because an input is not known.",
    "Bila tercantum beberapa batas, lebih dari satu mungkin berlaku di sini: menurut zona, atau karena ada data yang "
    "belum diketahui.",
)
SETBACKS = Text("Setbacks per side", "Garis sempadan dan jarak bebas per sisi")
OVERLAY = Text("Provision", "Ketentuan")
OUTSIDE = Text("Not inside any of these areas", "Tidak berada di dalam kawasan ini")
NOT_APPLICABLE = Text("Not applicable", "Tidak berlaku")

TOLD = Text("Location in the plan", "Letak dalam rencana")
INPUTS = Text("Files read (SHA-256)", "Berkas yang dibaca (SHA-256)")
TOOL = Text("Made with", "Dibuat dengan")
WORK_CRS = Text("Areas and lengths computed in", "Luas dan jarak dihitung dalam")
PASSED = Text("Rules met: {0}. Not applicable: {1}.", "Ketentuan terpenuhi: {0}. Tidak berlaku: {1}.")

OPEN_RULES: Mapping[Outcome, Text] = {
    Outcome.FAIL: Text("Provisions violated", "Ketentuan yang dilanggar"),
    Outcome.UNDETERMINED: Text("To be verified", "Perlu diverifikasi"),
    Outcome.CONDITIONAL: Text("Conditions", "Persyaratan"),
}
FLIP = Text("turns if the line lies {0} elsewhere", "berubah bila garis bergeser {0}")
ALL_MET = Text("All provisions that apply are met.", "Semua ketentuan yang berlaku terpenuhi.")
NO_PART = Text("no part of the parcel conforms", "tidak ada bagian persil yang sesuai")
CONFORMS = Text("Area that conforms", "Luas yang sesuai")
MISSING = Text("What is missing, and who can supply it", "Yang belum ada, dan siapa yang dapat melengkapinya")
WHAT = Text("What", "Yang diperlukan")
FOR = Text("For", "Untuk")
WHO = Text("Who", "Siapa")
CONDITIONS = Text("Conditions to meet", "Persyaratan yang harus dipenuhi")
REMEDIES = Text("What would make it conform", "Yang perlu diubah agar sesuai")
NO_ADVICE = Text("None.", "Tidak ada.")

COORDINATES_OF: Mapping[str, Text] = {
    "parcel": Text("Parcel applied for", "Persil yang dimohon"),
    "approvable": Text("Part that conforms", "Bagian yang sesuai"),
}
RING = Text("Ring", "Ring")
CORNER = Text("No.", "No.")
LONGITUDE = Text("Longitude", "Bujur")
LATITUDE = Text("Latitude", "Lintang")
SAME_PART = Text("The whole parcel.", "Seluruh persil.")
MANY_CORNERS = Text(
    "{0} corners; the first {1} are shown, all of them stand in --format geojson.",
    "{0} titik; ditampilkan {1} titik pertama, seluruhnya ada pada --format geojson.",
)
WGS84 = Text(
    "WGS 84 (EPSG:4326), decimal degrees; rings are closed (last = first).",
    "WGS 84 (EPSG:4326), derajat desimal; cincin tertutup (titik akhir = titik awal).",
)

PLACE_DATE = Text("[place], [date]", "[tempat], [tanggal]")
POST = Text("[post of the officer]", "[jabatan petugas]")
SIGNER = Text("[name]", "[nama]")
NIP = Text("NIP [number]", "NIP [nomor]")

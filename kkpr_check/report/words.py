"""The fixed words of a report in Indonesian and English, and how numbers are written in each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from kkpr_check.errors import Text
from kkpr_check.inputs import FIELDS as FIELDS
from kkpr_check.model import Outcome, Verdict
from kkpr_check.phrases import Quantity

VERDICTS: Mapping[Verdict, Text] = {
    Verdict.CONFORM: Text("Conforms", "Sesuai"),
    Verdict.CONDITIONAL: Text("Conforms with conditions", "Sesuai bersyarat"),
    Verdict.UNDETERMINED: Text("Needs verification", "Perlu verifikasi"),
    Verdict.PARTIAL: Text("Conforms in part", "Sesuai sebagian"),
    Verdict.NONCONFORM: Text("Does not conform", "Tidak sesuai"),
}

DISCLAIMER = Text(
    "This is an advisory spatial check. It is not a KKPR decision; the authorised official decides.",
    "Ini hasil pemeriksaan spasial yang bersifat membantu, bukan keputusan KKPR; "
    "keputusan ada pada pejabat yang berwenang.",
)
SYNTHETIC = Text(
    "SYNTHETIC PLAN: invented sample data, not a plan in force anywhere",
    "RENCANA SINTETIS: data contoh rekaan, bukan rencana yang berlaku di mana pun",
)
DRAFT = Text(
    "DRAFT PLAN: judged with --include-draft; a draft is not law, "
    "so the best verdict is “needs verification”",
    "RENCANA RANCANGAN: dinilai dengan --include-draft; rancangan belum berlaku, "
    "sehingga hasil terbaik adalah “perlu verifikasi”",
)
SELF_DECLARATION = Text(
    "Micro or small business (UMK): no KKPR document is issued; "
    "this check supports the self-declaration (pernyataan mandiri)",
    "Usaha mikro/kecil (UMK): tidak diterbitkan dokumen KKPR; hasil ini menjadi bahan pernyataan mandiri",
)
PATHWAYS: Mapping[str, Text] = {
    "KKKPR": Text("KKKPR (confirmation)", "KKKPR (konfirmasi)"),
    "PKKPR": Text("PKKPR (assessment)", "PKKPR (persetujuan melalui penilaian)"),
    "RKKPR": Text("RKKPR (recommendation, national strategic project)", "RKKPR (rekomendasi, PSN)"),
}
SCOPES: Mapping[str, Text] = {
    "land": Text("land only (no building judged)", "lahan saja (tanpa bangunan)"),
    "building": Text("building on its parcel", "bangunan pada persilnya"),
}
NO_PARCEL = Text("building, its parcel is not known", "bangunan, persilnya tidak diketahui")
SUBJECTS: Mapping[str, Text] = {
    "parcel": Text("parcel", "persil"),
    "footprint": Text("footprint", "tapak bangunan"),
}
SECTIONS: Mapping[Outcome, Text] = {
    Outcome.FAIL: Text("Violated", "Dilanggar"),
    Outcome.UNDETERMINED: Text("To be verified", "Perlu diverifikasi"),
    Outcome.CONDITIONAL: Text("Conditions", "Bersyarat"),
}

SUMMARY = Text("{0} sites", "{0} lokasi")
SITE = Text("site", "lokasi")
SCOPE = Text("Scope", "Lingkup")
AS_OF = Text("As of", "Per tanggal")
PATHWAY = Text("Pathway", "Jalur")
PROPOSAL = Text("Proposal", "Usulan")
LEDGER = Text("Zones", "Neraca zona")
GAP = Text("covered by no zone", "tidak tercakup zona mana pun")
OVERLAP = Text("covered more than once", "tercakup lebih dari satu kali")
DROPPED = Text("noise along zone lines, left out", "serpihan di sepanjang garis zona, diabaikan")
APPROVABLE = Text("Part that conforms", "Bagian yang sesuai")
NOTES = Text("Notes", "Catatan")
PASSED = Text("Passed", "Terpenuhi")
RULES = Text("{0} rules", "{0} aturan")
ONE_RULE = Text("1 rule", "1 aturan")
NOT_EVALUATED = Text("Not applicable", "Tidak berlaku")
UNREAD = Text("Not judged", "Tidak dinilai")
MEASURED = Text("measured", "terukur")
LIMIT = Text("limit", "batas")
MARGIN = Text("margin", "selisih")
WHERE = Text("Where", "Di mana")
LAW = Text("Law", "Dasar hukum")
TODO = Text("What to do", "Yang perlu dilakukan")
FLIP = Text("The answer would change if the line moved by {0}", "Jawaban berubah bila garisnya bergeser {0}")
PLAN = Text("plan", "rencana")
TOGETHER = Text("all plans together", "semua rencana bersama-sama")
ZONE = Text("zone", "zona")
NAME = Text("name", "nama")
AREA = Text("area", "luas")
SHARE = Text("share", "bagian")
OVERLAY = Text("overlay", "ketentuan khusus")
POINT = Text("at latitude, longitude", "pada lintang, bujur")
SUGGESTIONS = Text("What would pass (judged again)", "Yang akan memenuhi ketentuan (sudah diperiksa ulang)")
NO_SUGGESTION = Text("None found within these bounds: {0}.", "Tidak ditemukan dalam batas ini: {0}.")
BLOCKED = Text(
    "No change can make up for what is not known: {0}.",
    "Tidak ada perubahan yang dapat menggantikan yang belum diketahui: {0}.",
)
MISSING = Text("What is missing, and who can supply it", "Yang belum ada, dan siapa yang dapat melengkapinya")
NEEDED_BY = Text("for", "untuk")
ASSUMPTIONS = Text("Assumptions", "Asumsi")
LEFT_OUT = Text("Plans not judged", "Rencana yang tidak dinilai")
SOURCES = Text("Plans used", "Rencana yang dipakai")
LOCKS: Mapping[str, Text] = {
    "locked": Text("locked", "terkunci"),
    "unlocked": Text("unlocked (no plan.lock)", "tanpa kunci (plan.lock)"),
}
REPAIRS = Text("Repaired geometry", "Geometri yang diperbaiki")
CRS = Text("Coordinates", "Sistem koordinat")
AND = Text(" and ", " dan ")
MORE = Text("and {0} more (all of them in --format json)", "dan {0} lagi (semuanya pada --format json)")
MAP = Text("Map", "Peta")
LAYERS = Text("Layers of the map", "Lapisan peta")
ZOOM_IN = Text("Zoom in", "Perbesar")
ZOOM_OUT = Text("Zoom out", "Perkecil")
ROADS = Text("roads", "jalan")
RUMIJA = Text("rumija {0}", "rumija {0}")
UNKNOWN = Text("not known", "belum diketahui")
SETBACK_LINES = Text("setback lines", "garis sempadan bangunan")
CLEARANCE: Mapping[str, Text] = {
    "front": Text("GSB", "GSB"),
    "side": Text("side clearance", "jarak bebas samping"),
    "rear": Text("rear clearance", "jarak bebas belakang"),
}
MEASURED_FROM: Mapping[str, Text] = {
    "road_axis": Text("from the road axis", "dari as jalan"),
    "road_edge": Text("from the road edge (rumija)", "dari tepi jalan (rumija)"),
    "parcel_edge": Text("from the front parcel edge", "dari batas depan persil"),
    "side": Text("from the side edges of the parcel", "dari batas samping persil"),
    "rear": Text("from the rear edge of the parcel", "dari batas belakang persil"),
}
SETBACK_OF = Text("setback of {0} at most", "sempadan paling lebar {0}")
AREA_SAYS: Mapping[Outcome, Text] = {
    Outcome.FAIL: Text("refuses building here", "bangunan ditolak di sini"),
    Outcome.UNDETERMINED: Text("to be verified", "perlu diverifikasi"),
    Outcome.CONDITIONAL: Text("with conditions", "bersyarat"),
    Outcome.PASS: Text("no objection", "tidak menghalangi"),
}

VALUES: Mapping[str, Text] = {
    "micro": Text("micro", "mikro"),
    "small": Text("small", "kecil"),
    "medium": Text("medium", "menengah"),
    "large": Text("large", "besar"),
    "True": Text("yes", "ya"),
    "False": Text("no", "tidak"),
}

APPLICANT = Text("the applicant", "pemohon")
PLAN_OWNER = Text(
    "the office that keeps the plan (plan folder)", "instansi pengelola rencana (folder rencana)"
)
ROAD_OFFICE = Text("the road authority (PUPR) or the applicant", "penyelenggara jalan (PUPR) atau pemohon")
APPLICANT_INPUTS = frozenset({
    "kbli", "activity", "floors", "height_m", "floor_area_m2", "basement_area_m2", "green_area_m2",
    "legal_area_m2", "business_scale", "psn", "parcel", "parcel area", "footprint", "existing", "geometry",
})  # fmt: skip
ROAD_INPUTS = frozenset({"road_class", "road"})

MONTHS_ID = (
    "Januari", "Februari", "Maret", "April", "Mei", "Juni",
    "Juli", "Agustus", "September", "Oktober", "November", "Desember",
)  # fmt: skip
UNITS: Mapping[str, Text] = {
    "m": Text("m", "m"),
    "m2": Text("m²", "m²"),
}
WHOLE_UNITS = frozenset({"floors", "zones"})


def crs(label: str) -> str:
    """Return the name of a CRS without the beginning that a URN has.

    >>> crs("urn:ogc:def:crs:EPSG::32751")
    'EPSG:32751'
    """
    return label.removeprefix("urn:ogc:def:crs:").replace("::", ":")


def supplier(name: str) -> Text:
    """Tell who can supply a missing input."""
    if name in APPLICANT_INPUTS:
        return APPLICANT
    return ROAD_OFFICE if name.partition(":")[0] in ROAD_INPUTS else PLAN_OWNER


def number(value: float, decimals: int, lang: str) -> str:
    """Write a number for people: ``1.234,56`` in Indonesian, ``1,234.56`` in English.

    >>> number(1234.5, 2, "id"), number(1234.5, 2, "en"), number(-0.0001, 2, "en")
    ('1.234,50', '1,234.50', '0.00')
    """
    text = f"{value:,.{decimals}f}"
    if not any(character in "123456789" for character in text):
        text = text.removeprefix("-")
    return text.translate(str.maketrans(",.", ".,")) if lang == "id" else text


def percent(ratio: float, lang: str) -> str:
    """Write a fraction as percent with two decimals: ``81,25%``."""
    return number(ratio * 100, 2, lang) + "%"


def area(value_m2: float, lang: str) -> str:
    """Write an area in m2 with two decimals: ``1.234,56 m²``."""
    return number(value_m2, 2, lang) + " m²"


def quantity(value: float | str | None, unit: str | None, lang: str) -> str:
    """Write a measured value or a limit with its unit: fractions as percent, a factor (KLB) as it is."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if unit == "ratio":
        return percent(value, lang)
    if unit in WHOLE_UNITS:
        return told(value, unit, lang)
    text = number(value, 2, lang)
    if unit is None or unit == "factor":
        return text
    return f"{text} {UNITS[unit].pick(lang) if unit in UNITS else unit}"


def told(value: float | str, unit: str | None, lang: str) -> str:
    """Write a number as sentences do, with no more decimals than it needs: ``55%``, ``0,4 m``."""
    return Quantity(value, unit or "").text().pick(lang) if isinstance(value, float | int) else value


def date(value: dt.date, lang: str) -> str:
    """Write a date for people: ``24 November 2026``."""
    month = MONTHS_ID[value.month - 1] if lang == "id" else f"{value:%B}"
    return f"{value.day} {month} {value.year}"

"""The fixed words of ``info`` in Indonesian and English."""

from __future__ import annotations

from collections.abc import Mapping

from kkpr_check.errors import Text
from kkpr_check.model import Outcome

TITLE = Text("What the plans say - {0}", "Keterangan rencana - {0}")
NOTE = Text("Note", "Catatan")
DISCLAIMER = Text(
    "Information read from plan data, to help. It is no KKPR and no permit; the authorised official decides.",
    "Informasi dari data rencana, bersifat membantu; bukan KKPR dan bukan izin; "
    "keputusan ada pada pejabat yang berwenang.",
)
DRAFT = Text("DRAFT PLAN: not in force", "RENCANA RANCANGAN: belum berlaku")
AT_POINT = Text(
    "A point: its zone and rules only; areas and envelope need the parcel",
    "Titik: hanya zona dan aturannya; luas dan ruang terbangun memerlukan persil",
)
AREA = Text("Parcel as drawn: {0}", "Luas persil menurut gambar: {0}")
ASKED = Text("Asked for: {0}", "Yang ditanyakan: {0}")
NO_ZONE = Text(
    "No plan given here covers this place: nothing can be said of it.",
    "Tidak ada rencana yang diberikan mencakup lokasi ini: belum ada yang dapat disebutkan.",
)
GAP = Text("Covered by no plan: {0}", "Tidak tercakup rencana mana pun: {0}")
ZONE = Text("Sub-zone {0}", "Subzona {0}")
CLASS: Mapping[bool | None, Text] = {
    True: Text("protected zone", "zona lindung"),
    False: Text("cultivated zone", "zona budi daya"),
    None: Text("protected or cultivated: not stated", "lindung atau budi daya: belum dinyatakan"),
}
LIMITS = Text("Intensity and building provisions", "Intensitas dan tata bangunan")
SEVERAL = Text(
    "Several rows may apply; which one depends on: {0}",
    "Beberapa baris mungkin berlaku, bergantung pada: {0}",
)
NO_LIMITS = Text(
    "No row for {0} in intensity.csv: not known", "Tidak ada baris {0} di intensity.csv: belum diketahui"
)
NO_ROW = Text(
    "a road class or parcel size the table has no row for: not known",
    "kelas jalan atau luas persil tanpa baris di tabel: belum diketahui",
)
ANY_ROAD = Text("any road", "semua jalan")
ROAD = Text("road {0}", "jalan {0}")
FROM_TO = Text("parcel {0} to under {1} m²", "persil {0} sampai kurang dari {1} m²")
FROM = Text("parcel from {0} m²", "persil mulai {0} m²")
UP_TO = Text("parcel under {0} m²", "persil kurang dari {0} m²")
UNREGULATED = Text("not regulated", "tidak diatur")
UNKNOWN = Text("not known", "belum diketahui")
LIMIT: Mapping[str, Text] = {
    "kdb_max_pct": Text("KDB", "KDB"),
    "klb_max": Text("KLB", "KLB"),
    "kdh_min_pct": Text("KDH", "KDH"),
    "ktb_max_pct": Text("KTB", "KTB"),
    "height_max_m": Text("height", "tinggi"),
    "floors_max": Text("floors", "jumlah lantai"),
    "gsb_min_m": Text("GSB", "GSB"),
    "side_min_m": Text("side clearance", "jarak bebas samping"),
    "rear_min_m": Text("rear clearance", "jarak bebas belakang"),
    "lot_min_m2": Text("lot", "luas persil"),
}
AT_MOST = Text("at most", "paling banyak")
AT_LEAST = Text("at least", "paling sedikit")
GSB_FROM: Mapping[str | None, Text] = {
    "road_axis": Text("from the road axis", "dari as jalan"),
    "road_edge": Text("from the road edge", "dari tepi jalan (rumija)"),
    "parcel_edge": Text("from the front parcel edge", "dari batas depan persil"),
    None: Text("(from where is not stated)", "(acuan pengukuran belum dinyatakan)"),
}
ACTIVITIES = Text("Activities (ITBX)", "Kegiatan (ITBX)")
NO_MATRIX = Text("Activities: the plan folder has no matrix (itbx.csv): not known",
                 "Kegiatan: folder rencana tidak memuat matriks (itbx.csv): belum diketahui")  # fmt: skip
NONE_FOUND = Text("none found", "tidak ada yang ditemukan")
LETTER: Mapping[str, Text] = {
    "I": Text("I permitted", "I diizinkan"),
    "T": Text("T permitted with limits", "T bersyarat secara terbatas"),
    "B": Text("B permitted under conditions", "B bersyarat tertentu"),
    "TB": Text("T and B permitted with limits and conditions", "T dan B bersyarat terbatas dan tertentu"),
    "X": Text("X not permitted", "X tidak diizinkan"),
    "unknown": Text("not filled in: not known, no permission", "belum diisi: belum diketahui, bukan izin"),
}
UNDEFINED = Text("(text not in conditions.csv)", "(teks belum ada di conditions.csv)")
MORE = Text(
    "and {0} more (--find TEXT, or all in --format json)",
    "dan {0} lagi (--find TEKS, atau semua di --format json)",
)
EDGES = Text("Edges and roads", "Sisi persil dan jalan")
NO_FRONT = Text(
    "No road found beside the parcel: front, sides and rear are not known",
    "Tidak ditemukan jalan di tepi persil: sisi depan, samping, dan belakang belum diketahui",
)
EDGE: Mapping[str, Text] = {
    "front": Text("front", "depan"),
    "side": Text("side", "samping"),
    "rear": Text("rear", "belakang"),
}
COMPASS: Mapping[str, Text] = {
    "N": Text("north", "utara"), "NE": Text("northeast", "timur laut"), "E": Text("east", "timur"),
    "SE": Text("southeast", "tenggara"), "S": Text("south", "selatan"), "SW": Text("southwest", "barat daya"),
    "W": Text("west", "barat"), "NW": Text("northwest", "barat laut"),
}  # fmt: skip
ROAD_IN_FRONT = Text("road in front: {0}, rumija {1}", "jalan di depan: {0}, rumija {1}")
OVERLAYS = Text("Overlays and setbacks", "Ketentuan khusus dan sempadan")
NO_OVERLAY = Text("none here", "tidak ada di lokasi ini")
OVERLAY_UNKNOWN = Text("not known outside the plans", "belum diketahui di luar rencana")
OPEN = Text("not known, missing", "belum diketahui, yang belum ada")
SAYS: Mapping[Outcome, Text] = {
    Outcome.FAIL: Text("refuses building there", "menolak bangunan di sana"),
    Outcome.UNDETERMINED: Text("to be verified", "perlu diverifikasi"),
    Outcome.CONDITIONAL: Text("with conditions", "bersyarat"),
    Outcome.PASS: Text("no objection", "tidak menghalangi"),
    Outcome.NOT_APPLICABLE: Text("not applicable", "tidak berlaku"),
}
ENVELOPE = Text("Buildable envelope: {0}", "Ruang terbangun: {0}")
TAKEN: Mapping[str, Text] = {
    "zones": Text("taken off: zones that refuse the use", "dikurangi: zona yang menolak kegiatan"),
    "setbacks": Text(
        "taken off: GSB, side and rear clearance", "dikurangi: GSB, jarak bebas samping dan belakang"
    ),
    "overlays": Text("taken off: overlays and setback strips", "dikurangi: ketentuan khusus dan sempadan"),
    "road_reserve": Text("taken off: road reserve", "dikurangi: rumija"),
}
ROOM = Text("room for a building {0}", "ruang untuk bangunan {0}")
FOOTPRINT = Text("footprint at most {0}", "tapak paling luas {0}")
FLOOR_AREA = Text("floor area at most {0}", "luas lantai paling banyak {0}")
FLOORS = Text("at most {0} floors", "paling banyak {0} lantai")
HEIGHT = Text(
    "at most {0} high (about {1} floors of {2})", "tinggi paling banyak {0} (sekitar {1} lantai setinggi {2})"
)
NOTHING = Text("nothing may be built here", "tidak ada ruang untuk bangunan")
ACROSS = Text(
    "Each line is for a building inside that sub-zone; one that stands in several keeps to the strictest of them.",
    "Tiap baris untuk bangunan di dalam subzona itu; bangunan di beberapa subzona mengikuti yang paling ketat.",
)
UPPER_BOUND = Text(
    "AN UPPER BOUND: less may be allowed, because these are not known",
    "BATAS ATAS: yang diperbolehkan bisa kurang dari ini, karena belum diketahui",
)

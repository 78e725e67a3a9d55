"""What a layer is when it is no zoning map: roads, rivers, parcels, an overlay, or nothing a plan uses."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import shapely

from kkpr_check.errors import Text
from kkpr_check.io.adopt.columns import MAX_DISTINCT, Column, LayerLike
from kkpr_check.reference import field_role, overlay_column, road_class_of

Role = Literal[
    "zoning", "overlay", "road", "river", "lake", "coast", "powerline", "railway", "forest", "boundary", "parcel",
    "building", "none",
]  # fmt: skip

FOREST_VALUES = re.compile(
    r"^(apl|hl|hp|hpt|hpk|ksa|kpa|hsaw|tn|ca|sm|twa|tahura|tb|kawasan konservasi|areal penggunaan lain|"
    r"(kawasan )?hutan (lindung|produksi|konservasi|adat)\b.*|(kawasan )?suaka.*|(kawasan )?pelestarian alam|"
    r"taman (nasional|hutan raya|wisata alam|buru)|1\d{3}\d?)$",
    re.IGNORECASE,
)
LAND_USE_VALUES = re.compile(
    r"^(semak( belukar)?|tegalan.*|ladang.*|sawah.*|kebun campuran.*|perkebunan/kebun|hutan (rimba|bakau|sekunder|primer)"
    r"|padang rumput.*|lahan terbuka|tanah kosong.*|empang|tambak|permukiman dan tempat kegiatan|rawa.*)$",
    re.IGNORECASE,
)
NEIGHBOURHOOD_VALUES = re.compile(
    r"^(r\.?\s?[tw]\.?[\s\-_:/]*\d{1,3}|rukun (tetangga|warga)|\d{1,3}\s*/\s*\d{1,3}$|\d{3}\s*/\s*\d{3}\b)",
    re.IGNORECASE,
)
NEIGHBOURHOOD_NUMBER = re.compile(r"^(r[tw]?\.?\s*)?\d{1,3}$", re.IGNORECASE)
"""What a column called RT or RW holds: 1, 001, RT 01."""
NETWORK_VALUES = re.compile(
    r"drainase|pipa|serat optik|kabel|air minum|air limbah|evakuasi|persampahan", re.IGNORECASE
)
OVERLAY_WORDS = (
    ("KHS002", re.compile(r"\b(lp2b|lcp2b|kp2b|pangan berkelanjutan|sawah dilindungi)\b", re.IGNORECASE)),
    ("KHS003", re.compile(r"\brawan\b|gerakan tanah|\bpatahan\b|\btsunami\b|\blongsor\b|\bbanjir\b", re.IGNORECASE)),
    ("KHS001", re.compile(r"\bkkop\b|operasi penerbangan|lepas landas|permukaan (transisi|kerucut|horizontal)", re.IGNORECASE)),
    ("KHS008", re.compile(r"cagar budaya", re.IGNORECASE)),
    ("KHS010", re.compile(r"berorientasi transit|\btod\b", re.IGNORECASE)),
    ("KHS011", re.compile(r"resapan", re.IGNORECASE)),
)  # fmt: skip
LINE_WORDS: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("river", re.compile(r"\b(sungai|kali|river|krueng|batang air)\b", re.IGNORECASE)),
    ("powerline", re.compile(r"\b(sutet|sutt|saluran udara tegangan|transmisi listrik|powerline)\b", re.IGNORECASE)),
    ("railway", re.compile(r"\b(rel|kereta api|railway|jalur ka)\b", re.IGNORECASE)),
    ("coast", re.compile(r"\b(garis pantai|pantai|coast|coastline)\b", re.IGNORECASE)),
    ("road", re.compile(r"\b(jalan|jln|road|ruas)\b", re.IGNORECASE)),
)  # fmt: skip
AREA_WORDS: tuple[tuple[Role, re.Pattern[str]], ...] = (
    ("building", re.compile(r"\b(bangunan|building|buildings|tapak|gedung|rumah)\b", re.IGNORECASE)),
    ("parcel", re.compile(r"\b(persil|bidang tanah|parcel|parcels|hat|kkpr|bidang)\b", re.IGNORECASE)),
    ("lake", re.compile(r"\b(danau|waduk|situ|embung|lake)\b", re.IGNORECASE)),
    ("river", re.compile(r"\b(sungai|river)\b", re.IGNORECASE)),
    ("forest", re.compile(r"\b(kawasan hutan|fungsi kawasan)\b", re.IGNORECASE)),
    ("boundary", re.compile(r"\b(batas|boundary|administrasi|desa|kelurahan|kecamatan|blok|swp)\b", re.IGNORECASE)),
)  # fmt: skip

NAMES: dict[Role, Text] = {
    "zoning": Text("zoning (pola ruang)", "pola ruang"), "overlay": Text("overlay", "ketentuan khusus (overlay)"),
    "road": Text("roads", "jaringan jalan"), "river": Text("rivers", "sungai"), "lake": Text("lakes", "danau"),
    "coast": Text("coastline", "garis pantai"), "powerline": Text("power lines", "jaringan listrik"),
    "railway": Text("railways", "rel kereta api"), "forest": Text("forest estate", "kawasan hutan"),
    "boundary": Text("boundaries", "batas wilayah"), "parcel": Text("parcels", "persil"),
    "building": Text("buildings", "bangunan"), "none": Text("no layer of a plan", "bukan layer rencana"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RoleGuess:
    """A role with the reason; `fields` maps meanings to source columns as ``[layer.fields]`` writes them."""

    role: Role
    reason: Text
    fields: dict[str, str] = field(default_factory=dict)
    overlay_rule: str | None = None


def shape_of(data: LayerLike) -> Literal["area", "line", "point", "none"]:
    """Return what most geometries are."""
    kinds = shapely.get_dimensions(data.geometry)
    counts = [int((kinds == dimension).sum()) for dimension in (2, 1, 0)]
    if not any(counts):
        return "none"
    names: tuple[Literal["area", "line", "point"], ...] = ("area", "line", "point")
    return names[counts.index(max(counts))]


def words_of(data: LayerLike) -> str:
    """Return file and layer name as words."""
    return re.sub(r"[^A-Za-z0-9]+", " ", f"{Path(data.path).stem} {data.layer or ''}")


def other_role(data: LayerLike, columns: Sequence[Column]) -> RoleGuess:
    """Return the role of a layer that is no zoning map; ``none`` with the reason where nothing fits."""
    shape = shape_of(data)
    if shape == "line":
        return _line_role(data, columns)
    if shape != "area":
        return RoleGuess(
            "none", Text("it holds points, not areas or lines", "berisi titik, bukan area atau garis")
        )
    checks: tuple[Callable[[LayerLike, Sequence[Column]], RoleGuess | None], ...] = (
        _neighbourhood, _road_area, _forest, _parcel, _building, _overlay, _boundary, _by_name,
    )  # fmt: skip
    for check in checks:
        guess = check(data, columns)
        if guess is not None:
            return guess
    return RoleGuess(
        "none",
        Text(
            "no field holds sub-zone codes or class names",
            "tidak ada field berisi kode subzona atau nama kelas",
        ),
    )


def disqualified(
    data: LayerLike, columns: Sequence[Column], best: Column | None, *, named: bool = False
) -> RoleGuess | None:
    """Return the role of an area layer whose values happen to look like zoning although it is something else.

    With `named` its values are names of zones: fields called RT and RW then only say where a zone is.
    """
    for check in (_neighbourhood, _road_area, _forest, _parcel, _building):
        guess = None if named and check is _neighbourhood else check(data, columns)
        if guess is not None:
            return guess
    uses = [value for value in (best.counts if best else ()) if LAND_USE_VALUES.match(value)]
    if best is not None and len(uses) >= 2:
        shown = ", ".join(uses[:3])
        return RoleGuess(
            "none",
            Text(
                f"{best.name} holds present land use ({shown}), not planned zones",
                f"{best.name} berisi penggunaan lahan ({shown}), bukan rencana pola ruang",
            ),
        )
    return None


def _share(column: Column, fits: Callable[[str], object]) -> float:
    if len(column.counts) > MAX_DISTINCT:
        return 0.0
    hits = sum(count for value, count in column.counts.items() if fits(value))
    return hits / column.features if column.features else 0.0


def _with_role(columns: Sequence[Column], layer: str, role: str) -> list[str]:
    return [column.name for column in columns if field_role(column.name, layer) == role]


def _fields_for(columns: Sequence[Column], *layers: str, wanted: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for column in columns:
        role = field_role(column.name, *layers)
        if role is not None and role in wanted and column.filled:
            found.setdefault(role, column.name)
    return found


def _neighbourhood(data: LayerLike, columns: Sequence[Column]) -> RoleGuess | None:
    marks = _with_role(columns, "neighbourhood", "neighbourhood_mark")
    by_value = [column.name for column in columns if _share(column, NEIGHBOURHOOD_VALUES.match) >= 0.5]
    numbered = [c for c in columns if c.name in marks and _share(c, NEIGHBOURHOOD_NUMBER.match) >= 0.5]
    if len(marks) < 2 and not by_value and not numbered:
        return None
    fields = tuple(dict.fromkeys(marks + by_value))
    named, hold = ", ".join(fields), "holds" if len(fields) == 1 else "hold"
    return RoleGuess(
        "none",
        Text(
            f"{named} {hold} neighbourhood units (RT/RW: rukun tetangga, rukun warga); that is no spatial plan (RTRW)",
            f"{named} berisi satuan RT/RW (rukun tetangga/rukun warga), bukan rencana tata ruang (RTRW)",
        ),
    )


def _road_column(columns: Sequence[Column]) -> Column | None:
    shares = [(_share(column, road_class_of), column) for column in columns]
    likely = [item for item in shares if item[0] >= 0.5]
    words = [item for item in likely if any(value[0].isalpha() for value in item[1].counts)]
    return max(words or likely, key=lambda item: item[0], default=(0.0, None))[1]


def _road_area(data: LayerLike, columns: Sequence[Column]) -> RoleGuess | None:
    column = _road_column(columns)
    if column is None:
        return None
    return RoleGuess("road", _values_text(column, "road classes", "kelas jalan"), {"road_class": column.name})


def _values_text(column: Column, en: str, id: str) -> Text:
    shown = ", ".join(column.examples())
    return Text(f"{column.name} holds {en}: {shown}", f"{column.name} berisi {id}: {shown}")


def _line_role(data: LayerLike, columns: Sequence[Column]) -> RoleGuess:
    road = _road_column(columns)
    if road is not None:
        fields = {"road_class": road.name} | _fields_for(columns, "road", wanted=("width_m",))
        fields |= _fields_for(columns, "struktur", "road", wanted=("name",))
        return RoleGuess("road", _values_text(road, "road classes", "kelas jalan"), fields)
    network = next((c for c in columns if _share(c, NETWORK_VALUES.search) >= 0.5), None)
    if network is not None:
        return RoleGuess("none", _values_text(network, "a utility network", "jaringan utilitas"))
    title = words_of(data).strip()
    role = next((role for role, pattern in LINE_WORDS if pattern.search(title)), None)
    if role is not None:
        reason = Text(f'lines, and the name "{title}" says so', f'garis, dan namanya "{title}"')
        return RoleGuess(role, reason, _line_fields(columns, role))
    named = [c.name for c in columns if field_role(c.name, "road") is not None and c.filled]
    if len(named) >= 2:
        reason = Text(f"fields of roads: {', '.join(named)}", f"field jalan: {', '.join(named)}")
        return RoleGuess("road", reason, _line_fields(columns, "road"))
    for role, pattern in LINE_WORDS:
        column = next((c for c in columns if _share(c, pattern.match) >= 0.5), None)
        if column is not None:
            reason = _values_text(column, NAMES[role].en, NAMES[role].id)
            return RoleGuess(role, reason, _line_fields(columns, role))
    return RoleGuess(
        "none",
        Text("lines of unknown kind; a zoning map holds areas", "garis tak dikenal; pola ruang berisi area"),
    )


def _line_fields(columns: Sequence[Column], role: Role) -> dict[str, str]:
    wanted: dict[Role, tuple[str, ...]] = {
        "road": ("road_class", "width_m", "name"),
        "powerline": ("voltage_kv", "tower", "setback_m"),
        "river": ("width_m", "depth_m", "levee", "urban", "basin_km2", "setback_m"),
    }
    return _fields_for(columns, role, "any", wanted=wanted.get(role, ("setback_m",)))


def _forest(data: LayerLike, columns: Sequence[Column]) -> RoleGuess | None:
    marks = _with_role(columns, "forest", "forest_mark")
    for column in columns:
        words = {value for value in column.counts if not value.isdigit()}
        if words and column.filled == column.features and all(FOREST_VALUES.match(value) for value in words):
            reason = _values_text(column, "forest functions only", "hanya fungsi kawasan hutan")
            return RoleGuess("forest", reason, {"value": column.name})
    if len(marks) >= 2:
        value = next((c.name for c in columns if field_role(c.name, "kawasan_hutan") == "sector"), None)
        reason = Text(
            f"fields of the forest estate: {', '.join(marks)}", f"field kawasan hutan: {', '.join(marks)}"
        )
        return RoleGuess("forest", reason, {"value": value} if value else {})
    return None


def _parcel(data: LayerLike, columns: Sequence[Column]) -> RoleGuess | None:
    ids = _with_role(columns, "parcel", "id")
    marks = _with_role(columns, "parcel", "parcel_mark")
    if len(ids) + len(marks) < 2:
        return None
    named = ", ".join((ids + marks)[:4])
    fields = {"id": ids[0]} if ids else {}
    return RoleGuess(
        "parcel", Text(f"fields of land parcels: {named}", f"field bidang tanah: {named}"), fields
    )


def _building(data: LayerLike, columns: Sequence[Column]) -> RoleGuess | None:
    marks = _with_role(columns, "building", "building_mark")
    if not marks:
        return None
    named = ", ".join(marks[:4])
    return RoleGuess("building", Text(f"fields of buildings: {named}", f"field bangunan: {named}"))


def _overlay(data: LayerLike, columns: Sequence[Column]) -> RoleGuess | None:
    title = words_of(data)
    for rule, pattern in OVERLAY_WORDS:
        column = next((c for c in columns if _share(c, pattern.search) >= 0.5), None)
        named = next(
            (c for c in columns if (known := overlay_column(c.name)) and known.rule == rule and c.filled),
            None,
        )
        if column is not None or named is not None or pattern.search(title):
            chosen = column or named
            reason = (
                _values_text(chosen, f"an overlay ({rule})", f"ketentuan khusus ({rule})")
                if chosen
                else Text(
                    f'the name "{title.strip()}" is that of an overlay',
                    f'namanya "{title.strip()}" ketentuan khusus',
                )
            )
            return RoleGuess("overlay", reason, {"value": chosen.name} if chosen else {}, rule)
    return None


def _boundary(data: LayerLike, columns: Sequence[Column]) -> RoleGuess | None:
    marks = _with_role(columns, "boundary", "boundary_mark")
    admin = [c.name for c in columns if (c.role or "").startswith("admin_") and c.filled]
    if len(marks) < 2 and len(admin) < 2:
        return None
    named = ", ".join((marks + admin)[:4])
    return RoleGuess("boundary", Text(f"fields of boundaries: {named}", f"field batas wilayah: {named}"))


def _by_name(data: LayerLike, columns: Sequence[Column]) -> RoleGuess | None:
    title = words_of(data)
    for role, pattern in AREA_WORDS:
        if pattern.search(title):
            return RoleGuess(
                role,
                Text(
                    f'areas, and the name "{title.strip()}" says so', f'area, dan namanya "{title.strip()}"'
                ),
            )
    return None

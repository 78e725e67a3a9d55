"""A plan from bare layers: what the detection is sure of, and every assumption said aloud."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from kkpr_check.errors import Text
from kkpr_check.features import is_empty
from kkpr_check.io.adopt.inspection import Inspection, require_zoning
from kkpr_check.io.adopt.zoning import AnyMatch
from kkpr_check.plan import CE90_CLASS3_M_PER_SCALE, LayerSpec, Level, OverlaySpec, Plan, Tables, Zone
from kkpr_check.reference import (
    Subzone,
    find_rtrw_class,
    find_subzone,
    overlay_column,
    overlay_rule,
    overlay_rules,
)

SCALES: Mapping[Level, int] = {
    "rdtr": 5_000, "rtrw-kota": 25_000, "rtrw-kab": 50_000, "rtr-ksn": 25_000, "rtrw-prov": 250_000,
    "rtr-pulau": 500_000, "rtrwn": 1_000_000,
}  # fmt: skip
"""Map scale of the plan by level (PP 8/2013): what a bare layer is assumed to have."""


@dataclass(frozen=True, slots=True)
class Bare:
    """A plan made of a bare layer, and what was assumed to make it."""

    plan: Plan
    assumptions: tuple[Text, ...]


def bare_plan(
    path: str | Path,
    level: Level,
    tables: Tables,
    inspection: Inspection,
    *,
    encoding: str | None = None,
    crs: str | None = None,
    swap_xy: bool = False,
) -> Bare:
    """Return a plan for one zoning layer without a plan folder (``check SITE --rdtr POLA.shp``).

    Parameters
    ----------
    path
        The layer as the user named it; it becomes the path of the zoning layer.
    level
        What the user said it is, or `guess_level`.
    tables
        Rules from ``--rules DIR``; an empty `Tables` where there are none. Their own sub-zone codes win over
        national spellings.
    inspection
        The result of `inspect` for this layer.
    encoding, crs, swap_xy
        How the layer is to be read again.

    Raises
    ------
    PlanError
        The layer is no zoning map.
    """
    require_zoning(inspection)
    codes, local = _codes(inspection, tables)
    overlays, overlay_notes = zoning_overlays(inspection)
    spec = LayerSpec(
        role="zoning", path=str(path), id="zoning", layer=inspection.layer, fields=dict(inspection.fields),
        codes=codes, encoding=encoding, crs=crs, swap_xy=swap_xy, scale=SCALES[level],
    )  # fmt: skip
    plan = Plan(
        id=f"{level}-{_slug(Path(path).stem)}",
        name=Path(path).stem,
        level=level,
        legal="",
        status="in-force",
        ce90_m=CE90_CLASS3_M_PER_SCALE * SCALES[level],
        scale=SCALES[level],
        tables=_tables(inspection, tables, codes, local),
        layers=(spec,),
        overlays=overlays,
    )
    return Bare(plan, (*_assumptions(plan, inspection, codes, local), *overlay_notes))


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.casefold()).strip("-") or "layer"


def _codes(inspection: Inspection, tables: Tables) -> tuple[dict[str, str], frozenset[str]]:
    """Return source value -> sub-zone where they differ, and the values that the rules themselves know."""
    own = frozenset(tables.zones) | tables.itbx_subzones | frozenset(tables.intensity)
    find = find_rtrw_class if inspection.family == "rtrw" else find_subzone
    spellings: dict[str, list[str]] = {}
    for code in own:
        match = find(code)
        if match is not None and match.certain:
            spellings.setdefault(match.code, []).append(code)
    codes = {}
    for value, match in inspection.matches.items():
        if value in own:
            continue
        same = spellings.get(match.code, [])
        target = same[0] if len(same) == 1 and match.code not in own else match.code
        if target != value:
            codes[value] = target
    values = inspection.subzone.counts if inspection.subzone else {}
    return codes, own & frozenset(values)


def _tables(
    inspection: Inspection, tables: Tables, codes: Mapping[str, str], local: frozenset[str]
) -> Tables:
    """Return the rules with a zone for every sub-zone of the layer; a row of the rules wins."""
    zones: dict[str, Zone] = {}
    for value, match in inspection.matches.items():
        code = codes.get(value, value)
        if code in local and code not in codes.values():
            zones.setdefault(
                code, Zone(code, inspection.names.get(match.code, match.name), "", _protected(match))
            )
            continue
        zones[code] = zone_of(code, match, inspection.names.get(match.code))
    merged = replace(tables, zones={**zones, **tables.zones}, present=tables.present | {"zones.csv"})
    return _with_holding(inspection, codes, merged)


def _protected(match: AnyMatch) -> bool | None:
    return None if match.mark == "memory" else match.row.protected


def zone_of(code: str, match: AnyMatch, name: str | None) -> Zone:
    """Return the row of zones.csv for a matched sub-zone; protected only where the catalogue is sure."""
    zone = match.row.zone_name if isinstance(match.row, Subzone) else ""
    return Zone(code, name or match.name, zone, _protected(match), match.row.colour)


def _with_holding(inspection: Inspection, codes: Mapping[str, str], tables: Tables) -> Tables:
    """Give a holding class "A / B" the rules of A, which is the legal function until the status is settled."""
    itbx, intensity = dict(tables.itbx), dict(tables.intensity)
    subzones = set(tables.itbx_subzones)
    for value, match in inspection.matches.items():
        code, first = codes.get(value, value), match.row.code
        if match.holding is None or code in subzones or first not in subzones | set(intensity):
            continue
        itbx |= {(activity, code): cell for (activity, zone), cell in tables.itbx.items() if zone == first}
        if first in intensity:
            intensity[code] = tuple(replace(rung, subzone=code) for rung in intensity[first])
        if first in subzones:
            subzones.add(code)
    return replace(tables, itbx=itbx, intensity=intensity, itbx_subzones=frozenset(subzones))


def zoning_overlays(inspection: Inspection) -> tuple[tuple[OverlaySpec, ...], tuple[Text, ...]]:
    """Return the overlays that the official columns of a zoning layer declare, with what was assumed.

    A column that is null in every feature was never filled in: it declares nothing, and its rule stays
    undetermined. In KSMPDN one column serves several rules: each gets the values of the other rules as ``none``
    and values of unknown kind as ``undetermined``.
    """
    specs: list[OverlaySpec] = []
    notes: list[Text] = []
    for column, counts in inspection.overlays.items():
        known = overlay_column(column)
        if known is None:
            continue
        if not any(counts.keys() - {""}):
            notes.append(
                Text(
                    f"{column} is null in every feature: not filled in, so {known.title} is unknown",
                    f"{column} kosong di semua fitur: belum diisi, jadi {known.title} tidak diketahui",
                )
            )
            continue
        if known.rule is not None:
            specs.append(OverlaySpec(known.rule, field=column))
        else:
            specs.extend(_corridors(column, counts))
    if specs:
        named = ", ".join(dict.fromkeys(str(spec.field) for spec in specs))
        notes.append(
            Text(
                f"overlays are read from the columns {named} of the zoning layer, with the default outcomes",
                f"ketentuan khusus dibaca dari kolom {named} layer pola ruang, dengan hasil baku",
            )
        )
    return tuple(specs), tuple(notes)


def _corridors(column: str, counts: Mapping[str, int]) -> list[OverlaySpec]:
    """Return one overlay a kind of corridor: river, coast, lake; the rest only where a value says so."""
    kinds = {value: overlay_rule(column, value) for value in counts if not is_empty(value)}
    specs = []
    for rule in overlay_rules(column):
        if (
            rule not in ("KHS004", "KHS005", "KHS006")
            and rule not in kinds.values()
            and None not in kinds.values()
        ):
            continue
        values = {
            value: "undetermined" if kind is None else "none" for value, kind in kinds.items() if kind != rule
        }
        specs.append(OverlaySpec(rule, field=column, values=values))
    return specs


def _assumptions(
    plan: Plan, inspection: Inspection, codes: Mapping[str, str], local: frozenset[str]
) -> list[Text]:
    guess = require_zoning(inspection)
    notes = [
        Text(
            f"{plan.name}: taken as {plan.level} in force, scale 1:{plan.scale:,}, CE90 {plan.ce90_m:g} m; "
            "no regulation and no dates are stated, not integrated in OSS",
            f"{plan.name}: dianggap {plan.level} yang berlaku, skala 1:{plan.scale:,}, CE90 {plan.ce90_m:g} m; "
            "peraturan dan tanggal tidak disebutkan, belum terintegrasi OSS",
        ),
        guess.evidence(),
    ]
    if inspection.looks_like is not None:
        seen, said = inspection.looks_like.upper(), str(inspection.family).upper()
        notes.append(
            Text(
                f"{plan.name}: its codes look like those of an {seen}, but it was given as {said}",
                f"{plan.name}: kodenya tampak seperti {seen}, tetapi diberikan sebagai {said}",
            )
        )
    if codes:
        shown = ", ".join(f"{value} -> {code}" for value, code in list(codes.items())[:12])
        more = "" if len(codes) <= 12 else f" (+{len(codes) - 12})"
        notes.append(Text(f"codes read as: {shown}{more}", f"kode dibaca sebagai: {shown}{more}"))
    techniques = sorted(value for value, match in inspection.matches.items() if match.tpz and value in codes)
    if techniques:
        listed = ", ".join(techniques)
        notes.append(
            Text(
                f"zoning techniques (TPZ) behind the code are not judged: {listed}",
                f"teknik pengaturan zonasi (TPZ) di belakang kode tidak dinilai: {listed}",
            )
        )
    open_values = [item for item in inspection.unresolved if item.value not in local]
    if open_values or inspection.without_value:
        listed = ", ".join(f"{item.value} ({item.features})" for item in open_values[:12])
        notes.append(
            Text(
                f"not resolved and undetermined: {listed or '-'}; features without a code: {inspection.without_value}",
                f"tidak dikenali, tidak dapat ditentukan: {listed or '-'}; fitur tanpa kode: {inspection.without_value}",
            )
        )
    notes.extend(conflict.text() for conflict in inspection.conflicts[:5])
    return notes

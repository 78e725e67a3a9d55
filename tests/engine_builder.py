"""Cases as TOML tables -> sites and plan windows as values: nothing is read, everything is in metres around 0, 0.

Without a word a case is a parcel of 20 x 20 m in zone R-3, a road of 10 m rumija along its south edge, a house of
12 x 12 m in its middle and a proposal that conforms. A case says only what differs.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely import affinity

from kkpr_check.engine import Options, judge
from kkpr_check.errors import Text
from kkpr_check.features import Features, PlanWindow
from kkpr_check.model import Finding, Outcome, Proposal, Report, Site
from kkpr_check.plan import LIMIT_COLUMNS, LayerSpec, OverlaySpec, Plan, Tolerance
from kkpr_check.rules import BY_CODE
from kkpr_check.tables import parse_tables

CASES = Path(__file__).parent / "cases"
AS_OF = dt.date(2026, 11, 24)
KNOWN_M = 2_000.0
OVERLAY_RULES = tuple(code for code in BY_CODE if code.startswith("KHS"))

PARCEL = [0, 0, 20, 20]
FOOTPRINT = [4, 4, 16, 16]
ZONES = [{"subzone": "R-3", "area": [-100, -100, 100, 100]}]
ROAD = {"role": "road", "features": [{"area": "LINESTRING (-90 -5, 90 -5)", "width_m": 10.0}]}
PROPOSAL = {
    "activity": "rumah", "floors": 1, "height_m": 4.0, "floor_area_m2": 144.0, "green_area_m2": 100.0,
    "basement_area_m2": 0.0, "road_class": "lokal-primer",
}  # fmt: skip

ZONE_ROWS = {
    "R-3": "budi-daya", "K-1": "budi-daya", "RTH-2": "lindung", "PS": "lindung", "BJ": "budi-daya", "Z-0": "",
}  # fmt: skip
ITBX = {
    "rumah": {"R-3": "I", "K-1": "I", "RTH-2": "X", "PS": "X", "BJ": "X", "Z-0": ""},
    "toko": {"R-3": "T1", "K-1": "I", "RTH-2": "X", "PS": "X", "BJ": "X", "Z-0": ""},
    "bengkel": {"R-3": "B1", "K-1": "I", "RTH-2": "X", "PS": "X", "BJ": "X", "Z-0": ""},
    "gudang": {"R-3": "X", "K-1": "I", "RTH-2": "X", "PS": "X", "BJ": "X", "Z-0": ""},
}
KBLI = {"68111": ["rumah"], "47111": ["toko"], "52101": ["gudang"], "45201": ["bengkel"]}
CONDITIONS = {
    "T1": {"text": "Jam operasi dibatasi", "legal": "Pasal 3"},
    "T2": {"text": "Paling tinggi 2 lantai", "legal": "Pasal 4", "test": "floors <= 2"},
    "B1": {"text": "Wajib SPPL", "legal": "Pasal 5"},
    "B2": {"text": "Luas lantai paling banyak 500 m2", "legal": "Pasal 6", "test": "floor_area_m2 <= 500"},
}
RUNG = {
    "road_class": "*", "parcel_min_m2": "-", "parcel_max_m2": "-", "kdb_max_pct": "60", "klb_max": "1.2",
    "kdh_min_pct": "20", "ktb_max_pct": "50", "height_max_m": "12", "floors_max": "3", "gsb_min_m": "3",
    "side_min_m": "1.5", "rear_min_m": "2", "lot_min_m2": "90", "gsb_from": "parcel_edge", "legal": "Pasal 7",
}  # fmt: skip
PLAN = {
    "id": "rdtr-uji",
    "name": "RDTR Uji",
    "level": "rdtr",
    "legal": "Perda Uji",
    "status": "in-force",
    "ce90_m": 2.5,
}

MEANINGS = frozenset(
    {
        "subzone", "name", "remark", "road_class", "width_m", "depth_m", "levee", "urban", "basin_km2", "setback_m",
        "voltage_kv", "tower", "value", "legal", "edge", "doubtful", "holding",
    }
)  # fmt: skip


def shape(value: Any) -> Any:
    """Return a geometry: ``[xmin, ymin, xmax, ymax]`` or WKT."""
    return shapely.from_wkt(value) if isinstance(value, str) else shapely.box(*value)


def objects(values: Sequence[Any]) -> Any:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as the text of a CSV file."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def table_texts(case: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables of a plan as CSV text.

    Keys of a case: `protected` {subzone: word}, `without` [subzones], `itbx` {activity: {subzone: cell}},
    `columns` [subzones that the matrix has], `kbli` {code: [activity]},
    `conditions`, `no_conditions` [codes], `limits` {column: cell} for every rung, `intensity` [rungs] instead of the one of R-3 and K-1,
    `drop` [file names that do not exist].
    """
    zones = ZONE_ROWS | case.get("protected", {})
    zones = {z: word for z, word in zones.items() if z not in case.get("without", ())}
    columns = case.get("columns", tuple(zones))
    itbx = {a: ITBX.get(a, {}) | case.get("itbx", {}).get(a, {}) for a in {**ITBX, **case.get("itbx", {})}}
    itbx = {a: {z: cell for z, cell in cells.items() if z in columns} for a, cells in itbx.items()}
    kbli = KBLI | case.get("kbli", {})
    conditions = CONDITIONS | case.get("conditions", {})
    conditions = {code: row for code, row in conditions.items() if code not in case.get("no_conditions", ())}
    default = [{"subzone": zone} for zone in ("R-3", "K-1", "RTH-2", "PS", "BJ")]
    rungs = [{**RUNG, **case.get("limits", {}), **rung} for rung in case.get("intensity", default)]
    texts = {
        "zones.csv": table(
            ("subzone", "name", "protected"),
            [{"subzone": z, "name": f"Zona {z}", "protected": p} for z, p in zones.items()],
        ),
        "activities.csv": table(("activity_id", "name"), [{"activity_id": a, "name": a.title()} for a in itbx]),
        "kbli.csv": table(("kbli", "activity_id"), [{"kbli": k, "activity_id": a} for k, v in kbli.items() for a in v]),
        "itbx.csv": table(("activity_id", *columns), [{"activity_id": a} | cells for a, cells in itbx.items()]),
        "conditions.csv": table(
            ("code", "text", "legal", "test"), [{"code": c, **row} for c, row in conditions.items()]
        ),
        "intensity.csv": table(
            ("subzone", "road_class", "parcel_min_m2", "parcel_max_m2", *LIMIT_COLUMNS, "gsb_from", "legal"), rungs
        ),
    }  # fmt: skip
    return {name: text for name, text in texts.items() if name not in case.get("drop", ())}


def features(
    rows: Sequence[Mapping[str, Any]], ce90_m: float, name: str, role: str, columns: Iterable[str]
) -> Features:
    """Return the features of one layer; keys that are no meaning are source columns."""
    keys = dict.fromkeys(key for row in rows for key in row if key not in ("area", "id"))
    column = {key: objects([row.get(key) for row in rows]) for key in (*keys, *columns)}
    return Features(
        geometry=objects([shape(row["area"]) for row in rows]),
        feature=objects([row.get("id", i) for i, row in enumerate(rows)]),
        ce90_m=ce90_m,
        name=name,
        meaning={key: values for key, values in column.items() if key in MEANINGS},
        raw={key: values for key, values in column.items() if key not in MEANINGS},
        role=role,
    )


def overlay_specs(case: Mapping[str, Any]) -> tuple[OverlaySpec, ...]:
    """Return the declared overlays: those of the case; every other rule is stated not to exist here."""
    given = [OverlaySpec(**spec) for spec in case.get("overlays", ())]
    said = {spec.rule for spec in given} | set(case.get("undeclared", ()))
    return (*given, *(OverlaySpec(code, none="Pasal 9") for code in OVERLAY_RULES if code not in said))


def window(case: Mapping[str, Any]) -> PlanWindow:
    """Return one plan with its features."""
    values = PLAN | case.get("plan", {})
    for key in ("valid_from", "valid_until"):
        if isinstance(values.get(key), str):
            values[key] = dt.date.fromisoformat(values[key])
    tolerance = Tolerance(**values.pop("tolerance", {}))
    layers, specs = {}, []
    for layer in case.get("layers", [ROAD]):
        name = layer.get("id", layer["role"])
        ce90_m = layer.get("ce90_m", values["ce90_m"])
        specs.append(LayerSpec(layer["role"], f"{name}.gpkg", name))
        layers[name] = features(layer["features"], ce90_m, name, layer["role"], layer.get("columns", ()))
    overlays = overlay_specs(case)
    columns = [spec.field for spec in overlays if spec.field is not None and spec.layer is None]
    plan = Plan(
        **values, tolerance=tolerance, tables=parse_tables(table_texts(case)), layers=tuple(specs), overlays=overlays
    )  # fmt: skip
    return PlanWindow(
        plan, features(case.get("zones", ZONES), plan.ce90_m, "zoning", "zoning", columns), layers
    )


@dataclass(frozen=True)
class Built:
    """A case as the engine takes it."""

    site: Site
    windows: tuple[PlanWindow, ...]
    options: Options

    def report(self) -> Report:
        return run([self.site], self.windows, self.options)[0]


def build(case: Mapping[str, Any]) -> Built:
    """Return a case as values. ``parcel = false`` and ``footprint = false`` leave one away."""
    proposal = Proposal(**{k: v for k, v in (PROPOSAL | case.get("proposal", {})).items() if v != ""})
    parcel, footprint = case.get("parcel", PARCEL), case.get("footprint", FOOTPRINT)
    existing = case.get("existing")
    doubt = case.get("doubt")
    site = Site(
        id=case.get("name", "site"),
        parcel=None if parcel is False else shape(parcel),
        footprint=None if footprint is False else shape(footprint),
        proposal=proposal,
        existing=None if existing is None else shape(existing),
        location=(124.48, -9.445),
        doubt=None if doubt is None else Text(doubt, doubt),
    )
    options = case.get("options", {})
    as_of = dt.date.fromisoformat(options["as_of"]) if "as_of" in options else AS_OF
    return Built(
        site,
        tuple(window(plan) for plan in (case, *case.get("also", ()))),
        Options(as_of, options.get("include_draft", False), options.get("strict_accuracy", False)),
    )


def run(sites: Sequence[Site], windows: Sequence[PlanWindow], options: Options) -> tuple[Report, ...]:
    """Judge a block; the windows hold everything there is, so nothing can be needed beyond them."""
    judged = judge(sites, windows, options, known_m=KNOWN_M)
    assert judged.needed_m <= KNOWN_M
    return judged.reports


def report(**case: Any) -> Report:
    """Judge one case given as keywords."""
    return build(case).report()


def of_rule(told: Report, code: str, **where: Any) -> list[Finding]:
    """Return the findings of a rule, optionally those of one zone, plan or subject, the worst first."""
    found = [f for f in told.findings if f.rule == code and all(getattr(f, k) == v for k, v in where.items())]
    return sorted(found, key=lambda f: -f.outcome)


def outcome(told: Report, code: str, **where: Any) -> str:
    """Return the worst outcome of a rule as a word; a rule without findings has to be named as not applicable."""
    found = of_rule(told, code, **where)
    if found:
        return found[0].outcome.word
    assert where or code in {rule for rule, _ in told.not_evaluated}, f"{code} is nowhere in the report"
    return Outcome.NOT_APPLICABLE.word


def load(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return the rule of a case file and its cases; a key of the file's ``[shared]`` holds for every case."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    shared = content.get("shared", {})
    return content["rule"], [{**shared, **case} for case in content["case"]]


def case_files() -> list[Path]:
    return sorted(CASES.glob("*.toml"))


def moved(geometry: Any, dx: float = 0.0, dy: float = 0.0, turn_deg: float = 0.0) -> Any:
    """Return a geometry turned around 0, 0 and moved."""
    return affinity.translate(affinity.rotate(geometry, turn_deg, origin=(0, 0)), dx, dy)

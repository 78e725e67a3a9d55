"""Deletes a plan folder piece by piece in memory, and tells which verdicts become better (contract 1a.10, *Improve*)."""

from __future__ import annotations

import copy
import csv
import datetime as dt
import io
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
import shapely
from shapely import affinity

from kkpr_check import adverse, engine, geometry
from kkpr_check.checking import CheckRequest, prepared
from kkpr_check.errors import ErrorGroup, InputError, KkprError, Text
from kkpr_check.features import Features
from kkpr_check.io.index import LayerFacts, LayerIndex
from kkpr_check.io.layers import LayerData
from kkpr_check.io.plancheck import cross_check
from kkpr_check.io.planfolder import _plan
from kkpr_check.io.planlayers import open_layer
from kkpr_check.io.planschema import Document, check_schema, plain_dates
from kkpr_check.io.sites import SiteGroup, read_sites
from kkpr_check.io.windows import STRIP_ROLES, OpenPlan
from kkpr_check.model import Report, Site
from kkpr_check.plan import LayerSpec, Tolerance
from kkpr_check.tables import TABLE_FILES, parse_tables

ROOT = Path(__file__).resolve().parents[1]
AS_OF = dt.date(2026, 11, 24)
GOOD = ("conform", "conditional", "partial")
RANK = {"conform": 0, "conditional": 1, "partial": 2, "undetermined": 3, "nonconform": 4}
NEAR_M = 50.0
"""Features further than this from every site are deleted all at once: none of them decides anything."""
STRIP_NEAR_M = 250.0
"""The same for rivers, coasts and lines, which keep buildings at a distance."""
REACH_M = 5_000.0
"""Layers are read over the whole town."""
KNOWN_M = 250.0
"""Features further than this from every site decide nothing: ten times the CE90 of the coarser plan."""

NOBODY_KNOWS = "a river or an area of a special provision that is not in the layer is known to nobody"
LOCK_ONLY = {
    "table cell": {
        "*/conditions.csv *, test": "a condition without a test is handed out instead of tested, as most of a real plan are",
    },
    "table row": {
        "*/kbli.csv *": "one of several rows of a KBLI: what is left reads as a whole list of its activities",
    },
    "layer": {
        "*:boundary": "without a boundary a gap of the detailed plan is where the lower plan decides alone",
    },
    "other feature": {
        "* (river)": NOBODY_KNOWS,
        "* (lake)": NOBODY_KNOWS,
        "* (coast)": NOBODY_KNOWS,
        "* (powerline)": NOBODY_KNOWS,
        "* (railway)": NOBODY_KNOWS,
        "* (forest)": NOBODY_KNOWS,
        "* (overlay)": NOBODY_KNOWS,
    },
    "table column": {
        "*/conditions.csv test": "as one of its cells",
    },
}
"""Kind of deletion -> pattern of its name -> why only the lock can notice it. Everything else that improves is a bug."""

PROTECTED = (
    "in a protected zone only a cell permits: without it that part is refused and the rest can be approved"
)


def improved(before: Report, after: Report) -> str | None:
    """Return what became better: a verdict that was not as good, or a larger approvable part."""
    old, new = before.verdict.value, after.verdict.value
    if new in GOOD and RANK[new] < RANK[old]:
        return f"{old} -> {new}"
    areas = [r.approvable.area_m2 if r.approvable else 0.0 for r in (before, after)]
    return f"approvable {areas[0]} -> {areas[1]}" if areas[1] > areas[0] + 1e-3 else None


class Kept:
    """A layer in memory, read by window as a `LayerIndex` is."""

    def __init__(self, facts: LayerFacts, data: LayerData) -> None:
        self.facts, self._data = facts, data
        self._box = shapely.bounds(data.geometry)

    def window(self, bounds: tuple[float, float, float, float] | None = None) -> LayerData:
        if bounds is None:
            return self._data
        west, south, east, north = bounds
        box = self._box
        meets = (box[:, 2] >= west) & (box[:, 0] <= east) & (box[:, 3] >= south) & (box[:, 1] <= north)
        return self._data.take(meets)

    def attributes(self) -> tuple[Any, Mapping[str, Any]]:
        return self._data.feature, self._data.fields

    def without_rows(self, rows: frozenset[int]) -> Kept:
        left = self._data.take(~np.isin(self._data.row, list(rows)))
        if not len(left):
            raise InputError(Text("no feature is left", "tidak ada fitur tersisa"))  # as the intake gate does
        return Kept(self.facts, left)

    def without_value(self, row: int, name: str) -> Kept:
        values = self._data.fields[name].astype(object)
        values[self._data.row == row] = None
        return Kept(self.facts, replace(self._data, fields={**self._data.fields, name: values}))

    def without_field(self, name: str) -> Kept:
        facts = replace(self.facts, fields={k: n for k, n in self.facts.fields.items() if k != name})
        return Kept(
            facts, replace(self._data, fields={k: v for k, v in self._data.fields.items() if k != name})
        )


@cache
def _read(
    root: Path, path: str, layer: str | None, reading: tuple[Any, ...], role: str, default: str
) -> Kept:
    """Read a layer of a plan once, as a check does."""
    encoding, crs, swap_xy = reading
    spec = LayerSpec(role, path, role, layer=layer, encoding=encoding, crs=crs, swap_xy=swap_xy)  # type: ignore[arg-type]
    index = open_layer(root, spec, default_crs=default or None)
    return Kept(index.facts, index.window(None))


_dissolved: dict[tuple[Any, ...], tuple[Any, Any]] = {}


def dissolve_once(geometries: Any, tolerance: Tolerance) -> Any:
    """Dissolve the same features once: most deletions leave the areas of most rules as they are."""
    key = (tolerance, *map(id, geometries))
    if key not in _dissolved:
        _dissolved[key] = (
            geometries,
            geometry.dissolve(geometries, tolerance),
        )  # kept, so that no id is used twice
    return _dissolved[key][1]


Layer = tuple[str, str | None]
"""Path and name of a layer."""


@dataclass(frozen=True)
class Folder:
    """A plan folder as text, with some features, one value or one field of its layers left out."""

    root: Path
    texts: Mapping[str, str]
    rows: tuple[Layer, frozenset[int]] | None = None
    value: tuple[Layer, int, str] | None = None
    column: tuple[Layer, str] | None = None

    def with_text(self, name: str, text: str | None) -> Folder:
        kept = {other: content for other, content in self.texts.items() if other != name}
        return replace(self, texts=kept if text is None else kept | {name: text})

    def opened(self) -> OpenPlan:
        """Open it by the same checks as a folder on disk; KkprError where it is refused."""
        text = self.texts["plan.toml"]
        document = Document("plan.toml", text, plain_dates(tomllib.loads(text)))
        check_schema(document)
        cross_check(document, self.root)
        if document.errors:
            raise ErrorGroup(document.errors)
        tables = parse_tables({name: self.texts[name] for name in TABLE_FILES if name in self.texts})
        plan = _plan(document.data, tables)
        opened = OpenPlan(plan, {spec.id: self.layer(spec, plan.crs) for spec in plan.layers}, "", "unlocked")
        opened.check_fields()
        return opened

    def layer(self, spec: LayerSpec, default_crs: str | None) -> LayerIndex:
        reading = (spec.encoding, spec.crs, spec.swap_xy)
        kept: Any = _read(self.root, spec.path, spec.layer, reading, spec.role, default_crs or "")
        where = (spec.path, spec.layer)
        if self.rows is not None and self.rows[0] == where:
            kept = kept.without_rows(self.rows[1])
        if self.value is not None and self.value[0] == where:
            kept = kept.without_value(*self.value[1:])
        if self.column is not None and self.column[0] == where:
            kept = kept.without_field(self.column[1])
        return kept  # type: ignore[no-any-return]


def load(root: Path) -> Folder:
    names = ("plan.toml", *(name for name in TABLE_FILES if name != "cases.csv"))
    return Folder(root, {n: (root / n).read_text(encoding="utf-8") for n in names if (root / n).is_file()})


class Deletion(NamedTuple):
    """One deletion: what kind, of what, from which of the folders, in which file, and what is left."""

    kind: str
    name: str
    folder: int
    file: str
    left: Callable[[], Folder]
    key: str = ""


class Improved(NamedTuple):
    """A verdict that a deletion made better; `reason`: why only the lock notices it, None where nobody knows."""

    deletion: Deletion
    site: str
    what: str
    reason: str | None


def known(deletion: Deletion, after: Report) -> str | None:
    """Return why a deletion can be noticed by the lock only."""
    refused = any(f.rule == "KGT005" and f.outcome.word == "fail" for f in after.findings)
    if deletion.file == "itbx.csv" and refused and after.verdict.value == "partial":
        return PROTECTED
    patterns = LOCK_ONLY.get(deletion.kind, {})
    return next((why for pattern, why in patterns.items() if fnmatchcase(deletion.name, pattern)), None)


class Bench:
    """Plans and sites with the reports of the whole plans, against which every deletion is held."""

    def __init__(self, roots: Sequence[Path], sites: SiteGroup) -> None:
        self.folders = tuple(load(root) for root in roots)
        self.sites = sites
        self.request = CheckRequest(as_of=AS_OF)
        self._cache: dict[Any, Features] = {}
        self.plans = [folder.opened() for folder in self.folders]
        self.ready = prepared(sites, self.plans, self.request)
        shapes = [s.parcel if s.parcel is not None else s.footprint for s in self.ready.sites]
        self.places = shapely.union_all(shapes)
        shapely.prepare(self.places)
        self.before = self._judged(self.plans, self.ready.sites)

    def reports(self, deletion: Deletion) -> tuple[Report, ...] | None:
        """Judge the sites by what is left; None where that is refused."""
        plans = list(self.plans)
        try:
            plans[deletion.folder] = deletion.left().opened()
        except KkprError:
            return None
        sites = self.ready.sites
        if not deletion.kind.startswith("table"):
            sites = prepared(self.sites, plans, self.request).sites
        return self._judged(plans, sites)

    def outcome(self, deletion: Deletion) -> tuple[bool, list[Improved]]:
        """Tell whether what is left is refused, and which verdicts became better if not."""
        reports = self.reports(deletion)
        if reports is None:
            return True, []
        better = [
            Improved(deletion, old.site.id or "?", what, known(deletion, new))
            for old, new in zip(self.before, reports, strict=True)
            if (what := improved(old, new)) is not None
        ]
        return False, better

    def _judged(self, plans: Sequence[OpenPlan], sites: Any) -> tuple[Report, ...]:
        windows = [plan._window(lambda spec, plan=plan: self._features(plan, spec)) for plan in plans]
        with patch.object(adverse, "dissolve", dissolve_once):
            return engine.judge(sites, windows, self.ready.options, known_m=KNOWN_M).reports

    def _features(self, opened: OpenPlan, spec: LayerSpec) -> Features:
        """Read the features of a layer, once for all plans that understand it alike."""
        tables, plan = opened.plan.tables, opened.plan
        codes = frozenset({*tables.zones, *tables.itbx_subzones, *tables.intensity})
        told = frozenset(opened._raw_fields(spec))
        key = (repr(spec), opened.indexes[spec.id], codes, told, plan.ce90_m, plan.id)
        if key not in self._cache:
            bounds: Any = self.ready.bounds
            features = opened.features(spec, bounds, self.sites.work_crs, REACH_M)
            if spec.role not in STRIP_ROLES:
                features = features.take(shapely.dwithin(features.geometry, self.places, KNOWN_M))
            self._cache[key] = features
        return self._cache[key]

    # --- what can be deleted ---------------------------------------------------------------------------------------

    def deletions(self) -> list[Deletion]:
        """Return every deletion: layers, features, their values, fields, tables, rows, columns, cells, keys.

        Features that are far from every site, and their values, are one deletion a layer.
        """
        found: list[Deletion] = []
        for i, folder in enumerate(self.folders):
            found += [*_of_tables(i, folder), *_of_plan_file(i, folder), *self._of_layers(i, folder)]
        return found

    @staticmethod
    def sample(deletions: Sequence[Deletion], count: int, seed: int) -> list[Deletion]:
        """Return some of them, always the same."""
        return Random(seed).sample(deletions, min(len(deletions), count))

    def _of_layers(self, i: int, folder: Folder) -> Iterator[Deletion]:
        for spec in self.plans[i].plan.layers:
            where, kept = (spec.path, spec.layer), self.plans[i].indexes[spec.id]
            name = f"{folder.root.name}/{spec.path} {spec.layer or ''}".strip()
            bounds: Any = self.ready.bounds
            read = self.plans[i].features(spec, bounds, self.sites.work_crs, REACH_M)
            reach_m = STRIP_NEAR_M if spec.role in STRIP_ROLES else NEAR_M
            near = set(read.feature[shapely.dwithin(read.geometry, self.places, reach_m)].tolist())
            data = kept.window(None)
            kind = "zone" if spec.role == "zoning" else "other feature"
            far = frozenset(
                row
                for row, feature in zip(data.row.tolist(), data.feature.tolist(), strict=True)
                if feature not in near
            )
            for n, (row, feature) in enumerate(zip(data.row.tolist(), data.feature.tolist(), strict=True)):
                if row in far:
                    continue
                left = partial(replace, folder, rows=(where, frozenset({row})))
                yield Deletion(kind, f"{name} {feature} ({spec.role})", i, spec.path, left)
                for column, values in data.fields.items():
                    if column in self._used(i, spec) and values[n] is not None and values[n] == values[n]:
                        left = partial(replace, folder, value=(where, row, column))
                        yield Deletion(
                            "value", f"{name} {feature}, {column} ({spec.role})", i, spec.path, left
                        )
            if far:
                left = partial(replace, folder, rows=(where, far))
                yield Deletion("far features", f"{name}, all {len(far)} that are far", i, spec.path, left)
            for column in kept.facts.fields:
                left = partial(replace, folder, column=(where, column))
                yield Deletion("field", f"{name} {column}", i, spec.path, left)

    def _used(self, i: int, spec: LayerSpec) -> frozenset[str]:
        """Return the fields of a layer that its plan reads."""
        overlays = [overlay.field for overlay in self.plans[i].plan.overlays]
        return frozenset(name for name in (*spec.fields.values(), *overlays) if name is not None)


def _of_tables(i: int, folder: Folder) -> Iterator[Deletion]:
    for file, text in folder.texts.items():
        if not file.endswith(".csv"):
            continue
        head, *rows = list(csv.reader(io.StringIO(text)))

        def of(
            kind: str, what: str, left: list[list[str]] | None, file: str = file, key: str = ""
        ) -> Deletion:
            name = f"{folder.root.name}/{file} {what}".strip()
            return Deletion(kind, name, i, file, lambda: folder.with_text(file, left and _csv(left)), key)

        yield of("table", "", None)
        for at, row in enumerate(rows):
            key = f"row {at + 2} {row[0]}"
            yield of("table row", key, [head, *rows[:at], *rows[at + 1 :]], key=row[0])
            for j, column in enumerate(head):
                if row[j]:
                    cut = [*row[:j], "", *row[j + 1 :]]
                    yield of(
                        "table cell", f"{key}, {column}", [head, *rows[:at], cut, *rows[at + 1 :]], key=row[0]
                    )
        for j, column in enumerate(head):
            yield of("table column", column, [[*row[:j], *row[j + 1 :]] for row in (head, *rows)])


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _of_plan_file(i: int, folder: Folder) -> Iterator[Deletion]:
    data = tomllib.loads(folder.texts["plan.toml"])
    for path in _paths(data):
        left = copy.deepcopy(data)
        parent: Any = left
        for step in path[:-1]:
            parent = parent[step]
        del parent[path[-1]]
        name = f"{folder.root.name}/plan.toml {'.'.join(_named(data, path))}"
        kind = "layer" if path[0] == "layer" and len(path) == 2 else "plan.toml key"
        yield Deletion(kind, name, i, "plan.toml", partial(folder.with_text, "plan.toml", toml(left)))


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every key and array element."""
    if path:
        yield path
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield from _paths(value[key], (*path, key))


def _named(data: Any, path: tuple[Any, ...]) -> Iterator[str]:
    """Say layer and overlay by id or rule as well as by number."""
    for step in path:
        data = data[step]
        given = data.get("id", data.get("rule", data.get("role", ""))) if isinstance(data, dict) else ""
        yield f"{step + 1}:{given}" if isinstance(step, int) else str(step)


def toml(value: Any, *, top: bool = True) -> str:
    """Write a plan.toml, its tables as inline tables."""
    if isinstance(value, dict):
        pairs = [f"{json.dumps(key)} = {toml(inner, top=False)}" for key, inner in value.items()]
        return "\n".join([*pairs, ""]) if top else "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml(inner, top=False) for inner in value) + "]"
    return value.isoformat() if isinstance(value, dt.date) else json.dumps(value, ensure_ascii=False)


def sample_bench(parcels: int = 12, among: int = 200, seed: int = 1) -> Bench:
    """Return the example plans with the example sites and some parcels of the town, all in one UTM zone.

    The parcels are those of which each has other reasons against it than the ones before, the fewest reasons first:
    a deletion shows where it takes the only reason away. Every other one has a building in its middle.
    """
    groups = [read_sites(str(path)).groups for path in sorted((ROOT / "examples").glob("0[1-8]*.geojson"))]
    examples = [site for (group,) in groups for site in group.sites]
    (town,) = read_sites(None, parcel=str(ROOT / "data" / "parcels.gpkg")).groups
    drawn = Random(seed).sample(town.sites, among)
    drawn = [_built_upon(site) if i % 2 else site for i, site in enumerate(drawn)]

    roots = [ROOT / "data" / "sample", ROOT / "data" / "sample-rtrw"]
    return Bench(roots, _group(town, [*examples, *_unlike(roots, town, drawn, parcels)]))


KBLI = ("47111", "01262", "41011", "10120")
"""Uses of the parcels of a real plan; its tables have rows of a thousand others, of which none is asked for."""


def real_bench(folder: Path, parcels: int = 12, every: int = 20) -> Bench:
    """Adopt the real layers of Jagoi Babang into a folder, as docs/adopt.md does; the sites are real parcels of there.

    No intensity annex of that plan is known: the limits are made up, one row a sub-zone.
    """
    from real_plans import JAGOI, JAGOI_PARCELS, REAL, features, write_sites

    from kkpr_check.cli.plan_annex import import_itbx_command
    from kkpr_check.cli.plan_init import init_command

    more = [f"pendukung/jagoi_babang_{name}.geojson" for name in ("jalan", "lp2b", "kawasan_hutan")]
    plan = folder / "jagoi"
    init_command([REAL / name for name in (JAGOI, *more)], plan, yes=True)
    import_itbx_command(str(REAL / "aturan" / "itbx_kbli_saumlaki_larat.csv"), str(plan))
    text = (plan / "plan.toml").read_text(encoding="utf-8")
    for mark, answer in (
        ('legal = "TODO"', 'legal = "RDTR KPN Jagoi Babang"'),
        ('status = "draft"', 'status = "in-force"'),
        ('# valid_from = "2024-01-31"', "valid_from = 2024-01-01"),
    ):
        assert mark in text
        text = text.replace(mark, answer)
    text += '\n[[overlay]]\nrule = "KHS012"\nnone = "tidak ada jalur kereta api"\n'
    (plan / "plan.toml").write_text(text, encoding="utf-8")
    with (plan / "zones.csv").open(encoding="utf-8", newline="") as stream:
        codes = [row["subzone"] for row in csv.DictReader(stream)]
    columns = (
        "subzone,road_class,parcel_min_m2,parcel_max_m2,kdb_max_pct,klb_max,kdh_min_pct,ktb_max_pct,height_max_m,"
        "floors_max,gsb_min_m,gsb_from,side_min_m,rear_min_m,lot_min_m2,legal"
    )
    limits = [f"{c},*,-,-,60,1.8,20,-,12,3,4,road_edge,1,1,{150 if c < 'P' else 400},-" for c in codes]
    (plan / "intensity.csv").write_text("\n".join([columns, *limits, ""]), encoding="utf-8")
    rows = range(0, len(features(JAGOI_PARCELS)), every)
    uses = [{"kbli": KBLI[n % len(KBLI)]} for n in range(len(features(JAGOI_PARCELS)))]
    uses = [uses[row // every] for row in range(len(uses))]
    (land,) = read_sites(
        None, parcel=write_sites(folder / "p.geojson", JAGOI_PARCELS, uses, rows=rows)
    ).groups
    return Bench([plan], _group(land, _unlike([plan], land, land.sites, parcels)))


def asked_for(deletions: Sequence[Deletion]) -> list[Deletion]:
    """Leave out the rows and cells of activities that no site of a real plan asks for."""
    rows = ("table row", "table cell")
    files = ("itbx.csv", "kbli.csv", "activities.csv")
    return [d for d in deletions if d.kind not in rows or d.file not in files or d.key in KBLI]


def _group(of: SiteGroup, sites: Sequence[Site]) -> SiteGroup:
    return SiteGroup(of.work_crs, tuple(sites), tuple(range(len(sites))))


def _unlike(roots: Sequence[Path], of: SiteGroup, sites: Sequence[Site], count: int) -> list[Site]:
    """Return the sites of which each has other reasons against it than the ones before, the fewest reasons first."""
    chosen: dict[frozenset[Any], Site] = {}
    told = zip(sites, Bench(roots, _group(of, sites)).before, strict=True)
    for site, report in sorted(told, key=lambda one: len(_against(one[1]))):
        chosen.setdefault(_against(report), site)
    return list(chosen.values())[:count]


def _built_upon(site: Site) -> Site:
    house = affinity.scale(site.parcel, 0.45, 0.45, origin="centroid")
    return replace(site, footprint=house if site.parcel.contains(house) else None)


def _against(report: Report) -> frozenset[tuple[str, str]]:
    """Return what keeps a site from conforming."""
    good = ("pass", "not_applicable")
    return frozenset((f.rule, f.outcome.word) for f in report.findings if f.outcome.word not in good)

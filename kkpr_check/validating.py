"""From the targets of `validate` to its findings: behind the command line and scripts alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import shapely
from shapely.errors import GEOSException

from kkpr_check.errors import InputError, KkprError, Place, PlanError, Text, UsageError
from kkpr_check.geometry import union_of
from kkpr_check.io import quality_read
from kkpr_check.io.containers import local_path
from kkpr_check.io.layers import list_layers
from kkpr_check.io.lock import check_lock
from kkpr_check.io.paths import is_inside
from kkpr_check.io.planfolder import PLAN_FILE, gather_plan, plan_folders, plan_sha256
from kkpr_check.io.planlayers import names_no_crs
from kkpr_check.io.quality_read import Reading, ReadLayer
from kkpr_check.io.windows import check_setbacks
from kkpr_check.plan import Plan, Tables
from kkpr_check.quality import LAYER_CHECKS, baseline, tables
from kkpr_check.quality.base import NO_POLYGONS, NOT_ZONING, LayerCheck, LayerView, Surroundings
from kkpr_check.quality.codes import distinct, read_code
from kkpr_check.quality.findings import CODES, DataFinding, NotRun, Result, Target, chosen, ordered
from kkpr_check.quality.network import NOT_ROADS
from kkpr_check.reference import field_role, kbli_editions, kbli_titles

PLAN_CODES = ("DAT010", *tables.CODES, "DAT401")
_NO_PLAN = Text("only for plan folders", "hanya untuk folder rencana")
_NO_CASES = Text("the plan has no cases.csv", "rencana tidak punya cases.csv")
_NO_CASES_READ = Text("cases.csv holds no case that can be read", "cases.csv tidak memuat kasus yang terbaca")


@dataclass(frozen=True, slots=True)
class ValidateRequest:
    """What a caller asks for; reading options hold for bare layers (plan.toml says how to read its own)."""

    targets: tuple[str, ...]
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    layer: str | None = None
    encoding: str | None = None
    assume_crs: str | None = None
    swap_xy: bool = False
    as_of: dt.date | None = None
    plan_baselines_on: dt.date | None = None
    """Day on which the baselines that the plans name are applied; None leaves all findings."""


@dataclass(slots=True)
class _Run:
    """What one run gathers."""

    request: ValidateRequest
    targets: list[Target] = field(default_factory=list)
    findings: list[DataFinding] = field(default_factory=list)
    ran: set[str] = field(default_factory=set)
    not_run: list[NotRun] = field(default_factory=list)
    known: list[baseline.Entry] = field(default_factory=list)

    def wants(self, codes: Iterable[str]) -> bool:
        return any(chosen(code, self.request.select, self.request.ignore) for code in codes)

    def wants_of_plan(self, code: str, select: Sequence[str], ignore: Sequence[str]) -> bool:
        """Tell whether the call asks for a code, and the plan does not leave it out (``--select`` outdoes the plan)."""
        return self.wants([code]) and (bool(self.request.select) or chosen(code, select, ignore))

    def add(self, findings: Iterable[DataFinding], select: Sequence[str], ignore: Sequence[str]) -> None:
        """Keep the findings that the call and the plan ask for."""
        request = self.request
        self.findings += [
            finding
            for finding in findings
            if chosen(finding.code, request.select, request.ignore)
            and (bool(request.select) or chosen(finding.code, select, ignore))
        ]


def validate(request: ValidateRequest) -> Result:
    """Look at every target and return all findings.

    Raises
    ------
    KkprError
        The call is wrong: no such target, nothing to look at in it, a prefix that names no code.
    """
    for prefix in (*request.select, *request.ignore):
        _check_prefix(prefix)
    run = _Run(request)
    bare: list[str] = []
    for target in request.targets:
        for kind, path in _expanded(target):
            if kind == "plan":
                _plan_folder(run, path)
            else:
                bare.append(path)
    if bare:
        _bare_layers(run, bare)
    result = Result(
        tuple(run.targets),
        ordered(run.findings),
        tuple(code for code in CODES if code in run.ran),
        tuple(dict.fromkeys(run.not_run)),
    )
    day = request.plan_baselines_on
    return result if day is None else with_baseline(result, run.known, day)


def with_baseline(
    result: Result, entries: Iterable[baseline.Entry], today: dt.date, targets: Sequence[str] | None = None
) -> Result:
    """Return a result without the findings that a baseline covers; what it has too much of in `targets` is listed."""
    outcome = baseline.apply(result.findings, entries, today, result.checks_run, targets)
    return replace(
        result,
        findings=outcome.findings,
        suppressed=outcome.suppressed,
        baseline_unmatched=outcome.unmatched,
        baseline_expired=outcome.expired,
    )


def read_baseline(path: str) -> tuple[baseline.Entry, ...]:
    """Return the entries of a baseline file.

    Raises
    ------
    InputError
        No such file, or no baseline.
    """
    try:
        text = local_path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    except OSError as error:
        raise InputError(
            Text(f"cannot be read: {error.strerror}", f"tidak dapat dibaca: {error.strerror}"),
            place=Place(path),
            code="baseline",
        ) from error
    return baseline.parse(text, Place(path))


def _check_prefix(prefix: str) -> None:
    if not prefix or not any(code.startswith(prefix) for code in CODES):
        raise UsageError(
            Text(f"no data code begins with {prefix!r}", f"tidak ada kode data berawalan {prefix!r}"),
            remedy=Text("for example DAT1 or DAT203", "misalnya DAT1 atau DAT203"),
        )


def _expanded(target: str) -> Iterator[tuple[str, str]]:
    """Yield plan folders and layer files of a target; a folder of plan folders gives each of them."""
    path = local_path(target)
    if path.name == PLAN_FILE:
        path = path.parent
    if not path.is_dir() or path.suffix.casefold() == ".gdb":
        yield "layer", str(path)
        return
    if (path / PLAN_FILE).is_file():
        yield "plan", str(path)
        return
    plans = plan_folders(path)
    if plans:
        yield from (("plan", str(found)) for found in plans)
        return
    from kkpr_check.io.drivers import DRIVERS, ZIPPED

    files = [p for p in sorted(path.iterdir()) if p.suffix.casefold() in {*DRIVERS, *ZIPPED, ".gdb"}]
    if not files:
        raise InputError(
            Text(
                "neither a plan folder nor a folder of layers",
                "bukan folder rencana, bukan pula folder layer",
            ),
            place=Place(target),
            remedy=Text(
                "name a folder with plan.toml, or a layer",
                "sebutkan folder berisi plan.toml, atau sebuah layer",
            ),
            code="nothing-to-validate",
        )
    yield from (("layer", str(file)) for file in files)


def _bare_layers(run: _Run, paths: Sequence[str]) -> None:
    """Look at layers without a plan; those of one call stand side by side (a boundary among them counts)."""
    request = run.request
    read = []
    for path in paths:
        for name in _layer_names(path, request.layer):
            reading = Reading(name, request.encoding, request.assume_crs, None, request.swap_xy)
            read.append(quality_read.read_layer(path, reading))
    _look_at(run, read, (), ())
    run.not_run += [
        NotRun(code, _NO_PLAN) for code in PLAN_CODES if run.wants([code]) and code not in run.ran
    ]


def _layer_names(path: str, wanted: str | None) -> list[str | None]:
    if wanted is not None:
        return [wanted]
    try:
        names = list_layers(path)
    except KkprError as error:
        if error.code in quality_read.COULD_NOT_RUN:
            raise
        return [None]
    return [None] if len(names) <= 1 else [name for name, _ in names]


def _plan_folder(run: _Run, folder: str) -> None:
    request = run.request
    plan, found, plan_errors, table_errors = gather_plan(folder)
    select, ignore = ((), ()) if plan is None else (plan.validate_select, plan.validate_ignore)
    run.targets.append(Target(folder, _sha256(folder), "plan"))
    run.ran |= {code for code in ("DAT010", *tables.CODES) if run.wants_of_plan(code, select, ignore)}
    run.add((tables.from_error(error, "DAT010") for error in tables.flattened(plan_errors)), select, ignore)
    ignored = [] if request.select else [c for c in CODES if run.wants([c]) and not chosen(c, select, ignore)]
    why = Text("[validate] of plan.toml leaves it out", "[validate] pada plan.toml mengecualikannya")
    run.not_run += [NotRun(code, why, folder) for code in ignored]
    version = 2020 if plan is None else plan.kbli_version
    known_kbli = kbli_titles(version) if version in kbli_editions() else None
    if run.wants(tables.CODES):
        run.add(
            tables.table_findings(found, table_errors, folder=folder, known_kbli=known_kbli), select, ignore
        )
    for code, blame in tables.unproved_codes(found, table_errors):
        if run.wants_of_plan(code, select, ignore):
            said = Text(f"not read: {', '.join(blame)}", f"tidak terbaca: {', '.join(blame)}")
            run.not_run.append(NotRun(code, said, folder))
    if known_kbli is None and run.wants(["DAT309"]):
        why = Text(f"KBLI {version} is not in this tool", f"KBLI {version} tidak ada dalam alat ini")
        run.not_run.append(NotRun("DAT309", why, folder))
    if plan is None:
        why = Text("plan.toml has problems (DAT010)", "plan.toml bermasalah (DAT010)")
        codes = (
            *quality_read.READ_CODES,
            *(code for check in LAYER_CHECKS for code in check.codes),
            "DAT401",
        )
        run.not_run += [NotRun(code, why, folder) for code in dict.fromkeys(codes) if run.wants([code])]
        return
    if request.plan_baselines_on is not None and plan.validate_baseline is not None:
        try:
            run.known += _plan_baseline(folder, plan.validate_baseline)
        except KkprError as error:
            run.add([tables.from_error(error, "DAT010")], select, ignore)
    read = [quality_read.read_layer(str(Path(folder) / spec.path), reading_of(folder, plan, i), spec=spec, plan=plan)
            for i, spec in enumerate(plan.layers)]  # fmt: skip
    views = _look_at(run, read, select, ignore)
    run.add(_undeclared(folder, plan), select, ignore)
    run.add(_setbacks(folder, plan, read), select, ignore)
    zonings = [view for view in views if view.role == "zoning"]
    coded = bool(zonings) and all(view.column("subzone") is not None for view in zonings)
    if "zones.csv" in found.present and coded and all(layer.view is not None for layer in read):
        run.add(tables.unused_subzones(found, _used(views), folder=folder), select, ignore)
    try:
        check_lock(folder)
    except KkprError as error:
        run.add((tables.from_error(single, "DAT010") for single in tables.flattened([error])), select, ignore)
    _cases(run, folder, found, select, ignore)


def _undeclared(folder: str, plan: Plan) -> Iterator[DataFinding]:
    """DAT010: overlays of which plan.toml says nothing, one finding for all."""
    from kkpr_check.overlay import undeclared
    from kkpr_check.rules import RULES

    open_ = [rule for rule in RULES if rule.block in ("overlay", "strip") and undeclared(rule, plan)]
    if open_:
        codes = ", ".join(rule.code for rule in open_)
        yield tables.from_place(
            "DAT010",
            "warning",
            Place(str(Path(folder) / PLAN_FILE), column="overlay"),
            Text(
                f"no [[overlay]] speaks of {codes}: undetermined on every site",
                f"tidak ada [[overlay]] untuk {codes}: perlu verifikasi di setiap lokasi",
            ),
            Text(
                "name a layer or a field, or the article that says there is none (none = ...)",
                "sebutkan layer atau field, atau pasal yang menyatakan tidak ada (none = ...)",
            ),
        )


def _setbacks(folder: str, plan: Plan, read: Sequence[ReadLayer]) -> Iterator[DataFinding]:
    """DAT010: setbacks with which no site can be judged."""
    for spec, layer in zip(plan.layers, read, strict=True):
        try:
            if layer.view is not None:
                check_setbacks(spec, layer.view.fields, layer.view.feature)
        except PlanError as error:
            place = error.place._replace(file=str(Path(folder) / (error.place.file or PLAN_FILE)))
            told = PlanError(error.text, place=place, remedy=error.remedy, code=error.code)
            yield tables.from_error(told, "DAT010")


def _plan_baseline(folder: str, name: str) -> list[baseline.Entry]:
    """Return the entries of the baseline that a plan names, with their files as the findings name them."""
    path = Path(folder) / name
    if not is_inside(path, folder):
        raise InputError(
            Text(f'"{name}" is not in the plan folder', f'"{name}" tidak berada di folder rencana'),
            place=Place(str(Path(folder) / PLAN_FILE), column="validate.baseline"),
            remedy=Text(
                "put the baseline into the folder, and write its path relative to plan.toml",
                "taruh baseline di dalam folder itu, dan tulis jalurnya relatif terhadap plan.toml",
            ),
            code="baseline",
        )
    return [entry.below(folder) for entry in read_baseline(str(path))]


def reading_of(folder: str, plan: Plan, index: int) -> Reading:
    """Return how a layer of a plan is read."""
    spec = plan.layers[index]
    crs = spec.crs or (plan.crs if plan.crs is not None and names_no_crs(Path(folder) / spec.path) else None)
    return Reading(spec.layer, spec.encoding, crs, plan.crs, spec.swap_xy)


def _sha256(folder: str) -> str | None:
    try:
        return plan_sha256(folder)
    except KkprError:
        return None


def _look_at(
    run: _Run, read: Sequence[ReadLayer], select: Sequence[str], ignore: Sequence[str]
) -> list[LayerView]:
    """Run every check on layers that stand side by side."""
    run.ran |= {code for code in quality_read.READ_CODES if run.wants([code])}
    plane = quality_read.plane_of(list(read))
    views = {id(layer): view for layer in read if (view := quality_read.projected(layer, plane)) is not None}
    around = _surroundings(list(views.values()))
    for layer in read:
        run.targets.append(layer.target)
        run.add(quality_read.in_lonlat(layer.findings, layer.crs), select, ignore)
        view = views.get(id(layer))
        if view is None:
            continue
        for check in LAYER_CHECKS:
            wanted = [code for code in check.codes if run.wants_of_plan(code, select, ignore)]
            why = check.why_not(view, around) if wanted else None
            if why is not None:
                run.not_run += [NotRun(code, why, view.file) for code in wanted]
            elif wanted:
                run.ran |= set(wanted)
                run.add(quality_read.in_lonlat(_checked(check, view, around), plane), select, ignore)
    told = run.ran | {item.code for item in run.not_run if _matters(item)}
    run.not_run[:] = [
        item for item in run.not_run if item.file is None or item.code not in told or _matters(item)
    ]
    return list(views.values())


def _checked(check: LayerCheck, view: LayerView, around: Surroundings) -> list[DataFinding]:
    """Run one check; where GEOS gives up that is a finding, and the other checks go on."""
    found: list[DataFinding] = []
    try:
        found.extend(check.run(view, around))
    except GEOSException as error:
        found.append(
            view.finding(
                "DAT105",
                "error",
                Text(
                    f"the geometry library gave up on the layer ({check.codes[0]} ...): {error}",
                    f"pustaka geometri gagal mengolah layer ({check.codes[0]} ...): {error}",
                ),
                Text("repair the geometries and run again", "perbaiki geometrinya lalu ulangi"),
            )
        )
    return found


def _matters(item: NotRun) -> bool:
    """Tell whether a check that ran elsewhere is worth naming: not where it is simply not meant for a layer."""
    return item.why not in (NOT_ZONING, NO_POLYGONS, NOT_ROADS)


def _surroundings(views: Sequence[LayerView]) -> Surroundings:
    """Return the boundary layers; the plan's own boundary is what has no villages or districts, where one has none."""
    boundaries = [view for view in views if view.role == "boundary" and view.has_plane]
    outlines = [view for view in boundaries if not _is_administrative(view)]
    if not outlines:
        outlines = [view for view in boundaries if view.declared]
    if not outlines:
        return Surroundings(None, boundaries, views)
    shapes = [
        g for view in outlines for g in view.geometry if g is not None and shapely.get_dimensions(g) == 2
    ]
    boundary = union_of(np.array(shapes, dtype=object))
    shapely.prepare(boundary)
    return Surroundings(boundary, boundaries, views)


def _is_administrative(view: LayerView) -> bool:
    roles = {field_role(name) for name in view.fields}
    return bool(roles & {"admin_village", "admin_district"})


def _used(views: Sequence[LayerView]) -> set[str]:
    used: set[str] = set()
    for view in views:
        column = view.column("subzone") if view.role == "zoning" else None
        for value in distinct(view.fields[column]) if column is not None else ():
            code = read_code(view, value).code if value is not None else None
            if code is not None:
                used.add(code)
    return used


def _cases(run: _Run, folder: str, found: Tables, select: Sequence[str], ignore: Sequence[str]) -> None:
    if not run.wants(["DAT401"]):
        return
    if not found.cases:
        why = _NO_CASES_READ if "cases.csv" in found.present else _NO_CASES
        run.not_run.append(NotRun("DAT401", why, folder))
        return
    from kkpr_check.cases import case_findings

    try:
        findings = list(case_findings(folder, found.cases, as_of=run.request.as_of))
    except KkprError as error:
        why = Text(
            f"the plan cannot be judged on: {error.text.en}", f"rencana tidak dapat dipakai: {error.text.id}"
        )
        run.not_run.append(NotRun("DAT401", why, folder))
        return
    run.ran.add("DAT401")
    run.add(findings, select, ignore)

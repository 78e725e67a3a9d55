"""``kkpr-check plan show``: what a plan is, at a glance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kkpr_check.errors import KkprError, Text
from kkpr_check.phrases import Quantity, counted, features, say

if TYPE_CHECKING:
    from kkpr_check.io.layers import LayerData
    from kkpr_check.plan import LayerSpec, Plan

MAP_ROWS = 16
MAX_PROBLEMS = 5
"""Findings shown of each code, so that many of one kind do not hide the others."""
MAX_VALUES = 8
NO, YES = Text("no", "tidak"), Text("yes", "ya")
STATUS = {"in-force": Text("in force", "berlaku"), "draft": Text("draft", "rancangan")}


def show_command(directory: str | Path, *, lang: str = "en", columns: int = 80, braille: bool = True) -> str:
    """Return identity, layers, mapping, coverage of the tables, findings of the prover, and a small map.

    Parameters
    ----------
    directory
        The plan folder; marks that ``plan init`` left open are listed first.
    lang
        ``id`` or ``en``.
    columns
        Width of the map in characters.
    braille
        Draw the map in braille dots; False for terminals that have none.

    Raises
    ------
    PlanError, ErrorGroup
        plan.toml or a table can not be read. A layer that can not be read is named in the text instead.
    """
    from kkpr_check.io.planfolder import load_plan

    root = Path(directory)
    plan = load_plan(root)
    layers = [(spec, _read(root, spec, plan)) for spec in plan.layers]
    sections = [
        [*_identity(root, plan), *_open_marks(root)],
        [line for spec, data in layers for line in _layer(spec, data)],
        list(_overlays(plan)),
        list(_coverage(plan, layers)),
        list(_problems(root, plan)),
    ]
    titles = (
        Text("Plan", "Rencana"),
        Text("Layers", "Layer"),
        Text("Overlays", "Ketentuan khusus"),
        Text("Tables", "Tabel"),
        Text("Findings of the prover", "Temuan pembuktian tabel"),
    )
    out: list[str] = []
    for title, lines in zip(titles, sections, strict=True):
        out += [title.pick(lang), *("  " + line.pick(lang) for line in lines), ""]
    drawn = _map(plan, layers, columns, braille)
    if drawn:
        out += [
            Text("Map (gaps in the fill = zone lines)", "Peta (celah pada isian = batas zona)").pick(lang),
            *drawn,
        ]
    return "\n".join(out).rstrip() + "\n"


def _read(root: Path, spec: LayerSpec, plan: Plan) -> LayerData | KkprError:
    """Return the layer, or why it can not be read; the plan's CRS serves a layer that names none."""
    from kkpr_check.io.layers import read_layer

    try:
        for crs in dict.fromkeys((spec.crs, spec.crs or plan.crs)):
            try:
                return read_layer(
                    root / spec.path, layer=spec.layer, encoding=spec.encoding, crs=crs, swap_xy=spec.swap_xy,
                    keep_broken=True,
                )  # fmt: skip
            except KkprError as error:
                if error.code != "crs-missing" or crs is not None or plan.crs is None:
                    return error
    except OSError as error:
        return KkprError(Text(str(error), str(error)))
    raise AssertionError("unreachable: the last attempt returns")


def _identity(root: Path, plan: Plan) -> list[Text]:
    status = STATUS[plan.status]
    begin, end = plan.valid_from or "...", plan.valid_until or "..."
    scale = Text("-", "-") if not plan.scale else say("1:{n}", "1:{n}", n=Quantity(plan.scale, ""))
    accuracy = Quantity(plan.ce90_m, "m").text()
    oss = YES if plan.oss_integrated else NO
    lines = [
        Text(f"{plan.name} ({plan.id}), {plan.level}", f"{plan.name} ({plan.id}), {plan.level}"),
        Text(f"law: {plan.legal}", f"dasar hukum: {plan.legal}"),
        Text(f"{status.en}, valid {begin} to {end}", f"{status.id}, masa berlaku {begin} sampai {end}"),
        Text(f"scale {scale.en}, CE90 {accuracy.en}", f"skala {scale.id}, CE90 {accuracy.id}"),
        Text(
            f"integrated in OSS: {oss.en}; KBLI {plan.kbli_version}",
            f"terintegrasi OSS: {oss.id}; KBLI {plan.kbli_version}",
        ),
        _lock(root),
    ]
    if plan.synthetic:
        lines.append(Text("SYNTHETIC: no real plan", "SINTETIS: bukan rencana nyata"))
    return lines


def _open_marks(root: Path) -> Iterator[Text]:
    """Say what `plan init` left to a person: lines of plan.toml, and rows of zones.csv."""
    from kkpr_check.io.adopt.toml import MARK

    for name, mark in (("plan.toml", MARK), ("zones.csv", ",TODO")):
        path = root / name
        text = path.read_text(encoding="utf-8-sig") if path.is_file() else ""
        quoted = f'"{mark}"'  # the head of plan.toml says what to search for
        lines = enumerate(text.splitlines(), start=1)
        rows = [str(number) for number, line in lines if mark in line.replace(quoted, "")]
        if rows:
            shown = _shorten(rows)
            yield Text(
                f"STILL OPEN: {len(rows)} marks in {name}, lines {shown}",
                f"MASIH TERBUKA: {len(rows)} tanda di {name}, baris {shown}",
            )


def _lock(root: Path) -> Text:
    from kkpr_check.io.lock import check_lock

    try:
        state = check_lock(root)
    except KkprError as error:
        return Text(f"lock: {error.text.en}", f"kunci: {error.text.id}")
    return (
        Text("locked, files unchanged", "terkunci, berkas tidak berubah")
        if state == "locked"
        else Text("unlocked (kkpr-check plan lock)", "belum dikunci (kkpr-check plan lock)")
    )


def _layer(spec: LayerSpec, data: LayerData | KkprError) -> Iterator[Text]:
    inside = f" [{spec.layer}]" if spec.layer else ""
    head = f"{spec.id} ({spec.role}): {spec.path}{inside}"
    if isinstance(data, KkprError):
        yield Text(f"{head}: CAN NOT BE READ: {data.text.en}", f"{head}: TIDAK DAPAT DIBACA: {data.text.id}")
        return
    from kkpr_check.report.words import crs

    size = features(len(data))
    yield Text(
        f"{head}: {size.en}, {data.geometry_type}, {crs(data.crs_label)}",
        f"{head}: {size.id}, {data.geometry_type}, {crs(data.crs_label)}",
    )
    pairs = [f"{meaning} = {name}" for meaning, name in spec.fields.items()]
    pairs += [f"{meaning} = {value!r}" for meaning, value in spec.defaults.items()]
    if pairs:
        yield Text("  mapping: " + ", ".join(pairs), "  pemetaan: " + ", ".join(pairs))
    if spec.codes:
        shown = _shorten([f"{value} -> {code}" for value, code in spec.codes.items()])
        yield Text(f"  codes: {shown}", f"  kode: {shown}")
    absent = [name for name in spec.fields.values() if name not in data.fields]
    if absent:
        listed = ", ".join(absent)
        yield Text(f"  FIELDS NOT IN THE LAYER: {listed}", f"  FIELD TIDAK ADA DI LAYER: {listed}")
    if data.repairs or data.doubts:
        yield Text(
            f"  invalid geometries repaired: {len(data.repairs)}, unusable features: {len(data.doubts)}",
            f"  geometri tidak valid diperbaiki: {len(data.repairs)}, fitur tak terpakai: {len(data.doubts)}",
        )


def _shorten(words: Sequence[str]) -> str:
    return ", ".join(words[:MAX_VALUES]) + (
        f" (+{len(words) - MAX_VALUES})" if len(words) > MAX_VALUES else ""
    )


def _overlays(plan: Plan) -> Iterator[Text]:
    from kkpr_check.io.adopt.toml import RULE_NAMES

    for rule, name in RULE_NAMES.items():
        specs = [spec for spec in plan.overlays if spec.rule == rule]
        if not specs:
            yield Text(
                f"{rule} {name.en}: undeclared -> undetermined",
                f"{rule} {name.id}: tidak dideklarasikan -> perlu verifikasi",
            )
            continue
        said = [
            f"none: {spec.none}" if spec.none else ".".join(part for part in (spec.layer, spec.field) if part)
            for spec in specs
        ]
        yield Text(f"{rule} {name.en}: {', '.join(said)}", f"{rule} {name.id}: {', '.join(said)}")


def _coverage(plan: Plan, layers: Sequence[tuple[LayerSpec, LayerData | KkprError]]) -> Iterator[Text]:
    from kkpr_check.prover import coverage

    found = coverage(plan.tables)
    mapped, unknown, without = _subzones(plan, layers)
    yield Text(
        f"sub-zones: {found.subzones} in zones.csv ({found.protected} protected), {len(mapped)} on the map, "
        f"{len(mapped & plan.tables.itbx_subzones)} of them in itbx.csv, "
        f"{len(mapped & plan.tables.intensity.keys())} in intensity.csv",
        f"subzona: {found.subzones} di zones.csv ({found.protected} lindung), {len(mapped)} di peta, "
        f"{len(mapped & plan.tables.itbx_subzones)} di antaranya di itbx.csv, "
        f"{len(mapped & plan.tables.intensity.keys())} di intensity.csv",
    )
    if unknown:
        shown = _shorten([f"{value} ({n})" for value, n in unknown.most_common()])
        yield Text(f"on the map but not in zones.csv: {shown}", f"di peta tetapi tidak di zones.csv: {shown}")
    if without:
        yield Text(f"features without a code: {without}", f"fitur tanpa kode: {without}")
    yield Text(
        f"activities: {found.activities}, KBLI codes: {found.kbli}, conditions: {found.conditions}, cases: {found.cases}",
        f"kegiatan: {found.activities}, kode KBLI: {found.kbli}, syarat: {found.conditions}, kasus uji: {found.cases}",
    )
    letters = ", ".join(f"{letter} {n}" for letter, n in found.itbx_letters.items())
    yield Text(
        f"itbx: {found.itbx_filled} of {found.itbx_cells} cells filled{f' ({letters})' if letters else ''}",
        f"itbx: {found.itbx_filled} dari {found.itbx_cells} sel terisi{f' ({letters})' if letters else ''}",
    )
    yield Text(
        f"intensity: {found.intensity_rows} rows; limits given {found.limits_given}, "
        f"not regulated {found.limits_unregulated}, missing {found.limits_missing}",
        f"intensitas: {found.intensity_rows} baris; batas terisi {found.limits_given}, "
        f"tidak diatur {found.limits_unregulated}, kosong {found.limits_missing}",
    )


def _subzones(
    plan: Plan, layers: Sequence[tuple[LayerSpec, LayerData | KkprError]]
) -> tuple[set[str], Counter[str], int]:
    """Return the sub-zones on the map that zones.csv knows, the others by features, and features without a code."""
    mapped: set[str] = set()
    unknown: Counter[str] = Counter()
    without = 0
    for _, codes in _codes(layers):
        for code in codes:
            if code is None:
                without += 1
            elif code in plan.tables.zones:
                mapped.add(code)
            else:
                unknown[code] += 1
    return mapped, unknown, without


def _codes(
    layers: Sequence[tuple[LayerSpec, LayerData | KkprError]],
) -> Iterator[tuple[LayerData, list[str | None]]]:
    """Yield each readable zoning layer with the sub-zone of every feature."""
    from kkpr_check.features import as_text

    for spec, data in layers:
        if spec.role != "zoning" or isinstance(data, KkprError):
            continue
        values = data.fields.get(spec.fields.get("subzone", ""), [None] * len(data))
        codes: Mapping[str, str] = {as_text(key) or key: code for key, code in spec.codes.items()}
        texts = [as_text(value) or None for value in values]
        yield data, [None if text is None else codes.get(text, text) for text in texts]


def _problems(root: Path, plan: Plan) -> Iterator[Text]:
    from kkpr_check.prover import prove
    from kkpr_check.reference import kbli_editions, kbli_titles

    known = kbli_titles(plan.kbli_version) if plan.kbli_version in kbli_editions() else None
    if known is None:
        yield Text(
            f"KBLI {plan.kbli_version} is not in the package: its codes are not checked",
            f"KBLI {plan.kbli_version} tidak ada di paket: kodenya tidak diperiksa",
        )
    problems = prove(plan.tables, known_kbli=known)
    levels = Counter(problem.level for problem in problems)
    counts = (
        counted(levels["error"], "error", "errors", "kesalahan"),
        counted(levels["warning"], "warning", "warnings", "peringatan"),
        counted(levels["info"], "note", "notes", "catatan"),
    )
    yield Text(", ".join(count.en for count in counts), ", ".join(count.id for count in counts))
    order = {"error": 0, "warning": 1, "info": 2}
    codes = Counter(problem.code for problem in problems)
    shown: Counter[str] = Counter()
    for problem in sorted(problems, key=lambda p: (order[p.level], p.code)):
        shown[problem.code] += 1
        if shown[problem.code] > MAX_PROBLEMS:
            continue
        where = {lang: problem.place.pick(lang) for lang in ("en", "id")}
        yield Text(
            f"{problem.code} {where['en']}: {problem.text.en}",
            f"{problem.code} {where['id']}: {problem.text.id}",
        )
        more = codes[problem.code] - MAX_PROBLEMS
        if shown[problem.code] == MAX_PROBLEMS and more > 0:
            yield Text(
                f"{problem.code} ... and {more} more (kkpr-check validate)",
                f"{problem.code} ... dan {more} lagi (kkpr-check validate)",
            )


def _map(
    plan: Plan, layers: Sequence[tuple[LayerSpec, LayerData | KkprError]], columns: int, braille: bool
) -> list[str]:
    """Return the map lines of the first zoning layer that has areas, with its sub-zones by share of the dots."""
    from kkpr_check.report.zone_map import zone_map

    for data, codes in _codes(layers):
        drawn = zone_map(data.geometry, codes, columns=min(columns - 2, 78), rows=MAP_ROWS, braille=braille)
        if drawn:
            return ["  " + line for line in drawn]
    return []

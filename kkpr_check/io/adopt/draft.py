"""What ``plan init`` proposes: layers with roles and mappings, decisions taken, and what is left to a person."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from kkpr_check.errors import ErrorGroup, KkprError, Place, PlanError, Text
from kkpr_check.io.adopt.bare import SCALES, zone_of
from kkpr_check.io.adopt.inspection import Inspection, guess_level, inspect, require_zoning
from kkpr_check.io.adopt.notes import reading_notes
from kkpr_check.io.adopt.roles import NAMES, Role
from kkpr_check.io.adopt.versions import check_versions
from kkpr_check.io.adopt.zoning import FINDERS
from kkpr_check.io.layers import list_layers, read_layer
from kkpr_check.io.plancheck import layer_ids
from kkpr_check.plan import Level, Zone
from kkpr_check.reference import road_class_of

FIELD_THRESHOLD = 0.3
"""Least score of a code field that is taken without a mark; below it a person has to confirm the field."""
MAX_QUESTIONS = 40
"""So many open values are asked for on a terminal; the rest stays marked."""
CONTAINERS = frozenset({".gpkg", ".gdb", ".zip", ".kml", ".kmz", ".shz"})


@dataclass(frozen=True, slots=True)
class Question:
    """One thing to ask a person. An empty answer leaves the mark in plan.toml."""

    text: Text
    choices: tuple[str, ...] = ()
    default: str = ""


Ask = Callable[[Question], str]


@dataclass(frozen=True, slots=True)
class DraftLayer:
    """One layer to be adopted.

    Attributes
    ----------
    source
        The file as the user named it.
    named
        Layer inside a container, or None.
    codes
        Source value -> sub-zone; "" = a person has to decide, and until then the value stands for itself.
    notes
        What was noticed while reading, for the summary and the comments.
    """

    source: Path
    id: str
    inspection: Inspection
    named: str | None = None
    encoding: str | None = None
    crs: str | None = None
    swap_xy: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Text, ...] = ()

    @property
    def role(self) -> Role:
        """Its role in the plan."""
        return self.inspection.role

    @property
    def field_is_doubtful(self) -> bool:
        """Tell whether the field of the sub-zone code has to be confirmed."""
        return self.role == "zoning" and self.inspection.score < FIELD_THRESHOLD


@dataclass(frozen=True, slots=True)
class Draft:
    """A plan folder before it is written; empty texts are marks for a person."""

    id: str
    name: str
    level: Level
    level_reason: Text
    layers: tuple[DraftLayer, ...]
    zones: Mapping[str, Zone]
    open_zones: Mapping[str, str]
    legal: str = ""
    status: str = ""
    valid_from: str = ""
    notes: tuple[Text, ...] = ()

    @property
    def zoning(self) -> tuple[DraftLayer, ...]:
        """The zoning layers."""
        return tuple(layer for layer in self.layers if layer.role == "zoning")

    @property
    def scale(self) -> int:
        """Map scale that goes with the level."""
        return SCALES[self.level]


@dataclass(frozen=True, slots=True)
class Reading:
    """How every layer of a call is read."""

    layer: str | None = None
    encoding: str | None = None
    assume_crs: str | None = None
    swap_xy: bool = False


def make_draft(paths: Sequence[str | Path], reading: Reading, *, ask: Ask | None = None) -> Draft:
    """Read and inspect layers and propose a plan folder.

    Parameters
    ----------
    paths
        At least one zoning layer; roads, rivers, parcels, overlays ... beside it.
    reading
        How they are read.
    ask
        Answers questions on a terminal; without it what is certain is taken and the rest is marked.

    Raises
    ------
    PlanError, ErrorGroup
        No zoning layer among them, a layer of no use to a plan, two kinds of plan or two versions at once.
    InputError, CrsError
        A layer that can not be read.
    """
    found = [layer for path in paths for layer in _open(Path(path), reading)]
    _refuse_unusable(found)
    seams = check_versions([layer.inspection for layer in found if layer.role == "zoning"])
    layers = [_with_codes(layer, ask) for layer in _with_ids(found)]
    zoning = [layer.inspection for layer in layers if layer.role == "zoning"]
    level, reason = guess_level(zoning[0])
    zones, open_zones = _zones(layers)
    stem = next(layer.source.stem for layer in layers if layer.role == "zoning")
    draft = Draft(
        re.sub(r"[^a-z0-9]+", "-", stem.casefold()).strip("-") or level, stem.replace("_", " "), level, reason,
        tuple(layers), zones, open_zones, notes=tuple(seams),
    )  # fmt: skip
    return draft if ask is None else _ask_identity(draft, ask)


def _open(path: Path, reading: Reading) -> list[DraftLayer]:
    """Read one file: the layer asked for, or every usable layer of a container."""
    if path.is_dir() and path.suffix.casefold() != ".gdb":
        raise PlanError(
            Text("is a folder, not a layer", "berupa folder, bukan layer"),
            place=Place(str(path)),
            remedy=Text(
                "name the files in it: plan init DIR/*.shp", "sebutkan berkasnya: plan init DIR/*.shp"
            ),
        )
    names = [reading.layer]
    if reading.layer is None and path.suffix.casefold() in CONTAINERS:
        listed = [name for name, _ in list_layers(path)]
        names = list(listed) if len(listed) > 1 else [None]
    layers = [_read(path, name, reading) for name in names]
    usable = [layer for layer in layers if layer.role != "none"]
    return usable if len(layers) > 1 and usable else layers


def _read(path: Path, name: str | None, reading: Reading) -> DraftLayer:
    data = read_layer(
        path,
        layer=name,
        encoding=reading.encoding,
        crs=reading.assume_crs,
        swap_xy=reading.swap_xy,
        keep_broken=True,
    )
    found = inspect(data)
    in_container = path.suffix.casefold() in CONTAINERS
    return DraftLayer(
        source=path, id="", inspection=found, named=data.layer if in_container else None, encoding=reading.encoding,
        crs=reading.assume_crs, swap_xy=reading.swap_xy, fields=dict(found.fields), notes=reading_notes(path, data),
    )  # fmt: skip


def _refuse_unusable(layers: Sequence[DraftLayer]) -> None:
    """Refuse layers that no plan uses, and a call without exactly one kind of zoning."""
    zoning = [layer.inspection for layer in layers if layer.role == "zoning"]
    errors: list[KkprError] = []
    for layer in layers:
        if layer.role == "none" and zoning:
            errors.append(_of_no_use(layer.inspection))
        elif not zoning:
            try:
                require_zoning(layer.inspection)
            except PlanError as error:
                errors.append(error)
    if not layers:
        errors.append(PlanError(Text("no layer is given", "tidak ada layer yang diberikan")))
    if len({found.family for found in zoning}) > 1:
        errors.append(
            PlanError(
                Text("an RDTR and an RTRW are two plans", "RDTR dan RTRW adalah dua rencana"),
                place=zoning[1].place,
                remedy=Text("run plan init for each of them", "jalankan plan init untuk masing-masing"),
            )
        )
    if errors:
        raise errors[0] if len(errors) == 1 else ErrorGroup(errors)


def _of_no_use(found: Inspection) -> PlanError:
    """Return the refusal of a layer that stands beside a zoning layer and that no plan uses."""
    return PlanError(
        Text(
            f"a plan has no use for this layer: {found.reason.en}",
            f"layer ini tidak dipakai rencana: {found.reason.id}",
        ),
        place=found.place,
        remedy=Text("leave it out", "jangan disertakan"),
        code="not-zoning",
    )


def _with_ids(layers: Sequence[DraftLayer]) -> list[DraftLayer]:
    order = {"zoning": 0}
    ranked = sorted(layers, key=lambda layer: order.get(layer.role, 1))
    ids = layer_ids([{"role": layer.role} for layer in ranked])
    return [replace(layer, id=name) for layer, name in zip(ranked, ids, strict=True)]


def _with_codes(layer: DraftLayer, ask: Ask | None) -> DraftLayer:
    """Decide the field and the codes of a zoning layer: the certain ones by themselves, the rest by asking."""
    found = layer.inspection
    if layer.role != "zoning":
        return replace(layer, codes=_road_codes(found)) if layer.role == "road" else layer
    if ask is not None:
        layer = _ask_field(layer, ask)
        found = layer.inspection
    guess = require_zoning(found)
    codes = {value: match.code for value, match in found.matches.items() if match.code != value}
    for number, item in enumerate(found.unresolved):
        answer = ""
        if ask is not None and number < MAX_QUESTIONS:
            hint = f" ({', '.join(item.suggestions)}?)" if item.suggestions else ""
            answer = ask(
                Question(
                    Text(
                        f'{guess.field} = "{item.value}" ({item.features} features, {item.why.en}): which sub-zone?{hint}',
                        f'{guess.field} = "{item.value}" ({item.features} fitur, {item.why.id}): subzona apa?{hint}',
                    )
                )
            ).strip()
        codes[item.value] = answer
    return replace(layer, codes=codes)


def _road_codes(found: Inspection) -> dict[str, str]:
    """Return source value -> road class, "" for values that name none."""
    column = next((c for c in found.columns if c.name == found.fields.get("road_class")), None)
    values = {} if column is None else {value: road_class_of(value) or "" for value in column.counts}
    return {value: road for value, road in values.items() if value != road}


def _ask_field(layer: DraftLayer, ask: Ask) -> DraftLayer:
    found = layer.inspection
    names = tuple(dict.fromkeys(guess.field for guess in found.candidates))[:6]
    if found.subzone is None or len(names) < 2:
        return layer
    text = Text(
        f"{layer.source.name}: which field holds the sub-zone code? ({found.reason.en})",
        f"{layer.source.name}: field mana yang memuat kode subzona? ({found.reason.id})",
    )
    answer = ask(Question(text, names, found.subzone.field)).strip() or found.subzone.field
    if answer == found.subzone.field or answer not in names:
        return replace(layer, fields={**layer.fields, "subzone": found.subzone.field})
    chosen = found.with_field(answer)
    return replace(layer, inspection=chosen, fields=dict(chosen.fields))


def _ask_identity(draft: Draft, ask: Ask) -> Draft:
    def answer(question: Question) -> str:
        return ask(question).strip()

    name = answer(Question(Text("Name of the plan", "Nama rencana"), default=draft.name))
    law = Text("Regulation (Perda, Perkada ... and number)", "Peraturan (Perda, Perkada ... dan nomornya)")
    legal = answer(Question(law))
    status = answer(Question(Text("Status", "Status"), ("in-force", "draft", ""))) if legal else ""
    since = Question(Text("In force since (2026-11-24)", "Berlaku sejak (2026-11-24)"))
    valid_from = answer(since)
    while valid_from and not _is_date(valid_from):
        valid_from = answer(since)
    return replace(draft, name=name or draft.name, legal=legal, status=status, valid_from=valid_from)


def _is_date(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _zones(layers: Sequence[DraftLayer]) -> tuple[dict[str, Zone], dict[str, str]]:
    """Return the zones that are decided, and the open source values with the name the layer gives them."""
    zones: dict[str, Zone] = {}
    open_zones: dict[str, str] = {}
    for layer in layers:
        for match in layer.inspection.matches.values():
            zones.setdefault(match.code, zone_of(match.code, match, layer.inspection.names.get(match.code)))
    for layer in layers:
        for item in layer.inspection.unresolved:
            decided = layer.codes.get(item.value, "")
            chosen = FINDERS[layer.inspection.family or "rdtr"](decided) if decided else None
            if chosen is not None and chosen.code == decided:
                zones.setdefault(decided, zone_of(decided, chosen, None))
            if decided not in zones:
                open_zones[decided or item.value] = layer.inspection.open_names.get(item.value, "")
    return dict(sorted(zones.items())), dict(sorted(open_zones.items()))


def describe(layer: DraftLayer) -> Text:
    """Return one line on a layer: file, role, reason."""
    what = NAMES[layer.role]
    title = layer.source.name + (
        f" [{layer.named}]" if layer.named and layer.named != layer.source.stem else ""
    )
    return Text(
        f"{title}: {what.en} - {layer.inspection.reason.en}",
        f"{title}: {what.id} - {layer.inspection.reason.id}",
    )

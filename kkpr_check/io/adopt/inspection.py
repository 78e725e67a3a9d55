"""What a real layer is and which field carries what: detection for ``plan init`` and for bare layers.

Fields are found by their *values*: real layers keep the letter code in KODSBL, KODEWP or ``Kode``. Nothing is
guessed silently: whatever is not certain is listed as unresolved with a suggestion at most.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kkpr_check.errors import Place, PlanError, Text
from kkpr_check.io.adopt.columns import Column, LayerLike, columns_of, count_pairs
from kkpr_check.io.adopt.roles import NAMES, Role, RoleGuess, disqualified, other_role, shape_of, words_of
from kkpr_check.io.adopt.zoning import (
    AnyMatch,
    Conflict,
    Family,
    FieldGuess,
    find_conflicts,
    forced_guess,
    guess_fields,
    is_zoning_evidence,
)
from kkpr_check.plan import Level
from kkpr_check.reference import clean, field_role, overlay_column

__all__ = [
    "Inspection",
    "Role",
    "Unresolved",
    "guess_level",
    "inspect",
    "require_zoning",
]


@dataclass(frozen=True, slots=True)
class Unresolved:
    """A source value that stands for no sub-zone for certain."""

    value: str
    features: int
    suggestions: tuple[str, ...]
    why: Text


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found out about a layer.

    Attributes
    ----------
    role, reason
        What the layer is, and the evidence.
    family
        Which catalogue a zoning layer is read with: ``rdtr`` or ``rtrw``.
    looks_like
        The other catalogue, where it fits clearly better than the one the user asked for.
    subzone, candidates
        The field that carries the code, and all fields that were weighed, best first (zoning only).
    fields
        Meaning -> source column, as ``[layer.fields]`` writes it.
    names
        Sub-zone -> the name that the layer itself gives it most often.
    unresolved, without_value
        Values that need a person; number of features without any value.
    conflicts
        Features whose fields name different sub-zones.
    open_names
        Unresolved value -> the name that the layer gives it most often.
    overlays
        Official overlay column -> distinct values with their number of features ("" = null).
    """

    path: str
    layer: str | None
    features: int
    role: Role
    reason: Text
    family: Family | None = None
    score: float = 0.0
    subzone: FieldGuess | None = None
    candidates: tuple[FieldGuess, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    unresolved: tuple[Unresolved, ...] = ()
    without_value: int = 0
    conflicts: tuple[Conflict, ...] = ()
    overlays: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    overlay_rule: str | None = None
    columns: tuple[Column, ...] = ()
    title: str = ""
    open_names: Mapping[str, str] = field(default_factory=dict)
    looks_like: Family | None = None
    data: LayerLike | None = field(default=None, repr=False, compare=False)

    @property
    def matches(self) -> Mapping[str, AnyMatch]:
        """Source value -> match, for those that are certain."""
        found = self.subzone.matches if self.subzone else {}
        return {value: match for value, match in found.items() if match is not None and match.certain}

    def with_field(self, name: str) -> Inspection:
        """Return the inspection with another of its candidates as the field of the sub-zone code."""
        chosen = [guess for guess in self.candidates if guess.field == name]
        if not chosen or self.data is None:
            raise KeyError(name)
        return _zoning(self.data, self.columns, (chosen[0], *(g for g in self.candidates if g != chosen[0])))

    @property
    def place(self) -> Place:
        """The layer, for messages."""
        return Place(self.path, self.layer)


def inspect(data: LayerLike, *, family: Family | None = None) -> Inspection:
    """Find out what a layer is and, for a zoning map, which field carries the sub-zone code.

    Parameters
    ----------
    data
        The layer as read; any CRS.
    family
        ``rdtr`` or ``rtrw`` where the user has said what it is; else both catalogues are tried.
    """
    columns = columns_of(data)
    weighed = guess_fields(columns, words_of(data)) if shape_of(data) == "area" else ()
    guesses = tuple(guess for guess in weighed if family in (None, guess.family))
    by_name = {column.name: column for column in columns}
    evidence = next((g for g in guesses if is_zoning_evidence(g, by_name[g.field])), None)
    best = guesses[0] if guesses else None
    if evidence is None and shape_of(data) == "area" and _official(columns):
        best = evidence = forced_guess(columns, family or "rdtr")
        guesses = guesses if best is None else (best, *guesses)
    if evidence is not None and best is not None:
        named = any(guess.named >= 0.5 * guess.features for guess in guesses)
        other = None if _official(columns) else disqualified(data, columns, by_name[best.field], named=named)
        if other is None:
            return replace(_zoning(data, columns, guesses), looks_like=_looks_like(weighed, best))
        return _other(data, columns, other, guesses)
    return _other(data, columns, other_role(data, columns), guesses)


def require_zoning(inspection: Inspection) -> FieldGuess:
    """Return the field of the sub-zone code, or refuse a layer that is no zoning map.

    Raises
    ------
    PlanError
        Code ``not-zoning``, with what the layer is instead.
    """
    if inspection.role == "zoning" and inspection.subzone is not None:
        return inspection.subzone
    what = NAMES[inspection.role]
    known = inspection.role != "none"
    raise PlanError(
        Text(
            f"this is no zoning layer (pola ruang){f' but {what.en}' if known else ''}: {inspection.reason.en}",
            f"ini bukan layer pola ruang{f' melainkan {what.id}' if known else ''}: {inspection.reason.id}",
        ),
        place=inspection.place,
        remedy=Text(
            "give the pola ruang layer; if this is it, write plan.toml by hand and name the code field there: "
            "[layer.fields] subzone = ...",
            "berikan layer pola ruang; bila memang ini, tulis plan.toml sendiri dan sebutkan field kodenya: "
            "[layer.fields] subzone = ...",
        ),
        code="not-zoning",
    )


def guess_level(inspection: Inspection) -> tuple[Level, Text]:
    """Return the level of a bare zoning layer and how it was told: an assumption for the report."""
    if inspection.family == "rdtr":
        return "rdtr", Text("its codes are those of an RDTR", "kodenya kode RDTR")
    title = words_of_title(inspection.title)
    names = {column.name.strip().upper(): column for column in inspection.columns if column.filled}
    if any(word.startswith(("rtrwp", "prov")) for word in title):
        return "rtrw-prov", Text("its name says province", "namanya menyebut provinsi")
    regency = names.get("WADMKK")
    values = [value.casefold() for value in regency.counts] if regency else []
    if "kota" in title or (values and all(value.startswith("kota") for value in values)):
        return "rtrw-kota", Text("its name or WADMKK says kota", "namanya atau WADMKK menyebut kota")
    if "WADMKC" in names or "kab" in title or "kabupaten" in title:
        return "rtrw-kab", Text(
            "it names districts (WADMKC) or a kabupaten", "memuat kecamatan (WADMKC) atau kabupaten"
        )
    return "rtrw-prov", Text(
        "nothing names a smaller area than a province", "tidak ada petunjuk lebih kecil dari provinsi"
    )


def words_of_title(title: str) -> list[str]:
    """Return the words of a file name, lower case."""
    return title.casefold().split()


def _looks_like(weighed: tuple[FieldGuess, ...], best: FieldGuess) -> Family | None:
    """Return the other kind of plan where its catalogue explains the layer clearly better."""
    other = next((guess for guess in weighed if guess.family != best.family), None)
    return other.family if other is not None and other.rank - best.rank > 0.1 else None


def _official(columns: tuple[Column, ...]) -> bool:
    names = {column.name.strip().upper() for column in columns}
    return (
        len(names & {"KODZON", "KODSZN", "NAMZON", "NAMSZN", "KODKWS", "JNSRPR", "KODZON_1", "KODSZN_1"}) >= 2
    )


def _other(
    data: LayerLike, columns: tuple[Column, ...], guess: RoleGuess, candidates: tuple[FieldGuess, ...]
) -> Inspection:
    return Inspection(
        path=str(data.path), layer=data.layer, features=len(data.geometry), role=guess.role, reason=guess.reason,
        candidates=candidates, fields=guess.fields, overlay_rule=guess.overlay_rule, columns=columns,
        title=words_of(data),
    )  # fmt: skip


def _zoning(data: LayerLike, columns: tuple[Column, ...], guesses: tuple[FieldGuess, ...]) -> Inspection:
    best = guesses[0]
    fields = {"subzone": best.field} | _name_and_remark(columns, best)
    checked = [
        g.field for g in guesses if g.field != best.field and g.family == best.family and g.score >= 0.5
    ]
    compared = {
        name: data.fields[name] for name in dict.fromkeys([*checked, *filter(None, [fields.get("name")])])
    }
    compared.pop(best.field, None)
    return Inspection(
        path=str(data.path),
        layer=data.layer,
        features=len(data.geometry),
        role="zoning",
        reason=best.evidence(),
        family=best.family,
        score=best.score,
        subzone=best,
        candidates=guesses,
        fields=fields,
        names=_names(data, best, fields.get("name"), certain=True),
        open_names=_names(data, best, fields.get("name"), certain=False),
        unresolved=_unresolved(best),
        without_value=best.features - best.filled,
        conflicts=find_conflicts(data.fields[best.field], best, compared),
        overlays=_overlays(columns),
        columns=columns,
        title=words_of(data),
        data=data,
    )


def _name_and_remark(columns: tuple[Column, ...], best: FieldGuess) -> dict[str, str]:
    """Return the fields of name and remark: by official role, and only where they hold words."""
    found: dict[str, str] = {}
    for role in ("name", "subzone_name", "zone_name"):
        column = next((c for c in columns if c.role == role and _wordy(c)), None)
        if column is not None:
            found["name"] = column.name
            break
    if "name" not in found and best.kinds.get("name", 0):
        found["name"] = best.field
    remark = next(
        (c for c in columns if field_role(c.name) == "remark" and c.filled and c.name != best.field), None
    )
    return found if remark is None else found | {"remark": remark.name}


def _wordy(column: Column) -> bool:
    words = sum(
        count for value, count in column.counts.items() if any(c.isalpha() for c in value) and len(value) > 3
    )
    return column.filled > 0 and words >= 0.5 * column.filled


def _names(data: LayerLike, best: FieldGuess, name_field: str | None, *, certain: bool) -> dict[str, str]:
    """Return the most frequent name of each code, or of each value that stands for no code for certain."""
    if name_field is None:
        return {}
    pairs: dict[str, Counter[str]] = {}
    for (raw, name), number in count_pairs(data.fields[best.field], data.fields[name_field]).items():
        value, text = clean(raw), clean(name)
        if value is None or text is None:
            continue
        match = best.matches.get(value)
        sure = match is not None and match.certain
        if sure == certain:
            key = match.code if sure and match is not None else value
            pairs.setdefault(key, Counter())[text] += number
    return {key: counts.most_common(1)[0][0] for key, counts in pairs.items()}


def _unresolved(best: FieldGuess) -> tuple[Unresolved, ...]:
    found = []
    for value, match in best.matches.items():
        if match is not None and match.certain:
            continue
        if match is None:
            why = Text("not in the national catalogue", "tidak ada di katalog nasional")
        elif match.kind == "fuzzy" and match.alternatives:
            why = Text("may mean more than one", "bisa berarti lebih dari satu")
        elif match.kind == "fuzzy":
            why = Text(f"only alike ({match.score:.2f})", f"hanya mirip ({match.score:.2f})")
        else:
            why = Text("the catalogue row is not confirmed", "baris katalog belum terkonfirmasi")
        suggestions = () if match is None else (match.code, *match.alternatives)
        found.append(Unresolved(value, best.counts[value], suggestions, why))
    return tuple(sorted(found, key=lambda item: (-item.features, item.value)))


def _overlays(columns: tuple[Column, ...]) -> dict[str, dict[str, int]]:
    found = {}
    for column in columns:
        if overlay_column(column.name) is not None:
            null = {"": column.features - column.filled} if column.filled < column.features else {}
            found[column.name] = {**column.counts, **null}
    return found

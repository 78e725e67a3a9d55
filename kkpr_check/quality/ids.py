"""DAT218: an id that stands twice in a layer, so that whoever refers to it (a table, a case, a baseline) means two."""

from __future__ import annotations

from collections.abc import Iterator

from kkpr_check.errors import Text
from kkpr_check.features import is_empty
from kkpr_check.quality.base import LayerCheck, LayerView, Surroundings, always, quoted
from kkpr_check.quality.codes import distinct
from kkpr_check.quality.findings import DataFinding
from kkpr_check.reference import field_role

_SCHEMAS = ("rtrw_pola", "struktur")
_SHOWN = 3


def ids_twice(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """Yield one finding a column; the features are the first two that share an id.

    A column in which every feature has one and the same value was never filled (``Id`` = 0 of ArcGIS): it is no id.
    """
    for name in _id_columns(view):
        rows = {value: at for value, at in distinct(view.fields[name]).items() if not is_empty(value)}
        twice = {value: at for value, at in rows.items() if len(at) > 1}
        if len(rows) > 1 and twice:
            yield _finding(view, name, twice)


def _id_columns(view: LayerView) -> list[str]:
    """Return the columns that the reference names as ids of such a layer, and what plan.toml maps as `id`."""
    schemas = ("parcel", *_SCHEMAS) if view.role == "parcel" else _SCHEMAS
    mapped = view.column("id")
    return [name for name in view.fields if name == mapped or field_role(name, *schemas) == "id"]


def _finding(view: LayerView, name: str, twice: dict[str | None, list[int]]) -> DataFinding:
    shown = ", ".join(f"{quoted(str(value))} ({len(at)})" for value, at in list(twice.items())[:_SHOWN])
    more = ", …" if len(twice) > _SHOWN else ""
    first, second, *_ = next(iter(twice.values()))
    number = sum(map(len, twice.values()))
    return view.finding(
        "DAT218",
        "warning",
        Text(
            f"{name} should be unique, but {number} features share ids: {shown}{more}",
            f"{name} seharusnya unik, tetapi {number} fitur berbagi id: {shown}{more}",
        ),
        Text(
            "number the features anew, then correct what refers to the old ids",
            "nomori ulang fiturnya, lalu betulkan yang merujuk ke id lama",
        ),
        row=first, other=second, field=name, value=next(iter(twice)),
        members=tuple(map(str, twice)),
    )  # fmt: skip


CHECK = LayerCheck(("DAT218",), ids_twice, always)

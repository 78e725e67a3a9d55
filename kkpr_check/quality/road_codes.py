"""DAT204 for roads: name and code of a road's class say the same."""

from __future__ import annotations

from collections.abc import Iterator

from kkpr_check.errors import Text
from kkpr_check.phrases import features
from kkpr_check.plan import ROAD_CLASSES
from kkpr_check.quality.base import LayerCheck, LayerView, Surroundings, quoted
from kkpr_check.quality.codes import distinct
from kkpr_check.quality.findings import DataFinding
from kkpr_check.quality.network import NOT_ROADS
from kkpr_check.reference import field_role, road_class_of

_CLASS_ROLES = frozenset({"class_name", "class_code", "road_class"})
_SCHEMAS = ("struktur", "road")


def road_codes(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """Yield roads whose fields name classes that cannot both hold; a class above another (arteri) agrees with it."""
    said: list[dict[str, tuple[str, str]]] = [{} for _ in range(len(view))]
    for name in _class_columns(view):
        for value, rows in distinct(view.fields[name]).items():
            road_class = road_class_of(value)
            if value is None or road_class is None:
                continue
            for row in rows:
                said[row][name] = (value, road_class)
    for row, classes in enumerate(said):
        names = {road_class for _, road_class in classes.values()}
        if any(not _agree(a, b) for a in names for b in names):
            yield _conflict(view, row, classes)


def unknown_classes(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT203 for roads: a class of the mapped column that nobody knows, so that limits by road class stay open."""
    column = view.column("road_class")
    if column is None:
        return
    for value, rows in distinct(view.fields[column]).items():
        if value is None or view.codes.get(value) in ROAD_CLASSES or road_class_of(value) is not None:
            continue
        yield view.finding(
            "DAT203",
            "warning",
            Text(
                f"{quoted(value)} is no road class ({features(len(rows)).en})",
                f"{quoted(value)} bukan kelas jalan ({features(len(rows)).id})",
            ),
            Text(
                "give it one in [layer.codes] of plan.toml, for example lokal-primer",
                "beri kelasnya pada [layer.codes] di plan.toml, misalnya lokal-primer",
            ),
            row=rows[0],
            field=column,
            value=value,
        )


def declared_roads_only(view: LayerView, around: Surroundings) -> Text | None:
    """Say no to what no plan.toml names as its roads."""
    return roads_only(view, around) or (None if view.declared else NOT_ROADS)


def _class_columns(view: LayerView) -> list[str]:
    mapped = view.column("road_class")
    return [name for name in view.fields if name == mapped or field_role(name, *_SCHEMAS) in _CLASS_ROLES]


def _agree(a: str, b: str) -> bool:
    return a == b or a.startswith(f"{b}-") or b.startswith(f"{a}-")


def _conflict(view: LayerView, row: int, classes: dict[str, tuple[str, str]]) -> DataFinding:
    """Return the finding; it names the field that stands alone, where one does."""
    number = {c: sum(c == other for _, other in classes.values()) for _, c in classes.values()}
    field = min(classes, key=lambda name: number[classes[name][1]])
    words = ", ".join(f"{name} = {value} ({road_class})" for name, (value, road_class) in classes.items())
    return view.finding(
        "DAT204",
        "error",
        Text(f"the fields name different road classes: {words}", f"field menyebut kelas jalan yang berbeda: {words}"),
        Text(
            "decide which class the road has, and correct the other fields",
            "tentukan kelas jalannya, lalu betulkan field yang lain",
        ),
        row=row, field=field, value=classes[field][0], witness=view.geometry[row],
    )  # fmt: skip


def roads_only(view: LayerView, _: Surroundings) -> Text | None:
    """Say no to a layer that is no road network."""
    return None if view.role == "road" else NOT_ROADS


UNKNOWN = LayerCheck(("DAT203",), unknown_classes, declared_roads_only)
CHECK = LayerCheck(("DAT204",), road_codes, roads_only)

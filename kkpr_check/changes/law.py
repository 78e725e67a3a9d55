"""What plan.toml says in two versions: identity, dates and status, accuracy, and how layers are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from kkpr_check.changes.base import Change, Effect
from kkpr_check.errors import Text
from kkpr_check.phrases import say
from kkpr_check.plan import LayerSpec, OverlaySpec, Plan

LAW = (
    "id", "name", "level", "legal", "status", "valid_from", "valid_until", "oss_integrated", "rank", "kbli_version",
    "synthetic",
)  # fmt: skip
ACCURACY = ("scale", "ce90_m")
NOT_SAID = Text("(not said)", "(tidak disebut)")
_OUTCOMES = {"none": 0, "pass": 1, "conditional": 2, "undetermined": 3, "fail": 4}
_LAYER_ACCURACY = ("scale", "ce90_m")


def compare_law(old: Plan, new: Plan, file: str) -> Iterator[Change]:
    """Yield what changed in plan.toml; `file` is that of NEW."""
    for name in LAW:
        yield from _value("DIF401", file, name, getattr(old, name), getattr(new, name))
    for name in ACCURACY:
        yield from _value("DIF402", file, name, getattr(old, name), getattr(new, name))
    for item in fields(old.tolerance):
        yield from _value(
            "DIF402", file, f"tolerance.{item.name}", getattr(old.tolerance, item.name), getattr(new.tolerance, item.name)
        )  # fmt: skip
    yield from _value("DIF403", file, "crs", old.crs, new.crs)
    yield from _layers(old, new, file)
    yield from _overlays(old, new, file)


def _value(
    code: str, file: str, name: str, before: Any, after: Any, effect: Effect = "other"
) -> Iterator[Change]:
    if before == after:
        return
    a, b = _text(before), _text(after)
    text = say(
        "{name}: {a} became {b}", "{name}: {a} menjadi {b}", name=name, a=NOT_SAID if a is None else a,
        b=NOT_SAID if b is None else b,
    )  # fmt: skip
    yield Change(code, text, file, field=name, old=a, new=b, effect=effect)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _layers(old: Plan, new: Plan, file: str) -> Iterator[Change]:
    before, after = ({spec.id: spec for spec in plan.layers} for plan in (old, new))
    for name in sorted(set(before) & set(after)):
        a, b = _flat(before[name]), _flat(after[name])
        for key in sorted(set(a) | set(b)):
            code = "DIF402" if key in _LAYER_ACCURACY else "DIF403"
            yield from _value(code, file, f"layer {name}: {key}", a.get(key), b.get(key))


def _flat(spec: LayerSpec | OverlaySpec) -> dict[str, Any]:
    """Return the keys of a table of plan.toml, dotted."""
    found: dict[str, Any] = {}
    for item in fields(spec):
        value = getattr(spec, item.name)
        if isinstance(value, Mapping):
            found |= {f"{item.name}.{key}": inner for key, inner in value.items()}
        elif item.name != "id":
            found[item.name] = value
    return found


def _overlays(old: Plan, new: Plan, file: str) -> Iterator[Change]:
    before, after = _named(old), _named(new)
    for name in sorted(set(before) | set(after)):
        if name not in before or name not in after:
            where = after if name in after else before
            yield from _value(
                "DIF403", file, f"overlay {name}",
                _declared(where[name]) if name in before else None, _declared(where[name]) if name in after else None,
            )  # fmt: skip
            continue
        a, b = _flat(before[name]), _flat(after[name])
        for key in sorted(set(a) | set(b)):
            effect = _effect(key, a.get(key), b.get(key))
            yield from _value("DIF403", file, f"overlay {name}: {key}", a.get(key), b.get(key), effect)


def _named(plan: Plan) -> dict[str, OverlaySpec]:
    found: dict[str, OverlaySpec] = {}
    for overlay in plan.overlays:
        source = " ".join(part for part in (overlay.layer, overlay.field) if part)
        name = stem = f"{overlay.rule} {source}".strip()
        number = 1
        while name in found:
            number += 1
            name = f"{stem} ({number})"
        found[name] = overlay
    return found


def _declared(overlay: OverlaySpec) -> str:
    if overlay.none is not None:
        return f"none: {overlay.none}"
    values = ", ".join(f"{value} = {outcome}" for value, outcome in overlay.values.items())
    return "; ".join(part for part in (overlay.outcome or "", values, overlay.legal) if part) or "declared"


def _effect(key: str, before: Any, after: Any) -> Effect:
    """Compare outcomes of overlay values; ``undetermined`` is neither stricter nor looser."""
    if not key.startswith("values.") and key != "outcome":
        return "other"
    a, b = _OUTCOMES.get(str(before)), _OUTCOMES.get(str(after))
    if a is None or b is None or 3 in (a, b):
        return "other"
    return "stricter" if b > a else "looser"

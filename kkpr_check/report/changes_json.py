"""The machine form of a comparison, schema ``kkpr-check/diff/1``."""

from __future__ import annotations

from typing import Any

from kkpr_check.changes.base import Change, LayerSummary, Transition
from kkpr_check.changes.result import Cause, Diff, Flip, FlipGroup, ParcelChanges, Version
from kkpr_check.model import Json
from kkpr_check.report.json import TOOL, encode, geometry_json
from kkpr_check.report.safe import whole_characters
from kkpr_check.report.safe import whole_text as _text
from kkpr_check.report.safe import whole_value as _plain

SCHEMA = "kkpr-check/diff/1"


def dumps(diff: Diff, lang: str) -> str:
    """Return one object with everything."""
    return encode(document(diff, lang), indent=2)


def dumps_lines(diff: Diff, lang: str) -> str:
    """Return one change or flip a line (``kind`` says which), then one line with everything else."""
    whole = document(diff, lang)
    lines = [{"kind": "change", **change} for change in whole.pop("changes")]
    for plan in whole.get("plans", ()):
        lines += [{"kind": "change", "plan": plan["new"]["id"], **change} for change in plan.pop("changes")]
    if whole["parcels"] is not None:
        for kind in ("flips", "outcome_changes", "unreadable"):
            name = {"flips": "flip", "outcome_changes": "outcome-change", "unreadable": "unreadable"}[kind]
            lines += [{"kind": name, **one} for one in whole["parcels"].pop(kind)]
    return "".join(encode(line) for line in (*lines, {"kind": "summary", **whole}))


def document(diff: Diff, lang: str) -> Json:
    """Return a comparison as plain JSON values with stable key order; witnesses are in longitude, latitude."""
    several = {
        "plans": [_compared(plan, lang) for plan in diff.plans],
        "unchanged": [whole_characters(name) for name in diff.unchanged],
    }
    return {
        "schema": SCHEMA,
        "tool": dict(TOOL),
        "as_of": diff.as_of.isoformat(),
        "old": _version(diff.old),
        "new": _version(diff.new),
        "crs": {"work": diff.work_crs or None},
        "summary": {
            "changed": bool(diff.all_changes),
            "by_code": diff.by_code,
            "flips": None if diff.parcels is None else len(diff.parcels.flips),
            "max_flips": diff.max_flips,
            "over_budget": diff.over_budget,
            "float_noise_m2": _total_noise(diff),
        },
        **_what_changed(diff, lang),
        "parcels": None if diff.parcels is None else _parcels(diff.parcels, lang),
        **(several if diff.old.kind == "folder" else {}),
    }


def _total_noise(diff: Diff) -> float:
    return round(diff.float_noise_m2 + sum(plan.float_noise_m2 for plan in diff.plans), 4)


def _what_changed(diff: Diff, lang: str) -> Json:
    return {
        "layers": [_layer(layer) for layer in diff.layers],
        "transitions": [_transition(one) for one in diff.transitions],
        "changes": [_change(change, lang) for change in diff.changes],
        "not_compared": [{"what": what, "why": _text(why, lang)} for what, why in diff.not_compared],
        "notes": [_text(note, lang) for note in diff.notes],
    }


def _compared(diff: Diff, lang: str) -> Json:
    """Return one plan of a folder."""
    return {
        "old": _version(diff.old),
        "new": _version(diff.new),
        "crs": {"work": diff.work_crs},
        **_what_changed(diff, lang),
    }


def _version(version: Version) -> Json:
    return {
        "path": whole_characters(version.path),
        "kind": version.kind,
        "id": _plain(version.id),
        "name": _plain(version.name),
        "status": version.status,
        "valid_from": None if version.valid_from is None else version.valid_from.isoformat(),
        "valid_until": None if version.valid_until is None else version.valid_until.isoformat(),
        "in_force": version.in_force,
        "synthetic": version.synthetic,
        "sha256": version.sha256,
        "lock": version.lock,
        "crs": [whole_characters(label) for label in version.crs],
        **({} if version.plans is None else {"plans": version.plans}),
    }


def _layer(layer: LayerSummary) -> Json:
    return {
        "file": whole_characters(layer.file),
        "layer": whole_characters(layer.layer),
        "role": layer.role,
        "old_features": layer.old_features,
        "new_features": layer.new_features,
        "same_geometry": layer.same,
    }


def _transition(one: Transition) -> Json:
    return {
        "old": _plain(one.old),
        "new": _plain(one.new),
        "area_m2": one.area_m2,
        "pieces": one.pieces,
        "narrow_m2": one.narrow_m2,
        "noise_m2": one.noise_m2,
    }


def _change(change: Change, lang: str) -> Json:
    names = ("file", "layer", "feature", "old_feature", "row", "field", "old", "new", "effect", "count")
    measures = ("area_m2", "length_m", "typical_m", "max_m")
    return {
        "code": change.code,
        "name": change.name,
        **{name: _plain(getattr(change, name)) for name in (*names, *measures)},
        "message": _text(change.message, lang),
        "witness": _geometry(change.witness),
    }


def _parcels(parcels: ParcelChanges, lang: str) -> Json:
    return {
        "file": whole_characters(parcels.file),
        "sha256": parcels.sha256,
        "dates": parcels.dates,
        "as_of": parcels.as_of.isoformat(),
        "rows": parcels.rows,
        "repaired": parcels.repaired,
        "matrix": [
            {"old": old, "new": new, "parcels": n, "area_m2": area}
            for (old, new), (n, area) in parcels.matrix.items()
        ],
        "groups": [_group(group) for group in parcels.groups],
        "flips": [_flip(flip) for flip in parcels.flips],
        "outcome_changes": [_flip(flip) for flip in parcels.outcome_changes],
        "unreadable": [
            {"row": row, "id": whole_characters(name), "why": _text(why, lang)}
            for row, name, why in parcels.unreadable
        ],
        "notes": [_text(note, lang) for note in parcels.notes],
    }


def _group(group: FlipGroup) -> Json:
    return {
        "old": group.old,
        "new": group.new,
        "causes": [_cause(cause) for cause in group.causes],
        "rules": list(group.rules),
        "parcels": group.parcels,
        "area_m2": group.area_m2,
        "ids": [whole_characters(name) for name in group.ids],
    }


def _flip(flip: Flip) -> Json:
    return {
        "row": flip.row,
        "id": whole_characters(flip.id),
        "old": flip.old,
        "new": flip.new,
        "direction": flip.direction,
        "rules": [{"rule": rule, "old": old, "new": new} for rule, old, new in flip.rules],
        "zones": {"old": _plain(flip.zones[0]), "new": _plain(flip.zones[1])},
        "area_m2": flip.area_m2,
        "causes": [_cause(cause) for cause in flip.causes],
        "witness": _geometry(flip.geometry),
    }


def _cause(cause: Cause) -> Json:
    return {"part": whole_characters(cause.part), "how": cause.how, "detail": whole_characters(cause.detail)}


def _geometry(geometry: Any) -> Any:
    return geometry_json(geometry, "", lambda shape, _: shape)

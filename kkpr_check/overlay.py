"""Where an overlay rule finds its area in a plan: columns of the zoning layer, layers of their own, lines and banks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from kkpr_check.features import Features, PlanWindow, as_text, is_empty
from kkpr_check.geometry import Objects, overlap_of
from kkpr_check.model import Outcome
from kkpr_check.plan import OverlaySpec, Plan
from kkpr_check.rules.base import Codes, Ints, LimitColumn, Rule
from kkpr_check.rules.rows import StripRows

ROLE_OF_RULE: Mapping[str, str] = {
    "KHS004": "river", "KHS005": "coast", "KHS006": "lake", "KHS007": "powerline", "KHS009": "forest", "KHS012": "railway",
}  # fmt: skip
"""Layer roles that feed a rule by themselves; other overlay layers are named by an ``[[overlay]]``."""

FOREST_DEFAULTS: Mapping[str, str] = {
    "APL": "none",
    "Areal Penggunaan Lain": "none",
    "Bukan Kawasan Hutan": "none",
}
WORDS = {
    "none": Outcome.NOT_APPLICABLE, "pass": Outcome.PASS, "conditional": Outcome.CONDITIONAL,
    "undetermined": Outcome.UNDETERMINED, "fail": Outcome.FAIL,
}  # fmt: skip
VALUE_UNKNOWN = "(?)"
OTHER_OVERLAY = "KHS013"


@dataclass(frozen=True, slots=True)
class Source:
    """Areas of one overlay: `group` numbers the value of each feature, `outcome` what each value means."""

    features: Features
    group: Ints
    values: tuple[str, ...]
    outcome: Codes
    legal: str
    missing: tuple[str, ...] = ()
    """What would tell the meaning of areas that are undetermined."""


def sources_of(rule: Rule, window: PlanWindow) -> list[Source]:
    """Return the areas that feed a rule; without areas (nothing here) the list may still be empty."""
    found = []
    for spec in _specs(rule, window):
        if spec.none is not None:
            continue
        if spec.layer is None:
            assert spec.field is not None
            found.append(
                _source(rule, spec, window.zoning, window.zoning.raw[spec.field], empty_is_area=False)
            )
            continue
        for features in _layers(spec.layer, window):
            if is_strip(rule, features):
                continue
            values = features.raw[spec.field] if spec.field else features.meaning.get("value")
            found.append(_source(rule, spec, features, values, empty_is_area=True))
    role = ROLE_OF_RULE.get(rule.code)
    named = {s.layer for s in _specs(rule, window)}
    for layer in window.plan.layers_of(role) if role else ():
        features = window.layers[layer.id]
        if layer.id not in named and role not in named and not is_strip(rule, features):
            found.append(
                _source(
                    rule, OverlaySpec(rule.code), features, features.meaning.get("value"), empty_is_area=True
                )
            )
    if rule.code == OTHER_OVERLAY:
        found += [_unnamed(rule, layer) for layer in _unnamed_layers(window)]
    return [source for source in found if len(source.features)]


def _unnamed_layers(window: PlanWindow) -> list[Features]:
    """Return the overlay layers that no ``[[overlay]]`` speaks of: there, and nobody has said what they mean."""
    named = {spec.layer for spec in window.plan.overlays}
    layers = () if "overlay" in named else window.plan.layers_of("overlay")
    return [window.layers[layer.id] for layer in layers if layer.id not in named]


def _unnamed(rule: Rule, features: Features) -> Source:
    spec = OverlaySpec(rule.code, outcome="undetermined")
    source = _source(rule, spec, features, features.meaning.get("value"), empty_is_area=True)
    return replace(source, missing=(f"plan.toml:[[overlay]] layer={features.name}",))


def _specs(rule: Rule, window: PlanWindow) -> Sequence[OverlaySpec]:
    return [spec for spec in window.plan.overlays if spec.rule == rule.code]


def _layers(name: str, window: PlanWindow) -> list[Features]:
    if name in window.layers:
        return [window.layers[name]]
    return [window.layers[layer.id] for layer in window.plan.layers_of(name)]


def is_strip(rule: Rule, features: Features) -> bool:
    """Tell whether a layer is measured from (lines, banks) and not an area by itself."""
    return rule.limits is not None and features.role == ROLE_OF_RULE.get(rule.code)


def _source(rule: Rule, spec: OverlaySpec, features: Features, values: Any, *, empty_is_area: bool) -> Source:
    if values is None:
        values = np.full(len(features), None, dtype=object)
    texts = _texts(values)
    counted = {text: _counts(text, empty_is_area) for text in set(texts)}
    keep = np.array([counted[text] for text in texts], dtype=bool)
    labels = [t or features.name or VALUE_UNKNOWN for t in texts if counted[t]]
    broken = [bool(features.attribute("doubtful", int(i))) for i in np.flatnonzero(keep)]
    keys = list(zip(labels, broken, strict=True))
    groups = sorted(set(keys))
    number = {key: i for i, key in enumerate(groups)}
    names = tuple(f"{name} {VALUE_UNKNOWN}" if bad else name for name, bad in groups)
    said = [Outcome.UNDETERMINED if bad else meaning_of(name, rule, spec) for name, bad in groups]
    outcome = np.array(said, dtype=np.int8)
    group = np.array([number[key] for key in keys], dtype=np.int64)
    return Source(features.take(keep), group, names, outcome, spec.legal or features.legal)


def _texts(values: Any) -> list[str | None]:
    """Return values as clean text; words repeat, so each is cleaned once."""
    words = {word: as_text(word) for word in {value for value in values if type(value) is str}}
    return [words[value] if type(value) is str else as_text(value) for value in values]


def _counts(text: str | None, empty_is_area: bool) -> bool:
    if text is None or text == "":
        return empty_is_area  # a polygon of a hazard layer whose class nobody filled in is still a hazard
    return not is_empty(text)


def meaning_of(value: str, rule: Rule, spec: OverlaySpec) -> Outcome:
    """Return the outcome a value stands for: by the plan, value by value; the worst of a comma-separated list."""
    stated = {**(FOREST_DEFAULTS if rule.code == "KHS009" else {}), **spec.values}
    by_fold = {key.casefold(): word for key, word in stated.items()}
    default = WORDS[spec.outcome] if spec.outcome else rule.default
    if value.casefold() in by_fold:
        return WORDS[by_fold[value.casefold()]]
    return max(
        WORDS[by_fold[p]] if (p := part.strip().casefold()) in by_fold else default
        for part in value.split(",")
    )


def undeclared(rule: Rule, plan: Plan) -> bool:
    """Tell whether the plan says nothing of this rule: no overlay, no layer of its role, no statement of none."""
    role = ROLE_OF_RULE.get(rule.code)
    declared = any(spec.rule == rule.code for spec in plan.overlays)
    return not declared and not (role and plan.layers_of(role))


def declared_none(rule: Rule, window: PlanWindow) -> str | None:
    """Return the legal statement that the plan has no such overlay."""
    return next((spec.none for spec in _specs(rule, window) if spec.none is not None), None)


@dataclass(frozen=True, slots=True)
class Strip:
    """Lines or banks of one layer with the setbacks that may apply to each feature."""

    rule: Rule
    features: Features
    options: tuple[tuple[tuple[float, str], ...], ...]
    half_width_m: NDArray[np.float64]
    edge_known: NDArray[np.bool_]

    @property
    def reach_m(self) -> NDArray[np.float64]:
        """How far from each feature its setback may reach."""
        widest = [max((m for m, _ in option), default=0.0) for option in self.options]
        reach: NDArray[np.float64] = np.array(widest) + self.half_width_m + self.rule.centre_line_m
        return reach

    @property
    def furthest_m(self) -> float:
        """How far from any of them a setback may reach."""
        return float(self.reach_m.max(initial=0.0))

    def rows(
        self, subjects: Objects, k: Ints, f: Ints, default: np.int8
    ) -> tuple[StripRows, Ints, list[str]]:
        """Return one row a (pair of subject and feature, setback that may apply), the pairs, and the law of each row."""
        gap = np.maximum(shapely.distance(subjects[k], self.features.geometry[f]) - self.half_width_m[f], 0.0)
        pair = np.array([p for p in range(len(k)) for _ in self.options[f[p]]], dtype=np.int64)
        limit = np.array([m for p in range(len(k)) for m, _ in self.options[f[p]]], dtype=float)
        law = [text for p in range(len(k)) for _, text in self.options[f[p]]]
        edge = self.edge_known[f[pair]] if len(pair) else np.empty(0, dtype=bool)
        slack = np.where(edge, 0.0, self.rule.centre_line_m)
        no = np.zeros(len(pair), dtype=bool)
        rows = StripRows(
            target=pair,
            distance_m=gap[pair],
            limit=LimitColumn(limit, no, no),
            slack_m=slack,
            band_m=np.minimum(self.features.ce90_m, limit / 2),
            edge_known=edge,
            default=np.full(len(pair), default, dtype=np.int8),
        )
        return rows, pair, law

    def pieces(self, subjects: Objects, features: Ints, rows: StripRows, shown: Ints) -> Objects:
        """Return what of each subject lies in the strip along its feature, as wide as the limit shown for the pair."""
        wide = rows.limit.value[shown] + rows.slack_m[shown] + self.half_width_m[features]
        west, south, east, north = shapely.bounds(subjects).T
        about = wide + 1.0  # a river is long: only what is near a subject is worth a buffer
        boxes = shapely.box(west - about, south - about, east + about, north + about)
        near = shapely.intersection(self.features.geometry[features], boxes)
        found: Objects = overlap_of(shapely.buffer(near, wide), subjects)
        return found

    def unknown(self, feature: int) -> tuple[str, ...]:
        """Name the attributes that would decide a feature's setback."""
        if not self.edge_known[feature]:
            return (f"{self.features.name}:edge",)
        names = {"KHS004": ("levee", "urban", "depth_m", "basin_km2"), "KHS007": ("voltage_kv", "tower")}
        return tuple(
            f"{self.features.name}:{name}"
            for name in names.get(self.rule.code, ("setback_m",))
            if self.features.attribute(name, feature) is None
        )


def strips_of(rule: Rule, window: PlanWindow) -> list[Strip]:
    """Return the lines and banks that a rule measures from."""
    role = ROLE_OF_RULE.get(rule.code)
    if rule.limits is None or role is None:
        return []
    found = []
    for layer in window.plan.layers_of(role):
        features = window.layers[layer.id]
        if len(features) == 0:
            continue
        spec = next((s for s in _specs(rule, window) if s.layer in (layer.id, role)), None)
        attributes = [
            {
                name: features.attribute(name, i)
                for name in ("levee", "urban", "depth_m", "basin_km2", "voltage_kv", "tower", "setback_m")
            }
            | {"legal": (spec.legal if spec else "") or features.legal}
            for i in range(len(features))
        ]
        is_area = shapely.get_dimensions(features.geometry) == 2
        width = np.array(
            [
                np.nan if (w := features.attribute("width_m", i)) is None else float(w)
                for i in range(len(features))
            ]
        )
        edge = np.array([bool(features.attribute("edge", i)) for i in range(len(features))])
        known = is_area | ~np.isnan(width) | edge | (rule.centre_line_m == 0)
        known &= ~np.array([bool(features.attribute("doubtful", i)) for i in range(len(features))])
        half = np.where(is_area | np.isnan(width), 0.0, width / 2)
        found.append(Strip(rule, features, tuple(rule.limits(a) for a in attributes), half, known))
    return found

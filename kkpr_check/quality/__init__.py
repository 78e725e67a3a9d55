"""Checks of zoning data, as a plain list: what each finds stands in `kkpr_check.quality.findings.CODES`.

Pure numpy and shapely: layers come in as `LayerView`, read by `kkpr_check.io.quality_read`.
"""

from __future__ import annotations

from kkpr_check.quality import (
    admin,
    blocks,
    codes,
    delivery,
    fields,
    ids,
    intensity,
    luasha,
    network,
    overlay_layers,
    overlays,
    road_codes,
    texts,
    topology,
    vertices,
)
from kkpr_check.quality.base import LayerCheck

LAYER_CHECKS: tuple[LayerCheck, ...] = (
    delivery.DATUM,
    delivery.MIXED_CRS,
    delivery.ZONING_TWICE,
    topology.CHECK,
    topology.BOUNDARY_CHECK,
    delivery.MULTIPART,
    vertices.CHECK,
    network.CHECK,
    network.ROAD_ZONES,
    fields.MISSING_FIELDS,
    fields.MISSING_VALUES,
    codes.CHECK,
    road_codes.CHECK,
    road_codes.UNKNOWN,
    luasha.CHECK,
    admin.CHECK,
    texts.TRUNCATED,
    texts.MOJIBAKE_CHECK,
    fields.JOIN_RESIDUE,
    overlays.CHECK,
    overlays.LAYER_VALUES,
    fields.NAMES,
    blocks.CHECK,
    overlay_layers.CHECK,
    texts.BLANKS,
    intensity.CHECK,
    ids.CHECK,
)
"""Every check of one layer, in the order of the codes."""

"""Checks of zoning data, as a plain list: what each finds stands in `kkpr_check.quality.findings.CODES`.

Pure numpy and shapely: layers come in as `LayerView`, read by `kkpr_check.io.quality_read`.
"""

from __future__ import annotations

from kkpr_check.quality import admin, codes, fields, luasha, overlays, texts, topology
from kkpr_check.quality.base import LayerCheck

LAYER_CHECKS: tuple[LayerCheck, ...] = (
    topology.CHECK,
    topology.BOUNDARY_CHECK,
    fields.MISSING_FIELDS,
    fields.MISSING_VALUES,
    codes.CHECK,
    luasha.CHECK,
    admin.CHECK,
    texts.TRUNCATED,
    texts.MOJIBAKE_CHECK,
    fields.JOIN_RESIDUE,
    overlays.CHECK,
)
"""Every check of one layer, in the order of the codes."""

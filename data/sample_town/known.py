"""baseline.json of the sample: its deliberate defects (data/README.md), each with the reason why it stays."""

from __future__ import annotations

import json
from typing import Any

_ZONING = {"file": "layers/polaruang_sintetis.shp", "layer": "polaruang_sintetis"}
_ONE_FORMAT_ONE_CRS = "GeoJSON has longitude and latitude only, and the sample shows many formats"
_NODED = "left, as in real layers: noding put two vertices within 1 mm; no area changes"
KNOWN: tuple[dict[str, Any], ...] = (
    {
        "code": "DAT310",
        "file": "itbx.csv",
        "reason": "deliberate: klub-malam/TR, kolam-ikan/W and studio-radio/SPU-1 show what an undetermined cell does",
    },
    {
        "code": "DAT101", **_ZONING, "feature": "305", "other_feature": "348",
        "reason": "deliberate overlap: P-3 claims a strip of P-1",
    },
    {"code": "DAT102", **_ZONING, "feature": "465", "reason": "deliberate wide gap: example 07-gap lies in it"},
    {
        "code": "DAT102", **_ZONING, "feature": "292",
        "reason": "deliberate triangular gap: a corner of industrial land that was forgotten",
    },
    {
        "code": "DAT102", **_ZONING, "feature": "507",
        "reason": "deliberate narrow gap: a sliver between two drawings, which is noise for a verdict",
    },
    *(
        {"code": "DAT111", **_ZONING, "feature": feature, "value": "1", "reason": _NODED}
        for feature in ("538", "539", "541", "542")
    ),
    {
        "code": "DAT215", **_ZONING, "feature": "326", "field": "KRB_03", "value": "84",
        "reason": "deliberate: KRB_03 tells of landslides, floods have a layer of their own",
    },
    *(
        {
            "code": "DAT012", "file": f"layers/{name}.geojson", "layer": name, "value": "EPSG:4326",
            "reason": _ONE_FORMAT_ONE_CRS,
        }
        for name in (
            "sungai_sintetis", "embung_sintetis", "kawasan_hutan_sintetis", "rawan_banjir_sintetis", "batas_wp_sintetis",
        )
    ),
    {
        "code": "DAT111", "file": "layers/rawan_banjir_sintetis.geojson", "layer": "rawan_banjir_sintetis",
        "feature": "1", "value": "1", "reason": "left: the flood area runs out in a thin tip, as modelled ones do",
    },
)  # fmt: skip


def baseline() -> str:
    """Return the file."""
    return (
        json.dumps({"schema": "kkpr-check/baseline/1", "entries": KNOWN}, ensure_ascii=False, indent=1) + "\n"
    )

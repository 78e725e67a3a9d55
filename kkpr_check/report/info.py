"""Write what the plans say of parcels: one format each, text out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kkpr_check.errors import Text, UsageError

if TYPE_CHECKING:
    from kkpr_check.report.json import ToLonLat
    from kkpr_check.siteinfo import SiteInfo

FORMATS = ("text", "json", "md", "geojson")


def render_info(
    infos: Sequence[SiteInfo],
    fmt: str,
    lang: str,
    *,
    as_of: dt.date,
    to_lonlat: ToLonLat,
    columns: int | None = None,
) -> str:
    """Return the information in one of `FORMATS`; `columns` is where text wraps.

    Raises
    ------
    UsageError
        For a format that does not exist.
    """
    if fmt in ("text", "md"):
        from kkpr_check.report import info_text

        if fmt == "md":
            return info_text.dumps_markdown(infos, lang, as_of)
        return info_text.dumps(infos, lang, as_of, columns)
    if fmt in ("json", "geojson"):
        from kkpr_check.report import info_json

        return (info_json.dumps if fmt == "json" else info_json.dumps_geojson)(infos, lang, to_lonlat, as_of)
    known = ", ".join(FORMATS)
    raise UsageError(
        Text(f"unknown format {fmt!r}; one of: {known}", f"format {fmt!r} tidak dikenal; pilihan: {known}")
    )

"""Write reports: one module a format, reports in, text or bytes out. Nothing is printed or written here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kkpr_check.errors import Text, UsageError
from kkpr_check.model import Report

if TYPE_CHECKING:
    from kkpr_check.report.document import Document
    from kkpr_check.report.json import ToLonLat
    from kkpr_check.report.look import Look

FORMATS = ("text", "json", "jsonl", "geojson", "html", "md", "oss", "docx", "pdf")
"""The formats of this release."""
BINARY = frozenset({"docx", "pdf", "gpkg"})
"""Formats that are bytes: no terminal can show them."""
WITH_FILES = (*FORMATS, "gpkg")
"""`FORMATS`, and the one that a library has to write (`kkpr_check.report.layers`)."""


def render(
    reports: Sequence[Report],
    fmt: str,
    lang: str,
    *,
    as_of: dt.date,
    to_lonlat: ToLonLat,
    look: Look | None = None,
) -> str | bytes:
    """Return the reports in one format: text, or bytes for those in `BINARY`.

    Parameters
    ----------
    reports
        One or more reports, in output order.
    fmt
        One of `FORMATS`.
    lang
        Language of the messages, "id" or "en" (`oss` is always in Indonesian).
    as_of
        Date whose law was judged.
    to_lonlat
        (geometry, working CRS) -> the geometry in WGS 84 longitude, latitude.
    look
        What the receiving end can show; text only. Default: a UTF-8 file.

    Raises
    ------
    UsageError
        For a format that does not exist.
    KkprError
        For a format whose library is not installed; it says the pip command.
    """
    if fmt == "text":
        from kkpr_check.report.look import Look
        from kkpr_check.report.text import dumps

        return dumps(reports, lang, to_lonlat, as_of, look or Look())
    if fmt in ("json", "jsonl"):
        from kkpr_check.report import json

        return (json.dumps if fmt == "json" else json.dumps_lines)(reports, lang, to_lonlat, as_of)
    if fmt == "html":
        from kkpr_check.report import html

        return html.dumps(reports, lang, to_lonlat, as_of)
    if fmt == "md":
        from kkpr_check.report import markdown

        return markdown.dumps(reports, lang, to_lonlat, as_of)
    if fmt == "geojson":
        from kkpr_check.report import geojson

        return geojson.dumps(reports, lang, to_lonlat, as_of)
    if fmt == "oss":
        from kkpr_check.report import oss

        return oss.dumps(reports, to_lonlat, as_of)
    if fmt in ("docx", "pdf"):
        from kkpr_check.report import telaah

        return _writer(fmt)(telaah.document(reports, lang, to_lonlat, as_of))
    known = ", ".join(FORMATS)
    raise UsageError(
        Text(f"unknown format {fmt!r}; one of: {known}", f"format {fmt!r} tidak dikenal; pilihan: {known}")
    )


def _writer(fmt: str) -> Callable[[Document], bytes]:
    if fmt == "docx":
        from kkpr_check.report import docx

        return docx.dump
    from kkpr_check.report import pdf

    return pdf.dump

"""DAT201, DAT202, DAT209 and DAT212: fields that are missing, empty, left over from a join, or hold numbers for names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kkpr_check.errors import Text
from kkpr_check.quality.base import LayerCheck, LayerView, Surroundings, always, find_column, zoning_only
from kkpr_check.quality.codes import SCHEMAS, distinct
from kkpr_check.quality.findings import DataFinding
from kkpr_check.reference import field_names, field_role, overlay_column

REQUIRED_ROLES = {
    "rdtr": (
        "name",
        "zone_code",
        "subzone_code",
        "lindung_budidaya",
        "swp",
        "block",
        "admin_regency",
        "area_ha",
    ),
    "rtrw": ("name", "lindung_budidaya", "admin_regency", "area_ha"),
}
"""Roles of fields that the official schema of a pola ruang layer must carry (Permen ATR/BPN 14/2021)."""
_MAPPED_AS = {"name": "name", "subzone": "subzone_code"}
"""Official fields whose meaning plan.toml can give to another field."""
_RESIDUE = re.compile(r"^(.+?)_(\d{1,2}|[xy])$")
_DOMAIN_CODE = re.compile(r"^\d{8}$")
_RESIDUE_NAMES = re.compile(
    r"^(fid_.+|shape_le_\d+|shape_ar_\d+|objectid_\d+|fid_\d+.*|join_count|target_fid)$", re.IGNORECASE
)


_ADD = Text("add it", "tambahkan")
_ADD_OR_MAP = Text("add it, or map another field in plan.toml", "tambahkan, atau petakan field lain di plan.toml")  # fmt: skip


def missing_fields(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT201: fields that plan.toml maps and the layer lacks (error); official fields that it lacks (warning)."""
    for meaning, name in view.meanings.items():
        if find_column(name, view.fields) is None:
            yield view.finding(
                "DAT201",
                "error",
                Text(f'there is no field "{name}" ({meaning})', f'tidak ada field "{name}" ({meaning})'),
                Text(f"fields: {_listed(view)}", f"field yang ada: {_listed(view)}"),
                field=name,
            )
    if view.role != "zoning":
        return
    if not view.declared and "subzone" not in view.meanings:
        yield view.finding(
            "DAT201",
            "error",
            Text("no field carries the zone code", "tidak ada field yang memuat kode zona"),
            Text(f"fields: {_listed(view)}", f"field yang ada: {_listed(view)}"),
        )
    there = {field_role(name, *SCHEMAS) for name in view.fields}
    if view.declared:
        there |= {role for meaning, role in _MAPPED_AS.items() if view.column(meaning) is not None}
    for role in REQUIRED_ROLES[view.family]:
        if role not in there:
            schema = "rtrw_pola" if view.family == "rtrw" else "rdtr_pola"
            row = next(row for row in field_names() if row.role == role and row.layer == schema)
            yield view.finding(
                "DAT201",
                "warning",
                Text(
                    f"the official field {row.name} ({row.title}) is missing",
                    f"field baku {row.name} ({row.title}) tidak ada",
                ),
                _ADD_OR_MAP if role in _MAPPED_AS.values() else _ADD,
                field=row.name,
            )


def _listed(view: LayerView) -> str:
    names = list(view.fields)
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "") if names else "-"


def missing_values(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT202: features without a code (error, each); other official fields with empty values (one warning a field)."""
    code = view.column("subzone")
    for name, values in view.fields.items():
        role = field_role(name, *SCHEMAS)
        if name != code and (
            role is None or role in ("overlay", "remark", "overlay_sea", "itbx_list", "document")
        ):
            continue
        rows = distinct(values).get(None, [])
        if not rows:
            continue
        if name == code:
            yield from (
                view.finding(
                    "DAT202", "error", Text("the feature has no code", "fitur tanpa kode"),
                    Text("fill it in: what has no code can not be judged", "isi: yang tanpa kode tidak dapat dinilai"),
                    row=row, field=name,
                )
                for row in rows
            )  # fmt: skip
            continue
        yield view.finding(
            "DAT202",
            "warning",
            Text(
                f"{name} is empty in {len(rows)} of {len(view)} features",
                f"{name} kosong pada {len(rows)} dari {len(view)} fitur",
            ),
            Text("fill it in, or leave the field out", "isi, atau hilangkan fieldnya"),
            row=rows[0],
            field=name,
            value=len(rows),
        )


def join_residue(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT209: columns that a join or an export left behind."""
    names = {name.strip().casefold() for name in view.fields}
    schema = {row.name.casefold() for row in field_names()}
    for name in view.fields:
        plain = name.strip()
        found = _RESIDUE.match(plain)
        doubled = found is not None and found[1].casefold() in names
        official = (plain.casefold() in schema or overlay_column(plain) is not None) and not doubled
        alias = found is not None and field_role(found[1], *SCHEMAS) is not None and not official
        if not (doubled or alias or _RESIDUE_NAMES.match(plain)) or official:
            continue
        yield view.finding(
            "DAT209",
            "info",
            Text(
                f"field {plain} looks left over from a join",
                f"field {plain} tampaknya sisa penggabungan tabel",
            ),
            Text("rename it or leave it out", "ganti namanya atau hapus"),
            field=name,
        )


def names_that_are_codes(view: LayerView, _: Surroundings) -> Iterator[DataFinding]:
    """DAT212: a field for names that holds the 8-digit domain codes; its domain table did not come along."""
    for name, values in view.fields.items():
        if field_role(name, *SCHEMAS) not in ("name", "zone_name", "subzone_name"):
            continue
        coded = {
            value: rows
            for value, rows in distinct(values).items()
            if value is not None and _DOMAIN_CODE.match(value)
        }
        if not coded:
            continue
        count = sum(map(len, coded.values()))
        yield view.finding(
            "DAT212",
            "warning",
            Text(
                f"{name} holds domain codes instead of names in {count} of {len(view)} features",
                f"{name} berisi kode domain, bukan nama, pada {count} dari {len(view)} fitur",
            ),
            Text(
                "export the layer with the descriptions of its domains",
                "ekspor layer beserta deskripsi domainnya",
            ),
            row=min(rows[0] for rows in coded.values()),
            field=name,
            value=next(iter(coded)),
        )


NAMES = LayerCheck(("DAT212",), names_that_are_codes, zoning_only)
MISSING_FIELDS = LayerCheck(("DAT201",), missing_fields, always)
MISSING_VALUES = LayerCheck(("DAT202",), missing_values, zoning_only)
JOIN_RESIDUE = LayerCheck(("DAT209",), join_residue, always)

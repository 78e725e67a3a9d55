"""The draft decision ``IZINFINALKKPR`` for OSS (``receiveLicenseKKPR``), for an officer to complete.

Always in Indonesian: it becomes an Indonesian official document. The status stays "20" (the officer is checking) and
`persetujuan` empty; the tool's verdict stands in `keterangan`. A value longer than its field is an error, never cut.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

from kkpr_check.errors import InputError, Place, Text, UsageError
from kkpr_check.model import Application, Finding, Json, Outcome, Report, Verdict
from kkpr_check.report import missing, words
from kkpr_check.report.findings import same_said
from kkpr_check.report.json import ToLonLat, encode, work_crs_of
from kkpr_check.report.safe import safe_lines, safe_text
from kkpr_check.rules import BY_CODE

ROOT = "IZINFINALKKPR"
STATUS_CHECKING = "20"
"""Annex 10 of the integration guide: the officer is checking."""
TEXT_WIDTH = 65_535
WIDTHS: Mapping[str, int] = {
    "id_proyek": 25, "oss_id": 25, "id_izin": 25, "kd_izin": 12, "kd_status": 2, "tgl_status": 19, "nip_status": 50,
    "nama_status": 50, "keterangan": TEXT_WIDTH, "luas": 20, "jenis_peruntukan": 10, "koefisien_dasar_bangunan": 20,
    "koefisien_lantai_bangunan": 20, "indikasi_program_pemanfaatan_ruang": 255,
    "persyaratan_pelaksanaan_kegiatan": 255, "garis_sempadan_bangunan": 20, "jarak_bebas_bangunan": 20,
    "koefisien_dasar_hijau": 20, "jaringan_utilitas_kota": 20, "persetujuan": 20, "url_peta": TEXT_WIDTH,
    "url_keterangan_peta": TEXT_WIDTH, "ketentuan_umum": 255, "koordinat_batas_bidang": TEXT_WIDTH,
    "nomor_pertek": 50, "nomor_perda_rtr": 255, "nama_perairan": 255, "kedalaman": 255,
}  # fmt: skip
"""Characters that fit (integration guide, version 4.3.22)."""

_GOOD = (Verdict.CONFORM, Verdict.CONDITIONAL, Verdict.PARTIAL)
_DEGREE_DECIMALS = 9
_LANG = "id"
_OPEN_LIMIT = ("road_class", "parcel area", "intensity.csv")
"""What is missing where it is not known which limit applies."""
_LISTED = (
    (Outcome.FAIL, "Dilanggar"),
    (Outcome.UNDETERMINED, "Perlu diverifikasi"),
    (Outcome.CONDITIONAL, "Bersyarat"),
)
_IN_FIELDS = frozenset({"INT001", "INT002", "INT003", "TAB001", "TAB002", "TAB003"})
"""Rules whose limits have fields of their own."""
_REMEDIES: Mapping[str, Text] = {
    "jenis_peruntukan": Text(
        "give the sub-zone a code of at most 10 characters in plan.toml, [layer.codes]",
        "beri sub-zona kode paling panjang 10 karakter di plan.toml, [layer.codes]",
    ),
    "nomor_perda_rtr": Text("shorten `legal` in plan.toml", "persingkat `legal` di plan.toml"),
    "koordinat_batas_bidang": Text(
        "simplify the outline, or hand it in as SHP", "sederhanakan batasnya, atau serahkan sebagai SHP"
    ),
    "ketentuan_umum": Text(
        "give the sub-zones short codes in plan.toml, [layer.codes]",
        "beri sub-zona kode pendek di plan.toml, [layer.codes]",
    ),
}
_ASK_OSS = Text(
    "take the payload from OSS again; another format needs no ids: --format json",
    "ambil ulang muatan dari OSS; format lain tidak memerlukan id: --format json",
)


def dumps(reports: Sequence[Report], to_lonlat: ToLonLat, as_of: dt.date) -> str:
    """Return one draft for one site, an array for several; ends with a newline.

    Raises
    ------
    UsageError
        A site that comes from no OSS application: there is nothing to hand a decision back to.
    InputError
        Codes ``oss-id`` (the application lacks an id) and ``oss-width`` (a value is longer than its field).
    """
    drafts = [draft(report, to_lonlat, as_of) for report in reports]
    return encode(drafts[0] if len(drafts) == 1 else drafts, indent=2)


def draft(report: Report, to_lonlat: ToLonLat, as_of: dt.date) -> Json:
    """Return the draft decision on one site; errors as in `dumps`."""
    application = report.site.application
    if application is None:
        raise UsageError(
            Text(
                f"{report.site.id} comes from no OSS application, so a draft has no ids to hand back",
                f"{report.site.id} bukan dari permohonan OSS, sehingga draf tidak memiliki id untuk dikembalikan",
            ),
            remedy=Text(
                "give the payload (dataNIB, JSON) as SITE or --parcel, or another --format",
                "berikan muatan (dataNIB, JSON) sebagai SITE atau --parcel, atau --format lain",
            ),
            code="oss-none",
        )
    zones = approvable_zones(report)
    main = zones[0] if zones else None
    values = _ids(application) | {
        "kd_status": STATUS_CHECKING,
        "tgl_status": f"{as_of.isoformat()} 00:00:00",
        "nip_status": "",
        "nama_status": "",
        "keterangan": _reasons(report, as_of),
    }
    technical = {
        "luas": _approved_area(report),
        "jenis_peruntukan": main or "",
        "koefisien_dasar_bangunan": _number(_limit(report, ("INT001",), main), "max", percent=True),
        "koefisien_lantai_bangunan": _number(_limit(report, ("INT002",), main), "max"),
        "indikasi_program_pemanfaatan_ruang": "",
        "persyaratan_pelaksanaan_kegiatan": _conditions(report),
        "garis_sempadan_bangunan": _number(_limit(report, ("TAB001",), main), "min"),
        "jarak_bebas_bangunan": _number(_limit(report, ("TAB002", "TAB003"), main), "min"),
        "koefisien_dasar_hijau": _number(_limit(report, ("INT003",), main), "min", percent=True),
        "jaringan_utilitas_kota": "",
        "persetujuan": "",
        "url_peta": "",
        "url_keterangan_peta": "",
        "ketentuan_umum": _provisions(report, main),
        "koordinat_batas_bidang": _boundary(report, to_lonlat),
        "nomor_pertek": "",
        "nomor_perda_rtr": _regulations(report),
        "nama_perairan": application.water,
        "kedalaman": application.depth,
    }
    for group, prefix in ((values, ""), (technical, "data_teknis.")):
        for name, value in group.items():
            group[name] = _fitting(prefix + name, value, WIDTHS[name], report)
    return {ROOT: {**values, "data_teknis": technical}}


def _fitting(path: str, value: str, width: int, report: Report) -> str:
    text = safe_lines(value)
    if len(text) <= width:
        return text
    name = path.rpartition(".")[2]
    raise InputError(
        Text(
            f"{path} would be {len(text)} characters long, but the field holds {width}",
            f"{path} akan sepanjang {len(text)} karakter, padahal kolomnya hanya memuat {width}",
        ),
        place=Place(report.site.id),
        remedy=_REMEDIES.get(name, _ASK_OSS),
        code="oss-width",
    )


def _ids(application: Application) -> dict[str, str]:
    ids = {
        "id_proyek": application.project, "oss_id": application.oss_id, "id_izin": application.id_izin,
        "kd_izin": application.kd_izin,
    }  # fmt: skip
    lacking = ", ".join(name for name, value in ids.items() if not value)
    if lacking:
        raise InputError(
            Text(
                f"the application gives no usable {lacking}: a draft could not be handed back",
                f"permohonan tidak memuat {lacking} yang sah: draf tidak dapat dikembalikan",
            ),
            place=Place("/".join(filter(None, (application.project, application.location))) or None),
            remedy=_ASK_OSS,
            code="oss-id",
        )
    return ids


def approvable_zones(report: Report) -> list[str]:
    """Return the sub-zones of the approvable part, the largest first.

    A sub-zone counts where none of its land findings is open or failing; its area is that of the approvable part
    where its outline is known, else that of the ledger.
    """
    if report.approvable is None:
        return []
    import shapely

    closed = {
        f.zone
        for f in report.findings
        if f.outcome >= Outcome.UNDETERMINED and f.subject == "parcel" and BY_CODE[f.rule].is_land
    }
    areas: dict[str, float] = {}
    for entry in report.combined:
        if entry.subject == "parcel":
            areas |= {zone.subzone: zone.area_m2 for zone in entry.zones if zone.subzone not in closed}
    drawn: dict[str, float] = {}
    for code, geometry in report.around.zones:
        if code in areas:
            common = shapely.intersection(geometry, report.approvable.geometry)
            drawn[code] = drawn.get(code, 0.0) + float(shapely.area(common))
    areas |= drawn
    ordered = sorted(areas, key=lambda code: (-round(areas[code], 4), code))
    return [code for code in ordered if areas[code] > 0]


def _approved_area(report: Report) -> str:
    if report.approvable is None or report.verdict not in _GOOD:
        return ""
    return f"{math.floor(round(report.approvable.area_m2 * 100, 2)) / 100:.2f}"


def _limit(report: Report, rules: Sequence[str], zone: str | None) -> float | None:
    """Return the strictest limit that findings of a sub-zone name, none where one is open; fractions stay fractions."""
    found = [f for f in report.findings if f.rule in rules and f.zone == zone and zone is not None]
    if any(name.startswith(_OPEN_LIMIT) for f in found for name in f.missing):
        return None
    limits = [float(f.limit) for f in found if isinstance(f.limit, float | int)]
    # KDH and KTB are judged for the whole parcel; what each sub-zone asks for stands beside.
    limits = limits or [v for f in report.findings if f.rule in rules for z, v in f.zone_limits if z == zone]
    if not limits:
        return None
    return max(limits) if BY_CODE[rules[0]].operator == ">=" else min(limits)


def _number(value: float | None, side: str, *, percent: bool = False) -> str:
    """Write a limit with two decimals; what does not fit is rounded to the strict side."""
    if value is None:
        return ""
    hundredths = round(value * (10_000 if percent else 100), 6)
    whole = math.floor(hundredths) if side == "max" else math.ceil(hundredths)
    return f"{whole / 100:.2f}"


def _conditions(report: Report) -> str:
    """Return the conditions that have no field of their own; where they do not fit, their rules."""
    groups = same_said(
        f for f in report.findings if f.outcome is Outcome.CONDITIONAL and f.rule not in _IN_FIELDS
    )
    if not groups:
        return ""
    full = "; ".join(f"{group[0].rule} {_message(group)}".rstrip(".") for group in groups)
    codes = ", ".join(dict.fromkeys(group[0].rule for group in groups))
    return (
        full if len(full) <= WIDTHS["persyaratan_pelaksanaan_kegiatan"] else f"Uraian di keterangan: {codes}"
    )


def _provisions(report: Report, main: str | None) -> str:
    """Return what holds in each sub-zone of the parcel; where it does not fit, which they are and how large."""
    entry = next((e for e in report.combined if e.subject == "parcel"), None)
    if entry is None:
        return ""
    order = sorted(entry.zones, key=lambda zone: (zone.subzone != main, -zone.area_m2, zone.subzone))
    briefs = [f"{zone.subzone} {words.area(zone.area_m2, _LANG)}" for zone in order]
    full = []
    for zone, brief in zip(order, briefs, strict=True):
        limits = _limits_in_words(report, zone.subzone, named=zone.subzone != main)
        full.append(f"{brief}: {', '.join(limits)}" if limits else brief)
    text = "; ".join(full)
    return text if len(text) <= WIDTHS["ketentuan_umum"] else "; ".join(briefs) + " (uraian di keterangan)"


def _limits_in_words(report: Report, zone: str, *, named: bool) -> list[str]:
    """Return the limits of a sub-zone; those with fields of their own only where the fields describe another."""
    wanted = [("INT004", "KTB maks", "ratio"), ("TAB004", "tinggi maks", "m"), ("TAB005", "lantai maks", "")]
    if named:
        fields = [
            ("INT001", "KDB maks", "ratio"), ("INT002", "KLB maks", "factor"), ("INT003", "KDH min", "ratio"),
            ("TAB001", "GSB min", "m"), ("TAB002", "jarak samping min", "m"), ("TAB003", "jarak belakang min", "m"),
        ]  # fmt: skip
        wanted = [*fields, *wanted]
    found = [(label, _limit(report, (rule,), zone), unit) for rule, label, unit in wanted]
    return [
        f"{label} {words.quantity(limit, unit, _LANG) if unit else format(limit, 'g')}"
        for label, limit, unit in found
        if limit is not None
    ]


def _boundary(report: Report, to_lonlat: ToLonLat) -> str:
    """Return the outline as "latitude, longitude" of each vertex, ring by ring: of the approvable part, else the parcel."""
    import shapely

    approved = report.approvable is not None and report.verdict in _GOOD
    shape = report.approvable.geometry if approved and report.approvable else report.site.parcel
    if shape is None or shape.is_empty:
        return ""
    lonlat = shapely.orient_polygons(shapely.force_2d(to_lonlat(shape, work_crs_of(report))))
    polygons = [part for part in shapely.get_parts(lonlat) if part.geom_type == "Polygon"]
    rings = []
    for n, polygon in enumerate(polygons, 1):
        bidang = f"bidang {n}: " if len(polygons) > 1 else ""
        rings.append(bidang + _ring(polygon.exterior))
        rings += [f"lubang pada bidang {n}: {_ring(hole)}" for hole in polygon.interiors]
    return "\n".join(rings)


def _ring(ring: Any) -> str:
    return "; ".join(f"{y:.{_DEGREE_DECIMALS}f}, {x:.{_DEGREE_DECIMALS}f}" for x, y in ring.coords)


def _regulations(report: Report) -> str:
    plans = [p for p in report.provenance.get("plans", ()) if p["id"] in report.plans_judged]
    return "; ".join(dict.fromkeys(safe_text(p.get("legal") or p.get("name") or p["id"]) for p in plans))


def _reasons(report: Report, as_of: dt.date) -> str:
    """Return the verdict and everything behind it in words."""
    site = report.site
    assert site.application is not None
    where = site.application.location or "-"
    lines = [
        f"Draf hasil pemeriksaan spasial (kkpr-check): {words.VERDICTS[report.verdict].pick(_LANG).upper()}.",
        words.DISCLAIMER.pick(_LANG),
        f"Proyek {site.application.project}, lokasi {where}; per tanggal {words.date(as_of, _LANG)}; "
        f"jalur {words.PATHWAYS[report.pathway].pick(_LANG)}: {report.pathway_reason.pick(_LANG)}",
    ]
    if any(plan.get("synthetic") for plan in report.provenance.get("plans", ())):
        lines.append(words.SYNTHETIC.pick(_LANG))
    if report.draft:
        lines.append(words.DRAFT.pick(_LANG))
    if report.self_declaration:
        lines.append(words.SELF_DECLARATION.pick(_LANG))
    lines += _ledger_lines(report)
    for outcome, title in _LISTED:
        groups = same_said(f for f in report.findings if f.outcome is outcome)
        lines += [f"{title}:"] if groups else []
        lines += [f"- {_finding(group)}" for group in groups]
    notes = dict.fromkeys((*site.assumptions, *report.assumptions))
    lines += ["Catatan:"] if notes else []
    lines += [f"- {note.pick(_LANG)}" for note in notes]
    return "\n".join(safe_text(line) for line in lines)


def _ledger_lines(report: Report) -> list[str]:
    lines = []
    for entry in report.combined:
        if entry.subject != "parcel":
            continue
        parts = [
            f"{zone.subzone} {zone.name} {words.area(zone.area_m2, _LANG)} ({words.percent(zone.share, _LANG)})"
            for zone in entry.zones
        ]
        if entry.gap_m2 > 0:
            parts.append(f"{words.GAP.pick(_LANG)} {words.area(entry.gap_m2, _LANG)}")
        lines.append(f"Neraca zona persil {words.area(entry.area_m2, _LANG)}: {'; '.join(parts) or '-'}")
    if report.approvable is not None:
        part = report.approvable
        share = f"{words.area(part.area_m2, _LANG)} ({words.percent(part.share, _LANG)})"
        lines.append(f"{words.APPROVABLE.pick(_LANG)}: {share}")
    return lines


def _finding(group: Sequence[Finding]) -> str:
    where = ", ".join(dict.fromkeys(f.zone for f in group if f.zone))
    laws = "; ".join(dict.fromkeys(f.legal for f in group if f.legal))
    text = f"{group[0].rule}: {_message(group)}"
    text += f" Zona: {where}." if where else ""
    return text + (f" Dasar hukum: {laws}." if laws else "")


def _message(group: Sequence[Finding]) -> str:
    return missing.message(group).pick(_LANG)

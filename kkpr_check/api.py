"""The Python API: the same engine and the same reports as the command line.

>>> from kkpr_check import Plan, check
>>> plan = Plan.open("data/sample")                                     # doctest: +SKIP
>>> report = check("examples/01-conform.geojson", plan)                 # doctest: +SKIP
>>> report.verdict, [f.rule for f in report.findings if f.outcome.word == "fail"]  # doctest: +SKIP
(<Verdict.CONFORM: 'conform'>, [])
"""

from __future__ import annotations

import datetime as dt
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from kkpr_check.checking import CheckRequest, check_sites, read_of, to_lonlat
from kkpr_check.errors import KkprError, Text, UsageError
from kkpr_check.io.options import PROPOSAL_FIELDS
from kkpr_check.io.sites import read_sites
from kkpr_check.io.windows import OpenPlan, open_bare, open_folder
from kkpr_check.model import Report
from kkpr_check.plan import Level
from kkpr_check.siteinfo import SiteInfo

PathLike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan that was read whole and is ready to judge many sites: ``Plan.open("data/sample")``.

    Attributes
    ----------
    opened
        Identity, tables and indexed layers (`kkpr_check.io.windows.OpenPlan`).
    """

    opened: OpenPlan

    @classmethod
    def open(cls, directory: PathLike) -> Plan:
        """Open a plan folder.

        Raises
        ------
        KkprError
            Whatever is wrong with the plan, with file, row and column.
        """
        return cls(open_folder(os.fspath(directory)))

    @classmethod
    def from_layer(cls, path: PathLike, level: Level = "rdtr", *, rules: PathLike | None = None) -> Plan:
        """Make a plan of one zoning layer, its fields found by their values; what is not known is undetermined.

        Parameters
        ----------
        path
            A zoning layer in any format.
        level
            What it is: ``rdtr``, ``rtrw-kab`` ...
        rules
            A folder with the plan's tables (itbx.csv, intensity.csv ...).
        """
        if level not in get_args(Level):
            known = ", ".join(get_args(Level))
            raise UsageError(
                Text(f"level {level!r} is not known", f"level {level!r} tidak dikenal"),
                remedy=Text(f"one of {known}", f"salah satu dari {known}"),
            )
        return cls(open_bare(os.fspath(path), level, None if rules is None else os.fspath(rules), {}))

    def info(
        self,
        parcel: Any,
        *,
        crs: str | None = None,
        also: Sequence[Plan] = (),
        find: str | None = None,
        as_of: dt.date | None = None,
        include_draft: bool = False,
        **options: Any,
    ) -> SiteInfo:
        """Return what the plan says of a parcel: zones, activities, limits, overlays, buildable envelope.

        Parameters
        ----------
        parcel
            A file, or a shapely Polygon with `crs`.
        also
            Further plans that hold there.
        find
            Only activities with this text in their name, id or KBLI code.
        **options
            `kbli`, `activity` or `road_class`, where they are known.

        Raises
        ------
        UsageError
            The file holds more than one site.
        KkprError
            Something could not be read whole.
        """
        from kkpr_check.informing import info_sites

        unknown = sorted(set(options) - {"kbli", "activity", "road_class", "id"})
        if unknown:
            names = ", ".join(unknown)
            raise UsageError(Text(f"unknown option: {names}", f"opsi tidak dikenal: {names}"))
        with tempfile.TemporaryDirectory(prefix="kkpr-") as folder:
            request = CheckRequest(
                parcel=_file(parcel, crs, Path(folder) / "parcel.geojson"),
                as_of=_day(as_of),
                include_draft=include_draft,
                assume_crs=None if _is_shape(parcel) else crs,
                options={name: value for name, value in options.items() if value is not None},
            )
            plans = [plan.opened for plan in (self, *also)]
            infos = info_sites(read_of(request), plans, request, find=find)
        if len(infos) != 1:
            raise UsageError(
                Text(f"{len(infos)} sites where one was expected", f"{len(infos)} lokasi, seharusnya satu")
            )
        return infos[0]

    @property
    def id(self) -> str:
        """The plan's id."""
        return self.opened.plan.id


def check(
    site: Any = None,
    plan: Plan | PathLike | Sequence[Plan | PathLike] = (),
    *,
    parcel: Any = None,
    crs: str | None = None,
    **options: Any,
) -> Report:
    """Judge one site and return its report.

    Parameters
    ----------
    site
        The building's footprint: a file, or a shapely Polygon with `crs`.
    plan
        One plan or several, opened or as folders; they are ranked by their level.
    parcel
        The parcel, likewise; alone it makes a land check.
    crs
        CRS of shapely geometries ("EPSG:4326"), or the one to assume for files without any.
    **options
        Proposal options of the contract (`kbli`, `activity`, `floors`, `height_m` ...), and `existing`, `as_of`,
        `include_draft`, `strict_accuracy`, `suggest` (also search for what would pass).

    Raises
    ------
    UsageError
        The file holds more than one site: use `check_many`.
    KkprError
        Something could not be read whole.
    """
    reports = check_many(site, plan, parcel=parcel, crs=crs, **options)
    if len(reports) != 1:
        raise UsageError(
            Text(f"{len(reports)} sites where one was expected", f"{len(reports)} lokasi, seharusnya satu"),
            remedy=Text("use check_many", "gunakan check_many"),
        )
    return reports[0]


def check_many(
    site: Any = None,
    plan: Plan | PathLike | Sequence[Plan | PathLike] = (),
    *,
    parcel: Any = None,
    crs: str | None = None,
    **options: Any,
) -> tuple[Report, ...]:
    """Judge every site of a file and return the reports in its order; parameters as in `check`."""
    proposal = {name: options.pop(name) for name in ("id", *PROPOSAL_FIELDS) if name in options}
    with tempfile.TemporaryDirectory(prefix="kkpr-") as folder:
        request = CheckRequest(
            site=_file(site, crs, Path(folder) / "site.geojson"),
            parcel=_file(parcel, crs, Path(folder) / "parcel.geojson"),
            existing=_file(options.pop("existing", None), crs, Path(folder) / "existing.geojson"),
            as_of=_day(options.pop("as_of", None)),
            include_draft=bool(options.pop("include_draft", False)),
            strict_accuracy=bool(options.pop("strict_accuracy", False)),
            suggest=bool(options.pop("suggest", False)),
            assume_crs=None if any(_is_shape(g) for g in (site, parcel)) else crs,
            options={name: value for name, value in proposal.items() if value is not None},
        )
        if options:
            unknown = ", ".join(sorted(options))
            raise UsageError(Text(f"unknown option: {unknown}", f"opsi tidak dikenal: {unknown}"))
        given = [plan] if isinstance(plan, Plan | str | os.PathLike) else plan
        opened = [(one if isinstance(one, Plan) else Plan.open(one)).opened for one in given]
        if not opened:
            raise UsageError(Text("no plan given", "rencana belum diberikan"))
        try:
            read = read_sites(
                request.site, parcel=request.parcel, options=request.options, assume_crs=request.assume_crs
            )
            reports = check_sites(read, opened, request)
        except KkprError as error:
            _forget_folder(error, folder)
            raise
        return tuple(
            replace(report, provenance=_without(report.provenance, folder + os.sep)) for report in reports
        )


def _forget_folder(error: KkprError, folder: str) -> None:
    for one in getattr(error, "errors", [error]):
        one.place = one.place._replace(file=_without(one.place.file, folder + os.sep))


def _without(value: Any, folder: str) -> Any:
    """Return provenance without the folder that geometries pass through: its name is another one in each run."""
    if isinstance(value, str):
        return value.replace(folder, "")
    if isinstance(value, Mapping):
        return {name: _without(one, folder) for name, one in value.items()}
    return [_without(one, folder) for one in value] if isinstance(value, list) else value


def _day(value: Any) -> dt.date:
    if value is None:
        return dt.date.today()
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(value)
    except (TypeError, ValueError):
        raise UsageError(
            Text(f"as_of={value!r} is no date", f"as_of={value!r} bukan tanggal"),
            remedy=Text("give a datetime.date, or 2026-11-24", "berikan datetime.date, atau 2026-11-24"),
        ) from None


def to_dict(report: Report, lang: str = "id") -> dict[str, Any]:
    """Return a report as the JSON object of schema ``kkpr-check/report/1``."""
    from kkpr_check.report import render

    document: dict[str, Any] = json.loads(
        render([report], "json", lang, as_of=_as_of(report), to_lonlat=to_lonlat)
    )
    return document


def to_html(report: Report, lang: str = "id") -> str:
    """Return a report as one HTML page that works offline: what ``--format html`` writes."""
    from kkpr_check.report import html

    return html.dumps([report], lang, to_lonlat, _as_of(report))


def _in_notebook(report: Report) -> str:
    """Return what a notebook shows of a report, in the language of ``KKPR_LANG``."""
    from kkpr_check.report import html

    lang = "en" if os.environ.get("KKPR_LANG") == "en" else "id"
    return html.fragment(report, lang, to_lonlat, _as_of(report))


def _as_of(report: Report) -> dt.date:
    return dt.date.fromisoformat(report.provenance["options"]["as_of"])


setattr(Report, "_repr_html_", _in_notebook)  # noqa: B010  (the core does not know how to draw itself)


def _is_shape(value: Any) -> bool:
    return isinstance(getattr(value, "geom_type", None), str)


def _file(value: Any, crs: str | None, path: Path) -> str | None:
    """Return a path as it is; write a shapely geometry to a GeoJSON file that goes through the same gate."""
    if value is None or isinstance(value, str | os.PathLike):
        return None if value is None else os.fspath(value)
    if not _is_shape(value):
        kind = type(value).__name__
        raise UsageError(
            Text(f"a {kind} is neither a file nor a geometry", f"{kind} bukan berkas dan bukan geometri"),
            remedy=Text(
                "give a path, or one shapely Polygon with crs=; several: one call each, or a file",
                "berikan berkas, atau satu Polygon shapely dengan crs=; bila banyak: panggil satu per satu, atau berkas",
            ),
        )
    import shapely

    from kkpr_check.geometry import objects
    from kkpr_check.io.crs import LONLAT, transform

    if crs is None:
        raise UsageError(
            Text("a geometry without crs=", "geometri tanpa crs="),
            remedy=Text(
                'say in which CRS it is: crs="EPSG:4326"', 'sebutkan sistem koordinatnya: crs="EPSG:4326"'
            ),
            code="crs-missing",
        )
    shape = transform(objects([value]), crs, LONLAT)[0]
    feature = {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(shape))}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    return str(path)

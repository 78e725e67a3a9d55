"""From features to sites: which footprint goes with which parcel, whose options hold, which UTM zone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import shapely

from kkpr_check.errors import ErrorGroup, KkprError, Text, UsageError
from kkpr_check.geometry import objects
from kkpr_check.io import crs as crs_policy
from kkpr_check.io.options import Options, merge_command_line, merge_pair
from kkpr_check.io.outlines import no_area, repair
from kkpr_check.io.pairing import choose_parcel, chosen_note
from kkpr_check.io.sitefeatures import SiteFeature
from kkpr_check.model import Site

LONLAT = "EPSG:4326"
NO_PARCEL = Text(
    "none of the parcels given lies under the footprint", "tidak ada persil yang diberikan di bawah tapak"
)
BLANK_ID = "0"
"""What drawing programs fill in: it names nothing, so it pairs nothing."""

AREA_MIN_M2 = 0.5e-4
"""Less than this is written as 0 (contract 1a.6): no area."""

POINT_DOUBT = Text(
    "A point names the zone only: give the parcel or the building as a polygon to have it judged",
    "Sebuah titik hanya menunjukkan zona: berikan persil atau bangunan sebagai poligon agar dapat dinilai",
)


@dataclass(frozen=True, slots=True)
class Assembly:
    """Sites in input order, each with its working CRS; `points` holds the geometry of sites that are points."""

    sites: tuple[tuple[str, Site], ...]
    points: Mapping[int, Any] = field(default_factory=dict)
    repairs: tuple[Text, ...] = ()
    assumptions: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class _Draft:
    """A site in the CRS of its files."""

    footprint: SiteFeature | None
    parcel: SiteFeature | None = None
    candidates: tuple[str, ...] = ()
    assumptions: tuple[Text, ...] = ()

    @property
    def features(self) -> tuple[SiteFeature, ...]:
        """What is known of the site, the parcel first: it places the site."""
        return tuple(feature for feature in (self.parcel, self.footprint) if feature is not None)


def assemble(
    features: Sequence[SiteFeature], spare_parcels: Sequence[SiteFeature], command_line: Options
) -> Assembly:
    """Return the sites that the features make.

    Parameters
    ----------
    features
        Of the file that is judged: each footprint, and each parcel without footprint, is a site.
    spare_parcels
        Of a second file: parcels to stand under the footprints; those that are not needed are left out.
    command_line
        Options that hold for every site.

    Raises
    ------
    UsageError
        A command line option contradicts a feature, or one `id` is given for several sites.
    KkprError
        No site can be read at all.
    """
    drafts, notes = _paired(features, spare_parcels)
    if command_line.id is not None and len(drafts) > 1:
        raise UsageError(
            Text(
                f"--id names one site, but {len(drafts)} are given",
                f"--id menamai satu lokasi, padahal ada {len(drafts)}",
            ),
            remedy=Text("give each feature a property id", "beri setiap fitur atribut id"),
        )
    placed: list[tuple[str, Site]] = []
    points: dict[int, Any] = {}
    repairs: list[Text] = []
    errors: list[KkprError] = []
    shared = set[int]()
    for index, draft in enumerate(drafts):
        name = _name(draft, index, len(drafts))
        try:
            work, site, point = _site(draft, name, command_line, repairs)
        except UsageError:
            raise
        except KkprError as error:
            errors.append(error)
            shared.add(id(draft.parcel))
            placed.append(("", _unreadable(draft, name, error, command_line)))
            continue
        placed.append((work, site))
        if point is not None:
            points[index] = point
    if len(errors) == len(drafts):
        raise errors[0] if len(errors) == 1 else ErrorGroup(errors)
    home = next((work for work, _ in placed if work), LONLAT)
    sites = tuple(
        (work or home, _beside_unreadable(site) if draft.parcel and id(draft.parcel) in shared else site)
        for draft, (work, site) in zip(drafts, placed, strict=True)
    )
    return Assembly(sites, points, tuple(repairs), (*notes, *_duplicates(sites)))


def _beside_unreadable(site: Site) -> Site:
    """Doubt a site whose parcel is to carry another building, of which nobody knows how large it is."""
    doubt = Text(
        "another footprint of its parcel could not be read, so its share of the parcel is unknown",
        "tapak lain di persil ini tidak terbaca, sehingga bagiannya dari persil tidak diketahui",
    )
    return replace(site, doubt=site.doubt or doubt)


class _Parcels:
    """Parcels to choose from, by id and by place."""

    def __init__(self, parcels: Sequence[SiteFeature]) -> None:
        self.all = parcels
        self.by_id: dict[str, list[SiteFeature]] = {}
        by_crs: dict[str, list[SiteFeature]] = {}
        for parcel in parcels:
            if parcel.id is not None:
                self.by_id.setdefault(parcel.id, []).append(parcel)
            if parcel.geometry is not None and "Point" not in parcel.geometry.geom_type:
                by_crs.setdefault(parcel.crs, []).append(parcel)
        self.trees = [
            (crs, members, shapely.STRtree([m.geometry for m in members])) for crs, members in by_crs.items()
        ]

    def near(self, footprint: SiteFeature) -> list[SiteFeature]:
        """Return the parcels whose boxes meet that of the footprint, in the order of the file."""
        found: list[SiteFeature] = []
        for crs, members, tree in self.trees:
            box = crs_policy.transform_bounds(footprint.geometry.bounds, footprint.crs, crs)  # type: ignore[union-attr]
            found += [members[n] for n in sorted(tree.query(shapely.box(*box)))]
        return found


def _paired(features: Sequence[SiteFeature], spare: Sequence[SiteFeature]) -> tuple[list[_Draft], list[Text]]:
    everything = [*features, *spare]
    footprints = [feature for feature in everything if feature.role == "footprint"]
    parcels = _Parcels([feature for feature in everything if feature.role == "parcel"])
    alone = len(footprints) == 1
    drafts = {id(footprint): _with_parcel(footprint, parcels, alone=alone) for footprint in footprints}
    used = {id(draft.parcel) for draft in drafts.values()}
    for parcel in features:
        if parcel.role == "parcel" and id(parcel) not in used:
            drafts[id(parcel)] = _Draft(None, parcel)
    ordered = [drafts[id(feature)] for feature in everything if id(feature) in drafts]
    idle = sum(feature.role == "parcel" and id(feature) not in used for feature in spare)
    if not idle:
        return ordered, []
    note = Text(
        f"{idle} parcels hold no footprint and are not judged", f"{idle} persil tanpa tapak tidak dinilai"
    )
    return ordered, [note]


def _with_parcel(footprint: SiteFeature, parcels: _Parcels, *, alone: bool) -> _Draft:
    """Return the footprint with its parcel: the only one there is, that of its id, or the one under it."""
    if not parcels.all:
        return _Draft(footprint)
    if alone and len(parcels.all) == 1:
        return _Draft(footprint, parcels.all[0])
    named = parcels.by_id.get(footprint.id, []) if footprint.id not in (None, BLANK_ID) else []
    if len(named) == 1:
        return _Draft(footprint, named[0])
    if named:
        return _Draft(footprint, candidates=tuple(_call(parcel) for parcel in named))
    return _by_area(footprint, parcels)


def _by_area(footprint: SiteFeature, parcels: _Parcels) -> _Draft:
    if footprint.geometry is None or footprint.geometry.geom_type == "Point":
        return _Draft(footprint)
    work = crs_policy.work_crs(*_location(footprint))
    near = parcels.near(footprint)
    shapes = objects([_transformed(parcel, work) for parcel in near])
    chosen, listed = choose_parcel(_transformed(footprint, work), shapes)
    if chosen is not None:
        return _Draft(footprint, near[chosen], assumptions=(chosen_note(_call(near[chosen])),))
    candidates = tuple(_call(near[n]) for n in listed)
    return _Draft(footprint, candidates=candidates, assumptions=() if candidates else (NO_PARCEL,))


def _call(parcel: SiteFeature) -> str:
    """Name a parcel for people: its id, and where it stands."""
    row = parcel.place.row
    return f"{parcel.id} (#{row})" if parcel.id is not None else f"#{row}"


def _location(feature: SiteFeature) -> tuple[float, float]:
    centre = shapely.centroid(crs_policy.transform(objects([feature.geometry]), feature.crs, LONLAT)[0])
    return float(centre.x), float(centre.y)


def _transformed(feature: SiteFeature, work: str) -> Any:
    return crs_policy.transform(objects([feature.geometry]), feature.crs, work)[0]


def _name(draft: _Draft, index: int, count: int) -> str:
    """Return the id of a site: the footprint's, the parcel's, else the file's name, numbered where several."""
    given = [feature.id for feature in (draft.footprint, draft.parcel) if feature is not None and feature.id]
    given += [feature.label for feature in draft.features[::-1] if feature.label]
    if given:
        return str(given[0])
    file = draft.features[0].place.file or "site"
    stem = "site" if file == "-" else Path(file).stem
    return stem if count == 1 else f"{stem}-{index + 1}"


def _site(
    draft: _Draft, name: str, command_line: Options, repairs: list[Text]
) -> tuple[str, Site, Any | None]:
    """Return working CRS, site and, where the site is a point, the point."""
    options = merge_command_line(command_line, _options(draft))
    for feature in draft.features:
        if feature.error is not None:
            raise feature.error
    if draft.features[0].geometry is None:
        return "", _without_outline(draft, options.id or name, options), None
    location = _location(draft.features[0])
    work = crs_policy.work_crs(*location)
    shapes = {feature.role: _transformed(feature, work) for feature in draft.features}
    point = next((shape for shape in shapes.values() if "Point" in shape.geom_type), None)
    doubts = [feature.doubt for feature in draft.features if feature.doubt is not None]
    if point is not None:
        shapes, doubts = {}, [POINT_DOUBT]
    for feature in draft.features if point is None else ():
        shape, note, crossing = repair(shapes[feature.role], feature.place)
        repairs += [] if note is None else [note]
        doubts += [] if crossing is None else [crossing]
        if shape is None or shape.area < AREA_MIN_M2:
            raise no_area(feature.place)
        shapes[feature.role] = shape
    site = Site(
        options.id or name,
        shapes.get("parcel"),
        shapes.get("footprint"),
        options.proposal(),
        location=location,
        doubt=doubts[0] if doubts else None,
        assumptions=(*draft.assumptions, *options.assumptions),
        candidates=draft.candidates,
        application=draft.features[0].application,
    )
    return work, site, point


def _without_outline(draft: _Draft, name: str, options: Options) -> Site:
    """Return the site of an application that says what but not where."""
    parcel = draft.features[0]
    said = (*draft.assumptions, *options.assumptions)
    return Site(
        name,
        None,
        None,
        options.proposal(),
        doubt=parcel.doubt,
        assumptions=said,
        application=parcel.application,
    )


def _options(draft: _Draft) -> Options:
    if draft.footprint is not None and draft.parcel is not None:
        return merge_pair(draft.footprint.options, draft.parcel.options)
    return draft.features[0].options


def _unreadable(draft: _Draft, name: str, error: KkprError, command_line: Options) -> Site:
    """Return the site that stands for one that can not be read: nothing of it is judged."""
    doubt = Text(*(error.render(lang).replace("\n  -> ", " -> ") for lang in ("en", "id")))
    location = None
    for feature in draft.features:
        if feature.geometry is not None and location is None:
            location = _location(feature)
    return Site(
        name, None, None, command_line.proposal(), location=location, doubt=doubt, unread=True,
        application=draft.features[0].application,
    )  # fmt: skip


def _duplicates(sites: Sequence[tuple[str, Site]]) -> list[Text]:
    counts = Counter(site.id for _, site in sites)
    return [
        Text(f"id {name} stands for {count} sites", f"id {name} dipakai {count} lokasi")
        for name, count in counts.items()
        if count > 1
    ]

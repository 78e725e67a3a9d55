"""What lies around a site, for maps and for the distances of each side: nothing is worked out until a format asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from kkpr_check import engine
from kkpr_check.engine import Options, Survey
from kkpr_check.features import PlanWindow
from kkpr_check.frontage import Network
from kkpr_check.model import OverlayArea, RoadLine, Scene, SetbackLine, SideDistance, Site, Surroundings

LEAST_VIEW_M = 25.0
"""How far north and south of a site, however small, its surroundings are told."""
_WIDE = 3.0
"""Maps are wider than high, and a list of layers stands beside the site."""


class Lookout:
    """The surroundings of the sites of a block; `wider` reads the plans again, further around the sites (metres)."""

    def __init__(
        self,
        sites: Sequence[Site],
        windows: Sequence[PlanWindow],
        options: Options,
        known_m: float,
        wider: Callable[[float], Sequence[PlanWindow]],
    ) -> None:
        self.sites = tuple(sites)
        self._windows, self._known_m, self._wider = tuple(windows), known_m, wider
        self._options = options

    def of(self, site: int) -> Surroundings:
        """Return what lies around one site."""
        shape = shape_of(self.sites[site])
        return Scene() if shape is None else _Seen(self, site, view_around(shape))

    @cached_property
    def windows(self) -> tuple[PlanWindow, ...]:
        """The plans that are judged, the highest ranked first, as far around the sites as maps of them reach."""
        shapes = [shape for site in self.sites if (shape := shape_of(site)) is not None]
        needed_m = _WIDE * max((_size_m(shape) for shape in shapes), default=0.0)
        if needed_m > self._known_m:
            self._windows, self._known_m = tuple(self._wider(needed_m)), needed_m
        used, _ = engine.in_force(self._windows, self._options)
        return tuple(sorted(used, key=lambda window: window.plan.order))

    @cached_property
    def trees(self) -> tuple[shapely.STRtree, ...]:
        """An index of the zones of each of `windows`."""
        return tuple(shapely.STRtree(window.zoning.geometry) for window in self.windows)

    @cached_property
    def surveys(self) -> tuple[Survey, ...]:
        """What was found on the way to the reports, site by site."""
        silent = replace(self._options, distances=False)
        return engine.survey(self.sites, self.windows, silent, known_m=self._known_m)[0]

    @cached_property
    def network(self) -> Network:
        """The roads of all plans."""
        return engine.network_of(self.windows)


class _Seen:
    """What lies around one site, each kind worked out when it is asked for."""

    def __init__(self, lookout: Lookout, site: int, view: Any) -> None:
        self._lookout, self._site, self._view = lookout, site, view

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as values: a report that is sent or stored takes no plan along."""
        return Scene, (
            self.zones,
            self.zone_colours,
            self.overlays,
            self.roads,
            self.setbacks,
            self.sides,
        )

    @property
    def _survey(self) -> Survey:
        return self._lookout.surveys[self._site]

    @cached_property
    def _zoning(self) -> tuple[tuple[tuple[str, Any], ...], tuple[tuple[str, str], ...]]:
        for window, tree in zip(self._lookout.windows, self._lookout.trees, strict=True):
            near = np.sort(tree.query(self._view, predicate="intersects"))
            if len(near):
                codes = [str(code or "?") for code in window.zoning.meaning["subzone"][near]]
                named = window.plan.tables.zones
                given = [(code, named[code].colour) for code in dict.fromkeys(codes) if code in named]
                return (
                    tuple(zip(codes, window.zoning.geometry[near], strict=True)),
                    tuple((code, colour) for code, colour in given if colour),
                )
        return (), ()

    @property
    def zones(self) -> tuple[tuple[str, Any], ...]:
        """Zones of the highest-ranked plan that has any here."""
        return self._zoning[0]

    @property
    def zone_colours(self) -> tuple[tuple[str, str], ...]:
        """Colours that this plan gives them."""
        return self._zoning[1]

    @cached_property
    def overlays(self) -> tuple[OverlayArea, ...]:
        """Areas and setback strips of every KHS rule, of all plans."""
        from kkpr_check.surroundings import overlays_in

        return tuple(overlays_in(self._lookout.windows, self._view))

    @cached_property
    def roads(self) -> tuple[RoadLine, ...]:
        """Roads of all plans."""
        from kkpr_check.surroundings import roads_in

        return tuple(roads_in(self._lookout.network, self._view))

    @cached_property
    def setbacks(self) -> tuple[SetbackLine, ...]:
        """Lines of GSB, side and rear clearance."""
        from kkpr_check.surroundings import setbacks_of

        return tuple(setbacks_of(self._survey.building))

    @cached_property
    def sides(self) -> tuple[SideDistance, ...]:
        """The distances of each side."""
        from kkpr_check.surroundings import sides_of

        return tuple(sides_of(self._survey.building))


def shape_of(site: Site) -> Any | None:
    """Return the parcel, else the footprint; None where there is neither."""
    shape = site.parcel if site.parcel is not None else site.footprint
    return None if shape is None or shape.is_empty or site.doubt is not None else shape


def _size_m(shape: Any) -> float:
    x0, y0, x1, y1 = shape.bounds
    return float(max(x1 - x0, y1 - y0, LEAST_VIEW_M))


def view_around(shape: Any) -> Any:
    """Return the box around a shape that a map of it may show."""
    x0, y0, x1, y1 = shape.bounds
    high, wide = _size_m(shape), _WIDE * _size_m(shape)
    return shapely.box(x0 - wide, y0 - high, x1 + wide, y1 + high)

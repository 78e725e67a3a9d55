"""The street frame of the town: a grid that is bent into curves, and the lines drawn on it.

The town is planned in straight coordinates (u eastward, v northward, metres). `to_map` bends them into
WGS 84 / UTM 51S, so every street, block and lot is curved, and `to_grid` finds the way back.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiPolygon, Polygon

Floats = NDArray[np.float64]

CENTRE = (662486.0, 8955605.0)
CRS = "EPSG:32751"
ROTATION = np.radians(17.0)
STEP_M = 14.0
GRID_M = 0.001

RUMIJA_M = {
    "arteri-primer": 25.0,
    "kolektor-primer": 18.0,
    "kolektor-sekunder": 15.0,
    "lokal-primer": 13.0,
    "lokal-sekunder": 11.0,
    "lingkungan-primer": 9.0,
    "lingkungan-sekunder": 7.0,
}
"""Width of the road reserve by class; also the order in which a wider road owns a crossing."""


@dataclass(frozen=True, slots=True)
class Street:
    """One street: its class, its name and where it runs on the grid."""

    id: str
    name: str
    road_class: str
    line: LineString

    @property
    def width_m(self) -> float:
        """Width of the road reserve (rumija) in metres."""
        return RUMIJA_M[self.road_class]


def _bend(u: Floats, v: Floats) -> tuple[Floats, Floats]:
    du = 38.0 * np.sin(v / 310.0 + 0.4) + 14.0 * np.sin(u / 240.0 + v / 500.0)
    dv = 45.0 * np.sin(u / 420.0) + 12.0 * np.sin(v / 180.0 + u / 390.0)
    return du, dv


def to_map(u: Floats | float, v: Floats | float) -> Floats:
    """Return map coordinates (n, 2) in metres (EPSG:32751) of grid positions."""
    u_, v_ = np.atleast_1d(np.asarray(u, float)), np.atleast_1d(np.asarray(v, float))
    du, dv = _bend(u_, v_)
    x, y = u_ + du, v_ + dv
    c, s = np.cos(ROTATION), np.sin(ROTATION)
    return np.column_stack([CENTRE[0] + c * x - s * y, CENTRE[1] + s * x + c * y])


def to_grid(xy: Floats) -> tuple[Floats, Floats]:
    """Return (u, v) of map coordinates (n, 2): the inverse of `to_map`, by fixed-point iteration."""
    c, s = np.cos(ROTATION), np.sin(ROTATION)
    dx, dy = xy[:, 0] - CENTRE[0], xy[:, 1] - CENTRE[1]
    x, y = c * dx + s * dy, -s * dx + c * dy
    u, v = x.copy(), y.copy()
    for _ in range(40):
        du, dv = _bend(u, v)
        u, v = x - du, y - dv
    return u, v


def _dense(u0: float, v0: float, u1: float, v1: float) -> Floats:
    n = max(1, int(np.ceil(np.hypot(u1 - u0, v1 - v0) / STEP_M)))
    t = np.linspace(0.0, 1.0, n + 1)
    return to_map(u0 + t * (u1 - u0), v0 + t * (v1 - v0))


def curve(*points: tuple[float, float]) -> LineString:
    """Return the bent line through grid positions."""
    parts = [_dense(*a, *b) for a, b in itertools.pairwise(points)]
    return LineString(np.vstack([p[:-1] for p in parts] + [parts[-1][-1:]]))


def patch(*points: tuple[float, float]) -> Polygon:
    """Return the bent polygon with the given grid corners."""
    return Polygon(curve(*points, points[0]))


def box(u0: float, u1: float, v0: float, v1: float) -> Polygon:
    """Return the bent rectangle u0..u1, v0..v1."""
    return patch((u0, v0), (u1, v0), (u1, v1), (u0, v1))


# Street lines: position, class (None = edge of the town or a block line without a street), and the reach
# of the street along the other axis.
U_LINES: tuple[tuple[float, str | None, tuple[float, float]], ...] = (
    (-1500, None, (0, 0)),
    (-1180, "lokal-primer", (-1150, 1150)),
    (-930, "lingkungan-primer", (-820, 830)),
    (-760, "lokal-sekunder", (-600, 610)),
    (-630, "lingkungan-sekunder", (-480, 480)),
    (-500, "lokal-primer", (-1150, 1150)),
    (-375, "lingkungan-sekunder", (-480, 480)),
    (-245, "lokal-sekunder", (-600, 610)),
    (-120, "lingkungan-sekunder", (-480, 480)),
    (0, "kolektor-primer", (-1150, 1150)),
    (125, "lingkungan-sekunder", (-480, 480)),
    (245, "lokal-sekunder", (-600, 610)),
    (360, "lingkungan-sekunder", (-480, 480)),
    (480, "lokal-primer", (-820, 830)),
    (680, "kolektor-sekunder", (-820, 830)),
    (800, "lingkungan-primer", (-600, 610)),
    (980, "lingkungan-primer", (-600, 610)),
    (1230, "lokal-primer", (-1150, 1150)),
    (1500, None, (0, 0)),
)
V_LINES: tuple[tuple[float, str | None, tuple[float, float]], ...] = (
    (-1150, None, (0, 0)),
    (-820, "lokal-primer", (-1500, 1500)),
    (-600, "lingkungan-primer", (-930, 980)),
    (-480, "lokal-sekunder", (-760, 980)),
    (-385, "lingkungan-sekunder", (-630, 680)),
    (-290, "lokal-sekunder", (-930, 980)),
    (-195, "lingkungan-sekunder", (-630, 680)),
    (-98, "lokal-sekunder", (-930, 680)),
    (0, "arteri-primer", (-1500, 1500)),
    (100, "lokal-sekunder", (-930, 680)),
    (195, "lingkungan-sekunder", (-630, 680)),
    (290, "kolektor-sekunder", (-1180, 1230)),
    (385, "lingkungan-sekunder", (-630, 680)),
    (480, "lokal-sekunder", (-760, 980)),
    (610, "lingkungan-primer", (-930, 980)),
    (830, "lokal-primer", (-1500, 1500)),
    (1150, None, (0, 0)),
)
U_MIN, U_MAX, V_MIN, V_MAX = -1500.0, 1500.0, -1150.0, 1150.0
DEAD_END_M = 18.0
BRIDGES = frozenset({"arteri-primer", "kolektor-sekunder", "lokal-primer"})
"""Classes that cross the river; other streets end at its setback strip."""

RIVER_V: Floats = np.asarray(-1190.0 + 12.0 * np.arange(199), dtype=np.float64)
"""Where the course of the river is sampled; the reaches end at samples, so that all bands share vertices."""
REACHES = (
    # name, v from, v to, depth m, setback m (PP 38/2011: inside a town, without levee)
    ("Hilir", -1190.0, -290.0, 3.8, 15.0),
    ("Tengah", -290.0, 478.0, 4.6, 15.0),
    ("Hulu", 478.0, 1186.0, 2.4, 10.0),
)


def river_half_m(v: Floats) -> Floats:
    """Return half the width of the river along its course."""
    return np.asarray(9.0 + 2.2 * np.sin(v / 140.0) - v / 1150.0, dtype=float)


def river_course(v: Floats) -> Floats:
    """Return the grid position u of the river axis at v."""
    return np.asarray(575.0 + 38.0 * np.sin(v / 260.0) + 14.0 * np.sin(v / 95.0 + 1.0), dtype=float)


def river_band(extra_m: float, v0: float = RIVER_V[0], v1: float = RIVER_V[-1]) -> Polygon:
    """Return the river widened by `extra_m` on both sides, between two positions along v (map metres)."""
    xy = to_map(river_course(RIVER_V), RIVER_V)
    along = np.gradient(xy, axis=0)
    along /= np.hypot(along[:, 0], along[:, 1])[:, None]
    across = np.column_stack([-along[:, 1], along[:, 0]]) * (river_half_m(RIVER_V) + extra_m)[:, None]
    keep = (v0 - 1e-6 <= RIVER_V) & (v1 + 1e-6 >= RIVER_V)
    left, right = (xy + across)[keep], (xy - across)[keep]
    return Polygon(np.vstack([left, right[::-1]]))


STREET_NAMES = (
    "Melati", "Kenanga", "Cendana", "Kemiri", "Asam", "Lontar", "Gewang", "Beringin", "Kelapa", "Pinang",
    "Jati", "Mahoni", "Johar", "Flamboyan", "Kamboja", "Teratai", "Dahlia", "Anggrek", "Mawar", "Cempaka",
    "Bougenvil", "Nangka", "Sukun", "Kesambi", "Bidara", "Kusambi", "Pulai", "Waru", "Ketapang", "Bakau",
    "Akasia", "Trembesi", "Sonokeling", "Randu",
)  # fmt: skip


def alignments() -> list[Street]:
    """Return every street as laid out, also across the river where nobody has built the bridge."""
    found: list[Street] = []
    names = iter(STREET_NAMES)
    for axis, lines in (("U", U_LINES), ("V", V_LINES)):
        for index, (position, road_class, (low, high)) in enumerate(lines):
            if road_class is None:
                continue
            ends = ((position, low), (position, high)) if axis == "U" else ((low, position), (high, position))
            found.append(
                Street(f"{axis}{index:02d}", f"Jalan {next(names)} (SINTETIS)", road_class, curve(*ends))
            )
    return found


def streets() -> list[Street]:
    """Return the streets as built: curved centre lines, dead ends at the river where there is no bridge."""
    bank = river_band(DEAD_END_M)
    return [
        Street(f"{street.id}-{number}", street.name, street.road_class, piece)
        for street in alignments()
        for number, piece in enumerate(
            [street.line] if street.road_class in BRIDGES else _pieces(street.line.difference(bank))
        )
    ]


def _pieces(geometry: shapely.Geometry) -> list[LineString]:
    parts = [g for g in shapely.get_parts(geometry) if g.length > 25.0]
    return [p for p in parts if isinstance(p, LineString)]


def road_area(street: Street, extra_m: float = 0.0) -> Polygon | MultiPolygon:
    """Return the road reserve: the centre line widened by half the rumija."""
    area = street.line.buffer(street.width_m / 2 + extra_m, cap_style="flat", join_style="mitre")
    assert isinstance(area, Polygon | MultiPolygon)
    return area


POND = (-1055.0, 985.0, 62.0, 44.0)
"""The reservoir: centre u, v and half axes on the grid."""


def pond(extra_m: float = 0.0) -> Polygon:
    """Return the reservoir (embung) as a smooth closed shape."""
    t = np.linspace(0.0, 2 * np.pi, 49)[:-1]
    wobble = 1.0 + 0.09 * np.sin(3 * t + 0.5) + 0.05 * np.cos(5 * t)
    shape = Polygon(to_map(POND[0] + POND[2] * wobble * np.cos(t), POND[1] + POND[3] * wobble * np.sin(t)))
    return shape.buffer(extra_m, quad_segs=6) if extra_m else shape

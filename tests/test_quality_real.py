"""The figures of the real layers' README, found again by `validate`."""

from __future__ import annotations

from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest
import shapely
from real_plans import REAL, needs_real

from kkpr_check.io.quality_read import Reading, plane_of, projected, read_layer
from kkpr_check.quality import luasha
from kkpr_check.quality.base import LayerView
from kkpr_check.quality.findings import DataFinding, Result
from kkpr_check.validating import ValidateRequest, validate

pytestmark = needs_real

JAGOI = "rdtr/jagoi_babang_2024_polaruang.geojson"
SAUMLAKI = "rdtr/saumlaki_2023_polaruang.geojson"
OLD_FORM = "rdtr/saumlaki_2023_polaruang_format_lama.geojson"
JAKARTA = "rdtr/jakarta_2022_potongan_polaruang.geojson"
TANIMBAR = "rtrw/tanimbar_rtrw_kab_polaruang.geojson"
PROVINCE = "rtrw/tanimbar_rtrw_prov_polaruang.geojson"
BANDUNG, CIREBON, BANJAR = (f"rtrw/RTRWP Kota {town}.zip" for town in ("Bandung", "Cirebon", "Banjar"))
JAGOI_PARCELS = "bangunan_persil/jagoi_babang_persil_hat.geojson"
JAKARTA_PARCELS = "bangunan_persil/jakarta_persil_hat.geojson"
BUILDINGS = "bangunan_persil/saumlaki_bangunan.geojson"
FLOOD, TSUNAMI, SLIDES = (
    f"pendukung/saumlaki_larat_rawan_{what}.geojson" for what in ("banjir", "tsunami", "longsor")
)


@cache
def look(*names: str, select: tuple[str, ...] = ()) -> Result:
    return validate(ValidateRequest(tuple(str(REAL / name) for name in names), select=select))


def only(result: Result, code: str) -> list[DataFinding]:
    return [finding for finding in result.findings if finding.code == code]


@cache
def plane(name: str) -> LayerView:
    read = read_layer(str(REAL / name), Reading())
    view = projected(read, plane_of([read]))
    assert view is not None
    return view


def hectares(name: str) -> tuple[float, float]:
    """Return the sum of the areas in the plane and on the ellipsoid."""
    view = plane(name)
    area = shapely.area(view.geometry)
    return float(area.sum()) / 1e4, float((area / view.areal_scale).sum()) / 1e4


@pytest.mark.parametrize(
    ("name", "plane_ha", "geodesic_ha"),
    [
        (JAGOI, 4276.627, 4278.532), (SAUMLAKI, 3975.948, 3972.594 + 1.4285), (JAKARTA, 7.933, 7.931),
        (OLD_FORM, 3975.948, 3972.594 + 1.4285),
        (TANIMBAR, 4898.219, 4893.744), (BANJAR, 13113.471, 13100.549), (PROVINCE, 3817.067, 3813.459), (BANDUNG, 16681.011, 16659.308),
        (CIREBON, 33651.274, 33625.139),
    ],
)  # fmt: skip
def test_areas(name: str, plane_ha: float, geodesic_ha: float) -> None:
    """README: sum in the UTM zone, and on the ellipsoid (of Saumlaki the geodesic one of the union: 1.43 ha overlap)."""
    found = hectares(name)
    assert found[0] == pytest.approx(plane_ha, abs=2e-3)
    assert found[1] == pytest.approx(geodesic_ha, rel=1e-6, abs=2e-3) or name in (SAUMLAKI, OLD_FORM)


@pytest.mark.parametrize(
    ("name", "invalid"),
    [
        (JAGOI, 1), (SAUMLAKI, 0), (OLD_FORM, 0), (JAKARTA, 0), (TANIMBAR, 0), (PROVINCE, 0), (BANDUNG, 0), (CIREBON, 0), (BANJAR, 1),
        (JAGOI_PARCELS, 0), (JAKARTA_PARCELS, 0), (BUILDINGS, 0), (FLOOD, 0), (TSUNAMI, 1), (SLIDES, 1),
        ("kkpr/kkpr_jabar_235.geojson", 1), ("ttu/ttu_desa.geojson", 0),
    ],
)  # fmt: skip
def test_invalid_geometries(name: str, invalid: int) -> None:
    found = only(look(name, select=("DAT105",)), "DAT105")
    assert len(found) == invalid
    assert all(f.value == "Ring Self-intersection" and f.witness.geom_type == "Point" for f in found)


@pytest.mark.parametrize(
    ("name", "pairs", "total_m2", "narrower"),
    [
        (JAGOI, 0, 0.0, 0), (SAUMLAKI, 6, 14_292.46, 0), (OLD_FORM, 6, 14_292.46, 0), (JAKARTA, 0, 0.0, 0), (TANIMBAR, 0, 0.0, 0),
        (PROVINCE, 0, 0.0, 0),
        (BANDUNG, 0, 0.0, 0), (CIREBON, 1, 0.08, 1), (BANJAR, 0, 0.0, 0), (BUILDINGS, 291, 622.0, 0), (FLOOD, 16, 2961.0, 0),
        (JAGOI_PARCELS, 235, 533_504.0, 2), (JAKARTA_PARCELS, 237, 148_814.0 - 24_725.5, 6), ("ttu/ttu_desa.geojson", 0, 0.0, 0),
    ],
)  # fmt: skip
def test_overlapping_pairs(name: str, pairs: int, total_m2: float, narrower: int) -> None:
    """README: pairs above 0.01 m2. `narrower` of them are below 1 mm wide, which is noise here.

    (One of the six in Jakarta is the third pair of three equal parcels of 24,725.5 m2, which are two duplicates.)
    """
    found = [
        f
        for f in look(name, select=("DAT101", "DAT104", "DAT108")).findings
        if f.code in ("DAT101", "DAT108")
    ]
    same = only(look(name, select=("DAT101", "DAT104", "DAT108")), "DAT104")
    assert len(found) + len(same) == pairs - narrower
    assert sum(f.area_m2 or 0 for f in found + same) == pytest.approx(total_m2, rel=1e-4, abs=1.0)


def test_the_three_large_overlaps_of_saumlaki() -> None:
    """README, by 0-based order: 22/29 7,362 m2, 16/28 4,969 m2 (the same geometry), 71/110 1,868 m2."""
    result = look(OLD_FORM)
    large = {
        (f.feature, f.other_feature): round(f.area_m2 or 0)
        for f in only(result, "DAT101")
        if f.level == "error"
    }
    assert large == {("22", "29"): 7362, ("71", "110"): 1868}
    assert [(f.feature, f.other_feature, round(f.area_m2 or 0)) for f in only(result, "DAT104")] == [
        ("28", "16", 4969)
    ]


@pytest.mark.parametrize(
    ("name", "duplicates"),
    [(FLOOD, 16), ("kkpr/kkpr_jabar_235.geojson", 99), ("ttu/ttu_desa.geojson", 0)],
)
def test_duplicate_geometries(name: str, duplicates: int) -> None:
    assert len(only(look(name, select=("DAT104",)), "DAT104")) == duplicates


def test_duplicates_among_parcels_are_at_least_the_equal_ones() -> None:
    """README counts those equal vertex by vertex (13 and 5); other starts and directions of a ring are equal too."""
    assert len(only(look(JAGOI_PARCELS, select=("DAT104",)), "DAT104")) >= 13
    assert len(only(look(JAKARTA_PARCELS, select=("DAT104",)), "DAT104")) >= 5


@pytest.mark.parametrize(
    ("name", "small", "middle", "large"),
    [
        (JAGOI, 0, 0, 0),
        (SAUMLAKI, 0, 2, 2),
        (OLD_FORM, 0, 2, 2),
        (JAKARTA, 0, 0, 0),
        (TANIMBAR, 0, 0, 0),
        (PROVINCE, 0, 0, 0),
        (BANDUNG, 0, 0, 0),
        (CIREBON, 0, 0, 0),
        (BANJAR, 0, 0, 0),
    ],
)
def test_holes(name: str, small: int, middle: int, large: int) -> None:
    """README: holes of 1..100 m2 and above; those below 1 m2 (29 in Jagoi, 0.05 m2 in all) are noise."""
    areas = [f.area_m2 or 0 for f in only(look(name, select=("DAT102",)), "DAT102")]
    assert [sum(a < 1 for a in areas), sum(1 <= a <= 100 for a in areas), sum(a > 100 for a in areas)] == [
        small,
        middle,
        large,
    ]


def test_the_plan_area_of_saumlaki_without_zone() -> None:
    """README: 180,360 m2 of the plan-area polygon have no zone; the large enclave is not among them."""
    result = look(SAUMLAKI, "pendukung/saumlaki_larat_batas_wp_2023.geojson")
    bare = [f.area_m2 or 0 for f in result.findings if f.code in ("DAT102", "DAT107")]
    assert sum(bare) == pytest.approx(180_360, abs=5)
    assert max(bare) < 200_000


@pytest.mark.parametrize(
    ("name", "slivers"),
    [
        (JAGOI, 8),
        (SAUMLAKI, 2),
        (OLD_FORM, 2),
        (TANIMBAR, 4),
        (PROVINCE, 0),
        (BANDUNG, 0),
        (CIREBON, 1),
        (BANJAR, 5),
        (JAKARTA, 20),
    ],
)
def test_sliver_parts(name: str, slivers: int) -> None:
    """README: parts below 100 m2 with 4 pi A / P2 below 0.1."""
    found = only(look(name, select=("DAT103",)), "DAT103")
    assert sum(float(f.value or 1) < 0.1 and (f.area_m2 or 0) < 100 for f in found) == slivers


def test_small_parts_of_jakarta() -> None:
    """README: 11 of 36 parts are below 1 m2."""
    found = only(look(JAKARTA, select=("DAT103",)), "DAT103")
    assert sum((f.area_m2 or 0) < 1 for f in found) == 11


def test_the_one_code_conflict_of_jagoi() -> None:
    (finding,) = only(look(JAGOI), "DAT204")
    assert (finding.value, finding.feature_field) == ("32104300", "OBJECTID")
    assert "SPU-4" in finding.message.en and "SPU-3" in finding.message.en
    assert not only(look(JAGOI), "DAT203")


def test_what_the_area_records_follow() -> None:
    """README: Jagoi geodesic (4278.532 ha), Jakarta and Tanimbar uncut features (32.872 and 51,884 ha)."""
    for name, said, total in (
        (JAGOI, "geodesic", 4278.532),
        (JAKARTA, "uncut", 32.872),
        (TANIMBAR, "uncut", 51_884),
    ):
        view = plane(name)
        areas = luasha.areas_of(view, "LUASHA")
        assert said in luasha.follows(areas).en
        assert np.nansum(areas.recorded) == pytest.approx(total, rel=1e-4)
    assert all("uncut" in f.message.en for f in only(look(JAKARTA), "DAT205"))
    assert len(only(look(TANIMBAR), "DAT205")) == 90


def test_villages_of_jagoi() -> None:
    """README: WADMKD differs from the village that holds most of the feature in 2 of 595."""
    result = look(JAGOI, "pendukung/jagoi_babang_batas_desa.geojson", select=("DAT206",))
    assert len(only(result, "DAT206")) == 2


def test_truncated_texts_of_jakarta() -> None:
    """README: BST 8, IZN 8, TBT 5, KDB/KTB/KLB/KDH 2 each; and their upper-case doubles."""
    counts = Counter(f.field for f in only(look(JAKARTA), "DAT207"))
    assert {name: counts[name] for name in ("BST", "IZN", "TBT", "KDB", "KLB", "KTB", "KDH")} == {
        "BST": 8, "IZN": 8, "TBT": 5, "KDB": 2, "KLB": 2, "KTB": 2, "KDH": 2,
    }  # fmt: skip


def test_attributes_of_jakarta() -> None:
    result = look(JAKARTA)
    assert {f.value for f in only(result, "DAT211")} == {"Kawasan Rawan Banjir Sangat Tinggi"}
    assert {"KODSZN_1", "NAMSZN_1", "IZN_1"} <= {f.field for f in only(result, "DAT209")}


def test_empty_fields_of_saumlaki() -> None:
    """README: KODZON null in 117 of 118; JNSRPR, KODSWP, KODBLK, KODSBL and WADM* in all."""
    empty = {f.field: f.value for f in only(look(SAUMLAKI), "DAT202")}
    assert empty["KODZON"] == 117
    assert {empty[name] for name in ("JNSRPR", "KODSWP", "KODBLK", "KODSBL", "WADMKK", "LUASHA")} == {118}


def test_old_spellings_of_saumlaki() -> None:
    spelled = {f.value for f in only(look(OLD_FORM), "DAT211")}
    assert {"R2", "R3", "R4"} <= spelled
    assert {f.value for f in only(look(OLD_FORM), "DAT203")} >= {"J3", "1-4"}


def test_four_member_positions_are_read() -> None:
    result: Any = look(CIREBON)
    assert [f.level for f in only(result, "DAT006")] == ["info"]
    assert not only(result, "DAT001")


@pytest.mark.parametrize(
    ("name", "features", "parts"),
    [
        (JAGOI, 595, 598),
        (SAUMLAKI, 118, 158),
        (JAKARTA, 25, 36),
        (TANIMBAR, 108, 111),
        (BANDUNG, 6, 41),
        (CIREBON, 10, 53),
        (BANJAR, 4, 96),
    ],
)
def test_features_and_parts(name: str, features: int, parts: int) -> None:
    """README: number of features and of polygon parts (Banjar: after its repair)."""
    view = plane(name)
    assert len(view) == features
    assert int(shapely.get_num_geometries(view.geometry).sum()) == parts


def test_dissolved_layers_are_said_to_be(name: str = BANDUNG) -> None:
    (finding,) = only(look(name), "DAT110")
    assert finding.level == "warning"


def test_names_of_jagoi_are_domain_codes() -> None:
    """README: NAMZON and NAMSZN hold the 8-digit domain code in all 595."""
    found = {f.field: f.message.en for f in only(look(JAGOI), "DAT212")}
    assert set(found) == {"NAMZON", "NAMSZN"} and all("595 of 595" in said for said in found.values())


def test_blank_and_missing_overlays_of_jagoi() -> None:
    """README: PUSLIT has a single blank in 9 rows beside 'Tidak Ada'."""
    found = {f.field: f.message.en for f in only(look(JAGOI), "DAT214")}
    assert "null (9)" in found["PUSLIT"]


def test_intensity_of_jakarta_is_in_words() -> None:
    """README: KDB is a number as text, the word null, or a rule by parcel size."""
    said = [(f.field, f.message.en) for f in only(look(JAKARTA), "DAT217")]
    assert any(field == "KDB" and "in words" in message for field, message in said)
    assert not any('"null"' in message for _, message in said)


def test_saumlaki_in_two_forms_is_one_map_twice() -> None:
    found = only(look(SAUMLAKI, OLD_FORM, select=("DAT013",)), "DAT013")
    assert [f.level for f in found] == ["error"] and "100%" in found[0].message.en


def test_one_feature_of_jagoi_is_more_than_one_percent_off() -> None:
    """README: one feature is >1 % off (0.01 ha must be exceeded too, so it may be below what is reported)."""
    areas = luasha.areas_of(plane(JAGOI), "LUASHA")
    off = np.abs(areas.recorded - areas.geodesic) > 0.01 * areas.geodesic
    assert int(off.sum()) == 1


@pytest.mark.parametrize(
    ("name", "features"),
    [
        ("ttu/ttu_kecamatan.geojson", 24),
        ("ttu/ttu_kabupaten.geojson", 1),
        ("ttu/kota_kefamenanu_desa.geojson", 9),
    ],
)
def test_administrative_layers_are_clean(name: str, features: int) -> None:
    result = look(name, select=("DAT0", "DAT101", "DAT102", "DAT104", "DAT105"))
    assert result.targets[0].features == features and not [f for f in result.findings if f.level == "error"]

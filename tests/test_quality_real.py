"""What `validate` says of the real layers, sentence by sentence; their figures stand in `real_figures.csv`."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np
import pytest
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
BANDUNG = "rtrw/RTRWP Kota Bandung.zip"


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


def test_the_plan_area_of_saumlaki_without_zone() -> None:
    """README: 180,360 m2 of the plan-area polygon have no zone; the large enclave is not among them."""
    result = look(SAUMLAKI, "pendukung/saumlaki_larat_batas_wp_2023.geojson")
    bare = [f.area_m2 or 0 for f in result.findings if f.code in ("DAT102", "DAT107")]
    assert sum(bare) == pytest.approx(180_360, abs=5)
    assert max(bare) < 200_000


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


def test_old_spellings_of_saumlaki() -> None:
    spelled = {f.value for f in only(look(OLD_FORM), "DAT211")}
    assert {"R2", "R3", "R4"} <= spelled
    assert {f.value for f in only(look(OLD_FORM), "DAT203")} >= {"J3", "1-4"}


def test_dissolved_layers_are_said_to_be() -> None:
    (finding,) = only(look(BANDUNG), "DAT110")
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

"""Proposal options: what is understood, what counts as not given, what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kkpr_check.errors import ErrorGroup, InputError, KkprError, Place, UsageError
from kkpr_check.io.options import (
    LARGEST,
    OPTION_NAMES,
    merge_command_line,
    merge_pair,
    parse_option,
    parse_options,
)
from kkpr_check.model import Proposal
from kkpr_check.plan import ROAD_CLASSES

HERE = Place("usulan.geojson", "usulan", "0")


@pytest.mark.parametrize(
    ("name", "value", "understood"),
    [
        ("floors", "2", 2.0),
        ("floors", 2, 2.0),
        ("floors", np.int64(3), 3.0),
        ("height_m", "12.5", 12.5),
        ("height_m", " 12 ", 12.0),
        ("green_area_m2", "0", 0.0),
        ("green_area_m2", 0.0, 0.0),
        ("floor_area_m2", "1e3", 1000.0),
        ("kbli", "47111", "47111"),
        ("kbli", 47111, "47111"),
        ("kbli", 47111.0, "47111"),
        ("kbli", "01111", "01111"),
        ("road_class", "Kolektor Primer", "kolektor-primer"),
        ("road_class", "LOKAL_SEKUNDER", "lokal-sekunder"),
        ("business_scale", "Mikro", "micro"),
        ("business_scale", "besar", "large"),
        ("business_scale", "medium", "medium"),
        ("psn", "Y", True),
        ("psn", "tidak", False),
        ("psn", True, True),
        ("psn", np.bool_(False), False),
        ("psn", 1, True),
        ("activity", " Toko  kelontong ", "Toko kelontong"),
        ("id", 7.0, "7"),
        ("id", "007", "007"),
    ],
)
def test_understood(name: str, value: Any, understood: Any) -> None:
    parsed = parse_option(name, value, place=HERE)
    assert parsed.value == understood
    assert type(parsed.value) is type(understood)
    assert parsed.assumption is None


@pytest.mark.parametrize("name", sorted(LARGEST))
def test_the_largest_believed_is_understood_and_named_by_the_refusal(name: str) -> None:
    assert parse_option(name, LARGEST[name]).value == LARGEST[name]
    with pytest.raises(UsageError, match=f"must not be more than {LARGEST[name]:.0f}"):
        parse_option(name, LARGEST[name] * 1.001)


@pytest.mark.parametrize("name", OPTION_NAMES)
@pytest.mark.parametrize("value", [None, float("nan"), np.float64("nan"), "", "  ", "\u00a0"])
def test_not_given(name: str, value: Any) -> None:
    assert parse_option(name, value, place=HERE).value is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("floor_area_m2", "1.200,5"),
        ("floor_area_m2", "1200,5"),
        ("floor_area_m2", "1.200.000"),
        ("floor_area_m2", "1_000"),
        ("floor_area_m2", "1200 m2"),
        ("floor_area_m2", "-1"),
        ("floor_area_m2", "inf"),
        ("floor_area_m2", float("inf")),
        ("floor_area_m2", "1e999"),
        ("floor_area_m2", "nan"),
        ("floor_area_m2", "١٢"),
        ("floors", 0),
        ("floors", 1e300),
        ("floors", 1001),
        ("height_m", "10000.5"),
        ("floor_area_m2", 1.1e9),
        ("basement_area_m2", "1e300"),
        ("green_area_m2", 1.1e11),
        ("legal_area_m2", 1.7976931348623157e308),
        ("floors", 10**400),
        ("floors", "9" * 400),
        ("floors", "dua"),
        ("floors", True),
        ("kbli", "471"),
        ("kbli", "0111"),
        ("kbli", "471111"),
        ("kbli", 471111),
        ("kbli", "G47111"),
        ("kbli", -4711),
        ("kbli", 4711.5),
        ("kbli", "٤٧١١١"),
        ("road_class", "jalan raya"),
        ("business_scale", "UMK"),
        ("psn", "mungkin"),
        ("psn", 2),
    ],
)
def test_refused(name: str, value: Any) -> None:
    with pytest.raises(InputError) as caught:
        parse_option(name, value, place=HERE)
    assert caught.value.place == HERE._replace(column=name)
    assert name in caught.value.text.id
    with pytest.raises(UsageError):
        parse_option(name, value)


def test_decimal_comma_says_what_to_write() -> None:
    with pytest.raises(UsageError) as caught:
        parse_option("green_area_m2", "1.200,5")
    assert caught.value.remedy is not None
    assert "decimal point" in caught.value.remedy.en


@pytest.mark.parametrize("name", [name for name in sorted(LARGEST) if name.endswith("_m2")])
def test_an_area_that_may_have_a_point_for_thousands_counts_as_not_given(name: str) -> None:
    """1,200 m2 read as 1.2 m2 would pass every KLB."""
    for written in ("1.200", " 12.500 ", "120.125"):
        parsed = parse_option(name, written, place=HERE)
        assert parsed.value is None
        assert parsed.assumption is not None
        assert written.strip().replace(".", "") in parsed.assumption.en
        with pytest.raises(UsageError, match="may be"):
            parse_option(name, written)
    for number in (1.2, "1.2000", "0.125", "1200.125", "1.2"):
        assert parse_option(name, number, place=HERE) == (float(number), None)


def test_no_floor_area_is_none_given() -> None:
    parsed = parse_option("floor_area_m2", 0, place=HERE)
    assert parsed.value is None
    assert parsed.assumption is not None
    with pytest.raises(UsageError):
        parse_option("floor_area_m2", "0")


@pytest.mark.parametrize(
    ("value", "padded"), [(1111, "01111"), (1111.0, "01111"), ("1111", "01111"), (111, "00111")]
)
def test_a_lost_zero_is_restored_and_recorded(value: Any, padded: str) -> None:
    parsed = parse_option("kbli", value)
    assert parsed.value == padded
    assert parsed.assumption is not None
    assert padded in parsed.assumption.id


@pytest.mark.parametrize(("value", "hint"), [("lokal-p", "lokal-primer"), ("lokl-primer", "lokal-primer")])
def test_the_nearest_road_class_is_suggested(value: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_option("road_class", value)
    assert caught.value.remedy is not None
    assert hint in caught.value.remedy.en
    assert all(word in caught.value.remedy.id for word in ROAD_CLASSES)


def test_names_match_in_any_case_and_strangers_are_left_alone() -> None:
    options = parse_options({"KBLI": 1111, "Floors": "2", "NAMOBJ": "x", "luas": "1,2"}, place=HERE)
    assert options.proposal() == Proposal(kbli="01111", floors=2.0)
    assert len(options.assumptions) == 1


def test_one_option_in_two_columns() -> None:
    assert parse_options({"KBLI": "47111", "kbli": 47111}, place=HERE).values == {"kbli": "47111"}
    with pytest.raises(InputError, match="twice"):
        parse_options({"KBLI": "47111", "kbli": "56101"}, place=HERE)


def test_all_wrong_values_are_told_at_once() -> None:
    with pytest.raises(ErrorGroup) as caught:
        parse_options({"kbli": "x", "floors": "-1", "psn": "Y"})
    assert len(caught.value.errors) == 2


def test_a_pair_may_share_its_options() -> None:
    house = parse_options({"id": "A", "floors": 2, "kbli": "47111"}, place=HERE)
    plot = parse_options({"id": "P", "legal_area_m2": 500, "KBLI": 47111}, place=HERE._replace(row="1"))
    merged = merge_pair(house, plot)
    assert merged.id == "A"
    assert merged.proposal() == Proposal(kbli="47111", floors=2.0, legal_area_m2=500.0)


def test_a_pair_that_disagrees_names_both() -> None:
    house = parse_options({"floors": 2}, place=HERE)
    plot = parse_options({"floors": 3}, place=HERE._replace(row="1"))
    with pytest.raises(InputError) as caught:
        merge_pair(house, plot)
    message = caught.value.render("en")
    assert all(part in message for part in ("row 0", "row 1", "2", "3"))


def test_the_command_line_overrides_nothing_silently() -> None:
    feature = parse_options({"floors": 2}, place=HERE)
    assert merge_command_line(parse_options({"floors": "2.0", "psn": "ya"}), feature).proposal() == Proposal(
        floors=2.0, psn=True
    )
    merged = merge_command_line(parse_options({"floors": "3"}), feature)
    assert merged.proposal().floors == 3
    assert [note.en for note in merged.assumptions] == ["floors = 3.0 from --floors; the file says 2.0"]


@given(
    st.sampled_from(sorted(LARGEST)).flatmap(
        lambda name: st.tuples(st.just(name), st.floats(0.001, LARGEST[name]))
    )
)
def test_every_number_python_writes_is_read_back(pair: tuple[str, float]) -> None:
    name, number = pair
    assert parse_option(name, f"{number!r}0" if "e" not in str(number) else str(number)).value == number
    assert parse_option(name, number).value == number


@given(st.sampled_from(OPTION_NAMES), st.text() | st.floats() | st.integers() | st.booleans() | st.none())
def test_any_value_is_understood_or_refused(name: str, value: Any) -> None:
    try:
        parsed = parse_option(name, value, place=HERE)
    except KkprError as error:
        assert error.text.id
    else:
        assert parsed.value is None or not (
            isinstance(parsed.value, float) and not 0 <= parsed.value < float("inf")
        )


def test_minus_zero_loses_its_sign() -> None:
    assert str(parse_option("green_area_m2", "-0").value) == "0.0"

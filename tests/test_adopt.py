"""What a layer is and which field carries the code: on made layers with the quirks of real ones, and on real ones."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from kkpr_check.errors import PlanError
from kkpr_check.features import Objects
from kkpr_check.io.adopt import Inspection, bare_plan, guess_level, inspect, require_zoning
from kkpr_check.plan import Cell, Limit, Rung, State, Tables, Zone

REAL = Path(os.environ.get("KKPR_REAL", Path(__file__).parents[1].parent / "shared" / "real"))
real = pytest.mark.skipif(not REAL.is_dir(), reason="real data absent")


@dataclass(frozen=True)
class Made:
    """A layer as detection sees it."""

    geometry: Objects
    fields: dict[str, Objects]
    path: str = "layers/peta.shp"
    layer: str | None = "peta"
    more: dict[str, Any] = field(default_factory=dict)


def objects(values: Sequence[Any]) -> Objects:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def areas(name: str = "peta", **fields: Sequence[Any]) -> Made:
    n = len(next(iter(fields.values())))
    boxes = objects([shapely.box(i, 0, i + 1, 1) for i in range(n)])
    return Made(boxes, {k: objects(v) for k, v in fields.items()}, f"layers/{name}.shp", name)


def lines(name: str = "peta", **fields: Sequence[Any]) -> Made:
    n = len(next(iter(fields.values())))
    made = objects([shapely.LineString([(i, 0), (i, 1)]) for i in range(n)])
    return Made(made, {k: objects(v) for k, v in fields.items()}, f"layers/{name}.shp", name)


def test_letter_code_in_any_field_wins_over_numbers_and_names() -> None:
    found = inspect(
        areas(
            NAMOBJ=["Perumahan Kepadatan Sedang", "Badan Air", "Taman Kota"],
            NAMSZN=[32103300.0, 31010000.0, 31031200.0],
            KODSZN=["32103300", "31010000", "31031200"],
            KODWP=["II", "II", "II"],
            BEBAS=["R3", "ba", "RTH-2"],
        )
    )
    assert (found.role, found.family, found.fields["subzone"], found.fields["name"]) == (
        "zoning",
        "rdtr",
        "BEBAS",
        "NAMOBJ",
    )
    assert {v: m.code for v, m in found.matches.items()} == {"R3": "R-3", "ba": "BA", "RTH-2": "RTH-2"}
    assert "3 of 3 features" in found.reason.en
    assert not found.unresolved and not found.conflicts


def test_eight_digit_codes_as_floats_are_enough() -> None:
    found = inspect(areas(X=[32103300.0, 32103300.0, 31010000.0]))
    assert found.fields == {"subzone": "X"}
    assert {v: m.code for v, m in found.matches.items()} == {"32103300": "R-3", "31010000": "BA"}


def test_names_with_typos_are_suggested_and_left_open() -> None:
    found = inspect(
        areas(NAMOBJ=["Perumahan Kepadatan Sedang", "Perumahan Kepadatn Tinggi", "Badan Jalan", None])
    )
    assert found.role == "zoning"
    assert [(u.value, u.features, u.suggestions) for u in found.unresolved] == [
        ("Perumahan Kepadatn Tinggi", 1, ("R-2",))
    ]
    assert found.without_value == 1
    assert "Perumahan Kepadatn Tinggi" not in found.matches


def test_a_code_of_two_meanings_and_a_memory_row_are_left_open() -> None:
    found = inspect(areas(KODE=["R-2", "R-3", "K-1", "RTH 3 > R3", "PL-6"]))
    assert [(u.value, u.suggestions) for u in found.unresolved] == [
        ("PL-6", ("PL-6",)),
        ("RTH 3 > R3", ("RTH-3", "R-3")),
    ]


def test_fields_that_contradict_each_other_are_listed() -> None:
    found = inspect(areas(KODSBL=["SPU-4", "SPU-4", "R-3"], KODSZN=["32104400", "32104300", "32103300"]))
    assert [(c.value, c.other_field, c.other_code, c.features) for c in found.conflicts] == [
        ("SPU-4", "KODSZN", "SPU-3", 1)
    ]


def test_a_zone_does_not_contradict_its_subzone() -> None:
    assert not inspect(
        areas(KODE=["RTH-3", "R-2"], NAMOBJ=["Ruang Terbuka Hijau", "Zona Perumahan"])
    ).conflicts


@pytest.mark.parametrize(
    "layer",
    [
        areas("peta_rt_rw", KELURAHAN=["Benpasi"] * 3, RT=["001", "002", "003"], RW=["01", "01", "02"]),
        areas("rtrw_kelurahan", NAMA=["RT 01 RW 02", "RT 02 RW 02", "RT 03 RW 02"], KODE=["R1", "R2", "R3"]),
        areas("rw", KODE=["R-1", "R-2", "R-3"], RT=[1, 2, 3], RW=[1, 1, 1]),
    ],
    ids=["fields", "values", "codes-like-zones"],
)
def test_neighbourhood_map_is_refused_with_its_reason(layer: Made) -> None:
    found = inspect(layer)
    assert found.role == "none"
    with pytest.raises(PlanError, match="RT/RW") as refused:
        require_zoning(found)
    assert refused.value.code == "not-zoning" and "rukun tetangga" in refused.value.text.id


@pytest.mark.parametrize(
    ("layer", "role"),
    [
        (lines(NAMOBJ=["Jalan Lokal Primer", "Jalan Kolektor Primer"]), "road"),
        (lines(ORDE01=[22011201.0, 22011302.0]), "road"),
        (lines("jaringan_jalan", X=["a", "b"]), "road"),
        (areas(NAMOBJ=["Jalan Lokal Primer", "Jalan Kolektor Primer"]), "road"),
        (lines("sungai", NAMA=["Bijeli", "Maubesi"]), "river"),
        (lines(NAMOBJ=["Sungai Bijeli", "Sungai Maubesi"], LEBAR=[4.0, 6.0]), "river"),
        (lines(NAMA_RUAS=["Sungai Pinyuh - Sebadu"], GSB=["27,5"]), "road"),
        (lines(NAMOBJ=["Rencana Jaringan Drainase Lokal"]), "none"),
        (lines("sutet_500kv", TEGANGAN=[500]), "powerline"),
        (lines("rel_kereta_api", X=[1]), "railway"),
        (lines("garis_pantai", X=[1]), "coast"),
        (areas("danau", X=[1]), "lake"),
        (areas("bangunan", Id=[0.0, 0.0]), "building"),
        (areas(NIB=["1", "2"], TIPEHAK=["Hak Milik", "Kosong"]), "parcel"),
        (areas(WADMKD=["A", "B"], WADMKC=["X", "X"], WADMKK=["Y", "Y"]), "boundary"),
        (
            areas("blok", BWP=["J"] * 7, SBWP=["A"] * 7, BLOK=["A2", "B1", "C1", "B2", "A1", "A3", "C2"]),
            "boundary",
        ),
        (areas(LP2B_1=["LP2B", "LCP2B"]), "overlay"),
        (areas(KELAS=["Rawan Banjir Sedang", "Tidak Rawan"]), "overlay"),
        (areas(NAMOBJ=["Kawasan Hutan Produksi", "Hutan Lindung"]), "forest"),
        (areas(Singkatan=["APL", "HPK", "HL"]), "forest"),
        (areas(PL=["Semak Belukar", "Sawah", "Permukiman", "Perkebunan"]), "none"),
        (areas(X=["foo", "bar"]), "none"),
        (Made(objects([shapely.Point(0, 0)]), {"KODE": objects(["R-2"])}), "none"),
        (Made(objects([None]), {"KODE": objects(["R-2"])}), "none"),
    ],
)
def test_other_layers_are_told_apart(layer: Made, role: str) -> None:
    found = inspect(layer)
    assert found.role == role, found.reason
    with pytest.raises(PlanError):
        require_zoning(found)


def test_fields_of_other_roles_are_proposed() -> None:
    roads = inspect(
        lines(NAMOBJ=["Jalan Lokal Primer"], ORDE01=[22011301.0], REMARK=["Jl. Merdeka"], RUMIJA=[9])
    )
    rivers = inspect(lines("sungai", LEBAR=[4.0], KEDALAMAN=[2.0], TANGGUL=["ya"]))
    flood = inspect(areas(KELAS=["Rawan Banjir Sedang", "Tidak Rawan"]))
    assert roads.fields == {"road_class": "NAMOBJ", "name": "REMARK", "width_m": "RUMIJA"}
    assert rivers.fields == {"width_m": "LEBAR", "depth_m": "KEDALAMAN", "levee": "TANGGUL"}
    assert (flood.overlay_rule, flood.fields) == ("KHS003", {"value": "KELAS"})


def test_the_file_name_decides_between_two_equal_catalogues() -> None:
    assert inspect(areas("pola_ruang_rtrw", KODE=["P-1", "HL", "BA"])).family == "rtrw"
    assert inspect(areas("pola_ruang_rdtr", KODE=["P-1", "HL", "BA"])).family == "rdtr"
    assert inspect(areas("pola", KODE=["P-1", "HL", "BA"]), family="rtrw").family == "rtrw"


@pytest.mark.parametrize(
    ("name", "fields", "level"),
    [
        ("RTRWP Kota X", {}, "rtrw-prov"), ("pola_rtrw_kota", {}, "rtrw-kota"),
        ("pola_rtrw", {"WADMKC": ["A", "B"]}, "rtrw-kab"), ("pola_rtrw", {"WADMKK": ["Kota Kupang"] * 2}, "rtrw-kota"),
        ("pola_rtrw", {}, "rtrw-prov"),
    ],
)  # fmt: skip
def test_level_of_a_bare_rtrw(name: str, fields: dict[str, list[str]], level: str) -> None:
    found = inspect(areas(name, NAMOBJ=["Kawasan Permukiman", "Kawasan Pertanian"], **fields))
    assert guess_level(found)[0] == level


def bare(layer: Made, level: Any = "rdtr", tables: Tables | None = None) -> Any:
    return bare_plan(layer.path, level, tables or Tables(), inspect(layer))


def test_bare_plan_says_what_it_assumes() -> None:
    made = bare(
        areas("Pola Ruang", KODE=["R2", "R-2", "R-3.k", "J9"], NAMOBJ=["Rumah A", "Rumah A", "Rumah B", "X"])
    )
    plan, said = made.plan, " ".join(text.en for text in made.assumptions)
    assert (plan.id, plan.level, plan.status, plan.ce90_m, plan.scale) == (
        "rdtr-pola-ruang",
        "rdtr",
        "in-force",
        2.5,
        5000,
    )
    assert dict(plan.layers[0].codes) == {"R2": "R-2", "R-3.k": "R-3"}
    assert plan.tables.zones["R-2"] == Zone("R-2", "Rumah A", "Perumahan", False, "#FFDC00")
    assert set(plan.tables.zones) == {"R-2", "R-3"}
    assert "in force" in said and "R2 -> R-2" in said and "J9 (1)" in said and "R-3.k" in said


@pytest.mark.parametrize(
    ("level", "ce90"), [("rdtr", 2.5), ("rtrw-kota", 12.5), ("rtrw-kab", 25.0), ("rtrw-prov", 125.0)]
)
def test_accuracy_follows_the_level(level: str, ce90: float) -> None:
    assert bare(areas(NAMOBJ=["Kawasan Permukiman", "Kawasan Pertanian"]), level).plan.ce90_m == ce90


def test_protected_is_open_where_the_catalogue_is_not_sure() -> None:
    made = bare(
        areas("rtrw", NAMOBJ=["Kawasan Permukiman", "Kawasan Lindung Gambut", "Kawasan Hutan Lindung"]),
        "rtrw-kab",
    )
    zones = made.plan.tables.zones
    assert zones["HL"].protected is True and zones["PM"].protected is False
    assert "LG" not in zones


def test_codes_of_the_users_own_rules_win() -> None:
    rung = Rung("R2", "*", 0, float("inf"), {"kdb_max_pct": Limit(State.VALUE, 60)}, None, "Pasal 1", 2)
    tables = Tables(
        zones={"J9": Zone("J9", "Jasa")}, intensity={"R2": (rung,)}, present=frozenset({"intensity.csv"})
    )
    made = bare(areas(KODE=["R-2", "R2", "J9", "K-1"]), tables=tables)
    assert dict(made.plan.layers[0].codes) == {"R-2": "R2"}
    assert set(made.plan.tables.zones) == {"R2", "J9", "K-1"}
    assert made.plan.tables.zones["J9"].name == "Jasa"
    assert "J9 (1)" not in " ".join(text.en for text in made.assumptions)


def test_holding_class_keeps_both_names_and_takes_the_rules_of_the_first() -> None:
    cells = {("a", "HPT"): Cell("X"), ("a", "PD"): Cell("I")}
    tables = Tables(itbx=cells, itbx_subzones=frozenset({"HPT", "PD"}))
    value = "Kawasan Hutan Produksi Terbatas / Kawasan Permukiman Perdesaan"
    plan = bare(areas("rtrw", NAMOBJ=[value, "Kawasan Pertanian"]), "rtrw-kab", tables).plan
    assert plan.tables.zones["HPT / PD"].name == value
    assert plan.tables.itbx["a", "HPT / PD"] == Cell("X")


def test_overlay_columns_are_declared_only_where_filled_in() -> None:
    made = bare(
        areas(
            KODSZN=["R-2", "R-3", "PS"],
            KKOP_1=["Tidak Ada", "K01G", "Tidak Ada"],
            KRB_03=[None, None, None],
            KSMPDN=["Tidak Ada", "K09E", "K09B"],
        )
    )
    specs = {(s.rule, s.field): dict(s.values) for s in made.plan.overlays}
    assert specs == {
        ("KHS001", "KKOP_1"): {},
        ("KHS004", "KSMPDN"): {"K09E": "none"},
        ("KHS005", "KSMPDN"): {"K09E": "none", "K09B": "none"},
        ("KHS006", "KSMPDN"): {"K09E": "none", "K09B": "none"},
        ("KHS007", "KSMPDN"): {"K09B": "none"},
    }
    assert "KRB_03 is null in every feature" in " ".join(text.en for text in made.assumptions)


def test_corridor_of_unknown_kind_is_undetermined_for_every_kind() -> None:
    plan = bare(areas(KODSZN=["R-2", "R-3"], KSMPDN=["Ya", "-"])).plan
    assert plan.overlays and all(dict(spec.values) == {"Ya": "undetermined"} for spec in plan.overlays)


def test_bare_plan_refuses_what_is_no_zoning() -> None:
    with pytest.raises(PlanError, match="no zoning layer"):
        bare(lines(NAMOBJ=["Jalan Lokal Primer"]))


def read(name: str) -> Inspection:
    from kkpr_check.io.layers import read_layer

    return inspect(read_layer(REAL / name, keep_broken=True))


@pytest.mark.real
@real
@pytest.mark.parametrize(
    ("name", "family", "subzone", "share"),
    [
        ("rdtr/jagoi_babang_2024_polaruang.geojson", "rdtr", "KODSBL", 1.0),
        ("rdtr/saumlaki_2023_polaruang.geojson", "rdtr", "KODEWP", 1.0),
        ("rdtr/saumlaki_2023_polaruang_format_lama.geojson", "rdtr", "Kode", 60 / 118),
        ("rdtr/jakarta_2022_potongan_polaruang.geojson", "rdtr", "KODSZN_1", 1.0),
        ("rtrw/tanimbar_rtrw_kab_polaruang.geojson", "rtrw", "NAMOBJ", 1.0),
        ("rtrw/tanimbar_rtrw_prov_polaruang.geojson", "rtrw", "Ket", 0.5),
        ("rtrw/tanimbar_simpangan_rtrw.geojson", "rtrw", "NAMOBJ_1", 151 / 154),
        ("rtrw/RTRWP Kota Bandung.zip", "rtrw", "NAMOBJ", 1.0),
        ("rtrw/RTRWP Kota Banjar.zip", "rtrw", "NAMOBJ", 1.0),
        ("rtrw/RTRWP Kota Cirebon.zip", "rtrw", "NAMOBJ", 1.0),
    ],
)
def test_real_zoning_layers(name: str, family: str, subzone: str, share: float) -> None:
    found = read(name)
    assert found.role == "zoning" and found.subzone is not None
    assert (found.family, found.fields["subzone"]) == (family, subzone)
    assert found.subzone.share == pytest.approx(share)
    unresolved = sum(item.features for item in found.unresolved)
    assert found.subzone.resolved + unresolved + found.without_value == found.features


@pytest.mark.real
@real
@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("bangunan_persil/jagoi_babang_persil_hat.geojson", "parcel"),
        ("bangunan_persil/jakarta_persil_hat.geojson", "parcel"),
        ("bangunan_persil/saumlaki_bangunan.geojson", "building"),
        ("kkpr/kkpr_jabar_235.geojson", "parcel"),
        ("pendukung/jagoi_babang_batas_desa.geojson", "boundary"),
        ("pendukung/jagoi_babang_drainase.geojson", "none"),
        ("pendukung/jagoi_babang_jalan.geojson", "road"),
        ("pendukung/jagoi_babang_jembatan_halte.geojson", "none"),
        ("pendukung/jagoi_babang_kawasan_hutan.geojson", "forest"),
        ("pendukung/jagoi_babang_lp2b.geojson", "overlay"),
        ("pendukung/jagoi_babang_swp_blok.geojson", "boundary"),
        ("pendukung/mempawah_jalan_kabupaten_gsb.geojson", "road"),
        ("pendukung/mempawah_jalan_nasional_gsb.geojson", "road"),
        ("pendukung/saumlaki_larat_batas_wp_2023.geojson", "boundary"),
        ("pendukung/saumlaki_larat_blok.geojson", "boundary"),
        ("pendukung/saumlaki_larat_jalan.geojson", "road"),
        ("pendukung/saumlaki_larat_kawasan_hutan.geojson", "forest"),
        ("pendukung/saumlaki_larat_rawan_banjir.geojson", "overlay"),
        ("pendukung/saumlaki_larat_rawan_longsor.geojson", "overlay"),
        ("pendukung/saumlaki_larat_rawan_tsunami.geojson", "overlay"),
        ("ttu/ttu_desa.geojson", "boundary"),
    ],
)
def test_real_layers_that_are_no_zoning(name: str, role: str) -> None:
    found = read(name)
    assert found.role == role
    with pytest.raises(PlanError, match="no zoning layer"):
        require_zoning(found)


@pytest.mark.real
@real
def test_real_conflict_of_code_and_number_is_found() -> None:
    found = read("rdtr/jagoi_babang_2024_polaruang.geojson")
    assert ("SPU-4", "KODSZN", "32104300", 1) in [
        (c.value, c.other_field, c.other_value, c.features) for c in found.conflicts
    ]
    assert found.overlays["LP2B_2"] == {"Tidak Ada": 562, "K02B": 26, "K02C": 7}
    assert found.overlays["PUSLIT"] == {"Tidak Ada": 586, "": 9}


def test_official_fields_with_unknown_codes_are_zoning_with_every_value_open() -> None:
    found = inspect(
        areas(
            KODZON=["Z9", "Z8"],
            KODSZN=["Z9.a", "Z8.b"],
            NAMOBJ=["Zona Hijau Wisata Budaya", "Pusat Kota Lama"],
        )
    )
    assert found.role == "zoning" and found.fields["subzone"] == "KODSZN"
    assert {item.value for item in found.unresolved} == {"Z9.a", "Z8.b"} and not found.matches


def test_an_official_field_may_hold_mostly_local_codes() -> None:
    found = inspect(areas(KODSZN=["R-2", "SC", "SC-9", "I-4"]))
    assert found.role == "zoning"
    assert {item.value for item in found.unresolved} == {"SC", "SC-9", "I-4"}


def test_an_rdtr_given_as_rtrw_is_said_so() -> None:
    layer = areas(KODE=["R-2", "R-3", "P-1", "SPU-1", "BJ"])
    made = bare_plan(layer.path, "rtrw-kab", Tables(), inspect(layer, family="rtrw"))
    assert "look like those of an RDTR" in " ".join(text.en for text in made.assumptions)
    right = bare_plan(layer.path, "rdtr", Tables(), inspect(layer, family="rdtr"))
    assert "look like" not in " ".join(text.en for text in right.assumptions)

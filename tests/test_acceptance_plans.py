"""Small plan folders written from the contract alone, judged through files; every expectation is worked out by hand.

The ground: a parcel of 20 x 20 m with its corner at E0, N0 (EPSG:32751), a house of 10 x 10 m at 5, 6, a road of
10 m rumija whose edge is the parcel's south side.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import shapely
from builders import E0, N0, feature, geojson
from cli_harness import process

from kkpr_check import checking
from kkpr_check.checking import CheckRequest
from kkpr_check.errors import KkprError
from kkpr_check.model import Outcome, Report

CRS = {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32751"}}}
HEADER = (
    "subzone,road_class,parcel_min_m2,parcel_max_m2,kdb_max_pct,klb_max,kdh_min_pct,ktb_max_pct,height_max_m,"
    "floors_max,gsb_min_m,side_min_m,rear_min_m,lot_min_m2,legal"
)
TABLES = {
    "zones.csv": "subzone,name,zone,protected,colour\n"
    "R-3,Rumah,Perumahan,budi daya,\nK-1,Dagang,Niaga,,\nPS,Sempadan,,lindung,\n",
    "activities.csv": "activity_id,name\nrumah,Rumah\ntoko,Toko\nbengkel,Bengkel\n",
    "kbli.csv": "kbli,activity_id\n68111,rumah\n47111,toko\n45201,bengkel\n56101,toko\n56101,bengkel\n",
    "itbx.csv": 'activity_id,R-3,K-1,PS\nrumah,I,I,X\ntoko,"T1,B1",I,X\nbengkel,X,I,X\n',
    "conditions.csv": "code,text,legal,test\nT1,Paling luas 200 m2,Pasal 5,floor_area_m2 <= 200\nB1,SPPL,Pasal 6,\n",
    "intensity.csv": f"{HEADER}\nR-3,*,-,-,60,1.2,20,50,12,3,-,-,-,90,P7\n"
    "K-1,*,-,-,70,2.1,15,50,16,4,-,-,-,90,P8\nPS,*,-,-,0,0,95,0,-,-,-,-,-,-,P9\n",
}
TOML = """id = "uji"
name = "RDTR Uji"
level = "rdtr"
legal = "Perbup 1/2024"
status = "in-force"
valid_from = 2024-01-01
oss_integrated = true
scale = 5000
[[layer]]
role = "zoning"
path = "layers/zona.geojson"
[layer.fields]
subzone = "KODE"
name = "NAMOBJ"
[[layer]]
role = "road"
path = "layers/jalan.geojson"
[layer.fields]
width_m = "RUMIJA"
"""
PROPOSAL = {
    "kbli": "68111", "floors": 1, "height_m": 4.0, "floor_area_m2": 100.0, "green_area_m2": 120.0,
    "basement_area_m2": 0.0, "road_class": "lokal-primer",
}  # fmt: skip


def box(x0: float, y0: float, x1: float, y1: float) -> Any:
    return shapely.box(E0 + x0, N0 + y0, E0 + x1, N0 + y1)


def line(*points: tuple[float, float]) -> Any:
    return shapely.LineString([(E0 + x, N0 + y) for x, y in points])


PARCEL, HOUSE, ALL = box(0, 0, 20, 20), box(5, 6, 15, 16), box(-500, -500, 500, 500)
ROAD = feature(line((-400, -5), (400, -5)), RUMIJA=10.0)


def zone(area: Any, code: str | None, name: str = "zona", **columns: Any) -> Any:
    return feature(area, KODE=code, NAMOBJ=name, **columns)


def plan(
    folder: Path,
    *,
    zoning: Iterable[Any] = (),
    roads: Iterable[Any] = (ROAD,),
    toml: str = TOML,
    none: Iterable[int] = range(1, 14),
    **tables: str | None,
) -> Path:
    """Write a plan folder; `tables` replace one table each (None leaves it out), `none` declares overlays absent."""
    (folder / "layers").mkdir(parents=True)
    for name, text in (TABLES | {f"{key}.csv": text for key, text in tables.items()}).items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    declared = "".join(f'[[overlay]]\nrule = "KHS{n:03d}"\nnone = "Pasal 9"\n' for n in none)
    (folder / "plan.toml").write_text(toml + declared, encoding="utf-8")
    geojson(folder / "layers/zona.geojson", list(zoning) or [zone(ALL, "R-3")], **CRS)
    geojson(folder / "layers/jalan.geojson", list(roads), **CRS)
    return folder


def site(path: Path, house: Any = HOUSE, parcel: Any = PARCEL, **proposal: Any) -> Path:
    given = {key: value for key, value in (PROPOSAL | proposal).items() if value is not None}
    features = [feature(parcel, role="parcel", id="a")] if parcel is not None else []
    features += [feature(house, role="footprint", id="a", **given)] if house is not None else []
    return geojson(path, features, **CRS)


def judged(path: Path, *plans: Path, **options: Any) -> Report:
    (report,) = checking.run(
        CheckRequest(
            site=str(path), plans=tuple(map(str, plans)), as_of=dt.date(2026, 11, 24), options=options
        )
    )
    return report


def outcomes(report: Report, rule: str) -> dict[str | None, str]:
    """Return zone -> the worst outcome of a rule there."""
    found: dict[str | None, Outcome] = {}
    for item in report.findings:
        if item.rule == rule:
            found[item.zone] = max(item.outcome, found.get(item.zone, Outcome.NOT_APPLICABLE))
    return {where: outcome.word for where, outcome in found.items()}


def error_of(path: Path, *plans: Path) -> KkprError:
    with pytest.raises(KkprError) as caught:
        judged(path, *plans)
    return caught.value


def test_the_ground_conforms_without_gsb_from_and_cases(tmp_path: Path) -> None:
    report = judged(site(tmp_path / "s.geojson"), plan(tmp_path / "p"))
    assert (report.verdict.value, report.pathway) == ("conform", "KKKPR")
    assert report.approvable is not None and report.approvable.area_m2 == 400.0


# x of the line between R-3 and PS (X): verdict, area that may be approved
SPLITS = [
    (19.6, "conform", 392.0), (19.0, "undetermined", 380.0), (17.5, "undetermined", 350.0), (17.4, "partial", 348.0),
    (12.0, "nonconform", 240.0), (0.3, "nonconform", None), (0.0, "nonconform", None),
]  # fmt: skip


@pytest.mark.parametrize(("x", "verdict", "area_m2"), SPLITS)
def test_a_prohibited_zone_from_sliver_to_all(
    tmp_path: Path, x: float, verdict: str, area_m2: float | None
) -> None:
    zones = [zone(box(-500, -500, x, 500), "R-3"), zone(box(x, -500, 500, 500), "PS")]
    report = judged(site(tmp_path / "s.geojson"), plan(tmp_path / "p", zoning=zones))
    assert report.verdict.value == verdict
    assert (report.approvable and report.approvable.area_m2) == area_m2


def test_a_strip_narrower_than_the_band_is_not_unfailable(tmp_path: Path) -> None:
    zones = [
        zone(box(-500, -500, 17, 500), "R-3"), zone(box(17, -500, 20, 500), "PS"), zone(box(20, -500, 500, 500), "R-3"),
    ]  # fmt: skip
    report = judged(site(tmp_path / "s.geojson"), plan(tmp_path / "p", zoning=zones))
    assert (report.verdict.value, outcomes(report, "KGT001")["PS"]) == ("partial", "fail")


# GSB, measured from: house 6 m from the road edge and the parcel edge, 11 m from the axis; CE90 2.5 m
SETBACKS = [
    ("6", "parcel_edge", "pass"), ("6.1", "parcel_edge", "fail"), ("6.1", "road_edge", "undetermined"),
    ("13.5", "road_axis", "undetermined"), ("13.6", "road_axis", "fail"), ("0.5*rumija+1", "road_edge", "pass"),
    ("-", "-", None), ("-", "", None), ("", "-", "undetermined"),
]  # fmt: skip


@pytest.mark.parametrize(("gsb", "start", "expected"), SETBACKS)
def test_gsb(tmp_path: Path, gsb: str, start: str, expected: str | None) -> None:
    table = f"{HEADER},gsb_from\nR-3,*,-,-,60,1.2,20,50,12,3,{gsb},-,-,90,P7,{start}\n"
    report = judged(site(tmp_path / "s.geojson"), plan(tmp_path / "p", intensity=table))
    assert outcomes(report, "TAB001") == ({} if expected is None else {"R-3": expected})


def test_a_gsb_from_nowhere_is_an_error_where_there_is_a_gsb(tmp_path: Path) -> None:
    table = f"{HEADER},gsb_from\nR-3,*,-,-,60,1.2,20,50,12,3,5,-,-,90,P7,-\n"
    error = error_of(site(tmp_path / "s.geojson"), plan(tmp_path / "p", intensity=table))
    assert "intensity.csv, row 2, column gsb_from" in error.render("en")


# road_class of the proposal -> outcome where arteri allows 80 %, kolektor 20 % from 400 m2, the others 50 % (KDB 25 %)
ROADS = {
    "arteri-primer": "pass", "arteri": "pass", "kolektor-primer": "fail", "kolektor": "fail", "lokal-sekunder": "pass",
    None: "undetermined",
}  # fmt: skip


@pytest.mark.parametrize("road_class", ROADS)
def test_the_ladder_by_road_class_and_family(tmp_path: Path, road_class: str | None) -> None:
    rows = [
        "arteri,-,-,80", "kolektor,-,400,70", "kolektor,400,-,20", "lokal,-,-,50", "lingkungan,-,-,50",
    ]  # fmt: skip
    table = "\n".join([HEADER, *(f"R-3,{row},1.2,20,50,12,3,-,-,-,-,P7" for row in rows)]) + "\n"
    report = judged(
        site(tmp_path / "s.geojson", road_class=road_class), plan(tmp_path / "p", intensity=table)
    )
    assert outcomes(report, "INT001") == {"R-3": ROADS[road_class]}


def test_a_family_whose_classes_differ_is_undetermined(tmp_path: Path) -> None:
    rows = ["arteri-primer,-,-,80", "arteri-sekunder,-,-,20"]
    table = "\n".join([HEADER, *(f"R-3,{row},1.2,20,50,12,3,-,-,-,-,P7" for row in rows)]) + "\n"
    report = judged(site(tmp_path / "s.geojson", road_class="arteri"), plan(tmp_path / "p", intensity=table))
    (finding,) = [f for f in report.findings if f.rule == "INT001"]
    assert (finding.outcome.word, finding.missing) == ("undetermined", ("road_class",))


USES = [
    ({"kbli": "47111"}, "conditional"), ({"kbli": "47111", "floors": 3, "floor_area_m2": 300.0}, "nonconform"),
    ({"kbli": "45201"}, "nonconform"), ({"kbli": "56101"}, "undetermined"),
    ({"kbli": "56101", "activity": "toko"}, "conditional"), ({"activity": "toko"}, "undetermined"),
    ({"kbli": None, "activity": "rumah"}, "conform"), ({"kbli": 68111.0}, "conform"), ({"kbli": "99999"}, "undetermined"),
    ({"kbli": None}, "undetermined"), ({"height_m": None}, "undetermined"), ({"green_area_m2": None}, "conditional"),
    ({"basement_area_m2": None}, "conditional"), ({"floor_area_m2": None}, "conform"),
    ({"legal_area_m2": 401.0}, "conform"), ({"legal_area_m2": 410.0}, "conditional"),
]  # fmt: skip


@pytest.mark.parametrize(("proposal", "verdict"), USES)
def test_uses_and_missing_inputs(tmp_path: Path, proposal: Mapping[str, Any], verdict: str) -> None:
    report = judged(site(tmp_path / "s.geojson", **proposal), plan(tmp_path / "p"))
    assert report.verdict.value == verdict


PROTECTED = ["lindung", "Zona Lindung", "KAWASAN LINDUNG", "ya", "true"]
CULTIVATED = ["budi daya", "budi-daya", "Zona Budi Daya", "kawasan budidaya", "tidak"]


@pytest.mark.parametrize("word", PROTECTED + CULTIVATED)
def test_how_people_write_protected(tmp_path: Path, word: str) -> None:
    zones = (
        f"subzone,name,zone,protected,colour\nR-3,Rumah,,{word},255 240 5\nK-1,Dagang,,,\nPS,Sempadan,,,\n"
    )
    folder = plan(tmp_path / "p", zones=zones, itbx="activity_id,R-3,K-1,PS\nrumah,,I,X\n")
    report = judged(site(tmp_path / "s.geojson"), folder)
    assert outcomes(report, "KGT005") == {"R-3": "fail" if word in PROTECTED else "pass"}


# zone code and name of the layer, name in zones.csv -> holding zone; a stroke without blanks is a name
HOLDING = [
    ("K-1 / PS", "zona", "Rumah", "K-1", True), ("R-3", "Hutan Produksi / Permukiman", "Rumah", "R-3", True),
    ("R-3", "zona", "Hutan / Rumah", "R-3", True), ("R-3", "Perdagangan/Jasa", "Rumah", "R-3", False),
]  # fmt: skip


@pytest.mark.parametrize(("code", "name", "row", "judged_as", "holding"), HOLDING)
def test_holding_zones_by_code_and_name(
    tmp_path: Path, code: str, name: str, row: str, judged_as: str, holding: bool
) -> None:
    folder = plan(tmp_path / "p", zoning=[zone(ALL, code, name)])
    table = folder / "zones.csv"
    table.write_text(table.read_text().replace("R-3,Rumah", f"R-3,{row}"))
    report = judged(site(tmp_path / "s.geojson"), folder)
    assert outcomes(report, "RTR002") == {judged_as: "conditional" if holding else "pass"}
    assert outcomes(report, "KGT001") == {judged_as: "pass"}


def test_a_holding_zone_that_only_zones_csv_names_takes_the_other_tables_of_the_front_class(
    tmp_path: Path,
) -> None:
    folder = plan(tmp_path / "p", zoning=[zone(ALL, "K-1 / PS")])
    with open(folder / "zones.csv", "a", encoding="utf-8") as stream:
        stream.write("K-1 / PS,Dagang / Sempadan,,,\n")
    report = judged(site(tmp_path / "s.geojson", kbli="45201"), folder)
    assert outcomes(report, "KGT001") == {"K-1 / PS": "pass"} and outcomes(report, "INT001") == {
        "K-1 / PS": "pass"
    }


@pytest.mark.parametrize("extra", [shapely.Point(E0, N0), line((0, 0), (5, 5))])
def test_a_zone_that_is_no_polygon_stops_the_run(tmp_path: Path, extra: Any) -> None:
    folder = plan(tmp_path / "p", zoning=[zone(ALL, "R-3"), zone(extra, "PS")])
    error = error_of(site(tmp_path / "s.geojson"), folder)
    assert error.code == "geometry-type" and "row 1" in error.render("en")
    assert "peran zoning perlu: poligon" in error.render("id") and error.remedy is not None


def test_a_road_that_is_a_polygon_stops_the_run(tmp_path: Path) -> None:
    folder = plan(tmp_path / "p", roads=[ROAD, feature(box(-400, -10, 400, 0), RUMIJA=10.0)])
    assert error_of(site(tmp_path / "s.geojson"), folder).code == "geometry-type"


def test_remedies_for_layers_of_a_plan_name_keys_of_plan_toml(tmp_path: Path) -> None:
    folder = plan(tmp_path / "p")
    geojson(folder / "layers/zona.geojson", [zone(ALL, "R-3")])
    message = error_of(site(tmp_path / "s.geojson"), folder).render("en")
    assert '[[layer]] zoning: crs = "EPSG:' in message and "--assume-crs" not in message


def test_an_unknown_crs_names_its_file(tmp_path: Path) -> None:
    folder = plan(tmp_path / "p")
    strange = {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::99999"}}}
    geojson(folder / "layers/zona.geojson", [zone(ALL, "R-3")], **strange)
    assert str(folder / "layers/zona.geojson") in error_of(site(tmp_path / "s.geojson"), folder).render("id")


def test_an_option_replaces_a_property_and_says_so(tmp_path: Path) -> None:
    report = judged(site(tmp_path / "s.geojson"), plan(tmp_path / "p"), kbli="45201")
    assert report.verdict.value == "nonconform"
    assert any("68111" in note.en and "--kbli" in note.en for note in report.assumptions)


def test_an_unreadable_site_among_others_is_reported_and_ends_with_2(tmp_path: Path) -> None:
    folder = plan(tmp_path / "p")
    good = feature(PARCEL, id="good", role="parcel", kbli="68111")
    path = geojson(tmp_path / "s.geojson", [feature(None, id="bad", role="parcel"), good], **CRS)
    call = ("check", str(path), "--plan", str(folder), "--as-of", "2026-11-24", "--allow-undetermined")
    result = process(*call)
    assert result.returncode == 2
    assert b"LOK000" in result.stdout and b"site good" in result.stdout


def test_floors_in_halves_are_told_as_they_are(tmp_path: Path) -> None:
    report = judged(site(tmp_path / "s.geojson", floors=2.5), plan(tmp_path / "p"))
    (finding,) = [f for f in report.findings if f.rule == "TAB005"]
    assert finding.message.en.startswith("2.5 floors") and finding.message.id.startswith("2,5 lantai")


def overlays(folder: Path, layer: str, features: Iterable[Any]) -> Path:
    """Add a layer of areas to a plan folder."""
    text = (folder / "plan.toml").read_text(encoding="utf-8")
    (folder / "plan.toml").write_text(text + layer, encoding="utf-8")
    geojson(folder / "layers/x.geojson", list(features), **CRS)
    return folder


@pytest.mark.parametrize(("x", "expected"), [(10, {"banjir": "undetermined"}), (30, {None: "pass"})])
def test_an_overlay_layer_that_no_overlay_names_is_not_passed_over(
    tmp_path: Path, x: float, expected: Mapping[str | None, str]
) -> None:
    layer = '[[layer]]\nrole = "overlay"\nid = "banjir"\npath = "layers/x.geojson"\n'
    folder = overlays(plan(tmp_path / "p"), layer, [feature(box(x, -400, 400, 400))])
    report = judged(site(tmp_path / "s.geojson"), folder)
    assert outcomes(report, "KHS013") == expected
    missing = {name for f in report.findings if f.rule == "KHS013" for name in f.missing}
    assert missing == ({"plan.toml:[[overlay]] layer=banjir"} if x == 10 else set())


# bank at x, river scale -> 10 m of setback judged within the band of that layer: min(CE90, 5 m)
BANKS = [
    (30.0, 5000, "pass"), (29.0, 5000, "undetermined"), (27.5, 5000, "undetermined"), (27.4, 5000, "fail"),
    (29.6, 1000, "undetermined"), (29.4, 1000, "fail"), (24.0, 250_000, "fail"), (25.0, 250_000, "undetermined"),
]  # fmt: skip


@pytest.mark.parametrize(("x", "scale", "expected"), BANKS)
def test_a_river_bank_is_judged_within_the_accuracy_of_its_own_layer(
    tmp_path: Path, x: float, scale: int, expected: str
) -> None:
    layer = (
        f'[[layer]]\nrole = "river"\npath = "layers/x.geojson"\nscale = {scale}\n[layer.fields]\ndepth_m = "D"\n'
        "[layer.defaults]\nurban = true\nlevee = false\n"
    )
    bank = feature(box(x, -400, x + 20, 400), D=2.0)
    folder = overlays(plan(tmp_path / "p", none=[n for n in range(1, 14) if n != 4]), layer, [bank])
    report = judged(site(tmp_path / "s.geojson"), folder)
    (finding,) = [f for f in report.findings if f.rule == "KHS004" and f.subject == "parcel"]
    assert finding.outcome.word == expected
    ce90_m = {1000: "0.5", 5000: "2.5", 250_000: "125"}[scale]
    assert (f"CE90 {ce90_m} m" in finding.message.en) == (expected == "undetermined")


def test_a_parcel_between_two_roads_has_no_rear(tmp_path: Path) -> None:
    table = f"{HEADER},gsb_from\nR-3,*,-,-,60,1.2,20,50,12,3,3,1.5,2,90,P7,parcel_edge\n"
    north = feature(line((-400, 25), (400, 25)), RUMIJA=10.0)
    report = judged(site(tmp_path / "s.geojson"), plan(tmp_path / "p", roads=[ROAD, north], intensity=table))
    (rear,) = [f for f in report.findings if f.rule == "TAB003"]
    assert (rear.outcome.word, rear.measured) == ("pass", None) and "no such edge" in rear.message.en


@pytest.mark.parametrize(
    ("roads", "missing"),
    [([feature(line((-400, -5), (400, -5)), RUMIJA=None)], ("road:width_m",)), (None, ("road",))],
)
def test_what_the_road_reserve_lacks(tmp_path: Path, roads: Any, missing: tuple[str, ...]) -> None:
    toml = TOML if roads else TOML.partition('[[layer]]\nrole = "road"')[0]
    report = judged(site(tmp_path / "s.geojson"), plan(tmp_path / "p", roads=roads or [ROAD], toml=toml))
    (finding,) = [f for f in report.findings if f.rule == "TAB007"]
    assert (finding.outcome.word, finding.missing) == ("undetermined", missing)


@pytest.mark.parametrize("edition", ["2020", '"2020"'])
def test_the_kbli_edition_is_a_number_or_a_text(tmp_path: Path, edition: str) -> None:
    folder = plan(
        tmp_path / "p", toml=TOML.replace("scale = 5000", f"scale = 5000\nkbli_version = {edition}")
    )
    assert judged(site(tmp_path / "s.geojson"), folder).verdict.value == "conform"


@pytest.mark.parametrize("label", ["EPSG:32751", "EPSG:9491", "EPSG:23881"])
def test_srgi2013_dgn95_and_wgs84_are_one_datum(tmp_path: Path, label: str) -> None:
    folder = plan(tmp_path / "p")
    said = {"crs": {"type": "name", "properties": {"name": f"urn:ogc:def:crs:{label.replace(':', '::')}"}}}
    zones = [zone(box(-500, -500, 17.4, 500), "R-3"), zone(box(17.4, -500, 500, 500), "PS")]
    geojson(folder / "layers/zona.geojson", zones, **said)
    report = judged(site(tmp_path / "s.geojson"), folder)
    assert {z.subzone: z.area_m2 for z in report.ledger[0].zones} == {"R-3": 348.0, "PS": 52.0}


# zones beside and in the parcel -> verdict; noise is tested by connected piece of a sub-zone's union
PIECES = [
    ([box(19, -500, 19.4, 500), box(19.4, -500, 500, 500)], "undetermined"),
    ([box(2 * i, 1, 2 * i + 0.7, 1.7) for i in range(8)], "conform"), ([box(18, 18, 40, 40)], "undetermined"),
    ([box(17, 17, 40, 40)], "partial"), ([box(19.55, -500, 500, 500)], "conform"),
]  # fmt: skip


@pytest.mark.parametrize(("refused", "verdict"), PIECES)
def test_pieces_of_a_refused_zone(tmp_path: Path, refused: list[Any], verdict: str) -> None:
    rest = shapely.difference(ALL, shapely.union_all(refused))
    zones = [zone(rest, "R-3"), *(zone(piece, "PS") for piece in refused)]
    assert judged(site(tmp_path / "s.geojson"), plan(tmp_path / "p", zoning=zones)).verdict.value == verdict

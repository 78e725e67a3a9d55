"""Applications of OSS: what is read of a payload, what is refused, and that no personal field goes anywhere."""

from __future__ import annotations

import codecs
import csv
import datetime as dt
import io
import json
import os
import re
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from cli_harness import process
from oss_builder import MARK, location, payload, project, ring_of, vertices, written

from kkpr_check.checking import CheckRequest, run
from kkpr_check.cli import main
from kkpr_check.errors import InputError
from kkpr_check.io.oss.payload import FIELDS, parse
from kkpr_check.io.sites import SitesRead, read_sites
from kkpr_check.model import Site, Verdict
from kkpr_check.report import FORMATS

PLAN = str(Path(__file__).parents[1] / "data" / "sample")
LAND = ring_of("08-land.geojson")
SPLIT = ring_of("03-partial.geojson")
CALL = ("--plan", PLAN, "--as-of", "2026-11-24")


def read(path: Path, **options: Any) -> SitesRead:
    return read_sites(str(path), **options)


def one(path: Path) -> Site:
    (site,) = read(path).sites
    return site


def sites_of(tmp_path: Path, *projects: Any, **fields: Any) -> tuple[Site, ...]:
    return read(written(tmp_path / "app.json", payload(*projects, **fields))).sites


def said(site: Site) -> str:
    return "\n".join(text.en for text in site.assumptions)


def test_a_payload_is_one_parcel_a_project_and_location(tmp_path: Path) -> None:
    first = project(location(LAND), location(SPLIT, id_proyek_lokasi="L-2"))
    second = project(location(SPLIT, id_proyek_lokasi="L-9"), id_proyek="P-2", kbli="45201", flag_psn="Y")
    sites = sites_of(tmp_path, first, second)
    assert [site.id for site in sites] == ["P-1/L-1", "P-1/L-2", "P-2/L-9"]
    assert all(site.footprint is None and site.parcel.area > 300 for site in sites)
    assert [site.proposal.kbli for site in sites] == ["47112", "47112", "45201"]
    assert [site.proposal.psn for site in sites] == [False, False, True]
    assert {site.proposal.business_scale for site in sites} == {"small"}
    given = sites[2].application
    assert given is not None
    assert (given.oss_id, given.project, given.location) == ("OSS-1", "P-2", "L-9")


@pytest.mark.parametrize("as_number", [True, False])
def test_numbers_are_read_as_text_and_as_numbers(tmp_path: Path, as_number: bool) -> None:
    def written_as(number: float) -> float | str:
        return number if as_number else str(number)

    (site,) = sites_of(
        tmp_path,
        project(
            location(LAND),
            luas_tanah=written_as(334.2),
            jumlah_lantai_bangunan=written_as(2),
            luas_lantai_bangunan=written_as(400),
        ),
    )
    assert site.proposal.legal_area_m2 == 334.2
    assert (site.proposal.floors, site.proposal.floor_area_m2) == (2.0, 400.0)


@pytest.mark.parametrize("kbli", [1111, "1111", "01111"])
def test_a_kbli_that_lost_its_zero_is_padded_and_recorded(tmp_path: Path, kbli: object) -> None:
    (site,) = sites_of(tmp_path, project(location(LAND), kbli=kbli))
    assert site.proposal.kbli == "01111"
    assert ("lost its leading zero" in said(site)) == (kbli != "01111")


@pytest.mark.parametrize(
    ("text", "unit", "m2", "note"),
    [
        ("0.0334", "02", 334.0, "0.0334 ha is 334 m²"),
        ("1,25", "02", 12_500.0, "1.25 ha"),
        ("334", "01", 334.0, None),
        (334, 1, 334.0, None),
        ("1.250,5", "01", 1250.5, None),
        ("1.250", "01", 1.25, "not 1250"),
        ("1.250.000", "01", 1_250_000.0, None),
        ("334", "", 334.0, "read as m2"),
        ("334", "09", 334.0, "read as m2"),
        ("", "01", None, None),
    ],
)
def test_units_of_the_land_area(
    tmp_path: Path, text: object, unit: object, m2: float | None, note: str | None
) -> None:
    (site,) = sites_of(tmp_path, project(location(LAND), luas_tanah=text, satuan_luas_tanah=unit))
    assert site.proposal.legal_area_m2 == (None if m2 is None else pytest.approx(m2, rel=1e-12))
    assert note is None or note in said(site)


def test_a_land_area_that_differs_is_told_in_m2_and_percent(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "app.json", payload(project(location(LAND), luas_tanah="300")))
    assert main(["check", str(path), *CALL, "--lang", "en"]) == 0
    (told,) = re.findall(r"Drawn .*legal .*", capsys.readouterr().out)
    assert re.findall(r"[\d.]+(?= (?:m2|m²)|%)", told)[:4] == ["334.2", "300", "34.2", "11.4"], told


@pytest.mark.parametrize("value", ["-5", "1,250", "abc", "12e999", "NaN"])
def test_a_number_that_is_none_refuses_its_site_without_quoting_it(tmp_path: Path, value: str) -> None:
    with pytest.raises(InputError, match="plain number") as caught:
        sites_of(tmp_path, project(location(LAND), luas_tanah=value))
    assert caught.value.place.column == "luas_tanah"
    assert value not in str(caught.value).replace(str(tmp_path), "")


@pytest.mark.parametrize(
    ("said", "read"), [("1.500", None), ("1.500,5", 1500.5), ("12.5", 12.5), (1.5, 1.5), ("0.125", 0.125)]
)
def test_a_floor_area_that_may_be_thousands_counts_as_not_given(
    tmp_path: Path, said: object, read: float | None
) -> None:
    """1,500 m² read as 1.5 m² would pass every KLB."""
    (site,) = sites_of(tmp_path, project(location(LAND), luas_lantai_bangunan=said))
    assert site.proposal.floor_area_m2 == read
    assert any("1500 m² or 1.500 m²" in note.en for note in site.assumptions) == (said == "1.500")


def test_zero_floors_count_as_not_given(tmp_path: Path) -> None:
    (site,) = sites_of(tmp_path, project(location(LAND), jumlah_lantai_bangunan="0", luas_lantai_bangunan=0))
    assert site.proposal.floors is None
    assert site.proposal.floor_area_m2 is None
    assert "counts as not given" in said(site)


# --- the outline --------------------------------------------------------------------------------------------


def shape_of(tmp_path: Path, points: Sequence[Any], **fields: Any) -> Site:
    return sites_of(tmp_path, project(location((), data_lokasi_proyek=list(points), **fields)))[0]


STRAIGHT = vertices(LAND)


def test_outlines_written_in_other_ways_are_the_same_outline(tmp_path: Path) -> None:
    expected = shape_of(tmp_path, STRAIGHT).parcel

    def pairs(form: str) -> list[dict[str, str]]:
        return [{"serial": str(n), "lat_lng": form.format(a=a, b=b)} for n, (a, b) in enumerate(LAND, 1)]

    def dms(value: float) -> str:
        degrees, rest = divmod(abs(value), 1)
        minutes, seconds = divmod(rest * 60, 1)
        return f"{degrees:.0f}°{minutes:.0f}'{seconds * 60:.5f}\""

    ways = {
        "numbers as serial": [{**v, "serial": n} for n, v in enumerate(STRAIGHT, 1)],
        "serial from 0": [{**v, "serial": n} for n, v in enumerate(STRAIGHT)],
        "no serial": [{"lat_lng": v["lat_lng"]} for v in STRAIGHT],
        "out of order": STRAIGHT[::-1],
        "closed": [*STRAIGHT, {"serial": str(len(STRAIGHT) + 1), "lat_lng": STRAIGHT[0]["lat_lng"]}],
        "closed with the first number": [*STRAIGHT, STRAIGHT[0]],
        "longitude first": pairs("{b}, {a}"),
        "no space": pairs("{a},{b}"),
        "decimal commas": [
            {**v, "lat_lng": v["lat_lng"].replace(", ", ";").replace(".", ",")} for v in STRAIGHT
        ],
        "nothing but commas": [
            {**v, "lat_lng": v["lat_lng"].replace(", ", ",").replace(".", ",")} for v in STRAIGHT
        ],
        "degrees, minutes, seconds": [
            {"serial": n, "lat_lng": f"{dms(a)} LS, {dms(b)} BT"} for n, (a, b) in enumerate(LAND)
        ],
    }
    for way, points in ways.items():
        shape = shape_of(tmp_path, points).parcel
        assert shape.symmetric_difference(expected).area < 0.01, way


def test_what_was_decided_about_the_outline_is_said(tmp_path: Path) -> None:
    assert "sorted by their number" in said(shape_of(tmp_path, STRAIGHT[::-1]))
    turned = [{**v, "lat_lng": ", ".join(v["lat_lng"].split(", ")[::-1])} for v in STRAIGHT]
    assert "longitude, latitude" in said(shape_of(tmp_path, turned))
    assert "longitude, latitude" not in said(shape_of(tmp_path, STRAIGHT))
    mixed = [turned[0], *STRAIGHT[1:]]
    assert "longitude, latitude" in said(shape_of(tmp_path, mixed))


def labelled(labels: Sequence[str]) -> list[dict[str, str]]:
    return [{**v, "serial": label} for v, label in zip(STRAIGHT, labels, strict=False)]


@pytest.mark.parametrize(
    "labels",
    ["ABCDEFGH", ["P-1", "P-2", "P-10", "P-11", "P-12"], ["utara", "pohon", "sumur", "tugu", "batu"]],
)
def test_labels_that_are_no_numbers_leave_the_order_of_the_list_and_that_is_said(
    tmp_path: Path, labels: Sequence[str]
) -> None:
    site = shape_of(tmp_path, labelled(labels))
    assert "labels and no numbers, and are taken in the order of the list" in said(site)
    assert site.parcel is not None and site.parcel.equals(shape_of(tmp_path, STRAIGHT).parcel)


@pytest.mark.parametrize("empty", [True, False])
def test_vertices_without_a_number_are_taken_in_list_order_and_that_is_said(
    tmp_path: Path, empty: bool
) -> None:
    bare = [{"lat_lng": v["lat_lng"]} | ({"serial": ""} if empty else {}) for v in STRAIGHT]
    assert "no numbers and are taken in the order of the list" in said(shape_of(tmp_path, bare))
    assert "order of the list" not in said(shape_of(tmp_path, STRAIGHT))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("BACDEFGH", "A stands after B"),
        (["P-2", "P-10", "P-9", "P-11", "P-12"], "P-9 stands after P-10"),
        ("AABCDEFG", "'a' stands twice"),
        (["A", "", "B", "C", "D"], "a vertex has no label, others have"),
    ],
)
def test_labels_that_contradict_the_list_are_refused(
    tmp_path: Path, labels: Sequence[str], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        shape_of(tmp_path, labelled(labels))
    assert "P-1/L-1" in str(caught.value)


def test_a_missing_number_makes_the_outline_doubtful(tmp_path: Path) -> None:
    site = shape_of(tmp_path, [v for v in STRAIGHT if v["serial"] != "2"])
    assert site.doubt is not None
    assert "vertex number 2 is missing" in site.doubt.en


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([*STRAIGHT[:3], {"serial": "2", "lat_lng": "-9.4461, 124.4761"}], "number 2 stands twice"),
        ([*STRAIGHT[:3], {"serial": "4", "lat_lng": "52.5, 13.4"}], "not in Indonesia"),
        ([*STRAIGHT[:3], {"serial": "4", "lat_lng": "662000, 8955000"}], "not in Indonesia"),
        ([*STRAIGHT[:3], {"serial": "4", "lat_lng": "-9.4461"}], "not a position in degrees"),
        ([*STRAIGHT[:3], {"serial": "x", "lat_lng": "-9.4461, 124.4761"}], "no vertex number"),
    ],
)
def test_outlines_that_are_refused(tmp_path: Path, points: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        shape_of(tmp_path, points)
    assert "P-1/L-1" in str(caught.value)


@pytest.mark.parametrize("odd", ["x", None, 7, {"serial": "3", "lat_lng": ""}, {"serial": "3"}])
def test_no_vertex_is_left_out_silently(tmp_path: Path, odd: object) -> None:
    with pytest.raises(InputError, match=r"no object|without coordinates"):
        shape_of(tmp_path, [*STRAIGHT[:2], odd, *STRAIGHT[2:]])


def test_a_blank_vertex_is_an_empty_list(tmp_path: Path) -> None:
    site = shape_of(tmp_path, [{"serial": "", "lat_lng": ""}])
    assert site.doubt is not None
    assert "holds no vertices" in site.doubt.en
    assert not site.unread


def test_a_crossing_outline_is_doubtful(tmp_path: Path) -> None:
    a, b, c, d = STRAIGHT[:4]
    crossed = [{**p, "serial": n} for n, p in enumerate((a, c, b, d), 1)]
    site = shape_of(tmp_path, crossed)
    assert site.doubt is not None
    assert "crosses itself" in site.doubt.en


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_vertices_name_the_zone_only(
    tmp_path: Path, count: int, capsys: pytest.CaptureFixture[str]
) -> None:
    data = payload(project(location(SPLIT[:1] * 2 if count == 1 else SPLIT[:2])))
    path = written(tmp_path / "app.json", data)
    assert main(["check", str(path), *CALL, "--lang", "en", "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["verdict"] == "undetermined"
    assert ("Zone at this point: K-2" if count == 2 else "Zone at this point: R-4") in report["findings"][0][
        "message"
    ]
    assert report["ledger"] == []


@pytest.mark.parametrize(("shp", "message"), [("ref-1", "uploaded SHP"), ("", "holds no vertices")])
def test_no_vertices_are_undetermined_and_no_reading_error(
    tmp_path: Path, shp: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "app.json", payload(project(location((), data_lokasi_proyek_shp=shp))))
    assert main(["check", str(path), *CALL, "--lang", "en", "--format", "json"]) == 1
    out = capsys.readouterr().out
    report = json.loads(out)
    assert report["verdict"] == "undetermined"
    assert message in report["findings"][0]["message"]
    assert "ref-1" not in out
    both = payload(project(location(()), location(LAND, id_proyek_lokasi="L-2")))
    path = written(tmp_path / "both.json", both)
    assert main(["check", str(path), *CALL, "--format", "json"]) == 1
    assert [r["verdict"] for r in json.loads(capsys.readouterr().out)] == ["undetermined", "conditional"]


def test_one_broken_location_does_not_hide_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = payload(project(location(LAND), location([(0.0, 0.0)] * 3, id_proyek_lokasi="L-2")))
    path = written(tmp_path / "app.json", data)
    assert main(["check", str(path), *CALL, "--format", "json"]) == 2
    reports = json.loads(capsys.readouterr().out)
    assert [r["subject"]["id"] for r in reports] == ["P-1/L-1", "P-1/L-2"]
    assert [r["verdict"] for r in reports] == ["conditional", "undetermined"]


# --- what the applicant claims -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of_project", "of_location", "note"),
    [
        ({"nama_perairan": "Laut Sawu"}, {}, "on water"),
        ({}, {"data_posisi_proyek": [{"posisi_lokasi": "02"}]}, "on water"),
        ({}, {"data_posisi_proyek": {"posisi_lokasi": 3}}, "forest area"),
        ({}, {"jenis_kawasan": "02"}, "KEK"),
        ({"jenis_lokasi": "Y"}, {}, "administrative boundaries"),
        ({"flag_obyek_vital_nasional": "Y"}, {}, "vital object"),
        ({"pasal_181_b": "Y"}, {}, "pasal_181_b"),
        ({"skala_usaha": "07"}, {}, "skala_usaha is not one of"),
        ({"skala_usaha": "04"}, {}, "skala_usaha of the project differs"),
    ],
)
def test_claims_are_said(tmp_path: Path, of_project: Any, of_location: Any, note: str) -> None:
    (site,) = sites_of(tmp_path, project(location(LAND, **of_location), **of_project))
    assert note in said(site)
    (plain,) = sites_of(tmp_path, project(location(LAND)))
    assert note not in said(plain)


def test_several_kbli_on_one_site(tmp_path: Path) -> None:
    many = {"flag_multi_kbli": "Y", "id_proyek_utama": "P-1", "jumlah_multi_kbli": "3"}
    main_one = project(location(LAND), **many)
    second = project(id_proyek="P-2", kbli="45201", **many)
    sites = sites_of(tmp_path, main_one, second)
    assert [site.id for site in sites] == ["P-1/L-1", "P-2/L-1"]
    assert sites[0].parcel.equals(sites[1].parcel)
    assert all("each of the 2 in this payload" in said(site) for site in sites)
    assert all("names 3 KBLI, but the payload holds 2" in said(site) for site in sites)
    assert "that of the main project" in said(sites[1])


def test_the_answer_of_the_digital_rdtr_decides_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def verdict(**fields: Any) -> tuple[str, str]:
        path = written(tmp_path / "app.json", payload(project(location(LAND, **fields))))
        main(["check", str(path), *CALL, "--lang", "en", "--format", "json"])
        report = json.loads(capsys.readouterr().out)
        return report["verdict"], "\n".join(report["provenance"]["assumptions"])

    plain, _ = verdict()
    told, notes = verdict(id_kegiatan="sawah", response_kegiatan="Tidak diizinkan")
    assert told == plain == "conditional"
    assert "answer 'Tidak diizinkan'" in notes
    assert "activity sawah (Pertanian tanaman pangan)" in notes
    assert "is not mapped to KBLI 47112" in notes


def test_command_line_options_replace_those_of_the_payload_and_say_so(tmp_path: Path) -> None:
    path = written(tmp_path / "app.json", payload(project(location(LAND), jumlah_lantai_bangunan=2)))
    (site,) = read(path, options={"floors": "4"}).sites
    assert site.proposal.floors == 4.0
    assert "floors = 4.0 from --floors" in said(site)


def test_a_building_stands_on_the_parcel_of_an_application(tmp_path: Path) -> None:
    examples = Path(PLAN).parents[1] / "examples"
    collection = json.loads((examples / "03-partial.geojson").read_text("utf-8"))
    collection["features"] = [
        {**f, "properties": {"id": "tapak", "role": "footprint"}}
        for f in collection["features"]
        if f["properties"]["role"] == "footprint"
    ]
    building = written(tmp_path / "building.geojson", collection)
    app = written(tmp_path / "app.json", payload(project(location(SPLIT), kbli="45201")))
    (site,) = read(building, parcel=str(app)).sites
    assert site.scope == "building"
    assert site.proposal.kbli == "45201"
    assert site.application is not None
    assert site.application.project == "P-1"


def test_a_batch_of_an_application_says_what_a_check_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    projects = [
        project(location(LAND), location((), id_proyek_lokasi="L-2"), jumlah_lantai_bangunan=2),
        project(location(SPLIT), location(SPLIT[:1], id_proyek_lokasi="L-2"), id_proyek="P-2", kbli="45201"),
        project(location(LAND), id_proyek="P-3", kbli="abc"),
    ]
    path = written(tmp_path / "app.json", payload(*projects))
    main(["check", str(path), *CALL, "--format", "json"])
    reports = json.loads(capsys.readouterr().out)
    table = tmp_path / "table.csv"
    assert main(["batch", str(path), *CALL, "--output", str(table), "--verbose"]) == 0
    captured = capsys.readouterr()
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["id"] for row in rows] == [r["subject"]["id"] for r in reports]
    assert [row["verdict"] for row in rows] == [r["verdict"] for r in reports]
    assert len({row["verdict"] for row in rows}) == 3
    assert "plain number" not in rows[1]["message"]
    assert rows[1]["message"]
    assert MARK not in table.read_text("utf-8") + captured.out + captured.err


# --- how the file is written ---------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path / "app.json", payload(project(location(LAND))), encoding=encoding)
    assert one(path).id == "P-1/L-1"


@pytest.mark.parametrize("suffix", [".json", ".txt", ".geojson"])
def test_suffixes(tmp_path: Path, suffix: str) -> None:
    assert one(written(tmp_path / f"app{suffix}", payload(project(location(LAND))))).id == "P-1/L-1"


def test_wrapped_payloads(tmp_path: Path) -> None:
    inner = payload(project(location(LAND)))
    for wrapped in ({"data": {"message": inner}}, [inner], {"nama": MARK, "isi": [inner]}):
        assert one(written(tmp_path / "app.json", wrapped)).id == "P-1/L-1"
    two = [inner, payload(project(location(SPLIT), id_proyek="P-7"))]
    sites = read(written(tmp_path / "app.json", two)).sites
    assert [site.id for site in sites] == ["P-1/L-1", "P-7/L-1"]


def test_a_geojson_that_mentions_the_word_stays_geojson(tmp_path: Path) -> None:
    collection = json.loads((Path(PLAN).parents[1] / "examples" / "08-land.geojson").read_text("utf-8"))
    collection["features"][0]["properties"]["dataNIB"] = "x"
    assert one(written(tmp_path / "land.geojson", collection)).id == "08-land"


def test_ids_that_are_none_are_not_kept(tmp_path: Path) -> None:
    (site,) = sites_of(tmp_path, project(location(LAND, id_proyek_lokasi=f"{MARK} x\n"), id_proyek=""))
    assert site.id == "1.1"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"dataNIB": {"oss_id": "1", "oss_id": "2"}}', "duplicate-key"),
        ('{"dataNIB": {"nama_pj": "PRIBADI"', "unreadable"),
        ('{"dataNIB": {"luas_tanah": NaN}}', "unreadable"),
        ('{"dataNIB": {}}', "oss-empty"),
        ('{"dataNIB": {"data_proyek": "PRIBADI"}}', "oss-shape"),
        ('{"dataNIB": {"data_proyek": [{"data_lokasi_proyek": [{}, "PRIBADI"]}]}}', "oss-shape"),
        ('{"dataNIB": {"data_proyek": {"luas_tanah": ["PRIBADI"]}}}', "oss-shape"),
        ('{"dataNIB": "PRIBADI"}', "not-geojson"),
        ('{"dataNIB": [1, "PRIBADI"]}', "not-geojson"),
        ('[{"dataNIB": ["PRIBADI"]}, {"dataNIB": {}}]', "oss-shape"),
        ('{"x": "dataNIB", "y": ' + "[" * 5000 + "]" * 5000 + "}", "unreadable"),
    ],
)
def test_broken_payloads(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "app.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError) as caught:
        read(path)
    assert caught.value.code == code
    assert MARK not in str(caught.value)
    assert caught.value.__cause__ is None or MARK not in str(caught.value.__cause__)


# --- personal data -------------------------------------------------------------------------------------------


def hostile() -> list[Any]:
    """Return payloads whose allowed fields are broken one by one, markers everywhere else."""
    good = location(SPLIT)
    return [
        payload(project(good, kbli="45201")),
        payload(project(good, kbli="abc")),
        payload(project(good, flag_psn="maybe")),
        payload(project(good, luas_tanah="x")),
        payload(project(location([(52.0, 13.0)] * 4))),
        payload(project(location(()))),
        payload(project(location(SPLIT[:1]))),
        payload(project({**good, "data_lokasi_proyek": f"{MARK}-text"})),
        payload(project({**good, "data_posisi_proyek": [f"{MARK}-text"]})),
        payload(project(good, id_proyek=f"{MARK} Budi"), oss_id={"nama": MARK}),
        payload(),
        {"nama": MARK, "dataNIB": {"nama_perseroan": MARK}},
    ]


@pytest.mark.parametrize("fmt", FORMATS)
def test_no_personal_field_reaches_an_output(
    tmp_path: Path, fmt: str, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "out").mkdir()
    for n, data in enumerate(hostile()):
        path = written(tmp_path / "app.json", data)
        for extra in (("--verbose",), ("--output", str(tmp_path / "out" / f"{n}.{fmt}"), "--lang", "id")):
            main(["check", str(path), *CALL, "--format", fmt, *extra])
            captured = capfdbinary.readouterr()
            assert MARK.encode() not in unpacked(captured.out) + captured.err
    for left in (*(tmp_path / "out").rglob("*"), *temporary.rglob("*")):
        assert left.is_dir() or MARK.encode() not in unpacked(left.read_bytes())


def unpacked(data: bytes) -> bytes:
    """Return what a file says, and what its parts say where it is a zip (docx)."""
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return data + b"".join(archive.read(name) for name in archive.namelist())


def test_no_personal_field_reaches_the_model(tmp_path: Path) -> None:
    for data in hostile():
        path = written(tmp_path / "app.json", data)
        try:
            reports = run(CheckRequest(site=str(path), plans=(PLAN,), as_of=dt.date(2026, 11, 24)))
        except InputError as error:
            assert MARK not in repr(vars(error))
        else:
            assert MARK not in repr(reports)


def test_nothing_but_the_allow_list_leaves_the_parser() -> None:
    def names(value: Any) -> set[str]:
        if isinstance(value, dict):
            return set(value).union(*(names(inner) for inner in value.values()))
        return set().union(*(names(inner) for inner in value)) if isinstance(value, list) else set()

    for data in hostile():
        kept = parse(json.dumps(data).encode(), "app.json")
        assert set().union(*(names(one) for one in kept)) <= FIELDS
    (whole,) = parse(json.dumps(payload(project(location(LAND)))).encode(), "app.json")
    assert MARK not in json.dumps(whole)


def test_standard_input_is_not_copied_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a payload was about to be written to a temporary file")

    monkeypatch.setattr(tempfile, "TemporaryDirectory", refuse)
    data = codecs.BOM_UTF8 + json.dumps(payload(project(location(LAND)))).encode()
    (site,) = read_sites("-", stdin=io.BytesIO(data)).sites
    assert site.id == "P-1/L-1"


def test_an_unforeseen_failure_prints_no_personal_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from kkpr_check import engine

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(engine, "judge", fail)
    path = written(tmp_path / "app.json", payload(project(location(LAND))))
    assert main(["check", str(path), *CALL, "--verbose"]) == 2
    captured = capsys.readouterr()
    assert "boom" in captured.err
    assert MARK not in captured.out + captured.err


def test_a_whole_process_from_standard_input(tmp_path: Path) -> None:
    data = json.dumps(payload(project(location(LAND)))).encode()
    done = process("check", "-", *CALL, "--format", "jsonl", "--verbose", stdin=data, TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["verdict"] == Verdict.CONDITIONAL.value
    assert report["provenance"]["inputs"][0]["path"] == "-"
    assert MARK.encode() not in done.stdout + done.stderr
    assert not os.listdir(tmp_path)

"""The draft decision for OSS: what each field holds, its widths, and that it never decides."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import shapely
from oss_builder import MARK, location, payload, project, ring_of, written

from kkpr_check.checking import CheckRequest, run, to_lonlat
from kkpr_check.cli import main
from kkpr_check.errors import InputError, Text, UsageError
from kkpr_check.model import Application, Outcome, Report, Scene
from kkpr_check.report.oss import WIDTHS, draft, dumps

ROOT = Path(__file__).parents[1]
PLAN = str(ROOT / "data" / "sample")
GOLDEN = Path(__file__).with_name("golden") / "oss-draft.json"
AS_OF = dt.date(2026, 11, 24)
LAND = ring_of("08-land.geojson")
SPLIT = ring_of("03-partial.geojson")
Judge = Callable[..., tuple[Report, ...]]


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    def judged(data: Any) -> tuple[Report, ...]:
        path = written(tmp_path / "app.json", data)
        return run(CheckRequest(site=str(path), plans=(PLAN,), as_of=AS_OF))

    return judged


def written_draft(report: Report) -> dict[str, Any]:
    return draft(report, to_lonlat, AS_OF)["IZINFINALKKPR"]


@pytest.fixture
def partial(judge: Judge) -> Report:
    return judge(payload(project(location(SPLIT), kbli="45201", luas_tanah="588.5")))[0]


def test_the_example_draft_is_as_stored() -> None:
    reports = run(CheckRequest(site=str(ROOT / "examples" / "09-oss.json"), plans=(PLAN,), as_of=AS_OF))
    assert dumps(reports, to_lonlat, AS_OF) == GOLDEN.read_text("utf-8")


def test_the_draft_of_a_partly_conforming_site(partial: Report) -> None:
    found = written_draft(partial)
    assert {k: found[k] for k in ("id_proyek", "oss_id", "id_izin", "kd_izin")} == {
        "id_proyek": "P-1", "oss_id": "OSS-1", "id_izin": "I-202611240000000000001", "kd_izin": "029000000001",
    }  # fmt: skip
    technical = found["data_teknis"]
    assert technical["jenis_peruntukan"] == "K-2"
    assert technical["luas"] == "502.32"
    assert technical["koefisien_dasar_bangunan"] == "75.00"
    assert technical["koefisien_lantai_bangunan"] == "3.00"
    assert technical["koefisien_dasar_hijau"] == "10.00"
    assert technical["garis_sempadan_bangunan"] == "40.00"
    assert technical["jarak_bebas_bangunan"] == "2.00"
    assert technical["nomor_perda_rtr"] == "Peraturan Bupati Contoh Nomor 0 Tahun 2024 (sintetis)"
    assert "R-4 86,16 m²" in technical["ketentuan_umum"]
    assert "SESUAI SEBAGIAN" in found["keterangan"]
    assert "KGT001" in found["keterangan"]
    assert "bukan keputusan KKPR" in found["keterangan"]


def test_the_boundary_is_that_of_the_approved_part(partial: Report) -> None:
    text = written_draft(partial)["data_teknis"]["koordinat_batas_bidang"]
    ring = [tuple(map(float, pair.split(", "))) for pair in text.split("; ")]
    assert ring[0] == ring[-1]
    assert all(-12 < lat < 8 and 94 < lon < 142 for lat, lon in ring)
    drawn = shapely.Polygon([(lon, lat) for lat, lon in ring])
    assert partial.approvable is not None
    expected = to_lonlat(partial.approvable.geometry, "EPSG:32751")
    assert drawn.symmetric_difference(expected).area < 5e-6 * expected.area


@pytest.mark.parametrize("kbli", ["47112", "45201", "99999", ""])
def test_a_machine_never_decides(judge: Judge, kbli: str) -> None:
    for report in judge(payload(project(location(LAND), location(SPLIT, id_proyek_lokasi="L-2"), kbli=kbli))):
        found = written_draft(report)
        assert found["kd_status"] == "20"
        assert found["data_teknis"]["persetujuan"] == ""
        assert found["nip_status"] == found["nama_status"] == found["data_teknis"]["nomor_pertek"] == ""
        assert found["tgl_status"] == "2026-11-24 00:00:00"
        assert "disetujui" not in json.dumps(found).casefold()


def test_nothing_is_approved_of_a_site_that_is_open(judge: Judge) -> None:
    for data in (payload(project(location(LAND), kbli="99999")), payload(project(location(())))):
        found = written_draft(judge(data)[0])
        assert found["data_teknis"]["luas"] == ""
        assert found["data_teknis"]["koefisien_dasar_bangunan"] == ""
        assert "PERLU VERIFIKASI" in found["keterangan"]
        assert "Perlu diverifikasi:" in found["keterangan"]


def test_a_prohibited_use_has_no_area(judge: Judge) -> None:
    inside = [(y, x) for y, x in SPLIT]
    (report,) = judge(payload(project(location(inside), kbli="24101")))
    found = written_draft(report)
    assert report.verdict.value in ("nonconform", "undetermined")
    assert found["data_teknis"]["luas"] == found["data_teknis"]["jenis_peruntukan"] == ""


def test_one_object_for_one_site_and_an_array_for_several(judge: Judge, partial: Report) -> None:
    assert set(json.loads(dumps([partial], to_lonlat, AS_OF))) == {"IZINFINALKKPR"}
    several = json.loads(dumps([partial, partial], to_lonlat, AS_OF))
    assert [set(one) for one in several] == [{"IZINFINALKKPR"}] * 2


def test_every_field_has_a_width_and_is_text(partial: Report) -> None:
    found = written_draft(partial)
    technical = found.pop("data_teknis")
    assert {*found, *technical} == set(WIDTHS)
    for name, value in {**found, **technical}.items():
        assert isinstance(value, str)
        assert len(value) <= WIDTHS[name]


def _with(report: Report, **ids: str) -> Report:
    assert report.site.application is not None
    return replace(report, site=replace(report.site, application=replace(report.site.application, **ids)))


def _renamed(report: Report, old: str, new: str) -> Report:
    ledger = tuple(
        replace(e, zones=tuple(replace(z, subzone=z.subzone.replace(old, new)) for z in e.zones))
        for e in report.combined
    )
    return replace(
        report,
        combined=ledger,
        around=Scene(zones=tuple((code.replace(old, new), shape) for code, shape in report.around.zones)),
        findings=tuple(replace(f, zone=f.zone and f.zone.replace(old, new)) for f in report.findings),
    )


@pytest.mark.parametrize(
    ("ids", "field", "length", "width"),
    [
        ({"oss_id": "9" * 26}, "oss_id", 26, 25),
        ({"project": "9" * 26}, "id_proyek", 26, 25),
        ({"id_izin": "9" * 40}, "id_izin", 40, 25),
        ({"kd_izin": "9" * 13}, "kd_izin", 13, 12),
        ({"water": "x" * 256}, "data_teknis.nama_perairan", 256, 255),
    ],
)
def test_a_value_longer_than_its_field_is_an_error(
    partial: Report, ids: dict[str, str], field: str, length: int, width: int
) -> None:
    with pytest.raises(InputError) as caught:
        written_draft(_with(partial, **ids))
    assert caught.value.code == "oss-width"
    for part in (field, str(length), str(width)):
        assert part in caught.value.text.en
        assert part in caught.value.text.id
    assert caught.value.remedy is not None
    just = {name: value[:width] for name, value in ids.items()}
    assert written_draft(_with(partial, **just))


def test_a_sub_zone_code_of_eleven_characters_is_an_error(partial: Report) -> None:
    assert (
        written_draft(_renamed(partial, "K-2", "Komersial2"))["data_teknis"]["jenis_peruntukan"]
        == "Komersial2"
    )
    with pytest.raises(InputError, match=r"jenis_peruntukan would be 11 .* holds 10") as caught:
        written_draft(_renamed(partial, "K-2", "Komersial-2"))
    assert caught.value.remedy is not None
    assert "[layer.codes]" in caught.value.remedy.en


def test_a_long_regulation_is_an_error(partial: Report) -> None:
    plans = [{**plan, "legal": "Perda " + "x" * 250} for plan in partial.provenance["plans"]]
    with pytest.raises(InputError, match=r"nomor_perda_rtr would be 256") as caught:
        written_draft(replace(partial, provenance={**partial.provenance, "plans": plans}))
    assert "plan.toml" in (caught.value.remedy or Text("", "")).en


def test_long_conditions_stand_in_the_reasons(partial: Report) -> None:
    findings = tuple(
        replace(f, message=Text("m" * 300, "m" * 300)) if f.rule == "TAB004" else f for f in partial.findings
    )
    found = written_draft(replace(partial, findings=findings))
    conditions = found["data_teknis"]["persyaratan_pelaksanaan_kegiatan"]
    assert conditions.startswith("Uraian di keterangan: ")
    assert "TAB004" in conditions
    assert "m" * 300 in found["keterangan"]


def test_limits_are_rounded_to_the_strict_side(partial: Report) -> None:
    limits = {"INT001": 1 / 3, "INT002": 1.239, "INT003": 1 / 3, "TAB001": 5.001}
    findings = tuple(replace(f, limit=limits[f.rule]) if f.rule in limits else f for f in partial.findings)
    technical = written_draft(replace(partial, findings=findings))["data_teknis"]
    assert technical["koefisien_dasar_bangunan"] == "33.33"
    assert technical["koefisien_lantai_bangunan"] == "1.23"
    assert technical["koefisien_dasar_hijau"] == "33.34"
    assert technical["garis_sempadan_bangunan"] == "5.01"


def test_hostile_text_of_a_plan_stays_inside_its_field(partial: Report) -> None:
    evil = 'x"}\x1b[31m\u202e<script>'
    findings = tuple(replace(f, message=Text(evil, evil)) for f in partial.findings)
    text = dumps([replace(partial, findings=findings)], to_lonlat, AS_OF)
    assert text.isascii()
    reasons = json.loads(text)["IZINFINALKKPR"]["keterangan"]
    assert 'x"}[31m<script>' in reasons
    assert "\x1b" not in reasons


def test_a_site_of_another_file_has_no_draft(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call = ["check", str(ROOT / "examples" / "08-land.geojson"), "--plan", PLAN, "--lang", "en"]
    output = tmp_path / "draft.json"
    assert main([*call, "--format", "oss", "--output", str(output)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "comes from no OSS application" in captured.err
    assert "dataNIB" in captured.err
    assert not output.exists()
    with pytest.raises(UsageError):
        draft(run(CheckRequest(point="-9.4467,124.4763", plans=(PLAN,), as_of=AS_OF))[0], to_lonlat, AS_OF)


@pytest.mark.parametrize("name", ["oss_id", "id_izin", "kd_izin", "project"])
def test_an_application_without_an_id_has_no_draft(partial: Report, name: str) -> None:
    with pytest.raises(InputError, match="no usable") as caught:
        written_draft(_with(partial, **{name: ""}))
    assert caught.value.code == "oss-id"


def test_the_ids_stand_in_no_other_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = payload(project(location(LAND), nama_perairan="TELUK-X"), oss_id="OSS-SECRET")
    path = written(tmp_path / "app.json", data)
    for fmt in ("text", "json", "jsonl", "geojson"):
        main(["check", str(path), "--plan", PLAN, "--format", fmt])
        assert "OSS-SECRET" not in capsys.readouterr().out
    main(["check", str(path), "--plan", PLAN, "--format", "oss"])
    out = capsys.readouterr().out
    assert "OSS-SECRET" in out
    assert "TELUK-X" in out
    assert MARK not in out


def test_same_bytes_in_both_languages_and_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path / "app.json", payload(project(location(SPLIT), kbli="45201")))
    outputs = set()
    for lang in ("id", "en", "id"):
        call = [
            "check",
            str(path),
            "--plan",
            PLAN,
            "--as-of",
            "2026-11-24",
            "--format",
            "oss",
            "--lang",
            lang,
        ]
        assert main(call) == 1
        outputs.add(capsys.readouterr().out)
    assert len(outputs) == 1


def test_an_application_says_nothing_by_default() -> None:
    assert Application() == Application("", "", "", "", "")


def test_of_two_sub_zones_that_conform_the_largest_is_described_with_its_own_green_share(
    judge: Judge,
) -> None:
    (report,) = judge(payload(project(location(SPLIT), kbli="56101", luas_tanah="588.5")))
    assert report.approvable is not None
    assert report.approvable.share > 0.999
    (green,) = [f for f in report.findings if f.rule == "INT003"]
    shares = dict(green.zone_limits)
    technical = written_draft(report)["data_teknis"]
    assert technical["jenis_peruntukan"] == "K-2"
    assert technical["koefisien_dasar_hijau"] == f"{shares['K-2'] * 100:.2f}" == "10.00"
    assert "R-4 86,16 m²: KDB maks" in technical["ketentuan_umum"]
    assert green.limit == pytest.approx((502.32 * shares["K-2"] + 86.16 * shares["R-4"]) / 588.48, abs=1e-4)


def test_the_largest_sub_zone_is_named_though_its_limits_hang_on_the_road_class(judge: Judge) -> None:
    (report,) = judge(payload(project(location(SPLIT), kbli="56101", luas_tanah="588.5")))
    findings = tuple(
        replace(f, outcome=Outcome.UNDETERMINED, missing=("road_class",))
        if f.zone == "K-2" and f.rule == "INT001"
        else f
        for f in report.findings
    )
    technical = written_draft(replace(report, findings=findings))["data_teknis"]
    assert technical["jenis_peruntukan"] == "K-2"
    assert technical["koefisien_dasar_bangunan"] == ""

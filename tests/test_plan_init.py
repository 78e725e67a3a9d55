"""``plan init``: what is written, what is marked, what is refused; and a folder loads once the marks are filled."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import tomllib
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from kkpr_check.cli.plan_init import init_command
from kkpr_check.errors import CrsError, ErrorGroup, KkprError, PlanError, UsageError
from kkpr_check.io.adopt import folder as adopt_folder
from kkpr_check.io.adopt.draft import Question
from kkpr_check.io.adopt.toml import comment, quoted
from kkpr_check.io.planfolder import load_plan

REAL = Path(os.environ.get("KKPR_REAL", Path(__file__).parents[1].parent / "shared" / "real"))
real = pytest.mark.skipif(not REAL.is_dir(), reason="real data absent")
CODES = ["R2", "r-3", "RTH 3", "BJ", "J9", "RTH 3 > R3"]
NAMES = ["Perumahan A", "Perumahan B", "Taman", "Jalan", "Jasa", "Taman"]


def write(path: Path, fields: dict[str, Any], *, kind: str = "area", crs: str | None = "EPSG:32751") -> Path:
    """Write a small layer; areas of 100 m side by side near Kefamenanu."""
    import pyogrio

    n = len(next(iter(fields.values())))
    if kind == "area":
        shapes = [shapely.box(662000 + 100 * i, 8955000, 662100 + 100 * i, 8955100) for i in range(n)]
    else:
        shapes = [
            shapely.LineString([(662000 + 100 * i, 8955000), (662000 + 100 * i, 8955100)]) for i in range(n)
        ]
    columns = [
        np.array(values, dtype=object if isinstance(values[0], str | None) else None)
        for values in fields.values()
    ]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*crs.*", category=UserWarning)
        pyogrio.raw.write(
            path, shapely.to_wkb(np.array(shapes, dtype=object)), columns, list(fields),
            geometry_type="Polygon" if kind == "area" else "LineString", crs=crs, encoding="UTF-8",
            driver="OpenFileGDB" if path.suffix == ".gdb" else None,
        )  # fmt: skip
    return path


@pytest.fixture
def zoning(tmp_path: Path) -> Path:
    return write(
        tmp_path / "Pola Ruang.shp", {"KODE": CODES, "NAMOBJ": NAMES, "KKOP_1": ["Tidak Ada", "K01G"] * 3}
    )


def document(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "plan.toml").read_text(encoding="utf-8"))


def fill(folder: Path, **answers: str) -> None:
    """Fill the marks as a planner would."""
    text = (folder / "plan.toml").read_text(encoding="utf-8")
    values = {"legal": "Perda 1/2024", "status": "in-force", "valid_from": "2024-01-31", **answers}
    for key, value in values.items():
        lines = [
            line for line in text.splitlines() if re.match(rf'(# )?"?{re.escape(key)}"? = ".*# TODO:', line)
        ]
        assert len(lines) == 1, key
        name = lines[0].removeprefix("# ").partition(" = ")[0]
        text = text.replace(lines[0], f'{name} = "{value}"')
    (folder / "plan.toml").write_text(text, encoding="utf-8")


def test_certain_codes_are_mapped_and_the_rest_is_marked(zoning: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    said = init_command([zoning], out, yes=True)
    plan = document(out)
    layer = plan["layer"][0]
    assert (plan["id"], plan["level"], plan["legal"], plan["status"]) == (
        "pola-ruang",
        "rdtr",
        "TODO",
        "draft",
    )
    assert "valid_from" not in plan
    assert layer["fields"] == {"subzone": "KODE", "name": "NAMOBJ"}
    assert layer["codes"] == {"R2": "R-2", "r-3": "R-3", "RTH 3": "RTH-3"}
    assert (out / layer["path"]).is_file() and (out / "layers" / "Pola Ruang.dbf").is_file()
    assert plan["overlay"] == [{"rule": "KHS001", "field": "KKOP_1"}]
    text = (out / "plan.toml").read_text(encoding="utf-8")
    assert (
        '# "J9" = ""  # TODO:' in text and "perhaps RTH-3, R-3" in text and "4 of 6 features resolve" in text
    )
    assert (
        '"J9", 1 features: not in the national catalogue' in said
        and "fill in legal, status, valid_from" in said
    )
    assert "KHS012 railways" in said


def test_zones_table_marks_what_is_open(zoning: Path, tmp_path: Path) -> None:
    init_command([zoning], tmp_path / "plan", yes=True)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "plan" / "zones.csv").read_text(encoding="utf-8"))))
    assert {row["subzone"]: (row["name"], row["protected"]) for row in rows} == {
        "BJ": ("Jalan", "budi-daya"), "R-2": ("Perumahan A", "budi-daya"), "R-3": ("Perumahan B", "budi-daya"),
        "RTH-3": ("Taman", "lindung"), "J9": ("TODO: Jasa", ""), "RTH 3 > R3": ("TODO: Taman", ""),
    }  # fmt: skip


def test_an_open_folder_is_a_draft_and_in_force_it_needs_its_law(zoning: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    init_command([zoning], out, yes=True)
    assert load_plan(out).status == "draft"
    fill(out, legal="TODO")
    with pytest.raises(ErrorGroup) as refused:
        load_plan(out)
    assert [error.place.column for error in refused.value.errors] == ["legal"]


def test_the_filled_folder_loads(zoning: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    init_command([zoning], out, yes=True)
    fill(out, **{"J9": "J9", "RTH 3 > R3": "R-3"})
    plan = load_plan(out)
    assert plan.legal == "Perda 1/2024" and plan.ce90_m == 2.5
    assert plan.tables.zones["RTH-3"].protected is True and plan.tables.zones["J9"].protected is None
    assert {"zones.csv", "itbx.csv", "intensity.csv", "conditions.csv", "kbli.csv"} <= plan.tables.present
    assert plan.tables.itbx_subzones >= {"R-2", "BJ"}


def test_other_layers_find_their_place(zoning: Path, tmp_path: Path) -> None:
    roads = write(tmp_path / "jalan.shp", {"NAMOBJ": ["Jalan Lokal Primer"], "RUMIJA": [8.0]}, kind="line")
    flood = write(tmp_path / "banjir.gpkg", {"KELAS": ["Rawan Banjir Sedang", "Tidak Rawan"]})
    forest = write(tmp_path / "hutan.geojson", {"FUNGSI": ["APL", "HPK", "HL"]}, crs=None)
    text = forest.read_text(encoding="utf-8")
    forest.write_text(text, encoding="utf-8")
    out = tmp_path / "plan"
    said = init_command([roads, flood, forest, zoning], out, yes=True, assume_crs="EPSG:32751")
    plan = document(out)
    assert [layer["role"] for layer in plan["layer"]] == ["zoning", "road", "overlay", "forest"]
    assert plan["layer"][1]["fields"] == {"road_class": "NAMOBJ", "width_m": "RUMIJA"}
    assert plan["layer"][1]["codes"] == {"Jalan Lokal Primer": "lokal-primer"}
    assert plan["layer"][2]["layer"] == "banjir" and plan["layer"][2]["crs"] == "EPSG:32751"
    found = {(o["rule"], o.get("layer")): o.get("values") for o in plan["overlay"]}
    assert found[("KHS003", "overlay")] == {"Tidak Rawan": "none"}
    assert found[("KHS009", "forest")] == {"APL": "none"}
    assert "road" in said and "banjir" in said
    fill(out, **{"J9": "J9", "RTH 3 > R3": "R-3"})
    assert load_plan(out).layers_of("road")[0].fields["width_m"] == "RUMIJA"


def test_values_that_are_no_road_class_are_marked(zoning: Path, tmp_path: Path) -> None:
    roads = write(tmp_path / "jalan.shp", {"NAMOBJ": ["Jalan Lokal Primer", "Gang", "22011201"]}, kind="line")
    said = init_command([zoning, roads], tmp_path / "plan", yes=True)
    codes = document(tmp_path / "plan")["layer"][1]["codes"]
    assert codes == {"Jalan Lokal Primer": "lokal-primer", "22011201": "kolektor-primer"}
    assert 'no road class: "Gang"' in said


def test_answers_of_a_person_are_taken(zoning: Path, tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(question: Question) -> str:
        asked.append(question.text.en)
        if '"J9"' in question.text.en:
            return "K-1"
        if ">" in question.text.en:
            return "RTH-3"
        if "Regulation" in question.text.en:
            return "Perbup 7/2024"
        if question.text.en == "Status":
            return "draft"
        return "2024-05-01" if "since" in question.text.en else question.default

    out = tmp_path / "plan"
    said = init_command([zoning], out, ask=ask, lang="id")
    plan = load_plan(out)
    assert (plan.legal, plan.status, str(plan.valid_from)) == ("Perbup 7/2024", "draft", "2024-05-01")
    assert plan.layers[0].codes["J9"] == "K-1"
    assert any("which field" in text for text in asked)
    assert "Yang masih harus dikerjakan" in said and "cari" not in said
    assert "K-1" in plan.tables.zones


def test_another_field_can_be_chosen(zoning: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "z.shp", {"KODSBL": ["R-2", "R-3"], "NAMOBJ": ["Taman Kota", "Pemakaman"]})
    choose = lambda q: "NAMOBJ" if "which field" in q.text.en else ""  # noqa: E731
    init_command([path], tmp_path / "plan", ask=choose)
    layer = document(tmp_path / "plan")["layer"][0]
    assert layer["fields"]["subzone"] == "NAMOBJ"
    assert layer["codes"] == {"Taman Kota": "RTH-2", "Pemakaman": "RTH-7"}


def nothing_left(tmp_path: Path) -> bool:
    return not [
        path.name
        for path in tmp_path.iterdir()
        if "plan" in path.name or path.name.endswith((".tmp", ".old"))
    ]


@pytest.mark.parametrize(
    ("fields", "kind", "reason"),
    [
        ({"RT": ["001", "002"], "RW": ["01", "01"], "KELURAHAN": ["Benpasi"] * 2}, "area", "RT/RW"),
        ({"NAMOBJ": ["Jalan Lokal Primer", "Jalan Kolektor Primer"]}, "line", "road classes"),
        ({"NIB": ["1", "2"], "TIPEHAK": ["Hak Milik"] * 2}, "area", "land parcels"),
    ],
)
def test_no_zoning_layer_is_refused_and_leaves_nothing(
    fields: Any, kind: str, reason: str, tmp_path: Path
) -> None:
    path = write(tmp_path / "peta.shp", fields, kind=kind)
    with pytest.raises(PlanError, match="no zoning layer") as refused:
        init_command([path], tmp_path / "plan", yes=True)
    assert reason in refused.value.render("en") and refused.value.code == "not-zoning"
    assert nothing_left(tmp_path)


def test_a_useless_layer_beside_the_zoning_is_refused_too(zoning: Path, tmp_path: Path) -> None:
    rt_rw = write(tmp_path / "rt_rw.shp", {"RT": ["001"], "RW": ["01"]})
    with pytest.raises(PlanError, match="RT/RW"):
        init_command([zoning, rt_rw], tmp_path / "plan", yes=True)
    assert nothing_left(tmp_path)


def test_two_kinds_of_plan_are_refused(zoning: Path, tmp_path: Path) -> None:
    rtrw = write(tmp_path / "rtrw.shp", {"NAMOBJ": ["Kawasan Permukiman", "Kawasan Pertanian"]})
    with pytest.raises(PlanError, match="two plans"):
        init_command([zoning, rtrw], tmp_path / "plan", yes=True)


def test_layer_without_crs_is_refused_and_leaves_nothing(zoning: Path, tmp_path: Path) -> None:
    zoning.with_suffix(".prj").unlink()
    with pytest.raises(CrsError):
        init_command([zoning], tmp_path / "plan", yes=True)
    assert nothing_left(tmp_path)


def test_existing_output_is_kept(zoning: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    init_command([zoning], out, yes=True)
    before = (out / "plan.toml").read_bytes()
    (out / "plan.toml").write_bytes(before + b"# mine\n")
    with pytest.raises(UsageError, match="exists already"):
        init_command([zoning], out, yes=True)
    assert (out / "plan.toml").read_bytes().endswith(b"# mine\n")
    init_command([zoning], out, yes=True, overwrite=True)
    assert (out / "plan.toml").read_bytes() == before
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("kind", ["file", "folder", "no-parent"])
def test_what_is_no_plan_folder_is_never_replaced(kind: str, zoning: Path, tmp_path: Path) -> None:
    out = tmp_path / "thing"
    if kind == "file":
        out.write_text("x", encoding="utf-8")
    elif kind == "folder":
        out.mkdir()
        (out / "thesis.docx").write_text("x", encoding="utf-8")
    else:
        out = tmp_path / "absent" / "plan"
    with pytest.raises(UsageError):
        init_command([zoning], out, yes=True, overwrite=True)
    assert kind == "no-parent" or out.exists()


def test_failure_while_writing_leaves_nothing(
    zoning: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(adopt_folder, "tables", full)
    with pytest.raises(OSError, match="No space"):
        init_command([zoning], tmp_path / "plan", yes=True)
    assert nothing_left(tmp_path)


def test_failed_overwrite_keeps_the_old_folder(
    zoning: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "plan"
    init_command([zoning], out, yes=True)
    before = sorted(path.name for path in out.iterdir())
    rename = os.rename

    def fails_once(source: Any, target: Any) -> None:
        if Path(target) == out and str(source).endswith(".tmp"):
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(adopt_folder.os, "rename", fails_once)
    with pytest.raises(OSError, match="Input/output"):
        init_command([zoning], out, yes=True, overwrite=True)
    assert sorted(path.name for path in out.iterdir()) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_zip_is_copied_whole_and_its_layer_named(zoning: Path, tmp_path: Path) -> None:
    packed = tmp_path / "kiriman.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for part in tmp_path.glob("Pola Ruang.*"):
            archive.write(part, part.name)
    out = tmp_path / "plan"
    init_command([packed], out, yes=True)
    layer = document(out)["layer"][0]
    assert (layer["path"], layer["layer"]) == ("layers/kiriman.zip", "Pola Ruang")
    fill(out, **{"J9": "J9", "RTH 3 > R3": "R-3"})
    load_plan(out)


def test_usable_layers_of_a_container_are_all_taken(zoning: Path, tmp_path: Path) -> None:
    import pyogrio

    package = tmp_path / "plan_data.gpkg"
    write(package, {"KODE": ["R-2", "K-1"]})
    shape = shapely.to_wkb(
        np.array([shapely.LineString([(662000, 8955000), (662000, 8955100)])], dtype=object)
    )
    pyogrio.raw.write(
        package, shape, [np.array(["Jalan Lokal Primer"], dtype=object)], ["NAMOBJ"], geometry_type="LineString",
        crs="EPSG:32751", layer="jalan", append=False,
    )  # fmt: skip
    init_command([package], tmp_path / "out", yes=True)
    layers = document(tmp_path / "out")["layer"]
    assert [(layer["role"], layer["layer"]) for layer in layers] == [
        ("zoning", "plan_data"),
        ("road", "jalan"),
    ]
    assert len(list((tmp_path / "out" / "layers").iterdir())) == 1


def test_two_files_of_one_name_do_not_overwrite_each_other(zoning: Path, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    other = write(tmp_path / "b" / "pola ruang.shp", {"NAMOBJ": ["Jalan Lokal Primer"]}, kind="line")
    init_command([zoning, other], tmp_path / "plan", yes=True)
    paths = [layer["path"] for layer in document(tmp_path / "plan")["layer"]]
    assert len({path.casefold() for path in paths}) == 2


def test_texts_cut_by_the_dbf_are_reported(tmp_path: Path) -> None:
    path = write(tmp_path / "z.shp", {"KODE": ["R-2", "R-3"], "KET": ["x" * 254, "pendek"]})
    assert "KET: 1 texts fill all 254 characters" in init_command([path], tmp_path / "plan", yes=True)


def test_hostile_values_stay_values(tmp_path: Path) -> None:
    values = ["R-2", "R-3", "K-1", 'a"\n[layer]\nx = 1', "=cmd|'/c calc'!A1", "\\u0041\x7f"]
    path = write(tmp_path / "z.gpkg", {"KODE": values})
    init_command([path], tmp_path / "plan", yes=True)
    assert document(tmp_path / "plan")["layer"][0]["codes"] == {}
    text = (tmp_path / "plan" / "plan.toml").read_text(encoding="utf-8")
    marks = [line[2:] for line in text.splitlines() if line.startswith('# "')]
    codes = tomllib.loads("\n".join(marks))
    assert set(codes.values()) == {""} and len(codes) == 3
    assert "=cmd|'/c calc'!A1" in codes and 'a" [layer] x = 1' in codes


@pytest.mark.parametrize("text", ['"', "\\", "\n\t\r", "\x00\x1f\x7f", "é ½ 漢 \U0001f600", "'''", "#"])
def test_quoted_text_comes_back(text: str) -> None:
    assert tomllib.loads(f"k = {quoted(text)}  {comment(text)}") == {"k": text}


@pytest.mark.real
@real
@pytest.mark.parametrize(
    ("name", "subzone", "marks"),
    [
        ("rdtr/jagoi_babang_2024_polaruang.geojson", "KODSBL", 0), ("rdtr/saumlaki_2023_polaruang.geojson", "KODEWP", 0),
        ("rdtr/saumlaki_2023_polaruang_format_lama.geojson", "Kode", 16),
        ("rdtr/jakarta_2022_potongan_polaruang.geojson", "KODSZN_1", 0),
        ("rtrw/tanimbar_rtrw_kab_polaruang.geojson", "NAMOBJ", 0), ("rtrw/tanimbar_rtrw_prov_polaruang.geojson", "Ket", 1),
        ("rtrw/RTRWP Kota Bandung.zip", "NAMOBJ", 0), ("rtrw/RTRWP Kota Banjar.zip", "NAMOBJ", 0),
        ("rtrw/RTRWP Kota Cirebon.zip", "NAMOBJ", 0),
    ],
)  # fmt: skip
def test_real_layers_become_folders_that_load(name: str, subzone: str, marks: int, tmp_path: Path) -> None:
    out = tmp_path / "plan"
    init_command([REAL / name], out, yes=True)
    layer = document(out)["layer"][0]
    text = (out / "plan.toml").read_text(encoding="utf-8")
    open_values = re.findall(r'^# "(.*)" = ""  # TODO:', text, re.MULTILINE)
    assert layer["fields"]["subzone"] == subzone and len(open_values) == marks
    fill(out, **{value: value for value in open_values})
    plan = load_plan(out)
    assert set(plan.layers[0].codes.values()) <= set(plan.tables.zones)
    shutil.rmtree(out)


def test_errors_speak_both_languages(tmp_path: Path) -> None:
    with pytest.raises(KkprError) as refused:
        init_command([tmp_path], tmp_path / "plan", yes=True)
    assert "folder" in refused.value.render("id") and "is a folder" in refused.value.render("en")


def test_prompts_read_answers_and_repeat_a_wrong_choice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from kkpr_check.cli.plan_init import rich_ask
    from kkpr_check.errors import Text

    answers = iter(["maybe", "draft", "", ""])
    monkeypatch.setattr("builtins.input", lambda *_: next(answers))
    ask = rich_ask("id")
    assert ask(Question(Text("Status", "Status [uji]"), ("in-force", "draft", ""))) == "draft"
    assert ask(Question(Text("Status", "Status"), ("in-force", "draft", ""))) == ""
    assert ask(Question(Text("Name", "Nama"), default="Rencana A")) == "Rencana A"
    out = capsys.readouterr()
    assert out.out == "" and "Status [uji]" in out.err


def test_file_geodatabase_is_adopted(tmp_path: Path) -> None:
    gdb = write(tmp_path / "data.gdb", {"KODSZN": ["32103300", "31010000"], "NAMOBJ": ["Perumahan", "Air"]})
    init_command([gdb], tmp_path / "plan", yes=True)
    layer = document(tmp_path / "plan")["layer"][0]
    assert layer["path"] == "layers/data.gdb" and layer["codes"] == {"32103300": "R-3", "31010000": "BA"}
    fill(tmp_path / "plan")
    load_plan(tmp_path / "plan")


def test_layer_of_another_encoding_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "z.shp", {"KODE": ["R-2", "R-3"], "NAMOBJ": ["Kepadatan", "Rendah"]})
    path.with_suffix(".cpg").unlink(missing_ok=True)
    init_command([path], tmp_path / "plan", yes=True, encoding="cp1252", lang="id")
    assert document(tmp_path / "plan")["layer"][0]["encoding"] == "cp1252"
    init_command([path], tmp_path / "other", yes=True, swap_xy=False)
    assert "encoding" not in document(tmp_path / "other")["layer"][0]


def test_same_layers_give_the_same_folder(zoning: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        init_command([zoning], tmp_path / name, yes=True)
    files = sorted(path.relative_to(tmp_path / "a") for path in (tmp_path / "a").rglob("*") if path.is_file())
    assert [(tmp_path / "a" / f).read_bytes() for f in files] == [
        (tmp_path / "b" / f).read_bytes() for f in files
    ]

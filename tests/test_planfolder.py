"""Plan folders: what plan.toml may say, what is refused and where; the schema and the loader agree."""

from __future__ import annotations

import copy
import datetime as dt
import hashlib
import json
import re
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kkpr_check.errors import ErrorGroup, KkprError, PlanError
from kkpr_check.io.plancheck import MEANINGS
from kkpr_check.io.planfolder import file_hashes, load_plan, load_rules, plan_files, plan_sha256
from kkpr_check.io.planlayers import open_layer
from kkpr_check.io.planschema import key_lines, plain_dates, plan_schema

WHOLE = """\
id = "rdtr-contoh"
name = "RDTR Contoh"
level = "rdtr"
legal = "Perbup 1/2026"
status = "in-force"
valid_from = 2026-01-01
scale = 5000
{top}
[tolerance]
sliver_width_m = 0.25

[[layer]]
role = "zoning"
path = "layers/zona.geojson"
{zoning}
[layer.fields]
subzone = "KODSBL"
name = "NAMOBJ"
[layer.codes]
"32104400" = "SPU-4"

[[layer]]
role = "river"
path = "layers/sungai.geojson"
[layer.defaults]
urban = true

[[overlay]]
rule = "KHS004"
layer = "river"
[[overlay]]
rule = "KHS009"
field = "HUTAN"
values = {{ "APL" = "none", "HL" = "fail" }}
[[overlay]]
rule = "KHS012"
none = "Ps. 30: tidak ada rel"
{end}
"""

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a plan folder; keyword texts go into the slots, `replace` is (old, new)."""

    def folder(*replace: tuple[str, str], top: str = "", zoning: str = "", end: str = "") -> Path:
        text = WHOLE.format(top=top, zoning=zoning, end=end)
        for old, new in replace:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "layers").mkdir(exist_ok=True)
        for name in ("zona", "sungai"):
            (tmp_path / "layers" / f"{name}.geojson").write_text("{}")
        (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
        return tmp_path

    return folder


def problems(root: Path) -> list[KkprError]:
    with pytest.raises(ErrorGroup) as caught:
        load_plan(root)
    return caught.value.errors


def test_every_key_arrives(write: Write) -> None:
    root = write(
        ("[tolerance]", "[validate]\nselect = ['DAT101']\n[tolerance]"),
        top='valid_until = "2046-01-01"\noss_integrated = true\nce90_m = 3\nkbli_version = 2025\nrank = 1\n'
        'synthetic = true\ncrs = "EPSG:32751"\nrequires = ">=0.0, <99"',
        zoning='id = "zona"\nencoding = "CP1252"\ncrs = "EPSG:4326"\nswap_xy = true\nscale = 10000\nce90_m = 4.5\n'
        'layer = "zona"\nlegal = "Lampiran I"',
    )
    plan = load_plan(root)
    assert (plan.id, plan.level, plan.status, plan.kbli_version) == ("rdtr-contoh", "rdtr", "in-force", 2025)
    assert (plan.valid_from, plan.valid_until) == (dt.date(2026, 1, 1), dt.date(2046, 1, 1))
    assert (plan.ce90_m, plan.scale, plan.rank, plan.synthetic, plan.crs) == (
        3.0,
        5000,
        1,
        True,
        "EPSG:32751",
    )
    assert plan.tolerance.sliver_width_m == 0.25
    assert plan.tolerance.sliver_area_m2 == 1.0
    zoning, river = plan.layers
    assert (zoning.id, zoning.encoding, zoning.crs, zoning.swap_xy) == ("zona", "CP1252", "EPSG:4326", True)
    assert (zoning.scale, zoning.ce90_m, zoning.layer, zoning.legal) == (10000, 4.5, "zona", "Lampiran I")
    assert zoning.fields == {"subzone": "KODSBL", "name": "NAMOBJ"}
    assert zoning.codes == {"32104400": "SPU-4"}
    assert (river.id, river.crs, river.defaults) == ("river", None, {"urban": True})
    assert [overlay.rule for overlay in plan.overlays] == ["KHS004", "KHS009", "KHS012"]
    assert plan.overlays[1].values == {"APL": "none", "HL": "fail"}


def test_scale_gives_ce90(write: Write) -> None:
    assert load_plan(write()).ce90_m == 2.5
    assert load_plan(write(("scale = 5000", "scale = 25000"))).ce90_m == 12.5


def test_layer_ids_count_within_a_role(write: Write) -> None:
    more = '[[layer]]\nrole = "river"\npath = "layers/sungai.geojson"\n'
    plan = load_plan(write(end=more + more))
    assert [layer.id for layer in plan.layers] == ["zoning", "river", "river-2", "river-3"]


def test_windows_newlines_and_bom(write: Write) -> None:
    root = write()
    text = (root / "plan.toml").read_text()
    (root / "plan.toml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert load_plan(root).id == "rdtr-contoh"


def line_of(root: Path, needle: str) -> int:
    lines = (root / "plan.toml").read_text().splitlines()
    return next(number for number, line in enumerate(lines, start=1) if needle in line)


BAD = [
    # (old, new), line that holds, key, English, Indonesian
    (('status = "in-force"', 'status = "berlaku"'), 'status = "berlaku"', "status", "in-force", "in-force"),
    (('level = "rdtr"', 'level = "rtrw"'), "level", "level", "rtrw-k", "rtrw-k"),
    (('id = "rdtr-contoh"', 'id = "rdtr contoh"'), "id =", "id", "no blanks", "tanpa spasi"),
    (('name = "RDTR Contoh"', 'name = " "'), "name = ", "name", "not empty", "tidak kosong"),
    (("scale = 5000", 'scale = "1:5000"'), "scale =", "scale", "whole number", "bilangan bulat"),
    (("scale = 5000", "scale = true"), "scale =", "scale", "whole number", "bilangan bulat"),
    (("scale = 5000", "scale = 5"), "scale =", "scale", "out of range", "di luar rentang"),
    (("scale = 5000", "ce90_m = nan"), "ce90_m", "ce90_m", "out of range", "di luar rentang"),
    (("scale = 5000", "ce90_m = 0"), "ce90_m", "ce90_m", "out of range", "di luar rentang"),
    (("scale = 5000", "scal = 5000"), "scal =", "scal", '"scale"', '"scale"'),
    (("valid_from = 2026-01-01", 'valid_from = "1 Jan 2026"'), "valid_from", "valid_from", "2026-11-24", "2026-11-24"),
    (("valid_from = 2026-01-01", 'valid_from = "2026-02-30"'), "valid_from", "valid_from", "calendar", "kalender"),
    (("valid_from = 2026-01-01", "valid_from = 2026-01-01T00:00:00"), "valid_from", "valid_from", "2026-11-24", "2026-11-24"),
    (("sliver_width_m = 0.25", "sliver_width = 0.25"), "sliver_width", "tolerance.sliver_width", '"sliver_width_m"', '"sliver_width_m"'),
    (("sliver_width_m = 0.25", "sliver_width_m = -1"), "sliver_width_m", "tolerance.sliver_width_m", "range", "rentang"),
    (('role = "river"', 'role = "sungai"'), '"sungai"', "layer[2].role", "known", "dikenal"),
    (('subzone = "KODSBL"', 'subzon = "KODSBL"'), "subzon", "layer[1].fields.subzon", '"subzone"', '"subzone"'),
    (("urban = true", "urbn = true"), "urbn", "layer[2].defaults.urbn", '"urban"', '"urban"'),
    (("urban = true", "urban = []"), "urban", "layer[2].defaults.urban", "true or false", "true atau false"),
    (('"32104400" = "SPU-4"', '"32104400" = 4'), "32104400", "layer[1].codes.32104400", "text", "teks"),
    (("layers/sungai.geojson", "layers/kali.geojson"), "kali", "layer[2].path", "no file", "tidak ada"),
    (("layers/sungai.geojson", "../sungai.geojson"), "../sungai", "layer[2].path", "relative", "relatif"),
    (("layers/sungai.geojson", "layers/../../x.geojson"), "../x", "layer[2].path", "relative", "relatif"),
    (("layers/sungai.geojson", "/etc/hostname"), "hostname", "layer[2].path", "relative", "relatif"),
    (("layers/sungai.geojson", "C:/data/s.shp"), "C:/", "layer[2].path", "relative", "relatif"),
    (("layers/sungai.geojson", "/vsicurl/http://x/s.shp"), "vsicurl", "layer[2].path", "relative", "relatif"),
    (("layers/sungai.geojson", "layers\\\\sungai.geojson"), "\\", "layer[2].path", "forward slashes", "garis miring"),
    (("layers/sungai.geojson", "layers"), '"layers"', "layer[2].path", "no file", "tidak ada"),
    (('rule = "KHS004"', 'rule = "KHS014"'), "KHS014", "overlay[1].rule", '"KHS01', '"KHS01'),
    (('layer = "river"', 'layer = "rivr"'), "rivr", "overlay[1].layer", '"river"', '"river"'),
    (('layer = "river"', 'legal = "x"'), 'rule = "KHS004"', "overlay[1]", "exactly one", "tepat satu"),
    (('layer = "river"', 'layer = "river"\nnone = "x"'), 'rule = "KHS004"', "overlay[1]", "exactly one", "tepat satu"),
    (('"APL" = "none"', '"APL" = "tidak"'), "APL", "overlay[2].values.APL", "none", "none"),
    (('rule = "KHS012"', 'rule = "KHS009"'), 'none = "Ps.', "overlay[3].none", "one of the two", "salah satu"),
]  # fmt: skip


BAD_IDS = [f"{case[2]}-{index}" for index, case in enumerate(BAD)]


@pytest.mark.parametrize(("change", "holds", "key", "english", "indonesian"), BAD, ids=BAD_IDS)
def test_problem_names_line_and_key(
    write: Write, change: tuple[str, str], holds: str, key: str, english: str, indonesian: str
) -> None:
    root = write(change)
    found = [error for error in problems(root) if error.place.column == key]
    assert found, [str(error) for error in problems(root)]
    error = found[0]
    assert error.place.file == str(root / "plan.toml")
    assert isinstance(error.place.row, int)
    assert abs(error.place.row - line_of(root, holds)) <= (1 if key == "overlay[1]" else 0)
    assert english in error.render("en")
    assert indonesian in error.render("id")
    assert error.render("en") != error.render("id")


@pytest.mark.parametrize("key", ["id", "name", "level", "legal", "status"])
def test_required_keys(write: Write, key: str) -> None:
    root = write()
    lines = [
        line for line in (root / "plan.toml").read_text().splitlines() if not line.startswith(f"{key} =")
    ]
    (root / "plan.toml").write_text("\n".join(lines))
    assert f'key "{key}" is missing' in str(ErrorGroup(problems(root)))


def test_scale_or_ce90_is_needed(write: Write) -> None:
    (error,) = problems(write(("scale = 5000\n", "")))
    assert error.place.column == "scale"


def test_dates_in_the_wrong_order(write: Write) -> None:
    (error,) = problems(write(top="valid_until = 2026-01-01"))
    assert error.place.column == "valid_until"


def test_a_plan_for_a_newer_tool(write: Write) -> None:
    (error,) = problems(write(top='requires = ">=99.1"'))
    assert error.code == "version"
    assert "99.1" in error.render("id")


def test_no_zoning_layer(write: Write) -> None:
    fields = '[layer.fields]\nsubzone = "KODSBL"\nname = "NAMOBJ"\n'
    (error,) = problems(write(('role = "zoning"', 'role = "boundary"'), (fields, "")))
    assert "zoning" in error.text.en


def test_two_layers_of_one_name(write: Write) -> None:
    errors = problems(write(zoning='id = "river"'))
    assert [error.place.column for error in errors] == ["layer[2].id"]


def test_all_problems_of_file_and_tables_at_once(write: Write) -> None:
    root = write(("scale = 5000", "scal = 5000"), ("urban = true", "urbn = true"))
    (root / "zones.csv").write_text("subzone,name\nR-3\n")
    files = [(Path(error.place.file or "").name, error.place.row) for error in problems(root)]
    assert [name for name, _ in files] == ["plan.toml", "plan.toml", "plan.toml", "zones.csv"]
    assert files[-1] == ("zones.csv", 2)


def test_symlink_out_of_the_folder(write: Write, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "s.geojson"
    outside.write_text("{}")
    root = write()
    (root / "layers" / "sungai.geojson").unlink()
    (root / "layers" / "sungai.geojson").symlink_to(outside)
    (root / "zones.csv").symlink_to(outside)
    assert [error.text.en for error in problems(root)] == ["leads out of the plan folder"] * 2


def test_parts_of_a_layer_that_lead_out_of_the_folder(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Not the .shp is the link but the .dbf beside it; or a table of a File GDB; or plan.toml itself."""
    outside = tmp_path_factory.mktemp("outside")
    sample = Path(__file__).parents[1] / "data" / "sample"
    for n, part in enumerate(("layers/polaruang_sintetis.dbf", "plan.toml")):
        root = Path(shutil.copytree(sample, tmp_path / str(n)))
        moved = Path(shutil.move(root / part, outside / Path(part).name))
        (root / part).symlink_to(moved)
        with pytest.raises(KkprError) as caught:
            load_plan(root)
        found = getattr(caught.value, "errors", [caught.value])
        assert [error.text.en for error in found] == ["leads out of the plan folder"], part
        assert found[0].place.file == str(root / "plan.toml")


def test_symlink_within_the_folder(write: Write) -> None:
    root = write()
    (root / "layers" / "kali.geojson").symlink_to(root / "layers" / "sungai.geojson")
    assert (
        load_plan(write(("layers/sungai.geojson", "layers/kali.geojson"))).layers[1].path
        == "layers/kali.geojson"
    )


@pytest.mark.parametrize(
    ("content", "row"),
    [(b'id = "a"\nid = "b"\n', None), (b"id = a\n", 1), (b'id = "a"\n[layer\n', 2), (b'id = "\xe9"\n', None), (b"\0", 1)],
)  # fmt: skip
def test_toml_that_is_none(tmp_path: Path, content: bytes, row: int | None) -> None:
    (tmp_path / "plan.toml").write_bytes(content)
    with pytest.raises(PlanError) as caught:
        load_plan(tmp_path)
    assert caught.value.place.file == str(tmp_path / "plan.toml")
    assert row is None or caught.value.place.row == row
    assert caught.value.remedy is not None


def test_empty_plan_toml(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text("")
    assert {error.place.column for error in problems(tmp_path)} >= {
        "id",
        "name",
        "level",
        "legal",
        "status",
        "layer",
    }


@pytest.mark.parametrize("kind", ["absent", "file", "empty"])
def test_no_plan_folder(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "plan"
    if kind == "file":
        path.write_text("")
    elif kind == "empty":
        path.mkdir()
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    assert str(path) in caught.value.render("id")
    assert caught.value.remedy is not None


@pytest.mark.parametrize("name", ["Zones.csv", "INTENSITY.CSV", "intensty.csv", "zone.csv"])
def test_a_table_under_a_wrong_name_is_not_overlooked(write: Write, name: str) -> None:
    root = write()
    (root / name).write_text("x\n")
    (error,) = problems(root)
    assert error.place.file == str(root / name)


def test_other_csv_files_are_nobodys_business(write: Write) -> None:
    root = write()
    (root / "notes.csv").write_text("x\n")
    assert load_plan(root).tables.present == frozenset()


def test_a_folder_in_place_of_a_table(write: Write) -> None:
    root = write()
    (root / "kbli.csv").mkdir()
    (error,) = problems(root)
    assert error.place.file == str(root / "kbli.csv")


def test_load_rules_needs_no_plan_toml(tmp_path: Path) -> None:
    with pytest.raises(PlanError):
        load_rules(tmp_path)
    (tmp_path / "kbli.csv").write_text("kbli,activity_id\n01111,A1\n")
    assert load_rules(tmp_path).kbli == {"01111": ("A1",)}
    (tmp_path / "zones.csv").write_text("subzone\nR-3\n")
    with pytest.raises(ErrorGroup):
        load_rules(tmp_path)


def test_plan_files_name_all_parts(write: Write) -> None:
    root = write(("layers/zona.geojson", "layers/zona.SHP"), ("layers/sungai.geojson", "layers/s.gdb"))
    for name in ("zona.SHP", "zona.DBF", "zona.shx", "zona.prj", "zona.cpg", "zona.txt", "zona2.dbf"):
        (root / "layers" / name).write_text(name)
    (root / "layers" / "s.gdb").mkdir()
    (root / "layers" / "s.gdb" / "a1.gdbtable").write_text("x")
    (root / "zones.csv").write_text("subzone,name\n")
    (root / "README.md").write_text("x")
    found = [path.relative_to(root).as_posix() for path in plan_files(root)]
    assert found == [
        "layers/s.gdb/a1.gdbtable", "layers/zona.DBF", "layers/zona.SHP", "layers/zona.cpg", "layers/zona.prj",
        "layers/zona.shx", "plan.toml", "zones.csv",
    ]  # fmt: skip


def test_hash_of_a_plan_follows_its_content_and_names(write: Write) -> None:
    root = write()
    first = plan_sha256(root)
    hashes = file_hashes(root)
    assert hashes["plan.toml"] == hashlib.sha256((root / "plan.toml").read_bytes()).hexdigest()
    assert plan_sha256(root, hashes=hashes) == first
    (root / "unrelated.txt").write_text("x")
    assert plan_sha256(root) == first
    (root / "zones.csv").write_text("subzone,name\n")
    second = plan_sha256(root)
    (root / "zones.csv").write_text("subzone,name\nR-3,x\n")
    assert len({first, second, plan_sha256(root)}) == 3


# --- the schema and the loader say the same ---------------------------------------------------------------


def by_schema(root: Path) -> bool:
    document = plain_dates(tomllib.loads((root / "plan.toml").read_text()))
    validator = jsonschema.Draft202012Validator(plan_schema())
    return validator.is_valid(document)


def by_loader(root: Path) -> bool:
    try:
        load_plan(root)
    except KkprError:
        return False
    return True


BEYOND_SCHEMA = {"no file", "relative", "forward slashes", "calendar", '"river"', "one of the two"}
"""What a schema can not know: files, the calendar, names that refer to each other."""


def within_schema(case: tuple[Any, ...]) -> bool:
    """Tell whether JSON can hold the document (no date-time, no NaN) and one document alone shows the fault."""
    return case[3] not in BEYOND_SCHEMA and "nan" not in case[0][1] and "T00" not in case[0][1]


@pytest.mark.parametrize(
    "change", [case[0] for case in BAD if within_schema(case)], ids=lambda change: change[1]
)
def test_schema_refuses_what_the_loader_refuses(write: Write, change: tuple[str, str]) -> None:
    root = write(change)
    assert not by_schema(root)
    assert not by_loader(root)


GOOD_TOPS = [
    "", "oss_integrated = false", "kbli_version = 2015", "rank = 0", "ce90_m = 0.4", 'requires = ">=0.0,<99"',
    'crs = "EPSG:23830"', "[validate]\nselect = ['DAT1', 'DAT203']\nignore = []", 'valid_until = "2030-01-01"',
]  # fmt: skip
BAD_TOPS = [
    'oss_integrated = "yes"', "kbli_version = 2021", "rank = -1", "rank = 0.5", 'requires = "0.3"', "synthetic = 1",
    "tolerances = 1", "valid_until = 2030", 'requires = ">=x"', 'ce90_m = "2.5"', "overlays = []", "kbli_version = true",
    "[validate]\nanything = 1", "[validate]\nselect = 'DAT1'", "[validate]\nignore = ['TAB001']",
]  # fmt: skip


@pytest.mark.parametrize("top", GOOD_TOPS)
def test_both_accept(write: Write, top: str) -> None:
    root = write(top=top)
    assert by_schema(root) and by_loader(root)


@pytest.mark.parametrize("top", BAD_TOPS)
def test_both_refuse(write: Write, top: str) -> None:
    root = write(top=top)
    assert not by_schema(root) and not by_loader(root)


@pytest.mark.parametrize(
    ("role", "meaning"), [(r, m) for r, known in MEANINGS.items() for m in (*known, "legal")]
)
def test_both_accept_each_meaning_of_a_role(write: Write, role: str, meaning: str) -> None:
    subzone = 'subzone = "A"\n' if role == "zoning" and meaning != "subzone" else ""
    layer = f'[[layer]]\nid = "x"\nrole = "{role}"\npath = "layers/zona.geojson"\n[layer.fields]\n{subzone}{meaning} = "F"\n'
    root = write(end=layer)
    assert by_schema(root) and by_loader(root)


@pytest.mark.parametrize("role", MEANINGS)
def test_both_refuse_a_meaning_of_another_role(write: Write, role: str) -> None:
    stray = "voltage_kv" if role != "powerline" else "urban"
    subzone = 'subzone = "A"\n' if role == "zoning" else ""
    layer = f'[[layer]]\nid = "x"\nrole = "{role}"\npath = "layers/zona.geojson"\n[layer.fields]\n{subzone}{stray} = "F"\n'
    root = write(end=layer)
    assert not by_schema(root) and not by_loader(root)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(plan_schema())


def test_key_lines_of_nested_tables() -> None:
    lines = key_lines(
        'a = 1\n[[layer]]\nx = 1\n[layer.fields]\n"s.z" = 2\n[[layer]]\nx = 3\nb.c = 4 # [[layer]]\n'
    )
    assert lines["layer", 0, "fields", "s.z"] == 5
    assert lines["layer", 1, "x"] == 7
    assert lines["layer", 1, "b", "c"] == 8


# --- layers -------------------------------------------------------------------------------------------------


def _shapefile(path: Path, crs: str) -> None:
    import numpy as np
    import pyogrio
    import shapely

    square = shapely.to_wkb(np.array([shapely.box(700_000, 8_950_000, 700_100, 8_950_100)]))
    codes = np.array(["R-3"], dtype=object)
    pyogrio.raw.write(
        path, square, [codes], ["KODSBL"], geometry_type="Polygon", crs=crs, driver="ESRI Shapefile"
    )


@pytest.mark.parametrize("with_prj", [True, False])
def test_default_crs_is_for_layers_without_one(
    write: Write, with_prj: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(("layers/zona.geojson", "layers/zona.shp"), top='crs = "EPSG:32751"')
    monkeypatch.setenv("KKPR_CACHE", str(root / "cache"))
    _shapefile(root / "layers" / "zona.shp", "EPSG:32751")
    if not with_prj:
        (root / "layers" / "zona.prj").unlink()
    plan = load_plan(root)
    index = open_layer(root, plan.layers[0], default_crs=plan.crs)
    assert index.facts.crs == "EPSG:32751"
    assert bool(index.facts.assumptions) is not with_prj


def test_own_crs_of_a_layer_beats_the_default(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write(("layers/zona.geojson", "layers/zona.shp"), top='crs = "EPSG:32750"')
    monkeypatch.setenv("KKPR_CACHE", str(root / "cache"))
    _shapefile(root / "layers" / "zona.shp", "EPSG:32751")
    plan = load_plan(root)
    assert open_layer(root, plan.layers[0], default_crs=plan.crs).facts.crs == "EPSG:32751"


# --- anything at all ------------------------------------------------------------------------------------------

SCALARS = st.one_of(
    st.booleans(), st.integers(-5, 60_000), st.floats(-5, 5000), st.sampled_from(["", "road", "zoning", "KHS004", "none", "2026-01-01"]),
    st.text(st.characters(codec="ascii", categories=("L", "N")), max_size=5),
)  # fmt: skip
KEYS = st.sampled_from(["role", "path", "rule", "x", "fields"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
BASE: dict[str, Any] = {
    "id": "a", "name": "A", "level": "rdtr", "legal": "x", "status": "draft", "scale": 5000,
    "layer": [{"role": "zoning", "path": "layers/zona.geojson", "fields": {"subzone": "K"}}],
    "overlay": [{"rule": "KHS004", "field": "F"}],
}  # fmt: skip


def toml(value: Any) -> str:
    """Write a value as inline TOML: JSON with = for :."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
@given(st.data())
def test_any_value_anywhere_is_accepted_by_both_or_refused_by_both(write: Write, data: st.DataObject) -> None:
    root = write()
    document = copy.deepcopy(BASE)
    place = data.draw(st.sampled_from(["top", "layer", "overlay", "tolerance"]))
    target: dict[str, Any] = document
    if place in ("layer", "overlay"):
        target = document[place][0]
    elif place == "tolerance":
        target = document.setdefault("tolerance", {})
    known = plan_schema()["properties"]
    keys = {"top": known, "tolerance": known["tolerance"]["properties"]}.get(place) or known[place]["items"][
        "properties"
    ]
    target[data.draw(st.sampled_from([*keys, "unknown"]))] = data.draw(VALUES)
    (root / "plan.toml").write_text("".join(f"{key} = {toml(value)}\n" for key, value in document.items()))
    loaded = by_loader(root)
    if loaded:
        assert by_schema(root)
    elif by_schema(root):
        keys_beyond = {"path", "layer", "requires", "valid_until", "valid_from", "encoding", "id", "codes"}
        assert all(
            set(re.findall(r"[a-z_]+", str(error.place.column))) & keys_beyond for error in problems(root)
        )

"""What one check may load, and how the package is put together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import kkpr_check
from kkpr_check.cli import demo

ROOT = Path(__file__).parents[1]
HEAVY = {"pandas", "geopandas", "pyogrio", "fiona", "pyarrow", "openpyxl", "numba", "matplotlib", "osgeo"}
SITE = ROOT / "examples" / "01-conform.geojson"
PLAN = ROOT / "data" / "sample"


def loaded(*arguments: str) -> set[str]:
    """Return the modules that a run of the command line leaves loaded."""
    code = (
        "import json, sys; from kkpr_check.cli import main; code = main(sys.argv[1:]); "
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)"
    )
    environment = os.environ | {"KKPR_LANG": "en"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=environment, check=True
    )
    exit_code, modules = json.loads(done.stderr.splitlines()[-1])
    assert exit_code == 0, done.stderr
    return set(modules)


def first_opened(*arguments: str) -> None:
    """Run once, so that the indexed copies of the plan are there."""
    loaded(*arguments)


def test_one_check_loads_no_heavy_library() -> None:
    call = ("check", str(SITE), "--plan", str(PLAN), "--format", "json")
    first_opened(*call)
    modules = loaded(*call)
    assert not modules & HEAVY
    assert "rich" not in modules
    assert "numpy.ma" not in modules, "np.unique loads it: 10 ms"
    assert {"numpy", "shapely", "kkpr_check.engine"} <= modules


def test_a_text_report_loads_rich_and_nothing_heavy() -> None:
    call = ("check", str(SITE), "--plan", str(PLAN))
    first_opened(*call)
    assert not loaded(*call) & HEAVY


@pytest.mark.parametrize("arguments", [("--help",), ("check", "--help"), ("--version",), ("rules", "--help")])
def test_help_loads_nothing_that_calculates(arguments: tuple[str, ...]) -> None:
    assert not loaded(*arguments) & (HEAVY | {"numpy", "shapely", "pyproj", "rich", "sqlite3"})


def test_the_package_itself_loads_nothing() -> None:
    code = "import sys; import kkpr_check; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & (HEAVY | {"numpy", "shapely", "typer", "rich"})


def test_every_public_name_is_there() -> None:
    for name in kkpr_check.__all__:
        assert getattr(kkpr_check, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = kkpr_check.nothing  # type: ignore[attr-defined]


def test_the_package_is_typed_and_ships_its_schemas() -> None:
    home = ROOT / "kkpr_check"
    assert (home / "py.typed").is_file()
    for schema in ("report-1.json", "plan-1.json", "info-1.json", "verification-1.json"):
        assert json.loads((home / "schemas" / schema).read_text("utf-8"))["$schema"]


def test_every_module_stands_in_the_layers_contract() -> None:
    """A module that import-linter does not know could import anything."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    layers = next(c for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "layers")["layers"]
    known = {name.strip().removeprefix("kkpr_check.") for layer in layers for name in layer.split("|")}
    here = {
        path.stem
        for path in (ROOT / "kkpr_check").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").is_file()) and not path.name.startswith("_")
    }
    assert here - known <= {"reference", "kernels", "schemas"}


def test_the_sample_goes_into_the_wheel() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    wanted = {"data/sample", "data/sample-rtrw", *(f"examples/{name}.geojson" for name in demo._EXAMPLES)}
    assert set(included) == wanted  # no more than `kkpr-check demo` reads
    assert all((ROOT / path).exists() for path in included)

"""Without its library an extra is named, by every command that would need it; nothing is written."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from cli_harness import EXAMPLES, SAMPLE, Run

from kkpr_check.errors import InputError
from kkpr_check.extras import need


@pytest.mark.parametrize(
    ("library", "extra", "words"),
    [
        ("openpyxl", "xlsx", "plan export-itbx {sample} {folder}/out.xlsx"),
        ("openpyxl", "xlsx", "plan import-itbx {folder}/in.xlsx {folder}/plan --overwrite"),
        ("pyarrow", "parquet", "batch {land} --plan {sample} --output {folder}/out.parquet"),
        ("pyarrow", "parquet", "check --parcel {folder}/in.parquet --plan {sample} --output {folder}/out.json"),
        ("distributed", "dask", "batch {land} --plan {sample} --output {folder}/out.csv --engine dask --scheduler tcp://127.0.0.1:1"),
        ("docx", "docx", "check {land} --plan {sample} --output {folder}/out.docx"),
        ("fpdf", "pdf", "check {land} --plan {sample} --output {folder}/out.pdf"),
    ],
)  # fmt: skip
def test_a_missing_library_is_named_with_its_extra(
    library: str, extra: str, words: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("plan", "export-itbx", str(SAMPLE), str(tmp_path / "in.xlsx"))[0] == 0
    (tmp_path / "in.parquet").write_bytes(b"PAR1")
    shutil.copytree(SAMPLE, tmp_path / "plan")
    before = sorted(tmp_path.rglob("*"))
    for name in [name for name in sys.modules if name.partition(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    # A child process would find it again: what is read apart is read here.
    monkeypatch.setattr("kkpr_check.io.apart.call", lambda function, *a, **_: function(*a))
    given = words.format(sample=SAMPLE, folder=tmp_path, land=EXAMPLES / "08-land.geojson").split()
    code, out, error = run(*given)
    assert (code, out) == (2, ""), error
    assert library in error and f"pip install 'kkpr-check[{extra}]'" in error
    assert sorted(tmp_path.rglob("*")) == before


def test_a_library_that_is_broken_itself_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half.py").write_text("import nowhere_at_all\n", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="nowhere_at_all"):
        need("half", "xlsx")
    with pytest.raises(InputError, match="elsewhere_at_all"):
        need("elsewhere_at_all", "xlsx")

"""Real RDTR layers given bare (``--rdtr``): their code fields are found, and the ledgers are those of a plan folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from real_plans import (
    AS_OF,
    JAGOI,
    JAGOI_PARCELS,
    REAL,
    SAUMLAKI,
    SAUMLAKI_BUILDINGS,
    closing_error,
    geometries,
    needs_real,
    worst,
    write_plan,
    write_sites,
)

from kkpr_check.checking import CheckRequest, run
from kkpr_check.model import Outcome

pytestmark = needs_real

JAKARTA = "rdtr/jakarta_2022_potongan_polaruang.geojson"
JAKARTA_PARCELS = "bangunan_persil/jakarta_persil_hat.geojson"
OLD_FORM = "rdtr/saumlaki_2023_polaruang_format_lama.geojson"


def test_jakarta_parcels_as_found() -> None:
    """1,585 parcels with their own attributes (NIB null in 134); only 4 touch the cut of the RDTR."""
    reports = run(CheckRequest(parcel=str(REAL / JAKARTA_PARCELS), rdtr=str(REAL / JAKARTA), as_of=AS_OF))
    assert len(reports) == 1585
    assert max(closing_error(entry) for r in reports for entry in (*r.ledger, *r.combined)) <= 1e-6
    zoned = shapely.union_all(geometries(JAKARTA, 32748))
    shared = shapely.area(shapely.intersection(geometries(JAKARTA_PARCELS, 32748), zoned))
    touched = np.array([worst(report, "LOK001") is Outcome.PASS for report in reports])
    assert touched.sum() == 4
    assert touched.tolist() == (shared > 0).tolist()
    gap = [report.ledger[0].gap_m2 for report in reports]
    area = [report.ledger[0].area_m2 for report in reports]
    assert np.array(area) - np.array(gap) == pytest.approx(shared, abs=1e-3)


@pytest.mark.parametrize(
    ("layer", "subjects", "field", "role"),
    [(JAGOI, JAGOI_PARCELS, "KODSBL", "parcel"), (SAUMLAKI, SAUMLAKI_BUILDINGS, "KODEWP", "site")],
    ids=["jagoi", "saumlaki"],
)
def test_bare_layer_and_plan_folder_agree(
    layer: str, subjects: str, field: str, role: str, tmp_path: Path
) -> None:
    """Every 30th parcel or building: a code field found by its values gives the ledger of the mapped field."""
    head = 'id = "a"\nname = "A"\nlevel = "rdtr"\nlegal = "Uji"\nstatus = "in-force"\nscale = 5000'
    mapping = f'role = "zoning"\n[layer.fields]\nsubzone = "{field}"\nname = "NAMOBJ"\n'
    folder = write_plan(tmp_path / "plan", head, {layer: mapping})
    sites: dict[str, Any] = {role: write_sites(tmp_path / "s.geojson", subjects, every=30)}
    mapped = run(CheckRequest(**sites, plans=(str(folder),), as_of=AS_OF))
    bare = run(CheckRequest(**sites, rdtr=str(REAL / layer), as_of=AS_OF))
    assert len(mapped) == len(bare) > 90
    for left, right in zip(mapped, bare, strict=True):
        (one,), (other,) = left.ledger, right.ledger
        assert [(z.subzone, z.area_m2) for z in one.zones] == [(z.subzone, z.area_m2) for z in other.zones]
        assert (one.gap_m2, one.overlap_m2, one.dropped_m2) == (
            other.gap_m2,
            other.overlap_m2,
            other.dropped_m2,
        )


def test_the_old_local_form_is_another_vocabulary(tmp_path: Path) -> None:
    """The same 118 polygons with local codes (R2, J3, 1-4): areas and gaps are the same, unknown codes stay open."""
    sites = write_sites(tmp_path / "s.geojson", SAUMLAKI_BUILDINGS, every=30)
    new = run(CheckRequest(site=sites, rdtr=str(REAL / SAUMLAKI), as_of=AS_OF))
    old = run(CheckRequest(site=sites, rdtr=str(REAL / OLD_FORM), as_of=AS_OF))
    for left, right in zip(new, old, strict=True):
        assert left.ledger[0].area_m2 == right.ledger[0].area_m2
        assert left.ledger[0].gap_m2 == pytest.approx(right.ledger[0].gap_m2, abs=1e-3)
    said = " ".join(text.en for text in old[0].provenance["assumptions"])
    assert "not resolved and undetermined" in said and "J3" in said
    assert {report.verdict.value for report in old} == {"undetermined"}

"""Calls that the help pages show; docs/cli.md has them too, and the tests run each."""

from __future__ import annotations

from collections.abc import Mapping

EXAMPLES: Mapping[str, tuple[str, ...]] = {
    "": (
        "kkpr-check demo",
        "kkpr-check check building.geojson --parcel lot.gpkg --plan rdtr",
        "kkpr-check rules explain kdb-exceeded",
    ),
    "check": (
        "kkpr-check check building.geojson --parcel lot.gpkg --plan rdtr --kbli 47111",
        "kkpr-check check --parcel lot.shp --plan rdtr --plan rtrw --format json",
        "kkpr-check check sites.csv --plan rdtr --output report.html",
        "kkpr-check check sites.kmz --rdtr polaruang.shp --rtrw rtrw.zip",
    ),
    "info": (
        "kkpr-check info lot.shp --plan rdtr",
        "kkpr-check info --point=-9.4467,124.4764 --plan rdtr --find cafe",
    ),
    "batch": (
        "kkpr-check batch persil.gpkg --plan rdtr --output verdicts.csv",
        "kkpr-check batch parcels.parquet --plan rdtr --kbli 47111 \\\n"
        "    --output verdicts.parquet --findings findings.parquet",
    ),
    "plan init": ("kkpr-check plan init polaruang.shp jalan.shp sungai.geojson --output my-plan",),
    "plan show": ("kkpr-check plan show rdtr",),
    "plan import-itbx": ("kkpr-check plan import-itbx lampiran.xlsx rdtr --overwrite",),
    "plan export-itbx": ("kkpr-check plan export-itbx rdtr matriks.xlsx",),
    "plan import-intensity": ("kkpr-check plan import-intensity intensitas.csv rdtr --overwrite",),
    "plan lock": ("kkpr-check plan lock rdtr",),
    "validate": (
        "kkpr-check validate rdtr --output findings.html",
        "kkpr-check validate polaruang.shp --select DAT1 --strict",
        "kkpr-check validate rdtr --write-baseline known.json",
    ),
    "diff": (
        "kkpr-check diff rencana-2024 rencana-2026",
        "kkpr-check diff rencana-2024 rencana-2026 --parcels persil.gpkg --max-flips 20",
    ),
    "verify": (
        "kkpr-check check building.geojson --plan rdtr --output report.json",
        "kkpr-check verify report.json",
    ),
    "rules list": ("kkpr-check rules list",),
    "rules explain": ("kkpr-check rules explain INT001", "kkpr-check rules explain DAT101"),
    "demo": ("kkpr-check demo", "kkpr-check demo --format json"),
    "doctor": ("kkpr-check doctor",),
}
"""By the words that call a command."""

"""What a batch is asked for, and what its workers need to know of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from kkpr_check.errors import Place, Text, UsageError
from kkpr_check.io.paths import real_path

BLOCK_ROWS = 10_000
CLUSTER_BLOCK_ROWS = 250_000
"""Parcels a block on a cluster, where a block costs a round trip: a row group of GeoParquet at most."""
OUTPUTS = (".parquet", ".gpkg", ".fgb", ".csv", ".jsonl", ".html")
FINDINGS = (".parquet", ".csv", ".jsonl")


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """A call of ``kkpr-check batch``, as written; nothing is read yet.

    Attributes
    ----------
    parcels, output
        Files; the suffix of `output` names its format.
    plans, plan_library
        Plan folders, or a folder of plan folders (``--plans``).
    footprints, existing, findings
        Files of buildings applied for, of standing buildings, and for the long table.
    message
        ``full`` writes the reasons of each verdict, ``none`` leaves the column empty.
    max_broken
        Parcels that may be broken before the run counts as failed; None = any number but all.
    workers, block_rows
        None = as many processes as there are cores; neither changes a byte of the output.
    scheduler
        Address of a Dask scheduler; None = work on this machine.
    options
        Proposal options of the command line as text; they hold for every parcel.
    """

    parcels: str
    output: str
    plans: tuple[str, ...] = ()
    plan_library: str | None = None
    footprints: str | None = None
    existing: str | None = None
    findings: str | None = None
    id_field: str | None = None
    message: Literal["full", "none"] = "full"
    lang: str = "en"
    as_of: dt.date | None = None
    include_draft: bool = False
    strict_accuracy: bool = False
    assume_crs: str | None = None
    layer: str | None = None
    encoding: str | None = None
    swap_xy: bool = False
    overwrite: bool = False
    resume: bool = False
    workers: int | None = None
    block_rows: int = BLOCK_ROWS
    scheduler: str | None = None
    options: Mapping[str, str | bool] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """Suffix of the output in lower case, with its dot."""
        return Path(self.output).suffix.lower()

    @property
    def findings_suffix(self) -> str | None:
        """Suffix of the long table, None where none is asked for."""
        return None if self.findings is None else Path(self.findings).suffix.lower()

    def check(self) -> None:
        """Refuse formats that can not be written.

        Raises
        ------
        UsageError
            Naming the formats there are.
        """
        for name, path, known in (
            ("--output", self.output, OUTPUTS),
            ("--findings", self.findings, FINDINGS),
        ):
            if path is not None and Path(path).suffix.lower() not in known:
                listed = ", ".join(known)
                raise UsageError(
                    Text(
                        f"{name}: no format for the suffix {Path(path).suffix!r}",
                        f"{name}: tidak ada format untuk akhiran {Path(path).suffix!r}",
                    ),
                    place=Place(path),
                    remedy=Text(f"one of: {listed}", f"pilihan: {listed}"),
                    code="output",
                )
        if self.findings is not None and real_path(self.findings) == real_path(self.output):
            raise UsageError(
                Text(
                    "--findings and --output are one file", "--findings dan --output adalah berkas yang sama"
                )
            )

"""What `validate` says: one defect of the data at one place. No file, no format, no language is chosen here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal, NamedTuple

from kkpr_check.errors import Text

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info")


class Code(NamedTuple):
    """A frozen data code: its name states the defect; `title` is for people."""

    name: str
    title: Text


CODES: Mapping[str, Code] = {
    "DAT001": Code("unreadable", Text("The data cannot be read", "Data tidak dapat dibaca")),
    "DAT002": Code("missing-part", Text("A part of the data set is missing", "Sebagian berkas data tidak ada")),
    "DAT003": Code("crs-missing", Text("No usable CRS", "SRK tidak ada atau tidak dikenal")),
    "DAT004": Code("crs-implausible", Text("Not where the CRS says", "Letak tidak cocok dengan SRK")),
    "DAT005": Code("axes-swapped", Text("x and y are swapped", "Sumbu x dan y tertukar")),
    "DAT006": Code("geometry-type", Text("Unexpected kind of geometry", "Jenis geometri tidak sesuai")),
    "DAT007": Code("null-geometry", Text("Feature without geometry", "Fitur tanpa geometri")),
    "DAT008": Code("not-read-whole", Text("The data cannot be read whole", "Data tidak terbaca seluruhnya")),
    "DAT009": Code("encoding", Text("Text encoding is wrong or unknown", "Pengodean teks salah atau tidak dikenal")),
    "DAT010": Code("plan-file", Text("plan.toml is wrong", "plan.toml salah")),
    "DAT011": Code("crs-datum", Text("Another datum", "Datum lain")),
    "DAT012": Code("crs-mixed", Text("Layers in different CRS", "Layer dengan SRK berbeda")),
    "DAT013": Code("zoning-twice", Text("More than one zoning layer", "Lebih dari satu layer pola ruang")),
    "DAT101": Code("overlap", Text("Polygons overlap", "Poligon bertumpang tindih")),
    "DAT102": Code("gap", Text("Gap between polygons", "Celah di antara poligon")),
    "DAT103": Code("sliver", Text("Sliver polygon", "Poligon serpihan")),
    "DAT104": Code("duplicate-geometry", Text("The same geometry twice", "Geometri ganda")),
    "DAT105": Code("invalid-geometry", Text("Invalid geometry", "Geometri tidak sah")),
    "DAT106": Code("outside-boundary", Text("Outside the boundary", "Di luar batas")),
    "DAT107": Code("uncovered-boundary", Text("Boundary not covered", "Wilayah di dalam batas tanpa zona")),
    "DAT108": Code("chord-sliver", Text("Sliver by projection only", "Serpihan akibat proyeksi saja")),
    "DAT109": Code("mergeable-neighbours", Text("Neighbours alike in everything", "Tetangga beratribut sama")),
    "DAT110": Code("multipart", Text("Features of several parts", "Fitur berbagian banyak")),
    "DAT111": Code("vertex-defect", Text("Vertices drawn by accident", "Titik yang tergambar tanpa sengaja")),
    "DAT112": Code("road-dangle", Text("Road end misses its junction", "Ujung jalan tidak sampai simpang")),
    "DAT113": Code("road-overlap", Text("Road drawn twice", "Jalan tergambar ganda")),
    "DAT114": Code("road-zone-without-line", Text("Badan Jalan without a road", "Badan Jalan tanpa garis jalan")),
    "DAT201": Code("field-missing", Text("A field is missing", "Field tidak ada")),
    "DAT202": Code("value-missing", Text("A value is missing", "Nilai kosong")),
    "DAT203": Code("code-unknown", Text("Unknown code", "Kode tidak dikenal")),
    "DAT204": Code("code-name-conflict", Text("Fields contradict each other", "Isi field saling bertentangan")),
    "DAT205": Code("luasha-differs", Text("Recorded area differs", "Luas tercatat berbeda")),
    "DAT206": Code("admin-name", Text("Administrative name", "Nama wilayah administrasi")),
    "DAT207": Code("text-truncated", Text("Text cut off", "Teks terpotong")),
    "DAT208": Code("mojibake", Text("Garbled text", "Teks rusak pengodean")),
    "DAT209": Code("join-residue", Text("Left over from a join", "Sisa penggabungan tabel")),
    "DAT210": Code("overlay-value-unknown", Text("Unknown overlay value", "Nilai tumpang susun tidak dikenal")),
    "DAT211": Code("code-spelling", Text("Spelling of a code", "Ejaan kode")),
    "DAT212": Code("name-is-code", Text("A number instead of a name", "Angka di tempat nama")),
    "DAT213": Code("block-hierarchy", Text("Block in several sub-WP", "Blok di beberapa SWP")),
    "DAT214": Code("empty-mixed", Text("Several words for empty", "Beberapa tulisan untuk kosong")),
    "DAT215": Code("overlay-differs", Text("Overlay column against its layer", "Kolom berbeda dari layer ketentuan khusus")),
    "DAT216": Code("stray-blanks", Text("Stray blanks in texts", "Spasi liar dalam teks")),
    "DAT217": Code("intensity-value", Text("Intensity in the map", "Intensitas pada peta")),
    "DAT218": Code("id-twice", Text("An id stands twice", "Id tercatat dua kali")),
    "DAT301": Code("itbx-grammar", Text("ITBX cell outside the grammar", "Sel ITBX di luar tata tulis")),
    "DAT302": Code("subzone-without-rules", Text("Sub-zone without rules", "Subzona tanpa aturan")),
    "DAT303": Code("rules-without-subzone", Text("Rules without sub-zone", "Aturan tanpa subzona")),
    "DAT304": Code("ladder-hole", Text("Hole in the intensity ladder", "Jenjang intensitas berlubang")),
    "DAT305": Code("ladder-overlap", Text("Two rows for one plot", "Dua baris untuk satu persil")),
    "DAT306": Code("uncited", Text("No legal source", "Tanpa dasar hukum")),
    "DAT307": Code("limits-contradict", Text("Limits contradict each other", "Ketentuan saling bertentangan")),
    "DAT308": Code("condition-undefined", Text("Condition not described", "Syarat tidak dijelaskan")),
    "DAT309": Code("kbli-unknown", Text("KBLI unknown or leading nowhere", "KBLI tidak dikenal atau buntu")),
    "DAT310": Code("cells-empty", Text("Empty cells", "Sel kosong")),
    "DAT311": Code("activity-without-kbli", Text("Activity without KBLI", "Kegiatan tanpa KBLI")),
    "DAT312": Code("activity-without-row", Text("Activity without ITBX row", "Kegiatan tanpa baris ITBX")),
    "DAT313": Code("table-error", Text("A table cannot be understood", "Tabel tidak dapat dipahami")),
    "DAT401": Code("case-failed", Text("A case of the plan fails", "Kasus uji rencana gagal")),
}  # fmt: skip
"""Every data code with its name; frozen once shipped (contract section 5a)."""


@dataclass(frozen=True, slots=True)
class DataFinding:
    """One defect.

    Attributes
    ----------
    feature, other_feature
        Ids of the features; `feature_field` says which column they come from (None: 0-based row of the file).
    area_m2, width_m
        Of the defect, in the UTM plane; the width is the mean width ``2 * area / perimeter``.
    witness
        Where it is: in the metric working CRS inside the rules, in longitude, latitude in a result.
    members
        Names of all that a collected finding speaks of (empty cells, ids that stand twice): with one more it is new.
    """

    code: str
    level: Level
    message: Text
    remedy: Text
    file: str | None = None
    layer: str | None = None
    feature: str | None = None
    other_feature: str | None = None
    feature_field: str | None = None
    field: str | None = None
    value: str | float | int | None = None
    area_m2: float | None = None
    width_m: float | None = None
    witness: Any | None = None
    members: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name of the code."""
        return CODES[self.code].name

    @property
    def identity(self) -> tuple[str, ...]:
        """What stays the same of a defect from run to run: code, place and value, not its measures or words.

        A number is a measure; which of two features comes first depends on the order of the rows. A collected finding
        has its `members` for the rest.
        """
        file = None if self.file is None else PurePosixPath(self.file.replace("\\", "/")).as_posix()
        if self.members:
            return identity_of((self.code, file, self.layer, None, None, self.field, None))
        value = self.value if isinstance(self.value, str) else None
        return identity_of((self.code, file, self.layer, self.feature, self.other_feature, self.field, value))

    @property
    def key(self) -> tuple[str, ...]:
        """The identity with the members."""
        return *self.identity, *sorted(self.members)


def identity_of(parts: Sequence[str | None]) -> tuple[str, ...]:
    """Return the parts of an identity as text, two features in the order of their names."""
    code, file, layer, first, second, field_, value = ("" if part is None else str(part) for part in parts)
    if first and second:
        first, second = sorted((first, second))
    return code, file, layer, first, second, field_, value


@dataclass(frozen=True, slots=True)
class Target:
    """One layer or plan folder that was looked at."""

    path: str
    sha256: str | None
    role: str
    features: int | None = None
    crs: str | None = None
    layer: str | None = None
    feature_field: str | None = None


@dataclass(frozen=True, slots=True)
class NotRun:
    """A check that could not be run on a target, and why."""

    code: str
    why: Text
    file: str | None = None


class RolledBack(NamedTuple):
    """A kind of correction that was not made, and why."""

    kind: str
    why: Text


@dataclass(frozen=True, slots=True)
class FixReport:
    """What `--fix-safe` changed in the copy.

    Attributes
    ----------
    fixes
        Every change, as `kkpr_check.quality.fixes.Fix`.
    by_kind
        Number of changes by kind.
    not_writable
        Layers of a format that is not written.
    target
        What to look at now: the folder, or the layer in it.
    sites, cases
        How many sample sites and cases of the plan were judged before and after: all alike.
    locked
        The original carries a lock; the copy does not.
    """

    output: str
    fixes: tuple[Any, ...]
    by_kind: Mapping[str, int]
    rolled_back: tuple[RolledBack, ...] = ()
    not_writable: tuple[str, ...] = ()
    target: str = ""
    sites: int = 0
    cases: int = 0
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """The answer of one run; `suppressed` counts what the baseline covers, `headline` replaces the counts by level."""

    targets: tuple[Target, ...]
    findings: tuple[DataFinding, ...]
    checks_run: tuple[str, ...]
    not_run: tuple[NotRun, ...]
    suppressed: int = 0
    baseline_unmatched: tuple[str, ...] = ()
    baseline_expired: tuple[str, ...] = ()
    fixes: FixReport | None = None
    command: str = "validate"
    headline: Text | None = None

    def count(self, level: Level) -> int:
        """Return how many findings have a level."""
        return sum(finding.level == level for finding in self.findings)

    @property
    def by_code(self) -> dict[str, int]:
        """Number of findings by code, in the order of the codes."""
        return dict(sorted(Counter(finding.code for finding in self.findings).items()))


def chosen(code: str, select: Sequence[str], ignore: Sequence[str]) -> bool:
    """Tell whether a code is asked for: prefixes, where the longer one wins and `ignore` wins a tie.

    >>> chosen("DAT101", ("DAT1",), ("DAT10",)), chosen("DAT101", (), ()), chosen("DAT101", ("DAT101",), ("DAT1",))
    (False, True, True)
    """
    wanted = max((len(prefix) for prefix in select if code.startswith(prefix)), default=-1)
    refused = max((len(prefix) for prefix in ignore if code.startswith(prefix)), default=-1)
    return (wanted >= 0 or not select) and (refused < 0 or wanted > refused)


def ordered(findings: Sequence[DataFinding]) -> tuple[DataFinding, ...]:
    """Return findings in the order of files as given, then code, then level, then as found."""
    files = {name: i for i, name in enumerate(dict.fromkeys((f.file, f.layer) for f in findings))}
    return tuple(sorted(findings, key=lambda f: (files[f.file, f.layer], f.code, LEVELS.index(f.level))))

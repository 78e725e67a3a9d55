"""A comparison as data findings, so that SARIF, JUnit, GitHub and GitLab are written by one hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from kkpr_check.changes.base import CODES, Change
from kkpr_check.changes.result import Diff, Flip
from kkpr_check.errors import Text
from kkpr_check.quality.findings import DataFinding, Level, NotRun, Result, Target
from kkpr_check.report import changes_words as words

_REVIEW = Text("check that this is meant", "pastikan perubahan ini memang dimaksudkan")
_FLIP = Text(
    "check that this parcel is meant to be judged otherwise",
    "pastikan persil ini memang harus dinilai berbeda",
)
_UNREAD = Text("repair the parcel and run again", "perbaiki persilnya lalu ulangi")
_GRAVE: Mapping[str, tuple[Level, Text]] = {
    "DIF602": ("warning", Text("check that the plan is meant to go", "pastikan rencana ini memang dihapus")),
    "DIF603": ("error", Text("repair the plan: kkpr-check validate says what is wrong",
                             "perbaiki rencananya: kkpr-check validate menyebut kesalahannya")),
}  # fmt: skip
_NO_PARCELS = Text("no --parcels given", "--parcels tidak diberikan")


@dataclass(frozen=True, slots=True)
class ChangeFinding(DataFinding):
    """A change in the shape of a data finding."""

    @property
    def name(self) -> str:
        """The name of the code."""
        return CODES[self.code].name


def as_findings(diff: Diff) -> Result:
    """Return a comparison as a result: changes are information, flips warnings, errors where over the budget."""
    flip_level: Level = "error" if diff.over_budget else "warning"
    findings: list[DataFinding] = [_change(change) for change in diff.all_changes]
    not_run = [NotRun(code, why) for code, why in _not_compared(diff)]
    target = Target(diff.new.path, diff.new.sha256, diff.new.kind, None, ", ".join(diff.new.crs) or None)
    ran = [code for code in CODES if code[3] in _looked_at(diff)]
    if diff.parcels is None:
        not_run += [NotRun(code, _NO_PARCELS) for code in CODES if code[3] == "5"]
    else:
        parcels = diff.parcels
        findings += [_flip(flip, parcels.file, "DIF501", flip_level) for flip in parcels.flips]
        findings += [_flip(flip, parcels.file, "DIF502", "info") for flip in parcels.outcome_changes]
        findings += [
            ChangeFinding("DIF503", flip_level, why, _UNREAD, parcels.file, None, name)
            for _, name, why in parcels.unreadable
        ]
    return Result(
        (target,),
        tuple(findings),
        tuple(ran),
        tuple(not_run),
        command="diff",
        headline=words.headline(diff),
    )


def _looked_at(diff: Diff) -> str:
    """Return the first digits of the codes that were looked for."""
    digits = "12" if "layer" in (diff.old.kind, diff.new.kind) else "1234"
    return digits + ("6" if diff.new.kind == "folder" else "") + ("" if diff.parcels is None else "5")


def _not_compared(diff: Diff) -> list[tuple[str, Text]]:
    digits = {"tables": "3", "law": "4"}
    return [
        (code, why) for what, why in diff.not_compared for code in CODES if code[3] == digits.get(what)
    ]  # fmt: skip


def _change(change: Change) -> DataFinding:
    feature = str(change.row) if change.row is not None else change.feature or change.old_feature
    is_table = change.row is not None
    is_nameless = is_table or change.code.startswith("DIF6")
    layer = (
        None if is_nameless else change.layer or (PurePosixPath(change.file).name if change.file else None)
    )
    said = {} if change.effect in (None, "other") else {"effect": change.effect}
    effect = words.EFFECTS[change.effect] if said and change.effect else Text("", "")
    message = Text(
        change.message.en + (f" [{effect.en}]" if effect.en else ""), change.message.id + (f" [{effect.id}]" if effect.id else "")
    )  # fmt: skip
    level, remedy = _GRAVE.get(change.code, ("info", _REVIEW))
    return ChangeFinding(
        change.code, level, message, remedy, change.file, layer, feature, change.old_feature, None, change.field,
        change.new, change.area_m2, change.typical_m, change.witness,
    )  # fmt: skip


def _flip(flip: Flip, file: str, code: str, level: Level) -> DataFinding:
    def text(lang: str) -> str:
        verdicts = (
            f"{words.verdict(flip.old, lang)} -> {words.verdict(flip.new, lang)}"
            if flip.is_flip
            else words.verdict(flip.new, lang)
        )
        cause = words.causes_line(flip.causes, lang)
        return f"{verdicts}; {words.rules_line(flip, lang)}" + (f"; {cause}" if flip.causes else "")

    return ChangeFinding(
        code, level, Text(text("en"), text("id")), _FLIP, file, None, flip.id, value=flip.new, area_m2=flip.area_m2,
        feature_field="id", witness=flip.geometry,
    )  # fmt: skip

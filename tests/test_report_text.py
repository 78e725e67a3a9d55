from __future__ import annotations

import dataclasses
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_values import AS_OF, PROVENANCE, conforming, failing, finding, to_lonlat

from kkpr_check.errors import Text
from kkpr_check.model import Finding, LedgerEntry, LedgerZone, Outcome, Report, Scene, Verdict
from kkpr_check.report import render, words
from kkpr_check.report.look import Look
from kkpr_check.report.safe import encodable, safe_text

GOLDEN = Path(__file__).parent / "golden"
LOOKS = {
    "wide": Look(110),
    "narrow": Look(40),
    "ascii": Look(80, encoding="ascii"),
    "file": Look(),
}


def write(*reports: Report, lang: str = "id", look: Look | None = None) -> str:
    return render(reports, "text", lang, as_of=AS_OF, to_lonlat=to_lonlat, look=look)


@pytest.mark.parametrize("lang", ["id", "en"])
@pytest.mark.parametrize("name", list(LOOKS))
def test_the_text_is_the_stored_one(name: str, lang: str) -> None:
    text = write(failing(), lang=lang, look=LOOKS[name])
    path = GOLDEN / f"report-{name}.{lang}.txt"
    if os.environ.get("KKPR_UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_the_verdict_is_the_first_word_and_the_disclaimer_stands_once() -> None:
    assert write(failing()).startswith("Tidak sesuai - lokasi lot-7\n")
    text = write(failing(), conforming())
    assert text.count("bukan keputusan KKPR") == 1
    assert text.rstrip().endswith("pejabat yang berwenang.")


@pytest.mark.parametrize("columns", range(40, 60))
def test_no_line_ends_between_a_number_and_its_unit(columns: int) -> None:
    message = Text("no word " + "12.5 m² or 3 floors, " * 9, "")
    report = dataclasses.replace(
        failing(), findings=(finding("INT001", "kdb-exceeded", Outcome.FAIL, message=message),)
    )
    for encoding in ("utf-8", "ascii"):
        text = write(report, lang="en", look=Look(columns, encoding=encoding))
        assert "3 floors" in text and "\ue000" not in text
        assert not re.search(r"\d\n *(m²|m2|m|floors)\b", text), text


def test_several_sites_begin_with_their_verdicts() -> None:
    text = write(failing(), conforming())
    assert text.startswith("2 lokasi\n  lot-7: Tidak sesuai\n  lot-8: Sesuai\n\nTidak sesuai - lokasi lot-7")


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_verdict_has_its_label_and_none_is_an_approval(verdict: Verdict) -> None:
    labels = {"conform": "Sesuai", "conditional": "Sesuai bersyarat", "undetermined": "Perlu verifikasi",
              "partial": "Sesuai sebagian", "nonconform": "Tidak sesuai"}  # fmt: skip
    text = write(dataclasses.replace(failing(), verdict=verdict))
    assert text.split(" - ")[0] == labels[verdict.value]
    assert "disetujui" not in text.casefold()
    assert "approved" not in write(dataclasses.replace(failing(), verdict=verdict), lang="en").casefold()


def test_a_violation_says_measured_limit_place_law_and_remedy() -> None:
    text = write(failing())
    block = text[text.index("INT001") : text.index("Perlu diverifikasi")]
    assert "Terukur 72,92%, batas ≤ 60%" in block
    assert "zona R-2, rencana rdtr-kota-contoh" in block
    assert "Dasar hukum: Perbup 1/2024" in block
    assert "Yang perlu dilakukan: Kurangi tapak" in block


def test_a_file_gets_no_escape_codes_bars_map_or_wrapping() -> None:
    long = Text("word " * 100, "kata " * 100)
    report = dataclasses.replace(
        failing(), findings=(finding("INT001", "kdb-exceeded", Outcome.FAIL, message=long),)
    )
    text = write(report)
    assert "Kata " + ("kata " * 99).rstrip() in text
    assert not re.search(r"[\x1b█⣿─│]", text)


def test_colour_is_only_used_where_it_is_asked_for() -> None:
    assert "\x1b[" not in write(failing(), look=Look(100))
    coloured = write(failing(), look=Look(100, colour=True))
    assert "\x1b[1;31mTidak sesuai" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == write(failing(), look=Look(100))


@pytest.mark.parametrize("columns", [20, 40, 60, 72, 100, 200])
def test_no_line_is_wider_than_the_terminal_and_no_word_is_lost(columns: int) -> None:
    text = write(failing(), look=Look(columns))
    assert max(map(len, text.splitlines())) <= columns
    whole = write(failing())
    squeezed = re.sub(r"[\s▏▎▍▌▋▊▉█⠀-⣿]", "", text)
    for finding_ in failing().findings:
        if finding_.outcome not in (Outcome.PASS,):
            assert re.sub(r"\s", "", finding_.message.id) in squeezed
    assert "PerdagangandanJasaSkalaSWP" in squeezed and "Perdagangan dan Jasa Skala SWP" in whole


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "latin-1", "nonsense-8"])
def test_every_character_fits_the_encoding(encoding: str) -> None:
    text = write(failing(), look=Look(110, encoding=encoding))
    text.encode("ascii" if encoding == "nonsense-8" else encoding)
    assert "?" not in text


def test_the_map_shows_zone_codes_and_the_building_where_there_is_room() -> None:
    text = write(failing(), look=Look(110))
    drawn = text[text.index("Peta\n") : text.index("Dilanggar")]
    assert "⣿" in drawn and "R-2" in drawn
    assert "Peta\n" not in write(failing(), look=Look(99))
    bare = dataclasses.replace(failing(), around=Scene())
    assert "⣿" in write(bare, look=Look(110))


def test_hostile_text_stays_text() -> None:
    nasty = "[bold red]x[/] \x1b]8;;http://evil\x07click\u202eevil\u2066 :smiley: [/foo]\nSesuai - lokasi"
    ledger = LedgerEntry("parcel", "p\x9b31m", 2000.0, (LedgerZone("R\x1b[2J", nasty, 2000.0, 1.0),), 0, 0, 0)
    report = dataclasses.replace(
        failing(), site=dataclasses.replace(failing().site, id=nasty), ledger=(ledger,),
        findings=(finding("INT001", "kdb-exceeded", Outcome.FAIL, message=Text(nasty, nasty), zone=nasty,
                          legal=nasty),),
        assumptions=(Text(nasty, nasty),),
    )  # fmt: skip
    text = write(report)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    assert "[bold red]x[/]" in text and ":smiley:" in text and "[/foo] Sesuai" in text


def test_missing_inputs_say_who_can_supply_them() -> None:
    tail = write(failing(), lang="en").split("What is missing, and who can supply it")[1]
    assert "height (height_m), for TAB004: the applicant" in tail
    assert (
        "a layer or a statement of “none” for KHS004 (plan.toml, [[overlay]]), for KHS004: the office that keeps the plan"
        in tail
    )
    assert "What is missing" not in write(conforming(), lang="en")


def lacking(rule: str, zone: str, *names: str) -> Finding:
    message = Text(f"Can not be judged without: {names[0]}.", f"Belum dapat dinilai tanpa: {names[0]}.")
    return finding(rule, "some-rule", Outcome.UNDETERMINED, zone=zone, missing=names, message=message,
                   remedy=Text("Move away.", "Pindah."))  # fmt: skip


def test_a_rule_that_lacks_inputs_in_several_zones_is_one_item() -> None:
    findings = [lacking(rule, zone, f"intensity.csv:{zone}:{column}")
                for rule, column in (("INT001", "kdb_max_pct"), ("INT002", "klb_max")) for zone in ("R-2", "K-1")]  # fmt: skip
    findings.append(lacking("TAB001", "R-2", "intensity.csv:R-2:row 7:gsb_min_m"))
    text = write(dataclasses.replace(failing(), findings=tuple(findings)))
    assert "Perlu diverifikasi (3)" in text and text.count("  INT001 some-rule") == 1
    assert "Belum dapat dinilai tanpa: tabel intensity.csv, R-2, K-1: kdb_max_pct." in text
    assert "zona R-2, K-1, rencana" in text
    assert "Pindah." not in text, "a remedy against a violation is no advice for a missing number"
    tail = text.split("Yang belum ada")[1]
    assert "- tabel intensity.csv, R-2, K-1: kdb_max_pct, klb_max, untuk INT001, INT002: instansi" in tail
    assert "- tabel intensity.csv, R-2, baris 7: gsb_min_m, untuk TAB001: instansi" in tail


def test_what_a_message_adds_to_the_missing_input_is_kept() -> None:
    told = Text("Two activities differ. Can not be judged: activity is missing.", "Dua kegiatan berbeda.")
    item = finding("KGT001", "use-prohibited", Outcome.UNDETERMINED, missing=("activity",), message=told)
    assert "Dua kegiatan berbeda." in write(dataclasses.replace(failing(), findings=(item,)))


def test_a_building_without_a_parcel_says_so() -> None:
    alone = dataclasses.replace(failing(), site=dataclasses.replace(failing().site, parcel=None))
    assert "Lingkup: bangunan, persilnya tidak diketahui" in write(alone)
    assert "Lingkup: lahan saja" in write(conforming())


def test_only_passes_with_news_are_notes() -> None:
    one = finding("LOK003", "zone-split", Outcome.PASS, measured=1.0, unit="zones")
    near = finding("LOK004", "within-map-accuracy", Outcome.PASS, measured=0.0, limit=2.5, unit="m")
    none = finding("KHS010", "tod", Outcome.PASS)
    text = write(dataclasses.replace(failing(), findings=(one, near, near, none)), lang="en")
    notes = text.split("Notes")[1].split("Passed: 3 rules")[0]
    assert notes.split() == ["-", "LOK004", "within-map-accuracy:", "within-map-accuracy."]


def test_a_rule_that_fails_in_one_zone_is_not_counted_as_passed() -> None:
    findings = (finding("KGT001", "use-prohibited", Outcome.PASS, zone="R-2"),
                finding("KGT001", "use-prohibited", Outcome.FAIL, zone="PS"))  # fmt: skip
    assert "Terpenuhi: 0 aturan" in write(dataclasses.replace(failing(), findings=findings))


def test_synthetic_and_draft_plans_are_labelled() -> None:
    assert "SINTETIS" in write(conforming())
    real = dataclasses.replace(conforming(), provenance=PROVENANCE | {"plans": [{"id": "a", "sha256": None}]})
    assert "SINTETIS" not in write(real)
    assert "RANCANGAN" in write(dataclasses.replace(conforming(), draft=True))


def test_repairs_and_an_absent_lock_are_said() -> None:
    provenance = PROVENANCE | {
        "plans": [{"id": "a", "sha256": None, "lock": "unlocked"}],
        "repairs": [
            {"feature": "7", "message": Text("bow-tie repaired, +50 m2", "simpul diperbaiki, +50 m2")}
        ],
    }
    text = write(dataclasses.replace(conforming(), provenance=provenance))
    assert "- simpul diperbaiki, +50 m2" in text and "- a: tanpa kunci" in text
    assert "EPSG:4326 → EPSG:32751" in text


@pytest.mark.parametrize(
    ("value", "unit", "indonesian", "english"),
    [
        (0.6, "ratio", "60,00%", "60.00%"),
        (2.4, "factor", "2,40", "2.40"),
        (1234567.891, "m2", "1.234.567,89 m²", "1,234,567.89 m²"),
        (4.0, "floors", "4 lantai", "4 floors"),
        (2.5, "floors", "2,5 lantai", "2.5 floors"),
        (-0.001, "m", "0,00 m", "0.00 m"),
        ("K-3", None, "K-3", "K-3"),
        (None, "m", "-", "-"),
    ],
)
def test_quantities(value: float | str | None, unit: str | None, indonesian: str, english: str) -> None:
    assert words.quantity(value, unit, "id") == indonesian
    assert words.quantity(value, unit, "en") == english


def test_every_fixed_word_has_both_languages() -> None:
    texts = [value for value in vars(words).values() if isinstance(value, Text)]
    for mapping in (
        words.VERDICTS,
        words.PATHWAYS,
        words.SCOPES,
        words.SUBJECTS,
        words.SECTIONS,
        words.FIELDS,
    ):
        texts.extend(mapping.values())
    assert all(text.en.strip() and text.id.strip() for text in texts)


@given(st.text())
def test_no_text_can_carry_a_control_character_or_break_an_encoding(text: str) -> None:
    safe = safe_text(text)
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", safe)
    for encoding in ("ascii", "cp1252", "utf-8"):
        encodable(safe, encoding).encode(encoding)
    assert safe_text(safe) == safe


def test_safe_text_keeps_what_is_visible() -> None:
    assert safe_text("Desa Ngünà’ 5 m²") == "Desa Ngünà’ 5 m²"
    assert safe_text("a\tb\r\nc\x00d\udce9") == "a b  cd\ufffd"
    assert encodable("½ Rumija ≥ 3 m → é", "ascii") == "1/2 Rumija >= 3 m -> e"
    assert encodable("中", "ascii") == "?"

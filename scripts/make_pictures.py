"""Pictures of the documentation: what a terminal shows, drawn from the program's own output.

python scripts/make_pictures.py       # write docs/pictures/*.svg (gen_docs.py keeps them current)
"""

from __future__ import annotations

import datetime as dt
import io
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
SITE, PLAN, AS_OF = "examples/03-partial.geojson", "data/sample", dt.date(2026, 1, 1)
COLUMNS = 104


def pictures() -> dict[Path, str]:
    """Return every picture with its text."""
    return {PICTURES / f"check-{lang}.svg": terminal(lang) for lang in ("en", "id")}


def terminal(lang: str) -> str:
    """Return one check as a colour terminal shows it, as an SVG."""
    from rich.console import Console
    from rich.text import Text

    from kkpr_check import checking
    from kkpr_check.report import render
    from kkpr_check.report.look import Look

    here = Path.cwd()
    os.chdir(ROOT)  # the paths in the picture are those of the guide
    try:
        reports = checking.run(checking.CheckRequest(site=SITE, plans=(PLAN,), as_of=AS_OF))
    finally:
        os.chdir(here)
    look = Look(columns=COLUMNS, colour=True)
    shown = render(reports, "text", lang, as_of=AS_OF, to_lonlat=checking.to_lonlat, look=look)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
    console.print(Text.from_ansi(shown))
    option = " --lang id" if lang == "id" else ""
    title = f"kkpr-check{option} check {SITE} --plan {PLAN}"
    drawn = console.export_svg(title=title, unique_id=f"check-{lang}")
    return re.sub(r"@font-face\s*\{.*?\}\s*", "", drawn, flags=re.DOTALL)  # fetched from a network


def pages() -> None:
    """Take pictures of the HTML report and of the summary of a batch in a headless Chromium."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise SystemExit("no Chromium on this machine: the pictures of pages stay as they are")
    with tempfile.TemporaryDirectory() as home:
        judge = ["--plan", PLAN, "--as-of", AS_OF.isoformat(), "--lang", "id"]
        for name, call, height in (
            ("report", ["check", SITE, *judge], 1150),
            ("batch", ["batch", "data/parcels.gpkg", *judge], 1250),
        ):
            page = Path(home) / f"{name}.html"
            subprocess.run(
                [sys.executable, "-m", "kkpr_check", "--quiet", *call, "--output", str(page)],
                cwd=ROOT,
                check=False,
            )
            picture = PICTURES / f"{name}.png"
            shot = [
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
                "--virtual-time-budget=4000",
            ]
            subprocess.run(
                [browser, *shot, f"--window-size=1000,{height}", f"--screenshot={picture}", page.as_uri()],
                check=True, capture_output=True,
            )  # fmt: skip


def main() -> None:
    """Write the pictures."""
    for path, text in pictures().items():
        path.write_text(text, "utf-8", newline="\n")
    if "--pages" in sys.argv[1:]:
        pages()


if __name__ == "__main__":
    main()

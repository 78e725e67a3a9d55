"""One proposal from Python: how small the building must be to keep to its KDB.

python examples/11-python.py
"""

from pathlib import Path

import shapely

from kkpr_check import Plan, check

HERE = Path(__file__).parent


def main() -> None:
    """Shrink a building that fills its lot until no rule refuses it."""
    plan = Plan.open(HERE.parent / "data" / "sample")
    lot = shapely.box(662010, 8955680, 662028, 8955700)
    for inset_m in range(7):
        report = check(
            shapely.buffer(lot, -inset_m, join_style="mitre"),
            plan,
            parcel=lot,
            crs="EPSG:32751",
            kbli="56101",
            floors=1,
        )
        refused = sorted({f.rule for f in report.findings if f.outcome.word == "fail"})
        print(f"{inset_m} m from every side: {report.verdict.value:13} {' '.join(refused)}".rstrip())


if __name__ == "__main__":
    main()

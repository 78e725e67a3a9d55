"""Many parcels: judge a file with `batch`, then read the table and count what stands in the way.

python examples/13-many-parcels.py data/parcels.gpkg data/sample OUT.csv
"""

import collections
import csv
import subprocess
import sys


def main(parcels: str, plan: str, output: str) -> int:
    """Run the batch and print a short table; returns the exit code of the batch."""
    call = [sys.executable, "-m", "kkpr_check", "batch", parcels, "--plan", plan, "--output", output]
    done = subprocess.run(call, check=False)
    if done.returncode == 2:
        return 2
    with open(output, encoding="utf-8-sig", newline="") as table:
        rows = list(csv.DictReader(table))
    verdicts = collections.Counter(row["verdict"] for row in rows)
    refused = collections.Counter(rule for row in rows for rule in row["fail"].split(",") if rule)
    for verdict, count in verdicts.most_common():
        print(f"{count:8,}  {verdict}")
    for rule, count in refused.most_common(5):
        print(f"{count:8,}  refused by {rule}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))

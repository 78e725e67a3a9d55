#!/bin/sh
# Judge every site of a file and say what stands in the way; exit 1 where one of them does not conform.
#
#   sh examples/10-shell.sh examples/06-several.geojson data/sample
set -u
sites=$1
plan=$2
reports=$(mktemp)
trap 'rm -f "$reports"' EXIT

kkpr-check --quiet check "$sites" --plan "$plan" --format jsonl --output "$reports" --overwrite
code=$?
[ "$code" -le 1 ] || exit "$code"    # 2: could not run, and it said why

python3 - "$reports" <<'PY'
import json
import sys

for line in open(sys.argv[1], encoding="utf-8"):
    report = json.loads(line)
    rules = [f["rule"] for f in report["findings"] if f["outcome"] in ("fail", "undetermined")]
    print(report["subject"]["id"], report["verdict"], ",".join(dict.fromkeys(rules)), sep="\t")
PY
exit "$code"

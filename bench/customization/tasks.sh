#!/usr/bin/env bash
# Writes what table.py and sweep.py ask and what they are given, a file each a custom task.
#
# Usage: bench/customization/tasks.sh OUT
#   OUT/TASK.test.jsonl       500 items of seed 200
#   OUT/TASK.examples.jsonl   64 items of seed 100; the first 16 are those of examples/pool
#   OUT/kinds.tsv             each task and its kind: mixture, variant or one-theme
# Environment: PROGRAMS, the build folder (build/native); ITEMS, of a test (500)
set -euo pipefail
[ $# -eq 1 ] || { sed -n '4,7s/^# \{0,1\}//p' "$0" >&2; exit 2; }
train=${PROGRAMS:-build/native}/train/crayon-train
mkdir -p "$1"
# A line begins {"task":"NAME",
split() { awk -F '"' -v folder="$1" -v end="$2" '{ print > (folder "/" $4 end) }'; }
"$train" tasks --set custom -n "${ITEMS:-500}" --seed 200 | split "$1" .test.jsonl
"$train" tasks --set custom -n 64 --seed 100 | split "$1" .examples.jsonl
"$train" tasks --set custom --list |
  awk -v OFS='\t' '{ sub(":", "", $3); print $3, $2 }' > "$1/kinds.tsv"

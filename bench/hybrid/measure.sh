#!/usr/bin/env bash
# Measures every routing signal on the shipped models and the custom tasks: calibrates the pool on
# some questions, and compares the signals on others.
#
# Usage: bench/hybrid/measure.sh OUT
#   OUT/pool.crayon   the calibrated pool; OUT/calibration.json says how it came about
#   OUT/hybrid.md     AUROC, APGR and accuracy at some server shares, with random and oracle
# Environment: PROGRAMS, the build folder (build/native); FITTED, questions of each task to calibrate
# on (50, of seed 300); ITEMS, of each task to judge on (200, of seed 200); SHARE (0.2); THREADS (2)
set -euo pipefail
[ $# -eq 1 ] || { sed -n '5,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
programs=${PROGRAMS:-build/native}
crayon=$programs/cli/crayon
train=$programs/train/crayon-train
out=$1
threads=(--threads "${THREADS:-2}")
mkdir -p "$out"
"$train" tasks --set custom -n "${FITTED:-50}" --seed 300 > "$out/mine.jsonl"
"$train" tasks --set custom -n "${ITEMS:-200}" --seed 200 > "$out/questions.jsonl"
"$crayon" calibrate examples/models/device.crayon --adapter examples/pool/pool.crayon \
  --examples "$out/mine.jsonl" --share "${SHARE:-0.2}" -o "$out/pool.crayon" --json "${threads[@]}" \
  | tee "$out/calibration.json"
"$crayon" eval examples/models/device.crayon "$out/questions.jsonl" --by text \
  --adapter "$out/pool.crayon" --items "$out/device.jsonl" "${threads[@]}"
"$crayon" eval examples/models/server.crayon "$out/questions.jsonl" --by text \
  --items "$out/server.jsonl" "${threads[@]}"
python3 "$(dirname "$0")/curves.py" --device "$out/device.jsonl" --server "$out/server.jsonl" -o "$out"

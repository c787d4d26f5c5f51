#!/usr/bin/env bash
# Trains the upper bound of the customisation table: one LoRA for each custom task, on the task's
# own items of seed 5, and packs it.
#
# Usage: bench/customization/oracles.sh BASE MODEL.crayon OUT [TASK...] [-- FLAG...]
#   BASE   the Hugging Face folder that MODEL.crayon was packed from, with its tokenizer
#   OUT    receives TASK/ (PEFT) and TASK.crayon; a task whose TASK.crayon is there is skipped
#   TASK   default: all custom tasks
#   FLAG   for `crayon-train lora`; default: --tokens 400k
# Environment: PROGRAMS, the build folder (build/native); ITEMS, of each task to train on (2000)
set -euo pipefail
[ $# -ge 3 ] || { sed -n '5,10s/^# \{0,1\}//p' "$0" >&2; exit 2; }
base=$1 model=$2 out=$3
shift 3
programs=${PROGRAMS:-build/native}
train=$programs/train/crayon-train
tasks=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do tasks+=("$1"); shift; done
[ $# -gt 1 ] && flags=("${@:2}") || flags=(--tokens 400k)
if [ ${#tasks[@]} -eq 0 ]; then
  mapfile -t tasks < <("$train" tasks --set custom --list | awk '{ sub(":", "", $3); print $3 }')
fi

mkdir -p "$out"
for task in "${tasks[@]}"; do
  if [ -e "$out/$task.crayon" ]; then
    echo "$task: is there"
    continue
  fi
  echo "$task: training"
  "$train" tasks --set custom -n "${ITEMS:-2000}" --seed 5 "$task" > "$out/$task.jsonl"
  "$train" encode "$out/$task.jsonl" --tokenizer "$base" -o "$out/$task.tokens"
  "$train" lora "$base" "$out/$task.tokens" -o "$out/$task" "${flags[@]}"
  "$programs/cli/crayon" pack-adapter "$out/$task" --base "$model" -o "$out/$task.crayon"
  rm "$out/$task.jsonl" "$out/$task.tokens"
done

#!/usr/bin/env bash
# The customisation table on bAbI, questions that this project did not write: trains a pool on
# fourteen of the tasks and one LoRA for each custom task, and runs table.py.
#
# Usage: bench/customization/babi.sh BASE MODEL.crayon EN-10K OUT
#   BASE    the Hugging Face folder that MODEL.crayon was packed from, with its tokenizer
#   EN-10K  the folder with qa1_..._train.txt and so on
#   OUT     receives items, pool and adapters; OUT/table is what table.py writes
# Environment: PROGRAMS, the build folder (build/native); LIMIT, test items of a task (300);
#   POOL and LORA, flags of `crayon-train pool` and `crayon-train lora`
# A second call goes on where the first was interrupted.
set -euo pipefail
[ $# -eq 4 ] || { sed -n '5,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
base=$1 model=$2 babi=$3 out=$4
programs=${PROGRAMS:-build/native}
train=$programs/train/crayon-train crayon=$programs/cli/crayon
here=$(cd "$(dirname "$0")" && pwd)
common=(--batch-tokens 2560 --rate 4e-3 --threads 1 --type bf16 --log-steps 200)
read -ra pool_flags <<<"${POOL:---size 8 --rank 8 --tau 0.002 --tokens 1500k}"
read -ra lora_flags <<<"${LORA:---tokens 250k}"

encode() { "$train" encode "$1" --tokenizer "$base" -o "$2"; }

mkdir -p "$out"
"$here/babi.py" "$babi" "$out/items" >"$out/items.txt"
if [ ! -e "$out/pool.crayon" ]; then
  # Every fourth question is enough, and neighbours share their story.
  for file in "$out"/items/base/*.train.jsonl; do awk 'NR % 4 == 1' "$file"; done >"$out/base.jsonl"
  encode "$out/base.jsonl" "$out/base.tokens"
  "$train" pool "$base" "$out/base.tokens" -o "$out/pool" "${pool_flags[@]}" "${common[@]}" --resume
  "$crayon" pack-pool "$out/pool" --base "$model" -o "$out/pool.crayon"
fi
for items in "$out"/items/custom/*.train.jsonl; do
  task=$(basename "$items" .train.jsonl)
  [ ! -e "$out/oracles/$task.crayon" ] || continue
  encode "$items" "$out/oracle.tokens"
  "$train" lora "$base" "$out/oracle.tokens" -o "$out/oracles/$task" "${lora_flags[@]}" \
    "${common[@]}"
  "$crayon" pack-adapter "$out/oracles/$task" --base "$model" -o "$out/oracles/$task.crayon"
done
"$here/table.py" --crayon "$crayon" --model "$model" --pool "$out/pool.crayon" \
  --oracles "$out/oracles" --tasks "$out/items/custom" --examples "$out/items/custom" \
  --limit "${LIMIT:-300}" --runs 0 -o "$out/table"

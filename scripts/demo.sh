#!/usr/bin/env bash
# Installs what is missing, builds, and runs the main job from end to end with the shipped models:
# a small model gets a customer's question wrong, a few examples make its own adapter from a pool,
# the same question comes out right, what is beyond it goes to a larger model, and when that one
# is gone the local answer stands.
# Usage: scripts/demo.sh
# CRAYON_DEMO_MODELS names another folder with models/ and pool/, such as one of your own training.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
examples=$(realpath "${CRAYON_DEMO_MODELS:-$root/examples}")
cd "$root"

# The customer's task, one of docs/tasks.md. No adapter was trained on it.
# examples/demo/questions.jsonl: crayon-train tasks --set custom -n 50 --seed 200 $task
task=repair_call
mine="FILL: context of an item that the device gets wrong alone and right with the blend
FILL: its question"
right="FILL: its answer"
# One that the device answers without being sure, and the larger model right.
beyond="FILL: context of an item that only the server gets right, with a device's score below
FILL: its question"
threshold=0.5

bold=$'\e[1m' plain=$'\e[0m'
if [ ! -t 1 ] || [ "${NO_COLOR:-}" ]; then bold='' plain=''; fi
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
# Shows a command as it would be typed, then runs it.
show() {
  local word line='$'
  for word in "$@"; do
    case $word in *[[:space:]]*) line+=" \"$word\"" ;; *) line+=" $word" ;; esac
  done
  echo "$line"
  "$@"
}

step "Building"
scripts/setup.sh build
cmake --preset release
cmake --build --preset release
export PATH=$root/build/release/cli:$PATH

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
cp "$examples"/models/{device,server}.crayon "$examples"/pool/pool.crayon "$work"
cp "$root/examples/pool/$task.jsonl" "$work/mine.jsonl"
cp "$root/examples/demo/questions.jsonl" "$work"
cd "$work"

step "1. The models: one for a board, one for the machine behind it, and the board's pool"
for bundle in device.crayon server.crayon pool.crayon; do
  show crayon verify "$bundle"
done

step "2. Ask the board's model a customer's question (the right answer: $right)"
show crayon ask device.crayon "$mine"

step "3. Blend the pool into the customer's own adapter, from $(wc -l <mine.jsonl) examples"
echo "(Nothing is trained, and the examples' answers are not looked at.)"
head -n 2 mine.jsonl
show crayon blend pool.crayon --base device.crayon --examples mine.jsonl -o mine.crayon

step "4. Ask again, with the adapter (the right answer: $right)"
show crayon ask device.crayon --adapter mine.crayon "$mine"

step "5. One question is an anecdote: fifty of the same task, alone and with the adapter"
show crayon eval device.crayon questions.jsonl
show crayon eval device.crayon questions.jsonl --adapter mine.crayon

step "6. A question that is beyond it, with the larger model in reach"
echo "(The larger model is a second crayon on this machine; any OpenAI-compatible server will do.)"
crayon serve server.crayon --port 0 >serve.log 2>&1 &
server=$!
url=
for _ in $(seq 100); do
  url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' serve.log | head -n 1 || true)
  [ -z "$url" ] || break
  sleep 0.1
done
[ -n "$url" ] || { echo "the server did not start:"; cat serve.log; exit 1; }
show crayon ask device.crayon --adapter mine.crayon --remote "$url" --threshold "$threshold" \
  "$beyond"

step "7. The same question after the larger model has gone"
kill "$server"
wait "$server" 2>/dev/null || true
server=
show crayon ask device.crayon --adapter mine.crayon --remote "$url" --threshold "$threshold" \
  "$beyond"

step "Done"
echo "answered, blended, answered better, offloaded, and fell back: all of it on this machine"

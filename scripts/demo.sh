#!/usr/bin/env bash
# Installs what is missing, builds, and runs the main job from end to end with the shipped models:
# a small model gets a customer's question wrong, a few examples make its own adapter from a pool,
# the same question comes out right, what is beyond it goes to a server, and when that one is gone
# the local answer stands.
# Usage: scripts/demo.sh
# CRAYON_DEMO_MODELS names another folder with models/ and pool/, such as one of your own training.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
examples=$(realpath "${CRAYON_DEMO_MODELS:-$root/examples}")
cd "$root"

# The customer's task, one of docs/tasks.md. No adapter was trained on it.
# examples/demo/questions.jsonl: crayon-train tasks --set custom -n 50 --seed 200 $task
task=step_guide
mine="Step 1: read the dial. Step 2: remove the tray. Step 3: wipe the lens. Step 4: loosen the nut.
Which step is just before loosen the nut?"
right="wipe the lens"
# Of another customer's task: the device answers wrongly, and without being sure.
beyond="Box 14 holds 65 screws. Box 11 holds 40 springs. Box 28 holds 50 plugs.
Which part has the greatest number?"
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

step "1. A model for a board, a pool of adapters for it, and a larger model for a server"
for bundle in device.crayon pool.crayon server.crayon; do
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
show crayon eval device.crayon questions.jsonl --by text
show crayon eval device.crayon questions.jsonl --by text --adapter mine.crayon

step "6. A question beyond it, with a larger model in reach"
echo "(Any OpenAI-compatible server will do. This one is a second crayon, with the server's model.)"
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

step "7. The same question after the server has gone"
kill "$server"
wait "$server" 2>/dev/null || true
server=
show crayon ask device.crayon --adapter mine.crayon --remote "$url" --threshold "$threshold" \
  "$beyond"

step "Done"
echo "answered, blended, answered better, offloaded, and fell back: all of it on this machine"

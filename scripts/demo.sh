#!/usr/bin/env bash
# Installs what is missing, builds, and runs the main job from end to end: pack a model, answer
# offline, blend a pool of adapters from a few examples, and offload a question to a larger model.
# Usage: scripts/demo.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

bold=$'\e[1m' plain=$'\e[0m'
if [ ! -t 1 ] || [ "${NO_COLOR:-}" ]; then bold='' plain=''; fi
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
# Shows a command as it would be typed, then runs it.
show() {
  local word line='$'
  for word in "$@"; do
    case $word in *' '*) line+=" \"$word\"" ;; *) line+=" $word" ;; esac
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
assets=${CRAYON_ASSETS:-$root/../shared/assets}
stories=$assets/models/stories260K/stories260K.gguf
cd "$work"

step "1. Pack a model into a compressed, verified bundle"
if [ -f "$stories" ]; then
  echo "(stories260K: a real Llama of 260 thousand parameters that tells children's stories)"
  cp "$stories" stories260K.gguf
  show crayon pack stories260K.gguf -o model.crayon
else
  echo "(No trained model is at hand, so this one has seeded random weights:"
  echo " everything runs as with a real one, but what it says is noise.)"
  show crayon pack --random tiny --seed 1 -o model.crayon
fi
show crayon verify model.crayon

step "2. Decode, offline, with int8 weights"
show crayon run model.crayon -p "Once upon a time" -n 60
echo

step "3. Blend a pool of four adapters into one, from three example questions"
echo "(The adapters have seeded random numbers: they show the commands, and teach nothing.)"
crayon info model.crayon --json | "$root/examples/demo/make_adapters.py" adapters
cp "$root"/examples/demo/*.jsonl .
show crayon pack-pool adapters/sensors=sensors.jsonl adapters/schedules=schedules.jsonl \
  adapters/parts=parts.jsonl adapters/places=places.jsonl --base model.crayon -o pool.crayon
show crayon blend pool.crayon --base model.crayon --examples mine.jsonl -o mine.crayon
show crayon run model.crayon --adapter mine.crayon -p "Once upon a time" -n 60
echo

step "4. Ask: the local model alone"
show crayon ask model.crayon --adapter mine.crayon -n 40 "Where is the meter?"

step "5. Ask again, with a larger model in reach, and a threshold that the local answer misses"
echo "(The larger model is a second crayon, serving the same bundle on this machine.)"
crayon serve model.crayon --port 0 >serve.log 2>&1 &
server=$!
url=
for _ in $(seq 100); do
  url=$(grep -oE 'http://127\.0\.0\.1:[0-9]+' serve.log | head -n 1 || true)
  [ -z "$url" ] || break
  sleep 0.1
done
[ -n "$url" ] || { echo "the server did not start:"; cat serve.log; exit 1; }
show crayon ask model.crayon --adapter mine.crayon -n 40 --remote "$url" --threshold 0.99 \
  "Where is the meter?"

step "6. The same question after the larger model has gone"
kill "$server"
wait "$server" 2>/dev/null || true
server=
show crayon ask model.crayon --adapter mine.crayon -n 40 --remote "$url" --threshold 0.99 \
  "Where is the meter?"

step "Done"
echo "packed, verified, decoded, blended, asked, offloaded, and fell back: all of it worked"

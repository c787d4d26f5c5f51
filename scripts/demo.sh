#!/usr/bin/env bash
# Installs what is missing, builds, and runs the main job from end to end: pack a model, answer
# offline, blend a pool of adapters from a few examples, and offload a question to a larger model.
# Usage: scripts/demo.sh
set -euo pipefail
cd "$(dirname "$0")/.."

bold=$'\e[1m' plain=$'\e[0m'
if [ ! -t 1 ] || [ "${NO_COLOR:-}" ]; then bold= plain=; fi
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
# Shows a command as it would be typed, then runs it.
show() { printf '$ %s\n' "$*"; "$@"; }

step "Building"
scripts/setup.sh build
cmake --preset release >build-demo.log 2>&1 || { cat build-demo.log; exit 1; }
rm build-demo.log
cmake --build --preset release
export PATH=$PWD/build/release/cli:$PATH

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
assets=${CRAYON_ASSETS:-../shared/assets}
examples=$PWD/examples/demo
cd "$work"

step "1. Pack a model into a compressed, verified bundle"
if [ -f "$OLDPWD/$assets/models/stories260K/stories260K.gguf" ]; then
  source=$(realpath "$OLDPWD/$assets/models/stories260K/stories260K.gguf")
  echo "(stories260K: a real Llama of 260 thousand parameters that tells children's stories)"
  show crayon pack "$source" -o model.crayon
else
  echo "(No trained model is at hand, so this one has seeded random weights:"
  echo " everything runs as with a real one, but what it says is noise.)"
  show crayon pack --random tiny --seed 1 -o model.crayon
fi
show crayon info model.crayon
show crayon verify model.crayon

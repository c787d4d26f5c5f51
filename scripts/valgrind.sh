#!/usr/bin/env bash
# Runs the main flows of the native build under Valgrind's memcheck: the library's own tests, and the
# program from packing to serving. Any error or leak fails.
# Usage: scripts/valgrind.sh    (after: cmake --build --preset native)
set -uo pipefail
cd "$(dirname "$0")/.."
root=$PWD build=$PWD/build/native models=$PWD/examples/models
command -v valgrind >/dev/null || { echo "valgrind.sh: install valgrind first" >&2; exit 2; }
[ -x "$build/cli/crayon" ] || { echo "valgrind.sh: build first: cmake --build --preset native" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failed=0

# check NAME COMMAND...
check() {
  local name=$1 began=$SECONDS
  shift
  if valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
      "$@" >"$work/log" 2>&1; then
    printf 'ok      %4d s  %s\n' $((SECONDS - began)) "$name"
  else
    printf 'FAILED  %4d s  %s\n' $((SECONDS - began)) "$name"
    tail -n 40 "$work/log"
    failed=1
  fi
}
crayon() { check "crayon $1" "$build/cli/crayon" "$@"; }

for test in api_misuse_test api_flow_test api_memory_test; do
  check "$test" "$build/tests/c_api/$test"
done
crayon pack --random tiny -o tiny.crayon
crayon verify tiny.crayon
crayon info tiny.crayon --json
crayon keygen -o key
crayon sign tiny.crayon --key key.sec --release 1
crayon run "$models/device.crayon" -p "The pump" -n 8 --temp 0.8 --seed 1
crayon ask "$models/device.crayon" --remote http://127.0.0.1:9 --route remote "What is the pressure?"
crayon blend "$root/examples/pool/pool.crayon" --base "$models/device.crayon" \
  --examples "$root/examples/demo/questions.jsonl" -o mine.crayon
crayon eval "$models/device.crayon" "$root/examples/pool/levels.jsonl" --adapter mine.crayon --limit 2
head -c 3000 "$root/README.md" >text.txt
crayon read "$models/device.crayon" -f text.txt --context 256 -o state.crayon
crayon ask "$models/device.crayon" --state state.crayon "What is Crayon?"
crayon embed "$root/examples/encoder/scenes.crayon" -p "a (red:1.5) circle" \
  --image "$root/examples/encoder/pictures/00001.ppm" --json
crayon bench tiny.crayon -p 16 -n 4 -r 1 -t 2
crayon golden tiny.crayon -o golden.txt
crayon install tiny.crayon --golden golden.txt --allow-unsigned --activate --root store
crayon status --root store
exit "$failed"

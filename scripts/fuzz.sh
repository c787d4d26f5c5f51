#!/usr/bin/env bash
# Builds the fuzz targets with libFuzzer and the sanitizers (scripts/setup.sh fuzz installs Clang),
# and lets each search for a while, one after the other.
# Usage: scripts/fuzz.sh [SECONDS] [TARGET...]
#   SECONDS  of each target; 60 by default
#   TARGET   those of tests/fuzz/corpus by default
# New inputs, logs and findings (crash-..., timeout-..., oom-...) go to build/fuzz/out/TARGET. Ends
# with 1 when a target found something.
set -uo pipefail
cd "$(dirname "$0")/.."

usage() {
  echo "usage: scripts/fuzz.sh [SECONDS] [TARGET...]" >&2
  exit 2
}

seconds=60
case ${1:-} in
  -*) usage ;;
  [0-9]*) seconds=$1; shift ;;
esac
targets=("$@")
[ $# -gt 0 ] || mapfile -t targets < <(ls tests/fuzz/corpus)
for target in "${targets[@]}"; do
  [ -d "tests/fuzz/corpus/$target" ] || { echo "fuzz: no target $target" >&2; usage; }
done

cmake --preset fuzz >/dev/null && cmake --build --preset fuzz --target "${targets[@]/#/fuzz_}" ||
  exit 1

# The words that a target's inputs are made of.
dictionary_of() {
  case $1 in
    http_*) echo http ;;
    chat_re* | text_request | task_file | json_guide) echo json ;;
    safetensors | peft | huggingface_folder | tokenizer_*) echo importers ;;
    gguf | chat_template) echo "$1" ;;
  esac
}

# search TARGET: prints what the search came to.
search() {
  local target=$1 out=build/fuzz/out/$1 words options=()
  mkdir -p "$out/corpus"
  words=$(dictionary_of "$target")
  [ -z "$words" ] || options+=("-dict=tests/fuzz/$words.dict")
  build/fuzz/tests/fuzz/fuzz_"$target" "$out/corpus" "tests/fuzz/corpus/$target" "${options[@]}" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$out/" >"$out/log" 2>&1
  local status=$?
  printf '%-20s %5d s %10d runs  %s\n' "$target" "$seconds" \
    "$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/log")" \
    "$([ $status -eq 0 ] && echo ok || echo "FOUND SOMETHING: see $out/log")"
  return $status
}

found=0
for target in "${targets[@]}"; do
  search "$target" || found=1
done
exit $found

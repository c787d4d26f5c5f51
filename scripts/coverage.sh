#!/usr/bin/env bash
# Measures which lines of formats/ and transport/ their tests run: builds what tests these folders,
# with gcc's counters, runs it, and prints the share of each folder and the files with most lines
# that no test runs. Needs gcovr, which scripts/setup.sh coverage installs.
# Usage: scripts/coverage.sh [FILES]
#   FILES  how many files to print; 15 by default
# build/coverage/lines/index.html shows the lines.
set -euo pipefail
cd "$(dirname "$0")/.."
files=${1:-15}
command -v gcovr >/dev/null || { echo "coverage: run scripts/setup.sh coverage first" >&2; exit 4; }
build=build/coverage

# What reads files or the network's bytes; the targets of the runtime would build all of it.
fuzzed=(address bundle_index charsmap chat_reply_chunk chat_request chat_template gguf http_reply
        http_request huggingface_folder peft picture safetensors sse text_request tokenizer_file
        tokenizer_json)
cmake --preset coverage >/dev/null
cmake --build --preset coverage --target \
  tests/formats/all tests/transport/all "${fuzzed[@]/#/fuzz_}"

# run_tests FOLDER [OPTIONS...]: of tests/FOLDER; shows the log when one fails.
run_tests() {
  local log=$build/$1.log
  ctest --test-dir "$build/tests/$1" -j "$(nproc)" --output-on-failure "${@:2}" >"$log" ||
    { tail -n 60 "$log"; exit 1; }
}

find "$build" -name '*.gcda' -delete  # an earlier run's counters would add up
run_tests formats
run_tests transport -E soak           # which repeats what the others do, a hundred thousand times
names=$(IFS='|'; echo "${fuzzed[*]/#/fuzz_}")
run_tests fuzz -R "^($names)\$"

mkdir -p "$build/lines"
gcovr --root . --object-directory "$build" --filter formats/ --filter transport/ -j "$(nproc)" \
  --json-summary "$build/lines.json" --html-details "$build/lines/index.html" >/dev/null
python3 - "$build/lines.json" "$files" <<'PYTHON'
import collections, json, os, sys

files = json.load(open(sys.argv[1]))["files"]
folders = collections.defaultdict(lambda: [0, 0])
for file in files:
    parts = os.path.dirname(file["filename"]).split("/")
    for depth in range(1, len(parts) + 1):  # a folder's lines are those of the folders in it, too
        count = folders["/".join(parts[:depth])]
        count[0] += file["line_covered"]
        count[1] += file["line_total"]
for folder, (covered, total) in sorted(folders.items()):
    print(f"{100 * covered / total:6.1f} %  {covered:5} of {total:5}  {folder}/")
print()
files.sort(key=lambda file: file["line_covered"] - file["line_total"])
for file in files[: int(sys.argv[2])]:
    missed = file["line_total"] - file["line_covered"]
    print(f"{file['line_percent']:6.1f} %  {missed:5} missed    {file['filename']}")
PYTHON

#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test:
#   native   this machine
#   asan     AddressSanitizer and UndefinedBehaviorSanitizer
#   aarch64  cross-compiled, under qemu-aarch64 as Cortex-A53 (plain armv8.0); as Cortex-A76 and max
#            (all that there is) what depends on the kernels; as Cortex-A72, which has the A53's
#            instructions, that they are chosen and compute as they do there
#   board    an engineer's day with a virtual board, from flashing to a rollback
#   style    clang-format
# Usage: scripts/test.sh [--quick | --full]
#   --quick  the native tests only, with what is installed already
#   --full   besides, ThreadSanitizer for what starts threads, and clang-tidy
set -uo pipefail
cd "$(dirname "$0")/.."

quick=false full=false
case ${1:-} in
  '') ;;
  --quick) quick=true ;;
  --full) full=true ;;
  *) echo "usage: scripts/test.sh [--quick | --full]" >&2; exit 2 ;;
esac

jobs=$(nproc)
# Tests whose results come out of the kernels, by their names.
arithmetic='kernels|model_test|logits|adapter|lora|eval_test|generator|api_flow|cli_golden|cli_flow'
# Where ccache is installed, a clone in another folder finds what an earlier one compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
# ccache keeps what is compiled with a precompiled header only when told so.
export CCACHE_SLOPPINESS=pch_defines,time_macros
logs=build/logs
mkdir -p "$logs"
started=$SECONDS
passed=0 failed=0 skipped=0
rows=()

# stage NAME COMMAND...: runs a command, its output in a log that is shown when it fails.
stage() {
  local name=$1 began=$SECONDS log=$logs/${1// /-}.log
  shift
  printf '%-24s ' "$name"
  if "$@" >"$log" 2>&1; then
    count_tests "$log"
    printf 'ok      %4d s  %s\n' $((SECONDS - began)) "$tests"
    rows+=("$name ok")
    return 0
  fi
  count_tests "$log"
  printf 'FAILED  %4d s  %s\n' $((SECONDS - began)) "$tests"
  [ "$tests" ] || failed=$((failed + 1))
  echo "---- the end of $log:"
  tail -n 60 "$log"
  echo "----"
  rows+=("$name FAILED")
  return 1
}

# Adds ctest's counts, where the log has any, to the totals.
count_tests() {
  tests=
  local line
  line=$(grep -E 'tests passed, [0-9]+ tests failed out of [0-9]+' "$1" | tail -n 1)
  [ "$line" ] || return 0
  local bad all skip
  bad=$(sed -E 's/.* ([0-9]+) tests failed.*/\1/' <<<"$line")
  all=$(sed -E 's/.* out of ([0-9]+).*/\1/' <<<"$line")
  skip=$(grep -cE '\*\*\*Skipped' "$1")
  passed=$((passed + all - bad - skip))
  failed=$((failed + bad))
  skipped=$((skipped + skip))
  tests="$((all - bad - skip)) passed, $bad failed, $skip skipped"
}

configure_and_build() {
  cmake --preset "$1" -DCRAYON_WERROR=ON && cmake --build --preset "$1"
}

test_preset() {
  local preset=$1
  shift
  if stage "build $preset" configure_and_build "$preset"; then
    if [ $# -eq 0 ]; then
      stage "test $preset" ctest --preset "$preset" -j "$jobs"
    fi
    local cpu only
    for cpu in "$@"; do
      only=.
      case $cpu in
        cortex-a53) ;;
        cortex-a72) only='kernels|model_test' ;;
        *) only=$arithmetic ;;
      esac
      stage "test $preset $cpu" env QEMU_CPU="$cpu" ctest --preset "$preset" -j "$jobs" -R "$only"
    done
  fi
}

check_format() {
  git ls-files '*.h' '*.cpp' '*.inl' | xargs clang-format --dry-run --Werror
}

tidy() {
  # Sources that the native build does not compile (the ARM kernels) have no entry to check with.
  # The command line's are left out: its parser's headers take half a minute each.
  git ls-files 'base/*.cpp' 'kernels/*.cpp' 'transport/*.cpp' 'formats/*.cpp' 'runtime/*.cpp' \
      'serving/*.cpp' 'c_api/*.cpp' | grep -vE 'paths/(neon|dotprod)' |
    xargs -P "$jobs" -n 1 clang-tidy --quiet -p build/native \
      --extra-arg=-Wno-unknown-warning-option
}

if $quick; then
  test_preset native
else
  stage "setup" scripts/setup.sh test || exit 1
  stage "format" check_format
  test_preset native
  test_preset asan
  test_preset aarch64 cortex-a53 cortex-a72 cortex-a76 max
  # The engineer's day on the virtual board, with the programs built above.
  if stage "setup board" scripts/setup.sh board; then
    stage "day on a board" toolchains/virtual-board/day.sh --quick \
      --program build/aarch64/cli/crayon --host-crayon build/native/cli/crayon
  fi
  if $full; then
    test_preset tsan
    stage "tidy" tidy
  fi
fi

echo
printf '%s\n' "${rows[@]}" | awk '{ bad += / FAILED$/ } END { print NR " stages, " bad " failed" }'
echo "$((SECONDS - started)) seconds"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && ! printf '%s\n' "${rows[@]}" | grep -q FAILED

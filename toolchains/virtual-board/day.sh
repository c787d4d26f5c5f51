#!/usr/bin/env bash
# An engineer's day with a board, on the virtual one: flash, measure, answer offline, adapt, offload,
# refuse bad updates, lose power, update, roll back. Prints each command with what it says, checks it,
# and ends with a table. docs/board-guide.md is the same for real boards.
# Usage: toolchains/virtual-board/day.sh [OPTIONS]
#   --quick             fewer questions and a smaller large bundle: some minutes, for every change
#   --program FILE      the aarch64 program; default: build/board/cli/crayon, else build/aarch64/...
#   --host-crayon FILE  this machine's; default: build/native/cli/crayon, else build/release/...
#   --packages DIR      the library's arm64 packages; default: build/aarch64; none there: no step with them
#   --dir DIR           the board's files; default: build/virtual-board
#   --kind, --cpu       as in board.sh
#   --keep              leave the board running and the files of the day in place
# Exit codes: 0 all as expected, 1 not, 2 usage, 4 this machine.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

usage() { sed -n '/^# Usage/,/^# Exit/p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
fail() { echo "day: $1" >&2; [ $# -lt 2 ] || echo "  hint: $2" >&2; exit 4; }

quick=false program='' native='' packages=$top/build/aarch64 dir=$top/build/virtual-board kind=small cpu=cortex-a76 keep=false
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=true; shift ;;
    --program) program=${2:?}; shift 2 ;;
    --host-crayon) native=${2:?}; shift 2 ;;
    --packages) packages=${2:?}; shift 2 ;;
    --dir) dir=${2:?}; shift 2 ;;
    --kind) kind=${2:?}; shift 2 ;;
    --cpu) cpu=${2:?}; shift 2 ;;
    --keep) keep=true; shift ;;
    *) usage ;;
  esac
done

first_of() {
  local file
  for file in "$@"; do
    if [ -x "$file" ]; then readlink -f "$file"; return; fi
  done
}
program=$(first_of ${program:+"$program"} "$top/build/board/cli/crayon" "$top/build/aarch64/cli/crayon")
native=$(first_of ${native:+"$native"} "$top/build/native/cli/crayon" "$top/build/release/cli/crayon")
[ "$program" ] || fail "there is no aarch64 program" "cmake --preset board && cmake --build --preset board"
[ "$native" ] || fail "there is no crayon for this machine" "cmake --preset native && cmake --build --preset native"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
packages=$(readlink -f "$packages")

questions=12 large_layers=28
if $quick; then questions=4 large_layers=14; fi
store=/var/lib/crayon
work=$(mktemp -d)
mkdir "$work/bin"
ln -s "$native" "$work/bin/crayon"
PATH=$work/bin:$PATH
cd "$work"

free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo $port; return; }
  done
}
port=$(free_port)
reach=$(free_port)
server='' copier=''

clean_up() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$copier" ] || kill "$copier" 2>/dev/null || true
  if $keep; then
    echo "day: the board runs on, and the files are in $work"
  else
    "$here/board.sh" cut --dir "$dir" --kind "$kind" >/dev/null 2>&1 || true
    rm -rf "$work"
  fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# ---- showing and checking ------------------------------------------------------------------------

rows=() problems=0 current='' began=0 bad=0 output='' code=0

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

end_step() {
  [ "$current" ] || return 0
  local result=ok
  [ $bad -eq 0 ] || result=FAILED
  rows+=("$(awk -v name="$current" -v ms=$(($(milliseconds) - began)) -v result=$result \
    'BEGIN { printf "%-52s | %7.1f | %s", name, ms / 1000, result }')")
  problems=$((problems + bad))
  current=''
}

step() {
  end_step
  current=$1 began=$(milliseconds) bad=0
  printf '\n== %s\n' "$1"
}

problem() {
  bad=$((bad + 1))
  echo "!! $1"
}

words() {
  local word line=''
  for word in "$@"; do
    word=${word#"$top"/}
    case $word in
      *$'\n'*) line+=" \"${word//$'\n'/ }\"" ;;
      *[[:space:]\;\>\<\&\|*]*) line+=" \"$word\"" ;;
      *) line+=" $word" ;;
    esac
  done
  echo "${line# }"
}

# run PROMPT COMMAND...: shows the command and what it says, which is left in $output, its code in $code.
# `read_as` is the text of the command to show instead.
run() {
  local prompt=$1 started
  shift
  started=$(milliseconds)
  echo "$prompt ${read_as:-$(words "$@")}"
  read_as=''
  code=0
  output=$("$@" 2>&1) || code=$?
  [ -z "$output" ] || printf '%s\n' "$output"
  [ $code -eq 0 ] || echo "(exit code $code)"
  awk -v ms=$(($(milliseconds) - started)) 'BEGIN { if (ms >= 1000) printf "(%.1f s)\n", ms / 1000 }'
}
read_as=''

host() { run '$' "$@"; }

on_board() {
  local word line=''
  for word in "$@"; do line+=" '${word//\'/\'\\\'\'}'"; done
  ssh -F "$dir/$kind/ssh_config" board "${line# }"
}
target() {
  read_as=$(words "$@")
  run 'board#' on_board "$@"
}
flash() { host "$top/toolchains/board/flash.sh" -F "$dir/$kind/ssh_config" "$@"; }
board_sh() { local verb=$1; shift; host "$here/board.sh" "$verb" --dir "$dir" --kind "$kind" "$@"; }

# Of the last command.
wants_code() { [ "$code" = "$1" ] || problem "its exit code should be $1"; }
wants() { grep -qE -- "$1" <<<"$output" || problem "it should say: $1"; }
# wants_refusal CODE TEXT: and that what answered before still does, so far as the store's state says.
wants_refusal() {
  wants_code "$1"
  wants "$2"
  show_active
  wants "deployment $active is active"
}

show_active() { target sh -c "crayon status --root $store | head -n 1"; }
active_number() { sed -nE 's/.*: deployment ([0-9]+) is active.*/\1/p' <<<"$output"; }

answers_as_before() {
  target crayon ask $store "$question"
  wants_code 0
  [ "$(head -n 1 <<<"$output")" = "$first_answer" ] || problem "it should answer as before: $first_answer"
}

# ---- the day -------------------------------------------------------------------------------------

examples=$top/examples
cp "$examples/demo/questions.jsonl" .
cp "$examples/pool/step_guide.jsonl" mine.jsonl
question="Step 1: read the dial. Step 2: remove the tray. Step 3: wipe the lens. Step 4: loosen the nut.
Which step is just before loosen the nut?"
right="wipe the lens"
beyond="Box 14 holds 65 screws. Box 11 holds 40 springs. Box 28 holds 50 plugs.
Which part has the greatest number?"

step "make the board"
board_sh make --fresh
wants_code 0
[ "$code" = 0 ] || fail "there is no board without that"

step "boot it"
board_sh up --port "$port" --reach "$reach" --cpu "$cpu"
wants_code 0
[ "$code" = 0 ] || fail "there is no day without a board"
target uname -a
wants aarch64
if [ "$kind" = small ]; then board_sh libraries "$program"; fi

step "keys, signatures, golden tokens"
host crayon keygen -o publisher
wants_code 0
host crayon keygen -o stranger
host crayon sign "$examples/models/device.crayon" --key publisher.sec --release 10 -o device-10.crayon
wants_code 0
host crayon sign "$examples/pool/pool.crayon" --key publisher.sec --release 10 -o pool-10.crayon
host crayon golden device-10.crayon -n 16 --seconds 120 -o golden.txt
wants_code 0
host crayon ask device-10.crayon "$question"
first_answer=$(head -n 1 <<<"$output")

step "flash program, key, model, pool"
flash --program "$program" --key publisher.pub --golden golden.txt --no-activate board device-10.crayon pool-10.crayon
wants_code 0
wants 'deployment 1: waiting'
target crayon doctor --no-bandwidth
wants_code 0
wants 'kernels +(dotprod|neon|i8mm) +chosen'

step "activate: health check, packed image, switch"
target crayon activate --root $store
wants_code 0
wants '16 golden tokens'
target crayon status --root $store
wants 'deployment 1 is active'
wants 'packed image fits'
active=1

step "a copy that breaks off goes on where it stopped"
cat >large.json <<JSON
{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 8192,
 "hidden_size": 512, "num_hidden_layers": $large_layers, "num_attention_heads": 8,
 "num_key_value_heads": 4, "intermediate_size": 1536, "max_position_embeddings": 512,
 "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu", "tie_word_embeddings": true,
 "bos_token_id": 0, "eos_token_id": 0, "torch_dtype": "float32"}
JSON
host crayon pack --random large.json -o large.crayon
wants_code 0
host crayon sign large.crayon --key publisher.sec --release 11 -o large-11.crayon
"$top/toolchains/board/flash.sh" -F "$dir/$kind/ssh_config" --no-program --no-activate board large-11.crayon >copy.log 2>&1 &
copier=$!
echo "\$ toolchains/board/flash.sh ... large-11.crayon &"
for _ in $(seq 300); do
  there=$(on_board sh -c "wc -c <$store/uploads/large-11.crayon.part" 2>/dev/null || echo 0)
  if [ "$there" -gt 5000000 ] || ! kill -0 "$copier" 2>/dev/null; then break; fi
  sleep 0.2
done
board_sh ssh-network off
code=0
wait "$copier" || code=$?
copier=''
output=$(cat copy.log)
echo "$output"
wants_code 5
wants 'the connection to board broke'
board_sh ssh-network on
sleep 2
flash --no-program --no-activate board large-11.crayon
wants_code 0
wants 'are there already'
wants 'large-11.crayon: .* copied and compared'

step "offline: questions and answers"
board_sh network off
target crayon ask $store "$question"
wants_code 0
[ "$(head -n 1 <<<"$output")" = "$first_answer" ] || problem "it should answer as the workstation: $first_answer"
on_board sh -c 'cat >/root/files/questions.jsonl' <questions.jsonl 2>/dev/null ||
  on_board sh -c 'mkdir -p /root/files && cat >/root/files/questions.jsonl' <questions.jsonl
host crayon eval device-10.crayon questions.jsonl --by text --limit "$questions" --json
here_says=$output
target crayon eval $store /root/files/questions.jsonl --by text --limit "$questions" --json
wants_code 0
[ "$output" = "$here_says" ] || problem "it should be as on the workstation"

step "bench (emulated: its speeds say nothing)"
target crayon bench $store -p 32 -n 8 -r 1 -o json
wants_code 0
case $output in
  *'"emulated":'*) wants '"emulated": ?true' ;;
  *) echo "note: this bench does not say whether the machine is emulated" ;;
esac

step "an adapter of one's own, blended on the board"
on_board sh -c 'cat >/root/files/mine.jsonl' <mine.jsonl
target crayon blend $store/active/pool.crayon --base $store --examples /root/files/mine.jsonl -o /root/files/mine.crayon
wants_code 0
target crayon install /root/files/mine.crayon --root $store --activate
wants_code 1
wants 'is not signed'
target crayon install /root/files/mine.crayon --root $store --activate --allow-unsigned
wants_code 0
show_active
active=$(active_number)
target crayon ask $store --adapter $store/active/mine.crayon "$question"
wants_code 0
wants "^$right"

host crayon blend pool-10.crayon --base device-10.crayon --examples mine.jsonl -o mine.crayon
host crayon eval device-10.crayon questions.jsonl --by text --limit "$questions" --json --adapter mine.crayon
adapted_here=$output
target crayon eval $store /root/files/questions.jsonl --by text --limit "$questions" --json --adapter $store/active/mine.crayon
wants_code 0
[ "$output" = "$adapted_here" ] || problem "it should be as on the workstation"
[ "$output" != "$here_says" ] || problem "the adapter should change the answers"

# shellcheck source=programs.sh
. "$here/programs.sh"
if compgen -G "$packages/libcrayon-dev_*_arm64.deb" >/dev/null; then
  step "programs of one's own, with the library"
  build_examples "$packages"
  install_library "$packages"
  run_examples
  run_python
else
  echo "(no step with the library: there are no packages in $packages)"
fi

step "offload to a larger model, and without it again"
board_sh network on
echo "\$ crayon serve server.crayon --port $reach &"
crayon serve "$examples/models/server.crayon" --port "$reach" >serve.log 2>&1 &
server=$!
for _ in $(seq 100); do
  ! grep -q "http://127.0.0.1:$reach" serve.log || break
  sleep 0.1
done
remote=(--adapter "$store/active/mine.crayon" --remote "http://10.0.3.100:$reach" --threshold 0.5)
target crayon ask $store "${remote[@]}" "$beyond"
wants_code 0
wants '^remote'
echo "\$ kill the server"
kill "$server"
wait "$server" 2>/dev/null || true
server=''
target crayon ask $store "${remote[@]}" "$beyond"
wants_code 0
wants '^local'
board_sh network off
target crayon ask $store "${remote[@]}" --deadline 3000 "$beyond"
wants_code 0
wants '^local'

step "bad updates are refused"
update=(--no-program board)
head -c 2000000 device-10.crayon >truncated.crayon
flash "${update[@]}" truncated.crayon
wants_refusal 3 'truncated.crayon'
cp "$examples/models/reader.crayon" unsigned.crayon
flash "${update[@]}" unsigned.crayon
wants_refusal 1 'is not signed'
host crayon sign "$examples/models/reader.crayon" --key stranger.sec --release 12 -o strange.crayon
flash "${update[@]}" strange.crayon
wants_refusal 1 'which is not trusted here'
host crayon sign "$examples/models/device.crayon" --key publisher.sec --release 9 -o device-9.crayon
flash "${update[@]}" device-9.crayon
wants_refusal 1 'is release 9 of model, and release 10 was active'
host crayon sign "$examples/models/reader.crayon" --key publisher.sec --release 12 -o reader-12.crayon
host crayon sign "$examples/oracles/levels.crayon" --key publisher.sec --release 12 -o levels.crayon
flash "${update[@]}" reader-12.crayon levels.crayon
wants_refusal 3 'belongs to another model'
awk '/^tokens/ { $2 = $2 + 1 } { print }' golden.txt >wrong.txt
host crayon sign "$examples/models/device.crayon" --key publisher.sec --release 13 -o device-13.crayon
flash --golden wrong.txt "${update[@]}" device-13.crayon
wants_refusal 1 'answers the golden prompt with token'
answers_as_before

step "power cut in the middle of an installation"
host crayon sign large.crayon --key publisher.sec --release 14 -o large-14.crayon
echo "\$ toolchains/board/flash.sh ... large-14.crayon &"
"$top/toolchains/board/flash.sh" -F "$dir/$kind/ssh_config" --no-program --no-activate board large-14.crayon >copy.log 2>&1 &
copier=$!
# Ends when there is a deployment that is not complete yet.
on_board sh -c "tries=0
  while [ \$tries -lt 2400 ]; do
    for folder in $store/deployments/*; do
      [ -e \$folder/deployment.txt ] || { echo installing \$folder; exit 0; }
    done
    sleep 0.05; tries=\$((tries + 1))
  done
  exit 1" || problem "the installation was not seen"
board_sh cut
wait "$copier" 2>/dev/null || true
copier=''
board_sh up --port "$port" --reach "$reach" --cpu "$cpu"
wants_code 0
target sh -c "ls $store $store/deployments/*"
target crayon status --root $store --verify
wants_code 0
wants "deployment $active is active"
answers_as_before

step "a good update"
host crayon golden reader-12.crayon -n 16 --seconds 120 -o golden-reader.txt
flash --golden golden-reader.txt "${update[@]}" reader-12.crayon
wants_code 0
before=$active
target crayon status --root $store --verify
wants_code 0
active=$(active_number)
[ "${active:-0}" -gt "$before" ] || problem "the update should be active"
host crayon ask reader-12.crayon "$question"
new_answer=$(head -n 1 <<<"$output")
target crayon ask $store "$question"
[ "$(head -n 1 <<<"$output")" = "$new_answer" ] || problem "it should answer as the new model: $new_answer"

step "roll back"
target crayon rollback --root $store
wants_code 0
wants "deployment $before: active again"
answers_as_before
target crayon ask $store --adapter $store/active/mine.crayon "$question"
wants "^$right"

step "shut down"
$keep || board_sh down
end_step

printf '\n%-52s | %7s | %s\n' step seconds result
printf '%s\n' "${rows[@]}"
awk -v s=$SECONDS -v bad=$problems 'BEGIN { printf "%-52s | %7d | %s\n", "all", s, bad ? bad " problems" : "ok" }'
[ $problems -eq 0 ] || exit 1

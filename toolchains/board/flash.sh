#!/usr/bin/env bash
# Brings the program, bundles, a trusted key and golden tokens to a board over ssh, installs them in
# its store, lets them answer, and shows the board's `crayon status`. The board needs an ssh server and
# a POSIX shell with dd, df, sha256sum and the like; busybox will do. docs/board-guide.md goes through it.
# Usage: toolchains/board/flash.sh [OPTIONS] BOARD BUNDLE...
#        toolchains/board/flash.sh --image OUT [OPTIONS] BUNDLE...
#   BOARD               what ssh calls it: a name of ~/.ssh/config, or user@address
#   BUNDLE              a model, a pool, adapters, as crayon install takes them
#   --program FILE      the program for the board; default: build/board/cli/crayon where it is there
#   --no-program        use the program that the board has
#   --key FILE.pub      a key to trust from now on
#   --add-key           trust it although the board trusts another one
#   --golden FILE       what the model should answer (crayon golden)
#   --root DIR          the store on the board; default: /var/lib/crayon
#   --bin DIR           the program's folder on the board; default: /usr/local/bin
#   --no-activate       install only; else a crayon.service that runs is restarted, too
#   --install-option X  handed to crayon install, such as --allow-unsigned; may be repeated
#   --activate-option X handed to crayon activate, such as --seconds=120; may be repeated
#   --sudo              be root on the board by `sudo -n`
#   -p PORT, -i FILE, -F FILE, -o OPTION    as in ssh
#   --image OUT         no board: write OUT.ext4, OUT.squashfs or a folder to be put into storage;
#                       image.sh beside this file says more
# A copy that broke off goes on where it stopped when the same command is given again.
# Exit codes: those of crayon; 2 usage, 4 the board or this machine, 5 the connection.
# shellcheck disable=SC2016  # what stands in single quotes is for the board's shell
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

usage() { sed -n '/^# Usage/,/^# Exit/p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
fail() {  # CODE SENTENCE [HINT]
  echo "flash: $2" >&2
  [ $# -lt 3 ] || echo "  hint: $3" >&2
  exit "$1"
}

# ---- the command line ----------------------------------------------------------------------------

program='' want_program=true key='' add_key=false golden='' root=/var/lib/crayon bin=/usr/local/bin
activate=true sudo=false
options=() install_options=() activate_options=()
if [ "${1:-}" = --image ]; then
  shift
  exec "$here/image.sh" "$@"
fi
while [ $# -gt 0 ]; do
  case $1 in
    --program) program=${2:?}; shift 2 ;;
    --no-program) want_program=false; shift ;;
    --key) key=${2:?}; shift 2 ;;
    --add-key) add_key=true; shift ;;
    --golden) golden=${2:?}; shift 2 ;;
    --root) root=${2:?}; shift 2 ;;
    --bin) bin=${2:?}; shift 2 ;;
    --no-activate) activate=false; shift ;;
    --install-option) install_options+=("${2:?}"); shift 2 ;;
    --activate-option) activate_options+=("${2:?}"); shift 2 ;;
    --sudo) sudo=true; shift ;;
    -p | -i | -F | -o) options+=("$1" "${2:?}"); shift 2 ;;
    --help | -h) usage ;;
    --) shift; break ;;
    -*) echo "flash: unknown option $1" >&2; usage ;;
    *) break ;;
  esac
done
[ $# -ge 2 ] || usage
board=$1
shift
bundles=("$@")
case $root$bin in *[!A-Za-z0-9._/+-]*) fail 2 "--root and --bin take letters, digits and . _ + - /" ;; esac
case $root in /*) ;; *) fail 2 "--root takes an absolute path, not $root" ;; esac
default_program=$top/build/board/cli/crayon
if $want_program && [ -z "$program" ] && [ -f "$default_program" ]; then
  program=$default_program
fi
$want_program || program=''
uploads=$root/uploads

# ---- this machine's side -------------------------------------------------------------------------

for tool in ssh sha256sum; do
  command -v $tool >/dev/null || fail 4 "$tool is not installed here" "scripts/setup.sh board"
done

size_of() { wc -c <"$1" | tr -d ' '; }
hash_of() { sha256sum | cut -d' ' -f1; }
text_of() { awk -v bytes="$1" 'BEGIN { if (bytes < 10000) print bytes " B"; else printf "%.1f MiB", bytes / 1048576 }'; }

check_files() {
  local file name names=' '
  for file in "${bundles[@]}" ${key:+"$key"} ${golden:+"$golden"} ${program:+"$program"}; do
    [ -r "$file" ] || fail 4 "there is no file $file to be read"
  done
  for file in "${bundles[@]}"; do
    name=$(basename "$file")
    case $name in *[!A-Za-z0-9._+-]* | .* | -*) fail 2 "$name: name bundles by letters, digits and . _ + -" ;; esac
    case $names in *" $name "*) fail 2 "two bundles are called $name" "rename one of them" ;; esac
    names+="$name "
  done
  case $names in *' flash-golden.txt '* | *' flash-key.pub '*) fail 2 "flash-golden.txt and flash-key.pub are taken" ;; esac
}

# The machine that a program is for, in the words of uname -m: bytes 18 and 19 of an ELF file.
machine_of() {
  case $(od -An -tx1 -j0 -N20 "$1" | tr -d ' \n') in
    7f454c4602*b700) echo aarch64 ;;
    7f454c4602*3e00) echo x86_64 ;;
    7f454c4601*2800) echo arm ;;
    *) echo unknown ;;
  esac
}

# The newest version of the GNU C library that a program asks for, such as 2.34; or nothing.
libc_of() { { grep -aoE 'GLIBC_2\.[0-9]+' "$1" || true; } | sort -uV | tail -n 1 | cut -d_ -f2; }

# ---- the connection ------------------------------------------------------------------------------

scratch=$(mktemp -d /tmp/flash.XXXXXX)  # names of sockets have to be short
sender=''
end_connection() {
  [ -z "$sender" ] || kill "$sender" 2>/dev/null || true
  ssh "${options[@]}" -S "$scratch/s" -O exit "$board" >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap end_connection EXIT
trap 'exit 130' INT TERM

connect() {
  ssh "${options[@]}" -o ControlMaster=yes -o ControlPath="$scratch/s" -o ServerAliveInterval=5 \
    -o ServerAliveCountMax=3 -f -N "$board" </dev/null ||
    fail 5 "ssh does not reach $board" "try: ssh ${options[*]:-} $board true"
}

quoted() {
  local word text=''
  for word in "$@"; do text+=" '${word//\'/\'\\\'\'}'"; done
  echo "${text# }"
}

# remote SCRIPT ARGUMENT...: has the board's shell run a script, its input being this one's.
remote() {
  local line
  line=$(quoted sh -c "$1" flash "${@:2}")
  ! $sudo || line="sudo -n $line"
  ssh "${options[@]}" -S "$scratch/s" "$board" "$line"
}

# As remote, for what has no input; ends the program when the connection breaks.
ask() {
  local code=0
  remote "$@" </dev/null || code=$?
  [ $code -ne 255 ] || fail 5 "the connection to $board broke" "give the same command again"
  return $code
}

# ---- the board's side ----------------------------------------------------------------------------

# Prints a line "NAME VALUE" for each thing to know.
survey_script='
mkdir -p "$1/uploads" "$2" || exit 1
: >"$1/uploads/.probe" && rm -f "$1/uploads/.probe" || exit 1
echo machine "$(uname -m)"
for loader in /lib/ld-linux-aarch64.so.1 /lib/aarch64-linux-gnu/ld-linux-aarch64.so.1; do
  if [ -e "$loader" ]; then echo loader "$loader"; fi
done
libc=$(getconf GNU_LIBC_VERSION 2>/dev/null) || libc=$(ldd --version 2>/dev/null | head -n 1) ||
  libc=$(/lib/ld-linux-aarch64.so.1 --version 2>/dev/null | head -n 1)
echo libc "${libc##* }"
df -Pk "$1" | tail -n 1 | { read -r device all used free share mount; echo root "$free" "$mount"; }
df -Pk "$2" | tail -n 1 | { read -r device all used free share mount; echo bin "$free" "$mount"; }
for key in "$1"/keys/*.pub; do
  if [ -f "$key" ]; then echo key "$(cat "$key")"; fi
done
echo crayon "$(command -v crayon || true)"'

survey() {
  local code=0
  ask "$survey_script" "$root" "$bin" >"$scratch/survey" 2>"$scratch/errors" || code=$?
  [ $code -eq 0 ] || { cat "$scratch/errors" >&2
    fail 4 "$board: no writing to $root and $bin as this user" "use --sudo, be root@..., or choose others with --root and --bin"; }
}

found() { sed -n "s/^$1 //p" "$scratch/survey"; }

check_machine() {
  [ "$program" ] || return 0
  local machine wanted libc needed
  machine=$(found machine)
  [ "$machine" != arm64 ] || machine=aarch64
  wanted=$(machine_of "$program")
  [ "$wanted" != unknown ] || fail 3 "$program is no program for Linux" "cmake --preset board builds one"
  [ "$machine" = "$wanted" ] ||
    fail 4 "$board is a machine of kind $machine, and $program is for $wanted" \
      "boards need a 64-bit system (aarch64); build for another kind with CMake on the board itself"
  if [ "$wanted" = aarch64 ] && [ -z "$(found loader)" ] && grep -qa ld-linux-aarch64 "$program"; then
    fail 4 "$board has a 64-bit kernel, but no 64-bit C library (/lib/ld-linux-aarch64.so.1)" \
      "install the 64-bit edition of its system; musl's, as in Alpine, needs a build of its own"
  fi
  libc=$(found libc)
  needed=$(libc_of "$program")
  case $libc in
    2.[0-9]*)
      if [ "$needed" ] && [ "$(printf '%s\n' "$needed" "$libc" | sort -V | tail -n 1)" != "$libc" ]; then
        fail 4 "$board has the C library $libc, and $program needs $needed" \
          "update the board's system; or build the program on one as old as the board's"
      fi ;;
  esac
}

# check_room: what is sent must fit, before anything is.
check_room() {
  local file bundles_need=1048576 program_need=0
  for file in "${bundles[@]}"; do
    bundles_need=$((bundles_need + $(size_of "$file") - $(sent_already "$(basename "$file")")))
  done
  [ -z "$program" ] || program_need=$(($(size_of "$program") + 1048576))
  local root_free root_mount bin_free bin_mount
  read -r root_free root_mount <<<"$(found root)"
  read -r bin_free bin_mount <<<"$(found bin)"
  if [ "$root_mount" = "$bin_mount" ]; then
    room_for "$root" "$root_free" $((bundles_need + program_need))
  else
    room_for "$root" "$root_free" $bundles_need
    [ -z "$program" ] || room_for "$bin" "$bin_free" $program_need
  fi
}

room_for() {  # FOLDER FREE_KIB BYTES
  [ $(($2 * 1024)) -ge "$3" ] ||
    fail 4 "$1 on $board has $(text_of $(($2 * 1024))) free, and $(text_of "$3") are needed for the copies" \
      "free some space (crayon status shows what is installed), or choose another file system with --root"
}

sent_already() { board_size "$uploads/$1.part"; }
board_size() { ask 'if [ -f "$1" ]; then wc -c <"$1"; else echo 0; fi' "$1" | tr -d ' '; }

# ---- copying -------------------------------------------------------------------------------------

# Where process $1 reads file $2; nothing when it has ended, or where the system does not tell.
position_of() {
  local descriptor
  for descriptor in "/proc/$1/fd/"*; do
    if [ "$(readlink "$descriptor" 2>/dev/null)" = "$2" ]; then
      sed -n 's/^pos:[[:space:]]*//p' "/proc/$1/fdinfo/$(basename "$descriptor")" 2>/dev/null || true
      return
    fi
  done
}

# show NAME DONE ALL SECONDS BYTES_SENT
show() {
  awk -v name="$1" -v sent="$2" -v all="$3" -v seconds="$4" -v new="$5" 'BEGIN {
    printf "%s: %.1f of %.1f MiB", name, sent / 1048576, all / 1048576
    if (all > 0) printf ", %d %%", 100 * sent / all
    if (seconds > 0) printf ", %.1f MiB/s", new / 1048576 / seconds }'
}

watch() {  # NAME FILE FROM READER SENDER: until the sender ends
  local all position began=$SECONDS next=10 pause=0.02  # what is small is through at once
  all=$(size_of "$2")
  while kill -0 "$5" 2>/dev/null; do
    position=$(position_of "$4" "$2")
    if [ -t 2 ]; then
      printf '\r\033[K%s' "$(show "$1" "${position:-$all}" "$all" $((SECONDS - began)) $((${position:-$all} - $3)))" >&2
    elif [ $((SECONDS - began)) -ge $next ] && [ "$position" ]; then
      printf '%s\n' "$(show "$1" "$position" "$all" $((SECONDS - began)) $((position - $3)))" >&2
      next=$((next + 10))
    fi
    sleep $pause
    [ $((SECONDS - began)) -eq 0 ] || pause=0.2
  done
  [ ! -t 2 ] || printf '\r\033[K' >&2
}

# The bytes go to their places, not to the end: should an earlier copy's dd still hang on a connection
# that broke, it writes what is there anyway.
block=65536
write_script='dd of="$1" bs='$block' seek="$2" conv=notrunc 2>"$1.errors" && rm -f "$1.errors" ||
  { cat "$1.errors" >&2; rm -f "$1.errors"; exit 1; }'

stream() {  # NAME FILE BLOCKS TARGET
  local name=$1 file target=$4 from=$(($3 * block)) reader code=0
  file=$(readlink -f "$2")
  exec 3< <(exec tail -c "+$((from + 1))" -- "$file")
  reader=$!
  remote "$write_script" "$target" "$3" <&3 2>"$scratch/errors" &
  sender=$!
  exec 3<&-
  watch "$name" "$file" "$from" "$reader" $sender
  wait $sender || code=$?
  sender=''
  [ $code -eq 0 ] && return
  cat "$scratch/errors" >&2
  [ $code -ne 255 ] || fail 5 "the connection to $board broke while $name was copied" \
    "give the same command again: it goes on where this one stopped"
  fail 4 "$board could not write $name"
}

# send FILE TARGET: the file becomes TARGET on the board. What an earlier try left as TARGET.part and is
# a beginning of the file is kept.
send() {
  local file=$1 target=$2 name size have hash there began=$SECONDS
  name=$(basename "$file")
  size=$(size_of "$file")
  hash=$(hash_of <"$file")
  have=$(board_size "$target.part")
  if [ "$have" -gt 0 ]; then
    there=$(board_hash "$target.part")
    if [ "$have" -le "$size" ] && [ "$(head -c "$have" "$file" | hash_of)" = "$there" ]; then
      echo "$name: $(text_of "$have") of $(text_of "$size") are there already"
    else
      echo "$name: what is there is not its beginning; it is sent from the start"
      ask 'rm -f "$1"' "$target.part"
      have=0
    fi
  fi
  if [ "$have" -lt "$size" ] || [ "$size" -eq 0 ]; then
    stream "$name" "$file" $((have / block)) "$target.part"
  fi
  there=$(board_hash "$target.part")
  if [ "$there" != "$hash" ]; then
    ask 'rm -f "$1"' "$target.part"
    fail 4 "$name arrived with other bytes than it has here, and was removed" \
      "give the same command again; if that repeats, suspect the board's storage"
  fi
  ask 'mv -f "$1.part" "$1"' "$target"
  echo "$name: $(text_of "$size") copied and compared, $((SECONDS - began)) s"
}

board_hash() { ask 'sha256sum <"$1"' "$1" | cut -d' ' -f1; }

# ---- installing ----------------------------------------------------------------------------------

install_program() {
  local there output
  there=$(ask '[ ! -f "$1" ] || sha256sum <"$1"' "$bin/crayon" | cut -d' ' -f1)
  if [ "$there" = "$(hash_of <"$program")" ]; then
    echo "$(basename "$program"): $bin/crayon is this one already"
    return
  fi
  send "$program" "$bin/crayon.new"
  # The old program stays until the new one has shown that it starts.
  if ! output=$(ask 'chmod 755 "$1" && "$1" --version 2>&1' "$bin/crayon.new"); then
    ask 'rm -f "$1"' "$bin/crayon.new"
    explain_start "$output"
  fi
  ask 'mv -f "$1" "$2" && sync' "$bin/crayon.new" "$bin/crayon"
  echo "$bin/crayon: $output"
}

explain_start() {
  local hint='see what it says above'
  case $1 in
    *GLIBC_*'not found'*) hint='the board'\''s C library is too old: update its system, or build on one as old as the board'\''s' ;;
    *'shared librar'*) hint='use the program that needs the C library alone (cmake --preset board), or install the Debian package, which brings them' ;;
    *ermission*) hint="$bin may be mounted noexec: choose another folder with --bin" ;;
    *'not found'*) hint='the board lacks the C library that the program was linked with: see cmake --preset board' ;;
  esac
  echo "$1" >&2
  fail 4 "$(basename "$program") does not start on $board; what was there is left as it was" "$hint"
}

find_program() {
  if [ "$program" ]; then
    crayon=$bin/crayon
  else
    crayon=$(found crayon)
    [ "$crayon" ] || crayon=$(ask '[ ! -x "$1" ] || echo "$1"' "$bin/crayon")
    [ "$crayon" ] || fail 4 "$board has no crayon" "give one with --program; cmake --preset board builds it"
  fi
}

check_key() {
  [ "$key" ] || return 0
  if found key | grep -qxF "$(cat "$key")"; then
    echo "$(basename "$key"): the board trusts this key already"
    key=''
  elif [ "$(found key)" ] && ! $add_key; then
    fail 1 "$board trusts $(found key | wc -l) other key(s), and not $(basename "$key")" \
      "sign with the key that it trusts; or say --add-key, and two publishers can install there"
  fi
}

install_key() {
  [ "$key" ] || return 0
  send "$key" "$uploads/flash-key.pub"
  ask '"$1" trust "$2" --root "$3" && rm -f "$2"' "$crayon" "$uploads/flash-key.pub" "$root"
}

install_bundles() {
  local bundle
  local -a there=()
  for bundle in "${bundles[@]}"; do
    send "$bundle" "$uploads/$(basename "$bundle")"
    there+=("$uploads/$(basename "$bundle")")
  done
  if [ "$golden" ]; then
    send "$golden" "$uploads/flash-golden.txt"
    install_options+=(--golden "$uploads/flash-golden.txt")
  fi
  echo "$board: crayon install"
  local code=0
  ask 'crayon=$1 uploads=$2 code=0; shift 2; "$crayon" install "$@" || code=$?
       rm -f "$uploads/flash-golden.txt"; exit $code' \
    "$crayon" "$uploads" "${there[@]}" --root "$root" --move ${install_options[@]+"${install_options[@]}"} || code=$?
  if [ $code -ne 0 ]; then
    ask 'rm -f "$@"' "${there[@]}"
    echo "flash: $board refused to install; what answered before still does" >&2
    exit $code
  fi
  ask 'rmdir "$1" 2>/dev/null || true' "$uploads"
}

run_activate() {
  $activate || return 0
  echo "$board: crayon activate"
  local code=0
  ask '"$@"' "$crayon" activate --root "$root" ${activate_options[@]+"${activate_options[@]}"} || code=$?
  [ $code -eq 0 ] || { echo "flash: $board did not activate; what answered before still does" >&2; exit $code; }
  restart_service
}

# A server that runs has the old model in memory.
restart_service() {
  ask 'command -v systemctl >/dev/null && systemctl -q is-active crayon.service || exit 0
       systemctl restart crayon.service && echo "crayon.service: restarted"' ||
    fail 4 "$board: crayon.service was not restarted, and serves what it had" "systemctl restart crayon"
}

check_files
connect
survey
check_machine
check_room
check_key
[ -z "$program" ] || install_program
find_program
install_key
install_bundles
run_activate
echo "$board: crayon status"
ask '"$@"' "$crayon" status --root "$root"

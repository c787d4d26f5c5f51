#!/usr/bin/env bash
# A stand-in for an ARM board: arm64 Debian in qemu-system-aarch64, reached by ssh on this machine's
# loopback only. docs/virtual-board.md says what it proves, and what it does not: speed.
# Usage: toolchains/virtual-board/board.sh VERB [OPTIONS] [ARGUMENTS...]
#   make              makes what is missing of the board's files; --fresh empties its disk
#   up                boots it and waits until ssh answers
#   ssh [COMMAND...]  runs a command on it, or a shell
#   libraries FILE    copies the shared libraries that an aarch64 program needs onto it
#   network off|on    pulls the cable of its network, or plugs it in; ssh has a cable of its own
#   ssh-network off|on    the same with that one
#   console           shows what it printed on its serial port
#   down              shuts it down
#   cut               takes its power away, at once
#   status            says whether it runs
# Options:
#   --kind small|debian  small (default): kernel, busybox, dropbear and a disk; boots in seconds
#                        debian: systemd, apt and openssh; making it needs root
#   --dir DIR            where files are kept; default: build/virtual-board
#   --port N             ssh's port on 127.0.0.1; default: 2222 (up)
#   --cpu MODEL          cortex-a76 (default), cortex-a72, cortex-a53, max, ... (up)
#   --cores N, --memory MIB   2 and 1024 (up)
#   --offline            no network but for ssh (up)
#   --reach PORT         a network of one server: 127.0.0.1:PORT of this machine, which the board
#                        finds at 10.0.3.100:PORT (up); default: all that this machine reaches
#   --disk SIZE          of the small board's disk, 1G, and the debian board's, 3G (make)
#   --fresh              a new, empty disk (make)
# ssh and scp find the board with: ssh -F DIR/KIND/ssh_config board
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
top=$(cd "$here/../.." && pwd)

usage() { sed -n '/^# Usage/,/^# ssh/p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
fail() { echo "board: $1" >&2; [ $# -lt 2 ] || echo "  hint: $2" >&2; exit 4; }

kind=small dir=$top/build/virtual-board port=2222 cpu=cortex-a76 cores=2 memory=1024
network=open disk='' fresh=false

[ $# -ge 1 ] || usage
verb=$1
shift
while [ $# -gt 0 ]; do
  case $1 in
    --kind) kind=${2:?}; shift 2 ;;
    --dir) dir=${2:?}; shift 2 ;;
    --port) port=${2:?}; shift 2 ;;
    --cpu) cpu=${2:?}; shift 2 ;;
    --cores) cores=${2:?}; shift 2 ;;
    --memory) memory=${2:?}; shift 2 ;;
    --offline) network=none; shift ;;
    --reach) network=${2:?}; shift 2 ;;
    --disk) disk=${2:?}; shift 2 ;;
    --fresh) fresh=true; shift ;;
    --help | -h) usage ;;
    --) shift; break ;;
    -*) echo "board: unknown option $1" >&2; usage ;;
    *) break ;;
  esac
done
case $kind in small | debian) ;; *) usage ;; esac
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
board=$dir/$kind
shown=${board#"$top"/}  # as people see it

need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || [ -x "/usr/sbin/$tool" ] ||
      fail "$tool is not installed" "scripts/setup.sh board"
  done
}

runs() {
  local pid
  pid=$(cat "$board/qemu.pid" 2>/dev/null) && [ "$pid" ] && kill -0 "$pid" 2>/dev/null &&
    grep -q qemu-system "/proc/$pid/comm" 2>/dev/null
}

must_run() { runs || fail "the $kind board is not running" "$0 up --kind $kind"; }

on_board() { ssh -F "$board/ssh_config" board "$@"; }

make() {
  ! runs || fail "the $kind board is running" "$0 down --kind $kind"
  PATH=$PATH:/usr/sbin
  if [ "$kind" = small ]; then
    need apt-get dpkg cpio zstd mke2fs ssh-keygen qemu-aarch64
  else
    need apt-get dpkg cpio zstd mke2fs ssh-keygen mmdebstrap arch-test tar
  fi
  if ! $fresh && [ -f "$board/made" ] && [ -f "$board/disk.img" ]; then
    echo "board: $shown is made already"
    return
  fi
  local began=$SECONDS
  rm -f "$board/made"
  "$here/make_$kind.sh" "$dir" "$board" "$disk"
  touch "$board/made"
  echo "board: made $shown in $((SECONDS - began)) s"
}

# The first network card is ssh's and reaches nothing; the second is the board's cable.
network_arguments() {
  printf '%s\n' -netdev "user,id=ssh,restrict=on,hostfwd=tcp:127.0.0.1:$port-:22" \
    -device virtio-net-pci,netdev=ssh,id=ssh_card,romfile=
  case $network in
    none) return ;;
    open) printf '%s\n' -netdev "user,id=cable,net=10.0.3.0/24" ;;
    *) printf '%s\n' -netdev "user,id=cable,net=10.0.3.0/24,restrict=on,guestfwd=tcp:10.0.3.100:$network-cmd:$here/forward.sh $network" ;;
  esac
  printf '%s\n' -device virtio-net-pci,netdev=cable,id=network_card,romfile=
}

write_ssh_config() {
  cat >"$board/ssh_config" <<CONFIG
Host board
  HostName 127.0.0.1
  Port $port
  User root
  IdentityFile "$board/key"
  IdentitiesOnly yes
  HostKeyAlias crayon-board
  UserKnownHostsFile "$board/known_hosts"
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 60
  LogLevel ERROR
CONFIG
}

up() {
  need qemu-system-aarch64 ssh
  [ -f "$board/made" ] || fail "there is no $kind board in $dir" "$0 make --kind $kind"
  ! runs || fail "the $kind board is running already" "$0 status --kind $kind"
  if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
    fail "port $port of 127.0.0.1 is taken" "choose another one with --port"
  fi
  [ "$cpu" != max ] || cpu=max,pauth-impdef=on  # without, signing pointers takes half of the time
  local -a cards
  mapfile -t cards < <(network_arguments)
  write_ssh_config
  cd "$board"  # names of sockets have to be short
  rm -f console.log monitor
  local began
  began=$(date +%s%N)
  # cache=writeback: SIGKILL loses what the board's kernel still held in memory, as a power cut does,
  # and nothing that it had given to the disk; whether it asked for a flush cannot be told apart here.
  qemu-system-aarch64 -M virt,gic-version=3 -cpu "$cpu" -smp "$cores" -m "$memory" \
    -accel tcg,thread=multi -display none -monitor none -serial file:console.log \
    -qmp unix:monitor,server=on,wait=off -pidfile qemu.pid -daemonize \
    -kernel vmlinuz -initrd initrd.zst -append "console=ttyAMA0 net.ifnames=0 quiet" \
    -drive file=disk.img,format=raw,if=none,id=disk,cache=writeback \
    -device virtio-blk-pci,drive=disk -device virtio-rng-pci "${cards[@]}" ||
    fail "qemu-system-aarch64 did not start"
  wait_for_ssh "$began"
}

wait_for_ssh() {
  # QEMU takes connections from the start, and those from before the board is up stay without an answer.
  local deadline=$((SECONDS + 600)) patience=1 uptime
  while [ $SECONDS -lt $deadline ]; do
    runs || fail "the board ended while it booted: $(tail -n 5 "$board/console.log")"
    if uptime=$(timeout 60 ssh -F "$board/ssh_config" -o ConnectTimeout=$patience board \
      'cut -d" " -f1 /proc/uptime' 2>/dev/null); then
      awk -v began="$1" -v now="$(date +%s%N)" -v kind="$kind" -v cpu="$cpu" -v uptime="$uptime" \
        'BEGIN { printf "board: %s, %s: ssh answers after %.1f s (its own clock: %s s)\n", kind, cpu, (now - began) / 1e9, uptime }'
      return
    fi
    sleep 0.2
    patience=$(((SECONDS - deadline + 600) / 10 + 1))
  done
  tail -n 20 "$board/console.log" >&2
  fail "no ssh after 600 s; the console is above" "$0 cut --kind $kind"
}

# Those that `program` names, and those that these name, as paths here.
libraries_of() {
  local folder=/usr/lib/aarch64-linux-gnu
  local -a todo=("$1")
  local -A seen=()
  local name file
  while [ ${#todo[@]} -gt 0 ]; do
    file=${todo[0]}
    todo=("${todo[@]:1}")
    while read -r name; do
      [ -z "${seen[$name]:-}" ] || continue
      seen[$name]=1
      [ -e "$folder/$name" ] || fail "$1 needs $name, which $folder lacks" "scripts/setup.sh test"
      echo "$folder/$name"
      todo+=("$folder/$name")
    done < <(readelf -d "$file" | sed -n 's/.*(NEEDED).*\[\(.*\)\].*/\1/p' | grep -v '^ld-linux')
  done
}

libraries() {
  [ $# -eq 1 ] || usage
  [ -f "$1" ] || fail "there is no $1"
  must_run
  need readelf tar
  local -a files=()
  local file there
  there=$(on_board 'ls /lib/aarch64-linux-gnu /usr/lib/aarch64-linux-gnu 2>/dev/null')
  while read -r file; do
    grep -qxF "$(basename "$file")" <<<"$there" || files+=("${file#/}")
  done < <(libraries_of "$1")
  [ ${#files[@]} -gt 0 ] || { echo "board: all libraries are there"; return; }
  tar -C / -chf - "${files[@]}" | on_board 'tar -C / -xf - && sync'
  echo "board: copied ${#files[@]} libraries"
}

plug() {  # network|ssh off|on
  case ${2:-} in on | off) ;; *) usage ;; esac
  must_run
  need python3
  (cd "$board" && python3 "$here/monitor.py" monitor set_link "name=$1_card" "up=$2") ||
    fail "the board has no network to cut" "boot it without --offline"
  echo "board: $1 $2"
}

await_end() {
  local deadline=$((SECONDS + $1))
  while runs && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
  ! runs
}

down() {
  must_run
  on_board "$([ "$kind" = small ] && echo shut-down || echo systemctl poweroff)" >/dev/null 2>&1 || true
  if ! await_end 60; then
    echo "board: it does not shut down; its power goes" >&2
    kill -KILL "$(cat "$board/qemu.pid")"
    await_end 10 || true
  fi
  rm -f "$board/qemu.pid" "$board/monitor"
  echo "board: down"
}

cut() {
  must_run
  kill -KILL "$(cat "$board/qemu.pid")"
  await_end 10 || fail "qemu does not end"
  rm -f "$board/qemu.pid" "$board/monitor"
  echo "board: power cut"
}

status() {
  if runs; then
    echo "board: $kind runs; ssh -F $shown/ssh_config board"
  else
    echo "board: $kind does not run"
    exit 1
  fi
}

case $verb in
  make) make ;;
  up) up ;;
  ssh) must_run; on_board "$@" ;;
  libraries) libraries "$@" ;;
  network) plug network "$@" ;;
  ssh-network) plug ssh "$@" ;;
  console) cat "$board/console.log" ;;
  down) down ;;
  cut) cut ;;
  status) status ;;
  *) usage ;;
esac

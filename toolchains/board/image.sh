#!/usr/bin/env bash
# Writes a store as it will lie on a board, for people who write storage offline: what is to be mounted
# at /var/lib/crayon, with the program in bin/. `flash.sh --image` is the same.
# Usage: toolchains/board/image.sh OUT [OPTIONS] BUNDLE...
#   OUT                  NAME.ext4 or NAME.img   a file system, of --size
#                        NAME.squashfs           one that is only read: it answers, but takes no update
#                        anything else           a folder
#   --program FILE       the program for the board; default: build/board/cli/crayon where it is there
#   --key FILE.pub       a key that the board will trust
#   --golden FILE        what the model should answer
#   --size SIZE          of an ext4, such as 2G; default: room for two more deployments like this one
#   --host-crayon FILE   what installs; default: the program for the board, in qemu-aarch64 where this
#                        machine is no ARM
#   --cpu CPU            the board's core, as qemu-aarch64 calls it: the model is health-checked as on
#                        this core, and the packed image for it is left beside the model. Repeat it
#                        for boards of several kinds
#   --install-option X   handed to crayon install; may be repeated
# Without --cpu the model is active, but the board's first `crayon activate` checks it and packs it.
# Exit codes: those of crayon; 2 usage, 4 this machine.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)

usage() { sed -n '/^# Usage/,/^# Exit/p' "$0" | sed 's/^# \{0,1\}//' >&2; exit 2; }
fail() {  # CODE SENTENCE [HINT]
  echo "image: $2" >&2
  [ $# -lt 3 ] || echo "  hint: $3" >&2
  exit "$1"
}

program='' key='' golden='' size='' host=''
cpus=() install_options=()
[ $# -ge 1 ] || usage
out=$1
shift
while [ $# -gt 0 ]; do
  case $1 in
    --program) program=${2:?}; shift 2 ;;
    --key) key=${2:?}; shift 2 ;;
    --golden) golden=${2:?}; shift 2 ;;
    --size) size=${2:?}; shift 2 ;;
    --host-crayon) host=${2:?}; shift 2 ;;
    --cpu) cpus+=("${2:?}"); shift 2 ;;
    --install-option) install_options+=("${2:?}"); shift 2 ;;
    -*) echo "image: unknown option $1" >&2; usage ;;
    *) break ;;
  esac
done
[ $# -ge 1 ] || usage
case $out in -*) usage ;; esac
PATH=$PATH:/usr/sbin
if [ -z "$program" ] && [ -f "$top/build/board/cli/crayon" ]; then
  program=$top/build/board/cli/crayon
fi
for file in "$@" ${program:+"$program"} ${key:+"$key"} ${golden:+"$golden"} ${host:+"$host"}; do
  [ -f "$file" ] || fail 4 "there is no file $file"
done

need() { command -v "$1" >/dev/null || fail 4 "$1 is not installed" "scripts/setup.sh board"; }

in_emulator() {
  [ "$program" ] || fail 2 "--cpu runs the board's program, and there is none" "give it with --program"
  need qemu-aarch64
  QEMU_CPU=$1 qemu-aarch64 "$program" "${@:2}"
}

crayon() {
  if [ "$host" ]; then
    "$host" "$@"
  elif [ -z "$program" ]; then
    fail 2 "there is no program to install with" "give the board's with --program, or this machine's with --host-crayon"
  elif [ "$(uname -m)" = aarch64 ]; then
    "$program" "$@"
  else
    in_emulator "${cpus[0]:-cortex-a53}" "$@"
  fi
}

fill() {  # FOLDER BUNDLE...
  local root=$1 cpu
  shift
  [ -z "$key" ] || crayon trust "$key" --root "$root"
  # The memory that counts is the board's, which its own `crayon activate` will see.
  crayon install "$@" --root "$root" --no-check-memory ${golden:+--golden "$golden"} \
    ${install_options[@]+"${install_options[@]}"}
  if [ ${#cpus[@]} -eq 0 ]; then
    crayon activate --root "$root" --no-check
  fi
  for cpu in ${cpus[@]+"${cpus[@]}"}; do
    in_emulator "$cpu" activate --root "$root"
  done
  if [ "$program" ]; then
    install -D -m 755 "$program" "$root/bin/crayon"
  fi
  chmod 755 "$root"
}

kib_in() { du -sk "$1" | cut -f1; }

write_ext4() {
  need mke2fs
  local temporary=$out.part
  rm -f "$temporary"
  truncate -s "${size:-$(($(kib_in "$staging") * 3 + 16384))K}" "$temporary"
  mke2fs -q -t ext4 -L crayon -m 0 -E root_owner=0:0 -d "$staging" "$temporary" ||
    { rm -f "$temporary"; fail 4 "mke2fs could not write $out" "it may be too small: --size"; }
  mv -f "$temporary" "$out"
  [ "$(id -u)" = 0 ] || echo "image: its files belong to user $(id -u); on the board: chown -R root: /var/lib/crayon"
}

write_squashfs() {
  need mksquashfs
  rm -f "$out.part"
  # Bundles and images are compressed or dense already.
  mksquashfs "$staging" "$out.part" -all-root -noappend -quiet -no-progress -comp zstd -Xcompression-level 3
  mv -f "$out.part" "$out"
}

case $out in *.ext4 | *.img | *.squashfs) ;; *) [ ! -e "$out" ] || fail 4 "$out is there already" "remove it, or name another" ;; esac
mkdir -p "$(dirname "$out")"
staging=$(mktemp -d "$out.staging.XXXXXX")
trap 'rm -rf "$staging"' EXIT
fill "$staging" "$@"
case $out in
  *.ext4 | *.img) write_ext4 ;;
  *.squashfs) write_squashfs ;;
  *) mv "$staging" "$out" ;;
esac
echo "$out: $(du -sm --apparent-size "$out" | cut -f1) MiB, to be mounted at /var/lib/crayon${program:+, where bin/crayon is the program}"

#!/usr/bin/env bash
# Installs the arm64 packages with apt in a small arm64 Debian, uses them, removes them, and shows what is
# left. Debian's programs run in the emulator, so it takes minutes; nothing of this machine is changed
# but while it runs.
# Usage: toolchains/package/try_in_root.sh DEB [MODEL]
#   DEB    build/aarch64/crayon_..._arm64.deb, say; libcrayon0 and libcrayon-dev lie beside it
#   MODEL  what is asked; default: examples/models/device.crayon
# Needs root, the network for Debian's packages, mmdebstrap and arch-test.
set -euo pipefail

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: toolchains/package/try_in_root.sh DEB [MODEL]" >&2
  exit 2
fi
fail() { echo "try_in_root: $*" >&2; exit 4; }
top=$(cd "$(dirname "$0")/../.." && pwd)
deb=$(readlink -f "$1")
model=$(readlink -f "${2:-$top/examples/models/device.crayon}")
[ -f "$deb" ] || fail "there is no $deb"
library=$(echo "$(dirname "$deb")"/libcrayon0_*_arm64.deb)
development=$(echo "$(dirname "$deb")"/libcrayon-dev_*_arm64.deb)
for file in "$library" "$development"; do
  [ -f "$file" ] || fail "there is no $file"
done
[ -f "$model" ] || fail "there is no $model"
[ "$(id -u)" = 0 ] || fail "has to run as root"
for tool in mmdebstrap arch-test; do
  command -v $tool >/dev/null || fail "$tool is not installed"
done

work=$(mktemp -d)
root=$work/root
registry=/proc/sys/fs/binfmt_misc
interpreter=/usr/bin/qemu-aarch64-static  # where mmdebstrap looks for it
mounted=false registered=false linked=false

undo() {
  mountpoint -q "$root/proc" && umount "$root/proc"
  if $registered; then echo -1 >"$registry/crayon-aarch64"; fi
  if $mounted; then umount "$registry"; fi
  if $linked; then rm -f "$interpreter"; fi
  rm -rf --one-file-system "$work"
}
trap undo EXIT

step() { printf '\n== %s\n' "$*"; }

step "programs of arm64 start here"
# The emulator that is installed beside the cross compiler needs libraries that the root lacks; the
# static one refuses to be installed beside it, so it is only unpacked.
if [ ! -e "$interpreter" ]; then
  (cd "$work" && apt-get -q -o APT::Sandbox::User=root download qemu-user-static &&
    dpkg -x qemu-user-static_*.deb static)
  ln -s "$work/static/usr/bin/qemu-aarch64-static" "$interpreter"
  linked=true
fi
if [ ! -e "$registry/register" ]; then
  mount -t binfmt_misc none "$registry"
  mounted=true
fi
if ! arch-test arm64 >/dev/null; then
  # An ELF file of 64 bits for machine 183. F: the interpreter is opened now, so that the root need
  # not have it.
  magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  printf '%s' ":crayon-aarch64:M::$magic:$mask:$interpreter:F" >"$registry/register"
  registered=true
fi
arch-test arm64

step "a small Debian for arm64"
mmdebstrap --quiet --architectures=arm64 --variant=apt bookworm "$root"
du -sh "$root" | cut -f1
mount -t proc proc "$root/proc"

in_root() {
  chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    DEBIAN_FRONTEND=noninteractive "$@"
}
# Without a pseudo-terminal, which the root has no folder for.
apt_get() { in_root apt-get -q -o Dpkg::Use-Pty=0 "$@"; }
# All files but what apt and dpkg remember.
list_files() {
  (cd "$root" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp -o -path ./var/cache \
    -o -path ./var/log -o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./etc/ld.so.cache \) \
    -prune -o -print | sort)
}
apt_get update
list_files >"$work/before"

step "apt-get install"
cp "$deb" "$root/tmp/crayon.deb"
cp "$model" "$root/tmp/model.crayon"
apt_get install -y --no-install-recommends /tmp/crayon.deb
in_root dpkg -L crayon
list_files >"$work/installed"

step "crayon doctor"
in_root env QEMU_CPU=cortex-a53 crayon doctor --no-bandwidth

step "crayon ask"
in_root env QEMU_CPU=cortex-a53 crayon ask /tmp/model.crayon -n 16 "What does the pump do?"

step "a program with the library"
cp "$library" "$root/tmp/libcrayon0.deb"
cp "$development" "$root/tmp/libcrayon-dev.deb"
apt_get install -y --no-install-recommends /tmp/libcrayon0.deb
if command -v aarch64-linux-gnu-gcc >/dev/null; then
  dpkg-deb -x "$development" "$work/development"
  aarch64-linux-gnu-gcc -std=c11 "$work/development/usr/share/doc/libcrayon-dev/examples/c/answer.c" \
    -I"$work/development/usr/include" "$root/usr/lib/aarch64-linux-gnu/libcrayon.so.0" -Wl,--unresolved-symbols=ignore-in-shared-libs \
    -o "$root/tmp/answer"
  in_root env QEMU_CPU=cortex-a53 /tmp/answer /tmp/model.crayon "What does the pump do?"
fi
apt_get install -y --no-install-recommends /tmp/libcrayon-dev.deb
in_root dpkg -L libcrayon0 libcrayon-dev
[ -e "$root/usr/lib/aarch64-linux-gnu/libcrayon.so" ]
apt_get purge -y libcrayon-dev libcrayon0

step "apt-get remove: the settings stay"
apt_get remove -y crayon
[ ! -e "$root/usr/bin/crayon" ] && [ -e "$root/etc/default/crayon" ]

step "apt-get purge: nothing stays"
apt_get purge -y --autoremove crayon
list_files >"$work/after"
echo "$(comm -13 "$work/before" "$work/installed" | wc -l) files more while it was installed, $(
  comm -13 "$work/before" "$work/after" | wc -l) more afterwards"
diff "$work/before" "$work/after"
echo "nothing is left"

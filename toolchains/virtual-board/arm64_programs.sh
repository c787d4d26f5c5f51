#!/usr/bin/env bash
# Runs a command while programs for arm64 start on this machine as if they were its own, and undoes
# afterwards what it changed for that. Needs root, and the kernel's binfmt_misc.
# Usage: arm64_programs.sh COMMAND...
set -euo pipefail
[ $# -ge 1 ] || { echo "usage: arm64_programs.sh COMMAND..." >&2; exit 2; }
registry=/proc/sys/fs/binfmt_misc
interpreter=/usr/bin/qemu-aarch64-static  # where mmdebstrap looks for it

fail() { echo "board: $1" >&2; echo "  hint: $2" >&2; exit 4; }

if arch-test arm64 >/dev/null 2>&1 && { [ "$(dpkg --print-architecture)" = arm64 ] || [ -e "$interpreter" ]; }; then
  exec "$@"
fi
[ "$(id -u)" = 0 ] || fail "making a Debian for arm64 needs root, which starts programs for arm64 here" \
  "use sudo; the small board needs no root"

scratch=$(mktemp -d)
mounted=false registered=false linked=false
undo() {
  ! $registered || echo -1 >"$registry/crayon-arm64"
  ! $mounted || umount "$registry"
  ! $linked || rm -f "$interpreter"
  rm -rf "$scratch"
}
trap undo EXIT

# The emulator that links libraries would look for them in the new root, so the static one is needed.
# Its package refuses to stand beside qemu-user, and is only unpacked.
if [ ! -e "$interpreter" ]; then
  (cd "$scratch" && apt-get -qq -o APT::Sandbox::User=root download qemu-user-static &&
    dpkg -x qemu-user-static_*.deb .) ||
    fail "apt could not fetch qemu-user-static" "scripts/setup.sh board"
  ln -s "$scratch/usr/bin/qemu-aarch64-static" "$interpreter"
  linked=true
fi
if [ ! -e "$registry/register" ]; then
  mount -t binfmt_misc none "$registry" ||
    fail "the kernel's binfmt_misc cannot be mounted" "a container may need to be privileged; the small board needs none"
  mounted=true
fi
if ! arch-test arm64 >/dev/null 2>&1; then
  # An ELF file of 64 bits for machine 183 (aarch64). F: the interpreter is opened now, so that a
  # root need not have it.
  magic='\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00'
  mask='\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff'
  printf '%s' ":crayon-arm64:M::$magic:$mask:$(readlink -f "$interpreter"):F" >"$registry/register"
  registered=true
  arch-test arm64 >/dev/null || fail "programs for arm64 do not start" "see $registry"
fi
"$@"

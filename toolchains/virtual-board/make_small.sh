#!/usr/bin/env bash
# Makes the files of the small board; `board.sh make` calls it. Needs no root rights: Debian's packages
# for arm64 are fetched and unpacked, none is installed, and no program of theirs runs but the one that
# makes a host key, in the emulator.
# Usage: make_small.sh CACHE BOARD [SIZE]
#   CACHE  packages are kept in CACHE/packages, unpacked in CACHE/unpacked
#   BOARD  the folder that is filled: vmlinuz, initrd.zst, disk.img, key, known_hosts
#   SIZE   of the disk; default: 1G
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$1 board=$2 size=${3:-1G}
size=${size:-1G}
libraries=/lib/aarch64-linux-gnu

# shellcheck source=kernel.sh
. "$here/kernel.sh"

make_keys() {
  [ -f "$board/key" ] || ssh-keygen -q -t ed25519 -N '' -C crayon-board -f "$board/key"
  local host_key=$board/host_key
  if [ ! -f "$host_key" ]; then
    qemu-aarch64 -L "$root" "$unpacked/usr/bin/dropbearkey" -t ed25519 -f "$host_key" >/dev/null 2>&1 ||
      fail "dropbearkey does not run in qemu-aarch64" "scripts/setup.sh board"
  fi
  echo "crayon-board $(qemu-aarch64 -L "$root" "$unpacked/usr/bin/dropbearkey" -y -f "$host_key" |
    grep '^ssh-ed25519')" >"$board/known_hosts"
}

make_root() {
  local library file
  mkdir -p "$root"/{bin,sbin,proc,sys,dev,tmp,run,disk,etc/dropbear,root/.ssh,usr/bin,usr/sbin,usr/lib/openssh,var} \
    "$root$libraries"
  cp "$unpacked/bin/busybox" "$root/bin/"
  cp "$unpacked/usr/sbin/dropbear" "$root/usr/sbin/"
  cp "$unpacked/usr/lib/openssh/sftp-server" "$root/usr/lib/openssh/"
  ln -s openssh/sftp-server "$root/usr/lib/sftp-server"
  for library in ld-linux-aarch64.so.1 libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 \
    libresolv.so.2 libnss_dns.so.2 libnss_files.so.2 libcrypt.so.1 libgcc_s.so.1 libstdc++.so.6 libtomcrypt.so.1 \
    libtommath.so.1 libz.so.1 libgmp.so.10; do
    file=$(find "$unpacked$libraries" "$unpacked/usr$libraries" -name "$library" 2>/dev/null | head -n 1)
    cp -L "$file" "$root$libraries/$library"
  done
  ln -s aarch64-linux-gnu/ld-linux-aarch64.so.1 "$root/lib/ld-linux-aarch64.so.1"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'root:x:0:' >"$root/etc/group"
  echo /bin/sh >"$root/etc/shells"
  echo board >"$root/etc/hostname"
  echo '127.0.0.1 localhost board' >"$root/etc/hosts"
  install -m 755 "$here/small_init" "$root/init"
  install -m 755 "$here/small_shut_down" "$root/sbin/shut-down"
}

mkdir -p "$board"
unpacked=$cache/unpacked
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
fetch_packages
unpack
make_root
copy_modules "$root"
make_keys
cp "$board/host_key" "$root/etc/dropbear/dropbear_ed25519_host_key"
install -m 600 "$board/key.pub" "$root/root/.ssh/authorized_keys"
chmod 700 "$root/root" "$root/root/.ssh"
cp "$unpacked"/boot/vmlinuz-* "$board/vmlinuz"
archive "$root" "$board/initrd.zst"
rm -f "$board/disk.img"
truncate -s "$size" "$board/disk.img"
mke2fs -q -t ext4 -L board "$board/disk.img"

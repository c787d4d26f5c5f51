#!/usr/bin/env bash
# Makes the files of the debian board, with systemd, apt and openssh; `board.sh make --kind debian`
# calls it. Debian comes through the sources that apt has here, once: its archive is kept.
# Usage: make_debian.sh CACHE BOARD [SIZE]
#   CACHE  debian.tar.zst is kept there; remove it to have a new one
#   BOARD  the folder that is filled: vmlinuz, initrd.zst, disk.img, key, known_hosts
#   SIZE   of the disk; default: 3G
# Needs root, binfmt_misc (arm64_programs.sh), mmdebstrap and arch-test.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
cache=$1 board=$2 size=${3:-3G}
size=${size:-3G}
release=bookworm
# What a board has, and the libraries of Crayon's packages, so that apt installs it without a network.
packages=openssh-server,systemd-sysv,dbus,udev,iproute2,ifupdown,kmod,curl,ca-certificates,python3
packages+=,libstdc++6,libuv1,libhttp-parser2.9,libssl3,libpcre2-8-0,libutf8proc2,libzstd1,libsodium23,libfmt9
packages+=,libpng16-16,libjpeg62-turbo
idle_units=(apt-daily.timer apt-daily-upgrade.timer e2scrub_all.timer dpkg-db-backup.timer fstrim.timer)

# shellcheck source=kernel.sh
. "$here/kernel.sh"
[ "$(id -u)" = 0 ] || fail "making the debian board needs root" "use sudo; the small board needs no root"

fetch_debian() {
  [ ! -f "$cache/debian.tar.zst" ] || return 0
  apt-get indextargets --format "deb \$(REPO_URI) \$(RELEASE) \$(COMPONENT)" \
    'Identifier: Packages' 'Architecture: arm64' 2>/dev/null | grep " $release" | sort -u >"$cache/sources.list" || true
  [ -s "$cache/sources.list" ] || fail "apt has no sources of $release for arm64" "scripts/setup.sh board"
  "$here/arm64_programs.sh" mmdebstrap --quiet --variant=apt --architectures=arm64 --include="$packages" \
    $release "$cache/debian.tar" "$cache/sources.list" ||
    fail "mmdebstrap could not make a Debian for arm64" "it says above what it lacks"
  zstd -q -3 -f --rm "$cache/debian.tar" -o "$cache/debian.tar.zst"
}

write_settings() {
  echo board >"$root/etc/hostname"
  echo '127.0.0.1 localhost board' >"$root/etc/hosts"
  echo '/dev/vda / ext4 errors=remount-ro 0 1' >"$root/etc/fstab"
  cat >"$root/etc/network/interfaces" <<'INTERFACES'
auto lo
iface lo inet loopback
auto eth0
iface eth0 inet static
  address 10.0.2.15/24
allow-hotplug eth1
iface eth1 inet static
  address 10.0.3.15/24
  gateway 10.0.3.2
INTERFACES
  echo 'nameserver 10.0.3.3' >"$root/etc/resolv.conf"
  : >"$root/etc/machine-id"
  local unit
  for unit in "${idle_units[@]}"; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done
}

make_keys() {
  [ -f "$board/key" ] || ssh-keygen -q -t ed25519 -N '' -C crayon-board -f "$board/key"
  [ -f "$board/host_key" ] || ssh-keygen -q -t ed25519 -N '' -C crayon-board -f "$board/host_key"
  echo "crayon-board $(cut -d' ' -f1,2 "$board/host_key.pub")" >"$board/known_hosts"
  rm -f "$root"/etc/ssh/ssh_host_*
  install -m 600 -o 0 -g 0 "$board/host_key" "$root/etc/ssh/ssh_host_ed25519_key"
  install -m 644 -o 0 -g 0 "$board/host_key.pub" "$root/etc/ssh/ssh_host_ed25519_key.pub"
  install -D -m 600 -o 0 -g 0 "$board/key.pub" "$root/root/.ssh/authorized_keys"
  chmod 700 "$root/root/.ssh"
}

# The kernel and its start are the small board's: the own initrd of Debian takes minutes to be made
# in an emulator.
make_start() {
  mkdir -p "$board" "$root/lib/modules" "$start"/{bin,proc,sys,dev,new}
  cp -a "$cache"/unpacked/lib/modules/* "$root/lib/modules/"
  cp "$cache/unpacked/bin/busybox" "$start/bin/"
  copy_modules "$start"
  install -m 755 "$here/debian_init" "$start/init"
  archive "$start" "$board/initrd.zst"
  cp "$cache"/unpacked/boot/vmlinuz-* "$board/vmlinuz"
}

mkdir -p "$board"
work=$(mktemp -d)
root=$work/root start=$work/start
mkdir -p "$root" "$start"
trap 'rm -rf --one-file-system "$work"' EXIT
fetch_packages
unpack
fetch_debian
zstd -dc "$cache/debian.tar.zst" | tar -C "$root" -xf - --exclude='./dev/*'
write_settings
make_keys
make_start
rm -f "$board/disk.img"
truncate -s "$size" "$board/disk.img"
mke2fs -q -t ext4 -L board -E root_owner=0:0 -d "$root" "$board/disk.img"

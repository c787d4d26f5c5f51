# What both kinds of board start with: sourced by make_small.sh and make_debian.sh. Packages of Debian
# for arm64 are kept in CACHE/packages and unpacked in CACHE/unpacked; none is installed.
# shellcheck shell=bash disable=SC2154  # $cache is the sourcing script's

modules=(drivers/virtio/virtio_ring drivers/virtio/virtio drivers/virtio/virtio_pci_modern_dev
         drivers/virtio/virtio_pci_legacy_dev drivers/virtio/virtio_pci drivers/block/virtio_blk
         net/core/failover drivers/net/net_failover drivers/net/virtio_net
         drivers/char/hw_random/rng-core drivers/char/hw_random/virtio-rng)
kernel_packages=(busybox-static dropbear-bin openssh-sftp-server libc6 libcrypt1 libtomcrypt1
                 libtommath1 zlib1g libgmp10 libstdc++6 libgcc-s1)

fail() { echo "board: $1" >&2; echo "  hint: $2" >&2; exit 4; }

# Debian's kernel for virtual machines, which is a third of the other, and what the small board runs.
fetch_packages() {
  local kernel
  kernel=$(apt-cache depends linux-image-cloud-arm64:arm64 2>/dev/null | awk '/Depends:/ {print $2; exit}')
  [ "$kernel" ] || fail "apt knows no linux-image-cloud-arm64" "scripts/setup.sh board"
  mkdir -p "$cache/packages"
  [ "$(cat "$cache/packages/kernel" 2>/dev/null)" != "$kernel" ] || return 0
  rm -rf "$cache/packages/"*.deb "$cache/unpacked"
  (cd "$cache/packages" &&
    apt-get -qq -o APT::Sandbox::User="$(id -un)" download "$kernel" "${kernel_packages[@]/%/:arm64}") ||
    fail "apt could not fetch Debian's packages for arm64" "apt-get update, or scripts/setup.sh board"
  echo "$kernel" >"$cache/packages/kernel"
}

unpack() {
  [ ! -e "$cache/unpacked/done" ] || return 0
  rm -rf "$cache/unpacked"
  mkdir -p "$cache/unpacked"
  local package
  for package in "$cache/packages/"*.deb; do
    dpkg -x "$package" "$cache/unpacked"
  done
  touch "$cache/unpacked/done"
}

# copy_modules ROOT: the drivers of a virtual machine's disk and network, in the order to load them in.
copy_modules() {
  local module file
  mkdir -p "$1/lib/modules"
  for module in "${modules[@]}"; do
    file=$(echo "$cache"/unpacked/lib/modules/*/kernel/"$module.ko")
    [ -f "$file" ] || continue  # a later kernel may have it built in
    cp "$file" "$1/lib/modules/"
    basename "$module" >>"$1/lib/modules/order"
  done
}

# archive FOLDER FILE: as the kernel unpacks it at the start; the same files give the same bytes.
archive() {
  find "$1" -exec touch -h -d @0 {} +
  (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet -R 0:0 --reproducible) |
    zstd -q -6 -f -o "$2"
}

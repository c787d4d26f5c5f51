#!/usr/bin/env bash
# Builds what boards get, into out/packages/.
# Usage: toolchains/package/make.sh [arm64|amd64|board|board-small]...
#   arm64        the Debian packages for boards, cross-compiled; pages are written in the emulator
#   amd64        the Debian packages for this machine's kind
#   board        one program for boards without packages, which needs the C library alone
#   board-small  the same without TLS, PNG and JPEG
# Without arguments: arm64. The same sources give the same bytes.
set -euo pipefail
cd "$(dirname "$0")/../.."

usage() { echo "usage: toolchains/package/make.sh [arm64|amd64|board|board-small]..." >&2; exit 2; }

out=out/packages

# package PRESET: configures, builds and packs; the tests are not needed for it.
package() {
  cmake --preset "$1"
  cmake --build --preset "$1" --target package_deb
  cp "build/$1"/*.deb "$out/"
}

program() {
  cmake --preset "$1"
  cmake --build --preset "$1"
  cp "build/$1/cli/crayon" "$out/crayon-$1"
}

[ $# -gt 0 ] || set -- arm64
for what in "$@"; do
  case $what in arm64 | amd64 | board | board-small) ;; *) usage ;; esac
done
mkdir -p "$out"
for what in "$@"; do
  case $what in
    arm64) package aarch64 ;;
    amd64) package release ;;
    *) program "$what" ;;
  esac
done
ls -l "$out"

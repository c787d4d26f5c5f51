#!/usr/bin/env bash
# Installs what Crayon builds, tests and cross-compiles with: packages of Debian 12, mostly.
# Usage: scripts/setup.sh [build|train|test|fuzz|coverage|board]
#   build  what a native build needs
#   train  that, and what crayon-train needs: libtorch and SentencePiece
#   test   that, the aarch64 cross compiler, libraries and emulator, a browser, and the openai
#          client for Node (default)
#   fuzz   what a native build needs, and Clang with libFuzzer
#   coverage  what a native build needs, and gcovr
#   board  what copies to boards, and the virtual board (docs/virtual-board.md)
set -euo pipefail
what=${1:-test}

libraries=(libuv1-dev libzstd-dev libflatbuffers-dev libsodium-dev libpcre2-dev
           libutf8proc-dev libfmt-dev libhttp-parser2.9 libssl-dev
           libpng-dev libjpeg62-turbo-dev zlib1g-dev)
build=(g++ cmake ninja-build pkg-config ccache flatbuffers-compiler libeigen3-dev
       nlohmann-json3-dev libcli11-dev libgtest-dev libhttp-parser-dev python3 "${libraries[@]}")
train=(libtorch-dev libopenblas0-pthread libsentencepiece-dev)
test=(clang-format clang-tidy zstd curl chromium chromium-driver dpkg-dev groff-base mandoc zsh fish
      python3-numpy python3-pil python3-pip python3-setuptools python3-wheel mypy doxygen
      g++-aarch64-linux-gnu qemu-user libc6:arm64 libstdc++6:arm64
      "${libraries[@]/%/:arm64}" libgtest-dev:arm64)
fuzz=(clang libclang-rt-14-dev)
coverage=(gcovr)
board=(openssh-client qemu-system-arm qemu-user libc6:arm64 cpio zstd e2fsprogs squashfs-tools
       binutils python3 mmdebstrap arch-test)

# Node runs the official OpenAI client against `crayon serve`; any from version 18 on will do.
command -v node >/dev/null && command -v npm >/dev/null || test+=(nodejs npm)

case $what in
  build) wanted=("${build[@]}") ;;
  train) wanted=("${build[@]}" "${train[@]}") ;;
  test)  wanted=("${build[@]}" "${train[@]}" "${test[@]}") ;;
  fuzz)  wanted=("${build[@]}" "${fuzz[@]}") ;;
  coverage) wanted=("${build[@]}" "${coverage[@]}") ;;
  board) wanted=("${board[@]}") ;;
  *) echo "usage: scripts/setup.sh [build|train|test|fuzz|coverage|board]" >&2; exit 2 ;;
esac

# libhttp-parser-dev refuses to stand beside its arm64 twin: the cross build takes
# the header from the native one and the library from libhttp-parser2.9:arm64, or fetch_archive.

installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

native=$(dpkg --print-architecture)
missing=()
for package in "${wanted[@]}"; do
  installed "$package" || missing+=("$package")
done

# The client itself comes by npm, at the version and with the hash that its lock has. A machine that
# cannot fetch it tests all else.
fetch_client() {
  local folder
  folder=$(dirname "$0")/../tests/web/openai_client
  if [ "$what" != test ] || [ "$folder/node_modules/.package-lock.json" -nt "$folder/package-lock.json" ]
  then
    return
  fi
  echo "setup: fetching the openai client for Node"
  npm ci --prefix "$folder" --ignore-scripts ||
    echo "setup: npm could not fetch it; the test web_openai_client will be skipped" >&2
}

# What a board program needs of libhttp-parser-dev:arm64, its archive, is unpacked into the tree.
fetch_archive() {
  local folder
  folder=$(dirname "$0")/../.cache
  if [ "$what" != test ] || [ -f "$folder/usr/lib/aarch64-linux-gnu/libhttp_parser.a" ]; then
    return
  fi
  echo "setup: unpacking the archive of http-parser for arm64"
  mkdir -p "$folder"
  (cd "$folder" && apt-get download -q -o APT::Sandbox::User="$(id -un)" libhttp-parser-dev:arm64 &&
    dpkg -x libhttp-parser-dev_*_arm64.deb . && rm libhttp-parser-dev_*_arm64.deb) ||
    echo "setup: apt could not fetch it; the presets board and board-small will not configure" >&2
}

if [ ${#missing[@]} -eq 0 ]; then
  echo "setup: all ${#wanted[@]} packages are installed"
  fetch_client
  fetch_archive
  exit 0
fi

sudo=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || { echo "setup: needs root or sudo to install: ${missing[*]}" >&2; exit 4; }
  sudo=(sudo)
fi
echo "setup: installing ${#missing[@]} packages: ${missing[*]}"
if [[ "${wanted[*]}" = *:arm64* ]] && [ "$native" != arm64 ]; then
  "${sudo[@]}" dpkg --add-architecture arm64
fi
# A library and its arm64 twin must have the same version, so both are named:
# apt then moves an older installed one along instead of refusing.
for package in "${missing[@]}"; do
  case $package in *:arm64) wanted+=("${package%:arm64}:$native") ;; esac
done
"${sudo[@]}" apt-get update -q
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -q --no-install-recommends "${wanted[@]}"
fetch_client
fetch_archive

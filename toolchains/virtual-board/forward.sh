#!/usr/bin/env bash
# One connection of the virtual board to a port of this machine: QEMU starts it with the board's bytes
# on its standard input and output.
# Usage: forward.sh PORT
set -u
exec 2>/dev/null  # QEMU would send it to the board
exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
exec 4<&0  # what runs in the background has no standard input otherwise
cat <&3 &
cat <&4 >&3 &
wait -n  # whoever closes first ends both ways
kill %1 %2

# shellcheck shell=bash disable=SC2154  # what day.sh has set
# Sourced by day.sh, whose functions it calls: programs of one's own on the board, built here against
# the packages of the library.

# build_examples PACKAGES: leaves them unpacked in library/, and the programs in programs/.
build_examples() {
  local package folder
  for package in libcrayon0 libcrayon-dev; do
    host dpkg-deb -x "$1/${package}"_*_arm64.deb library
    wants_code 0
  done
  mkdir -p programs
  for folder in c cpp daemon; do
    host cmake --log-level=WARNING -G Ninja --toolchain "$top/toolchains/aarch64-debian.cmake" \
      -S "library/usr/share/doc/libcrayon-dev/examples/$folder" -B "build-$folder" \
      -DCMAKE_PREFIX_PATH="$work/library/usr" -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON
    wants_code 0
    host cmake --build "build-$folder" -- --quiet
    wants_code 0
  done
  cp build-c/answer build-cpp/adapt build-daemon/sensor_daemon "$examples/daemon/runbook.txt" programs/
}

# install_library PACKAGES: as apt does it, or where there is no apt as a file with what it needs.
install_library() {
  if [ "$kind" = debian ]; then
    on_board sh -c 'cat >/root/files/libcrayon0.deb' <"$(echo "$1"/libcrayon0_*_arm64.deb)"
    target apt-get install -y -q -o Dpkg::Use-Pty=0 /root/files/libcrayon0.deb
    wants_code 0
  else
    board_sh libraries "library/usr/lib/aarch64-linux-gnu/libcrayon.so.0"
    wants_code 0
    tar -C library -cf - usr/lib/aarch64-linux-gnu | on_board sh -c 'tar -C / -xf - && sync'
  fi
}

# run_examples: each gives the answer that the program gives here.
run_examples() {
  local model=$store/active/model.crayon pool=$store/active/pool.crayon
  tar -C programs -cf - . | on_board sh -c 'tar -C /root/files -xf -'
  target /root/files/answer "$model" "$question"
  wants_code 0
  [ "$(head -n 1 <<<"$output")" = "$first_answer" ] || problem "it should answer as the workstation: $first_answer"
  python3 -c 'import json, sys; print(json.dumps({"question": sys.argv[1]}))' "$question" |
    on_board sh -c 'cat >/root/files/asked.jsonl'
  target sh -c "/root/files/adapt $model $pool /root/files/mine.jsonl /root/files/own.crayon </root/files/asked.jsonl"
  wants_code 0
  wants "\"answer\":\"$right\""
  target sh -c "cd /root/files && echo 99 >sensor && touch daemon.log
    ./sensor_daemon $model $pool runbook.txt sensor >daemon.log 2>&1 &
    daemon=\$!
    tries=0
    while ! grep -q ^answered daemon.log && [ \$tries -lt 600 ]; do sleep 0.1; tries=\$((tries + 1)); done
    kill -TERM \$daemon; wait \$daemon; code=\$?
    grep -v ^reading daemon.log; exit \$code"
  wants_code 0
  wants '^alarm 1$'
  wants '^answered by the model'
}

# run_python: the bindings' example, where the board has Python.
run_python() {
  if ! on_board sh -c 'command -v python3 >/dev/null'; then
    echo "(the board has no Python)"
    return
  fi
  tar -C "$top/bindings/python" -cf - crayon examples | on_board sh -c 'tar -C /root/files -xf -'
  target env PYTHONPATH=/root/files python3 -B /root/files/examples/answer.py "$store/active/model.crayon" "$question"
  wants_code 0
  [ "$(head -n 1 <<<"$output")" = "$first_answer" ] || problem "it should answer as the workstation: $first_answer"
}

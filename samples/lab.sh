#!/bin/sh
# SPDX-License-Identifier: MIT
# A small shop of three services to break, and what oddline finds in its logs.
#   sh samples/lab.sh [none|leak|lock|release|gateway|peak] [options: see samples/lab/lab.py]
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh
# shellcheck disable=SC2086 # words are wanted
setup_packages $setup_build python3
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DODDLINE_TESTS=OFF && cmake --build build; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    exit 1
fi
python3 samples/lab/lab.py "$@"

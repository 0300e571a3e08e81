#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds, runs every test.
#   sh tests/run.sh           everything: release build, sanitizers, end to end, faults
#   sh tests/run.sh fault     kills, cuts, full disks and wild rotations against the whole program
#   sh tests/run.sh fast      unit and contract tests with ASan and UBSan, for one's own loop
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh

tier=${1:-all}
# shellcheck disable=SC2086 # words are wanted
setup_packages $setup_build $setup_tests $([ "$tier" != all ] || echo $setup_browser)
jobs=$(nproc)

quietly() {
    log=$(mktemp)
    if ! "$@" >"$log" 2>&1; then
        tail -n 60 "$log" >&2
        rm -f "$log"
        exit 1
    fi
    rm -f "$log"
}

build() { # PRESET
    echo "building preset $1 ..." >&2
    quietly cmake --preset "$1" -G Ninja -DODDLINE_TESTS=ON
    quietly cmake --build --preset "$1" -j "$jobs"
}

run() { # DIRECTORY CTEST-ARGUMENTS...
    dir=$1
    shift
    echo "testing $dir ..." >&2
    # A test that needs something is not skipped when it is missing: it fails.
    UBSAN_OPTIONS=print_stacktrace=1 ASAN_OPTIONS=detect_leaks=1 \
        ctest --test-dir "$dir" --output-on-failure --no-tests=error -j "$jobs" "$@"
}

case $tier in
fast)
    build dev
    run build-dev -L fast
    ;;
fault)
    build crash
    run build-crash -L fault
    ;;
all)
    build release
    build dev
    build tsan
    build crash
    run build -LE fault
    run build-dev -L fast
    run build-tsan -L threads
    run build-crash -L fault
    ;;
*)
    echo "usage: sh tests/run.sh [fast|fault]" >&2
    exit 64
    ;;
esac
echo
echo "All tests passed. Next: sh samples/run.sh shows findings in real logs; .ci/run adds the static checks."

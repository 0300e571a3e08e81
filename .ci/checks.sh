#!/bin/sh
# SPDX-License-Identifier: MIT
# The static checks: walls, format, function sizes and lint, cppcheck, the public header, hardening of what is built.
#   sh .ci/checks.sh
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh
# shellcheck disable=SC2086 # words are wanted
setup_packages $setup_build $setup_tests $setup_checks
jobs=$(nproc)
log=$(mktemp)
trap 'rm -f "$log"' EXIT

say() { printf '%s ... ' "$1" >&2; }
ok() { echo "ok" >&2; }
fail() {
    echo "FAILED" >&2
    tail -n 60 "$log" >&2
    exit 1
}

ours() { git ls-files -- 'core/*.[ch]' 'plugins/*.[ch]' 'detectors/*.[ch]' 'samples/*.[ch]' 'samples/*.cpp' 'tests/*.[ch]'; }

say "walls"
sh .ci/walls.sh >"$log" 2>&1 || fail
ok

say "format"
ours | xargs clang-format --dry-run -Werror >"$log" 2>&1 || fail
ok

say "build without warnings, gcc and clang"
{ cmake --preset release -G Ninja -DODDLINE_TESTS=ON && cmake --build --preset release -j "$jobs" &&
    cmake -S . -B build-clang -G Ninja -DCMAKE_C_COMPILER=clang -DODDLINE_WERROR=ON &&
    cmake --build build-clang -j "$jobs"; } >"$log" 2>&1 || fail
ok

say "header as C11, C17, C++11 to C++20"
for std in c11 c17; do
    echo '#include <oddline/detector.h>' | gcc -std=$std -Wall -Wextra -Wpedantic -Werror -Iplugins/include -x c -c -o /dev/null - >"$log" 2>&1 || fail
done
for std in c++11 c++14 c++17 c++20; do
    echo '#include <oddline/detector.h>' | g++ -std=$std -Wall -Wextra -Wpedantic -Werror -Iplugins/include -x c++ -c -o /dev/null - >"$log" 2>&1 || fail
done
ok

say "hardening"
sh .ci/hardening.sh build/oddline >"$log" 2>&1 || fail
ok

say "clang-tidy"
git ls-files -- 'core/*.c' 'plugins/host/*.c' 'detectors/*.c' |
    xargs -P "$jobs" -n 8 clang-tidy -p build-clang --quiet --warnings-as-errors='*' >"$log" 2>&1 || fail
ok

say "cppcheck"
cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
    --suppressions-list=.ci/cppcheck.txt --error-exitcode=1 -j "$jobs" -D_GNU_SOURCE -DODDLINE_VERSION='"0"' \
    -DODDLINE_PLUGIN_DIR='""' -DODDLINE_PLUGIN_FROM_BIN='""' -D__x86_64__ -Icore -Iplugins -Iplugins/include -Idetectors core plugins detectors >"$log" 2>&1 || fail
ok

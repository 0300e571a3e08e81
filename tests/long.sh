#!/bin/sh
# SPDX-License-Identifier: MIT
# The long forms of the fault tests: about so many minutes, then a table of scenario, runs, lost and doubled.
#   sh tests/long.sh [MINUTES]      60 unless said; from 3 on; with 30 and more the wire's long forms and the mutants come on top
set -eu
cd "$(dirname "$0")/.."
# shellcheck source=cmake/setup.sh disable=SC1091
. cmake/setup.sh
minutes=${1:-60}
case $minutes in
'' | *[!0-9]*)
    echo "usage: sh tests/long.sh [MINUTES]" >&2
    exit 64
    ;;
esac
[ "$minutes" -ge 3 ] || minutes=3
# shellcheck disable=SC2086,SC2154 # words are wanted; they are set in setup.sh
setup_packages $setup_build $setup_tests
build=build-crash
table=$(mktemp)
trap 'rm -f "$table"' EXIT
trap 'exit 1' INT TERM

cmake --preset crash -G Ninja -DODDLINE_TESTS=ON >/dev/null
cmake --build $build -j "$(nproc)" >/dev/null

# Two scenarios at a time: so many seconds are there to give away, in hundredths.
total=$((minutes * 60 * 2))

# script scenario, its share in hundredths, milliseconds that one repetition takes, most repetitions
list='kill a1 16 320 1000
kill a2 5 30000 20
kill a3 10 2600 400
kill c1 3 1500 100
kill c2 6 1700 150
power a4 10 2200 100
power power 6 2200 100
disk a12 2 5000 20
disk a14 2 2500 40
disk a23 1 150 200
stop a16 2 1700 30
stop a17 4 900 2000
stop each 6 1500 550
stop a24 1 3000 20
rotate b1 1 200 1000
rotate b2 1 1500 100
rotate b3 1 600 100
rotate b9 2 450 1000
rotate b38 1 900 50
rotate b39 2 3000 30
random_walk b40 12 6000 10000'

scenarios() {
    echo "$list" | while read -r script name share each most; do
        repeat=$((total * share * 10 / each))
        [ "$repeat" -ge 1 ] || repeat=1
        [ "$repeat" -le "$most" ] || repeat=$most
        echo "$script $name --repeat $repeat --limit $((total * share * 3 / 100 + 170))"
    done
    echo "soak e18 --seconds $((total * 9 / 100)) --limit $((total / 10 + 200))"
    for name in b5 b6 b7 b8 b10 b24 b25; do echo "rotate $name --limit 170"; done
    echo "order order --limit 170"
}

echo "fault scenarios for about $minutes minutes ..." >&2
export FAULT_TABLE="$table"
code=0
# shellcheck disable=SC2016 # for the inner shell
scenarios | xargs -P 2 -L 1 sh -c 'script=$1 name=$2; shift 2
    python3 tests/fault/"$script".py "$name" '"$build"' "$@" || [ $? -eq 77 ]' run || code=1
python3 tests/fault/soak.py many $build || [ $? -eq 77 ] || code=1
if [ "$minutes" -ge 30 ]; then
    ODDLINE_LONG=1 timeout $((minutes * 6)) ctest --test-dir $build -L redis -j 2 --output-on-failure || code=1
    sh tests/fault/mutants.sh || code=1
fi

echo
sort "$table"
[ "$code" -eq 0 ] || echo "Something failed: see above; --seed with the same number repeats it." >&2
exit "$code"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Do the tests have teeth? Builds the program with one promise broken at a time and shows that a scenario fails each of them, and
# that the whole program passes the same scenarios.
#   sh tests/fault/mutants.sh [MUTANT...]
set -eu
cd "$(dirname "$0")/../.."
dir=$(mktemp -d "${TMPDIR:-/tmp}/oddline-mutants.XXXXXX")
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM
tries=4

# MUTANT: the scenarios of which at least one must fail
scenarios_of() {
    case $1 in
    NO_FDATASYNC) echo "order:order power:power" ;;
    NO_DIR_FSYNC) echo "order:order power:power" ;;
    NO_ATOMIC_PUBLISH) echo "kill:a2 kill:c2" ;;
    ACK_BEFORE_COMMIT) echo "order:order power:power kill:a2" ;;
    *)
        echo "mutants: no such mutant: $1" >&2
        exit 64
        ;;
    esac
}

build() { # MUTANT or nothing
    if ! { cmake -S . -B "$dir/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DODDLINE_CRASH_POINTS=ON \
        -DODDLINE_MUTANT="$1" -DCMAKE_PROJECT_oddline_INCLUDE="$PWD/tests/fault/mutant.cmake" &&
        cmake --build "$dir/build" -j "$(nproc)" --target oddline fault_tools; } >"$dir/log" 2>&1; then
        tail -n 40 "$dir/log" >&2
        exit 1
    fi
}

# script:scenario; what it said is in $dir/said
run() {
    code=0
    timeout 300 python3 "tests/fault/${1%%:*}.py" "${1##*:}" "$dir/build" --limit 200 >"$dir/said" 2>&1 || code=$?
    return "$code"
}

caught_by() { # SCENARIO: does it fail, by what it is there to see, in a few tries?
    try=0
    while [ "$try" -lt "$tries" ]; do
        code=0
        run "$1" || code=$?
        [ "$code" -ne 77 ] || return 77
        if [ "$code" -eq 1 ] && grep -Eq 'lost=|order of system calls|knew more than the disk|daemon ended' "$dir/said"; then return 0; fi
        try=$((try + 1))
    done
    return 1
}

mutant() {
    grep -rq "ODDLINE_MUTANT_$1" core || {
        echo "$1: not in the code" >&2
        return 1
    }
    build "$1"
    by=
    for scenario in $(scenarios_of "$1"); do
        if caught_by "$scenario"; then by="$by ${scenario##*:} ($(grep -Eom 1 'lost=[0-9]+ doubled=[0-9]+ wrong=[0-9]+|order of system calls is wrong|knew more than the disk|daemon ended [a-z ]*[0-9-]*' "$dir/said"))"; fi
    done
    [ -n "$by" ] || {
        echo "$1: SURVIVED: no scenario fails" >&2
        return 1
    }
    echo "$1: killed by$by"
}

[ $# -gt 0 ] || set -- NO_FDATASYNC NO_DIR_FSYNC NO_ATOMIC_PUBLISH ACK_BEFORE_COMMIT
bad=0
all=
for name in "$@"; do all="$all $(scenarios_of "$name")"; done
build ""
# shellcheck disable=SC2086 # words are wanted
for scenario in $(printf '%s\n' $all | sort -u); do
    code=0
    run "$scenario" || code=$?
    case $code in
    0) echo "unchanged: ${scenario##*:} passes" ;;
    77) echo "unchanged: ${scenario##*:} cannot be made here: $(tail -n 1 "$dir/said")" ;;
    *)
        echo "unchanged: ${scenario##*:} FAILS" >&2
        cat "$dir/said" >&2
        bad=1
        ;;
    esac
done
for name in "$@"; do mutant "$name" || bad=1; done
exit "$bad"

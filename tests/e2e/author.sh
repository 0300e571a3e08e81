#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: what `oddline plugins new` writes builds out of the tree against an installed prefix, passes its tests and finds something;
# so do the samples and the example in the guide; `oddline plugins test` names each promise that a detector breaks.
. "$(dirname "$0")/lib.sh"
cd "$tmp"

quietly() { "$@" >log 2>&1 || { cat log >&2; fail "$*"; }; }
expect() { # CODE TEXT COMMAND...
    code=$1 text=$2 got=0
    shift 2
    "$@" >out 2>err </dev/null || got=$?
    [ "$got" -eq "$code" ] || fail "$* ended with $got, not $code: $(cat out err)"
    grep -qF -- "$text" out err || fail "$* does not say '$text' but: $(cat out err)"
}

quietly cmake --install "$build" --prefix "$tmp/first"
mv first prefix # the package must not know where it was installed
installed=$tmp/prefix/bin/oddline
include=$tmp/prefix/include
ODDLINE_PLUGIN_DIR=$tmp/$(dirname "$(find prefix -name ewma.so)") # this oddline was moved
export ODDLINE_PLUGIN_DIR

# ---- refusals
expect 64 "give it a name" "$installed" plugins new
for name in Upper a_b -dash dash- a/b ../up '' test new aaaaaaaaaabbbbbbbbbbccccccccccdd; do
    expect 64 "no name for a detector" "$installed" plugins new -- "$name"
done
expect 74 "there is a detector of that name" "$installed" plugins new ewma
mkdir full && echo mine >full/.hidden
expect 74 "not empty" "$installed" plugins new fresh full
[ "$(ls -A full)" = .hidden ] || fail "something was written into a directory that is in use"
expect 74 "no oddline is installed there" "$installed" plugins new fresh --from="$tmp/full"
expect 74 "cmake --install" "$installed" plugins new fresh --from="$build"
[ ! -e fresh ] || fail "a refused project is there"

# ---- a new detector, with CMake and with make
for name in fresh 2-b; do
    expect 0 "$name: a detector to begin with" "$installed" plugins new "$name"
    quietly cmake -S "$name" -B "$name/build"
    quietly cmake --build "$name/build"
    quietly ctest --test-dir "$name/build" --no-tests=error --output-on-failure
    quietly ctest --test-dir "$name/build" -N
    grep -q 'Total Tests: 3' log || fail "not all tests of a new detector are there: $(cat log)"
done
cd fresh
expect 0 "ok      it goes on from a saved state" "$installed" plugins test build/fresh.so sample.log
grep -q '^cost .* ns a window' out || fail "no cost: $(cat out)"
expect 0 '"detector":"fresh"' "$installed" scan -c oddline.yaml --json sample.log
rm -rf build
quietly make check
quietly make install
quietly make clean
cd ..
find prefix -path '*/detectors/fresh.so' | grep -q . || fail "make install puts it elsewhere"
expect 0 "fresh 0.1.0" "$installed" plugins fresh
expect 0 "a detector to begin with" "$installed" plugins new other deep --from="$tmp/prefix"
quietly cc -std=c11 -Wall -Wextra -Wconversion -Wno-sign-conversion -Wshadow -Werror -I"$include" -fsyntax-only deep/other.c deep/test_other.c

# ---- the samples
for sample in detector detector-records detector-cpp; do
    cp -r "$tree/samples/$sample" "$sample"
    quietly cmake -S "$sample" -B "$sample/build" -DCMAKE_PREFIX_PATH="$tmp/prefix"
    quietly cmake --build "$sample/build"
    quietly ctest --test-dir "$sample/build" --no-tests=error --output-on-failure
    for so in "$sample"/build/*.so; do
        quietly "$installed" plugins test "$so" "$tree/samples/logs/kafka-3brokers" fresh/sample.log
    done
done
awk 'BEGIN {
    for (s = 0; s < 9000; s++) {
        what = s >= 7200 && s < 7500 ? "queue is full" : substr("abcdefghijklmnop", s * 7 % 16 + 1, 1) " is done"
        printf "2026-03-02 %02d:%02d:%02d,000 INFO [x] job %d: %s\n", 9 + s / 3600, s / 60 % 60, s % 60, s, what
    }
}' >loop.log
for s in 120 140; do # a level that moves by a quarter, and stays
    awk -v n="$s" -v from="$([ "$s" = 120 ] && echo 0 || echo 100)" 'BEGIN {
        for (m = from; m < from + 100; m++) for (i = 0; i < n * (1 + (m * 7 % 5 - 2) / 60); i++)
            printf "2026-03-02 %02d:%02d:%02d,%03d INFO [x] tick\n", 9 + m / 60, m % 60, i * 60 / n / 1.1, 0
    }'
done >step.log
cat >samples.yaml <<'YAML'
streams:
  - {name: loop, paths: loop.log, window: 1m, detectors: [{use: ./detector-records/build/repeat.so, on: [lines]}]}
  - {name: step, paths: step.log, window: 1m, floor_ratio: 1, detectors: [{use: ./detector-cpp/build/drift.so, on: [lines]}]}
YAML
expect 0 '"detector":"repeat"' "$installed" scan -c samples.yaml --json loop.log
expect 0 '"detector":"drift"' "$installed" scan -c samples.yaml --json step.log

# ---- the example in the guide
sed -n '/^```c$/,/^```$/p' "$tree/docs/abi.md" | sed '/^```c$/d;/^```$/,$d' >jump.c
quietly cc -std=c11 -O2 -Wall -Wextra -Werror -fPIC -fvisibility=hidden -shared -I"$include" jump.c -o jump.so -lm
quietly "$installed" plugins test jump.so fresh/sample.log

# ---- each promise broken once
try() { # ROGUE CODE TEXT
    cc -std=c11 -D_GNU_SOURCE -O1 -fPIC -fvisibility=hidden -shared -DROGUE="$1" -I"$include" \
        "$tree/tests/e2e/rogue_detector.c" -o rogue.so -lm
    expect "$2" "$3" "$installed" plugins test --deadline=2s rogue.so fresh/sample.log
}
try fine 0 "logs "
try constructor 65 "killed by SIGABRT while it was mapped"
try blurb 1 "FAILED  its label is sane: parameter share"
try range 1 "FAILED  it opens at both ends of each range: with share=2"
try empty 1 "FAILED  it bears empty windows: killed by SIGABRT in score()"
try forever 1 "still running after 2s in score()"
try net 1 "system call socket in open()"
try leave 1 "in score()"
try negative 1 "FAILED  its scores are finite and never negative"
try seeded 1 "another process says something else"
try shared 1 "FAILED  the same windows give the same scores, to the bit: shown twice"
try forgets 1 "FAILED  it goes on from a saved state as if nothing had been: after load()"
try gullible 1 "FAILED  it starts cold from a state that is not its own: load() does not refuse one byte"
try batches 1 "FAILED  it does not notice how records are cut into batches"
try keeps 1 "each gone after the call"
try writes 1 "killed by SIGSEGV in observe()"

expect 65 "nowhere.so" "$installed" plugins test ./nowhere.so fresh/sample.log
echo no detector >text.so
expect 65 "text.so" "$installed" plugins test ./text.so fresh/sample.log
expect 66 "nothing to score" "$installed" plugins test rogue.so text.so
expect 64 "out of range" "$installed" plugins test --deadline=1ms rogue.so fresh/sample.log
expect 64 "FILE.so" "$installed" plugins test rogue.so
echo "author: ok"

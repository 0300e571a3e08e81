#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: a detector that `oddline plugins new` wrote, built out of the tree against an installed prefix, is loaded by a running
# daemon with SIGHUP and finds something; when its file is replaced by a broken one, the old keeps working.
. "$(dirname "$0")/lib.sh"
cd "$tmp"

cmake --install "$build" --prefix "$tmp/prefix" >/dev/null
prefix/bin/oddline plugins new mine >/dev/null
{ cmake -S mine -B mine/build && cmake --build mine/build; } >log 2>&1 || { cat log >&2; fail "the new detector does not build"; }

config() { # STREAMS
    printf 'state_dir: %s/state\nsinks: {jsonl: {path: %s/findings.jsonl}}\nstreams:\n  - {name: other, paths: %s/other.log}\n%s\n' \
        "$tmp" "$tmp" "$tmp" "$1" >oddline.yaml
}
mine="  - name: mine
    paths: $tmp/sample.log
    start: begin
    window: 1m
    detectors: [{use: $tmp/mine/build/mine.so, on: [lines, errors], set: {memory: 30}}]"
cp mine/sample.log sample.log
: >findings.jsonl
touch other.log
config ''
daemon_start oddline.yaml
config "$mine"
kill -HUP "$daemon_pid"
until_true 10 grep -q '1 added' daemon.log || fail "the stream is not added"
until_true 15 grep -q '"detector":"mine"' findings.jsonl || fail "the new detector finds nothing"

# A broken build over it: refused with a sentence, and nothing else happens.
head -c 2000 mine/build/mine.so >broken.so
mv broken.so mine/build/mine.so
kill -HUP "$daemon_pid"
until_true 10 grep -q 'mine.so: truncated.*the old configuration stays' daemon.log || fail "the broken file is not named"
daemon_stop
echo "author_reload: ok"

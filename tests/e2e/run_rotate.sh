#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: while logs are rotated by rename and by copytruncate, while the daemon runs and while it is down, each line is counted
# exactly once. Every line carries a number of its own; count, sum and sum of squares of what was counted must be those of
# what was written, so a line lost and another counted twice cannot cancel out. With inotify, and by polling alone.
. "$(dirname "$0")/lib.sh"

stream() {
    cat <<YAML
  - name: $1
    paths: $tmp/$1.log
    start: begin
    window: 1s
    policy: every
    series: [{name: ids, sum: id}, {name: squares, sum: sq}]
    detectors: [{use: $build/tests/contract/counter.so, on: [lines, ids, squares]}]
YAML
}
cat >"$tmp/oddline.yaml" <<YAML
state_dir: $tmp/state
streams:
$(stream renamed; stream truncated)
sinks:
  jsonl: {path: $tmp/findings.jsonl}
YAML

# write STREAM COUNT: that many further lines; like many programs it opens the file again only now and then
write() {
    python3 - "$tmp" "$@" <<'PY'
import datetime, os, sys, time
tmp, stream, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
try:
    last = int(open(f"{tmp}/{stream}.last").read())
except FileNotFoundError:
    last = 0
for i in range(last + 1, last + count + 1):
    if i % 25 == 1 or i == last + 1:
        out = open(f"{tmp}/{stream}.log", "a", buffering=1)
    now = datetime.datetime.now(datetime.timezone.utc)
    out.write(f"{now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03d} INFO [app] tick id={i} sq={i * i}\n")
    time.sleep(0.002)
with open(f"{tmp}/{stream}.last", "w") as last:
    last.write(str(i))
PY
}
rename_log() { # as logrotate does
    [ ! -e "$tmp/renamed.log.2" ] || mv "$tmp/renamed.log.2" "$tmp/renamed.log.3"
    [ ! -e "$tmp/renamed.log.1" ] || mv "$tmp/renamed.log.1" "$tmp/renamed.log.2"
    mv "$tmp/renamed.log" "$tmp/renamed.log.1"
    : >"$tmp/renamed.log"
}
# What copytruncate takes away before it was read, nobody can read: so only once all of it was. The status is written every 2 s.
is_read() {
    "$oddline" status --json --state-dir "$tmp/state" 2>/dev/null | python3 -c '
import json, sys
records = [s["records"] for s in json.load(sys.stdin)["streams"] if s["name"] == "truncated"]
sys.exit(records != [int(sys.argv[1])])' "$(cat "$tmp/truncated.last")"
}
wait_until_read() {
    until_true 10 is_read || fail "truncated.log is not read to its end"
}
truncate_log() {
    wait_until_read
    cp "$tmp/truncated.log" "$tmp/truncated.log.1"
    : >"$tmp/truncated.log"
}

# sums: of what was counted, by stream: lines, sum of ids, sum of squares
sums() {
    python3 - "$tmp" <<'PY'
import collections, json, sys
sums = collections.Counter()
for line in open(f"{sys.argv[1]}/findings.jsonl"):
    f = json.loads(line)
    if f["detector"] == "counter":
        sums[f["stream"], f["series"]] += f["observed"]
    else:
        print(f["kind"], f["summary"])
for stream in "renamed", "truncated":
    print(stream, *(int(sums[stream, s]) for s in ("lines", "ids", "squares")))
PY
}
written() {
    for name in renamed truncated; do
        python3 -c '
import sys
n = int(open(f"{sys.argv[1]}/{sys.argv[2]}.last").read())
print(sys.argv[2], n, n * (n + 1) // 2, n * (n + 1) * (2 * n + 1) // 6)' "$tmp" "$name"
    done
}
all_is_counted() { [ "$(sums)" = "$(written)" ]; }

round() { # [OPTION...] of the daemon
    : >"$tmp/renamed.log"
    : >"$tmp/truncated.log"
    daemon_start "$tmp/oddline.yaml" "$@"
    write renamed 400 &
    writer=$!
    write truncated 100
    truncate_log
    rename_log
    write truncated 30 # shorter than before
    truncate_log
    write truncated 200 # and longer
    rename_log
    wait "$writer"
    wait_until_read

    daemon_stop
    write renamed 60
    rename_log
    write renamed 50
    rename_log
    write renamed 40
    truncate_log # all of it was read before
    write truncated 70
    daemon_start "$tmp/oddline.yaml" "$@"
    write renamed 30 &
    writer=$!
    rename_log
    write truncated 20
    wait "$writer"
    until_true 8 all_is_counted || :
    daemon_stop
    all_is_counted || fail "$*: counted: $(sums | tr '\n' ';') written: $(written | tr '\n' ';')"
    rm -rf "$tmp/state" "$tmp"/*.last "$tmp"/renamed.log* "$tmp"/truncated.log* "$tmp/findings.jsonl"
}
round
round --poll
grep 'stopped: ' "$tmp/daemon.log" | sed 's/.*notice: //'
echo "run_rotate: ok"

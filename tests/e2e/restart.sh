#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: detectors go on from what they knew after an orderly end of the daemon, and begin anew after a crash, since what was
# kept before would be older than the bookmarks. Torn bytes are refused, said, and harmless.
. "$(dirname "$0")/lib.sh"

cat >"$tmp/oddline.yaml" <<YAML
state_dir: $tmp/state
streams:
  - name: app
    paths: $tmp/app.log
    window: 1s
    warmup: 1
    storm_per_hour: 100
    detectors:
      - {use: pattern, on: [errors], set: {warmup: 12}}
sinks: {jsonl: {path: $tmp/findings.jsonl}}
YAML
touch "$tmp/app.log"
write() { (cd "$tmp" && python3 "$tree/tests/e2e/write_log.py" "$@"); }
found() { grep -q '"route":"page"' "$tmp/findings.jsonl" 2>/dev/null; }

daemon_start "$tmp/oddline.yaml"
write calm 14 app.log
daemon_stop
[ -s "$tmp/state/detectors.state" ] || fail "nothing is kept at the end"
daemon_start "$tmp/oddline.yaml"
[ ! -e "$tmp/state/detectors.state" ] || fail "what was kept is not taken away"
write calm 3 app.log
write burst 40 app.log >/dev/null
until_true 8 found || fail "3 s after the restart the detector, which needs 12 windows to learn, knows nothing"
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2>/dev/null || :
daemon_pid=

head -c 100 /dev/urandom >"$tmp/state/detectors.state"
daemon_start "$tmp/oddline.yaml"
grep -q 'they begin anew' "$tmp/daemon.log" || fail "torn bytes are not named"
daemon_stop
echo "restart: ok"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: what the daemon knew, it knows after an orderly end and after a kill: detectors do not warm up again. One torn snapshot is
# as good as none was torn; with both torn it begins cold, says so, and neither loses nor repeats a finding.
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

snapshots() { ls "$tmp/state" | grep -c '^snapshot\.[0-9a-f]*$'; }
tear() { # the newest, or all: FILE...
    for file; do
        size=$(stat -c %s "$file")
        head -c $((size / 2)) "$file" >"$file.torn" && mv "$file.torn" "$file"
    done
}
newest() { ls "$tmp"/state/snapshot.* | tail -n 1; }
kill_it() {
    kill -KILL "$daemon_pid"
    wait "$daemon_pid" 2>/dev/null || :
    daemon_pid=
}
all_once() { # n is dense, from 1
    python3 - "$tmp/findings.jsonl" <<'PY'
import json, sys
n = [json.loads(line)["n"] for line in open(sys.argv[1])]
assert n == list(range(1, len(n) + 1)), n
PY
}

daemon_start "$tmp/oddline.yaml"
write calm 14 app.log
daemon_stop
[ "$(snapshots)" = 2 ] || fail "$(snapshots) snapshots are kept at the end"
daemon_start "$tmp/oddline.yaml"
write calm 2 app.log
kill_it
tear "$(newest)"
daemon_start "$tmp/oddline.yaml"
grep -q "damaged or cut off; the one before is used" "$tmp/daemon.log" || fail "a torn snapshot is not named"
write calm 3 app.log
write burst 40 app.log >/dev/null
until_true 8 found || fail "3 s after the restart the detector, which needs 12 windows to learn, knows nothing"
kill_it

tear "$tmp"/state/snapshot.*
daemon_start "$tmp/oddline.yaml"
grep -q 'there is no snapshot: .* begin cold' "$tmp/daemon.log" || fail "a cold start is not named"
write calm 3 app.log
daemon_stop
all_once || fail "a finding is missing or there twice"
echo "restart: ok"

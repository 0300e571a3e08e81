#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: what somebody silenced is kept for the log with reason and author, also by a daemon that was killed and came back; what he
# did not silence, and what comes after its end, is sent. A file that makes no sense changes nothing.
. "$(dirname "$0")/lib.sh"

cat >"$tmp/oddline.yaml" <<YAML
state_dir: $tmp/state
streams:
  - name: app
    paths: $tmp/app.log
    window: 1s
    warmup: 1
    resolve_after: 2
    storm_per_hour: 100
    detectors:
      - {use: pattern, on: [errors], set: {warmup: 8}}
sinks: {jsonl: {path: $tmp/findings.jsonl}}
YAML
touch "$tmp/app.log"
write() { (cd "$tmp" && python3 "$tree/tests/e2e/write_log.py" "$@"); }
silence() { "$oddline" silence "$@" -c "$tmp/oddline.yaml"; }
kill_it() {
    kill -KILL "$daemon_pid"
    wait "$daemon_pid" 2>/dev/null || :
    daemon_pid=
}
# how many findings have been fired on this route, with this JSON in them
fired() { grep '"status":"firing"' "$tmp/findings.jsonl" 2>/dev/null | grep "\"route\":\"$1\"" | grep -cF "$2" || :; }
is_fired() { [ "$(fired "$1" "$2")" -ge "$3" ]; }
kept='"labels":{"silenced":"moving the \"payments\" host"}'

daemon_start "$tmp/oddline.yaml"
write calm 10 app.log
[ "$(silence list)" = "no silences" ] || fail "silences from nowhere"
! silence add --stream ap --for 1h --reason x --author me 2>"$tmp/said" || fail "a stream that is not there is silenced"
grep -q "no stream is called 'ap'; did you mean 'app'" "$tmp/said" || fail "a misspelt stream: $(cat "$tmp/said")"
! silence add --stream app --for 1h --reason "$(printf 'a\033[2Jb')" --author me 2>/dev/null || fail "a reason may clear the screen"
id=$(silence add --stream app --series errors --for 1h --reason 'moving the "payments" host' --author ann)
silence list | grep -q "^$id  *active .*app, series errors: moving .* (ann)" || fail "not listed: $(silence list)"

until_true 5 grep -q 'silences: 1 are kept' "$tmp/daemon.log" || fail "the daemon did not notice"
write burst 40 app.log >/dev/null
write calm 2 app.log
until_true 8 is_fired log "$kept" 1 || fail "what was silenced is not kept"
grep -F "$kept" "$tmp/findings.jsonl" | grep -q '"silenced_by":"ann"' || fail "who silenced it is not said"
silence add --stream app --series warnings --for 1h --reason 'the same' --author ann >/dev/null
until_true 5 grep -q 'silences: 2 are kept' "$tmp/daemon.log" || fail "the daemon did not notice the second one"
sleep 0.4 # the block that holds it
kill_it

# what it was told it knows from its journal, whatever the file says by now
cp "$tmp/state/silences.json" "$tmp/good.json"
echo '{"v":1,"next":' >"$tmp/state/silences.json"
daemon_start "$tmp/oddline.yaml"
until_true 5 grep -q 'silences.json: makes no sense.*the silences before stay' "$tmp/daemon.log" || fail "a torn file is not named"
! silence list 2>/dev/null || fail "a torn file is listed"
write calm 6 app.log
write burst 60 app.log >/dev/null
write calm 2 app.log
until_true 8 is_fired log "$kept" 2 || fail "what was silenced before the kill is not silenced after it"
"$oddline" status --json -c "$tmp/oddline.yaml" | grep -q '"silences":2,' || fail "a silence was forgotten"
[ "$(fired page '')" = 0 ] || fail "a page came through"

kill_it
cp "$tmp/good.json" "$tmp/state/silences.json"
silence expire "$id"
silence list | grep -q "^$id  *ended" || fail "an ended one is not listed as such"
! silence expire "$id" 2>/dev/null || fail "it ended twice"
daemon_start "$tmp/oddline.yaml"
write calm 6 app.log
write burst 400 app.log >/dev/null
write calm 2 app.log
until_true 8 is_fired page '"series":"errors"' 1 || fail "what is not silenced any more is not sent"
"$oddline" status -c "$tmp/oddline.yaml" | grep -q 'warm-up 1 of 1 windows' || fail "the status does not show how far it has warmed up"
daemon_stop
python3 - "$tmp/findings.jsonl" <<'PY'
import json, sys
n = [json.loads(line)["n"] for line in open(sys.argv[1])]
assert n == list(range(1, len(n) + 1)), n
PY
! grep -q 'came out differently' "$tmp/daemon.log" || fail "a replay found something else"
echo "silences: ok"

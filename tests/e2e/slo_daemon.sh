#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: the error budget of a service is right to the record, as worked by hand, over days of event time, an orderly restart and a kill -9;
# an outage pages once, a budget that is gone is a ticket, and what never came is unknown. A scan finds the same.
. "$(dirname "$0")/lib.sh"

# 99 % of 30 days; two requests a minute, so 86,400 in a period, of which 864 may fail
config() { # OBJECTIVE TEAM
    cat >"$tmp/oddline.yaml" <<YAML
state_dir: $tmp/state
isolation: none
streams:
  - name: web
    paths: $tmp/web.log
    start: begin
    window: 60s
    detectors: [{use: pattern, on: [errors]}]
slos:
  - name: availability
    stream: web
    good: {where: 'status < 500'}
    total: {match: 'request'}
    objective: $1
    labels: {team: $2}
sinks: {jsonl: {path: $tmp/findings.jsonl}}
YAML
}
log() { python3 "$tree/tests/e2e/slo_log.py" "$tmp/web.log" "$@"; }
slo() { "$oddline" slo -c "$tmp/oddline.yaml" "$@"; }
holds() { slo --json | python3 "$tree/tests/e2e/slo_check.py" "$@" 2>"$tmp/wrong"; }
comes_to() { until_true 15 holds "$@" || fail "$(cat "$tmp/wrong")"; }
# how many findings of that status and route, with that text
found() { grep "\"status\":\"$1\"" "$tmp/findings.jsonl" 2>/dev/null | grep "\"route\":\"$2\"" | grep -cF "$3" || :; }
is_found() { [ "$(found "$1" "$2" "$3")" -eq "$4" ]; }

config 99 shop
touch "$tmp/web.log"
! slo 2>/dev/null || fail "a budget from nowhere"
daemon_start "$tmp/oddline.yaml"
slo | grep -q 'watched      not yet' || until_true 5 sh -c "'$oddline' slo -c '$tmp/oddline.yaml' | grep -q 'not yet'" ||
    fail "a budget without a record: $(slo)"

# Ten days, 28,800 requests, all good; then minutes of outage. The hour of 120 holds 2, 4, ... bad ones: burn 1.67, 3.33, ...; 14.4 is reached
# with 17.28 of 120, after nine minutes. The window closes with the first record behind it and half a second.
log 0 14400 0 2
log 14400 14408 2 2
log 14408 14409 2 2
comes_to bad=16 total=28816 # the ninth is open
[ "$(found firing page availability)" = 0 ] || fail "it pages too early"
log 14409 14411 0 2
until_true 10 is_found firing page availability 1 || fail "an outage of nine minutes does not page"
grep '"route":"page"' "$tmp/findings.jsonl" | grep -q '"starts_at":"2024-03-11T00:04:00.000Z"' || fail "it is dated wrongly"
grep '"route":"page"' "$tmp/findings.jsonl" | grep -q '1h: 18 of 120 bad (15 %), burn rate 15' || fail "its numbers are wrong"
grep '"route":"page"' "$tmp/findings.jsonl" | grep -q 'status=503' || fail "no bad record is shown"
grep '"route":"page"' "$tmp/findings.jsonl" | grep -q '"labels":{"team":"shop"}' || fail "its label is missing"

# Until day 11: 31,680 requests, 18 bad. Over 30 days that is 86,400 at this traffic, so 864 may fail, in the 11 days so far 316.8 of
# them: used are 18 / 0.01 / 31680 * 11 / 30. The last minute is open: 31,678 in 15,839 minutes.
log 14411 15840 0 2
left=$(python3 -c 'print(1 - 18 / (0.01 * 31678) * 15839 / 43200)')
comes_to bad=18 total=31678 budget_left="$left" unknown_s=0 watched_s=950340
until_true 10 is_found resolved page availability 1 || fail "the page is not over"
daemon_stop
slo | grep -q 'The daemon is stopped' || fail "it is not said that the daemon is stopped"
holds bad=18 total=31678 budget_left="$left" || fail "stopping changed the budget: $(cat "$tmp/wrong")"

# A day without a line, 1440 minutes that nobody knows of; they allow nothing, and use nothing. Killed in the middle of what comes after.
daemon_start "$tmp/oddline.yaml"
log 17280 18000 0 2
comes_to bad=18 total=33118 unknown_s=86400
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2>/dev/null || :
log 18000 18100 0 2
daemon_start "$tmp/oddline.yaml"
comes_to bad=18 total=33318 unknown_s=86400
! grep -q 'came out differently' "$tmp/daemon.log" || fail "a replay found something else"

# 180 minutes of outage use 360: 33,680 requests, 378 bad in 18,280 minutes of which it is 378 / 0.01 / 33678 * 18279 / 43200: 47 %. Two more
# hours of ten a minute use 1200, and it is gone. Killed again while it burns.
log 18100 18280 2 2
comes_to bad=376 total=33678
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2>/dev/null || :
daemon_start "$tmp/oddline.yaml"
log 18280 18400 10 10
until_true 10 is_found firing ticket 'is gone, stop feature releases' 1 || fail "a budget that is gone is not said"
until_true 10 is_found firing page availability 2 || fail "the second outage does not page"
slo | grep -q 'runs out     it is gone' || until_true 5 sh -c "'$oddline' slo -c '$tmp/oddline.yaml' | grep -q 'it is gone'" || fail "$(slo)"
"$oddline" metrics -c "$tmp/oddline.yaml" | grep -q '^oddline_slo_budget_left{slo="availability",stream="web"} -' || fail "no metric"
"$oddline" metrics -c "$tmp/oddline.yaml" | grep -q '^oddline_slo_burn_rate{slo="availability",stream="web",window="1h"} \(100\|99.9999\)' || fail "no burn rate"

# 31 days later, two an hour were good, and it is back.
log 18400 63100 0 1 30
until_true 10 is_found resolved ticket 'the budget is back' 1 || fail "a budget that is back is not said"
until_true 10 is_found resolved page availability 2 || fail "the second page is not over"
daemon_stop

# All of it at once gives the same findings.
"$oddline" scan -c "$tmp/oddline.yaml" --json "$tmp/web.log" 2>/dev/null >"$tmp/scanned.jsonl"
python3 - "$tmp/findings.jsonl" "$tmp/scanned.jsonl" <<'PY'
import json, sys
def burns(path):
    keys = ("status", "route", "starts_at", "ends_at", "series", "summary", "reasons", "observed", "samples")
    found = [json.loads(line) for line in open(path)]
    return [[f[k] for k in keys] for f in found if f["kind"] == "burn"]
live, scanned = burns(sys.argv[1]), burns(sys.argv[2])
# the end of a scan is not the end of a live log: what is open there may resolve here
assert live[:len(scanned)] == scanned or scanned[:len(live)] == live, (len(live), len(scanned))
assert len(scanned) >= 8, scanned
n = [json.loads(line)["n"] for line in open(sys.argv[1])]
assert n == list(range(1, len(n) + 1)), n
PY

# Labels change, and the budget stays; another objective is another budget.
daemon_start "$tmp/oddline.yaml"
comes_to bad=0
total=$(slo --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["total"])')
config 99 billing
kill -HUP "$daemon_pid"
until_true 10 grep -q 'reloaded: 0 streams kept, 1 changed' "$tmp/daemon.log" || fail "no reload"
log 63100 63160 0 1 30
# Windows that were open at the stop, and those of the new lines, are closed by now or soon: a few records more, none less.
grew() {
    now=$(slo --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["total"])')
    [ "$now" -gt "$total" ] && [ "$now" -le $((total + 4)) ]
}
until_true 15 grew || fail "a label changed the budget of $total: it is $now"
! grep -q 'begins anew' "$tmp/daemon.log" || fail "it began anew for a label"
config 98 billing
kill -HUP "$daemon_pid"
until_true 10 grep -q 'SLO availability means something else by now: its budget begins anew' "$tmp/daemon.log" || fail "not said"
until_true 10 holds total=0 || fail "another objective goes on with the old numbers"
[ "$(grep -c 'begins anew' "$tmp/daemon.log")" = 1 ] || fail "said more than once"
daemon_stop
echo "slo_daemon: ok"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: the SLO of a service counts all its streams, whoever is read first and however far apart they are: live, killed, and in a scan in either
# order it says the same; a burn names the stream that failed first; and one whose objective is removed or redefined is over, said once.
. "$(dirname "$0")/lib.sh"

# Two streams of the shop, named by either label, and its database, which is another service. 99 % of 30 days.
config() { # OBJECTIVE; '' for no SLO
    cat >"$tmp/oddline.yaml" <<YAML
state_dir: $tmp/state
isolation: none
streams:
  - name: front
    paths: $tmp/front.log
    start: begin
    window: 60s
    labels: {service: shop}
    detectors: [{use: pattern, on: [errors]}]
  - name: pay
    paths: $tmp/pay.log
    start: begin
    window: 60s
    labels: {service.name: shop}
    detectors: [{use: pattern, on: [errors]}]
  - name: db
    paths: $tmp/db.log
    start: begin
    window: 60s
    labels: {service: db}
    detectors: [{use: ewma, on: [errors]}]
sinks: {jsonl: {path: $tmp/findings.jsonl}}
YAML
    [ -z "$1" ] || cat >>"$tmp/oddline.yaml" <<YAML
slos:
  - name: checkout
    service: shop
    good: {where: 'status < 500'}
    total: {match: 'request'}
    objective: $1
    labels: {team: shop}
    annotations: {runbook_url: 'https://runbooks.example/{service.name}'}
routes:
  - {name: shop burns, when: {stream: shop, labels: {service: shop}, kind: burn}, labels: {urgency: high}}
YAML
}
log() { # STREAM FROM UNTIL BAD TOTAL
    name=$1
    shift
    python3 "$tree/tests/e2e/slo_log.py" "$tmp/$name.log" "$@"
}
slo() { "$oddline" slo -c "$tmp/oddline.yaml" "$@"; }
holds() { slo --json | python3 "$tree/tests/e2e/slo_check.py" "$@" 2>"$tmp/wrong"; }
comes_to() { until_true 15 holds "$@" || fail "$(cat "$tmp/wrong")"; }
found() { grep "\"status\":\"$1\"" "$tmp/findings.jsonl" 2>/dev/null | grep '"kind":"burn"' | grep -cF "$2" || :; }
is_found() { [ "$(found "$1" "$2")" -eq "$3" ]; }
db_fires() { grep -q '"stream":"db"' "$tmp/findings.jsonl" 2>/dev/null; }

config 99
touch "$tmp/db.log"
log front 0 60 0 1
log pay 0 3 0 3
daemon_start "$tmp/oddline.yaml"

# Two days of both, one a minute and three. `pay` is half a day behind for a while: of that nothing is said before it is there.
log front 60 2880 0 1
log pay 3 2160 0 3
comes_to bad=0 total=8636 unknown_s=0 watched_s=129540 # 2159 whole minutes of both
slo --json | grep -q '"waits_for":"pay"' || fail "it is not said who is waited for: $(slo --json)"
slo | grep -q 'checkout  99 % of service shop over 30d' || fail "$(slo)"
log pay 2160 2880 0 3
comes_to bad=0 total=11516 unknown_s=0 watched_s=172740 # 2879

# The database fails, a minute later the shop: one of its four requests a minute is bad, 14.6 % of an hour after 35 minutes.
python3 - "$tmp/db.log" <<'PY'
import sys
with open(sys.argv[1], "a") as f:
    for minute in range(119):
        f.write(f"2024-03-02T{22 + minute // 60}:{minute % 60:02}:10Z INFO vacuum {minute}\n")
    for second in range(5, 420):
        at = f"02T23:59:{second:02}" if second < 60 else f"03T00:{second // 60 - 1:02}:{second % 60:02}"
        f.write(f"2024-03-{at}Z ERROR deadlock in table {second}\n")
PY
until_true 10 db_fires || fail "the database says nothing"
log front 2880 2917 1 1
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2>/dev/null || :
daemon_start "$tmp/oddline.yaml"
is_found firing shop 0 || fail "it pages for what was read by half"
log pay 2880 2917 0 3
until_true 10 is_found firing '"stream":"shop"' 1 || fail "the outage is not said: $(slo)"
burn=$(grep '"kind":"burn"' "$tmp/findings.jsonl")
wants() { echo "$burn" | grep -qF "$1" || fail "the burn lacks $1: $burn"; }
wants '"route":"page"'
wants '"series":"checkout"'
wants '1h: 35 of 240 bad (14.6 %), burn rate 14.6'
wants '"team":"shop"'
wants '"service":"shop"'
wants '"urgency":"high"'
wants '"runbook_url":"https://runbooks.example/shop"'
wants 'front.log'
wants '"began":{"stream":"db","service":"db","starts_at":"2024-03-02T23:59:05.000Z"'
! grep -q 'came out differently' "$tmp/daemon.log" || fail "a replay found something else"

# Removed while it burns: over, at the reload, once; and not again after a kill.
config ''
kill -HUP "$daemon_pid"
until_true 10 is_found resolved 'over: the objective is removed' 1 || fail "a removed objective burns on"
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2>/dev/null || :
daemon_start "$tmp/oddline.yaml"
id=$(echo "$burn" | sed 's/.*"id":"\([^"]*\)".*/\1/')
[ "$(grep -c "\"id\":\"$id\"" "$tmp/findings.jsonl")" = 2 ] || fail "its end was not said once"
grep "\"id\":\"$id\"" "$tmp/findings.jsonl" | tail -n 1 | grep -q '"labels":{"team":"shop","service":"shop"' || fail "it ends without its labels"
daemon_stop

# All of it at once gives the same, whichever log comes first.
cp "$tmp/findings.jsonl" "$tmp/live.jsonl"
config 99
for order in 'front pay' 'pay front'; do
    # shellcheck disable=SC2086
    set -- $order
    "$oddline" scan -c "$tmp/oddline.yaml" --json "$tmp/db.log" "$tmp/$1.log" "$tmp/$2.log" 2>/dev/null >"$tmp/scanned.jsonl"
    python3 - "$tmp/live.jsonl" "$tmp/scanned.jsonl" "$order" <<'PY'
import json, sys
def burns(path):
    keys = ("status", "route", "stream", "starts_at", "ends_at", "series", "summary", "reasons", "observed", "samples", "evidence",
            "fingerprint", "labels")
    found = [json.loads(line) for line in open(path)]
    return [{k: f[k] for k in keys} for f in found if f["kind"] == "burn" and f["status"] == "firing"]
live, scanned = burns(sys.argv[1]), burns(sys.argv[2])
assert len(live) == 1, live
assert scanned[:1] == live, (sys.argv[3], live, scanned)
PY
done

# Redefined while the daemon is stopped: over, at the start.
rm -rf "$tmp/state" "$tmp/findings.jsonl"
daemon_start "$tmp/oddline.yaml"
until_true 15 is_found firing '"stream":"shop"' 1 || fail "the outage is not found again"
daemon_stop
config 98
daemon_start "$tmp/oddline.yaml"
until_true 10 is_found resolved 'over: the objective is redefined' 1 || fail "a redefined objective burns on"
grep -q 'service shop: SLO checkout means something else by now' "$tmp/daemon.log" || fail "it is not said"
daemon_stop

# What cannot be is refused.
refuse() { # SED WHY
    config 99
    sed -i "$1" "$tmp/oddline.yaml"
    ! "$oddline" check "$tmp/oddline.yaml" >"$tmp/out" 2>&1 || fail "$1 is taken"
    grep -qF "$2" "$tmp/out" || fail "$1: $(cat "$tmp/out")"
}
refuse 's/    service: shop/    service: shpo/' "SLO 'checkout': no stream has the label service: 'shpo'; did you mean 'shop'?"
refuse 's/    service: shop/    service: shop\n    stream: db/' "say either which stream or which service it is about"
refuse '/^    service: shop/d' "say either which stream or which service it is about"
echo "slo_service: ok"

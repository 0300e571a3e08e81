#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: a burst in one of many groups, too small to see in the whole, is found under the group's name with the group's lines; when all
# groups rise together that is one finding; who takes over a slot is not judged by what was there before, wherever detectors run; and a
# field with a value of its own for each record is named once, counted, and finds nothing. A kill changes none of it.
. "$(dirname "$0")/lib.sh"
cd "$tmp"

for story in steady burst rise heirs; do python3 "$tree/tests/e2e/groups.py" $story $story.log; done
python3 "$tree/tests/e2e/groups.py" ids ids.log 20000

config() { # NAME SERIES DETECTORS
    printf "isolation: %s\nstreams:\n  - {name: api, paths: '*.log', start: begin, window: 60s, series: [%s], detectors: [%s]}\n" \
        "${isolation:-workers}" "$2" "$3" >"$1.yaml"
}
scan() { "$oddline" scan --quiet --json -c "$1.yaml" "$2.log"; }
firing() { grep -c '"status":"firing"' "$1" || :; }
by="{name: errors_by_route, count: {level: '>=error'}, by: route}"
config by "$by" '{use: pattern, on: [errors_by_route]}'
config whole '' '{use: pattern, on: [errors]}, {use: ewma, on: [lines, errors]}'

# ---- one of twenty
for story in steady burst; do
    scan whole $story >whole.jsonl
    [ ! -s whole.jsonl ] || fail "$story: the whole shows it already: $(cat whole.jsonl)"
done
scan by steady >steady.jsonl
[ ! -s steady.jsonl ] || fail "nothing happened, and it was found: $(cat steady.jsonl)"
scan by burst >burst.jsonl
[ "$(firing burst.jsonl)" = 1 ] || fail "the burst is $(firing burst.jsonl) findings"
python3 - burst.jsonl <<'PY' || fail "the finding is about something else: $(cat burst.jsonl)"
import json, sys
for finding in map(json.loads, open(sys.argv[1])):
    assert finding["series"] == "errors_by_route" and finding["key"] == {"route": "/api/r07"}, finding["key"]
    assert finding["starts_at"] == "2026-03-02T11:30:00.000Z", finding["starts_at"]
    assert finding["summary"].startswith('errors_by_route{route="/api/r07"} at '), finding["summary"]
    assert finding["evidence"] and all("level=error route=/api/r07" in e["text"] for e in finding["evidence"])
PY
"$oddline" explain burst.jsonl | grep -q "computed: equal" || fail "explain does not come to the same score"
"$oddline" show burst.jsonl | grep -q ": verified" || fail "show does not find the lines"

# ---- all of them
scan by rise >rise.jsonl
[ "$(firing rise.jsonl)" = 1 ] || fail "twenty groups that rise together are $(firing rise.jsonl) findings"

# ---- one after another
heirs="{name: hits, count: {}, by: route, groups: 1}"
for isolation in workers none; do
    config heirs "$heirs" '{use: ewma, on: [hits]}, {use: zscore, on: [hits]}'
    scan heirs heirs >heirs.$isolation.jsonl
    grep -q '"key":{"route":"/loud"}' heirs.$isolation.jsonl || fail "$isolation: the loud one fell silent unnoticed"
    if grep '"route":"/quiet"' heirs.$isolation.jsonl; then fail "$isolation: the quiet one was judged by the loud one"; fi
    grep -v '"status":"firing"' heirs.$isolation.jsonl | cut -d, -f5- | sed 's/"config_hash":"[^"]*"//' >heirs.$isolation
done
isolation=
cmp -s heirs.workers heirs.none || fail "what is found depends on where detectors run"

# ---- no groups at all
"$oddline" scan -c by.yaml ids.log >ids.out 2>ids.err
[ "$(grep -c 'route is no good for grouping: hardly two records have the same' ids.err)" = 1 ] || fail "a useless field is not named once: $(cat ids.err)"
[ "$(grep -c 'all groups are taken (64)' ids.err)" = 1 ] || fail "that there is no room is not said once: $(cat ids.err)"
mkdir live
sed "s#paths: '\*.log'#paths: $tmp/ids.log#; 1i state_dir: $tmp/live" by.yaml >live.yaml
daemon_start live.yaml
counted() { "$oddline" status -c live.yaml --json 2>/dev/null | grep -q '"groups_evicted_total":64,"groups_other_total":19872,'; }
until_true 20 counted || fail "groups are not counted: $("$oddline" status -c live.yaml --json)"
"$oddline" metrics -c live.yaml | grep -q '^oddline_stream_groups_other_total{stream="api"} 19872$' || fail "groups are no metric"
[ "$("$oddline" status -c live.yaml | grep -c 'errors_by_route')" = 2 ] || fail "each slot is shown: $("$oddline" status -c live.yaml)"
daemon_stop

# ---- who sits where is known behind a kill: every score is that of a scan
python3 "$tree/tests/e2e/groups.py" churn churn.log
zstd -q churn.log
mkdir same
python3 "$tree/tests/e2e/same.py" "$build" same churn.log.zst --groups --seeds 2 >same.out || fail "the findings differ: $(cat same.out)"
grep -q '"key":{"route":"/r' same/found.jsonl || fail "no group was found at all"
echo "groups_daemon: ok"

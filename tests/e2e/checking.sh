#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: people can check what was said. `explain` computes every score again and sees a changed digit; `show` finds the evidence where it
# was, or where rotation took it, and says changed or gone where it is not; `backtest` scores a configuration against labels; `check`
# runs the tests inside a configuration and says in one line why one failed.
. "$(dirname "$0")/lib.sh"
cd "$tmp"

expect() { # CODE TEXT COMMAND...
    code=$1 text=$2 got=0
    shift 2
    "$@" >out 2>err </dev/null || got=$?
    [ "$got" -eq "$code" ] || fail "$* ended with $got, not $code: $(cat out err)"
    grep -qF -- "$text" out err || fail "$* does not say '$text' but: $(cat out err)"
}

cp "$tree/samples/config/tests/burst.log" "$tree/samples/config/tests/quiet.log" .
cp "$tree"/samples/logs/dse-single-2days/*.zst .
"$oddline" scan --quiet --json burst.log >burst.jsonl
"$oddline" scan --quiet --json ./*.zst >dse.jsonl
[ -s burst.jsonl ] && [ -s dse.jsonl ] || fail "nothing was found to check"

# ---- explain: believed surprises, and scores that the core calibrates to keep a budget
cat >shift.yaml <<'YAML'
streams:
  - {name: dse, paths: '*.zst', budget: 1 page an hour, detectors: [{use: ewma, on: [lines, errors]}, {use: zscore, on: [lines, errors]}]}
YAML
"$oddline" scan --quiet --json -c shift.yaml ./*.zst >shift.jsonl
grep -q '"basis":"calibrated"' shift.jsonl || fail "a budget calibrates nothing"
for file in burst dse shift; do
    expect 0 "computed: equal" "$oddline" explain $file.jsonl
    if grep -q "NOT\|missing" out; then fail "$file: $(cat out)"; fi
done
"$oddline" explain - <burst.jsonl | grep -q "computed: equal" || fail "explain does not read stdin"
id=$(sed -n '1s/.*"id":"\([^"]*\)".*/\1/p' burst.jsonl)
expect 0 "$id" "$oddline" explain --id="$id" burst.jsonl
expect 66 "no finding 'nobody'" "$oddline" explain --id=nobody burst.jsonl
head -n 1 burst.jsonl | sed 's/"score":\([0-9]*\)\./"score":\11./' >wrong.jsonl
expect 1 "NOT EQUAL" "$oddline" explain wrong.jsonl
echo '{"half":' >broken.jsonl
expect 65 "is no finding" "$oddline" explain broken.jsonl
expect 64 "name one file" "$oddline" explain
expect 66 "no daemon has run" "$oddline" explain --state-dir "$tmp/none" "$id"

# ---- show
verified() { [ "$(grep -c ': verified' out)" -gt 0 ] && ! grep -q ': changed\|: gone' out; }
expect 0 ": verified" "$oddline" show burst.jsonl
expect 0 ": verified" "$oddline" show dse.jsonl
verified || fail "dse: $(grep ': changed\|: gone' out)"
expect 0 "  > " "$oddline" show -C 2 --id="$id" burst.jsonl
head -n 1 burst.jsonl >one.jsonl
path=$(sed -n '1s/.*"evidence":\[{"path":"\([^"]*\)".*/\1/p' one.jsonl)
mv "$path" "$path.1" # renamed, and a new file begins
echo "2026-03-02 11:00:00,000 INFO [checkout] a new day" >"$path"
expect 0 "now in burst.log.1" "$oddline" show one.jsonl
zstd -q --rm "$path.1"
expect 0 "now in burst.log.1.zst" "$oddline" show one.jsonl
rm "$path.1.zst"
expect 1 ": gone" "$oddline" show one.jsonl
sed 's/ERROR/error/g' "$tree/samples/config/tests/burst.log" >"$path"
expect 1 ": changed" "$oddline" show one.jsonl
{ echo "a line before all others"; cat "$tree/samples/config/tests/burst.log"; } >"$path"
expect 0 "now in burst.log:" "$oddline" show one.jsonl
cp "$tree/samples/config/tests/burst.log" "$path"

# ---- both from the state directory of a daemon
mkdir logs
cat >run.yaml <<YAML
state_dir: $tmp/state
streams:
  - {name: burst, paths: '$tmp/logs/*.log', start: begin, window: 10s}
YAML
cp burst.log logs/burst.log
daemon_start run.yaml
seen() { "$oddline" findings --state-dir state --json 2>/dev/null | grep -q '"route":"page"'; }
until_true 20 seen || fail "the daemon found nothing"
daemon_stop
id=$("$oddline" findings --state-dir state --json --route=page | sed -n '1s/.*"id":"\([^"]*\)".*/\1/p')
expect 0 "computed: equal" "$oddline" explain --state-dir state "$id"
expect 0 ": verified" "$oddline" show -c run.yaml "$id"
expect 66 "is kept here" "$oddline" show -c run.yaml nobody

# ---- backtest
cat >a.yaml <<'YAML'
streams:
  - {name: checkout, paths: burst.log}
YAML
cat >b.yaml <<'YAML'
streams:
  - {name: checkout, paths: burst.log, route: {page: 290, ticket: 280}}
YAML
cat >labels.csv <<'CSV'
stream,start,end,name
checkout,2026-03-02 09:45:00,2026-03-02 09:45:30,"bank timed out, often"
checkout,2026-03-02 09:10:00,2026-03-02 09:11:00,nobody noticed
CSV
expect 0 "missed  2026-03-02T09:10:00.000Z  nobody noticed" "$oddline" backtest -c a.yaml --labels labels.csv burst.log
grep -q '^in all  *1/2  *0.50  *0.50  *1  *1  *0  *0  *1.00  *0.67' out || fail "backtest: $(cat out)"
expect 0 "found only by A  2026-03-02T09:45:00.000Z  bank timed out, often" \
    "$oddline" backtest -c a.yaml --against b.yaml --labels labels.csv burst.log
expect 0 "  +3.0" "$oddline" backtest -c a.yaml --sweep --labels labels.csv burst.log
expect 0 '"detector":null,"raise":0,"labels":2,"found":1' "$oddline" backtest -c a.yaml --json --labels labels.csv burst.log
expect 0 "lie outside the time of the logs" "$oddline" backtest -c a.yaml --until 2026-03-02T09:30:00Z --labels labels.csv burst.log
expect 64 "--labels FILE.csv" "$oddline" backtest -c a.yaml burst.log
expect 66 "nowhere.log" "$oddline" backtest -c a.yaml --labels labels.csv nowhere.log
printf 'stream,start,end,name\na,b,c,d\n' >bad.csv
expect 65 "bad.csv:2" "$oddline" backtest -c a.yaml --labels bad.csv burst.log

# ---- tests inside a configuration, which lie beside it wherever the command runs
mkdir -p conf/tests
cp burst.log quiet.log conf/tests
tests() { # EXPECTATION
    cat >conf/t.yaml <<YAML
streams:
  - name: checkout
    paths: /var/log/checkout.log
    tests:
      - name: the burst
        lines: tests/burst.log
        expect: [$1]
YAML
}
for good in '{series: errors, route: page, count: 1}' '{route: page}' '{kind: silence, count: 0}, {route: ticket, count: 0}'; do
    tests "$good"
    expect 0 "t.yaml:5: the burst: passed" "$oddline" check conf/t.yaml
done
tests '{series: errors, count: 3}, {detector: season}'
expect 1 "FAILED: 1 findings of any kind on errors, expected 3; 0 findings of any kind by season, expected at least 1 (found: " \
    "$oddline" check conf/t.yaml
tests '{kind: burst}'
expect 78 "is none of spike" "$oddline" check conf/t.yaml
tests '{kind: spike}'
rm conf/tests/burst.log
expect 78 "its lines cannot be read" "$oddline" check conf/t.yaml
expect 0 "passed" "$oddline" check "$tree/samples/config/oddline.yaml"
echo "checking: ok"

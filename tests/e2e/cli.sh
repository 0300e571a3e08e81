#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: each mistake is one sentence and the exit code of contracts; hostile input takes bounded memory.
. "$(dirname "$0")/lib.sh"
cd "$tmp"

expect() { # CODE TEXT COMMAND...
    code=$1 text=$2 got=0
    shift 2
    "$@" >out 2>err </dev/null || got=$?
    [ "$got" -eq "$code" ] || fail "$* ended with $got, not $code: $(cat err)"
    grep -qF -- "$text" out err || fail "$* does not say '$text' but: $(cat out err)"
}

expect 64 "no path given" "$oddline" scan
expect 64 "did you mean 'scan'" "$oddline" scna
expect 64 "did you mean --json" "$oddline" scan --jsn x
expect 64 "not a duration" "$oddline" scan --window 10 x
expect 66 "nowhere.log" "$oddline" scan nowhere.log
expect 0 "JIT" "$oddline" --version
expect 0 "oddline scan" "$oddline" --help
expect 0 "ewma" "$oddline" plugins
expect 66 "no daemon has run with this state directory" "$oddline" findings --state-dir "$tmp/none"
expect 64 "is none of page, ticket, log" "$oddline" findings --route=paeg
expect 65 "no_such.so" "$oddline" plugins ./no_such.so
printf 'time,value\n1,2\n' >bad.csv
expect 65 "header" "$oddline" score bad.csv
printf 'timestamp,value\n2014-04-01 00:00:00,2\n2014-04-01 00:05:00,x\n' >bad.csv
expect 65 "bad.csv:3" "$oddline" score bad.csv
printf 'timestamp,value\n2014-04-01 00:00:00,2\n2014-04-01 00:05:00,3\n' >good.csv
expect 0 "anomaly_score" "$oddline" score good.csv
expect 64 "warmup" "$oddline" score --set warmup=7000 good.csv
expect 64 "did you mean" "$oddline" score --set warmpu=7 good.csv

config() { printf '%s\n' "$@" >c.yaml; }
config 'streams:' '  - name: a' '    paths: x.log' '    windw: 10s'
expect 78 "c.yaml:4: unknown key 'windw' in a stream; did you mean 'window'?" "$oddline" check c.yaml
config 'streams:' '  - {name: a, paths: x.log, window: 10}'
expect 78 "c.yaml:2" "$oddline" check c.yaml
config 'streams:' '  - {name: a, paths: x.log, detectors: [{use: emwa}]}'
expect 78 "emwa" "$oddline" check c.yaml
config 'streams:' '  - {name: a, paths: x.log, detectors: [{use: pattern, set: {patterns: ["(a"]}}]}'
expect 78 "pattern '(a'" "$oddline" check c.yaml
config 'streams:' '  - {name: a, paths: x.log, series: [{name: b, count: {match: "(a"}}]}'
expect 78 "c.yaml:2: stream 'a': " "$oddline" check c.yaml
mkdir -p etc/conf.d
printf 'streams: [{name: a, paths: x.log}]\n' >etc/oddline.yaml
printf 'streams:\n  - {name: b, paths: x.log, timezone: Mars}\n' >etc/conf.d/b.yaml
expect 78 "etc/conf.d/b.yaml:2: stream 'b': " "$oddline" check etc/oddline.yaml
config 'streams: [{name: a, paths: x.log}]'
expect 0 "no mistakes" "$oddline" check c.yaml
expect 78 "nowhere.yaml" "$oddline" run -c nowhere.yaml

# The reference in docs/ is what the tables say.
"$oddline" check --reference >reference
sed -n '/^| key/,$p' "$tree/docs/config.md" | cmp - reference || fail "docs/config.md is stale: oddline check --reference"

# One that cannot be read does not stop the others.
python3 "$tree/samples/config/tests/make.py"
cp "$tree/samples/config/tests/burst.log" .
expect 66 "nowhere.log" "$oddline" scan nowhere.log burst.log
grep -q PAGE out || fail "the readable file was not scanned"
expect 1 "PAGE" "$oddline" scan --exit-code=page burst.log
expect 0 "" "$oddline" scan --exit-code=page "$tree/samples/config/tests/quiet.log"
mkfifo pipe.log
expect 66 "no regular file" "$oddline" scan pipe.log

# Log text cannot move the cursor.
i=0
while [ $i -lt 60 ]; do
    printf '2026-03-02 10:%02d:00.000 INFO calm\n' $i
    i=$((i + 1))
done >evil.log
i=0
while [ $i -lt 40 ]; do
    printf '2026-03-02 11:00:01.000 ERROR \033]0;owned\007\033[2J boom\n'
    i=$((i + 1))
done >>evil.log
expect 0 "boom" "$oddline" scan --color=always --route=log evil.log
if LC_ALL=C grep -q "$(printf '\033]0')" out; then fail "an escape sequence of the log reaches the terminal"; fi

# Memory: binary junk, and a gigabyte without a newline. GNU time is not needed: the kernel keeps the peak.
peak() { # KIB COMMAND...
    most=$1
    shift
    python3 -c '
import resource, subprocess, sys
subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(" ".join(sys.argv[2:4])[-40:], "peak", peak, "KiB")
sys.exit(peak > int(sys.argv[1]))' "$most" "$@" || fail "$* takes more than $most KiB"
}
case $build in
*release* | */build) # sanitizers have shadow memory of their own
    head -c 64M /dev/urandom >junk.log
    truncate -s 1G zeros.log # a gigabyte of NUL bytes, and no newline
    peak 65536 "$oddline" scan junk.log
    peak 65536 "$oddline" scan zeros.log
    ;;
esac
echo "cli: ok"

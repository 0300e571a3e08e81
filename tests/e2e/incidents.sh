#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: without any configuration the incidents in the two sample logs are found, most of them within ten minutes, and hardly
# anything else: no fewer and no later than the best so far. Findings are valid against the schema, the same twice, and the same
# whatever the size of the pieces a log is read in.
. "$(dirname "$0")/lib.sh"
cd "$tree/samples/logs"

scan() { "$oddline" scan --quiet --json "$@"; }

scan --timezone=+01:00 kafka-3brokers/kafka* >"$tmp/kafka.jsonl"
scan dse-single-2days/*.zst >"$tmp/dse.jsonl"
python3 "$tree/tests/e2e/incidents.py" "$tmp/kafka.jsonl" kafka-3brokers/truth.csv +01:00 0 0.7 \
    2016-12-19T17:14 2016-12-19T18:27 || fail "kafka-3brokers"
python3 "$tree/tests/e2e/incidents.py" "$tmp/dse.jsonl" dse-single-2days/truth.csv +00:00 1 1.0 \
    2020-07-21T07:10 2020-07-22T13:39 || fail "dse-single-2days"

/usr/bin/python3 - "$tree/docs/finding.schema.json" "$tmp/kafka.jsonl" "$tmp/dse.jsonl" <<'PY' || fail "a finding does not fit the schema"
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
check = jsonschema.validators.validator_for(schema)(schema)
count = 0
for path in sys.argv[2:]:
    for line in open(path):
        check.validate(json.loads(line))
        count += 1
print(count, "findings fit the schema")
sys.exit(count == 0)
PY

scan --timezone=+01:00 kafka-3brokers/kafka* | cmp - "$tmp/kafka.jsonl" || fail "a second scan finds something else"
# The same log as plain file, and through a pipe in small pieces: only the path of the evidence differs.
zstd -dcq dse-single-2days/debug.log.zst >"$tmp/debug.log"
same() { sed 's/"path":"[^"]*"//g; s/"stream":"[^"]*"//g; s/"fingerprint":"[^"]*"//g' "$1"; }
scan dse-single-2days/debug.log.zst >"$tmp/archive"
(cd "$tmp" && scan debug.log >"$tmp/plain")
dd if="$tmp/debug.log" bs=997 status=none | scan - >"$tmp/pipe"
[ -s "$tmp/archive" ] || fail "nothing is found in one file"
same "$tmp/archive" >"$tmp/a"
same "$tmp/plain" | cmp - "$tmp/a" || fail "a plain file gives other findings than its archive"
same "$tmp/pipe" | cmp - "$tmp/a" || fail "a pipe gives other findings than a file"
echo "incidents: ok"

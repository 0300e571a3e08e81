#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: same lines in, same findings out. A log that grows in random pieces, under a daemon that is killed and stopped between
# them, with its detectors in workers or in itself, is found to hold what a scan of the whole file finds.
. "$(dirname "$0")/lib.sh"

logs=$tree/samples/logs
python3 "$tree/tests/e2e/same.py" "$build" "$tmp" --seeds 2 "$logs/kafka-3brokers/kafka0/server.log.zst" \
    "$logs/kafka-3brokers/kafka1/state-change.log.zst" "$logs/dse-single-2days/system.log.zst" || fail "the findings differ"
echo "same: ok"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs what is missing, builds build/oddline, scans the sample logs and shows the findings.
#   sh samples/run.sh
set -eu
cd "$(dirname "$0")/.."
. cmake/setup.sh

# shellcheck disable=SC2086 # words are wanted
setup_packages $setup_build
echo "building build/oddline ..." >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release -DODDLINE_TESTS=OFF && cmake --build build; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    exit 1
fi

show() {
    printf '\n== %s\n   oddline scan %s\n\n' "$1" "$2"
    # shellcheck disable=SC2086 # words are wanted
    (cd samples/logs && ../../build/oddline scan --quiet $2)
}
show "three Kafka brokers: one is shut down and comes back (stamps are UTC+1)" "--timezone=+01:00 kafka-3brokers"
show "one Cassandra node over two days: a load test, then a garbage-collection storm" "dse-single-2days"

cat <<'TXT'

What to try next:
  build/oddline scan /var/log                             your own logs; nothing to configure
  build/oddline check samples/config/oddline.yaml         a configuration, and the tests in it
  build/oddline run -c samples/config/oddline.yaml        the daemon
  build/oddline plugins                                   the detectors and their parameters
  sh samples/lab.sh lock                                  a shop of three services to break, and what is found in its logs
  sh tests/run.sh                                         every test
TXT

#!/bin/sh
# SPDX-License-Identifier: MIT
# A bad day of many hosts against one real redis-server, which is killed and started again in the middle. Run by hand; about as long as --seconds.
#   sh tests/bench/fleet.sh [--build DIR] [--hosts 10000] [--findings 20] [--seconds 120] [--shards 4] [--max-len 100000]
# Prints what docs/fleet.md quotes. Ends with 1 when a finding is missing or came twice.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec /usr/bin/python3 "$here/fleet.py" "$@"

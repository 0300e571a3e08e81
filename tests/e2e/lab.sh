#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: what breaks in the lab's shop is found in time; ten days on which nothing breaks call nobody. See lab.py.
. "$(dirname "$0")/lib.sh"

python3 "$tree/tests/e2e/lab.py" "$build" "$tmp" || fail "the lab"

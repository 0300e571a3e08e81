#!/bin/sh
# SPDX-License-Identifier: MIT
# How fast is it, beside what people run today? One table for each job; docs/speed.md says how to read it.
#   sh tests/bench/speed.sh [--quick] [--oddline PROGRAM] [--cpu N] [--rounds N] [--tools grep,mtail] [LOG]
# It makes its own logs; with LOG the jobs that read any log read that one. PROGRAM is build/oddline unless said. Tools that are not
# installed are left out and named. --quick takes a few seconds and says little: it shows that everything still runs.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/speed.py" "$@"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: `oddline trace` shows the way of one transaction over the logs of several hosts, rotated and packed ones too; which hop was slow,
# which failed first and what came before; --slow and --failed find an id to begin with; findings list the traces of their evidence, what
# was redacted is not among them, and say which stream was first, also after kill -9.
. "$(dirname "$0")/lib.sh"
python3 "$tree/tests/e2e/trace.py" "$build" "$tmp"

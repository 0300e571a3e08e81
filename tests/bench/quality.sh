#!/bin/sh
# SPDX-License-Identifier: MIT
# How well does it find what matters, and only that? One table of all goals; exits with 1 below a floor.
#   sh tests/bench/quality.sh [--quick] [--oddline PROGRAM] [DIRECTORY]
# DIRECTORY holds the scorers in bench/ and the labelled logs and curves in data/ (they are not shipped); $ODDLINE_BENCH when it is not
# given. PROGRAM is build/oddline unless said. --quick leaves out the KPI curves.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
exec python3 "$here/quality.py" "$@"

#!/bin/sh
# SPDX-License-Identifier: MIT
# Promise: a detector outside the tree builds and passes its tests against the installed package only, with CMake and with make.
#   tests/e2e/sample_detector.sh BUILD_DIR
set -eu

build=${1:?usage: sample_detector.sh BUILD_DIR}
build=$(cd "$build" && pwd)
sample=$(cd "$(dirname "$0")/../../samples/detector" && pwd)
tmp=$(mktemp -d "${TMPDIR:-/tmp}/oddline-sample.XXXXXX")
trap 'rm -rf "$tmp"' EXIT

fail() {
    echo "sample_detector: $*" >&2
    exit 1
}

cmake --install "$build" --prefix "$tmp/first" >/dev/null
mv "$tmp/first" "$tmp/prefix" # the package must not know where it was installed
test -f "$tmp/prefix/include/oddline/detector.h" || fail "the header is not installed"
find "$tmp/prefix" -name ewma.so | grep -q . || fail "the detectors are not installed"
pc=$(dirname "$(find "$tmp/prefix" -name oddline.pc)")

cp -r "$sample" "$tmp/detector" # so that nothing is found by a relative path into the tree
cmake -S "$tmp/detector" -B "$tmp/build" -DCMAKE_PREFIX_PATH="$tmp/prefix" >"$tmp/log" || { cat "$tmp/log"; exit 1; }
cmake --build "$tmp/build" >"$tmp/log" || { cat "$tmp/log"; exit 1; }
"$tmp/build/test_extreme"
cmake --install "$tmp/build" >/dev/null

export PKG_CONFIG_PATH="$pc"
plugindir=$(pkg-config --variable=plugindir oddline)
test "$(pkg-config --variable=abi oddline)" = 1 || fail "oddline.pc names another ABI"
test -f "$plugindir/ewma.so" || fail "plugindir of oddline.pc holds no detectors"
test -f "$plugindir/extreme.so" || fail "oddline_add_detector() installs elsewhere than oddline.pc says"

make -C "$tmp/detector" check extreme.so >"$tmp/log" 2>&1 || { cat "$tmp/log"; exit 1; }
nm -D --defined-only "$tmp/detector/extreme.so" | grep -q ' oddline_plugin$' || fail "the label is not exported"

# The installed oddline loads it, and it finds something in a sample log.
"$tmp/prefix/bin/oddline" plugins "$plugindir/extreme.so" | grep -q '^extreme ' || fail "oddline does not load it"
cat >"$tmp/oddline.yaml" <<YAML
streams:
  - name: kafka
    paths: '*.log*'
    timezone: '+01:00'
    detectors: [{use: $plugindir/extreme.so, on: [lines]}]
YAML
logs=$(cd "$(dirname "$0")/../../samples/logs/kafka-3brokers/kafka0" && pwd)
"$tmp/prefix/bin/oddline" scan -c "$tmp/oddline.yaml" --json "$logs"/controller.log.zst >"$tmp/findings" 2>"$tmp/log" || { cat "$tmp/log"; exit 1; }
grep -q '"detector":"extreme"' "$tmp/findings" || fail "it finds nothing in the sample log"
echo "sample_detector: ok"

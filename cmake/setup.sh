# SPDX-License-Identifier: MIT
# setup.sh - sourced by the two commands: installs the packages that are missing. Nothing is touched when none is.
#
#   setup_packages PACKAGE...      Debian and Ubuntu names

setup_missing() {
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || printf ' %s' "$package"
    done
}

setup_packages() {
    missing=$(setup_missing "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1; then
        as_root=sudo
    else
        echo "setup: these packages are missing and neither root nor sudo is here:$missing" >&2
        exit 69
    fi
    echo "setup: installing$missing" >&2
    # Lists on a bare machine are empty or old; the answer of apt-get is shown only when it failed.
    log=$(mktemp)
    # shellcheck disable=SC2086 # words are wanted
    if ! { $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q &&
        $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing; } \
        >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        echo "setup: the packages could not be installed:$missing" >&2
        exit 69
    fi
    rm -f "$log"
}

setup_build="gcc libc6-dev cmake ninja-build pkg-config libpcre2-dev libzstd-dev libhiredis-dev libyaml-dev libxxhash-dev libseccomp-dev libcurl4-openssl-dev tzdata"
setup_tests="g++ make libcmocka-dev redis-server redis-tools prometheus-alertmanager nodejs node-redis python3 python3-redis python3-jsonschema zstd procps binutils logrotate strace e2fsprogs"
setup_browser="chromium" # 300 MB: only for the tier that opens pages
setup_checks="clang clang-format clang-tidy cppcheck libclang-rt-dev"

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small service: service.py PORT LOG VERSION.

PORT 0 takes a free one; the port is the first line on stdout. Each request is a line in LOG. A version that ends in `bad` cannot
reach its database for every third request.
"""
import datetime
import http.server
import random
import sys
import time

port, log_path, version = int(sys.argv[1]), sys.argv[2], sys.argv[3]
log = open(log_path, "a", buffering=1)


def say(level, text):
    now = datetime.datetime.now(datetime.timezone.utc)
    log.write(f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03}Z {level:5} {text}\n")


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        begun = time.monotonic()
        time.sleep(random.uniform(0.001, 0.006))
        broken = version.endswith("bad") and random.random() < 0.33 or random.random() < 0.003
        status = 500 if broken else 200
        self.send_response(status)
        self.end_headers()
        took = 1000 * (time.monotonic() - begun)
        level, what = ("ERROR", "no connection to the database") if broken else ("INFO", "served")
        say(level, f"{what} path={self.path} status={status} duration_ms={took:.1f}")

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
print(server.server_port, flush=True)
say("INFO", f"version {version} listens")
server.serve_forever()

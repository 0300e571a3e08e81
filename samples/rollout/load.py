#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""People who use the services: load.py FILE... asks the port that stands in each FILE, some 60 times a second each, until it is killed."""
import sys
import threading
import time
import urllib.error
import urllib.request


def ask(path):
    while True:
        try:
            with open(path) as at:
                port = int(at.read())
            urllib.request.urlopen(f"http://127.0.0.1:{port}/orders", timeout=2).read()
        except (OSError, ValueError, urllib.error.URLError):
            pass  # it is being restarted, or it fails: its log says so
        time.sleep(0.012)


for file in sys.argv[1:]:
    threading.Thread(target=ask, args=(file,), daemon=True).start()
while True:
    time.sleep(60)

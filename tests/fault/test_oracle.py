#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Promise: the oracles see each kind of harm, and nothing where there is none. Needs no program under test.

  test_oracle.py
"""
import datetime
import json
import unittest

import check_chain
import order
from model import Lines

LATENESS_MS = 5000


def findings(lines_taken=200):
    """[(n, prev, epoch, data)] of an exact run, and its model."""
    lines = Lines(step_ms=100)
    lines.take(lines_taken)
    lines.tick(30000)
    before, entries = 0, []
    for n, (end, count, chain, total) in enumerate(lines.model.windows(LATENESS_MS), 1):
        stamp = datetime.datetime.fromtimestamp(end / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        entries.append({"n": n, "kind": "shift", "detector": "chain", "series": "lines", "window": {"end": stamp}, "observed": chain, "expected": count,
                        "lower": count - before, "upper": total, "summary": "s"})
        before = count
    return entries, lines.model


def verdict_of(entries, model, ordered=True):
    verdict, before, stream = check_chain.Verdict(), 0, []
    for f in entries:
        stream.append((f["n"], before, "e", json.dumps(f).encode()))
        before = f["n"]
    streams = {"log": stream}
    check_chain.check_numbers(streams, verdict)
    found = check_chain.chain_findings(streams, verdict).get("lines", {})
    (check_chain.check_model if ordered else check_chain.check_totals)(found, model, LATENESS_MS, verdict)
    return verdict


class Chain(unittest.TestCase):
    def setUp(self):
        self.entries, self.model = findings()

    def test_an_exact_run_is_exact(self):
        verdict = verdict_of(self.entries, self.model)
        self.assertTrue(verdict.ok(), verdict.said)
        self.assertGreaterEqual(verdict.windows, 20)
        self.assertTrue(verdict_of(self.entries, self.model, ordered=False).ok())

    def test_a_lost_finding_is_seen(self):
        del self.entries[7]
        self.assertEqual(verdict_of(self.entries, self.model).lost, 2)  # its number, and its window

    def test_a_finding_twice_under_another_number_is_seen(self):
        self.entries.append({**self.entries[-1], "n": len(self.entries) + 1})
        self.assertEqual(verdict_of(self.entries, self.model).doubled, 1)

    def test_a_number_twice_is_seen(self):
        self.entries.insert(5, self.entries[4])
        self.assertGreaterEqual(verdict_of(self.entries, self.model).doubled, 1)

    def test_findings_in_another_order_are_seen(self):
        a, b = self.entries[4], self.entries[5]
        a["window"], b["window"] = b["window"], a["window"]
        self.assertGreater(verdict_of(self.entries, self.model).wrong, 0)

    def test_another_line_is_seen_in_every_window_after(self):
        for f in self.entries[10:]:
            f["observed"] ^= 1
        self.assertEqual(verdict_of(self.entries, self.model).wrong, len(self.entries) - 10)

    def test_a_line_less_is_seen(self):
        for f in self.entries[10:]:
            f["expected"] -= 1
        self.assertIn("1 lines lost", verdict_of(self.entries, self.model).said[0])
        self.assertEqual(verdict_of(self.entries, self.model, ordered=False).lost, 1)

    def test_a_line_in_the_wrong_window_is_seen(self):
        self.entries[3]["lower"] += 1
        self.assertEqual(verdict_of(self.entries, self.model).wrong, 1)

    def test_a_gap_counts(self):
        self.entries.append({**self.entries[-1], "n": len(self.entries) + 1, "kind": "gap"})
        verdict = verdict_of(self.entries, self.model)
        self.assertEqual((verdict.gaps, verdict.lost, verdict.doubled), (1, 0, 0))
        self.assertFalse(verdict.ok())

    def test_no_findings_at_all_are_no_success(self):
        self.assertFalse(verdict_of([], self.model).ok())
        self.assertFalse(verdict_of([], self.model, ordered=False).ok())


JOURNAL = "/s/journal/1.seg"
CREATE = ("openat", '5</s/journal>, "1.seg", O_RDWR|O_CREAT, 0600', JOURNAL)
WRITE = ("pwrite64", f'6<{JOURNAL}>, "..{{\\"n\\":7,..", 99, 0', None)
SYNC = ("fdatasync", f"6<{JOURNAL}>", None)
SYNC_DIR = ("fsync", "5</s/journal>", None)
SEND = ("write", '8<UNIX-STREAM:[1]>, "EVALSHA ..{\\"n\\":7,..", 99', None)
NEW = ("write", '9</s/snapshot.new>, "x", 1', None)
SYNC_NEW = ("fdatasync", "9</s/snapshot.new>", None)
RENAME = ("renameat", '4</s>, "snapshot.new", 4</s>, "snapshot.2"', None)
SYNC_STATE = ("fsync", "4</s>", None)
REMOVE = ("unlinkat", '4</s>, "snapshot.1", 0', None)


class Calls(unittest.TestCase):
    def breaches(self, *calls):
        seen = order.Order("/s")
        for call in calls:
            seen.see(*call)
        seen.end()
        return len(seen.breaches)

    def test_the_right_order_is_right(self):
        self.assertEqual(self.breaches(CREATE, SYNC_DIR, WRITE, SYNC, SEND), 0)
        self.assertEqual(self.breaches(NEW, SYNC_NEW, RENAME, SYNC_STATE, REMOVE), 0)

    def test_sent_before_synced_is_seen(self):
        self.assertEqual(self.breaches(CREATE, SYNC_DIR, WRITE, SEND, SYNC), 1)
        self.assertEqual(self.breaches(CREATE, SYNC_DIR, SEND), 1)

    def test_a_file_whose_name_is_not_durable_is_seen(self):
        self.assertEqual(self.breaches(CREATE, WRITE, SYNC, SEND), 1)

    def test_renamed_before_synced_is_seen(self):
        self.assertEqual(self.breaches(NEW, RENAME, SYNC_STATE), 1)

    def test_removed_before_the_new_name_is_durable_is_seen(self):
        self.assertEqual(self.breaches(NEW, SYNC_NEW, RENAME, REMOVE, SYNC_STATE), 1)

    def test_a_name_that_never_becomes_durable_is_seen(self):
        self.assertEqual(self.breaches(NEW, SYNC_NEW, RENAME), 1)


if __name__ == "__main__":
    unittest.main()

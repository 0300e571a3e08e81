# SPDX-License-Identifier: MIT
"""What an exact reader finds: the chain of chain_step.h at the end of every window, for numbered lines.

  Lines   makes lines and follows the chain, for scenarios that write by themselves
  Model   windows by their end; read from write_numbered's file, or from Lines
"""
import datetime
import time
import zlib

MASK = (1 << 48) - 1
WINDOW_MS = 1000


class Chain:
    def __init__(self):
        self.value = self.sum = self.count = 0

    def add(self, line):
        crc = zlib.crc32(line)
        self.count += 1
        self.sum = (self.sum + crc) & MASK
        self.value = ((self.value ^ crc) * 0x5DEECE66D + 0xB + self.count) & MASK


class Model:
    """`ends`: {end_ms: (lines, chain, sum)} of the windows that lines were in; others leave the chain as it is."""

    def __init__(self):
        self.ends = {}
        self.last = None  # (stamp_ms, lines, chain, sum)

    @classmethod
    def read(cls, path):
        model = cls()
        with open(path) as text:
            for line in text:
                words = line.split()
                if words[0] == "last":
                    model.last = tuple(int(word) for word in words[1:5])
                else:
                    model.ends[int(words[0])] = tuple(int(word) for word in words[1:4])
        if model.last is None:
            raise ValueError(f"{path}: the writer has not ended")
        return model

    @property
    def lines(self):
        return self.last[1]

    def windows(self, lateness_ms):
        """(end_ms, lines, chain, sum) of every window that must have closed, the empty ones too."""
        if not self.ends:
            return
        end, state = min(self.ends), None
        while end <= self.last[0] - lateness_ms:
            state = self.ends.get(end, state)
            yield (end, *state)
            end += WINDOW_MS


class Lines:
    """Lines `step_ms` of stamps apart, from a day ago on, so that stamps never overtake our clock."""

    def __init__(self, step_ms=20, filler=0):
        now = datetime.datetime.now(datetime.timezone.utc).timestamp()
        self.next_ms = int(now - 86400) // 60 * 60000
        self.step_ms, self.filler = step_ms, "x" * filler
        self.stamp_ms, self.chain, self.model = None, Chain(), Model()
        self.wrote_s = time.monotonic()

    def _keep_up(self):
        """A window may close for quiet: after a pause, stamps have gone on too, as in any log."""
        now = time.monotonic()
        if now - self.wrote_s > 1.0:
            self.next_ms += int((now - self.wrote_s) * 1000)
        self.wrote_s = now

    def one(self):
        self._keep_up()
        stamp = self.next_ms
        end = None if self.stamp_ms is None else self.stamp_ms // WINDOW_MS * WINDOW_MS + WINDOW_MS
        if end and stamp >= end:
            self.model.ends[end] = (self.chain.count, self.chain.value, self.chain.sum)
        self.stamp_ms, self.next_ms = stamp, stamp + self.step_ms
        when = datetime.datetime.fromtimestamp(stamp // 1000, datetime.timezone.utc)
        text = f"{when:%Y-%m-%dT%H:%M:%S}.{stamp % 1000:03d}Z INFO worker-1 request {self.chain.count + 1:010d}{self.filler}"
        line = text.encode()
        self.chain.add(line)
        self.model.last = (stamp, self.chain.count, self.chain.value, self.chain.sum)
        return line + b"\n"

    def take(self, count):
        return b"".join(self.one() for _ in range(count))

    def tick(self, ahead_ms):
        """One line that closes every window before it."""
        self.next_ms = (self.stamp_ms or self.next_ms) + ahead_ms
        return self.one()

# SPDX-License-Identifier: MIT
"""Recorded releases: the log of a made-up shop, the same for the same seed.

An hour before the deployment and ten minutes after it, five records a second. A profile says what is different behind the deployment.
"""
import datetime
import math
import random

SINCE = datetime.datetime(2024, 6, 14, 12, 0, 0, tzinfo=datetime.timezone.utc)


class Profile:
    """What the service is like: share of errors, a factor for all durations, records a second, noise."""

    def __init__(self, errors=0.005, slower=1.0, rate=5.0, clump=0.0, news=None, chatter=None):
        self.errors, self.slower, self.rate, self.clump = errors, slower, rate, clump
        self.news, self.chatter = news, chatter


def _line(at, rng, profile, errors):
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
    took = profile.slower * math.exp(rng.gauss(4, 0.5))
    if profile.news and rng.random() < 0.05:
        return f"{stamp} WARN  cart {rng.randrange(10**6)} has a coupon of a kind nobody knows\n"
    if profile.chatter and rng.random() < 0.05:
        return f"{stamp} INFO  cache entry {rng.randrange(10**6)} refreshed in background\n"
    if rng.random() < errors:
        return f"{stamp} ERROR order {rng.randrange(10**6)} failed: bank refused status=500 duration_ms={took:.1f}\n"
    if rng.random() < 0.02:
        return f"{stamp} WARN  slow query on table orders took {took:.1f} ms\n"
    return f"{stamp} INFO  order {rng.randrange(10**6)} placed by user {rng.randrange(10**4)} status=200 duration_ms={took:.1f}\n"


def lines(rng, profile, since, seconds):
    """Records from `since` on; the hidden level of the clumps has a memory of about a minute and a half."""
    level = rng.gauss(0, 1)
    for second in range(seconds):
        level = 0.99 * level + math.sqrt(1 - 0.99**2) * rng.gauss(0, 1)
        errors = min(1, profile.errors * math.exp(profile.clump * level - profile.clump**2 / 2))
        count = int(profile.rate) + (rng.random() < profile.rate % 1)
        for i in range(count):
            at = since + datetime.timedelta(seconds=second + (i + rng.random()) / count)
            yield _line(at, rng, profile, errors)


def write_release(path, seed, before, after, since=SINCE, baseline=3600, wait=600):
    rng = random.Random(seed)
    with open(path, "w") as out:
        out.writelines(lines(rng, before, since - datetime.timedelta(seconds=baseline), baseline))
        if after:
            out.writelines(lines(rng, after, since, wait))

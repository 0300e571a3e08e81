# SPDX-License-Identifier: MIT
"""The logs and the patterns of speed.py: the same arguments give the same bytes, and nobody else's log is needed.

mixed     bursts of one to sixteen lines of six systems that write in six ways, some 125 bytes a line, no two the same, one in seventy an error
access    an nginx access log with the request time behind the agent
"""
import random
import time

BEGIN = 1_750_000_000  # 2025-06-15
NAMES = ["alice", "root", "deploy", "guest", "backup", "www-data"]
SYSTEMS = [
    # how a stamp is written, and what follows it
    ("%b %d %H:%M:%S", [
        "gateway sshd[{n}]: Failed password for invalid user {u} from 10.{b}.{b}.{b} port {n} ssh2",
        "gateway sshd[{n}]: Accepted publickey for {u} from 10.{b}.{b}.{b} port {n} ssh2: RSA SHA256:k{x}{x}",
        "gateway sshd[{n}]: pam_unix(sshd:session): session opened for user {u} by (uid=0)",
        "gateway CRON[{n}]: ({u}) CMD (test -x /usr/sbin/anacron || run-parts --report /etc/cron.hourly)",
        "gateway kernel: [{n}.{n}] nf_conntrack: table full, dropping packet from 10.{b}.{b}.{b}"]),
    ("%Y-%m-%d %H:%M:%S,123", [
        "INFO [dispatcher-{b}] org.shop.cart.CartService: added item {n} to cart c-{x} in {b} ms",
        "INFO [dispatcher-{b}] org.shop.order.OrderSaga: order {n} moved from RESERVED to PAID after {n} ms",
        "WARN [scheduler-{b}] org.shop.stock.Sync: retrying in {b} s, warehouse 7{b} did not answer in time",
        "ERROR [dispatcher-{b}] org.shop.pay.Gateway: payment {n} failed: java.net.SocketTimeoutException: Read timed out",
        "DEBUG [dispatcher-{b}] org.shop.cache.Regions: evicted {n} entries of region prices, {n} bytes free"]),
    ("%y/%m/%d %H:%M:%S", [
        "INFO executor.Executor: Finished task {b}.0 in stage {b}.0 (TID {n}). {n} bytes result sent to driver",
        "INFO storage.BlockManager: Found block rdd_{b}_{b} locally",
        "INFO storage.MemoryStore: Block broadcast_{n} stored as values in memory (estimated size {b}.1 KB, free {n} MB)",
        "INFO mapred.SparkHadoopMapRedUtil: attempt_2025061{b}_{n}_m_{n}_{b}: Committed"]),
    ("%Y-%m-%dT%H:%M:%SZ", [
        "level=info component=api request_id={x} method=GET path=/v1/users/{n} status=200 bytes={n} took={b}ms",
        "level=info component=api request_id={x} method=POST path=/v1/orders status=201 bytes={n} took={b}ms",
        "level=error component=api request_id={x} msg=\"upstream connect error or disconnect\" host=10.{b}.{b}.{b}:8080",
        "level=info component=queue topic=orders partition={b} offset={n} lag={b}"]),
    ("%Y/%m/%d %H:%M:%S", [
        "[notice] {n}#0: signal process started, worker process {n} exited with code 0",
        "[error] {n}#{n}: *{n} open() \"/srv/www/img/{x}.png\" failed (2: No such file or directory), client: 10.{b}.{b}.{b}",
        "[info] {n}#{n}: *{n} client 10.{b}.{b}.{b} closed keepalive connection"]),
    ("%Y-%m-%d %H:%M:%S UTC", [
        "[{n}] LOG:  checkpoint complete: wrote {n} buffers (0.{b}%); 0 WAL file(s) added, write={b}.1 s, sync=0.0{b} s",
        "[{n}] {u}@shop LOG:  duration: {n}.{b} ms  statement: SELECT id, total FROM orders WHERE customer = {n}",
        "[{n}] {u}@shop FATAL:  remaining connection slots are reserved for non-replication superuser connections",
        "[{n}] {u}@shop LOG:  connection authorized: user={u} database=shop application_name=psql"]),
]
RARE = ("ERROR", "FATAL", "error", "Failed password", "table full", "WARN")


def bodies(rng, forms, count):
    """Some lines of a system: what is rare in life is rare here."""
    usual = [f for f in forms if not any(word in f for word in RARE)]
    rare = [f for f in forms if f not in usual]
    made = []
    for _ in range(count):
        form = rng.choice(rare if rare and rng.random() < 0.03 else usual)
        made.append(form.format_map({"n": rng.randrange(1000, 99999), "b": rng.randrange(10, 250), "u": rng.choice(NAMES),
                                     "x": f"{rng.randrange(1 << 32):08x}"}))
    return made


def write_mixed(path, size):
    """Returns the number of lines."""
    rng = random.Random(1)
    pools = [(stamp, bodies(rng, forms, 4000)) for stamp, forms in SYSTEMS]
    lines = written = second = 0
    with open(path, "w", encoding="ascii") as out:
        while written < size:
            now = time.gmtime(BEGIN + second)
            stamps = [time.strftime(stamp, now) for stamp, _ in pools]
            chunk = []
            while len(chunk) < 2000:
                system = rng.randrange(len(pools))
                at, burst = rng.randrange(3900), rng.randrange(1, 17)
                chunk += [f"{stamps[system]} {body} id={rng.getrandbits(32):08x}" for body in pools[system][1][at:at + burst]]
            written += out.write("\n".join(chunk) + "\n")
            lines += len(chunk)
            second += 1
    return lines


def write_access(path, size):
    rng = random.Random(2)
    tails = []
    for _ in range(8000):
        status = rng.choices([200, 304, 404, 500], [90, 6, 3, 1])[0]
        tails.append(f'"GET /shop/{rng.choice(["cart", "item", "search"])}/{rng.randrange(9999)} HTTP/1.1" {status} '
                     f'{rng.randrange(200, 90000)} "https://shop.example/" "Mozilla/5.0 (X11; Linux x86_64) Firefox/127.0" '
                     f'{rng.lognormvariate(-3, 0.7):.3f}')
    lines = written = second = 0
    with open(path, "w", encoding="ascii") as out:
        while written < size:
            stamp = time.strftime("[%d/%b/%Y:%H:%M:%S +0000]", time.gmtime(BEGIN + second))
            first = rng.randrange(6000)
            written += out.write("".join(f"10.0.{second % 250}.{i % 250} - - {stamp} {tail}\n"
                                         for i, tail in enumerate(tails[first:first + 1500])))
            lines += 1500
            second += 1
    return lines


ONE = ["(ERROR|FATAL|CRITICAL)"]
SOME = ONE + [
    r"[Ff]ailed password for (invalid user )?\S+ from", r"Accepted (password|publickey) for \S+", r"session opened for user \w+",
    r"table full, dropping packet", r"SocketTimeoutException", r"Connection (refused|reset|timed out)",
    r"[Oo]ut of memory|OutOfMemoryError", r"No space left on device", r"segfault at [0-9a-f]+", r"kernel panic|Kernel panic",
    r": Committed ", r"payment [0-9]+ failed", r"upstream connect error", r"No such file or directory", r"connection slots are reserved",
    r"checkpoint complete: wrote [0-9]+ buffers", r"I/O error|Input/output error", r"status=5[0-9][0-9]", r"retrying in [0-9]+ s"]
MANY = SOME + [rf"{subject} \S+ {trouble}"
               for subject in ("volume", "replica", "certificate", "lease", "broker", "shard", "tenant", "session")
               for trouble in ("is read-only", "has expired", "was lost", "took too long", "could not be opened", "is unreachable",
                               "rejected [0-9]+", "out of sync", "checksum (error|mismatch)", "quota exceeded")]

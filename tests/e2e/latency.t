#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The delay from a commit at the source to the version in which it is visible, at 500 transactions a second
and a commit interval of 200 ms; and the memory of an idle run."""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

RATE, SECONDS = 500, int(os.environ.get("LATENCY_SECONDS", "15"))


def memory_kib(pid):
    """Peak and present anonymous memory; the mapped index is apart."""
    fields = dict(line.split(":", 1) for line in open(f"/proc/{pid}/status"))
    return int(fields["VmHWM"].split()[0]), int(fields["RssAnon"].split()[0])


def watch(log, seen, stop):
    """Notes when each new version appeared: (monotonic time, version)."""
    known = -1
    while not stop.is_set():
        if os.path.exists(f"{log}/{known + 1:020}.json"):
            known += 1
            seen.append((time.monotonic(), known))
        else:
            time.sleep(0.001)


def measure(server, lake):
    """Delays in ms, one per transaction, sorted."""
    table = f"{lake}/f/t"
    db = server.session("f")
    seen, stop = [], threading.Event()
    watcher = threading.Thread(target=watch, args=(f"{table}/_delta_log", seen, stop))
    watcher.start()
    committed, start = [], time.monotonic()
    for i in range(RATE * SECONDS):
        ahead = start + i / RATE - time.monotonic()
        if ahead > 0:
            time.sleep(ahead)
        db.sql(f"INSERT INTO t VALUES ({i}, 'x')")
        committed.append(time.monotonic())
    wait_until(lambda: sum(int(v.info["tailrace"]["rowsIn"]) for v in versions(table) if "tailrace" in v.info) >= len(committed), 10)
    stop.set()
    watcher.join()
    rows_in = {v.number: int(v.info.get("tailrace", {}).get("rowsIn", 0)) for v in versions(table)}
    delays, done = [], 0
    for when, number in seen:
        for at in committed[done:done + rows_in.get(number, 0)]:
            delays.append((when - at) * 1000)
        done += rows_in.get(number, 0)
    return sorted(delays), (len(committed) / (committed[-1] - start))


def main():
    need_binary()
    tap = Tap()
    server = Server("--sync-binlog=0", "--innodb-flush-log-at-trx-commit=0")
    lake = f"{scratch()}/lake"
    server.sql("CREATE DATABASE f; CREATE TABLE f.t (id INT PRIMARY KEY, v VARCHAR(20))")
    run = Run(server, "f", lake, "--commit-interval", "200ms")
    wait_until(lambda: versions(f"{lake}/f/t"), 20)
    time.sleep(3)
    peak, idle = memory_kib(run.pid)
    tap.ok(peak <= 24 * 1024, f"idle memory {peak / 1024:.1f} MiB is at most 24", f"anonymous {idle} KiB")
    delays, rate = measure(server, lake)
    run.term()
    if not tap.equal(len(delays), RATE * SECONDS, f"all transactions became visible ({rate:.0f}/s offered)"):
        return tap.done()
    p50, p99 = delays[len(delays) // 2], delays[len(delays) * 99 // 100]
    tap.ok(p50 <= 150, f"delay p50 {p50:.0f} ms is at most 150")
    tap.ok(p99 <= 400, f"delay p99 {p99:.0f} ms is at most 400")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

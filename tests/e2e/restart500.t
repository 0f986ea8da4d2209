#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A restart with 500 tables: the time to the first commit."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

TABLES = 500


def main():
    need_binary()
    tap = Tap()
    server = Server("--sync-binlog=0", "--innodb-flush-log-at-trx-commit=0", "--table-open-cache=2000")
    lake = f"{scratch()}/lake"
    db = server.session()
    db.sql("CREATE DATABASE f")
    for i in range(TABLES):
        db.sql(f"CREATE TABLE f.t{i} (id INT PRIMARY KEY, v VARCHAR(20)); INSERT INTO f.t{i} VALUES (1, 'a'), (2, 'b')")
    start = time.monotonic()
    done = sync(server, "f", lake)
    if not tap.ok(done.returncode == 0, f"{TABLES} tables are copied in {time.monotonic() - start:.1f} s", done.stderr[-1000:]):
        return tap.done()
    db.sql("UPDATE f.t250 SET v = 'new' WHERE id = 1")
    newest = len(versions(f"{lake}/f/t250"))
    start = time.monotonic()
    run = Run(server, "f", lake, "--commit-interval", "10ms")
    wait_until(lambda: os.path.exists(f"{lake}/f/t250/_delta_log/{newest:020}.json"), 30, 0.005)
    seconds = time.monotonic() - start
    tap.ok(seconds <= 2, f"the first commit comes {seconds:.2f} s after the start, at most 2", run.tail())
    run.term()
    tap.equal(compare(db, lake, "f", "t250"), "", "and it is the right one")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

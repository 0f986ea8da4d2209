#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The thin line: a copy, then the log, `sync` and `run`, kill -9 in between; the table equals the source."""
import os
import signal
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

need_binary()
tap = Tap()
server = Server()
lake = f"{scratch()}/lake"
db = server.session()

db.sql("""CREATE DATABASE shop CHARACTER SET utf8mb4;
CREATE TABLE shop.orders (id INT PRIMARY KEY, customer VARCHAR(40), total DECIMAL(12,2), placed DATETIME(6));
CREATE TABLE shop.empty (id INT PRIMARY KEY, note TEXT);
CREATE TABLE shop.log (at DATETIME(3), what TEXT)""")
db.sql("INSERT INTO shop.orders WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000) "
       "SELECT i, CONCAT('c', i MOD 37, '☃'), i / 7, '2026-01-01 00:00:00.5' + INTERVAL i MINUTE FROM n")
db.sql("INSERT INTO shop.log VALUES ('2026-01-01', 'same'), ('2026-01-01', 'same'), (NULL, NULL)")


def equal(table, claim):
    try:
        return tap.equal(compare(db, lake, "shop", table), "", claim)
    except (OSError, RuntimeError, TypeError, ValueError) as e:
        return tap.ok(False, claim, f"{type(e).__name__}: {e}")


def synced(claim):
    done = sync(server, "shop", lake)
    return tap.ok(done.returncode == 0, claim, f"exit status {done.returncode}\n{done.stderr[-2000:]}")


if not synced("sync copies and exits 0"):
    sys.exit(tap.done())
for name in ("orders", "empty", "log"):
    equal(name, f"{name} is copied")

db.sql("""BEGIN; UPDATE shop.orders SET total = total + 1 WHERE id % 3 = 0; DELETE FROM shop.orders WHERE id % 10 = 7;
INSERT INTO shop.orders VALUES (5000, NULL, -0.01, NULL); INSERT INTO shop.empty VALUES (1, ''), (2, NULL); COMMIT;
UPDATE shop.orders SET id = 6000 WHERE id = 1; DELETE FROM shop.log WHERE what = 'same' LIMIT 1;
INSERT INTO shop.log VALUES ('2026-02-02 01:02:03.456', 'new')""")
synced("a second sync follows the log")
for name in ("orders", "empty", "log"):
    equal(name, f"{name} has the log's changes")

before = [len(versions(f"{lake}/shop/{name}")) for name in ("orders", "empty", "log")]
synced("a third sync has nothing to do")
tap.equal([len(versions(f"{lake}/shop/{name}")) for name in ("orders", "empty", "log")], before,
          "and writes no version")

db.sql("TRUNCATE shop.empty; INSERT INTO shop.empty VALUES (9, 'after')")
synced("a TRUNCATE is followed")
equal("empty", "the table has only what came after the TRUNCATE")

KEYS = {
    "BIGINT UNSIGNED": "0 9223372036854775808 18446744073709551615", "TINYINT": "-128 0 127",
    "DECIMAL(20,5)": "-1.5 0 123456789012345.00001", "DOUBLE": "-1e300 -0.1 1e-300 0.1 1e22 123456789.125",
    "FLOAT": "-0.1 0.1 0.2 16777216", "YEAR": "1901 2026 2155",
    "DATE": "'1000-01-01' '2024-02-29' '9999-12-31'", "TIME(3)": "'-838:59:59.000' '-00:00:00.001' '00:00:00' '100:00:00.5'",
    "DATETIME(6)": "'2026-01-01' '2026-01-01T00:00:00.000001' '2026-01-01T00:00:01'", "ENUM('b','a','c')": "'b' 'a' 'c'",
    "TIMESTAMP(2)": "'2026-01-01T00:00:00.01' '2026-01-01T00:00:00.02'", "VARCHAR(9)": "'' 'a' '☃'", "BIT(9)": "0 1 300",
}
db.sql("CREATE DATABASE ranges CHARACTER SET utf8mb4; SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES'")
for i, (kind, values) in enumerate(KEYS.items()):
    rows = ", ".join(f"({value}, {n})" for value in values.split() for n in range(2))
    db.sql(f"CREATE TABLE ranges.t{i} (k {kind}, n INT, PRIMARY KEY (k, n)); INSERT INTO ranges.t{i} VALUES {rows}")
done = sync(server, "ranges", f"{lake}/ranges", "--copy-chunk-rows-max", "1")
tap.equal((done.returncode, [kind for i, kind in enumerate(KEYS) if compare(db, f"{lake}/ranges", "ranges", f"t{i}")]), (0, []),
          "keys of every kind lead from chunk to chunk")

run = Run(server, "shop", lake)
for i in range(30):
    db.sql(f"INSERT INTO shop.orders VALUES ({10000 + i}, 'run', 1, NULL); DELETE FROM shop.orders WHERE id = {i * 10}")
    if i % 10 == 5:
        run.kill()
        run = Run(server, "shop", lake)
    time.sleep(0.02)
caught_up = wait_until(lambda: compare(db, lake, "shop", "orders") == "", 30, 0.3)
tap.ok(caught_up, "run, killed three times, catches up by itself", run.tail())
second = tailrace("run", "--from", server.url("shop"), "--to", lake, timeout=30)
tap.ok(second.returncode != 0, "a second instance on the same lake is refused", second.stderr[-500:])
tap.equal(run.term(), 0, "SIGTERM drains and exits 0")
equal("orders", "orders equals the source after the drain")

run = Run(server, "shop", lake)
time.sleep(0.5)
server.kill()
server.start()
db = server.session()
db.sql("UPDATE shop.orders SET customer = 'restarted' WHERE id = 5000")
caught_up = wait_until(lambda: compare(db, lake, "shop", "orders") == "", 60, 0.3)
tap.ok(caught_up, "run reconnects after a crash of the server", run.tail())
tap.equal(run.kill(signal.SIGINT), 0, "SIGINT drains as well")

numbers = [v.position for v in versions(f"{lake}/shop/orders") if v.position]
tap.ok(numbers and numbers == sorted(numbers), "positions never go back", str(numbers[-20:]))
sys.exit(tap.done())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ADD COLUMN with and without a DEFAULT, while tailrace runs and while it is down: the rows so far get what the source shows."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

COLUMNS = {
    "a nullable column": "x INT",
    "a number that is not NULL": "x INT NOT NULL DEFAULT 5",
    "a column in the first place": "x BIGINT UNSIGNED NOT NULL DEFAULT 18446744073709551615 FIRST",
    "a nullable text behind another": "x VARCHAR(20) DEFAULT 'it''s é' AFTER id",
    "a text that is not NULL": "x CHAR(8) CHARACTER SET latin1 NOT NULL DEFAULT 'ä b'",
    "an ENUM": "x ENUM('a','b','c') NOT NULL DEFAULT 'b'",
    "a SET": "x SET('a','b','c') NOT NULL DEFAULT 'a,c'",
    "a decimal": "x DECIMAL(12,3) NOT NULL DEFAULT -1.5",
    "a moment": "x DATETIME(3) NOT NULL DEFAULT '2024-02-29 01:02:03.456'",
    "bytes": "x VARBINARY(8) NOT NULL DEFAULT 0x00FF41",
    "a zero that is less than none": "x DOUBLE NOT NULL DEFAULT -0.0",
    "two columns": "x FLOAT NOT NULL DEFAULT 0.1, ADD COLUMN y DATE DEFAULT '2020-01-02'",
}
REFUSED = {
    "a number without a DEFAULT": "x INT NOT NULL",
    "an expression": "x INT DEFAULT (1 + 2)",
    "a generated column": "x INT AS (id + 1) STORED",
}


def make(db, name):
    db.sql("CREATE DATABASE IF NOT EXISTS w CHARACTER SET utf8mb4; "
           f"CREATE TABLE w.{name} (id INT PRIMARY KEY, a INT); INSERT INTO w.{name} VALUES (1, 1), (2, 2), (3, 3)")


def alter(db, name, column):
    """Rows of the old layout, the change, rows of the new one."""
    db.sql(f"INSERT INTO w.{name} (id) VALUES (4); UPDATE w.{name} SET a = 8 WHERE id = 2; DELETE FROM w.{name} WHERE id = 3; "
           f"ALTER TABLE w.{name} ADD COLUMN {column}; INSERT INTO w.{name} (id) VALUES (5); UPDATE w.{name} SET a = 9 WHERE id = 1")


def equals(db, lake, name):
    try:
        return compare(db, lake, "w", name) == "" and ("x" in dict(delta_schema(f"{lake}/w/{name}")))
    except (RuntimeError, KeyError, OSError):
        return False


def while_down(tap, server, folder, claim, column, count, image):
    db, name, lake = server.session(), f"t{count}", f"{folder}/{count}"
    make(db, name)
    first = sync(server, f"w.{name}", lake)
    db.sql(f"SET SESSION binlog_row_image = {image}")
    alter(db, name, column)
    done = sync(server, f"w.{name}", lake)
    wrong = compare(db, lake, "w", name) if done.returncode == 0 else first.stderr[-300:] + done.stderr[-400:]
    tap.equal(wrong, "", f"{claim}, while it was down ({image})")
    db.close()


def refused(tap, server, folder, claim, column, count):
    db, name, lake = server.session(), f"t{count}", f"{folder}/{count}"
    make(db, name)
    db.sql("SET SESSION sql_mode = ''")
    sync(server, f"w.{name}", lake)
    try:
        alter(db, name, column)
    except SqlError as e:  # MySQL 8.0 refuses an expression while it has GTIDs
        tap.ok("GTID consistency" in str(e), f"{claim} is refused by the server itself", str(e))
        return
    done = sync(server, f"w.{name}", lake)
    tap.ok(done.returncode != 0 and 'column "x"' in done.stderr, f"{claim} halts and is named", done.stderr[-400:])
    db.close()


def default_that_changed(tap, server, folder):
    """The rows so far have the DEFAULT of the moment when the column was added, which nobody knows any more."""
    db, lake = server.session(), f"{folder}/changed"
    make(db, "changed")
    sync(server, "w.changed", lake)
    db.sql("ALTER TABLE w.changed ADD COLUMN x INT NOT NULL DEFAULT 5; ALTER TABLE w.changed ALTER COLUMN x SET DEFAULT 6; "
           "INSERT INTO w.changed (id) VALUES (5)")
    for claim in ("halts", "halts again"):
        done = sync(server, "w.changed", lake)
        tap.ok(done.returncode != 0 and "SET DEFAULT 6" in done.stderr, f"a DEFAULT that changed right behind its column {claim}",
               done.stderr[-400:])
    db.sql("ALTER TABLE w.changed ALTER COLUMN a SET DEFAULT 7")
    lake = f"{folder}/kept"
    sync(server, "w.changed", lake)
    db.sql("ALTER TABLE w.changed ALTER COLUMN a SET DEFAULT 8; INSERT INTO w.changed (id) VALUES (6)")
    done = sync(server, "w.changed", lake)
    tap.equal(compare(db, lake, "w", "changed") if done.returncode == 0 else done.stderr[-400:], "", "another column's goes through")
    db.close()


def while_running(tap, server, folder):
    db, lake = server.session(), f"{folder}/run"
    for i, column in enumerate(COLUMNS.values()):
        make(db, f"r{i}")
    run = Run(server, "w", lake, "--tables", "w.r*")
    wait_until(lambda: all(os.path.exists(f"{lake}/w/r{i}/_delta_log") and versions(f"{lake}/w/r{i}") and
                           compare(db, lake, "w", f"r{i}") == "" for i in range(len(COLUMNS))), 30)
    for i, column in enumerate(COLUMNS.values()):
        alter(db, f"r{i}", column)
    for i, claim in enumerate(COLUMNS):
        tap.ok(wait_until(lambda: equals(db, lake, f"r{i}"), 15, 0.2), f"{claim}, while it runs", run.tail())
    tap.equal(run.term(), 0, "it ends well")
    db.close()


def main():
    need_binary()
    tap = Tap()
    server = Server()
    if server.has_vectors and not server.is_mysql:  # MySQL's can have no DEFAULT
        COLUMNS["a vector"] = "x VECTOR(2) NOT NULL DEFAULT 0x0000803F00000040"
    folder = scratch()
    count = 0
    while_running(tap, server, folder)
    for image in ("FULL", "MINIMAL"):
        for claim, column in COLUMNS.items():
            count += 1
            while_down(tap, server, folder, claim, column, count, image)
    for claim, column in REFUSED.items():
        count += 1
        refused(tap, server, folder, claim, column, count)
    default_that_changed(tap, server, folder)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

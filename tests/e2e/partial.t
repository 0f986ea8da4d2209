#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Partial row images (MINIMAL, NOBLOB, PARTIAL_JSON), one case at a time: what the log leaves out comes from the table."""
import os
import random
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

CASES = {
    "an update of one column": "UPDATE {t} SET a = 9 WHERE id = 1",
    "two updates of different columns": "BEGIN; UPDATE {t} SET a = 9 WHERE id = 1; UPDATE {t} SET b = 'n' WHERE id = 1; COMMIT",
    "an update to NULL": "UPDATE {t} SET b = NULL WHERE id = 1",
    "an update of the long text": "UPDATE {t} SET c = REPEAT('l', 9000) WHERE id = 1",
    "an insert that names a few columns": "INSERT INTO {t} (id) VALUES (30)",
    "an insert, then an update": "BEGIN; INSERT INTO {t} VALUES (20, 1, 'n', 'text', '{{\"k\": 1}}'); UPDATE {t} SET b = 'm' WHERE id = 20; COMMIT",
    "a delete": "DELETE FROM {t} WHERE id = 2",
    "a delete, an insert, an update of one key": "BEGIN; DELETE FROM {t} WHERE id = 2; INSERT INTO {t} VALUES (2, 7, 'again', NULL, NULL); "
                                                 "UPDATE {t} SET a = 8 WHERE id = 2; COMMIT",
    "a key that moves": "UPDATE {t} SET id = 10 WHERE id = 1",
    "a key that moves after an update": "BEGIN; UPDATE {t} SET a = 5 WHERE id = 1; UPDATE {t} SET id = 10 WHERE id = 1; COMMIT",
    "a key that moves before an update": "BEGIN; UPDATE {t} SET id = 10 WHERE id = 1; UPDATE {t} SET a = 5 WHERE id = 10; COMMIT",
    "a key that moves twice": "BEGIN; UPDATE {t} SET id = 10 WHERE id = 1; UPDATE {t} SET id = 11 WHERE id = 10; COMMIT",
    "a key that moves away and back": "BEGIN; UPDATE {t} SET id = 10 WHERE id = 1; UPDATE {t} SET id = 1 WHERE id = 10; COMMIT",
    "a key that moves onto a deleted one": "BEGIN; DELETE FROM {t} WHERE id = 2; UPDATE {t} SET id = 2 WHERE id = 3; COMMIT",
    "keys that change places": "BEGIN; UPDATE {t} SET id = 99 WHERE id = 1; UPDATE {t} SET id = 1 WHERE id = 2; UPDATE {t} SET id = 2 WHERE id = 99; COMMIT",
    "an insert whose key moves": "BEGIN; INSERT INTO {t} VALUES (40, 1, 'n', NULL, NULL); UPDATE {t} SET id = 41 WHERE id = 40; COMMIT",
    "a REPLACE that names a few columns": "REPLACE INTO {t} (id, a) VALUES (1, 11)",
    "a REPLACE of one key twice": "REPLACE INTO {t} (id, a) VALUES (1, 11), (1, 12); REPLACE INTO {t} (id, b) VALUES (1, 'b'), (2, 'c')",
    "a REPLACE between updates": "BEGIN; UPDATE {t} SET c = 'u' WHERE id = 1; REPLACE {t} SET id = 1, b = 'n'; UPDATE {t} SET a = 3 WHERE id = 1; COMMIT",
    "a REPLACE behind another statement's word": "SET @x = 1; /* UPDATE {t} */ REPLACE /* INTO */ {t} (id, c) SELECT 1, 'REPLACE'",
    "a REPLACE that is prepared": "PREPARE s FROM 'REPLACE INTO {t} (id, a) VALUES (?, ?)'; SET @i = 1, @a = 8; EXECUTE s USING @i, @a",
    "an upsert": "INSERT INTO {t} (id, a) VALUES (1, 5), (60, 6) ON DUPLICATE KEY UPDATE a = VALUES(a) + 1",
    "an update through a join": "UPDATE {t} AS x JOIN {t} AS y ON y.id = x.id + 1 SET x.a = y.a, x.b = REPLACE(y.b, 'x', 'z')",
    "a JSON value set": "UPDATE {t} SET j = JSON_SET(j, '$.k', 77) WHERE id = 1",
    "a JSON value set twice": "BEGIN; UPDATE {t} SET j = JSON_SET(j, '$.k', 5) WHERE id = 1; UPDATE {t} SET j = JSON_SET(j, '$.k', 6, '$.l', 'xy') WHERE id = 1; COMMIT",
    "a JSON member removed": "UPDATE {t} SET j = JSON_REMOVE(j, '$.k') WHERE id = 1",
    "a JSON value set and the key moved": "UPDATE {t} SET j = JSON_SET(j, '$.k', 3), id = 50 WHERE id = 1",
}


# Tables of their own: what the table is like, what happens to it, what the message must have ("": it goes through).
MINIMAL = {
    "DEFAULTs that are not NULL": (
        "id INT PRIMARY KEY, n INT NOT NULL DEFAULT 5, e ENUM('a','b') NOT NULL DEFAULT 'b', d DECIMAL(9,2) NOT NULL DEFAULT 1.5, "
        "v VARBINARY(4) NOT NULL DEFAULT 0x00FF, t TIMESTAMP NOT NULL DEFAULT '2020-01-01 00:00:00'",
        "INSERT INTO {t} (id) VALUES (1), (2); INSERT INTO {t} (id, n) VALUES (3, 7)", ""),
    "DEFAULTs of a table that is empty again": (
        "id INT PRIMARY KEY, n INT NOT NULL DEFAULT 5, e ENUM('a','b') NOT NULL DEFAULT 'b', d DECIMAL(9,2) NOT NULL DEFAULT 1.5, "
        "s VARCHAR(9) NOT NULL DEFAULT 'it''s', m DATETIME(3) NOT NULL DEFAULT '2020-01-01 00:00:00.5', x INT DEFAULT 3",
        "INSERT INTO {t} (id) VALUES (1); DELETE FROM {t}", ""),
    "an expression and the time": (
        "id INT PRIMARY KEY, n INT DEFAULT (1 + 2), t TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", "INSERT INTO {t} (id) VALUES (1)", ""),
    "a stored generated column": (
        "id INT PRIMARY KEY, n INT DEFAULT 5, s INT AS (n + 1) STORED", "INSERT INTO {t} (id) VALUES (1); UPDATE {t} SET n = 8", ""),
    "no DEFAULT at all": (
        "id INT PRIMARY KEY, n INT NOT NULL", "SET SESSION sql_mode = ''; INSERT INTO {t} (id) VALUES (1)", 'column "n"'),
    "nothing but DEFAULTs": ("id INT NOT NULL DEFAULT 7 PRIMARY KEY", "INSERT INTO {t} VALUES ()", "without any column"),
    "a DEFAULT that changed behind the row": (
        "id INT PRIMARY KEY, n INT NOT NULL DEFAULT 5",
        "INSERT INTO {t} (id) VALUES (1); ALTER TABLE {t} ALTER COLUMN n SET DEFAULT 6; INSERT INTO {t} (id) VALUES (2)", "SET DEFAULT"),
}
# What MariaDB's log tells of an update by its statement only.
TRIGGERS = ("CREATE TABLE {t}_o (id INT PRIMARY KEY); CREATE TRIGGER {t}_r AFTER INSERT ON {t}_o FOR EACH ROW REPLACE INTO {t} (id, a) VALUES (NEW.id, 5)")
STATEMENTS = {
    "a REPLACE in a transaction that is prepared": (
        "id INT PRIMARY KEY, a INT DEFAULT 7, b INT DEFAULT 8",
        "INSERT INTO {t} VALUES (1, 2, 3); XA START 'r'; REPLACE INTO {t} (id, a) VALUES (1, 4); XA END 'r'; XA PREPARE 'r'; XA COMMIT 'r'", ""),
    "a REPLACE with columns that the server computes": (
        "id INT PRIMARY KEY, a INT DEFAULT 7, t TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP, n INT DEFAULT (1 + 2), g INT AS (a + 1) STORED",
        "INSERT INTO {t} (id, t, n) VALUES (1, '2020-01-01', 9); REPLACE INTO {t} (id) VALUES (1)", ""),
    "a REPLACE by a second key": (
        "id INT AUTO_INCREMENT PRIMARY KEY, u INT UNIQUE, a INT DEFAULT 7, b INT DEFAULT 8",
        "INSERT INTO {t} VALUES (1, 1, 1, 1), (2, 2, 2, 2); REPLACE INTO {t} (u, a) VALUES (1, 5); REPLACE INTO {t} (id, u) VALUES (2, 9)", ""),
    "a REPLACE by a trigger": (
        "id INT PRIMARY KEY, a INT DEFAULT 7, b INT DEFAULT 8",
        "INSERT INTO {t} VALUES (1, 2, 3); " + TRIGGERS + "; INSERT INTO {t}_o VALUES (1)", "REPLACE"),
    "an update whose statement is not logged": (
        "id INT PRIMARY KEY, a INT DEFAULT 7, b INT DEFAULT 8",
        "INSERT INTO {t} VALUES (1, 2, 3); SET SESSION binlog_annotate_row_events = OFF; UPDATE {t} SET a = 3", "binlog_annotate_row_events"),
}
VIRTUAL = "id INT PRIMARY KEY, n INT DEFAULT 5, g INT AS (n + 1) VIRTUAL"


def own_tables(tap, server, folder):
    missing = "" if server.is_mysql else 'column "g"'
    cases = {**MINIMAL, "a virtual column": (VIRTUAL, "INSERT INTO {t} (id) VALUES (1)", missing),
             "an update below a virtual column": (VIRTUAL, "SET SESSION binlog_row_image = FULL; INSERT INTO {t} (id) VALUES (1); "
                                                  "SET SESSION binlog_row_image = MINIMAL; UPDATE {t} SET n = 8", missing)}
    if not server.is_mysql:
        cases.update(STATEMENTS)
    for i, (case, (columns, statements, message)) in enumerate(cases.items()):
        db = server.session()
        name, lake = f"own{i}", f"{folder}/own{i}"
        db.sql(f"CREATE TABLE w.{name} ({columns})")
        sync(server, f"w.{name}", lake)
        db.sql("SET SESSION binlog_row_image = MINIMAL")
        db.sql(statements.format(t=f"w.{name}"))
        done = sync(server, f"w.{name}", lake)
        if message:
            again = sync(server, f"w.{name}", lake)
            tap.ok(done.returncode != 0 and message in done.stderr, f"{case}: halts", done.stderr[-400:])
            tap.ok(again.returncode != 0 and message in again.stderr, f"{case}: halts again", again.stderr[-400:])
        else:
            tap.equal(compare(db, lake, "w", name) if done.returncode == 0 else done.stderr[-400:], "", case)
        db.close()


def write_beside(server, stop, seed):
    """Updates of single columns, deletes and inserts at random, logged as MINIMAL, until told to stop."""
    r, db = random.Random(seed), server.session("w")
    db.sql("SET SESSION binlog_row_image = MINIMAL")
    while not stop.is_set():
        ids = [BESIDE_ROWS - 1 - r.randrange(BESIDE_HOT) for _ in range(20)]
        db.sql("; ".join(r.choice([f"UPDATE beside SET a = a + 1 WHERE id = {i}", f"UPDATE beside SET c = 'c{seed}' WHERE id = {i}",
                                   f"DELETE FROM beside WHERE id = {i}", f"INSERT IGNORE INTO beside VALUES ({i}, 1, 'n', 'new')"])
                         for i in ids))
    db.close()


BESIDE_ROWS, BESIDE_HOT = 2000, 40


def beside_a_copy(tap, server, folder):
    """The copy may have read a row after the change that the log brings later."""
    db = server.session()
    db.sql("SET GLOBAL sync_binlog = 0; SET GLOBAL innodb_flush_log_at_trx_commit = 0")
    db.sql("CREATE TABLE w.beside (id INT PRIMARY KEY, a INT DEFAULT 4, b VARCHAR(10), c TEXT)")
    db.sql("INSERT INTO w.beside VALUES " + ", ".join(f"({i}, {i}, 'b{i}', 'c{i}')" for i in range(BESIDE_ROWS)))
    for number in range(3):
        lake, stop = f"{folder}/beside{number}", threading.Event()
        writer = threading.Thread(target=write_beside, args=(server, stop, number))
        writer.start()
        first = sync(server, "w.beside", lake, "--copy-chunk-rows-max", "20", "--batch-rows-max", "3")
        stop.set()
        writer.join()
        done = sync(server, "w.beside", lake)
        wrong = compare(db, lake, "w", "beside") if first.returncode == done.returncode == 0 else first.stderr[-300:] + done.stderr[-400:]
        tap.equal(wrong, "", f"a writer that logs MINIMAL beside a copy in chunks, round {number + 1}")
    db.close()


def main():
    need_binary()
    tap = Tap()
    server = Server()
    folder = scratch()
    count = 0
    flavours = {image: f"binlog_row_image = {image}" for image in ("MINIMAL", "NOBLOB")}
    if server.is_mysql:
        flavours["PARTIAL_JSON"] = "binlog_row_value_options = PARTIAL_JSON, binlog_row_image = MINIMAL"
    if server.has("binlog_transaction_compression = ON"):
        flavours["compressed"] = "binlog_transaction_compression = ON"
    if server.has("binlog_row_image = FULL_NODUP"):
        flavours["FULL_NODUP"] = "binlog_row_image = FULL_NODUP"
    for flavour, settings in flavours.items():
        for case, statements in CASES.items():
            count += 1
            db = server.session()
            name, lake = f"t{count}", f"{folder}/{count}"
            db.sql("CREATE DATABASE IF NOT EXISTS w CHARACTER SET utf8mb4; "
                   f"CREATE TABLE w.{name} (id INT PRIMARY KEY, a INT DEFAULT 4, b VARCHAR(10) DEFAULT 'dflt', c TEXT, j JSON); "
                   f"INSERT INTO w.{name} VALUES " + ", ".join(f"({i}, {i}, 'x{i}', 'long {i}', '{{\"k\": {i}, \"l\": \"abc\"}}')" for i in range(1, 6)))
            first = sync(server, f"w.{name}", lake)
            db.sql(f"SET SESSION {settings}")
            db.sql(statements.format(t=f"w.{name}"))
            done = sync(server, f"w.{name}", lake)
            wrong = compare(db, lake, "w", name) if done.returncode == 0 else first.stderr[-300:] + done.stderr[-400:]
            tap.equal(wrong, "", f"{flavour}: {case}")
            db.close()
    own_tables(tap, server, folder)
    beside_a_copy(tap, server, folder)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

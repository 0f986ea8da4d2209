#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Partial row images (MINIMAL, NOBLOB, PARTIAL_JSON), one case at a time: what the log leaves out comes from the table."""
import os
import sys

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
    "a JSON value set": "UPDATE {t} SET j = JSON_SET(j, '$.k', 77) WHERE id = 1",
    "a JSON value set twice": "BEGIN; UPDATE {t} SET j = JSON_SET(j, '$.k', 5) WHERE id = 1; UPDATE {t} SET j = JSON_SET(j, '$.k', 6, '$.l', 'xy') WHERE id = 1; COMMIT",
    "a JSON member removed": "UPDATE {t} SET j = JSON_REMOVE(j, '$.k') WHERE id = 1",
    "a JSON value set and the key moved": "UPDATE {t} SET j = JSON_SET(j, '$.k', 3), id = 50 WHERE id = 1",
}


def main():
    need_binary()
    tap = Tap()
    server = Server()
    folder = scratch()
    count = 0
    flavours = {image: f"binlog_row_image = {image}" for image in ("MINIMAL", "NOBLOB")}
    if server.is_mysql:
        flavours["PARTIAL_JSON"] = "binlog_row_value_options = PARTIAL_JSON, binlog_row_image = MINIMAL"
        flavours["compressed"] = "binlog_transaction_compression = ON"
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
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Statements in the log, one at a time: what they do to a captured table goes through or halts, and is never passed over."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

PLAIN = "CREATE TABLE w.t (id INT PRIMARY KEY, a INT); INSERT INTO w.t VALUES (1, 1)"
UNIQUE = "CREATE TABLE w.t (id INT NOT NULL, a INT, UNIQUE u (id)); INSERT INTO w.t VALUES (1, 1)"
PARTS = (PLAIN + "; CREATE TABLE w.p (id INT PRIMARY KEY, a INT) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (100)); "
         "INSERT INTO w.p VALUES (7, 7)")
PART_9 = PLAIN + "; CREATE TABLE w.p (id INT PRIMARY KEY, a INT) PARTITION BY RANGE (id) (PARTITION p9 VALUES LESS THAN (0))"

# (the table, the statements, whether it halts)
BOTH = {
    "a TRUNCATE": (PLAIN, "TRUNCATE w.t", False),
    "a TRUNCATE in a comment's disguise": (PLAIN, "/* x */ TRUNCATE /*!50000 TABLE */ `w` . `t`", False),
    "a partition that the table is exchanged with": (PARTS, "ALTER TABLE w.p EXCHANGE PARTITION p0 WITH TABLE w.t", True),
    "a unique key that is dropped as an index": (UNIQUE, "ALTER TABLE w.t DROP INDEX u; INSERT INTO w.t VALUES (1, 2)", True),
    "a primary key that is dropped as an index": (PLAIN, "DROP INDEX `PRIMARY` ON w.t; INSERT INTO w.t VALUES (1, 2)", True),
    "a primary key that is dropped as a key": (PLAIN, "ALTER TABLE w.t ADD INDEX i (a), DROP KEY `primary`; INSERT INTO w.t VALUES (1, 2)", True),
    "an index that is dropped": (PLAIN, "CREATE INDEX i ON w.t (a); DROP INDEX i ON w.t; INSERT INTO w.t VALUES (2, 2)", False),
    "another engine": (PLAIN, "ALTER TABLE w.t ENGINE = InnoDB; INSERT INTO w.t VALUES (2, 2)", False),
    "a column of a wider type": (PLAIN, "ALTER TABLE w.t MODIFY a BIGINT; INSERT INTO w.t VALUES (2, 5000000000)", False),
    "a column of a narrower type": (PLAIN, "ALTER TABLE w.t MODIFY a SMALLINT", True),
    "a change as a statement": (PLAIN, "SET SESSION binlog_format = STATEMENT; UPDATE w.t SET a = 5", True),
}
MYSQL = {
    "a unique key that is dropped as a constraint": (UNIQUE, "ALTER TABLE w.t DROP CONSTRAINT u; INSERT INTO w.t VALUES (1, 2)", True),
    "an engine without rows": (PLAIN, "ALTER TABLE w.t ENGINE = BLACKHOLE", True),
}
MARIADB = {
    "a unique key that is dropped as a constraint": (UNIQUE, "ALTER TABLE w.t DROP CONSTRAINT u; INSERT INTO w.t VALUES (1, 2)", True),
    "a table that becomes a partition": (PART_9, "ALTER TABLE w.p CONVERT TABLE w.t TO PARTITION p0 VALUES LESS THAN (100); "
                                         "CREATE TABLE IF NOT EXISTS w.t (id INT PRIMARY KEY, a INT)", True),
    "a unique key that drops rows": (PLAIN + ", (2, 1), (3, 3)", "ALTER IGNORE TABLE w.t ADD UNIQUE (a)", True),
    "SET STATEMENT in front of TRUNCATE": (PLAIN, "SET STATEMENT lock_wait_timeout = 9 FOR TRUNCATE TABLE w.t", False),
    "SET STATEMENT in front of ALTER": (PLAIN, "SET STATEMENT lock_wait_timeout = 9, sql_mode = REPLACE(' FOR ', ' FOR ', '') "
                                        "FOR ALTER TABLE w.t MODIFY a BIGINT; INSERT INTO w.t VALUES (2, 2)", False),
    "SET STATEMENT in front of a change as a statement": (PLAIN, "SET SESSION binlog_format = STATEMENT; "
                                                          "SET STATEMENT max_statement_time = 9 FOR INSERT INTO w.t VALUES (2, 2)", True),
    "ANALYZE in front of a change as a statement": (PLAIN, "SET SESSION binlog_format = STATEMENT; ANALYZE FORMAT = JSON UPDATE w.t SET a = 5", True),
    "ANALYZE TABLE": (PLAIN, "ANALYZE TABLE w.t; INSERT INTO w.t VALUES (2, 2)", False),
    "a temporary table of the same name": (PLAIN, "SET SESSION binlog_format = MIXED; CREATE TEMPORARY TABLE w.t (id INT); "
                                           "TRUNCATE TABLE w.t; DROP TEMPORARY TABLE w.t", True),
}
FOLDED = {
    "a TRUNCATE in other letters": (PLAIN, "TRUNCATE TABLE W.T", False),
    "an ALTER in other letters": (PLAIN, "USE W; ALTER TABLE T MODIFY a BIGINT; ALTER TABLE T MODIFY a INT", True),
}


def case(tap, server, folder, claim, made, statements, halts):
    db, lake = server.session(), f"{folder}/{len(os.listdir(folder))}"
    db.sql(f"DROP DATABASE IF EXISTS w; CREATE DATABASE w; {made}")
    first = sync(server, "w.t", lake)
    db.sql("SET SESSION sql_mode = ''")
    db.sql(statements)
    done = sync(server, "w.t", lake)
    if first.returncode != 0:
        tap.ok(False, claim, first.stderr[-400:])
    elif halts:
        tap.ok(done.returncode != 0 and "w.t" in done.stderr or "database w" in done.stderr, f"{claim}: halts", done.stderr[-400:])
    else:
        tap.equal(compare(db, lake, "w", "t") if done.returncode == 0 else done.stderr[-400:], "", f"{claim}: goes through")
    db.close()


def main():
    need_binary()
    tap, folder = Tap(), scratch()
    server = Server()
    for claim, (made, statements, halts) in {**BOTH, **(MYSQL if server.is_mysql else MARIADB)}.items():
        if "CONSTRAINT" in statements and server.is_mysql and server.version < (8, 0, 19):
            continue  # MySQL 8.0.19 brought DROP CONSTRAINT
        case(tap, server, folder, claim, made, statements, halts)
    server.stop()
    folding = Server("--lower-case-table-names=1") if not server.is_mysql else None
    for claim, (made, statements, halts) in FOLDED.items():
        if folding:
            case(tap, folding, folder, claim, made, statements, halts)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

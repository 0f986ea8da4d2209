#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ids of rows that Spark sees in a table's Iceberg face: an updated row keeps its own, a new one gets a new one, and none is ever
given twice. Needs the readers of tests/readers/install.sh."""
import glob
import os
import shutil
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

PYTHON = f"{READERS}/venv/bin/python"
TABLE = "shop.t"


def spark_session():
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.master("local[1]")
    for key, value in {
            "spark.driver.memory": "1g", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false", "spark.log.level": "ERROR",
            "spark.ui.showConsoleProgress": "false", "spark.jars": ",".join(glob.glob(f"{READERS}/spark/iceberg-spark-runtime*.jar")),
            "spark.sql.shuffle.partitions": "1"}.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


class Table:
    """shop.t at the source, and its face."""

    def __init__(self, tap, folder):
        self.tap, self.lake = tap, f"{folder}/lake"
        self.server = Server()
        self.server.start()
        self.db = self.server.session()
        self.spark = spark_session()
        self.used = {}  # id of a row -> the row, named by where it began
        self.rows = {}  # key -> (name, id, number of the commit that it was changed by)
        self.begun = 0

    def read(self):
        frame = self.spark.read.format("iceberg").load(f"{self.lake}/shop/t/_iceberg")
        return {r[0]: (r[1], r[2]) for r in frame.select("id", "_row_id", "_last_updated_sequence_number").collect()}

    def step(self, claim, sql, updated=(), new=(), gone=(), moved={}):
        """`moved`: new key of an old one."""
        tap, before = self.tap, self.rows
        self.db.sql(sql)
        done = sync(self.server, TABLE, self.lake, "--table-format", "both")
        if not tap.equal(done.returncode, 0, f"{claim}: both formats follow"):
            tap.note(done.stderr[-2000:])
        wanted = {moved.get(key, key): row for key, row in before.items() if key not in gone and key not in new}
        seen = self.read()
        tap.equal(sorted(seen), sorted([*wanted, *new]), f"{claim}: the rows are there")
        tap.equal({k: seen[k][0] for k in wanted}, {k: row[1] for k, row in wanted.items()}, f"{claim}: rows keep their ids")
        newest = max(row[1] for row in seen.values())
        changed = [*updated, *new, *moved.values()]
        tap.equal({k: row[1] for k, row in seen.items()}, {k: newest if k in changed else wanted[k][2] for k in seen},
                  f"{claim}: those and no others were updated last by this commit")
        twice = [k for k in new if seen[k][0] in self.used]
        tap.equal(twice, [], f"{claim}: new rows get ids that none ever had")
        tap.equal(len({row[0] for row in seen.values()}), len(seen), f"{claim}: no id is there twice")
        for key in new:
            self.begun += 1
            self.used[seen[key][0]] = self.begun
        self.rows = {k: (k, *row) for k, row in seen.items()}


def main():
    if sys.executable != PYTHON and os.path.exists(PYTHON):
        os.execv(PYTHON, [PYTHON, *sys.argv])
    tap = Tap()
    if not os.path.exists(PYTHON):
        tap.skip("ids of rows", "no readers: tests/readers/install.sh")
        return tap.done()
    need_binary()
    t = Table(tap, scratch())
    index = f"{t.lake}/_tailrace"
    t.step("a first copy", "CREATE DATABASE shop; CREATE TABLE shop.t (id BIGINT PRIMARY KEY, v INT); "
           "INSERT INTO shop.t VALUES (1,1),(2,2),(3,3),(4,4),(5,5),(6,6),(7,7),(8,8)", new=range(1, 9))
    t.step("updates", "UPDATE shop.t SET v = 10 WHERE id IN (1, 2); DELETE FROM shop.t WHERE id = 3; INSERT INTO shop.t VALUES (9, 9)",
           updated=[1, 2], gone=[3], new=[9])
    t.step("updates of updated rows", "UPDATE shop.t SET v = 20 WHERE id IN (1, 9); UPDATE shop.t SET v = 21 WHERE id = 1", updated=[1, 9])
    t.step("another key", "UPDATE shop.t SET id = 40 WHERE id = 4; UPDATE shop.t SET id = 10 WHERE id = 1; UPDATE shop.t SET v = 0 WHERE id = 10",
           moved={4: 40, 1: 10})
    t.step("an old key that comes again", "INSERT INTO shop.t VALUES (3, 0), (1, 0)", new=[3, 1])
    t.step("a row that is deleted and inserted", "BEGIN; DELETE FROM shop.t WHERE id = 5; INSERT INTO shop.t VALUES (5, 50); COMMIT", new=[5])
    t.step("keys that are swapped", "UPDATE shop.t SET id = -1 WHERE id = 6; UPDATE shop.t SET id = 6 WHERE id = 7; "
           "UPDATE shop.t SET id = 7 WHERE id = -1", moved={6: 7, 7: 6})
    shutil.rmtree(index)
    t.step("an index made anew", "UPDATE shop.t SET v = 30 WHERE id IN (1, 2, 10, 40)", updated=[1, 2, 10, 40])
    t.step("an update of every row", "UPDATE shop.t SET v = v + 1", updated=[*t.rows])
    t.step("a column more, with a value", "ALTER TABLE shop.t ADD COLUMN w INT NOT NULL DEFAULT 7; UPDATE shop.t SET v = v + 1 WHERE id = 2;"
           "INSERT INTO shop.t VALUES (50, 5, 5)", updated=[*t.rows], new=[50])
    shutil.rmtree(f"{t.lake}/shop/t/_iceberg")
    done = tailrace("publish", f"{t.lake}/shop/t", "--table-format", "iceberg")
    tap.equal(done.returncode, 0, "a face is made anew")
    seen = t.read()
    tap.equal(len({row[0] for row in seen.values()}), len(t.rows), "a face made anew gives no id twice")
    t.rows = {k: (k, *row) for k, row in seen.items()}
    t.used |= {row[0]: 0 for row in seen.values()}
    t.step("an update in a face made anew", "UPDATE shop.t SET v = v + 1 WHERE id < 6; INSERT INTO shop.t VALUES (100, 1, 1)",
           updated=[k for k in t.rows if k < 6], new=[100])
    t.db.close()
    t.server.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

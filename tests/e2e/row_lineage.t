#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The ids of rows that Spark sees, in a table's Iceberg face and in a table that Iceberg leads: an updated row keeps its own, a
new one gets a new one, and none is ever given twice. Needs the readers of tests/readers/install.sh."""
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


class Lake:
    """shop.t in one format, as Spark sees it through Iceberg."""

    def __init__(self, tap, spark, folder, table_format):
        self.tap, self.spark, self.format = tap, spark, table_format
        self.lake = f"{folder}/{table_format}"
        self.table = f"{self.lake}/shop/t"
        self.face = f"{self.table}/_iceberg" if table_format == "both" else self.table
        self.used = set()  # ids of all rows that there ever were
        self.rows = {}     # key -> (id, number of the commit that it was changed by)

    def read(self):
        frame = self.spark.read.format("iceberg").load(self.face)
        return {r[0]: (r[1], r[2]) for r in frame.select("id", "_row_id", "_last_updated_sequence_number").collect()}

    def begin_anew(self):
        self.rows = self.read()
        self.used |= {row[0] for row in self.rows.values()}

    def follow(self, server, claim, updated, new, gone, moved):
        tap, before, claim = self.tap, self.rows, f"{claim}, {self.format}"
        done = sync(server, TABLE, self.lake, "--table-format", self.format)
        if not tap.equal(done.returncode, 0, f"{claim}: followed"):
            tap.note(done.stderr[-2000:])
        wanted = {moved.get(key, key): row for key, row in before.items() if key not in gone and key not in new}
        seen = self.read()
        tap.equal(sorted(seen), sorted([*wanted, *new]), f"{claim}: the rows are there")
        tap.equal({k: seen[k][0] for k in wanted}, {k: row[0] for k, row in wanted.items()}, f"{claim}: rows keep their ids")
        newest = max(row[1] for row in seen.values())
        changed = {*updated, *new, *moved.values()}
        tap.equal({k: row[1] for k, row in seen.items()}, {k: newest if k in changed else wanted[k][1] for k in seen},
                  f"{claim}: those and no others were updated last by this commit")
        tap.equal([k for k in new if seen[k][0] in self.used], [], f"{claim}: new rows get ids that none ever had")
        tap.equal(len({row[0] for row in seen.values()}), len(seen), f"{claim}: no id is there twice")
        self.begin_anew()


class Table:
    """shop.t at the source, and in each format."""

    def __init__(self, tap, folder):
        self.server = Server()
        self.server.start()
        self.db = self.server.session()
        spark = spark_session()
        self.lakes = [Lake(tap, spark, folder, table_format) for table_format in ("both", "iceberg")]

    def keys(self):
        return [*self.lakes[0].rows]

    def step(self, claim, sql, updated=(), new=(), gone=(), moved={}):
        """`moved`: new key of an old one."""
        self.db.sql(sql)
        for lake in self.lakes:
            lake.follow(self.server, claim, updated, new, gone, moved)


def main():
    if sys.executable != PYTHON and os.path.exists(PYTHON):
        os.execv(PYTHON, [PYTHON, *sys.argv])
    tap = Tap()
    if not os.path.exists(PYTHON):
        tap.skip("ids of rows", "no readers: tests/readers/install.sh")
        return tap.done()
    need_binary()
    t = Table(tap, scratch())
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
    for lake in t.lakes:
        shutil.rmtree(f"{lake.lake}/_tailrace")
    t.step("an index made anew", "UPDATE shop.t SET v = 30 WHERE id IN (1, 2, 10, 40)", updated=[1, 2, 10, 40])
    t.step("an update of every row", "UPDATE shop.t SET v = v + 1", updated=t.keys())
    t.step("a column more, with a value", "ALTER TABLE shop.t ADD COLUMN w INT NOT NULL DEFAULT 7; UPDATE shop.t SET v = v + 1 WHERE id = 2;"
           "INSERT INTO shop.t VALUES (50, 5, 5)", updated=t.keys(), new=[50])
    lake = t.lakes[0]
    shutil.rmtree(lake.face)
    done = tailrace("publish", lake.table, "--table-format", "iceberg")
    tap.equal(done.returncode, 0, "a face is made anew")
    lake.begin_anew()
    tap.equal(len({row[0] for row in lake.rows.values()}), len(lake.rows), "a face made anew gives no id twice")
    t.step("an update in a face made anew", "UPDATE shop.t SET v = v + 1 WHERE id < 6; INSERT INTO shop.t VALUES (100, 1, 1)",
           updated=[k for k in t.keys() if k < 6], new=[100])
    t.db.close()
    t.server.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Either half of Debezium, Kafka and a Spark job can be tailrace, and both: the jobs of examples/spark run unchanged on
the topics of a real Debezium and on ours, tailrace makes tables of both, and all of them are what the server has.

SEED repeats a run's choices.
"""
import collections
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Broker, Debezium
from spark_rig import JOBS, PYTHON, Spark

CREATE = """CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, customer INT NOT NULL,
kind INT NOT NULL, amount BIGINT NOT NULL, price DECIMAL(12,2), rate DOUBLE, placed DATETIME NOT NULL, note VARCHAR(60),
changed TIMESTAMP(6) NULL)"""
PREFIXES, MODES = ("debezium", "tailrace"), ("merge", "append")
# position: the number of the log's file, offset, row; place: partition and offset; row: cells of the table's columns
Change = collections.namedtuple("Change", "op ts position place row")
NOTES = ("''", "NULL", "'NULL'", "'\\\\ \"quoted\" \\'x\\' \\n\\t end'", "'日本語 ☃ 😀 é'", "'  spaces  '", "REPEAT('ü', 60)")


class Orders:
    """Changes shop.orders at random, and counts what Debezium calls them."""

    def __init__(self, db, chance):
        self.db, self.random = db, chance
        self.ids, self.last, self.ops = [], 0, collections.Counter()

    def row(self, key):
        r = self.random
        price = r.choice(["NULL", "0", "-0.01", "9999999999.99", "-9999999999.99", f"{r.randrange(10 ** 6)}.{r.randrange(100):02}"])
        rate = r.choice(["NULL", "0", "-0.1e0", "1.7976931348623157e308", "2.2250738585072014e-308", repr(r.random())])
        placed = r.choice(["1000-01-01 00:00:00", "9999-12-31 23:59:59", "1969-12-31 23:59:59", f"2026-03-29 02:{r.randrange(60):02}:00"])
        changed = r.choice(["NULL", "'1970-01-01 00:00:01'", "'2038-01-19 03:14:07.999999'", f"'2026-10-25 01:30:00.{r.randrange(10 ** 6):06}'"])
        return (f"({key}, {r.choice([-1 << 31, (1 << 31) - 1, 0, 7])}, {r.randrange(17)}, {r.choice([-1 << 63, r.randrange(1 << 60)])}, "
                f"{price}, {rate}, '{placed}', {r.choice(NOTES)}, {changed})")

    def insert(self):
        count = self.random.randrange(1, 9)
        new = range(self.last + 1, self.last + 1 + count)
        self.ids, self.last = self.ids + list(new), self.last + count
        self.ops["c"] += count
        return f"INSERT INTO shop.orders VALUES {', '.join(map(self.row, new))}"

    def update(self):
        """A few rows, or the same row again."""
        ids = self.random.sample(self.ids, min(5, len(self.ids)))
        ids = self.random.choice([ids, ids[:1] * 3])
        self.ops["u"] += len(ids)
        return ";".join(f"UPDATE shop.orders SET kind = kind + 1, price = price / 2, note = {self.random.choice(NOTES)} WHERE id = {i}"
                        for i in ids)

    def delete(self):
        gone = self.random.sample(self.ids, min(3, len(self.ids)))
        self.ids = [i for i in self.ids if i not in gone]
        self.ops["d"] += len(gone)
        return f"DELETE FROM shop.orders WHERE id IN ({', '.join(map(str, gone))})"

    def move(self):
        """To a new key, to one that a row had that was deleted, or there and back."""
        i = self.random.choice(self.ids)
        free = self.random.choice([self.last + 1, *(set(range(1, self.last + 1)) - set(self.ids))])
        self.last = max(self.last, free)
        path = self.random.choice([[i, free], [i, free, i]])
        self.ids = [path[-1] if n == i else n for n in self.ids]
        self.ops.update({"c": len(path) - 1, "d": len(path) - 1})
        return ";".join(f"UPDATE shop.orders SET id = {b} WHERE id = {a}" for a, b in zip(path, path[1:]))

    def change(self, transactions):
        for _ in range(transactions):
            self.db.sql("BEGIN")
            for _ in range(self.random.randrange(1, 6)):
                kind = self.random.choice([self.insert, self.insert, self.update, self.update, self.delete, self.move])
                self.db.sql((kind if len(self.ids) > 9 else self.insert)())
            self.db.sql("COMMIT")


class Line:
    """Both writers of topics on one server and broker, both readers of each topic."""

    def __init__(self, seed):
        self.tap, self.folder = Tap(), scratch()
        self.tap.note(f"SEED={seed} SERVER={KIND}")
        self.spark = Spark(self.folder)
        self.server, self.broker = Server(), Broker()
        self.db = self.server.session()
        self.db.sql(f"SET time_zone = '+00:00'; {CREATE}")
        self.orders = Orders(self.db, random.Random(seed))
        self.debezium = Debezium(self.broker)
        self.debezium.add(self.server, "debezium", "shop", properties={"decimal.handling.mode": "string"})
        for prefix in PREFIXES:
            self.broker.create(topic_of(prefix), 3)

    def write(self):
        """What the server has, into both topics; a Debezium that has no change left for its own is as far as we."""
        done = sync(self.server, "shop", f"kafka://{self.broker.address}/tailrace", "--decimal-handling-mode", "string")
        self.tap.equal(done.returncode, 0, "tailrace writes its topic") or self.tap.note(done.stderr)
        count = self.broker.count(topic_of("tailrace"))
        self.debezium.wait("debezium", topic_of("debezium"), count)
        self.tap.equal(self.broker.count(topic_of("debezium")), count, f"{count} messages, as many as Debezium's")

    def read(self):
        """Both topics, into tables by Spark's jobs and by tailrace."""
        for prefix in PREFIXES:
            self.spark.run("merge.py", self.broker, topic_of(prefix), f"{self.folder}/{prefix}/merged")
            self.spark.run("append.py", self.broker, topic_of(prefix), f"{self.folder}/{prefix}/appended")
            for mode in MODES:
                done = tailrace("sync", "--from", f"kafka://{self.broker.address}/{topic_of(prefix)}", "--to",
                                f"{self.folder}/{prefix}/{mode}", "--mode", mode, "--schema", f"{JOBS}/orders.ddl",
                                "--decimal-handling-mode", "string")
                self.tap.equal(done.returncode, 0, f"{prefix}'s topic -> tailrace, {mode}") or self.tap.note(done.stderr)

    def compare(self):
        tap = self.tap
        for prefix in PREFIXES:
            theirs, ours = f"{self.folder}/{prefix}/merged", f"{self.folder}/{prefix}/merge/shop/orders"
            wanted = source_rows(self.db, "shop", "orders", delta_schema(ours))
            tap.equal(difference(lake_rows(ours), wanted), "", f"{prefix} -> topic -> tailrace: what the server has")
            tap.equal(difference(lake_rows(theirs), wanted), "", f"{prefix} -> topic -> Spark's MERGE: what the server has")
            tap.equal(delta_schema(theirs), delta_schema(ours), f"{prefix}'s topic: the same columns by both")
            theirs, ours = self.spark_changes(prefix), self.tailrace_changes(prefix)
            tap.equal(collections.Counter(change.op for change in theirs.elements()), self.orders.ops,
                      f"{prefix} -> topic -> Spark's append: each change once")
            tap.equal(difference(ours, theirs, ("tailrace", "Spark")), "", f"{prefix}'s topic: the same changes by both")
        tap.equal(difference(*(self.timeless(prefix) for prefix in PREFIXES), PREFIXES), "",
                  "changes are the same, and stand at the same positions of the log, whoever wrote the topic")

    def spark_changes(self, prefix):
        """Counter of Change."""
        def change(op, ts, log_file, log_pos, log_row, partition, offset, *row):
            return Change(op, ts, (int(log_file), int(log_pos), int(log_row)), (partition, offset), row)
        return counted(change, f"{self.folder}/{prefix}/appended")

    def tailrace_changes(self, prefix):
        def change(op, ts, topic, partition, offset, message_row, position, absent, *row):
            file, log_pos, log_row = position.split(":")
            return Change(op, ts, (int(file.split(".")[-1]), int(log_pos), int(log_row)), (partition, offset), row)
        return counted(change, f"{self.folder}/{prefix}/append/shop/orders")

    def timeless(self, prefix):
        """Without what is each writer's own: places in its topic, times and positions of its copy."""
        changes = collections.Counter()
        for change, count in self.spark_changes(prefix).items():
            change = change._replace(ts=None, place=None)
            changes[change._replace(position=None) if change.op == "r" else change] += count
        return changes

    def run(self):
        self.orders.change(60)
        self.orders.ops = collections.Counter(r=len(self.orders.ids))  # the copy has no history
        self.debezium.start()
        self.write()
        for transactions in (120, 40):
            self.orders.change(transactions)
            self.write()
            self.read()
            self.compare()
        return self.tap.done()


def topic_of(prefix):
    return f"{prefix}.shop.orders"


def counted(change, table):
    rows = collections.Counter()
    for row, count in lake_rows(table).items():
        rows[change(*row)] += count
    return rows


def main():
    need_binary()
    if not os.access(PYTHON, os.X_OK):
        tap = Tap()
        tap.skip("Spark reads our topics", "tests/readers/install.sh first")
        return tap.done()
    return Line(int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))).run()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Events in any order, twice and in part: the jobs of examples/spark for them and tailrace make the same tables of the same
topics, which are the fold of the events by their times; and tailrace is faster.

SEED repeats a run's events. No server is needed.
"""
import collections
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from item_events import CELLS, JOBS, ItemEvents, cell, fold, settings
from kafka_rig import Broker
from spark_rig import PYTHON, Spark

EVENTS, KEYS, ROUNDS = 12_000, 1_500, 2
NAMES = ("id", *CELLS)


class Images:
    """One kind of image lists: a topic of them, the tables of both."""

    def __init__(self, tap, broker, spark, folder, chance, image):
        self.tap, self.broker, self.spark, self.image = tap, broker, spark, image
        self.topic, self.folder = f"{image}.items", f"{folder}/{image}"
        self.ours, self.theirs = f"{self.folder}/lake/shop/items", f"{self.folder}/spark/items"
        events = ItemEvents(chance, image, KEYS, EVENTS)
        self.messages = events.messages(events.changes(EVENTS))
        self.our_seconds = self.their_seconds = 0

    def read(self):
        self.their_seconds += self.spark.run(JOBS[self.image], self.broker, self.topic, self.theirs)["batches"]
        start = time.monotonic()
        done = tailrace("sync", "--from", self.broker.url(self.topic), "--to", f"{self.folder}/lake", *settings(self.image))
        self.our_seconds += time.monotonic() - start
        self.tap.equal(done.returncode, 0, f"{self.image} images -> tailrace") or self.tap.note(done.stderr)

    def compare(self, sent):
        types = dict(delta_schema(self.ours))
        wanted = collections.Counter(tuple(cell(value, types[name]) for name, value in zip(NAMES, (key, *map(row.get, CELLS))))
                                     for key, row in fold(sent, self.image).items())
        ours, theirs = rows_of(self.ours), rows_of(self.theirs)
        what = f"{self.image} images, {len(sent)} messages"
        self.tap.equal(difference(ours, wanted, ("tailrace", "the fold")), "", f"{what}: tailrace's table is their fold by time")
        self.tap.equal(difference(theirs, wanted, ("Spark", "the fold")), "", f"{what}: and so is Spark's")
        self.tap.equal(difference(ours, theirs, ("tailrace", "Spark")), "", f"{what}: both have the same {ours.total()} rows")

    def run(self):
        self.broker.create(self.topic, 3)
        for number in range(ROUNDS):
            first, end = (len(self.messages) * n // ROUNDS for n in (number, number + 1))
            self.broker.write(self.topic, ((None, message) for message in self.messages[first:end]))
            self.read()
            self.compare(self.messages[:end])
        ratio = self.their_seconds / self.our_seconds
        self.tap.note(f"{self.image} images, {EVENTS} events: tailrace {self.our_seconds:.2f} s, Spark's batches {self.their_seconds:.2f} s, "
                      f"ratio {ratio:.1f}")
        self.tap.ok(ratio > 1, f"{self.image} images: tailrace is faster")


def rows_of(table):
    """Counter of the rows that are not deleted, without the columns of the order."""
    names = [name for name, _ in delta_schema(table)]
    places = [names.index(name) for name in NAMES]
    rows = collections.Counter()
    for row, count in lake_rows(table).items():
        if "_deleted" not in names or row[names.index("_deleted")] == "false":
            rows[tuple(row[place] for place in places)] += count
    return rows


def main():
    need_binary()
    tap, folder = Tap(), scratch()
    if not os.access(PYTHON, os.X_OK):
        tap.skip("Spark reads events", "tests/readers/install.sh first")
        return tap.done()
    seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
    tap.note(f"SEED={seed}")
    spark, broker = Spark(folder), Broker()
    for image in JOBS:
        Images(tap, broker, spark, folder, random.Random(seed), image).run()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

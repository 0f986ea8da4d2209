# SPDX-License-Identifier: Apache-2.0
"""A topic of the part spark-events: a table's inserts, then changes of its rows in any order, as examples/spark knows shop.items."""
import random

from item_events import JOBS, ItemEvents, settings
from rig import TAILRACE


class ItemsTopic:
    BATCHES = 4  # of Spark's for the changes; the inserts are one batch

    def __init__(self, broker, folder, image, rows, changes):
        self.broker, self.image, self.changes, self.name = broker, image, changes, f"items.{image}.{rows}"
        self.spark_table = f"{folder}/spark-{self.name}"
        self.events = ItemEvents(random.Random(rows), image, rows, rows + changes)
        broker.create(self.name, 2)
        self.write(self.events.inserts())

    def write(self, events):
        """Returns how many messages they are."""
        messages = self.events.messages(events)
        self.broker.write(self.name, ((None, message) for message in messages), compression_type="lz4")
        return len(messages)

    def write_changes(self):
        return self.write(self.events.changes(self.changes))

    def command(self, lake):
        return [TAILRACE, "sync", "--from", self.broker.url(self.name), "--to", lake, *settings(self.image)]

    def change_by(self, spark):
        """Spark reads the inserts, the changes are written, and it reads them. What it used for these."""
        job = (JOBS[self.image], self.broker, self.name, self.spark_table)
        spark.run(*job)
        messages = self.write_changes()
        return spark.run(*job, "--batch", str(messages // self.BATCHES + 2))  # half of it from each partition: none is left over

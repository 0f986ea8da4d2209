# SPDX-License-Identifier: Apache-2.0
"""The topic of shop.items, whose events a back end without a database log sends side by side: late, twice, in any order.

    {"after_image": [{"_action": "_insert", "_timestamp": "2026-01-01 00:00:02.5", "id": 7, "name": "Lamp", ...}, ...]}

A delete has the key alone. An update has all columns (freshest.py), or those that changed (unpivot.py).
"""
import os

from pyspark.sql import functions as F

TOPIC = "shop.items"
KEY = "id"

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "items.ddl"), encoding="utf-8") as ddl:
    COLUMNS = ddl.read()


def events(records, event):
    """A row for each event, parsed as that type."""
    message = F.from_json(F.col("value").cast("string"), f"after_image ARRAY<{event}>", {"mode": "FAILFAST"})
    return (records
            .where("value IS NOT NULL")
            .select(message.alias("message"))
            .select(F.explode("message.after_image").alias("event")))


def make(table, rows):
    """An empty Delta table of such rows, if it is not there yet."""
    rows.limit(0).write.format("delta").option("delta.enableDeletionVectors", True).mode("ignore").save(table)

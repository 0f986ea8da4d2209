#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whole rows out of order: a Delta table that has each row's freshest event. Deleted rows stay, with _deleted, so that no late
event brings them back: read it WHERE NOT _deleted."""
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

from items import COLUMNS, KEY, TOPIC, events, make
from topic import arguments, merge_batches

EVENT = f"STRUCT<_action STRING, _timestamp TIMESTAMP, {COLUMNS}>"


def images(records):
    return (events(records, EVENT)
            .select("event.*")
            .withColumn("_deleted", F.expr("_action = '_delete'"))
            .withColumnRenamed("_timestamp", "_event_time")
            .drop("_action"))


def freshest(rows):
    """The freshest event of each key; a delete before what was made at the same instant."""
    by_key = Window.partitionBy(KEY).orderBy(F.desc("_event_time"), F.desc("_deleted"))
    return rows.withColumn("rank", F.row_number().over(by_key)).where("rank = 1").drop("rank")


def merge_into(table):
    def merge(batch, batch_id):
        rows = freshest(images(batch))
        make(table, rows)
        rows.createOrReplaceTempView("images")
        batch.sparkSession.sql(f"""
            MERGE INTO delta.`{table}` t USING images s ON t.{KEY} = s.{KEY}
            WHEN MATCHED AND struct(s._event_time, s._deleted) > struct(t._event_time, t._deleted) THEN UPDATE SET *
            WHEN NOT MATCHED THEN INSERT *""")
    return merge


def main():
    args = arguments(__doc__, TOPIC)
    spark = SparkSession.builder.appName("freshest").getOrCreate()
    merge_batches(spark, args, merge_into(args.table))


if __name__ == "__main__":
    main()

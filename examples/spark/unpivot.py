#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Changed columns out of order: a long table (key, attribute, value, time, deleted) has the freshest event of each column, and
the table is put together from it for the keys that a batch touched."""
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from items import COLUMNS, KEY, TOPIC, events, make
from topic import arguments, merge_batches

# What an event tells: the attributes of its columns. That there is a row, and that there is none, are attributes, too.
TOLD = f"map_filter(event, (name, value) -> name NOT IN ('{KEY}', '_action', '_timestamp'))"
SAID = "map(action, CAST(NULL AS STRING))"
ATTRIBUTES = f"""CASE WHEN action = '_delete' THEN {SAID}
                      WHEN action = '_insert' OR cardinality(told) = 0 THEN map_concat(told, {SAID})
                      ELSE told END"""


def unpivoted(records):
    return (events(records, "MAP<STRING, STRING>")
            .selectExpr(f"CAST(event['{KEY}'] AS BIGINT) AS {KEY}", "event['_action'] AS action",
                        "CAST(event['_timestamp'] AS TIMESTAMP) AS time", f"{TOLD} AS told")
            .selectExpr(KEY, f"explode({ATTRIBUTES}) AS (attribute, value)", "time", "action = '_delete' AS deleted"))


def freshest(rows):
    by_attribute = Window.partitionBy(KEY, "attribute").orderBy(F.desc("time"))
    return rows.withColumn("rank", F.row_number().over(by_attribute)).where("rank = 1").drop("rank")


def pivoted(long, changes):
    """The rows of the keys in `changes`; `there` is false of one whose delete is newer than all that was told."""
    columns = [column for column in StructType.fromDDL(COLUMNS) if column.name != KEY]
    return (long.join(changes, KEY, "left_semi")
            .groupBy(KEY)
            .agg(F.expr("max(time) FILTER (WHERE deleted)").alias("gone"),
                 F.expr("collect_list(struct(attribute, value, time))").alias("told"))
            .withColumn("told", F.expr("filter(told, x -> gone IS NULL OR x.time > gone)"))
            .withColumn("cells", F.expr("map_from_entries(transform(told, x -> struct(x.attribute, x.value)))"))
            .select(KEY, *[F.col("cells")[column.name].cast(column.dataType).alias(column.name) for column in columns],
                    F.expr("size(told) > 0").alias("there")))


def merge_into(table):
    long = f"{table}__long"

    def merge(batch, batch_id):
        spark = batch.sparkSession
        changes = freshest(unpivoted(batch)).persist()
        make(long, changes)
        changes.createOrReplaceTempView("changes")
        spark.sql(f"""
            MERGE INTO delta.`{long}` t USING changes s ON t.{KEY} = s.{KEY} AND t.attribute = s.attribute
            WHEN MATCHED AND s.time > t.time THEN UPDATE SET *
            WHEN NOT MATCHED THEN INSERT *""")

        # The batch's keys, and not the long table's change feed: a batch that runs again has changed nothing there.
        rows = pivoted(spark.read.format("delta").load(long), changes).persist()
        make(table, rows.drop("there"))
        rows.createOrReplaceTempView("rows")
        spark.sql(f"""
            MERGE INTO delta.`{table}` t USING rows s ON t.{KEY} = s.{KEY}
            WHEN MATCHED AND NOT s.there THEN DELETE
            WHEN MATCHED THEN UPDATE SET *
            WHEN NOT MATCHED AND s.there THEN INSERT *""")
        rows.unpersist()
        changes.unpersist()
    return merge


def main():
    args = arguments(__doc__, TOPIC)
    spark = SparkSession.builder.appName("unpivot").getOrCreate()
    merge_batches(spark, args, merge_into(args.table))


if __name__ == "__main__":
    main()

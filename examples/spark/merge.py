#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Delta table that is kept equal to the source's: foreachBatch and MERGE."""
from pyspark.sql import SparkSession, Window
from pyspark.sql import functions as F

from orders import KEY, META, TOPIC, changes
from topic import arguments, merge_batches

# The source's order; the topic's for what the source does not tell apart.
ORDER = ["log_file", "log_pos", "log_row", "offset"]


def latest(rows):
    """The last change of each key: MERGE fails when two rows match the same row of the table."""
    by_key = Window.partitionBy(*KEY).orderBy(*map(F.desc, ORDER))
    return rows.withColumn("rank", F.row_number().over(by_key)).where("rank = 1").drop("rank")


def merge_into(table):
    same_key = " AND ".join(f"t.{name} = s.{name}" for name in KEY)

    def merge(batch, batch_id):
        rows = latest(changes(batch))
        rows.drop(*META).limit(0).write.format("delta").mode("ignore").save(table)  # when it is not there yet
        rows.createOrReplaceTempView("changes")
        batch.sparkSession.sql(f"""
            MERGE INTO delta.`{table}` t USING changes s ON {same_key}
            WHEN MATCHED AND s.op = 'd' THEN DELETE
            WHEN MATCHED THEN UPDATE SET *
            WHEN NOT MATCHED AND s.op <> 'd' THEN INSERT *""")
    return merge


def main():
    args = arguments(__doc__, TOPIC)
    spark = SparkSession.builder.appName("merge").getOrCreate()
    merge_batches(spark, args, merge_into(args.table))


if __name__ == "__main__":
    main()

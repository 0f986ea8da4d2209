# SPDX-License-Identifier: Apache-2.0
"""What the jobs have in common: their arguments, and the topic as Spark reads it."""
import argparse


def arguments(about, topic):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--brokers", default="localhost:9092")
    parser.add_argument("--topic", default=topic)
    parser.add_argument("--batch", type=int, default=10_000_000, help="messages in a batch at most")
    parser.add_argument("--table", required=True, help="folder of the Delta table")
    parser.add_argument("--checkpoint", required=True, help="folder of what is done")
    return parser.parse_args()


def records(spark, args):
    spark.conf.set("spark.sql.session.timeZone", "UTC")  # DATETIME has no time zone, and counts from 1970 in UTC
    return (spark.readStream.format("kafka")
            .option("kafka.bootstrap.servers", args.brokers)
            .option("subscribe", args.topic)
            .option("startingOffsets", "earliest")
            .option("maxOffsetsPerTrigger", args.batch)
            .load())


def merge_batches(spark, args, merge):
    """Calls merge(batch, batch_id) until the topic is read."""
    query = (records(spark, args).writeStream
             .foreachBatch(merge)
             .option("checkpointLocation", args.checkpoint)
             .trigger(availableNow=True)
             .start())
    query.awaitTermination()

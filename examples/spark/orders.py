# SPDX-License-Identifier: Apache-2.0
"""The topic of shop.orders, as Debezium writes it and as the lake shall have it.

    CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, customer INT NOT NULL, kind INT NOT NULL, amount BIGINT NOT NULL,
        price DECIMAL(12,2), rate DOUBLE, placed DATETIME NOT NULL, note VARCHAR(60), changed TIMESTAMP(6) NULL)

The connector writes JSON without schemas, and decimals as text: decimal.handling.mode=string.
"""
import argparse

from pyspark.sql import functions as F

KEY = ["id"]

ROW = """id BIGINT, customer INT, kind INT, amount BIGINT, price STRING, rate DOUBLE,
         placed BIGINT, note STRING, changed STRING"""

EVENT = f"""op STRING, before STRUCT<{ROW}>, after STRUCT<{ROW}>,
            source STRUCT<ts_us BIGINT, file STRING, pos BIGINT, row INT>"""

# What the row's columns are not yet.
CASTS = {"price": "CAST(price AS DECIMAL(12,2))",
         "placed": "CAST(timestamp_millis(placed) AS TIMESTAMP_NTZ)",
         "changed": "CAST(changed AS TIMESTAMP)"}

# What happened, and where that stands in the source's log (whose files are ordered by their numbers) and in the topic.
META = {"op": "op",
        "ts": "timestamp_micros(source.ts_us)",
        "log_file": "CAST(substring_index(source.file, '.', -1) AS BIGINT)",
        "log_pos": "source.pos",
        "log_row": "source.row",
        "partition": "partition",
        "offset": "offset"}


def columns(expressions):
    return {name: F.expr(expressions[name]) for name in expressions}


def arguments(about):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--brokers", default="localhost:9092")
    parser.add_argument("--topic", default="shop.shop.orders")
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


def changes(records):
    """META, and the row after the change; for a delete the row that it was."""
    event = F.from_json(F.col("value").cast("string"), EVENT, {"mode": "FAILFAST"})
    return (records
            .where("value IS NOT NULL")  # tombstones
            .select(event.alias("event"), "partition", "offset")
            .select("event.*", "partition", "offset")
            .where("op IN ('r', 'c', 'u', 'd')")
            .withColumns(columns(META))
            .select(*META, F.expr("IF(op = 'd', before, after)").alias("row"))
            .select(*META, "row.*")
            .withColumns(columns(CASTS)))

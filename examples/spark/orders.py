# SPDX-License-Identifier: Apache-2.0
"""The topic of shop.orders, as Debezium writes it and as the lake shall have it.

    CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, customer INT NOT NULL, kind INT NOT NULL, amount BIGINT NOT NULL,
        price DECIMAL(12,2), rate DOUBLE, placed DATETIME NOT NULL, note VARCHAR(60), changed TIMESTAMP(6) NULL)

The connector writes JSON without schemas, and decimals as text: decimal.handling.mode=string.
"""
from pyspark.sql import functions as F

TOPIC = "shop.shop.orders"
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

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every change of a topic as a row of a Delta table."""
from pyspark.sql import SparkSession

from orders import TOPIC, changes
from topic import arguments, records


def main():
    args = arguments(__doc__, TOPIC)
    spark = SparkSession.builder.appName("append").getOrCreate()
    query = (changes(records(spark, args)).writeStream.format("delta")
             .outputMode("append")
             .option("checkpointLocation", args.checkpoint)
             .trigger(availableNow=True)
             .start(args.table))
    query.awaitTermination()


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: Apache-2.0
"""Spark with Iceberg catalogs, and DuckDB, as a process that iceberg_catalog.t asks: a JSON line in, a JSON line out.
Runs in the readers' venv. argv: jars (a glob), settings of Spark (JSON)."""
import glob
import json
import os
import sys


def spark_session(jars, settings):
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.master("local[2]").appName("iceberg")
    for key, value in {"spark.driver.memory": "1g", "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
                       "spark.ui.enabled": "false",
                       "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR", "spark.jars": ",".join(glob.glob(jars)),
                       "spark.sql.shuffle.partitions": "2", **settings}.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def duckdb_connection():
    import duckdb
    connection = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name in ("avro", "parquet", "iceberg"):
        module = __import__(f"duckdb_extension_{name}")
        files = glob.glob(f"{os.path.dirname(module.__file__)}/extensions/*/*.duckdb_extension")
        connection.execute(f"LOAD '{files[0]}'" if files else f"LOAD {name}")
    return connection


def main():
    spark, duck = spark_session(sys.argv[1], json.loads(sys.argv[2])), None
    for line in sys.stdin:
        engine, statement = json.loads(line)
        try:
            if engine == "spark":
                rows = [list(row) for row in spark.sql(statement).collect()]
            else:
                duck = duck or duckdb_connection()
                rows = [list(row) for row in duck.execute(statement).fetchall()]
        except Exception as e:
            rows = f"{type(e).__name__}: {e}"[:1000]
        print("answer " + json.dumps(rows, default=str), flush=True)


main()

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""read.py ENGINE,… TABLE…: reads Delta tables with engines that we did not write; one line of JSON for each
engine and table: rows and digest (rig.digest of the canonical cells), or the error. Run it with the venv's Python.
"""
import base64
import datetime
import glob
import json
import os
import subprocess
import sys
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "e2e"))
import rig
from rig import READERS

PER_SECOND = {"s": 1, "ms": 1000, "us": 1_000_000, "ns": 1_000_000_000}


def spark_session(memory="2g", **more):
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.master("local[2]").appName("readers")
    for key, value in {
            "spark.driver.memory": memory, "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.jars": ",".join(sorted(glob.glob(f"{READERS}/spark/*.jar"))), "spark.sql.session.timeZone": "UTC",
            "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension", "spark.log.level": "ERROR",
            "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
            "spark.sql.shuffle.partitions": "2", "spark.databricks.delta.snapshotPartitions": "2", "spark.sql.warehouse.dir": "/tmp/tr-warehouse",
            "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -Dderby.system.home=/tmp/tr-derby", **more}.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


# Each gives an Arrow table, or rows of canonical cells.

def spark(path, schema):
    return spark_session().read.format("delta").load(path).toArrow()


def kernel(path, schema):
    done = subprocess.run(["java", "-Xmx2g", "-cp", f"{READERS}/classes:{READERS}/kernel/*", "KernelRead", path],
                          capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(done.stderr[-600:])

    def cell(text, lake_type):
        if text == "~":
            return None
        if lake_type == "binary":
            return text
        plain = bytes.fromhex(text).decode()
        if lake_type == "date" or lake_type.startswith("timestamp"):
            return moment(int(plain), lake_type, "us")
        return rig.canonical(plain, lake_type)
    return [tuple(cell(text, t) for text, (_, t) in zip(line.split("\t"), schema)) for line in done.stdout.split("\n")[:-1]]


def deltalake(path, schema):
    import deltalake as engine
    import pyarrow
    batches = engine.QueryBuilder().register("t", engine.DeltaTable(path)).execute("SELECT * FROM t")
    return pyarrow.RecordBatchReader.from_stream(batches).read_all()


def duckdb(path, schema):
    import duckdb as engine
    connection = engine.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name in ("icu", "parquet", "delta"):
        module = __import__(f"duckdb_extension_{name}")
        for file in glob.glob(f"{os.path.dirname(module.__file__)}/extensions/*/*.duckdb_extension"):
            try:
                connection.execute(f"LOAD '{file}'")
            except engine.Error:
                connection.execute(f"LOAD {name}")  # built in
    connection.execute("SET TimeZone = 'UTC'")
    return connection.execute("SELECT * FROM delta_scan(?)", [path]).to_arrow_table()


def polars(path, schema):
    import polars as engine
    return engine.scan_delta(path).collect().to_arrow()


def clickhouse(path, schema):
    import chdb
    os.chdir(os.path.commonpath([path, os.getcwd()]))  # it opens only what is below the current directory
    return chdb.query(f"SELECT * FROM deltaLakeLocal('{path}') SETTINGS output_format_arrow_string_as_string = 0, "
                      "session_timezone = 'UTC'", "ArrowTable")


def daft(path, schema):
    import daft as engine
    return engine.read_deltalake(path).to_arrow()


def trino_query(text):
    """Rows from the server that trino.sh started."""
    port = open(f"{READERS}/trino/port").read().strip()
    headers = {"X-Trino-User": "readers", "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}

    def fetch(address, text=None):
        with urllib.request.urlopen(urllib.request.Request(address, text and text.encode(), headers)) as answer:
            return json.load(answer, parse_float=str)
    answer, rows = fetch(f"http://127.0.0.1:{port}/v1/statement", text), []
    while "error" not in answer:
        rows += answer.get("data", [])
        if "nextUri" not in answer:
            return rows
        answer = fetch(answer["nextUri"])
    raise RuntimeError(answer["error"]["message"])


def trino_cell(v, lake_type):
    if v is None:
        return None
    if lake_type == "binary":
        return base64.b64decode(v).hex()
    if lake_type == "boolean":
        return "true" if v else "false"
    if lake_type == "date" or lake_type.startswith("timestamp"):
        date, *clock = v.replace(" UTC", "").split(" ")
        return rig.canonical(" ".join([date.zfill(10), *clock]), lake_type)
    return rig.canonical(str(v), lake_type)


def trino_table(catalog, schema, *place):
    """A Delta or Iceberg table as Trino registers it: its location, a metadata file's name."""
    name = f"t{abs(hash(place))}"
    words = "".join(f", '{word}'" for word in place)
    trino_query(f"CREATE SCHEMA IF NOT EXISTS {catalog}.readers WITH (location = 'file://{READERS}/trino/data/schema')")
    trino_query(f"CALL {catalog}.system.register_table('readers', '{name}'{words})")
    try:
        rows = trino_query(f"SELECT * FROM {catalog}.readers.{name}")
    finally:
        trino_query(f"CALL {catalog}.system.unregister_table('readers', '{name}')")
    return [tuple(trino_cell(v, t) for v, (_, t) in zip(row, schema)) for row in rows]


def trino(path, schema):
    """Its instants are rounded to milliseconds."""
    return trino_table("delta", schema, f"file://{path}")


ENGINES = {f.__name__: f for f in (kernel, deltalake, duckdb, polars, clickhouse, daft, spark, trino)}


def moment(count, lake_type, unit):
    """A date's days, or a timestamp's units since 1970, in canonical form."""
    if lake_type == "date":
        return (datetime.date(1970, 1, 1) + datetime.timedelta(days=count)).isoformat()
    at = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=count * 1_000_000 // PER_SECOND[unit])
    return rig.canonical(at.isoformat(), lake_type)


def column(values, lake_type):
    """Canonical cells of an Arrow column; the table's own type decides where an engine has only one for two."""
    import pyarrow
    kind = values.type
    if pyarrow.types.is_timestamp(kind):
        return [None if v is None else moment(v, lake_type, kind.unit) for v in values.cast(pyarrow.int64()).to_pylist()]
    if pyarrow.types.is_date32(kind):
        return [None if v is None else moment(v, lake_type, "") for v in values.cast(pyarrow.int32()).to_pylist()]
    return [cell(v, lake_type) for v in values.to_pylist()]


def cell(v, lake_type):
    if v is None:
        return None
    if isinstance(v, (bytes, bytearray, memoryview)):
        return bytes(v).hex() if lake_type == "binary" else bytes(v).decode()
    if isinstance(v, bool) or lake_type == "boolean":
        return "true" if v else "false"
    if lake_type.startswith("decimal"):
        return format(v, "f")
    return rig.canonical(str(v), lake_type)


def read(engine, path):
    schema = rig.delta_schema(path)
    got = ENGINES[engine](path, schema)
    if isinstance(got, list):
        return rig.collections.Counter(got)
    columns = [column(got.column(name), lake_type) for name, lake_type in schema]
    return rig.collections.Counter(zip(*columns))


def attempt(engine, path):
    start, line = time.monotonic(), {"engine": engine, "table": path}
    try:
        rows = read(engine, path)
        line.update(rows=sum(rows.values()), digest=rig.digest(rows))
    except BaseException as e:  # some engines' panics are no Exceptions
        if isinstance(e, (KeyboardInterrupt, SystemExit)):
            raise
        line["error"] = f"{type(e).__name__}: {e}"[:1200]
    line["seconds"] = round(time.monotonic() - start, 2)
    print(json.dumps(line), flush=True)


def main():
    paths = [os.path.abspath(path) for path in sys.argv[2:]]
    for engine in sys.argv[1].split(","):
        for path in paths:
            attempt(engine, path)


if __name__ == "__main__":
    main()

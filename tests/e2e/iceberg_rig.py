# SPDX-License-Identifier: Apache-2.0
"""Iceberg tables of ours, alone or a table's Iceberg side (`--table-format both`), read by engines that we did not write. For scripts that run with the
readers' Python: `need_readers` sees to that."""
import functools
import os
import sys
import uuid

from rig import *

sys.path.append(f"{TREE}/tests/readers")
import read

PYTHON = f"{READERS}/venv/bin/python"
ENGINES = os.environ.get("ENGINES", "pyiceberg duckdb polars spark").split()


def need_readers(tap, claim):
    """Whether the engines are there; the script begins anew with their Python when it runs with another."""
    if not os.access(PYTHON, os.X_OK):
        tap.skip(claim, "tests/readers/install.sh first")
        return False
    if os.path.realpath(sys.prefix) != os.path.realpath(f"{READERS}/venv"):
        os.execv(PYTHON, [PYTHON, *sys.argv])
    return True


def is_alone(table):
    return os.path.isdir(f"{table}/metadata")


def newest(table):
    """The newest metadata file of the table, or of its Iceberg side."""
    folder = f"{table}/metadata" if is_alone(table) else f"{table}/_iceberg/metadata"
    return f"{folder}/v{open(f'{folder}/version-hint.text').read().strip()}.metadata.json"


def metadata(table):
    return json.load(open(newest(table)))


def property_of(table, name):
    return metadata(table)["properties"].get(f"tailrace.{name}")


LAKE_TYPES = {"int": "integer", "timestamptz": "timestamp", "timestamp": "timestamp_ntz"}


def iceberg_schema(table):
    """As delta_schema, of the Iceberg metadata."""
    m = metadata(table)
    fields = next(s for s in m["schemas"] if s["schema-id"] == m["current-schema-id"])["fields"]
    return [(f["name"], LAKE_TYPES.get(f["type"], f["type"].replace(" ", ""))) for f in fields]


# --- what a crash leaves -----------------------------------------------------------------------------

def files_below(folder):
    return {os.path.join(at, name) for at, _, names in os.walk(folder) for name in names}


def plant_orphans(table):
    """Files as a run leaves that was killed before its commit, of each kind that we write; everything is days old then. What was
    planted: (of the table's folder, of its metadata's)."""
    metadata_folder = os.path.dirname(newest(table))
    data = f"{table}/{uuid.uuid4().hex}.parquet"
    shutil.copy(next(path for path in sorted(glob.glob(f"{table}/*.parquet"))), data)
    planted = set()
    for word in ("list", "manifest", "dv", "deletes"):
        found = sorted(glob.glob(f"{metadata_folder}/*-{word}[0-9]*"))
        if found:
            orphan = f"{metadata_folder}/{uuid.uuid4()}{os.path.basename(found[-1])[36:]}"
            shutil.copy(found[-1], orphan)
            planted.add(orphan)
    for path in files_below(table):
        os.utime(path, (time.time() - 4 * 86400,) * 2)
    return {data}, planted


# --- engines: an Arrow table each --------------------------------------------------------------------

def pyiceberg(table):
    from pyiceberg.table import StaticTable
    return StaticTable.from_metadata(newest(table)).scan().to_arrow()


@functools.cache
def duckdb_connection():
    import duckdb as engine
    connection = engine.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name in ("icu", "parquet", "json", "httpfs", "avro", "iceberg"):
        try:
            connection.execute(f"LOAD {name}")  # built in
        except engine.Error:
            module = __import__(f"duckdb_extension_{name}")
            for file in glob.glob(f"{os.path.dirname(module.__file__)}/extensions/*/*.duckdb_extension"):
                connection.execute(f"LOAD '{file}'")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def duckdb(table):
    return duckdb_connection().execute("SELECT * FROM iceberg_scan(?)", [newest(table)]).to_arrow_table()


def polars(table):
    import polars as engine
    return engine.scan_iceberg(newest(table)).collect().to_arrow()


@functools.cache
def spark_session(lake):
    """Delta's and Iceberg's; a table is ice.DATABASE.TABLE, its Iceberg side ice.DATABASE.TABLE._iceberg."""
    return read.spark_session(**{
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension,org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.ice": "org.apache.iceberg.spark.SparkCatalog", "spark.sql.catalog.ice.type": "hadoop",
        "spark.sql.catalog.ice.cache-enabled": "false", "spark.sql.catalog.ice.warehouse": f"file://{lake}"})


def spark_name(table):
    return "ice." + ".".join(quoted(part) for part in table.split("/")[-2:]) + ("" if is_alone(table) else "._iceberg")


def spark(table):
    return spark_session(os.path.dirname(os.path.dirname(table))).table(spark_name(table)).toArrow()


def iceberg_rows(engine, table):
    """Counter of canonical rows."""
    got, schema = globals()[engine](table), iceberg_schema(table) if is_alone(table) else delta_schema(table)
    return collections.Counter(zip(*(read.column(got.column(name), lake_type) for name, lake_type in schema)))


def check_iceberg(tap, table, wanted, claim, engines=ENGINES):
    """Every engine has the rows."""
    for engine in engines:
        try:
            tap.equal(difference(iceberg_rows(engine, table), wanted, (engine, "wanted")), "", f"{claim}: {engine}")
        except BaseException as e:  # some engines' panics are no Exceptions
            if isinstance(e, (KeyboardInterrupt, SystemExit)):
                raise
            tap.ok(False, f"{claim}: {engine}", f"{type(e).__name__}: {e}"[:1500])

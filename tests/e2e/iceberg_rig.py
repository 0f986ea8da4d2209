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

os.environ.setdefault("POLARS_ICEBERG_PLANNER", "pyiceberg")  # it has no other here, and says so each time
PYTHON = f"{READERS}/venv/bin/python"
ENGINES = os.environ.get("ENGINES", "pyiceberg duckdb polars clickhouse daft rust spark").split()
WITHOUT_PERCENT = ("deltalake", "duckdb", "polars", "clickhouse")
WITHOUT_VECTORS = ("clickhouse", "daft", "rust", "trino")  # those of format 3


def need_readers(tap, claim):
    """Whether the engines are there; the script begins anew with their Python when it runs with another."""
    if not os.access(PYTHON, os.X_OK):
        tap.skip(claim, "tests/readers/install.sh first")
        return False
    if os.path.realpath(sys.prefix) != os.path.realpath(f"{READERS}/venv"):
        os.execv(PYTHON, [PYTHON, *sys.argv])
    return True


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

def pyiceberg(table, snapshot=None):
    from pyiceberg.table import StaticTable
    return StaticTable.from_metadata(newest(table)).scan(snapshot_id=snapshot).to_arrow()


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


def clickhouse(table):
    import chdb
    folder = os.path.dirname(os.path.dirname(newest(table)))
    os.chdir("/")  # it opens only what is below the current directory
    return chdb.query(f"SELECT * FROM icebergLocal('{folder}') SETTINGS output_format_arrow_string_as_string = 0, "
                      "session_timezone = 'UTC'", "ArrowTable")


def daft(table):
    import daft as engine
    from pyiceberg.table import StaticTable
    return engine.read_iceberg(StaticTable.from_metadata(newest(table))).to_arrow()


def rust(table):
    """iceberg-rust, by pyiceberg-core."""
    import datafusion
    from pyiceberg_core.datafusion import IcebergDataFusionTable
    context = datafusion.SessionContext()
    context.register_table("t", IcebergDataFusionTable(identifier=["shop", "t"], metadata_location=f"file://{newest(table)}",
                                                       file_io_properties={}))
    return context.sql("SELECT * FROM t").to_arrow_table()


def trino(table):
    return read.trino_table("iceberg", schema_of(table), metadata(table)["location"], os.path.basename(newest(table)))


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


def iceberg_rows(engine, table, *snapshot):
    """Counter of canonical rows."""
    got, schema = globals()[engine](table, *snapshot), schema_of(table)
    if isinstance(got, list):
        return collections.Counter(got)
    return collections.Counter(zip(*(read.column(got.column(name), lake_type) for name, lake_type in schema)))


def has_vectors(table):
    """Deletion vectors in Puffin files, which are format 3's."""
    from pyiceberg.table import StaticTable
    files = StaticTable.from_metadata(newest(table)).scan().plan_files()
    return metadata(table)["format-version"] == 3 and any(file.delete_files for file in files)


def attempt(engine_rows, *words):
    """Counter of canonical rows, or the text of what went wrong."""
    try:
        return engine_rows(*words)
    except BaseException as e:  # some engines' panics are no Exceptions
        if isinstance(e, (KeyboardInterrupt, SystemExit)):
            raise
        return f"{type(e).__name__}: {e}"[:1500]


def judge(tap, got, wanted, claim, engine, refuses):
    """The rows; or, of an engine that is known to be unable, a refusal and no rows."""
    if refuses:
        tap.ok(isinstance(got, str), f"{claim}: {engine} refuses it", "it has rows")
    else:
        tap.equal(got if isinstance(got, str) else difference(got, wanted, (engine, "wanted")), "", f"{claim}: {engine}")


def check_iceberg(tap, table, wanted, claim, engines=ENGINES):
    """Every engine has the rows."""
    refuse = WITHOUT_VECTORS if has_vectors(table) else ()
    for engine in engines:
        judge(tap, attempt(iceberg_rows, engine, table), wanted, claim, engine, engine in refuse)


def check_delta(tap, table, wanted, claim, engines):
    """As check_iceberg, of the Delta side; by read.py's engines. Daft knows no deletion vectors; where our folder's name has %XX, the
    kernel that some of them share looks into another one."""
    for engine in engines:
        refuses = engine == "daft" or ("%" in table and engine in WITHOUT_PERCENT)
        judge(tap, attempt(read.read, engine, table), wanted, f"{claim}: Delta", engine, refuses)

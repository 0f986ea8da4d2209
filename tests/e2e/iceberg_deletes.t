#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Deletion vectors (format 3) and position deletes (format 2) of ours are applied by engines that we did not write, in tables
with no more metadata than the format requires; Spark deletes on from them, and we read what Spark wrote. tests/readers/install.sh installs the engines."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from rig import *

PYTHON = f"{READERS}/venv/bin/python"
TOOL = f"{os.path.dirname(TAILRACE)}/tests/readers/iceberg_deletes"
ENGINES = os.environ.get("ENGINES", "pyiceberg duckdb polars spark").split()
NOW = 1_790_000_000_000
SCHEMA = {"type": "struct", "schema-id": 0, "fields": [
    {"id": 1, "name": "id", "required": False, "type": "long"}, {"id": 2, "name": "name", "required": False, "type": "string"}]}
FILES = {"a": range(0, 1000), "b": range(1000, 71000), "c": range(71000, 71010)}  # ids by data file; c keeps all rows
DELETED = {"a": range(0, 1000, 7), "b": [*range(100, 60000), 65536, 69999]}       # row numbers


def tool(verb, path, text=""):
    done = subprocess.run([TOOL, verb, os.path.dirname(path), os.path.basename(path)], input=text, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{verb} {path}: {done.stderr}")
    return done.stdout.splitlines()


# --- a table by hand ---------------------------------------------------------------------------------

def field(number, name, kind, optional=False):
    made = {"name": name, "type": ["null", kind] if optional else kind, "field-id": number}
    return {**made, "default": None} if optional else made


def bounds(number, name):
    record = {"type": "record", "name": f"k{number + 1}_v{number + 2}",
              "fields": [field(number + 1, "key", "int"), field(number + 2, "value", "bytes")]}
    return field(number, name, {"type": "array", "logicalType": "map", "items": record}, True)


ENTRY = {"type": "record", "name": "manifest_entry", "fields": [
    field(0, "status", "int"), field(1, "snapshot_id", "long", True), field(3, "sequence_number", "long", True),
    field(4, "file_sequence_number", "long", True), field(2, "data_file", {"type": "record", "name": "r2", "fields": [
        field(134, "content", "int"), field(100, "file_path", "string"), field(101, "file_format", "string"),
        field(102, "partition", {"type": "record", "name": "r102", "fields": []}), field(103, "record_count", "long"),
        field(104, "file_size_in_bytes", "long"), bounds(125, "lower_bounds"), bounds(128, "upper_bounds"),
        field(142, "first_row_id", "long", True), field(143, "referenced_data_file", "string", True),
        field(144, "content_offset", "long", True), field(145, "content_size_in_bytes", "long", True)]})]}
MANIFEST_FILE = {"type": "record", "name": "manifest_file", "fields": [
    field(500, "manifest_path", "string"), field(501, "manifest_length", "long"), field(502, "partition_spec_id", "int"),
    field(517, "content", "int"), field(515, "sequence_number", "long"), field(516, "min_sequence_number", "long"),
    field(503, "added_snapshot_id", "long"), field(504, "added_files_count", "int"), field(505, "existing_files_count", "int"),
    field(506, "deleted_files_count", "int"), field(512, "added_rows_count", "long"), field(513, "existing_rows_count", "long"),
    field(514, "deleted_rows_count", "long"), field(520, "first_row_id", "long", True)]}


def avro(path, schema, rows, /, **metadata):
    import fastavro
    with open(path, "wb") as out:
        fastavro.writer(out, schema, rows, metadata=metadata)
    return os.path.getsize(path)


def data_files(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq
    fields = [pa.field("id", pa.int64(), True, {"PARQUET:field_id": "1"}), pa.field("name", pa.string(), True, {"PARQUET:field_id": "2"})]
    for name, ids in FILES.items():
        path = f"{folder}/data/{name}.parquet"
        pq.write_table(pa.table([pa.array(ids), pa.array([f"n{i}" for i in ids])], schema=pa.schema(fields)), path, compression="zstd")
        yield {"content": 0, "file_path": f"file://{path}", "file_format": "PARQUET", "record_count": len(ids), "file_size_in_bytes": os.path.getsize(path)}


def vectors(folder):
    path = f"{folder}/data/dv.puffin"
    lines = "".join(f"file://{folder}/data/{name}.parquet {' '.join(map(str, rows))}\n" for name, rows in DELETED.items())
    places = [json.loads(line) for line in tool("puffin", path, lines)]
    return [{"content": 1, "file_path": f"file://{path}", "file_format": "PUFFIN", "record_count": place["count"],
             "file_size_in_bytes": os.path.getsize(path), "referenced_data_file": f"file://{folder}/data/{name}.parquet",
             "content_offset": place["offset"], "content_size_in_bytes": place["size"]} for name, place in zip(DELETED, places)]


def position_deletes(folder):
    for name, rows in DELETED.items():
        path = f"{folder}/data/{name}-deletes.parquet"
        told = json.loads(tool("positions", path, f"file://{folder}/data/{name}.parquet {' '.join(map(str, rows))}\n")[0])
        yield {"content": 1, "file_path": f"file://{path}", "file_format": "PARQUET", "record_count": told["count"], "file_size_in_bytes": told["size"],
               **{f"{side}_bounds": [{"key": int(i), "value": bytes.fromhex(b)} for i, b in told[side].items()] for side in ("lower", "upper")}}


def make_table(folder, version):
    """Snapshot 1 adds the data files, 2 the deletes."""
    os.makedirs(f"{folder}/metadata")
    os.makedirs(f"{folder}/data")
    made, snapshots, rows = [], [], sum(map(len, FILES.values()))
    deletes = vectors(folder) if version == 3 else list(position_deletes(folder))
    for number, (content, files) in enumerate([("data", list(data_files(folder))), ("deletes", deletes)], 1):
        name = f"{folder}/metadata/m{number}.avro"
        size = avro(name, ENTRY, [{"status": 1, "snapshot_id": number, "data_file": {"partition": {}, **f}} for f in files], **{
            "schema": json.dumps(SCHEMA), "schema-id": "0", "partition-spec": "[]", "partition-spec-id": "0", "format-version": str(version), "content": content})
        made.append({"manifest_path": f"file://{name}", "manifest_length": size, "partition_spec_id": 0, "content": number - 1,
                     "sequence_number": number, "min_sequence_number": number, "added_snapshot_id": number, "added_files_count": len(files),
                     "existing_files_count": 0, "deleted_files_count": 0, "added_rows_count": sum(f["record_count"] for f in files),
                     "existing_rows_count": 0, "deleted_rows_count": 0, "first_row_id": 0 if version == 3 and content == "data" else None})
        name = f"{folder}/metadata/l{number}.avro"
        avro(name, MANIFEST_FILE, made, **{"snapshot-id": str(number), "parent-snapshot-id": str(number - 1) if number > 1 else "null",
                                           "sequence-number": str(number), "format-version": str(version)})
        snapshots.append({"snapshot-id": number, "sequence-number": number, "timestamp-ms": NOW + number, "schema-id": 0, "manifest-list": f"file://{name}",
                          "summary": {"operation": ["append", "delete"][number - 1]}})
        if version == 3:
            snapshots[-1].update({"first-row-id": 0 if number == 1 else rows, "added-rows": rows if number == 1 else 0})
    snapshots[1]["parent-snapshot-id"] = 1
    metadata = {"format-version": version, "table-uuid": f"9c12d441-03fe-4693-9a96-a0705ddf69c{version}", "location": f"file://{folder}", "last-sequence-number": 2,
                "last-updated-ms": NOW + 2, "last-column-id": 2, "schemas": [SCHEMA], "current-schema-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}],
                "default-spec-id": 0, "last-partition-id": 999, "sort-orders": [{"order-id": 0, "fields": []}], "default-sort-order-id": 0,
                "properties": {"write.delete.mode": "merge-on-read"}, "current-snapshot-id": 2, "snapshots": snapshots,
                "refs": {"main": {"snapshot-id": 2, "type": "branch"}}, **({"next-row-id": rows} if version == 3 else {})}
    with open(f"{folder}/metadata/v1.metadata.json", "w") as out:
        json.dump(metadata, out)
    with open(f"{folder}/metadata/version-hint.text", "w") as out:
        out.write("1")


# --- engines: the ids that they see -------------------------------------------------------------------

def newest(folder):
    return f"{folder}/metadata/v{open(f'{folder}/metadata/version-hint.text').read().strip()}.metadata.json"


def pyiceberg(folder):
    from pyiceberg.table import StaticTable
    return StaticTable.from_metadata(newest(folder)).scan().to_arrow()


def duckdb(folder):
    import duckdb as engine
    connection = engine.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name in ("icu", "parquet", "json", "httpfs", "avro", "iceberg"):
        try:
            connection.execute(f"LOAD {name}")  # built in
        except engine.Error:
            module = __import__(f"duckdb_extension_{name}")
            for file in glob.glob(f"{os.path.dirname(module.__file__)}/extensions/*/*.duckdb_extension"):
                connection.execute(f"LOAD '{file}'")
    return connection.execute("SELECT * FROM iceberg_scan(?)", [newest(folder)]).to_arrow_table()


def polars(folder):
    import polars as engine
    return engine.scan_iceberg(newest(folder)).collect().to_arrow()


@functools.cache
def spark_session(warehouse):
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession
    builder = SparkSession.builder.master("local[2]")
    for key, value in {
            "spark.driver.memory": "2g", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false", "spark.log.level": "ERROR",
            "spark.ui.showConsoleProgress": "false", "spark.jars": ",".join(glob.glob(f"{READERS}/spark/iceberg-spark-runtime*.jar")),
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions", "spark.sql.shuffle.partitions": "2",
            "spark.sql.catalog.ice": "org.apache.iceberg.spark.SparkCatalog", "spark.sql.catalog.ice.type": "hadoop",
            "spark.sql.catalog.ice.warehouse": f"file://{warehouse}", "spark.driver.extraJavaOptions": "-Duser.timezone=UTC"}.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def spark(folder):
    return spark_session(os.path.dirname(os.path.dirname(folder))).table(f"ice.db.{os.path.basename(folder)}").toArrow()


def ours(folder):
    """The ids of all data files without the rows that every Puffin or position-delete file there names."""
    import pyarrow.parquet as pq
    gone = collections.defaultdict(set)
    for path in glob.glob(f"{folder}/data/*.puffin") + glob.glob(f"{folder}/data/*-deletes.parquet"):
        for line in tool("read-puffin" if path.endswith("n") else "read-positions", path):
            name, *rows = line.split(" ")
            gone[os.path.basename(name)].update(map(int, rows))
    ids = []
    for path in glob.glob(f"{folder}/data/*.parquet"):
        if not path.endswith("-deletes.parquet"):
            ids += [i for n, i in enumerate(pq.read_table(path, columns=["id"])["id"].to_pylist()) if n not in gone[os.path.basename(path)]]
    return sorted(ids)


def check(tap, folder, claim, wanted, but=None):
    for engine in ENGINES:
        if engine == but:
            continue
        try:
            got = globals()[engine](folder)
            pairs = sorted(zip(got["id"].to_pylist(), got["name"].to_pylist()))
            tap.ok(pairs == [(i, f"n{i}") for i in wanted], f"{claim}: {engine}", f"{len(pairs)} rows, wanted {len(wanted)}")
        except Exception as e:
            tap.ok(False, f"{claim}: {engine}", f"{type(e).__name__}: {str(e)[:1500]}")


def main():
    tap = Tap()
    if not os.access(PYTHON, os.X_OK):
        tap.skip("deletes of ours are applied", "tests/readers/install.sh first")
        return tap.done()
    if os.path.realpath(sys.prefix) != os.path.realpath(f"{READERS}/venv"):
        os.execv(PYTHON, [PYTHON, *sys.argv])
    if not os.access(TOOL, os.X_OK):
        sys.exit(f"no {TOOL}: make tests first")
    warehouse = scratch()
    gone = {name: set(rows) for name, rows in DELETED.items()}
    live = [i for name, ids in FILES.items() for n, i in enumerate(ids) if n not in gone.get(name, ())]
    for version, what in ((3, "deletion vectors"), (2, "position deletes")):
        folder = f"{warehouse}/db/v{version}"
        make_table(folder, version)
        tap.ok(ours(folder) == live, f"{what}: our own reader")
        check(tap, folder, what, live)
        if "spark" not in ENGINES:
            continue
        spark_session(warehouse).sql(f"DELETE FROM ice.db.v{version} WHERE id % 11 = 3")
        left = [i for i in live if i % 11 != 3]
        # DuckDB 1.5.5 now and then takes row 4 instead of 8 from the vector that Spark writes here; never from one of ours.
        check(tap, folder, f"{what}, after Spark deleted more", left, but="duckdb" if version == 3 else None)
        tap.ok(ours(folder) == left, f"{what} that Spark wrote: our own reader")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

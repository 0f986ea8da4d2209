#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manifests of tests/golden/iceberg/ours, which are held to what tailrace writes, are read by others: entry by entry, and as a
table whose data, deletes and metadata are made around them here."""
import datetime
import decimal
import glob
import json
import os
import shutil
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from rig import *

PYTHON = f"{READERS}/venv/bin/python"
ENGINES = os.environ.get("ENGINES", "pyiceberg duckdb spark").split()
OURS = f"{TREE}/tests/golden/iceberg/ours"
PLACE = "/tmp/tailrace-iceberg"  # stands in the manifests
ROWS, DELETED = 1000, [3, 500, 999]
SCHEMA = {"type": "struct", "schema-id": 0, "fields": [{"id": 1, "name": "id", "required": False, "type": "long"},
                                                       {"id": 2, "name": "s", "required": False, "type": "string"}]}


def write_parquet(path, table, size):
    """Padded by a note in its footer to the size that its manifest tells."""
    import pyarrow.parquet

    def write(note_size):
        with pyarrow.parquet.ParquetWriter(path, table.schema) as writer:
            writer.write_table(table)
            writer.add_key_value_metadata({"note": "x" * note_size})
        return os.path.getsize(path)
    assert write(1000 + size - write(1000)) == size


def write_vector(path, data_file):
    """A Puffin file of one deletion vector with one array of positions, padded by blanks in its JSON."""
    vector = b"\xd1\xd3\x39\x64" + struct.pack("<QI", 1, 0) + struct.pack("<IIHHI", 12346, 1, 0, len(DELETED) - 1, 16)
    vector += b"".join(struct.pack("<H", row) for row in DELETED)
    blob = struct.pack(">I", len(vector)) + vector + struct.pack(">I", zlib.crc32(vector))
    footer = json.dumps({"blobs": [{
        "type": "deletion-vector-v1", "fields": [2147483645], "snapshot-id": -1, "sequence-number": -1, "offset": 4, "length": len(blob),
        "properties": {"referenced-data-file": data_file, "cardinality": str(len(DELETED))}}]}).encode()
    footer += b" " * (1024 - 4 - len(blob) - 4 - len(footer) - 12)
    with open(path, "wb") as file:
        file.write(b"PFA1" + blob + b"PFA1" + footer + struct.pack("<I", len(footer)) + b"\0\0\0\0PFA1")


def make_table(version):
    """The metadata file."""
    import pyarrow as pa
    root = f"{PLACE}/v{version}"
    os.makedirs(f"{root}/data")
    os.makedirs(f"{root}/metadata")

    def field(name, kind, number):
        return pa.field(name, kind, metadata={"PARQUET:field_id": str(number)})
    rows = pa.table([pa.array(range(ROWS)), pa.array([f"s{i}" for i in range(ROWS)])],
                    schema=pa.schema([field("id", pa.int64(), 1), field("s", pa.string(), 2)]))
    write_parquet(f"{root}/data/a.parquet", rows, 16384)
    if version == 3:
        write_vector(f"{root}/data/d.puffin", f"file://{root}/data/a.parquet")
    else:
        deletes = pa.table([pa.array([f"file://{root}/data/a.parquet"] * len(DELETED)), pa.array(DELETED, pa.int64())],
                           schema=pa.schema([field("file_path", pa.string(), 2147483546), field("pos", pa.int64(), 2147483545)]))
        write_parquet(f"{root}/data/d.parquet", deletes, 16384)
    return write_metadata(f"v{version}", version, 1, SCHEMA, [], [f"v{version}_{name}.avro" for name in ("list", "data", "deletes")])


def make_partitioned():
    """A table of the manifest with every type of partition; its data files are not there."""
    from pyiceberg.avro.file import AvroFile
    from pyiceberg.io.pyarrow import PyArrowFileIO
    os.makedirs(f"{PLACE}/partitions/metadata")
    with AvroFile(PyArrowFileIO().new_input(f"{OURS}/partitions.avro")) as reader:
        schema, spec = (json.loads(reader.header.meta[key]) for key in ("schema", "partition-spec"))
    return write_metadata("partitions", 2, 5, schema, spec, ["partitions_list.avro", "partitions.avro"])


def write_metadata(name, version, sequence, schema, spec, files):
    """The metadata file around these of ours, the list first."""
    root = f"{PLACE}/{name}"
    for file in files:
        shutil.copy(f"{OURS}/{file}", f"{root}/metadata/")
    lineage = {"first-row-id": 0, "added-rows": ROWS} if version == 3 else {}
    snapshot = {"snapshot-id": 1, "sequence-number": sequence, "timestamp-ms": 1790000000000, "summary": {"operation": "overwrite"},
                "schema-id": 0, "manifest-list": f"file://{root}/metadata/{files[0]}", **lineage}
    metadata = {
        "format-version": version, "table-uuid": "9c12d441-03fe-4693-9a96-a0705ddf69c1", "location": f"file://{root}",
        "last-sequence-number": sequence, "last-updated-ms": 1790000000000, "last-column-id": len(schema["fields"]), "schemas": [schema],
        "current-schema-id": 0, "partition-specs": [{"spec-id": 0, "fields": []}] + ([{"spec-id": 1, "fields": spec}] if spec else []),
        "default-spec-id": 1 if spec else 0, "last-partition-id": max([999] + [field["field-id"] for field in spec]),
        "sort-orders": [{"order-id": 0, "fields": []}], "default-sort-order-id": 0, "current-snapshot-id": 1, "snapshots": [snapshot],
        "refs": {"main": {"snapshot-id": 1, "type": "branch"}}, **({"next-row-id": ROWS} if version == 3 else {})}
    path = f"{root}/metadata/v1.metadata.json"
    with open(path, "w") as file:
        json.dump(metadata, file)
    with open(f"{root}/metadata/version-hint.text", "w") as file:
        file.write("1")
    return path


# Each gives the ids that the table has.

def pyiceberg(path):
    from pyiceberg.table import StaticTable
    return StaticTable.from_metadata(f"file://{path}").scan().to_arrow().column("id").to_pylist()


def duckdb(path):
    import duckdb as engine
    connection = engine.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name in ("parquet", "avro", "iceberg"):
        module = __import__(f"duckdb_extension_{name}")
        for file in glob.glob(f"{os.path.dirname(module.__file__)}/extensions/*/*.duckdb_extension"):
            try:
                connection.execute(f"LOAD '{file}'")
            except engine.Error:
                connection.execute(f"LOAD {name}")  # built in
    return [row[0] for row in connection.execute(f"SELECT id FROM iceberg_scan('{path}')").fetchall()]


def session():
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession
    jars = glob.glob(f"{READERS}/spark/iceberg-spark-runtime*.jar") + glob.glob(f"{READERS}/jars-spark/iceberg-spark-runtime*.jar")
    builder = SparkSession.builder.master("local[1]").appName("readers")
    for key, value in {"spark.driver.memory": "1g", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false", "spark.jars": jars[0],
                       "spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false", "spark.sql.warehouse.dir": f"{PLACE}/warehouse",
                       "spark.sql.session.timeZone": "UTC", "spark.driver.extraJavaOptions": "-Duser.timezone=UTC"}.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def spark(path):
    return [row[0] for row in session().read.format("iceberg").load(path).select("id").collect()]


def spark_partitions(path):
    """The files' partitions, as texts of Spark."""
    form = "yyyy-MM-dd HH:mm:ss.SSSSSS"
    texts = f"to_json(partition, map('timestampFormat', '{form}', 'timestampNTZFormat', '{form}')) AS p"
    rows = session().read.format("iceberg").load(f"{path}#files").selectExpr(texts).collect()
    return sorted((json.loads(row.p) for row in rows), key=len)


def read_entries(name):
    """All entries of one manifest of ours, and its partition as a dictionary, as pyiceberg reads them."""
    from pyiceberg.avro.file import AvroFile
    from pyiceberg.io.pyarrow import PyArrowFileIO
    with AvroFile(PyArrowFileIO().new_input(f"{OURS}/{name}.avro")) as reader:
        fields = next(f for f in next(f for f in reader.schema.fields if f.field_id == 2).field_type.fields if f.field_id == 102).field_type.fields
        return [([record[i] for i in range(4)], record[4], {f.field_id: record[4][3][i] for i, f in enumerate(fields)}) for record in reader]


def manifest_rows(version):
    from pyiceberg.io.pyarrow import PyArrowFileIO
    from pyiceberg.manifest import read_manifest_list
    io = PyArrowFileIO()
    for row in read_manifest_list(io.new_input(f"{PLACE}/v{version}/metadata/v{version}_list.avro")):
        for entry in row.fetch_manifest_entry(io):
            file = entry.data_file
            yield (row.manifest_length == os.path.getsize(row.manifest_path[7:]), row.sequence_number, row.added_rows_count, entry.sequence_number,
                   int(file.content), file.file_format.value, file.record_count, file.value_counts, file.upper_bounds)


def check_entries(tap):
    epoch = datetime.datetime(1970, 1, 1)
    wanted = {1000: True, 1001: -7, 1002: 7, 1003: 1.5, 1004: -2.25, 1005: decimal.Decimal("-123.45"), 1006: -1, 1007: 1, 1008: -1,
              1009: "é", 1010: b"\0\xff"}

    def plain(value):
        if isinstance(value, datetime.datetime):
            return (value.replace(tzinfo=None) - epoch) // datetime.timedelta(microseconds=1)
        return (value - epoch.date()).days if isinstance(value, datetime.date) else value
    entries = read_entries("partitions")
    tap.equal({number: plain(value) for number, value in entries[0][2].items()}, wanted, "pyiceberg reads partitions of every type")
    tap.equal(set(entries[1][2].values()), {None}, "pyiceberg reads partitions of nothing")
    tap.equal(entries[0][0], [0, 8744736658442914487, 3, 4], "pyiceberg reads an entry's own numbers")
    for version in (2, 3):
        tap.equal(list(manifest_rows(version)), [
            (True, 1, ROWS, 1, 0, "PARQUET", ROWS, {1: ROWS, 2: ROWS}, {1: struct.pack("<q", ROWS - 1), 2: b"s999"}),
            (True, 1, len(DELETED), 1, 1, "PUFFIN" if version == 3 else "PARQUET", len(DELETED), None, None)],
            f"pyiceberg reads list and manifests of version {version}")


def main():
    tap = Tap()
    if not os.access(PYTHON, os.X_OK):
        for engine in ENGINES:
            tap.skip(f"{engine} reads our manifests", "tests/readers/install.sh first")
        return tap.done()
    if os.path.realpath(sys.prefix) != os.path.realpath(f"{READERS}/venv"):
        os.execv(PYTHON, [PYTHON, *sys.argv])
    shutil.rmtree(PLACE, ignore_errors=True)
    paths = {version: make_table(version) for version in (2, 3)}
    check_entries(tap)
    for engine in ENGINES:
        for version, path in paths.items():
            try:
                got = sorted(globals()[engine](path))
            except Exception as why:  # an engine's own
                got = f"{type(why).__name__}: {why}"
            tap.equal(got, [i for i in range(ROWS) if i not in DELETED], f"{engine} reads a table of version {version}")
    if "spark" in ENGINES:
        tap.equal(spark_partitions(make_partitioned()), [{}, {
            "boolean": True, "int": -7, "long": 7, "float": 1.5, "double": -2.25, "decimal": -123.45, "date": "1969-12-31",
            "instant": "1970-01-01 00:00:00.000001", "wall clock": "1969-12-31 23:59:59.999999", "1é": "é", "binary": "AP8="}],
            "spark reads partitions of every type")
    shutil.rmtree(PLACE)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

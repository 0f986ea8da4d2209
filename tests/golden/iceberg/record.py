#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""record.py FOLDER: manifests and lists as Spark (the Java library) and pyiceberg write them, small ones, of every version, codec and
type of partition; test_iceberg_manifests reads them. Run it with the readers' Python (tests/readers/install.sh)."""
import glob
import os
import shutil
import sys
import tempfile

READERS = os.environ.get("READERS", os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "tailrace/readers"))
OUT = os.path.abspath(sys.argv[1])
WORK = tempfile.mkdtemp(prefix="iceberg-record-")


def session():
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    from pyspark.sql import SparkSession
    jars = glob.glob(f"{READERS}/spark/iceberg-spark-runtime*.jar") + glob.glob(f"{READERS}/jars-spark/iceberg-spark-runtime*.jar")
    builder = SparkSession.builder.master("local[1]").appName("record")
    for key, value in {
            "spark.driver.memory": "1g", "spark.driver.bindAddress": "127.0.0.1", "spark.ui.enabled": "false", "spark.jars": jars[0],
            "spark.sql.session.timeZone": "UTC", "spark.log.level": "ERROR", "spark.sql.shuffle.partitions": "1",
            "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
            "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog", "spark.sql.catalog.lake.type": "hadoop",
            "spark.sql.catalog.lake.warehouse": WORK}.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def keep(name, table, newest):
    """The newest list of a table, and as many of its newest manifests."""
    folder = f"{WORK}/db/{table}/metadata"
    lists = sorted(glob.glob(f"{folder}/snap-*.avro"), key=os.path.getmtime)
    shutil.copy(lists[-1], f"{OUT}/{name}_list.avro")
    manifests = sorted(glob.glob(f"{folder}/*-m*.avro"), key=os.path.getmtime)
    for i, path in enumerate(manifests[-newest:]):
        shutil.copy(path, f"{OUT}/{name}_{i}.avro")


def spark_files():
    spark = session()
    columns = "id BIGINT, n INT, b BOOLEAN, f FLOAT, d DOUBLE, c DECIMAL(9,2), s STRING, x BINARY, day DATE, at TIMESTAMP, wall TIMESTAMP_NTZ"
    row = ("({0}L, -7, true, CAST(1.5 AS FLOAT), -2.25D, CAST(-123.45 AS DECIMAL(9,2)), 'é{0}', X'00ff', DATE'1969-12-31', "
           "TIMESTAMP'2026-11-21 10:00:00.000001', TIMESTAMP_NTZ'1960-01-01 00:00:00')")
    spark.sql(f"CREATE TABLE lake.db.types ({columns}) USING iceberg PARTITIONED BY (b, n, f, d, c, s, x, day, days(at), wall, bucket(16, id)) "
              "TBLPROPERTIES ('format-version'='2')")
    spark.sql(f"INSERT INTO lake.db.types VALUES {row.format(1)}")
    spark.sql("INSERT INTO lake.db.types VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)")
    keep("spark_types", "types", 2)
    spark.sql("CREATE TABLE lake.db.v1 (id BIGINT, s STRING) USING iceberg TBLPROPERTIES ('format-version'='1')")
    spark.sql("INSERT INTO lake.db.v1 VALUES (1, 'a'), (2, 'b')")
    keep("spark_v1", "v1", 1)
    for version, codec in ((2, "snappy"), (3, "zstd")):
        spark.sql(f"CREATE TABLE lake.db.v{version} (id BIGINT, s STRING) USING iceberg TBLPROPERTIES ('format-version'='{version}', "
                  f"'write.avro.compression-codec'='{codec}', 'write.manifest.compression-codec'='{codec}', 'write.delete.mode'='merge-on-read')")
        spark.sql(f"INSERT INTO lake.db.v{version} SELECT id, CAST(id AS STRING) FROM range(100)")
        spark.sql(f"DELETE FROM lake.db.v{version} WHERE id % 7 = 3")
        keep(f"spark_v{version}", f"v{version}", 2)
    spark.stop()


def pyiceberg_files():
    from pyiceberg.io.pyarrow import PyArrowFileIO
    from pyiceberg.manifest import DataFile, DataFileContent, FileFormat, ManifestEntry, ManifestEntryStatus, write_manifest, write_manifest_list
    from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
    from pyiceberg.schema import Schema
    from pyiceberg.typedef import Record
    from pyiceberg.types import LongType, NestedField
    io, schema = PyArrowFileIO(), Schema(NestedField(1, "id", LongType(), required=False))
    for codec in ("null", "deflate", "zstandard"):
        file = DataFile.from_args(
            content=DataFileContent.DATA, file_path="file:///lake/a.parquet", file_format=FileFormat.PARQUET, partition=Record(),
            record_count=100, file_size_in_bytes=1234, column_sizes={1: 800}, value_counts={1: 100}, null_value_counts={1: 0}, nan_value_counts={},
            lower_bounds={1: (7).to_bytes(8, "little")}, upper_bounds={1: (99).to_bytes(8, "little")}, split_offsets=[4], sort_order_id=0)
        with write_manifest(2, UNPARTITIONED_PARTITION_SPEC, schema, io.new_output(f"{OUT}/pyiceberg_{codec}_0.avro"), 77, codec) as writer:
            for _ in range(3):
                writer.add_entry(ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, snapshot_id=77, data_file=file))
        with write_manifest_list(2, io.new_output(f"{OUT}/pyiceberg_{codec}_list.avro"), 77, None, 5, codec) as writer:
            writer.add_manifests([manifest_of(OUT, codec)])


def manifest_of(folder, codec):
    from pyiceberg.manifest import ManifestContent, ManifestFile
    return ManifestFile.from_args(
        manifest_path=f"file:///lake/{codec}.avro", manifest_length=os.path.getsize(f"{folder}/pyiceberg_{codec}_0.avro"), partition_spec_id=0,
        content=ManifestContent.DATA, sequence_number=5, min_sequence_number=5, added_snapshot_id=77, added_files_count=3, existing_files_count=0,
        deleted_files_count=0, added_rows_count=300, existing_rows_count=0, deleted_rows_count=0, partitions=[], key_metadata=None)


if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    pyiceberg_files()
    spark_files()
    shutil.rmtree(WORK)

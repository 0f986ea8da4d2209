#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--partition-by of Iceberg tables: every transform of every type, hostile values, rows that move; every file's tuple is what Spark's
own functions make of its rows, and queries that pass over files by them answer as the source. Specs that Spark changes, Delta tables'
partitions on their Iceberg side, and those of other engines. tests/readers/install.sh installs the readers."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from iceberg_rig import *

# The others know partitions in part only: docs/readers.md says which.
ENGINES = [engine for engine in ENGINES if engine in ("pyiceberg", "duckdb", "polars", "spark")]
TEXTS = ["", "a", "A", "a ", "a/b", "..", "a=b", "%2F", "it's", "\\", "null", "__HIVE_DEFAULT_PARTITION__", "line\nbreak", "nul\x00nul",
         "e\u0301te", "日本語の本", "😀😀😀😀😀", "ü" * 5, "x" * 90]
BYTES = ["", "00", "0000000001", "ff", "ff00ff00ff", "e697a5e69cac"]
TYPES = {  # the column's type, its values, and each as Spark spells it
    "ints": ("INT", ["-2147483640", "-11", "-10", "-1", "0", "9", "10", "2147483647"], "CAST({} AS INT)"),
    "longs": ("BIGINT", ["-9223372036854775801", "-1", "0", "34", "9223372036854775807"], "CAST('{}' AS BIGINT)"),
    "decimals": ("DECIMAL(20,2)", ["-999999999999999999.99", "-0.01", "0", "14.20", "10.65", "123456789012345678.90"],
                 "CAST('{}' AS DECIMAL(20,2))"),
    "days": ("DATE", ["1000-01-01", "1582-10-15", "1969-12-31", "1970-01-01", "2024-02-29", "9999-12-31"], "DATE'{}'"),
    "moments": ("TIMESTAMP(6) NULL", ["1970-01-01 00:00:01", "2017-11-16 22:31:08", "2017-12-01 10:00:00.000001", "2038-01-19 03:14:07"],
                "TIMESTAMP'{} UTC'"),
    "clocks": ("DATETIME(6)", ["1000-01-01 00:00:00", "1969-12-31 23:59:59.999999", "1970-01-01 00:00:00", "1970-01-01 01:00:00",
                               "2024-02-29 23:00:00.5", "9999-12-31 23:59:59.999999"], "TIMESTAMP_NTZ'{}'"),
    "texts": ("VARCHAR(90) COLLATE utf8mb4_bin", TEXTS, None),
    "binaries": ("VARBINARY(20)", BYTES, "X'{}'"),
    "flags": ("BIT(1)", ["0", "1"], "CAST({} AS BOOLEAN)"),
}
NUMBERS, CALENDAR = ["ints", "longs", "decimals"], ["days", "moments", "clocks"]
PARTITIONS = {  # database: what is asked for, the format's version, the tables, the field, Spark's word for the value
    "buckets": ("bucket(4,part)", 3, NUMBERS + CALENDAR + ["texts", "binaries"], "part_bucket", "ice.system.bucket(4, part)"),
    "cuts": ("truncate( 3, PART )", 2, NUMBERS + ["texts", "binaries"], "part_trunc", "ice.system.truncate(3, part)"),
    "years": ("year(part)", 2, ["days", "clocks"], "part_year", "ice.system.years(part)"),
    "months": ("month(part)", 3, ["days", "moments"], "part_month", "ice.system.months(part)"),
    "dates": ("day(part)", 2, CALENDAR, "part_day", "ice.system.days(part)"),
    "hours": ("hour(part)", 3, ["moments", "clocks"], "part_hour", "ice.system.hours(part)"),
    "cells": ("part", 3, list(TYPES), "part", "part"),
    "several": ("v,bucket(2,id),truncate(2,part)", 2, ["texts"], "part_trunc", "ice.system.truncate(2, part)"),
}
ALONE = ("--table-format", "iceberg")


def source_word(name, value):
    if name == "texts":
        return f"CONVERT(X'{value.encode().hex()}' USING utf8mb4)"
    return f"X'{value}'" if name == "binaries" else value if name in ("flags", "ints", "longs", "decimals") else f"'{value}'"


def spark_word(name, value):
    return f"CAST(X'{value.encode().hex()}' AS STRING)" if name == "texts" else TYPES[name][2].format(value)


def source_words(name):
    return [source_word(name, value) for value in TYPES[name][1]] + ["NULL"]


def make_sources(db, databases):
    for database, tables in databases.items():
        db.sql(f"CREATE DATABASE {database} CHARACTER SET utf8mb4; SET time_zone = '+00:00'; USE {database};" + "".join(
            f"CREATE TABLE {name} (id INT PRIMARY KEY, part {TYPES[name][0]}, v VARCHAR(40));{insert(name, 1)};" for name in tables))


def insert(name, first):
    words = source_words(name)
    return f"INSERT INTO {name} VALUES " + ",".join(f"({first + i}, {words[i % len(words)]}, 'v{i % 2}')" for i in range(2 * len(words)))


def change(db, databases):
    """Every third row goes to the partition of another, some are deleted, new ones come."""
    for database, tables in databases.items():
        db.sql(f"USE {database};" + "".join(
            "".join(f"UPDATE {name} SET part = {words[(i + 1) % len(words)]}, v = 'moved' WHERE id = {i};" for i in range(1, 2 * len(words), 3))
            + f"DELETE FROM {name} WHERE id % 7 = 5;" + insert(name, 10001) + ";" for name, words in ((n, source_words(n)) for n in tables)))


def wanted_rows(db, table):
    return source_rows(db, *table.split("/")[-2:], iceberg_schema(table) if is_alone(table) else delta_schema(table))


def check(tap, db, table, claim, engines=ENGINES):
    check_iceberg(tap, table, wanted_rows(db, table), claim, engines)


def one(lake, statement):
    return spark_session(lake).sql(statement).collect()


def check_tuples(tap, db, lake, table, claim, field, value):
    """Every engine has the rows, each in a file with its value; deletes have the tuple of their file."""
    wanted, name = wanted_rows(db, table), spark_name(table)
    check_iceberg(tap, table, wanted, claim, [engine for engine in ENGINES if engine != "spark"])
    got = spark_session(lake).sql(f"SELECT *, _partition.{field} <=> {value} AS is_right FROM {name}").toArrow()
    schema = iceberg_schema(table) if is_alone(table) else delta_schema(table)
    rows = collections.Counter(zip(*(read.column(got.column(column), kind) for column, kind in schema)))
    tap.equal(difference(rows, wanted), "", f"{claim}: spark")
    tap.equal([row for row in got.to_pylist() if not row["is_right"]], [], f"{claim}: every file has the value of its rows")
    files = one(lake, f"SELECT content, file_path, referenced_data_file, (spec_id, to_json(partition)) AS tuple FROM {name}.files")
    tuples = {f.file_path: f.tuple for f in files if f.content == 0}
    tap.equal([f.file_path for f in files if f.content == 1 and tuples[f.referenced_data_file] != f.tuple], [],
              f"{claim}: deletes have the tuple of their file")
    return len(set(tuples.values()))


def check_pruning(tap, db, lake, table):
    """Filtered counts are the source's: of some values, and of what is below one of them."""
    database, name = table.split("/")[-2:]
    values = TYPES[name][1]
    filters = [(f"part = {spark_word(name, v)}", f"HEX(part) = HEX({source_word(name, v)})" if name in ("texts", "binaries") else
                f"part = {source_word(name, v)}") for v in values[1:4]] + [("part IS NULL", "part IS NULL")]
    if name not in ("texts", "flags", "binaries"):
        filters += [(f"part {sign} {spark_word(name, v)}", f"part {sign} {source_word(name, v)}") for sign in ("<", ">=") for v in values[2:3]]
    if name == "texts":
        filters += [("part LIKE 'a%'", "part LIKE BINARY 'a%'"), ("part LIKE '日本語の%'", "part LIKE BINARY '日本語の%'")]
    wanted = db.sql(f"SET time_zone = '+00:00'; SELECT {', '.join(f'IFNULL(SUM({w}), 0)' for _, w in filters)} FROM {database}.{name}")[0]
    got = one(lake, " UNION ALL ".join(f"SELECT {i} AS i, count(*) AS c FROM {spark_name(table)} WHERE {f}" for i, (f, _) in enumerate(filters)))
    tap.equal([str(row.c) for row in sorted(got)], list(wanted), f"{database}.{name}: filtered counts")


def check_alone(tap, db, server, lake):
    databases = {database: tables for database, (_, _, tables, _, _) in PARTITIONS.items()}
    make_sources(db, databases)
    for step in ("copied", "changed"):
        for database, (asked, version, _, _, _) in PARTITIONS.items():
            # what a table is partitioned by stands in the table
            options = ("--partition-by", asked) if step == "copied" else ()
            done = sync(server, database, lake, *ALONE, "--iceberg-version", str(version), *options)
            tap.ok(done.returncode == 0, f"{database}: {step}", done.stderr[-1500:])
        if step == "copied":
            change(db, databases)
    for database, (_, _, tables, field, value) in PARTITIONS.items():
        for name in tables:
            table = f"{lake}/{database}/{name}"
            check_tuples(tap, db, lake, table, f"{database}.{name}", field, value)
            check_pruning(tap, db, lake, table)
    said = tailrace("describe", f"{lake}/several/texts").stdout
    tap.ok("partitions    by v, bucket(2,id), truncate(2,part)\n" in said, "describe shows the partitioning", said)


def check_evolution(tap, db, server, lake):
    """The table's own default spec counts, whoever made it; older files keep theirs."""
    db.sql("CREATE DATABASE e; USE e; CREATE TABLE t (id INT PRIMARY KEY, part INT, v VARCHAR(40));"
           "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) SELECT i, i % 7, CONCAT('v', i % 5) FROM n")
    table, name = f"{lake}/e/t", "ice.e.t"
    sync(server, "e", lake, *ALONE, "--partition-by", "bucket(3,id)")

    def step(claim, field, value, changes, new=0):
        for statement in changes:
            db.sql(f"USE e; {statement}")
            done = sync(server, "e", lake, *ALONE)
            tap.ok(done.returncode == 0, f"{claim}: {statement[:30]}", done.stderr[-1500:])
        wrong = one(lake, f"SELECT * FROM {name} WHERE id = {new} AND NOT (_partition.{field} <=> {value})")
        tap.equal(wrong, [], f"{claim}: a new row by the new spec")
        count = check_tuples(tap, db, lake, table, claim, "id_bucket",
                             "CASE WHEN _partition.id_bucket IS NULL THEN NULL ELSE ice.system.bucket(3, id) END")
        tap.equal(len(one(lake, f"SELECT * FROM {name}.partitions")), count, f"{claim}: .partitions shows each")

    update = "UPDATE t SET part = part + 1 WHERE id % 4 = 1"
    step("one spec", "id_bucket", "ice.system.bucket(3, id)", [update, "DELETE FROM t WHERE id % 10 = 3"])
    one(lake, f"ALTER TABLE {name} ADD PARTITION FIELD part")
    step("a second spec", "part", "part", [update, "INSERT INTO t VALUES (301, 70, 'new'), (302, NULL, 'null')", "DELETE FROM t WHERE id % 10 = 4"], 301)
    one(lake, f"ALTER TABLE {name} DROP PARTITION FIELD bucket(3, id)")
    one(lake, f"ALTER TABLE {name} ADD PARTITION FIELD truncate(2, v) AS shard")
    step("a third spec", "shard", "ice.system.truncate(2, v)", [update, "INSERT INTO t VALUES (303, 70, 'new')"], 303)
    said = tailrace("describe", table).stdout
    tap.ok("partitions    by part, truncate(2,v)\n" in said, "describe shows the default spec", said)
    tap.equal(len({f.spec_id for f in one(lake, f"SELECT spec_id FROM {name}.data_files")}), 3, "files of three specs")
    step("a new column", "shard", "ice.system.truncate(2, v)", ["ALTER TABLE t ADD COLUMN w INT NOT NULL DEFAULT 7", update])
    one(lake, "CALL ice.system.rewrite_data_files(table => 'e.t', options => map('rewrite-all', 'true'))")
    step("rewritten", "shard", "ice.system.truncate(2, v)", [update, "INSERT INTO t VALUES (304, 70, 'new', 1)"], 304)
    one(lake, "CALL ice.system.rewrite_manifests(table => 'e.t')")
    one(lake, "CALL ice.system.expire_snapshots(table => 'e.t', older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1)")
    step("expired", "shard", "ice.system.truncate(2, v)", [update])
    step("truncated", "shard", "ice.system.truncate(2, v)", ["TRUNCATE t", "INSERT INTO t VALUES (305, 70, 'new', 1)"], 305)
    one(lake, f"ALTER TABLE {name} DROP PARTITION FIELD part")
    one(lake, f"ALTER TABLE {name} DROP PARTITION FIELD shard")
    step("not partitioned any more", "id_bucket", "NULL", ["INSERT INTO t VALUES (306, 70, 'new', 1)", update], 306)


def check_many(tap, db, server, lake):
    """A partition for each row: files are written one after another."""
    db.sql("CREATE DATABASE many; USE many; CREATE TABLE t (id INT PRIMARY KEY, `größe-2 x` INT); INSERT INTO t WITH RECURSIVE n(i) AS "
           "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i, i FROM n")
    done = sync(server, "many", lake, *ALONE, "--partition-by", "größe-2 x")
    tap.ok(done.returncode == 0, "900 partitions", done.stderr[-1500:])
    check(tap, db, f"{lake}/many/t", "900 partitions")


def check_beside(tap, db, server, lake):
    """A Delta table's partitions are those of its Iceberg side."""
    tables = [name for name in TYPES if name != "binaries"]
    for version in (3, 2):
        database = f"beside{version}"
        make_sources(db, {database: tables})
        db.sql(f"USE {database}; DELETE FROM texts WHERE part = '' OR HEX(part) LIKE '%00%'")  # Delta has no way to tell them
        options = ("--table-format", "both", "--iceberg-version", str(version))
        done = sync(server, database, lake, *options, "--partition-by", "part")
        tap.ok(done.returncode == 0, f"{database}: copied", done.stderr[-1500:])
        for name in tables:
            db.sql(f"USE {database}; UPDATE {name} SET part = NULL, v = 'moved' WHERE id % 5 = 1; DELETE FROM {name} WHERE id % 5 = 2")
        done = sync(server, database, lake, *options)
        tap.ok(done.returncode == 0, f"{database}: changed", done.stderr[-1500:])
        for name in tables:
            table = f"{lake}/{database}/{name}"
            check_tuples(tap, db, lake, table, f"{database}.{name}", "part", "part")


def check_foreign(tap, lake):
    """Files of other engines have not the columns in them that they are partitioned by: readers take them from the tuples."""
    import datetime
    import decimal
    import deltalake
    import pyarrow as pa
    rows = pa.table({"id": pa.array(range(6), pa.int32()), "s": ["a", "a/b", "ü", "a", None, "b"],
                     "i": pa.array([1, -1, 1, None, 2, 2], pa.int32()), "l": pa.array([1, 1 << 40, 1, 1, None, 2], pa.int64()),
                     "d": pa.array([datetime.date(1969, 12, 31)] * 3 + [None] * 3), "b": [True, False, None, True, True, True],
                     "m": pa.array([decimal.Decimal("10.25")] * 4 + [None, decimal.Decimal("12.50")], pa.decimal128(12, 2))})
    table = f"{lake}/f/t"
    deltalake.write_deltalake(table, rows, partition_by=["s", "i", "l", "d", "b", "m"])
    done = tailrace("publish", table)
    tap.ok(done.returncode == 0, "a partitioned table of delta-rs is published", done.stderr)
    check_iceberg(tap, table, lake_rows(table), "a partitioned table of delta-rs", ENGINES)


def check_refusals(tap, db, server, lake):
    def refused(claim, words, what, *options):
        done = sync(server, what, lake, *options)
        tap.ok(done.returncode in (1, 2) and words in done.stderr, claim, f"{done.returncode} {done.stderr[-600:]}")

    refused("another partitioning of a table that is there is refused", 'partitioned by "bucket(4,part)", and --partition-by asks for "bucket(5,part)"',
            "buckets", *ALONE, "--partition-by", "bucket(5,part)")
    tap.equal(sync(server, "buckets", lake, *ALONE, "--partition-by", "bucket(4, Part)").returncode, 0, "the same is not")
    db.sql("CREATE DATABASE q; CREATE TABLE q.t (id INT PRIMARY KEY, f DOUBLE, s VARCHAR(9), id_bucket INT); INSERT INTO q.t VALUES (1, 1, 'a', 1)")
    for asked, words in (("none", 'no column "none"'), ("day(none)", 'no column "none"'), ("apples(s)", '"apples" is no transform'),
                         ("bucket(s)", '"bucket" is no transform'), ("bucket(0,s)", '"bucket[0]" is no transform'), ("day(s", 'no column "day(s"'),
                         ("day(s)", "is of type string, which has no transform"), ("bucket(3,f)", "is of type double"), ("f", "is double"),
                         ("hour(id)", "is of type int"), ("s,s", "two partition fields"), ("bucket(2,id)", 'column "id_bucket" has the name of a partition field'),
                         (",", 'no column ""')):
        refused(f'"{asked}" is refused', words, "q", *ALONE, "--partition-by", asked)
    done = tailrace("doctor", "--from", server.url("q"), "--to", lake, *ALONE, "--partition-by", "hour(id)")
    tap.ok(done.returncode == 2 and 'table q.t: --partition-by: column "id" is of type int' in done.stdout, "the doctor says so before", done.stdout)
    for kind in ("delta", "both"):
        refused(f"{kind}: a transform is refused", "Delta has no transforms", "q", "--table-format", kind, "--partition-by", "bucket(3,id)")
    tap.ok(not os.path.exists(f"{lake}/q/t/metadata"), "nothing was made")


def main():
    need_binary()
    tap = Tap()
    if not need_readers(tap, "Iceberg's partitions are the source's"):
        return tap.done()
    server, lake = Server(), f"{scratch()}/lake"
    db = server.session()
    for part in (check_alone, check_evolution, check_many, check_beside):
        began = time.monotonic()
        part(tap, db, server, lake)
        tap.note(f"{part.__name__} {time.monotonic() - began:.0f} s")
    check_foreign(tap, lake)
    check_refusals(tap, db, server, lake)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

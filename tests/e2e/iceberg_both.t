#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""With --table-format both a table's Iceberg side equals the source cell by cell, as its Delta side does, after every kind of
change: read by engines that we did not write. tests/readers/install.sh installs them."""
import importlib.machinery
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from iceberg_rig import *

HOSTILE = "od d.%20ö'/#?\"`x"  # of a table
DELTA_ENGINES = ("deltalake", "duckdb", "polars", "clickhouse", "daft")  # the others: random.t
TABLES = ("plain", "updated", "emptied", "wider", "rekeyed", "keyless", "never", HOSTILE)


def type_groups(server):
    """types.t's columns."""
    loader = importlib.machinery.SourceFileLoader("types_t", f"{HERE}/types.t")
    types = importlib.util.module_from_spec(importlib.util.spec_from_loader("types_t", loader))
    loader.exec_module(types)
    groups = {"integers": types.integers(), "decimals": types.decimals(), "floats": types.floats(), "temporals": types.temporals(),
              "texts": types.texts(), "bytes": types.bytes_(), "shapes": types.shapes(), "documents": types.documents(server.is_mysql),
              "own": types.own(server)}
    return types, groups


def make_tables(server, db):
    """Inserts of types.t's rows, by table."""
    types, groups = type_groups(server)
    db.sql("CREATE DATABASE types CHARACTER SET utf8mb4; CREATE DATABASE b CHARACTER SET utf8mb4;"
           "SET sql_mode = 'ALLOW_INVALID_DATES'; SET time_zone = '+00:00'")
    inserts = {name: types.make(db, name, list(columns)) for name, columns in groups.items()}
    for insert in inserts.values():
        insert(1)
    for name in TABLES:
        key = ", PRIMARY KEY (id)" if name != "keyless" else ""
        db.sql(f"CREATE TABLE b.{quoted(name)} (id INT NOT NULL, v VARCHAR(30), at DATETIME(6){key})")
        if name != "never":
            db.sql(f"INSERT INTO b.{quoted(name)} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 700) "
                   "SELECT i, CONCAT('v', i), '2026-01-01' + INTERVAL i * 1000003 MICROSECOND FROM n")
    return inserts


def changes(inserts):
    """What is done to the tables, step by step."""
    yield "copied", ""
    for insert in inserts.values():
        insert(1001)
    hostile = f"b.{quoted(HOSTILE)}"
    yield "changed", (
        "UPDATE b.updated SET v = CONCAT('u', id); DELETE FROM b.plain WHERE id % 7 = 3; INSERT INTO b.plain VALUES (2000, 'new', NULL);"
        "TRUNCATE b.emptied; INSERT INTO b.emptied VALUES (1, 'after', NULL); DELETE FROM b.keyless WHERE id % 2 = 0;"
        f"ALTER TABLE b.wider ADD COLUMN w BIGINT NOT NULL DEFAULT 7; INSERT INTO b.wider VALUES (5000, 'wide', NULL, 8);"
        f"UPDATE {hostile} SET v = 'hostile' WHERE id < 30")
    yield "changed again", (
        "UPDATE b.updated SET v = CONCAT('w', id), id = id + 10000; DELETE FROM b.plain; DELETE FROM b.emptied;"
        f"UPDATE b.wider SET w = id WHERE id % 3 = 0; TRUNCATE b.keyless; DELETE FROM {hostile} WHERE id % 5 = 0;"
        "INSERT INTO b.never VALUES (1, 'at last', NULL)")
    yield "key changed", (
        "UPDATE b.rekeyed SET v = 'x' WHERE v IS NULL; ALTER TABLE b.rekeyed DROP PRIMARY KEY, ADD PRIMARY KEY (id, v);"
        "INSERT INTO b.rekeyed VALUES (1, 'twin', NULL)")


# Which tables are read in each step; of the lake in version 2 only after the second.
READ = {"copied": "types/*", "changed": "[bt]*/*", "changed again": "b/*", "key changed": "b/rekeyed"}


def move_away(lake):
    """Where the key changed: the table is copied anew."""
    os.rename(f"{lake}/b/rekeyed", f"{lake}.rekeyed")


def check_step(tap, db, lake, step, tables):
    for table in tables:
        name = "/".join(table.split("/")[-2:])
        at = versions(table)[-1].number
        database, source = name.split("/")
        wanted = source_rows(db, database, HOSTILE if source not in TABLES and database == "b" else source, delta_schema(table))
        tap.equal(difference(lake_rows(table), wanted), "", f"{step}: {name}: Delta")
        tap.equal(property_of(table, "leader-version"), str(at), f"{step}: {name}: the Iceberg side has version {at}")
        check_iceberg(tap, table, wanted, f"{step}: {name}")
        check_delta(tap, table, wanted, f"{step}: {name}", DELTA_ENGINES)


def main():
    need_binary()
    tap = Tap()
    if not need_readers(tap, "both sides of a table are equal"):
        return tap.done()
    if "trino" in ENGINES:
        start_trino()
    server = Server()
    db = server.session()
    lakes = {3: f"{scratch()}/v3", 2: f"{scratch()}/v2"}
    inserts = make_tables(server, db)
    for step, statements in changes(inserts):
        db.sql(statements or "DO 0")
        for version, lake in lakes.items():
            if step == "key changed":
                move_away(lake)
            what = "types.*,b.*" if version == 3 else "b.*"
            done = sync(server, "", lake, "--tables", what, "--table-format", "both", "--iceberg-version", str(version))
            if not tap.ok(done.returncode == 0, f"{step}: synced, version {version}", done.stderr[-1500:]):
                return tap.done()
            if version == 3 or step == "changed":
                check_step(tap, db, lake, f"{step}, version {version}", sorted(glob.glob(f"{lake}/{READ[step]}")))
    tap.equal([f["identifier-field-ids"] for f in metadata(f"{lakes[3]}/b/rekeyed")["schemas"]], [[1, 2]], "Iceberg knows the key")
    formats = {metadata(table)["format-version"] for table in glob.glob(f"{lakes[2]}/b/*")}
    tap.equal(formats, {2}, "--iceberg-version 2 makes version 2")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

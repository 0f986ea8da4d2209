#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ALTER TABLE … MODIFY to a wider type, while tailrace runs and while it is down: no file is written anew, rows before and behind it in the
log are right in every format, and engines that we did not write read them, or refuse to. The same of messages that say wider types."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import iceberg_rig
from iceberg_rig import *

FORMATS = {"delta": (), "iceberg 2": ("--table-format", "iceberg", "--iceberg-version", "2"),
           "iceberg 3": ("--table-format", "iceberg"), "both": ("--table-format", "both")}
# table: (key, type of the key before, after)
TABLES = {"keyed": ("PRIMARY KEY (id)", "INT", "BIGINT"), "composite": ("PRIMARY KEY (m, id)", "SMALLINT", "INT UNSIGNED"),
          "keyless": ("KEY (id)", "INT", "BIGINT"), "digits": ("PRIMARY KEY (id)", "DECIMAL(9,0)", "DECIMAL(24,0)")}
BEFORE = {"n": "INT", "u": "INT", "s": "SMALLINT", "f": "FLOAT", "m": "DECIMAL(10,2) NOT NULL", "t": "VARCHAR(10)"}
AFTER = {"n": "BIGINT", "u": "INT UNSIGNED", "s": "INT", "f": "DOUBLE", "m": "DECIMAL(22,2) NOT NULL", "t": "VARCHAR(300)"}
WIDER = {"n": "long", "u": "long", "s": "integer", "f": "double", "m": "decimal(22,2)", "t": "string"}
REFUSE = ("deltalake", "polars", "daft")  # Delta's: they do not have typeWidening; Daft has no deletion vectors either


def make(db, name):
    key, narrow, _ = TABLES[name]
    columns = "".join(f", {c} {t}" for c, t in BEFORE.items())
    db.sql(f"CREATE TABLE w.{name} (id {narrow} NOT NULL{columns}, {key}); "
           f"INSERT INTO w.{name} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 40) "
           "SELECT i, i * 1000, i, i - 20, i / 10, i / 100, CONCAT('v', i) FROM n; "
           f"INSERT INTO w.{name} VALUES (100, NULL, NULL, NULL, NULL, -1.5, NULL)")


def alter(db, name):
    """Rows of the old types, the change, rows of the new ones; old rows are updated and deleted on both sides."""
    wider = ", ".join(f"MODIFY {c} {t}" for c, t in AFTER.items())
    db.sql(f"INSERT INTO w.{name} VALUES (101, 2147483647, 0, -32768, 0.1, 99999999.99, 'old'); UPDATE w.{name} SET n = -1 WHERE id = 2; "
           f"DELETE FROM w.{name} WHERE id IN (3, 5); UPDATE w.{name} SET id = 150 WHERE id = 7; "
           f"ALTER TABLE w.{name} {wider}, MODIFY COLUMN id {TABLES[name][2]} NOT NULL; "
           f"INSERT INTO w.{name} VALUES (4000000000, 9000000000, 4294967295, 100000, 0.1, 12345678901234567890.12, REPEAT('x', 200)); "
           f"UPDATE w.{name} SET n = 9000000001, f = 0.1 WHERE id = 11; UPDATE w.{name} SET t = 'touched' WHERE id = 101; "
           f"DELETE FROM w.{name} WHERE id IN (4, 100); UPDATE w.{name} SET id = 4000000001 WHERE id = 13")


def make_all(db):
    db.sql("DROP DATABASE IF EXISTS w; CREATE DATABASE w")
    for name in TABLES:
        make(db, name)


def equals(db, lake, name):
    try:
        return compare(db, lake, "w", name) == "" and schema_of(f"{lake}/w/{name}")[1][1] == "long"
    except (RuntimeError, KeyError, OSError, TypeError):
        return False


def check(tap, db, lake, claim):
    for name in TABLES:
        table = f"{lake}/w/{name}"
        tap.equal(compare(db, lake, "w", name), "", f"{claim}: {name}")
        tap.equal({c: t for c, t in schema_of(table) if c in WIDER}, WIDER, f"{claim}: {name} has the wider types")


def rewritten(lake):
    """Data files that were taken out of a table while it has rows of theirs."""
    gone = []
    for path in glob.glob(f"{lake}/w/*/_delta_log/*.json"):
        actions = [json.loads(line) for line in open(path, encoding="utf-8")]
        added = {a["add"]["path"] for a in actions if "add" in a}
        gone += [a["remove"]["path"] for a in actions if "remove" in a and a["remove"]["path"] not in added]
    for table in glob.glob(f"{lake}/w/*"):
        gone += [s["summary"] for s in metadata(table)["snapshots"] if int(s["summary"].get("deleted-data-files", 0))] if newest(table) else []
    return gone


def while_down(tap, server, lakes, image):
    db = server.session()
    make_all(db)
    for kind, options in FORMATS.items():
        lake = lakes[f"{kind}, {image}"] = f"{scratch()}/lake"
        done = sync(server, "w", lake, *options)
        tap.equal(done.returncode, 0, f"{kind}, {image}: copied")
    db.sql(f"SET SESSION binlog_row_image = {image}")
    for name in TABLES:
        alter(db, name)
    for kind, options in FORMATS.items():
        lake, claim = lakes[f"{kind}, {image}"], f"{kind}, altered while it was down ({image})"
        done = sync(server, "w", lake, *options)
        if tap.ok(done.returncode == 0, f"{claim}: goes on", done.stderr[-600:]):
            check(tap, db, lake, claim)
            tap.equal(rewritten(lake), [], f"{claim}: no old file was written anew")
    again(tap, server, db, {kind: lakes[f"{kind}, {image}"] for kind in FORMATS})
    db.close()


def again(tap, server, db, lakes):
    """Old rows are found once more, by indexes that were kept and by such as are made anew."""
    for i, lost in enumerate((False, True)):
        for name in TABLES:
            db.sql(f"DELETE FROM w.{name} WHERE id = {20 + i}; UPDATE w.{name} SET t = 'again' WHERE id IN ({30 + i}, 11)")
        for kind, options in FORMATS.items():
            for path in glob.glob(f"{lakes[kind]}/_tailrace/*/*.index") if lost else ():
                os.unlink(path)
            done = sync(server, "w", lakes[kind], *options)
            if tap.ok(done.returncode == 0, f"{kind}: goes on again", done.stderr[-600:]):
                check(tap, db, lakes[kind], f"{kind}, {'its index lost' if lost else 'changed again'}")


def while_running(tap, server):
    db, lake = server.session(), f"{scratch()}/lake"
    make_all(db)
    db.sql("CREATE TABLE w.more (id INT PRIMARY KEY, n INT); INSERT INTO w.more VALUES (1, 1), (2, 2)")
    run = Run(server, "w", lake)
    wait_until(lambda: all(os.path.exists(f"{lake}/w/{name}/_delta_log") and compare(db, lake, "w", name) == "" for name in (*TABLES, "more")), 30)
    for name in TABLES:
        alter(db, name)
    db.sql("ALTER TABLE w.more MODIFY n BIGINT, ADD COLUMN x INT NOT NULL DEFAULT 5, MODIFY id BIGINT; INSERT INTO w.more VALUES (5000000000, 5000000000, 6); "
           "UPDATE w.more SET x = 7 WHERE id = 2")
    tap.ok(wait_until(lambda: equals(db, lake, "more"), 15, 0.2), "a wider type and a new column at once, while it runs", run.tail())
    for name in TABLES:
        tap.ok(wait_until(lambda: equals(db, lake, name), 15, 0.2), f"{name}, while it runs", run.tail())
    db.sql("UPDATE w.keyed SET t = 'later' WHERE id = 30; ALTER TABLE w.keyed MODIFY t TEXT; UPDATE w.keyed SET t = 'text' WHERE id = 31")
    tap.ok(wait_until(lambda: equals(db, lake, "keyed"), 15, 0.2), "a VARCHAR that becomes a TEXT, while it runs", run.tail())
    tap.equal(run.term(), 0, "it ends well")
    db.close()


def partitioned(tap, server):
    db = server.session()
    for kind, options in FORMATS.items():
        lake = f"{scratch()}/lake"
        db.sql("DROP DATABASE IF EXISTS w; CREATE DATABASE w; CREATE TABLE w.p (id INT PRIMARY KEY, p INT, q DECIMAL(5,1)); "
               "INSERT INTO w.p VALUES (1, 1, 1.5), (2, 2, 2.5), (3, NULL, NULL), (4, 1, 1.5)")
        sync(server, "w", lake, "--partition-by", "p,q", *options)
        db.sql("DELETE FROM w.p WHERE id = 4; ALTER TABLE w.p MODIFY p BIGINT, MODIFY q DECIMAL(25,1); "
               "INSERT INTO w.p VALUES (5, 1, 1.5), (6, 5000000000, 123456789012345678901.5); UPDATE w.p SET q = 2.5 WHERE id = 1")
        done = sync(server, "w", lake, *options)
        tap.equal(compare(db, lake, "w", "p") if done.returncode == 0 else done.stderr[-600:], "", f"{kind}: columns of the partitioning")
        table = f"{lake}/w/p"
        wanted = source_rows(db, "w", "p", schema_of(table))
        if kind != "delta":
            check_iceberg(tap, table, wanted, f"{kind}, partitioned", ENGINES)
        else:
            for engine in ("kernel", "duckdb", "spark"):
                judge(tap, attempt(read.read, engine, table), wanted, f"{kind}, partitioned", engine, False)
    db.close()


REFUSED = {
    "a narrower type": ("n INT", "ALTER TABLE w.r MODIFY n SMALLINT; ALTER TABLE w.r MODIFY n INT", ""),
    "a type that Iceberg cannot widen to": ("n BIGINT", "ALTER TABLE w.r MODIFY n BIGINT UNSIGNED", "STRICT_ALL_TABLES"),
    "other digits behind the point": ("n DECIMAL(10,2)", "ALTER TABLE w.r MODIFY n DECIMAL(14,3)", "STRICT_ALL_TABLES"),
    "a text": ("n INT", "ALTER TABLE w.r MODIFY n VARCHAR(20)", "STRICT_ALL_TABLES"),
    "negative numbers that were cut off": ("n INT", "ALTER TABLE w.r MODIFY n INT UNSIGNED", ""),
    "a type that was less in between": ("n BIGINT", "ALTER TABLE w.r MODIFY n INT; ALTER TABLE w.r MODIFY n BIGINT", ""),
}


def refused(tap, server):
    db = server.session()
    for claim, (column, statements, mode) in REFUSED.items():
        lake = f"{scratch()}/lake"
        db.sql(f"DROP DATABASE IF EXISTS w; CREATE DATABASE w; CREATE TABLE w.r (id INT PRIMARY KEY, {column}); INSERT INTO w.r VALUES (1, 1)")
        sync(server, "w", lake)
        db.sql(f"SET SESSION sql_mode = '{mode}'; {statements}; INSERT INTO w.r VALUES (2, 2)")
        done = sync(server, "w", lake)
        tap.ok(done.returncode != 0 and "w.r" in done.stderr, f"{claim} halts", done.stderr[-400:])
    db.close()


# --- messages ----------------------------------------------------------------------------------------

NARROW = {"id": "int32", "n": "int32", "f": "float"}
WIDE = {"id": "int64", "n": "int64", "f": "double"}


def debezium(number, types, row, op="c"):
    """With its schema part."""
    fields = [{"type": t, "optional": name != "id", "field": name} for name, t in types.items()]
    images = [{"type": "struct", "optional": True, "field": name, "fields": fields} for name in ("before", "after")]
    source = {"connector": "mysql", "name": "s", "db": "shop", "table": "orders", "ts_ms": 1785578400000 + number, "server_id": 1,
              "file": "b.000001", "pos": number, "row": 0}
    return json.dumps({"schema": {"type": "struct", "optional": False, "fields": images},
                       "payload": {"before": None, "after": row, "op": op, "source": source}}) + "\n"


def rows_of(table, *columns):
    lines = tailrace("cat", table, "--as", "jsonl").stdout.split("\n")[:-1]
    return sorted(tuple(json.loads(line)[c] for c in columns) for line in lines)


def declared(tap):
    """The messages' schema part says another type from a line on; older lines still come."""
    for options in ((), ("--table-format", "iceberg"), ("--order", "event"), ("--mode", "append")):
        folder, claim = scratch(), " ".join(("messages", *options))
        with open(f"{folder}/orders.jsonl", "w") as file:
            def run(*lines):
                file.writelines(lines)
                file.flush()
                return tailrace("sync", "--from", file.name, "--to", f"{folder}/lake", "--input-format", "debezium", "--key", "id", *options)
            first = run(*(debezium(i, NARROW, {"id": i, "n": i, "f": 0.5}) for i in (1, 2, 3)))
            done = run(debezium(4, NARROW, {"id": 4, "n": 4, "f": 0.5}), debezium(5, WIDE, {"id": 5000000000, "n": 5000000000, "f": 0.1}),
                       debezium(6, WIDE, {"id": 2, "n": 5000000001, "f": 0.1}, "u"), debezium(7, NARROW, {"id": 6, "n": 6, "f": 0.25}))
            tap.equal((first.returncode, done.returncode), (0, 0), f"{claim}: a type that the schema part widens goes through")
            table = f"{folder}/lake/shop/orders"
            wanted = [(1, 1, .5), (2, 5000000001, .1), (3, 3, .5), (4, 4, .5), (6, 6, .25), (5000000000, 5000000000, .1)]
            if "append" in options:
                wanted = sorted([*wanted, (2, 2, .5)])
            tap.equal(rows_of(table, "id", "n", "f"), wanted, f"{claim}: rows of both types are there")
            done = run(debezium(8, {**WIDE, "n": "string"}, {"id": 7, "n": "x", "f": 1}))
            tap.ok(done.returncode == 1 and 'column "n" is long in the lake table and string from here on' in done.stderr,
                   f"{claim}: one that conflicts halts", done.stderr[-300:])


def given(tap):
    """--schema gives wider types from a run on; by column, values of the long table keep what they were."""
    narrow, wide = ("PK INT NOT NULL, n INT, f FLOAT, d DECIMAL(6,2)", "PK BIGINT NOT NULL, n BIGINT, f DOUBLE, d DECIMAL(25,2)")

    def event(action, second, key, **columns):
        return {"_action": action, "_timestamp": f"2025-01-01 00:00:{second:02}", "PK": key, **columns}
    for kind in ("delta", "iceberg"):
        for image in ("partial", "full"):
            folder, claim = scratch(), f"image lists, {kind}, {image}"
            rest = {"n": None, "f": None, "d": None} if image == "full" else {}
            with open(f"{folder}/t.jsonl", "w") as file:
                def run(ddl, *events):
                    file.write(json.dumps({"after_image": events}) + "\n")
                    file.flush()
                    for index in glob.glob(f"{folder}/lake/_tailrace/*/*.index"):
                        os.unlink(index)
                    done = tailrace("sync", "--from", file.name, "--to", f"{folder}/lake", "--input-format", "image", "--image", image,
                                    "--key", "PK", "--image-time", "_timestamp", "--order", "event", "--schema", ddl, "--table", "db.t",
                                    "--table-format", kind, "--late", "keep")
                    tap.ok(done.returncode == 0, f"{claim}: taken", done.stderr[-300:])
                run(narrow, event("_insert", 2, 1, **{**rest, "n": 1, "f": 0.1, "d": 1.5}), event("_insert", 2, 2, **{**rest, "n": 2}),
                    event("_delete", 9, 4, **rest))
                run(wide, event("_update", 5, 1, **{**rest, "n": 5000000000}), event("_update", 1, 2, **{**rest, "n": 7, "d": 1.25}),
                    event("_delete", 6, 3), event("_insert", 3, 4, **{**rest, "n": 7}), event("_insert", 3, 6000000000, **{**rest, "n": 1, "f": 0.1}))
                run(wide, event("_update", 4, 3, **{**rest, "n": 9}), event("_update", 7, 6000000000, **{**rest, "n": 2}))
                as_double = 0.10000000149011612 if image == "partial" else None
                digits = (1.5, 1.25) if image == "partial" else (None, None)
                wanted = [(1, 5000000000, as_double, digits[0]), (2, 2, None, digits[1]),
                          (6000000000, 2, 0.1 if image == "partial" else None, None)]
                tap.equal(rows_of(f"{folder}/lake/db/t", "PK", "n", "f", "d"), wanted, f"{claim}: with wider types every event has its effect")


def feature(tap, lake):
    """typeWidening is there where a type was widened, and only there."""
    for name, wanted in (("keyed", True), ("never", False)):
        log = "".join(open(path).read() for path in glob.glob(f"{lake}/w/{name}/_delta_log/*.json"))
        tap.equal("typeWidening" in log, wanted, f"{name}: the feature typeWidening is {'' if wanted else 'not '}there")


def spark_by_file(table):
    """A session's catalog is that of one lake."""
    return spark_session("/").read.format("iceberg").load(f"file://{newest(table)}").toArrow()


def read_by_others(tap, db, lakes):
    iceberg_rig.spark = spark_by_file
    for kind, lake in lakes.items():
        for name in TABLES:
            table = f"{lake}/w/{name}"
            wanted = source_rows(db, "w", name, schema_of(table))
            if not kind.startswith("delta"):
                check_iceberg(tap, table, wanted, f"{kind}: {name}")
            if kind.startswith(("delta", "both")):
                for engine in ("kernel", "deltalake", "duckdb", "polars", "clickhouse", "daft", "spark"):
                    judge(tap, attempt(read.read, engine, table), wanted, f"{kind}: {name}: Delta", engine, engine in REFUSE)


def main():
    need_binary()
    tap = Tap()
    has_readers = need_readers(tap, "widened tables are read by other engines")
    server = Server()
    db = server.session()
    declared(tap)
    given(tap)
    while_running(tap, server)
    refused(tap, server)
    lakes = {}
    while_down(tap, server, lakes, "MINIMAL")
    while_down(tap, server, lakes, "FULL")
    db.sql("CREATE TABLE w.never (id INT PRIMARY KEY, v VARCHAR(10)); INSERT INTO w.never VALUES (1, 'a'); ALTER TABLE w.never MODIFY v VARCHAR(300)")
    sync(server, "w", lakes["delta, FULL"])
    feature(tap, lakes["delta, FULL"])
    if has_readers:
        read_by_others(tap, db, {kind: lake for kind, lake in lakes.items() if kind.endswith("FULL")})
        partitioned(tap, server)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

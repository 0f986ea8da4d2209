#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--partition-by: tables by numbers, days, moments, hostile texts and NULL, rows that move between partitions, kill -9
on the way; equal by our own reader, and by others when tests/readers/install.sh has installed them."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

PYTHON = f"{READERS}/venv/bin/python"
ENGINES = os.environ.get("ENGINES", "deltalake duckdb polars spark").split()
TEXTS = ["a", "A", "a ", " a", "a/b", "..", ".", "a=b", "%2F", "%", "+", "it's", '"', "\\", "{\"a\":1}", "NULL", "null",
         "__HIVE_DEFAULT_PARTITION__", "2026-01-01", "1", "line\nbreak", "tab\t", "\r\x01\x7f", "\u2028", "\ufeff", "ü", "日本", "😀", ",;:?*<>|#&", "x" * 190]
TYPES = {  # the partition column's type, and its values
    "ints": ("INT", ["0", "-7", "2147483647", "NULL"]),
    "flags": ("BIT(1)", ["b'0'", "b'1'", "NULL"]),
    "longs": ("BIGINT", ["-9223372036854775808", "9223372036854775807", "NULL"]),
    "decimals": ("DECIMAL(30,6)", ["-0.000001", "123456789012345678901234.5", "0", "NULL"]),
    "days": ("DATE", ["'1000-01-01'", "'1969-12-31'", "'2026-08-01'", "'9999-12-31'", "NULL"]),
    "moments": ("TIMESTAMP(6) NULL", ["'2026-08-01 10:00:00'", "'2026-08-01 10:00:00.000001'", "'1970-01-02 00:00:00.5'", "NULL"]),
    "clocks": ("DATETIME(6)", ["'2026-03-29 02:30:00'", "'9999-12-31 23:59:59.999999'", "'1900-01-01 00:00:00.999999'", "'2026-08-01 10:00:00.1'", "NULL"]),
    "texts": ("VARCHAR(200) COLLATE utf8mb4_bin", ["'" + t.replace("\\", "\\\\").replace("'", "''") + "'" for t in TEXTS] + ["NULL"]),
}
# Column mapping is nothing that Polars has; ClickHouse takes a partition's decimals of more than 18 digits for others;
# Trino rounds instants to milliseconds.
UNREAD = {("mapped", "polars"), ("decimals", "clickhouse"), ("moments", "trino")}
ARGUMENTS = ("--tables", "p.*", "--partition-by", "part")


def make_sources(db):
    db.sql("CREATE DATABASE p CHARACTER SET utf8mb4; SET time_zone = '+00:00'; USE p")
    for name, (sql_type, values) in TYPES.items():
        db.sql(f"CREATE TABLE {name} (id INT PRIMARY KEY, part {sql_type}, v VARCHAR(40))")
        insert(db, name, 1)
    db.sql("CREATE TABLE keyless (part INT, v VARCHAR(40)); CREATE TABLE keyed (part INT, id INT, v VARCHAR(40), PRIMARY KEY (part, id));"
           "INSERT INTO keyless VALUES (1, 'a'), (1, 'a'), (2, 'a'), (NULL, 'a'); INSERT INTO keyed VALUES (1, 1, 'a'), (2, 1, 'b');"
           "CREATE TABLE mapped (id INT PRIMARY KEY, part INT, `a b` INT); INSERT INTO mapped VALUES (1, 1, 1), (2, 2, 2), (3, NULL, 3)")


def insert(db, name, first):
    values = TYPES[name][1]
    rows = [f"({first + i}, {values[i % len(values)]}, 'row {first + i}')" for i in range(3 * len(values))]
    db.sql(f"INSERT INTO p.{name} VALUES " + ",".join(rows))


def change(db):
    """Every third row goes to the partition of another, some are deleted, new ones come."""
    for name, (_, values) in TYPES.items():
        for i in range(1, 3 * len(values), 3):
            db.sql(f"UPDATE p.{name} SET part = {values[(i + 1) % len(values)]}, v = 'moved' WHERE id = {i}")
        db.sql(f"DELETE FROM p.{name} WHERE id % 7 = 5")
        insert(db, name, 10001)
    db.sql("UPDATE p.keyless SET part = 2 WHERE part = 1 LIMIT 1; DELETE FROM p.keyless WHERE part IS NULL;"
           "UPDATE p.mapped SET part = 3 WHERE id = 1; UPDATE p.keyed SET part = 3, v = 'moved' WHERE part = 2; INSERT INTO p.keyed VALUES (2, 1, 'again')")


def live_files(table):
    """The adds of a whole log."""
    files = {}
    for version in versions(table):
        actions = [json.loads(line) for line in open(f"{table}/_delta_log/{version.number:020}.json", encoding="utf-8")]
        for a in actions:
            files.pop(a.get("remove", {}).get("path"), None)
        files.update((a["add"]["path"], a["add"]) for a in actions if "add" in a)
    return files


def compare_all(tap, db, lake, when):
    for table in sorted(glob.glob(f"{lake}/p/*")):
        name = os.path.basename(table)
        wanted = source_rows(db, "p", name, delta_schema(table))
        tap.equal(difference(lake_rows(table), wanted), "", f"{name} {when}: our own reader")


def compare_readers(tap, db, lake):
    tables = sorted(glob.glob(f"{lake}/p/*"))
    if not os.access(PYTHON, os.X_OK):
        for engine in ENGINES:
            tap.skip(f"{engine} reads the tables", "tests/readers/install.sh first")
        return
    done = subprocess.run([PYTHON, f"{TREE}/tests/readers/read.py", ",".join(ENGINES), *tables], stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, timeout=1200)
    lines = [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]
    for table in tables:
        name = os.path.basename(table)
        wanted = source_rows(db, "p", name, delta_schema(table))
        for engine in ENGINES:
            if (name, engine) in UNREAD:
                continue
            line = next((l for l in lines if l["table"] == table and l["engine"] == engine), {"error": "no answer"})
            tap.ok(line.get("digest") == digest(wanted), f"{name}: {engine}",
                   f"{line.get('error', '')} rows {line.get('rows')}, wanted {sum(wanted.values())}")


def check_layout(tap, lake):
    for name, (_, values) in TYPES.items():
        files = live_files(f"{lake}/p/{name}")
        tuples = {json.dumps(f["partitionValues"]) for f in files.values()}
        tap.equal(len(tuples), len(values), f"{name}: a file for each value")
        tap.ok(all(re.fullmatch(r"[0-9a-f]{32}\.parquet", path) for path in files), f"{name}: names tell no value")
    said = tailrace("describe", f"{lake}/p/ints").stdout
    tap.ok("partitions    by part\n" in said, "describe shows the partitioning", said)


def check_kills(tap, server, db, lake):
    db.sql("CREATE TABLE p.moving (id INT PRIMARY KEY, part INT, v INT); INSERT INTO p.moving WITH RECURSIVE n(i) AS "
           "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900) SELECT i, i % 10, 0 FROM n")
    for i in range(6):
        run = Run(server, "", lake, *ARGUMENTS, "--commit-interval", "20ms")
        table = f"{lake}/p/moving"
        before, end = len(versions(table)), time.monotonic() + 20
        while len(versions(table)) < before + 5 and time.monotonic() < end:
            db.sql(f"UPDATE p.moving SET part = (part + {i}) % 10, v = v + 1 WHERE id % 9 = {i}")
            time.sleep(0.01)
        run.kill()
    done = sync(server, "", lake, *ARGUMENTS)
    tap.equal(done.returncode, 0, "a sync after kill -9")
    compare_all(tap, db, lake, "after kill -9")


def check_refusals(tap, server, db, lake):
    def refused(claim, words, *options):
        done = sync(server, "", lake, "--tables", *options)
        said = done.stderr
        tap.ok(done.returncode in (1, 2) and words in said, claim, f"{done.returncode} {said[-600:]}")
    refused("another partitioning of a table that is there is refused", 'partitioned by "part", and --partition-by asks for "v"', "p.ints", "--partition-by", "v")
    tap.equal(sync(server, "", lake, "--tables", "p.ints").returncode, 0, "a table that is there keeps its own without the setting")
    db.sql("CREATE DATABASE q; CREATE TABLE q.t (id INT PRIMARY KEY, f DOUBLE, b VARBINARY(9), s VARCHAR(9))")
    for column, words in (("none", 'no column "none"'), ("f", "is double"), ("b", "is binary"), ("s,s", "there twice"), (",", 'no column ""')):
        refused(f'"{column}" is refused', words, "q.*", "--partition-by", column)
    db.sql("INSERT INTO q.t VALUES (1, 1, 'b', 'one')")
    tap.equal(sync(server, "", lake, "--tables", "q.t", "--partition-by", "S").returncode, 0, "case does not matter in the setting")
    db.sql("INSERT INTO q.t VALUES (2, 1, 'b', '')")
    refused("an empty text stops the table, for readers would have NULL", 'empty text in column "s"', "q.t")
    tap.equal(sum(lake_rows(f"{lake}/q/t").values()), 1, "it stands before that row")


def main():
    need_binary()
    tap = Tap()
    server = Server()
    lake = f"{scratch()}/lake"
    db = server.session()
    make_sources(db)
    done = sync(server, "", lake, *ARGUMENTS)
    if not tap.ok(done.returncode == 0, "partitioned tables are made", done.stderr[-1500:]):
        return tap.done()
    compare_all(tap, db, lake, "after the copy")
    change(db)
    tap.equal(sync(server, "", lake, *ARGUMENTS).returncode, 0, "their changes follow")
    compare_all(tap, db, lake, "after changes")
    check_layout(tap, lake)
    db.sql("".join(f"UPDATE p.ints SET part = {i % 5} WHERE id = 1;" for i in range(1005)) + "ALTER TABLE p.days ADD COLUMN w INT NULL")
    db.sql("INSERT INTO p.days VALUES (20000, '2026-08-01', 'wide', 7)")
    done = sync(server, "", lake, *ARGUMENTS, "--batch-rows-max", "1")
    tap.ok(done.returncode == 0 and glob.glob(f"{lake}/p/ints/_delta_log/*.checkpoint.parquet"), "a checkpoint is written", done.stderr[-900:])
    compare_all(tap, db, lake, "after a checkpoint and a new column")
    compare_readers(tap, db, lake)
    check_kills(tap, server, db, lake)
    check_refusals(tap, server, db, lake)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

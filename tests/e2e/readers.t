#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What we write is read equal, cell by cell, by engines that we did not write: every type, with deletion vectors,
after a checkpoint, with the log before it cleaned up, after TRUNCATE, with added columns. tests/readers/install.sh installs the engines."""
import importlib.machinery
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from rig import *

PYTHON = f"{READERS}/venv/bin/python"
ENGINES = os.environ.get("ENGINES", "kernel deltalake duckdb polars clickhouse daft spark").split()


def type_groups():
    """types.t's columns."""
    loader = importlib.machinery.SourceFileLoader("types_t", f"{HERE}/types.t")
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("types_t", loader))
    loader.exec_module(module)
    return module


def make_tables(server, db, lake):
    """Synced tables in database `r`: names."""
    types = type_groups()
    db.sql("CREATE DATABASE types CHARACTER SET utf8mb4; CREATE DATABASE r CHARACTER SET utf8mb4; SET sql_mode = 'ALLOW_INVALID_DATES'; SET time_zone = '+00:00'")
    groups = {"integers": types.integers(), "decimals": types.decimals(), "floats": types.floats(), "temporals": types.temporals(),
              "texts": types.texts(), "bytes": types.bytes_(), "shapes": types.shapes(), "documents": types.documents(server.is_mysql),
              "own": types.own(server)}
    inserts = {name: types.make(db, name, list(columns)) for name, columns in groups.items()}
    for insert in inserts.values():
        insert(1)
    db.sql("CREATE TABLE r.vectors (id INT PRIMARY KEY, v VARCHAR(30), at DATETIME(6)); CREATE TABLE r.many LIKE r.vectors;"
           "CREATE TABLE r.cleaned LIKE r.vectors; CREATE TABLE r.emptied LIKE r.vectors; CREATE TABLE r.wider LIKE r.vectors; CREATE TABLE r.keyless (a INT, b TEXT)")
    for name in ("vectors", "many", "cleaned", "emptied", "wider"):
        db.sql(f"INSERT INTO r.{name} WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 900) "
               "SELECT i, CONCAT('v', i), '2026-01-01' + INTERVAL i * 1000003 MICROSECOND FROM n")
    db.sql("INSERT INTO r.keyless VALUES (1, 'a'), (1, 'a'), (2, NULL)")
    yield sync(server, "", lake, "--tables", "types.*,r.*")
    for insert in inserts.values():
        insert(1001)
    db.sql("DELETE FROM r.vectors WHERE id % 7 = 3; UPDATE r.vectors SET v = 'updated' WHERE id % 5 = 0; TRUNCATE r.emptied;"
           "INSERT INTO r.emptied VALUES (1, 'after', NULL); ALTER TABLE r.wider ADD COLUMN w BIGINT NULL;"
           "INSERT INTO r.wider VALUES (5000, 'wide', NULL, 7); DELETE FROM r.keyless WHERE b = 'a' LIMIT 1")
    yield sync(server, "", lake, "--tables", "types.*,r.*")
    for table in ("many", "cleaned"):  # a version each: a checkpoint comes with the thousandth
        db.sql("".join(f"UPDATE r.{table} SET v = 'version {i}' WHERE id = 1;" for i in range(1005)))
    yield sync(server, "", lake, "--tables", "types.*,r.*", "--batch-rows-max", "1")
    old = time.time() - 40 * 86400
    for path in glob.glob(f"{lake}/r/cleaned/_delta_log/*"):
        os.utime(path, (old, old))
    db.sql("".join(f"UPDATE r.cleaned SET v = 'again {i}' WHERE id = 1;" for i in range(1005)) +
           "ALTER TABLE r.cleaned ADD COLUMN w BIGINT NULL; UPDATE r.cleaned SET w = id WHERE id % 9 = 1; DELETE FROM r.cleaned WHERE id % 4 = 1;"
           "UPDATE r.many SET v = CONCAT('after the checkpoint ', id) WHERE id % 6 = 0; DELETE FROM r.many WHERE id % 50 = 7")
    yield sync(server, "", lake, "--tables", "types.*,r.*", "--batch-rows-max", "1")


def has_checkpoint(table):
    """What stands in the log before the newest checkpoint, when deletion vectors came after it."""
    names = sorted(os.listdir(f"{table}/_delta_log"))
    checkpoint = max((name[:20] for name in names if ".checkpoint." in name), default="")
    after = [v.number for v in versions(table) if v.number > int(checkpoint or 0)]
    if not checkpoint or not any("deletionVector" in open(f"{table}/_delta_log/{n:020}.json").read() for n in after):
        return "no deletion vector after a checkpoint"
    return "whole log" if names[0] == f"{0:020}.json" else "cleaned up"


def as_read_by(engine, rows, schema):
    """The rows as this engine can tell them: Trino's Delta connector rounds instants to milliseconds."""
    instants = [i for i, (_, lake_type) in enumerate(schema) if lake_type == "timestamp"]
    if engine != "trino" or not instants:
        return rows

    def rounded(text):
        moment = datetime.datetime.fromisoformat(text.rstrip("Z")) + datetime.timedelta(microseconds=500)
        return canonical(moment.isoformat(timespec="milliseconds"), "timestamp")
    told = collections.Counter()
    for row, count in rows.items():
        told[tuple(rounded(cell) if i in instants and cell else cell for i, cell in enumerate(row))] += count
    return told


def main():
    need_binary()
    tap = Tap()
    if not os.access(PYTHON, os.X_OK):
        for engine in ENGINES:
            tap.skip(f"{engine} reads our tables", "tests/readers/install.sh first")
        return tap.done()
    if "trino" in ENGINES:
        start_trino()
    server = Server()
    lake = f"{scratch()}/lake"
    db = server.session()
    for done in make_tables(server, db, lake):
        if not tap.ok(done.returncode == 0, "tables are made", done.stderr[-1500:]):
            return tap.done()
    tap.equal([has_checkpoint(f"{lake}/r/{name}") for name in ("many", "cleaned")], ["whole log", "cleaned up"],
              "one table has rows deleted after a checkpoint, another nothing of its log before it")
    tables = sorted(glob.glob(f"{lake}/types/*") + glob.glob(f"{lake}/r/*"))
    done = subprocess.run([PYTHON, f"{TREE}/tests/readers/read.py", ",".join(ENGINES), *tables], stdout=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, timeout=1200)
    lines = [json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")]
    for table in tables:
        name = "/".join(table.split("/")[-2:])
        wanted = source_rows(db, *name.split("/"), delta_schema(table))
        tap.equal(difference(lake_rows(table), wanted), "", f"{name}: our own reader")
        schema = delta_schema(table)
        for engine in ENGINES:
            line = next((l for l in lines if l["table"] == table and l["engine"] == engine), {"error": "no answer"})
            if engine == "daft":
                tap.ok("deletion vectors are not yet supported" in line.get("error", ""), f"{name}: {engine} refuses deletion vectors",
                       f"{line}")
                continue
            tap.ok(line.get("digest") == digest(as_read_by(engine, wanted, schema)), f"{name}: {engine}",
                   f"{line.get('error', '')} rows {line.get('rows')}, wanted {sum(wanted.values())}")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

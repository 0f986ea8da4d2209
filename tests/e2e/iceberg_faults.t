#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Iceberg's bad days, end to end: a REST catalog whose answers are wrong, lost or late and whose tokens expire; tables that somebody drops or
makes again under a run, moves, or damages; deletes by values; a table of version 1. Nothing is lost or doubled, nothing is written to what is
not ours, and each refusal says why. Needs tests/rig/iceberg.sh install and tests/readers/install.sh. SEED repeats a run's choices."""
import collections
import http.client
import http.server
import io
import json
import os
import random
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from iceberg_rig import *

RIG = os.environ.get("RIG", os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "tailrace/rig"))
SECONDS = float(os.environ.get("SECONDS", 12))
TOKEN_S = 1.5  # that a token is good for, whatever is said
# What becomes of a commit: (status of the answer, 0: none; whether the catalog got the request before). BODY is JSON, GARBAGE is not.
TROUBLES = [(status, behind, kind) for status in (0, 200, 409, 500, 502, 503, 504) for behind in (False, True) for kind in ("body", "garbage")
            if (status, behind, kind) != (200, False, "body") and not (status == 409 and behind)]


class Proxy(http.server.ThreadingHTTPServer):
    """Before a catalog: lets most requests through."""

    daemon_threads = True

    def __init__(self, port, seed):
        super().__init__(("127.0.0.1", 0), Handler)
        self.to, self.random, self.is_bad, self.counts = port, random.Random(seed), False, collections.Counter()
        self.tokens = {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/?credential=env:CATALOG_SECRET"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def reply(self, status, body, content_type="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def fail(self, status, kind):
        if status == 0:
            self.close_connection = True
            return self.connection.shutdown(2)
        error = {"error": {"message": "trouble", "type": "CommitFailedException" if status == 409 else "ServerError", "code": status}}
        self.reply(status, json.dumps(error).encode() if kind == "body" else b"<html>\x00\xff", "application/json" if kind == "body" else "text/html")

    def forward(self, body):
        catalog = http.client.HTTPConnection("127.0.0.1", self.server.to)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "authorization", "connection", "accept-encoding")}
        catalog.request(self.command, self.path, body, headers)
        answer = catalog.getresponse()
        found = answer.status, answer.read()
        catalog.close()
        return found

    def serve(self):
        s, body = self.server, self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/v1/oauth/tokens":
            token = f"token-{len(s.tokens)}"
            s.tokens[token] = time.monotonic()
            return self.reply(200, json.dumps({"access_token": token, "token_type": "bearer", "expires_in": 3600}).encode())
        given = s.tokens.get((self.headers.get("Authorization") or "").removeprefix("Bearer "))
        if given is None or time.monotonic() - given > TOKEN_S:
            s.counts["expired"] += given is not None
            return self.fail(401, "body")
        commits = self.command == "POST" and "/tables/" in self.path
        if not s.is_bad or s.random.random() > 0.3 or not (commits or self.command == "GET"):
            return self.reply(*self.forward(body))
        if not commits:
            s.counts["loads"] += 1
            return self.fail(s.random.choice([0, 500, 503, 504]), "garbage")
        status, behind, kind = s.random.choice(TROUBLES)
        s.counts["behind" if behind else "before"] += 1
        if behind:
            self.forward(body)
        self.fail(status, kind)

    do_GET = do_POST = do_HEAD = do_DELETE = serve


class Source:
    """alone.t, alone.log and the same in `pair`, which is in both formats."""

    def __init__(self, server, seed):
        self.server, self.db, self.random, self.count = server, server.session(), random.Random(seed), 0
        for name in ("alone", "pair"):
            self.db.sql(f"CREATE DATABASE {name}; CREATE TABLE {name}.t (id BIGINT PRIMARY KEY, v INT); CREATE TABLE {name}.log (n BIGINT, v INT)")

    def step(self):
        self.count += 1
        key, r = self.random.randrange(300), self.random.random()
        change = (f"REPLACE INTO {{}}.t VALUES ({key}, {self.count})" if r < 0.5 else
                  f"UPDATE {{}}.t SET v = v + 1 WHERE id BETWEEN {key} AND {key + 9}" if r < 0.8 else f"DELETE FROM {{}}.t WHERE id = {key}")
        for name in ("alone", "pair"):
            self.db.sql(f"BEGIN; {change.format(name)}; INSERT INTO {name}.log VALUES ({self.count}, 0); COMMIT")

    def rows(self, database, table):
        return collections.Counter((int(a), int(b)) for a, b in self.db.sql(f"SELECT * FROM {database}.{table}"))


def counted(arrow):
    return collections.Counter(zip(*(arrow.column(name).to_pylist() for name in arrow.column_names)))


def cat(table):
    return collections.Counter(tuple(json.loads(line).values()) for line in tailrace("cat", table).stdout.splitlines())


# --- a catalog in trouble ------------------------------------------------------------------------------

class Catalog:
    def __init__(self, tap, source, seed):
        from pyiceberg.catalog import load_catalog
        self.tap, self.source, self.lake = tap, source, f"{scratch()}/lake"
        self.dir, self.runs = scratch(), 0
        atexit.register(self.script, "remove")
        self.script("start")
        port = open(f"{self.dir}/port").read().strip()
        self.theirs = load_catalog("rest", type="rest", uri=f"http://127.0.0.1:{port}/")
        os.environ["CATALOG_SECRET"] = "me:secret"
        self.proxy = Proxy(int(port), seed)

    def script(self, verb):
        subprocess.run([f"{TREE}/tests/rig/iceberg.sh", verb, self.dir], capture_output=True, check=True, stdin=subprocess.DEVNULL)

    def words(self, name):
        return ["--table-format", "iceberg" if name == "alone" else "both", "--iceberg-catalog", self.proxy.url]

    def start(self, name):
        self.runs += 1
        return Run(self.source.server, name, f"{self.lake}/{name}", *self.words(name), "--commit-interval", "50ms", log=f"{self.dir}/run{self.runs}")

    def committed(self, run, table):
        """It has made a commit."""
        self.source.step()
        wait_until(lambda: f'"batch committed" table={table}' in open(run.log).read())

    def check(self, claim):
        for name in ("alone", "pair"):
            done = sync(self.source.server, name, f"{self.lake}/{name}", *self.words(name))
            self.tap.ok(done.returncode == 0, f"{claim}: {name}: synced", done.stderr[-2000:])
            for table in ("t", "log"):
                wanted = self.source.rows(name, table)
                got = counted(self.theirs.load_table(f"{name}.{table}").scan().to_arrow())
                self.tap.equal(difference(got, wanted), "", f"{claim}: {name}: the catalog's {table} is the source's")
                if name == "pair":
                    self.tap.equal(difference(cat(f"{self.lake}/pair/pair/{table}"), wanted), "", f"{claim}: {name}: so is Delta's {table}")

    def troubled(self):
        for _ in range(50):
            self.source.step()
        self.check("first copy")
        runs = [self.start(name) for name in ("alone", "pair")]
        self.proxy.is_bad, began, counts = True, time.monotonic(), self.proxy.counts
        enough = lambda: min(counts[k] for k in ("expired", "loads", "before", "behind")) > 3
        while time.monotonic() < began + (SECONDS if enough() else 60):
            self.source.step()
            time.sleep(0.02)
        self.proxy.is_bad = False
        for run in runs:
            self.tap.ok(run.alive(), "a run goes on through a catalog's troubles", run.tail())
            self.tap.ok(run.term() == 0, "and ends in order", run.tail())
        self.tap.ok(enough(), "tokens expired, loads and commits failed, also behind their success", dict(counts))
        self.tap.note(f"{self.source.count} transactions; {dict(counts)}; lost, alone: {open(runs[0].log).read().count('starting over')}")
        self.check("after the troubles")

    def dropped(self):
        from pyiceberg.schema import Schema
        from pyiceberg.types import IntegerType, LongType, NestedField
        for again in (False, True):
            run = self.start("alone")
            self.committed(run, "alone.log")
            self.theirs.drop_table("alone.log")
            if again:
                self.theirs.create_table("alone.log", Schema(NestedField(1, "n", LongType()), NestedField(2, "v", IntegerType())))
            word = "made again" if again else "dropped"
            for _ in range(3):
                self.source.step()
                time.sleep(0.2)
            status = "alive" if not wait_until(lambda: not run.alive(), 20) else run.term()
            self.tap.ok(status == 2 and word in run.tail(1), f"a table that is {word} under a run ends it", f"{status}: {run.tail()}")
            if not again:
                self.check("a dropped table is copied anew")
        self.tap.equal(self.theirs.load_table("alone.log").scan().to_arrow().num_rows, 0, "and nothing is written to the other one")
        done = sync(self.source.server, "alone", f"{self.lake}/alone", *self.words("alone"))
        self.tap.ok(done.returncode == 2 and "tailrace did not make" in done.stderr, "nor by the next start", done.stderr)
        self.theirs.drop_table("alone.log")
        run = self.start("pair")
        self.committed(run, "pair.log")
        self.theirs.drop_table("pair.log")
        for _ in range(3):
            self.source.step()
            time.sleep(0.2)
        self.tap.ok(run.alive() and run.term() == 0, "a run goes on when the second format's table is dropped", run.tail())
        self.check("what was dropped is made anew")


# --- folders -------------------------------------------------------------------------------------------

def refused(tap, source, lake, words, sentence, claim):
    """And nothing was written."""
    before = sorted(glob.glob(f"{lake}/alone/t/metadata/*"))
    done = sync(source.server, "alone", lake, *words)
    tap.ok(done.returncode in (1, 2) and sentence in done.stderr, f"{claim}: refused with the reason", f"{done.returncode}: {done.stderr[-1200:]}")
    tap.equal(sorted(glob.glob(f"{lake}/alone/t/metadata/*")), before, f"{claim}: nothing is written")


def moved(tap, source, folder):
    for name, words in (("alone", ["--table-format", "iceberg"]), ("pair", ["--table-format", "both"])):
        sync(source.server, name, f"{folder}/{name}", *words)
        os.rename(f"{folder}/{name}", f"{folder}/{name}-moved")
    source.step()
    refused(tap, source, f"{folder}/alone-moved", ["--table-format", "iceberg"], "paths are absolute", "a moved folder")
    os.rename(f"{folder}/alone-moved", f"{folder}/alone")
    done = sync(source.server, "alone", f"{folder}/alone", "--table-format", "iceberg")
    tap.equal((done.returncode, cat(f"{folder}/alone/alone/t")), (0, source.rows("alone", "t")), "a folder that is moved back goes on")
    lake = f"{folder}/pair-moved"
    done = sync(source.server, "pair", lake, "--table-format", "both")
    tap.ok(done.returncode != 0 and "was moved or copied" in done.stderr, "both formats moved: the second is refused with the reason",
           done.stderr[-1200:])
    tap.equal(difference(cat(f"{lake}/pair/t"), source.rows("pair", "t")), "", "both formats moved: Delta goes on")
    for table in ("t", "log"):
        shutil.rmtree(f"{lake}/pair/{table}/_iceberg")
    done = sync(source.server, "pair", lake, "--table-format", "both")
    tap.equal((done.returncode, counted(duckdb(f"{lake}/pair/t"))), (0, source.rows("pair", "t")),
              "both formats moved: its folder removed, the second is made anew")


class Avro:
    """A file that may be written again with other records."""

    def __init__(self, path):
        import fastavro
        self.path, file = path, fastavro.reader(open(path, "rb"))
        self.meta = dict(file.metadata)
        self.records, self.schema = list(file), json.loads(self.meta["avro.schema"])

    def write(self, path=None):
        import fastavro
        out = io.BytesIO()
        meta = {k: v for k, v in self.meta.items() if not k.startswith("avro.")}
        fastavro.writer(out, self.schema, self.records, metadata=meta)
        open(path or self.path, "wb").write(out.getvalue())
        return len(out.getvalue())


def plain(uri):
    return uri.removeprefix("file://")


def list_of(table):
    """Its current snapshot's manifest list."""
    m = metadata(table)
    return Avro(plain(next(s["manifest-list"] for s in m["snapshots"] if s["snapshot-id"] == m["current-snapshot-id"])))


def damaged(tap, source, folder):
    """Each of these in a table that is whole otherwise, and mended after."""
    lake, words = f"{folder}/alone", ["--table-format", "iceberg"]
    table = f"{lake}/alone/t"
    for _ in range(20):
        source.step()
    sync(source.server, "alone", lake, *words)

    def shorten(path):
        open(path, "r+b").truncate(os.path.getsize(path) - 9)

    def change(**members):
        rows = list_of(table)
        rows.records[0].update(members)
        rows.write()

    def change_manifest(manifest, act):
        """Its list tells the new length."""
        file, rows = Avro(manifest), list_of(table)
        act(file)
        next(r for r in rows.records if plain(r["manifest_path"]) == manifest)["manifest_length"] = file.write()
        rows.write()

    def change_file(manifest, **members):
        change_manifest(manifest, lambda m: m.records[0]["data_file"].update(members))

    rows = list_of(table)
    manifest = plain(next(r["manifest_path"] for r in rows.records if r["content"] == 0))
    rest = rows.records[0]
    cases = (
        ("a truncated manifest", lambda: shorten(manifest), os.path.basename(manifest)),
        ("a truncated manifest list", lambda: shorten(rows.path), "metadata/"),
        ("a manifest that is gone", lambda: os.remove(manifest), os.path.basename(manifest)),
        ("a list with a wrong length", lambda: change(manifest_length=rest["manifest_length"] + 1), os.path.basename(plain(rest["manifest_path"]))),
        ("a list with wrong counts", lambda: change(added_files_count=rest["added_files_count"] + 1), os.path.basename(plain(rest["manifest_path"]))),
        ("a list with another spec", lambda: change(partition_spec_id=9), "metadata/"),
        ("a manifest elsewhere", lambda: change(manifest_path="file:///elsewhere/m.avro"), "/elsewhere/m.avro"),
        ("a manifest of other content", lambda: change_manifest(manifest, lambda m: m.meta.update(content="deletes")), os.path.basename(manifest)),
        ("a data file elsewhere", lambda: change_file(manifest, file_path="file:///elsewhere/d.parquet"), "/elsewhere/d.parquet"),
        ("a data file of fewer than no rows", lambda: change_file(manifest, record_count=-1), os.path.basename(manifest)),
    )
    for claim, act, sentence in cases:
        shutil.copytree(lake, f"{folder}/whole")
        act()
        source.step()
        done = tailrace("cat", table)
        tap.ok(done.returncode != 0 and sentence in done.stderr, f"{claim}: cat says so", done.stderr[-800:] or "it read the table")
        refused(tap, source, lake, words, sentence, claim)
        shutil.rmtree(lake)
        os.rename(f"{folder}/whole", lake)
    done = sync(source.server, "alone", lake, *words)
    tap.equal((done.returncode, cat(table)), (0, source.rows("alone", "t")), "put back as it was, the table goes on")


def deletes_by_values(tap, source, folder):
    """As Flink writes them: a file that says which values of `id` are gone."""
    import pyarrow as pa
    import pyarrow.parquet
    lake, words = f"{folder}/equality", ["--table-format", "iceberg", "--iceberg-version", "2"]
    table = f"{lake}/alone/t"
    for i in range(2):  # a second commit has position deletes, whose manifest is the pattern
        source.db.sql(f"REPLACE INTO alone.t VALUES (1, {i}), (2, {i}), (3, {i})")
        sync(source.server, "alone", lake, *words)
    wanted = counted(duckdb(table))
    path = f"{table}/metadata/equality.parquet"
    pa.parquet.write_table(pa.table([pa.array([2], pa.int64())], schema=pa.schema([
        pa.field("id", pa.int64(), False, metadata={"PARQUET:field_id": "1"})])), path)
    rows, m, number = list_of(table), metadata(table), int(open(f"{table}/metadata/version-hint.text").read())
    row = next(r for r in rows.records if r["content"] == 1)
    manifest, sequence, snapshot_id = Avro(plain(row["manifest_path"])), m["last-sequence-number"] + 1, 4711
    entry = manifest.records[0]
    entry.update(status=1, snapshot_id=snapshot_id, sequence_number=None, file_sequence_number=None)
    entry["data_file"] = {**{k: None for k in entry["data_file"]}, "content": 2, "file_path": f"file://{path}", "file_format": "PARQUET",
                          "partition": {}, "record_count": 1, "file_size_in_bytes": os.path.getsize(path), "equality_ids": [1]}
    manifest.records = [entry]
    length = manifest.write(f"{table}/metadata/equality.avro")
    rows.records.append({**row, "manifest_path": f"file://{table}/metadata/equality.avro", "manifest_length": length, "sequence_number": sequence,
                         "min_sequence_number": sequence, "added_snapshot_id": snapshot_id, "added_files_count": 1, "existing_files_count": 0,
                         "deleted_files_count": 0, "added_rows_count": 1, "existing_rows_count": 0, "deleted_rows_count": 0})
    rows.write(f"{table}/metadata/equality-list.avro")
    m["snapshots"].append({**m["snapshots"][-1], "snapshot-id": snapshot_id, "parent-snapshot-id": m["current-snapshot-id"], "sequence-number": sequence,
                           "timestamp-ms": m["last-updated-ms"] + 1, "summary": {"operation": "delete"},
                           "manifest-list": f"file://{table}/metadata/equality-list.avro"})
    m.update({"last-sequence-number": sequence, "last-updated-ms": m["last-updated-ms"] + 1, "current-snapshot-id": snapshot_id})
    m["refs"]["main"]["snapshot-id"] = snapshot_id
    m["snapshot-log"].append({"snapshot-id": snapshot_id, "timestamp-ms": m["last-updated-ms"]})
    json.dump(m, open(f"{table}/metadata/v{number + 1}.metadata.json", "w"))
    open(f"{table}/metadata/version-hint.text", "w").write(str(number + 1))
    tap.equal(counted(duckdb(table)), collections.Counter({r: n for r, n in wanted.items() if r[0] != 2}), "a delete by values is one to DuckDB")
    source.step()
    done = tailrace("cat", table)
    tap.ok(done.returncode != 0 and "has equality deletes" in done.stderr, "deletes by values: cat is refused with the reason", done.stderr)
    refused(tap, source, lake, words, "has equality deletes", "deletes by values")


def version_1(tap, source, folder):
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog
    lake, db = f"{folder}/old", f"{folder}/old.db"
    catalog = SqlCatalog("tailrace", uri=f"sqlite:///{db}", warehouse=f"file://{lake}")
    catalog.create_namespace("alone")
    rows = pa.table({"id": pa.array([1, 2], pa.int64()), "v": pa.array([5, 6], pa.int32())})
    table = catalog.create_table("alone.t", rows.schema, location=f"file://{lake}/alone/t", properties={"format-version": "1"})
    table.append(rows)
    tap.equal(cat(f"{lake}/alone/t"), collections.Counter([(1, 5), (2, 6)]), "a table of version 1 is read")
    words = ["--table-format", "iceberg", "--iceberg-catalog", f"sqlite://{db}"]
    refused(tap, source, lake, words, "tailrace did not make", "a table of version 1 that is not ours")


def main():
    need_binary()
    tap = Tap()
    if not need_readers(tap, "Iceberg's bad days"):
        return tap.done()
    if not os.path.exists(f"{RIG}/iceberg/installed"):
        tap.skip("Iceberg's bad days", "tests/rig/iceberg.sh install first")
        return tap.done()
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    tap.note(f"SEED={seed} SERVER={KIND}")
    source = Source(Server(), seed)
    catalog = Catalog(tap, source, seed)
    catalog.troubled()
    catalog.dropped()
    folder = scratch()
    moved(tap, source, folder)
    damaged(tap, source, folder)
    deletes_by_values(tap, source, folder)
    version_1(tap, source, folder)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Iceberg tables in each kind of catalog, beside other programs: PyIceberg's SQL and REST clients, Spark's Hadoop, JDBC and
REST catalogs, Iceberg's own REST server, DuckDB. They load and commit to what we made, and we to what they made; writers
race, servers are killed, and every snapshot is there once; pipelines into them are killed, too, and lose nothing. Needs tests/rig/iceberg.sh install; Spark and DuckDB are those
of tests/readers/install.sh. SEED repeats a run's choices."""
import http.server
import json
import os
import random
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from workload import TABLES, Workload

sys.path.append(f"{TREE}/tests/readers")
import read

RIG = os.environ.get("RIG", os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "tailrace/rig"))
PYTHON = f"{RIG}/iceberg/venv/bin/python"
DRIVE = os.path.join(os.path.dirname(TAILRACE), "tests/e2e/catalog_drive")
UUID, OTHER = "9c12d441-03fe-4693-9a96-a0705ddf69c1", "11111111-2222-4333-8444-555555555555"
LIST_FIELDS = ((500, "manifest_path", "string"), (501, "manifest_length", "long"), (502, "partition_spec_id", "int"),
               (517, "content", "int"), (515, "sequence_number", "long"), (516, "min_sequence_number", "long"),
               (503, "added_snapshot_id", "long"), (504, "added_files_count", "int"), (505, "existing_files_count", "int"),
               (506, "deleted_files_count", "int"), (512, "added_rows_count", "long"), (513, "existing_rows_count", "long"),
               (514, "deleted_rows_count", "long"))


def empty_manifest_list(path):
    """An Avro file without rows: what a snapshot without files has."""
    def text(value):
        return bytes(((len(value) << 1) & 0x7f | (0x80 if len(value) > 63 else 0),)) + \
            (varint(len(value) << 1 >> 7) if len(value) > 63 else b"") + value

    def varint(n):
        out = b""
        while True:
            out, n = out + bytes((n & 0x7f | (0x80 if n > 0x7f else 0),)), n >> 7
            if not n:
                return out
    schema = {"type": "record", "name": "manifest_file",
              "fields": [{"field-id": i, "name": name, "type": kind} for i, name, kind in LIST_FIELDS]}
    with open(path, "wb") as f:
        f.write(b"Obj\x01\x04" + text(b"avro.schema") + text(json.dumps(schema).encode()) +
                text(b"avro.codec") + text(b"null") + b"\0" + b"s" * 16)
    return f"file://{path}"


class Script:
    """A program of the rig's, started in a folder of its own and removed at exit."""

    def __init__(self, name, *settings):
        self.name, self.settings, self.dir = f"{TREE}/tests/rig/{name}", settings, scratch()
        atexit.register(self.run, "remove")
        self.run("start")
        self.port = open(f"{self.dir}/port").read().strip()

    def run(self, verb):
        done = subprocess.run([self.name, verb, self.dir, *(self.settings if verb == "start" else ())], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"{self.name} {verb}: {done.stderr}")


class Engine:
    """Spark and DuckDB, see iceberg_engine.py."""

    def __init__(self, settings):
        self.process = subprocess.Popen([f"{READERS}/venv/bin/python", f"{HERE}/iceberg_engine.py", f"{RIG}/iceberg/spark/*.jar",
                                         json.dumps(settings)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)

    def ask(self, engine, statement):
        """Rows, or the text of what went wrong."""
        self.process.stdin.write(json.dumps([engine, statement]) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("answer "):
                return json.loads(line[7:])
        return "it ended"

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Ours:
    """Our table shop.<name> in a catalog."""

    def __init__(self, url, root, name):
        self.words = [DRIVE, url, "shop", name, root]

    def run(self, *words):
        done = subprocess.run([*self.words, *map(str, words)], capture_output=True, text=True, timeout=120)
        return done.stdout.strip() if done.returncode == 0 else done.stderr.strip()

    def start(self, *words):
        return subprocess.Popen([*self.words, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)


class Catalog:
    """What a kind's test needs: our URL, PyIceberg's and Spark's settings for the same, and where tables lie. The rows of
    SQL catalogs have the name of Spark's: the kind."""

    def __init__(self, kind, url, settings, spark, root):
        from pyiceberg.catalog import load_catalog
        self.kind, self.url, self.spark, self.root = kind, url, spark, root
        self.theirs = load_catalog(kind.lower(), **settings)

    def ours(self, name):
        return Ours(self.url, self.root, name)


class Test:
    def __init__(self):
        self.tap = Tap()
        seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
        random.seed(seed)
        self.tap.note(f"SEED={seed} SERVER={KIND}")
        self.folder = scratch()
        self.list = empty_manifest_list(f"{self.folder}/empty.avro")
        self.servers = {}
        self.source = Server()
        self.work = Workload(self.source, random)
        self.work.create(50)

    def catalogs(self):
        lake = f"{self.folder}/sqlite"
        os.makedirs(lake)
        yield Catalog("SQLite", f"sqlite://{lake}/catalog.db?catalog=sqlite",
                      {"type": "sql", "uri": f"sqlite:///{lake}/catalog.db", "warehouse": f"file://{lake}"},
                      {"type": "jdbc", "uri": f"jdbc:sqlite:{lake}/catalog.db", "warehouse": f"file://{lake}"}, lake)
        server = self.servers["PostgreSQL"] = Script("postgres.sh")
        os.environ["CATALOG_PASSWORD"] = "tailrace"
        lake = f"{self.folder}/postgres"
        where = f"127.0.0.1:{server.port}/tailrace"
        yield Catalog("PostgreSQL", f"postgresql://tailrace@{where}?catalog=postgresql&password=env:CATALOG_PASSWORD",
                      {"type": "sql", "uri": f"postgresql+psycopg2://tailrace:tailrace@{where}", "warehouse": f"file://{lake}",
                       "pool_pre_ping": "true"},
                      {"type": "jdbc", "uri": f"jdbc:postgresql://{where}", "jdbc.user": "tailrace", "jdbc.password": "tailrace",
                       "warehouse": f"file://{lake}"}, lake)
        # Its own SQLite file would stay locked for a while after a crash.
        server = self.servers["REST"] = Script("iceberg.sh", f"uri=jdbc:postgresql://{where}", "jdbc.user=tailrace",
                                               "jdbc.password=tailrace")
        url = f"http://127.0.0.1:{server.port}/"
        yield Catalog("REST", url, {"type": "rest", "uri": url}, {"type": "rest", "uri": url}, f"{server.dir}/warehouse")

    def ours_is_theirs(self, c):
        """What we make they load and commit to, and so on in turns."""
        import pyarrow
        for version in (2, 3):
            name, table = f"ours{version}", c.ours(f"ours{version}")
            self.tap.equal(table.run("load"), "none", f"{c.kind}: no table is none")
            self.tap.equal(table.run("create", UUID, version, f"file://{c.root}/shop/{name}"), "done", f"{c.kind}: version {version} is made")
            self.tap.equal(table.run("create", OTHER, version, f"file://{c.root}/shop/{name}"), "lost", f"{c.kind}: and not twice")
            self.tap.equal(table.run("append", 71, self.list), "done", f"{c.kind}: and gets a snapshot")
            seen = c.theirs.load_table(f"shop.{name}")
            self.tap.equal((str(seen.metadata.table_uuid), seen.metadata.format_version, seen.metadata.current_snapshot_id,
                            [f.name for f in seen.schema().fields], seen.scan().to_arrow().num_rows),
                           (UUID, version, 71, ["id", "name"], 0), f"{c.kind}: PyIceberg sees it")
            self.tap.equal(table.run("load").split()[0], seen.metadata_location, f"{c.kind}: by the same file")
        rows = pyarrow.table({"id": pyarrow.array([1, 2], pyarrow.int64()), "name": ["a", "b"]},
                             schema=pyarrow.schema([pyarrow.field("id", pyarrow.int64(), False), pyarrow.field("name", pyarrow.string())]))
        table, seen = c.ours("ours2"), c.theirs.load_table("shop.ours2")
        seen.append(rows)
        with seen.transaction() as t:
            t.set_properties(theirs="yes")
        self.tap.equal((table.run("property", "theirs"), table.run("load").split()[3]), ("yes", "2"), f"{c.kind}: we see PyIceberg's commits")
        self.tap.equal((table.run("set", "ours", "yes"), table.run("append", 72, self.list)), ("done", "done"), f"{c.kind}: and commit after them")
        seen = seen.refresh()
        self.tap.equal((seen.properties["ours"], seen.properties["theirs"], len(seen.snapshots())), ("yes", "yes", 3),
                       f"{c.kind}: nothing of either is lost")

    def read_by_name(self, c):
        """What PyIceberg wrote, by our own reader."""
        def ask(*words):
            done = tailrace(*words, "--iceberg-catalog", c.url)
            return done.stdout if done.returncode == 0 else done.stderr
        self.tap.equal(sorted(ask("cat", "shop.ours2", "--version", "2").splitlines()), ['{"id":1,"name":"a"}', '{"id":2,"name":"b"}'], f"{c.kind}: cat by name")
        self.tap.equal(ask("cat", "shop.ours2"), "", f"{c.kind}: and the newest version, which has no rows")
        self.tap.ok("snapshot 72\n" in ask("describe", f"{c.root}/shop/ours2/"), f"{c.kind}: describe by the name in a path", ask("describe", "shop.ours2"))
        self.tap.equal(len(ask("history", "shop.ours2").splitlines()), 3, f"{c.kind}: history by name")
        self.tap.ok('no table "none" in the namespace "shop"' in ask("cat", "shop.none"), f"{c.kind}: a name without a table", ask("cat", "shop.none"))

    def past(self, c):
        """A Delta table's versions, published to the catalog, one with another column."""
        import pyarrow
        import pyarrow.parquet
        table = f"{c.root}/past/t"
        os.makedirs(f"{table}/_delta_log")
        fields = [{"name": name, "type": kind, "nullable": True, "metadata": {}} for name, kind in (("id", "long"), ("w", "string"))]
        for version in range(6):
            count = 1 + (version > 2)
            data = pyarrow.table({"id": [version], "w": [f"w{version}"]}).select(["id", "w"][:count])
            pyarrow.parquet.write_table(data, f"{table}/{version}.parquet")
            schema = json.dumps({"type": "struct", "fields": fields[:count]})
            actions = [{"commitInfo": {"timestamp": 1700000000000 + version * 60000, "operation": "WRITE"}},
                       {"add": {"path": f"{version}.parquet", "partitionValues": {}, "size": os.path.getsize(f"{table}/{version}.parquet"),
                                "modificationTime": 1, "dataChange": True, "stats": '{"numRecords":1}'}}]
            if version in (0, 3):
                actions += [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": {
                    "id": "t", "format": {"provider": "parquet", "options": {}}, "schemaString": schema, "partitionColumns": [], "configuration": {}}}]
            with open(f"{table}/_delta_log/{version:020}.json", "w") as f:
                f.writelines(json.dumps(action) + "\n" for action in actions)
        done = tailrace("publish", table, "--version", "1", "--iceberg-catalog", c.url)
        if not self.tap.ok(done.returncode == 0, f"{c.kind}: a past is published", done.stderr):
            return
        seen = c.theirs.load_table("past.t")
        got = [(int(s.summary["tailrace.leader-version"]), seen.scan(snapshot_id=s.snapshot_id).to_arrow().num_rows) for s in seen.snapshots()]
        self.tap.equal(got, [(version, version + 1) for version in range(1, 6)], f"{c.kind}: PyIceberg reads each version")
        times = [s.timestamp_ms - 1700000000000 for s in seen.snapshots()]
        self.tap.ok(times == sorted(times) if c.kind == "REST" else times == [60000 * v for v in range(1, 6)], f"{c.kind}: in the order of time", times)
        self.tap.equal(sorted(tailrace("cat", "past.t", "--iceberg-catalog", c.url).stdout.splitlines()),
                       sorted(tailrace("cat", table).stdout.splitlines()), f"{c.kind}: cat by name is the Delta table's")

    def theirs_is_ours(self, c):
        from pyiceberg.schema import Schema
        from pyiceberg.types import LongType, NestedField
        made = c.theirs.create_table("shop.theirs", Schema(NestedField(1, "id", LongType(), required=True)))
        table = c.ours("theirs")
        self.tap.equal(table.run("load").split()[:2], [made.metadata_location, str(made.metadata.table_uuid)], f"{c.kind}: we load PyIceberg's table")
        self.tap.equal(table.run("append", 5, self.list), "done", f"{c.kind}: and commit to it")
        self.tap.equal(made.refresh().metadata.current_snapshot_id, 5, f"{c.kind}: PyIceberg sees that")

    def changed_under_us(self, c):
        """Another's commit, and another's table, between our load and our commit."""
        table, name = c.ours("ours2"), "shop.ours2"

        def meanwhile(act):
            waiting = table.start("stale", 99, self.list)
            waiting.stdout.readline()
            act()
            out, why = waiting.communicate("\n")
            return out.strip() or why

        self.tap.equal(meanwhile(lambda: table.run("append", 98, self.list)), "lost", f"{c.kind}: the slower one loses")
        words = meanwhile(lambda: c.theirs.drop_table(name))
        self.tap.ok("CONFIG: " in words and "dropped" in words, f"{c.kind}: a dropped table is refused", words)
        table.run("create", UUID, 2, f"file://{c.root}/shop/ours2")

        def make_again():
            c.theirs.drop_table(name)
            table.run("create", OTHER, 2, f"file://{c.root}/shop/ours2")
        words = meanwhile(make_again)
        self.tap.ok("CONFIG: " in words and "made again" in words, f"{c.kind}: a table that was made again is refused", words)

    def racing(self, c, name="race", disturb=None, writers=4, count=15):
        """Several of us at once, each with its own ids: all are there once, in a chain, whatever is killed."""
        table = c.ours(name)
        table.run("create", UUID, 2, f"file://{c.root}/shop/{name}")
        running = [table.start("appends", 1000 * (i + 1), count, self.list) for i in range(writers)]
        if disturb:
            disturb(running)
        ended = [p.communicate() for p in running]
        why = "\n".join(err[-600:] for _, err in ended)
        loaded = table.run("load").split()
        self.tap.equal([p.returncode for p in running], [0] * writers, f"{c.kind}, {name}: every writer ends well") or self.tap.note(why)
        metadata = c.theirs.load_table(f"shop.{name}").metadata
        parents = {s.snapshot_id: s.parent_snapshot_id for s in metadata.snapshots}
        chain, at = [], metadata.current_snapshot_id
        while at is not None:
            chain.append(at)
            at = parents.get(at)
        wanted = sorted(1000 * (i + 1) + k for i in range(writers) for k in range(count))
        self.tap.equal((sorted(chain), int(loaded[3])), (wanted, len(wanted)), f"{c.kind}, {name}: each snapshot is there once")
        self.tap.note("lost and unknown, by writer: " + ", ".join(out.strip().replace(" ", "/") for out, _ in ended))

    def killing(self, c):
        server = self.servers.get(c.kind)
        if server is None:
            return
        self.hit = 0

        def disturb(running):
            for _ in range(3):
                time.sleep(random.uniform(0.1, 0.6))
                self.hit += any(p.poll() is None for p in running)
                server.run("kill")
                server.run("start")
        self.racing(c, "kills", disturb, writers=2, count=40 if c.kind == "REST" else 250)
        self.tap.ok(self.hit > 1, f"{c.kind}, kills: while they write", f"{self.hit} of 3")

    def pipeline(self, c, table_format):
        """A random workload (workload.py), kill -9 of the pipeline and once of the catalog's server."""
        lake, claim = f"{self.folder}/{c.kind}-{table_format}", f"{c.kind}, --table-format {table_format}"
        options = ("--table-format", table_format, "--iceberg-catalog", c.url, "--iceberg-version", random.choice("23"))
        server = self.servers.get(c.kind)
        end, rounds = time.monotonic() + 3, 0
        while time.monotonic() < end or rounds < 3:
            run = Run(self.source, "work", lake, *options, "--commit-interval", "20ms")
            stop = time.monotonic() + random.choice([0.2, 0.5, 1])
            while time.monotonic() < stop:
                self.work.step()
            if rounds == 1 and server:
                server.run("kill")
                self.work.step()
                server.run("start")
                self.work.step()
            if not self.tap.equal(run.kill(), -9, f"{claim}: killed"):
                self.tap.note(run.tail())
            rounds += 1
        done = sync(self.source, "work", lake, *options)
        self.tap.equal((done.returncode, done.stderr[-1500:] * done.returncode), (0, ""), f"{claim}: after {rounds} kills: synced")
        for name in TABLES:
            self.tap.equal(self.rows_differ(c, name), "", f"{claim}: {name} is the source's")
            c.theirs.drop_table(f"work.{name}")  # its name is for the next pipeline

    def rows_differ(self, c, name):
        table = c.theirs.load_table(f"work.{name}")
        schema = [(f.name, LAKE_TYPES.get(str(f.field_type), str(f.field_type).replace(" ", ""))) for f in table.schema().fields]
        got = table.scan().to_arrow()
        got = collections.Counter(zip(*(read.column(got.column(column), lake_type) for column, lake_type in schema)))
        return difference(got, source_rows(self.work.db, "work", name, schema))

    def directory(self):
        from pyiceberg.table import StaticTable
        root = f"{self.folder}/plain"
        table = Ours("", root, "plain")
        self.tap.equal((table.run("create", UUID, 3, f"file://{root}"), table.run("append", 71, self.list)), ("done", "done"), "directory: a table is made")
        hint = open(f"{root}/metadata/version-hint.text").read()
        seen = StaticTable.from_metadata(f"{root}/metadata/v{hint}.metadata.json")
        self.tap.equal((seen.metadata.current_snapshot_id, seen.scan().to_arrow().num_rows), (71, 0), "directory: PyIceberg reads it by the hint")
        running = [table.start("appends", 1000 * (i + 1), 15, self.list) for i in range(4)]
        ended = [p.communicate() for p in running]
        self.tap.equal((table.run("load").split()[3], [p.returncode for p in running]), ("61", [0] * 4), "directory: racing writers lose nothing")
        self.tap.note("lost and unknown, by writer: " + ", ".join(out.strip().replace(" ", "/") for out, _ in ended))

    def refused(self, c):
        os.environ["CATALOG_WRONG"] = "wrong"
        words = Ours(c.url.replace("CATALOG_PASSWORD", "CATALOG_WRONG"), c.root, "ours3").run("load")
        self.tap.ok(words.startswith("CONFIG: ") and "authentication failed" in words, f"{c.kind}: a wrong password", words)

    def logged_in(self, c):
        """The server gives tokens to whoever asks; that it gets them back is test_catalog_rest's."""
        table = Ours(f"{c.url}?credential=env:CATALOG_PASSWORD", c.root, "ours3")
        self.tap.equal(table.run("load"), c.ours("ours3").run("load"), f"{c.kind}: with a token of its own server")

    def encrypted(self):
        certificate = f"{self.folder}/certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{certificate}.key", "-out", certificate,
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"], check=True, capture_output=True)

        class Empty(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                config = self.path == "/v1/config"
                body = b'{"defaults":{},"overrides":{}}' if config else b'{"error":{"message":"none","type":"NoSuchTableException","code":404}}'
                self.send_response(200 if config else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Empty)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, f"{certificate}.key")
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for host, query, wanted, claim in (("localhost", f"?ca-file={certificate}", "none", "who is signed by our authority is believed"),
                                           ("localhost", "", "CONFIG", "who is signed by nobody is not"),
                                           ("127.0.0.1", f"?ca-file={certificate}", "CONFIG", "nor who has another name")):
            words = Ours(f"https://{host}:{server.server_port}/{query}", self.folder, "t").run("load")
            self.tap.equal(words.split(":")[0], wanted, f"TLS: {claim}") or self.tap.note(words)
        server.shutdown()

    def in_turns(self, engine, kind, where, location, table, made):
        """Spark and we commit to one table by turns: `table` is what we made for it, `made` is what we call Spark's."""
        version = 2 if kind == "SQLite" else 3
        self.tap.equal((table.run("create", UUID, version, location), table.run("append", 71, self.list)), ("done", "done"),
                       f"{kind}: a table for Spark")
        self.tap.equal(engine.ask("spark", f"SELECT snapshot_id FROM {where}.spark.snapshots"), [[71]], f"{kind}: Spark sees our snapshot")
        self.tap.equal(engine.ask("spark", f"INSERT INTO {where}.spark VALUES (1, 'a'), (2, 'b')"), [], f"{kind}: Spark commits")
        self.tap.equal((table.run("load").split()[3:], table.run("append", 72, self.list)), (["2"], "done"), f"{kind}: we see it, and commit")
        engine.ask("spark", f"REFRESH TABLE {where}.spark")
        self.tap.equal(engine.ask("spark", f"SELECT count(*) FROM {where}.spark.snapshots"), [[3]], f"{kind}: Spark sees all three")
        engine.ask("spark", f"CREATE TABLE {where}.made (id BIGINT) USING iceberg TBLPROPERTIES ('format-version' = '{version}')")
        self.tap.equal(engine.ask("spark", f"INSERT INTO {where}.made VALUES (1)"), [], f"{kind}: Spark makes a table")
        self.tap.equal((made.run("load").split()[3:], made.run("set", "ours", "yes")), (["1"], "done"), f"{kind}: we commit to it")
        engine.ask("spark", f"REFRESH TABLE {where}.made")
        self.tap.ok(["ours", "yes"] in engine.ask("spark", f"SHOW TBLPROPERTIES {where}.made"), f"{kind}: Spark sees that")
        self.tap.equal(engine.ask("spark", f"SELECT count(*) FROM {where}.made"), [[1]], f"{kind}: and its rows")

    def engines(self, catalogs):
        if not os.path.exists(f"{READERS}/venv/bin/python"):
            return self.tap.skip("Spark and DuckDB", "no readers: tests/readers/install.sh")
        prefix, hadoop = "spark.sql.catalog.", f"{self.folder}/hadoop"
        settings = {f"{prefix}plain": "org.apache.iceberg.spark.SparkCatalog", f"{prefix}plain.type": "hadoop",
                    f"{prefix}plain.warehouse": f"file://{hadoop}"}
        for c in catalogs:
            settings[prefix + c.kind.lower()] = "org.apache.iceberg.spark.SparkCatalog"
            settings.update({f"{prefix}{c.kind.lower()}.{key}": value for key, value in c.spark.items()})
        engine = Engine(settings)
        self.in_turns(engine, "directory", "plain.shop", f"file://{hadoop}/shop/spark",
                      Ours("", f"{hadoop}/shop/spark", "spark"), Ours("", f"{hadoop}/shop/made", "made"))
        self.tap.equal(engine.ask("duckdb", f"SELECT count(*) FROM iceberg_scan('{hadoop}/shop/made')"), [[1]], "directory: DuckDB reads it by the hint")
        for c in catalogs:
            self.in_turns(engine, c.kind, f"{c.kind.lower()}.shop", f"file://{c.root}/shop/spark", c.ours("spark"), c.ours("made"))
        engine.close()

    def run(self):
        self.directory()
        self.encrypted()
        catalogs = []
        for c in self.catalogs():
            catalogs.append(c)
            self.ours_is_theirs(c)
            self.read_by_name(c)
            self.past(c)
            self.theirs_is_ours(c)
            self.changed_under_us(c)
            self.racing(c)
            self.killing(c)
            for table_format in ("iceberg", "both"):
                self.pipeline(c, table_format)
            if c.kind == "PostgreSQL":
                self.refused(c)
            if c.kind == "REST":
                self.logged_in(c)
        self.engines(catalogs)
        return self.tap.done()


if __name__ == "__main__":
    if sys.prefix != f"{RIG}/iceberg/venv":
        if not os.path.exists(PYTHON):
            print("1..0 # SKIP no PyIceberg: tests/rig/iceberg.sh install")
            sys.exit(0)
        os.execv(PYTHON, [PYTHON, *sys.argv])
    sys.exit(Test().run())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Other engines at work on tables in a loop while tailrace writes them. On tables that Iceberg leads, in a folder and in a SQL catalog: Spark's
rewrite_data_files, rewrite_manifests, rewrite_position_delete_files, expire_snapshots, DELETE and MERGE. On tables in both formats: OPTIMIZE,
DELETE and MERGE of Spark and of delta-rs, and Spark's rewrites of the Iceberg side. Nobody's commit is lost or doubled; a row is what changed
it last, and what the source changes behind somebody else is the source's again. tests/readers/install.sh and tests/rig/iceberg.sh install the
engines. SEED repeats a run's choices, SECONDS sets the length of each loop, LOOPS names those to run."""
import os
import random
import sys
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from iceberg_rig import *

RIG = os.environ.get("RIG", os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "tailrace/rig"))
SECONDS = float(os.environ.get("SECONDS", 15))
JOBS_MIN, PATIENCE = 12, 120  # others' jobs, so many at least where they do not take too long: in seconds
# Keys: nobody changes the first, only the source the second, both sides the third, only the engines the fourth.
QUIET, OURS, BOTH, THEIRS = range(0, 300), range(1000, 2000), range(2000, 2300), range(5000, 5200)
FOREIGN = -1  # `v` of rows that an engine wrote last


class Source:
    def __init__(self, server, seed):
        self.server, self.random = server, random.Random(seed)
        self.db = server.session()
        self.db.sql("""CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;
            CREATE TABLE t (id BIGINT PRIMARY KEY, v INT NOT NULL, note VARCHAR(40)); CREATE TABLE log (n BIGINT, note VARCHAR(20))""")
        self.logged = 0

    def begin(self):
        self.db.sql("DELETE FROM t; DELETE FROM log; INSERT INTO log VALUES (-1, 'first')")
        for keys in (QUIET, OURS[:500], BOTH[:200]):
            self.db.sql("INSERT INTO t VALUES " + ", ".join(f"({i}, 0, 'né {i}')" for i in keys))

    def some(self, keys):
        first = self.random.choice(keys)
        return f"BETWEEN {first} AND {min(first + self.random.randrange(12), keys[-1])}"

    def move(self, keys):
        """A row to a free key."""
        free = self.random.choice(keys)
        return (f"SET @free = (SELECT COUNT(*) = 0 FROM t WHERE id = {free}); UPDATE t SET id = {free}, note = 'moved' "
                f"WHERE id = {self.random.choice(keys)} AND @free")

    def step(self):
        """A transaction."""
        r = self.random
        statements = []
        for _ in range(r.randrange(1, 4)):
            keys = r.choice([OURS, BOTH])
            statements.append(r.choice([
                lambda: "INSERT IGNORE INTO t VALUES " + ", ".join(f"({r.choice(keys)}, {r.randrange(90)}, 'new')" for _ in range(r.randrange(1, 9))),
                lambda: f"UPDATE t SET v = v + 1 WHERE id {self.some(keys)}",
                lambda: f"UPDATE t SET note = CONCAT('u', v) WHERE id {self.some(keys)}",
                lambda: f"DELETE FROM t WHERE id {self.some(keys)}",
                lambda: self.move(keys)])())
        self.logged += 1
        statements.append(f"INSERT INTO log VALUES ({self.logged}, 'x')")
        self.db.sql("BEGIN;" + ";".join(statements) + ";COMMIT")

    def rows(self):
        """{key: row}"""
        return {int(row[0]): (int(row[1]), row[2]) for row in self.db.sql("SELECT id, v, note FROM t")}

    def log(self):
        return collections.Counter((int(n), note) for n, note in self.db.sql("SELECT n, note FROM log"))


class Jobs(threading.Thread):
    """An engine's jobs, one after the other until it is told to end, and what they wrote."""

    names = ()  # of methods, and of procedures that `maintain` calls

    def __init__(self, session, seed):
        super().__init__(daemon=True)
        self.session, self.random, self.is_over = session, random.Random(seed), False
        self.done, self.failed, self.why = collections.Counter(), collections.Counter(), []
        self.touched, self.rows = set(), {}  # keys of BOTH; {key: row} of THEIRS

    def keys(self):
        return self.random.sample(BOTH, 20) + self.random.sample(THEIRS, 20)

    def note(self):
        return f"e{self.random.randrange(10 ** 9)}"

    def wrote(self, keys, row):
        for key in keys:
            if key in BOTH:
                self.touched.add(key)
            elif row:
                self.rows[key] = row
            else:
                self.rows.pop(key, None)

    def delete_in(self, table):
        keys = self.keys()
        self.session.sql(f"DELETE FROM {table} WHERE id IN ({', '.join(map(str, keys))})").collect()
        self.wrote(keys, None)

    def merge_into(self, table):
        """Rows that are there are changed, those that are not are inserted."""
        keys, note = self.keys(), self.note()
        self.session.sql(
            f"MERGE INTO {table} t USING (SELECT CAST(col1 AS BIGINT) AS id FROM VALUES {', '.join(f'({key})' for key in keys)}) s ON t.id = s.id "
            f"WHEN MATCHED THEN UPDATE SET v = {FOREIGN}, note = '{note}' "
            f"WHEN NOT MATCHED THEN INSERT (id, v, note) VALUES (s.id, {FOREIGN}, '{note}')").collect()
        self.wrote(keys, (FOREIGN, note))

    def count(self):
        return self.done.total() + self.failed.total()

    def try_one(self, name):
        try:
            getattr(self, name)()
            self.done[name] += 1
        except Exception as e:  # we were faster: theirs to try again
            self.failed[name] += 1
            self.why.append(f"{name}: {e}".split("\n\tat")[0][:400])

    def run(self):
        while not self.is_over:
            self.try_one(self.random.choice(self.names))

    def finish(self):
        """What never came through beside us, now that nobody is in the way."""
        self.is_over = True
        self.join()
        for name in sorted(set(self.names) - set(self.done)):
            self.try_one(name)
        return sorted(set(self.names) - set(self.done))


class IcebergJobs(Jobs):
    names = ("rewrite_data_files", "rewrite_manifests", "rewrite_position_delete_files", "expire_snapshots", "delete", "merge")

    def __init__(self, session, catalog, seed):
        super().__init__(session, seed)
        self.catalog = catalog
        for kind in ("delete", "merge", "update"):
            session.sql(f"ALTER TABLE {catalog}.shop.t SET TBLPROPERTIES ('write.{kind}.mode' = 'merge-on-read', "
                        f"'write.{kind}.isolation-level' = 'snapshot', 'write.delete.granularity' = 'partition')")

    def call(self, procedure, words=""):
        table = self.random.choice(["t", "t", "log"])
        self.session.sql(f"CALL {self.catalog}.system.{procedure}(table => 'shop.{table}'{words})").collect()

    def rewrite_data_files(self):
        self.call("rewrite_data_files", ", options => map('rewrite-all', 'true')")

    def rewrite_manifests(self):
        self.call("rewrite_manifests")

    def rewrite_position_delete_files(self):
        self.call("rewrite_position_delete_files", ", options => map('rewrite-all', 'true')")

    def expire_snapshots(self):
        self.call("expire_snapshots", f", older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => {self.random.choice([1, 3])}")

    def delete(self):
        self.delete_in(f"{self.catalog}.shop.t")

    def merge(self):
        self.merge_into(f"{self.catalog}.shop.t")


class DeltaJobs(Jobs):
    """On the table, and on its Iceberg side."""

    names = ("optimize", "delete", "merge", "rs_compact", "rs_delete", "rs_merge", "face_rewrite_data_files", "face_rewrite_manifests")

    def __init__(self, session, lake, seed):
        super().__init__(session, seed)
        self.path = f"{lake}/shop/t"
        self.table = f"delta.`{self.path}`"

    def optimize(self):
        self.session.sql(f"OPTIMIZE {self.table}").collect()

    def delete(self):
        self.delete_in(self.table)

    def merge(self):
        self.merge_into(self.table)

    def rs_compact(self):
        import deltalake
        deltalake.DeltaTable(self.path).optimize.compact()

    def rs_delete(self):
        import deltalake
        keys = self.keys()
        deltalake.DeltaTable(self.path).delete(f"id IN ({', '.join(map(str, keys))})")
        self.wrote(keys, None)

    def rs_merge(self):
        import deltalake
        import pyarrow
        keys, note = self.keys(), self.note()
        rows = pyarrow.table({"id": pyarrow.array(keys, "int64"), "v": pyarrow.array([FOREIGN] * len(keys), "int32"), "note": [note] * len(keys)})
        deltalake.DeltaTable(self.path).merge(rows, "t.id = s.id", source_alias="s", target_alias="t") \
            .when_matched_update_all().when_not_matched_insert_all().execute()
        self.wrote(keys, (FOREIGN, note))

    def face_rewrite_data_files(self):
        self.session.sql("CALL both.system.rewrite_data_files(table => 'shop.t._iceberg', options => map('rewrite-all', 'true'))").collect()

    def face_rewrite_manifests(self):
        self.session.sql("CALL both.system.rewrite_manifests(table => 'shop.t._iceberg')").collect()


class Loop:
    """A lake, and who sees its tables: {engine: function of a table's name, its rows}."""

    def __init__(self, tap, name, source, words, jobs, sights):
        self.tap, self.name, self.source, self.words, self.make_jobs, self.sights = tap, name, source, words, jobs, sights

    def ok(self, holds, claim, why=""):
        return self.tap.ok(holds, f"{self.name}: {claim}", why)

    def read(self, claim):
        """{key: row}, and the rows of the log, as all engines see them alike; no key is there twice."""
        seen = {}
        for engine, rows in self.sights.items():
            t, log = list(map(tuple, rows("t"))), collections.Counter(map(tuple, rows("log")))
            keys = collections.Counter(row[0] for row in t)
            self.ok(max(keys.values()) == 1, f"{claim}: no key is there twice, {engine}", f"{[k for k in keys if keys[k] > 1][:20]}")
            seen[engine] = ({row[0]: row[1:] for row in t}, log)
        first, *others = seen
        for engine in others:
            self.ok(seen[engine] == seen[first], f"{claim}: {engine} sees the same as {first}")
        return seen[first]

    def compare(self, got, wanted, keys, claim):
        wrong = {k: (got.get(k), wanted.get(k)) for k in keys if got.get(k) != wanted.get(k)}
        self.ok(not wrong, claim, f"{len(wrong)} keys, such as (got, wanted) {list(wrong.items())[:5]}")

    def sync(self, claim):
        done = sync(self.source.server, "shop", *self.words)
        self.ok(done.returncode == 0, f"{claim}: synced", done.stderr[-2000:])

    def check(self, jobs):
        got, log = self.read("behind the loop")
        wanted = self.source.rows()
        self.compare(got, wanted, [*QUIET, *OURS], "what others only rewrote is the source's")
        self.compare(got, jobs.rows, THEIRS, "what the source does not have is as others left it")
        self.compare(got, wanted, set(BOTH) - jobs.touched, "what others did not change is the source's")
        wrong = {k: (got[k], wanted.get(k)) for k in jobs.touched if k in got and got[k] != wanted.get(k) and got[k][0] != FOREIGN}
        self.ok(not wrong, "what both changed is what either of them wrote", f"{list(wrong.items())[:5]}")
        self.tap.equal(difference(log, self.source.log()), "", f"{self.name}: rows without a key are there as often as in the source")
        return got

    def heal(self, jobs, got):
        """The source changes every row where others were: those are the source's again, once."""
        db, had = self.source.db, self.source.rows()
        inserted = [k for k in BOTH if k in got and k not in had]  # by others alone
        deleted = [k for k in BOTH if k not in got and k in had]
        db.sql(f"UPDATE t SET v = v + 100 WHERE id BETWEEN {BOTH[0]} AND {BOTH[-1]}")
        for k in deleted[::2]:
            db.sql(f"DELETE FROM t WHERE id = {k}")
        for k in inserted[::2]:
            db.sql(f"INSERT INTO t VALUES ({k}, 7, 'came')")
        self.sync("rows of both changed at the source")
        now, _ = self.read("behind the source's changes")
        wanted = self.source.rows()
        self.compare(now, {**wanted, **{k: got[k] for k in inserted[1::2]}}, BOTH, "rows that the source changes are the source's again")
        self.compare(now, {**wanted, **jobs.rows}, [*QUIET, *OURS, *THEIRS], "and all others are as they were")
        self.tap.note(f"{self.name}: others deleted {len(deleted)} rows of the source's, and inserted {len(inserted)}")

    def load(self, run, jobs):
        """The source at work, with pauses: others must win at times. Whether the run goes on."""
        chance, began = self.source.random, time.monotonic()
        ended = lambda: time.monotonic() - began > SECONDS and (jobs.count() >= JOBS_MIN or time.monotonic() - began > PATIENCE)
        while not ended() and run.alive():
            burst = time.monotonic() + chance.choice([0.1, 0.5])
            while time.monotonic() < burst:
                self.source.step()
            time.sleep(chance.choice([0.2, 1, 4]))
        return run.alive()

    def run(self):
        self.source.begin()
        self.sync("first copy")
        jobs = self.make_jobs()
        run = Run(self.source.server, "shop", *self.words, "--commit-interval", "100ms")
        jobs.start()
        goes_on = self.load(run, jobs)
        lacking = jobs.finish()
        self.ok((goes_on, run.term()) == (True, 0), "the run goes on through it all, and ends in order", run.tail(20))
        self.tap.note(f"{self.name}: others' jobs {dict(jobs.done)}, failed {dict(jobs.failed)}; we began anew "
                      f"{open(run.log).read().count('starting over')} times")
        if not self.ok(not lacking, "each job was done at least once", f"{lacking}"):
            self.tap.note("\n".join(jobs.why))
        self.sync("behind the loop")
        self.heal(jobs, self.check(jobs))


def spark_with(catalogs):
    settings = {"spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension,org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
                "spark.jars": ",".join(glob.glob(f"{READERS}/spark/*.jar") + glob.glob(f"{RIG}/iceberg/spark/sqlite*.jar")), "spark.log.level": "OFF"}
    for name, more in catalogs.items():
        settings[f"spark.sql.catalog.{name}"] = "org.apache.iceberg.spark.SparkCatalog"
        settings.update({f"spark.sql.catalog.{name}.{key}": value for key, value in {"cache-enabled": "false", **more}.items()})
    return read.spark_session("1g", **settings)


def rows_of(arrow):
    return zip(*(arrow.column(name).to_pylist() for name in arrow.column_names))


def loops(tap, source, folder, seed):
    """{name: function that makes it}"""
    import deltalake
    from pyiceberg.catalog import load_catalog
    from pyiceberg.table import StaticTable
    db, hadoop = f"{folder}/catalog.db", {"type": "hadoop"}
    session = spark_with({"folder": {**hadoop, "warehouse": f"file://{folder}/folder"}, "both": {**hadoop, "warehouse": f"file://{folder}/both"},
                          "sqlite": {"type": "jdbc", "uri": f"jdbc:sqlite:{db}?busy_timeout=20000", "warehouse": f"file://{folder}/sqlite"}})
    spark = lambda place: lambda name: session.sql(f"SELECT * FROM {place.format(name)}").collect()
    static = lambda lake: lambda name: rows_of(StaticTable.from_metadata(newest(f"{folder}/{lake}/shop/{name}")).scan().to_arrow())
    return {
        "folder": lambda: Loop(
            tap, "in a folder, version 3", source, [f"{folder}/folder", "--table-format", "iceberg"],
            lambda: IcebergJobs(session, "folder", seed), {"Spark": spark("folder.shop.{}"), "PyIceberg": static("folder")}),
        "sqlite": lambda: Loop(
            tap, "in SQLite, version 2", source, [f"{folder}/sqlite", "--table-format", "iceberg", "--iceberg-version", "2",
                                                  "--iceberg-catalog", f"sqlite://{db}?catalog=sqlite"],
            lambda: IcebergJobs(session, "sqlite", seed),
            {"Spark": spark("sqlite.shop.{}"), "PyIceberg": lambda name: rows_of(
                load_catalog("sqlite", type="sql", uri=f"sqlite:///{db}").load_table(f"shop.{name}").scan().to_arrow())}),
        "both": lambda: Loop(
            tap, "both formats", source, [f"{folder}/both", "--table-format", "both"], lambda: DeltaJobs(session, f"{folder}/both", seed),
            {"Spark by Delta": spark(f"delta.`{folder}/both/shop/{{}}`"), "Spark by Iceberg": spark("both.shop.{}._iceberg"),
             "DuckDB": lambda name: rows_of(duckdb(f"{folder}/both/shop/{name}")),
             "delta-rs": lambda name: rows_of(read.deltalake(f"{folder}/both/shop/{name}", None))}),
    }


def main():
    need_binary()
    tap = Tap()
    if not need_readers(tap, "other engines' jobs beside ours"):
        return tap.done()
    if not os.path.exists(f"{RIG}/iceberg/installed"):
        tap.skip("other engines' jobs beside ours", "tests/rig/iceberg.sh install first")
        return tap.done()
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    tap.note(f"SEED={seed} SERVER={KIND}")
    source = Source(Server(), seed)
    made = loops(tap, source, scratch(), seed)
    for name in os.environ.get("LOOPS", "folder sqlite both").split():
        made[name]().run()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""--table-format iceberg: tables that Iceberg alone knows are what the source has, through kills and beside Spark, which rewrites
their files and expires their snapshots; and a table that Spark set back goes on from there. tests/readers/install.sh installs the
readers. SEED repeats a run's choices."""
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from iceberg_rig import *

TABLES = ("orders", "pairs", "keyless")
COLUMNS = [("id", "long"), ("v", "integer"), ("note", "string"), ("price", "decimal(12,2)"), ("at", "timestamp_ntz")]  # of orders
OPTIONS = ("--table-format", "iceberg", "--commit-interval", "50ms")


class Source:
    def __init__(self, server, seed):
        self.server, self.random = server, random.Random(seed)
        self.db = server.session()
        self.db.sql("""CREATE DATABASE shop CHARACTER SET utf8mb4; USE shop;
            CREATE TABLE orders (id BIGINT PRIMARY KEY, v INT, note VARCHAR(60), price DECIMAL(12,2), at DATETIME(6));
            CREATE TABLE pairs (a INT, b VARCHAR(20), data VARBINARY(20), PRIMARY KEY (a, b));
            CREATE TABLE keyless (a INT, b VARCHAR(20))""")
        self.last = 0

    def insert(self, count):
        first, self.last = self.last + 1, self.last + count
        numbers = f"WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {self.last})"
        return (f"INSERT INTO orders {numbers} SELECT i, i % 97, CONCAT('né ', i), i / 4, '2026-01-01' + INTERVAL i * 1000003 MICROSECOND FROM n;"
                f"INSERT INTO pairs {numbers} SELECT i, CONCAT('b', i % 7), UNHEX(LEFT(SHA2(i, 256), 32)) FROM n;"
                f"INSERT INTO keyless {numbers} SELECT i % 5, CONCAT('b', i % 3) FROM n")

    def change(self, transactions):
        r = self.random
        for _ in range(transactions):
            some = lambda: f"BETWEEN {(at := r.randrange(1, self.last + 1))} AND {at + r.randrange(20)}"
            self.db.sql("BEGIN;" + ";".join(r.choice([
                lambda: self.insert(r.randrange(1, 40)),
                lambda: f"UPDATE orders SET v = v + 1, price = NULL WHERE id {some()}",
                lambda: f"UPDATE pairs SET b = CONCAT('m', b) WHERE a {some()} AND LENGTH(b) < 15",
                lambda: f"DELETE FROM orders WHERE id {some()}",
                lambda: f"DELETE FROM pairs WHERE a {some()}",
                lambda: f"DELETE FROM keyless WHERE a = {r.randrange(5)} LIMIT {r.randrange(1, 20)}",
            ])() for _ in range(r.randrange(1, 5))) + ";COMMIT")

    def rows(self, table):
        return source_rows(self.db, "shop", os.path.basename(table), iceberg_schema(table))


def check(tap, source, lake, claim, engines=ENGINES):
    done = sync(source.server, "shop", lake, *OPTIONS)
    if not tap.ok(done.returncode == 0, f"{claim}: synced", done.stderr[-1500:]):
        return
    for name in TABLES:
        table = f"{lake}/shop/{name}"
        wanted = source.rows(table)
        tap.equal(difference(lake_rows(table), wanted), "", f"{claim}: {name}: cat")
        check_iceberg(tap, table, wanted, f"{claim}: {name}", engines)


def follow(source, lake, transactions, meanwhile=lambda: None):
    """A run that is alive while the source changes, and is killed then."""
    run = Run(source.server, "shop", lake, *OPTIONS)
    source.change(transactions)
    meanwhile()
    source.change(transactions)
    alive = run.alive()
    run.kill()
    return alive, run


def kills(tap, source, lake):
    for _ in range(6):
        run = Run(source.server, "shop", lake, *OPTIONS)
        source.change(source.random.randrange(5, 30))
        time.sleep(source.random.random() / 4)
        run.kill()
    check(tap, source, lake, "after kills")


def call(lake, procedure, name, words=""):
    spark_session(lake).sql(f"CALL ice.system.{procedure}(table => 'shop.{name}'{words})").collect()


def spark_rewrites(tap, source, lake):
    """What stands in a snapshot's summary is gone, what stands in the properties stays."""
    for name in TABLES:
        call(lake, "rewrite_data_files", name, ", options => map('rewrite-all', 'true')")
        call(lake, "rewrite_manifests", name)
        call(lake, "expire_snapshots", name, ", older_than => TIMESTAMP '2100-01-01 00:00:00', retain_last => 1")
        ours = [s for s in metadata(f"{lake}/shop/{name}")["snapshots"] if "tailrace.commit" in s["summary"]]
        tap.equal(ours, [], f"no snapshot of {name} is ours any more")
    source.change(20)
    check(tap, source, lake, "after Spark's rewrite_data_files and expire_snapshots")


def spark_beside(tap, source, lake):
    def rewrite():
        for name in TABLES:
            try:
                call(lake, "rewrite_data_files", name, ", options => map('rewrite-all', 'true')")
            except Exception:  # we were faster: theirs to try again
                tap.note(f"Spark did not get {name} rewritten")

    for _ in range(3):
        alive, run = follow(source, lake, 20, rewrite)
        if not alive:
            tap.note(f"the run ended: {run.tail(2)}")
    check(tap, source, lake, "beside Spark's rewrite_data_files")


def orphans(tap, source, lake):
    """What the kills left, and more of it, goes by Spark's procedure; all else stays."""
    table = f"{lake}/shop/orders"
    planted = set.union(*plant_orphans(table))
    some = [s["sequence-number"] for s in metadata(table)["snapshots"]][::40]
    had, rows = files_below(table), [lake_rows(table, number) for number in some]
    call(lake, "remove_orphan_files", "orders")
    gone = had - files_below(table)
    tap.ok(len(planted) > 3 and planted <= gone, f"remove_orphan_files takes {len(gone)} files that no snapshot names", sorted(planted - gone))
    tap.equal([lake_rows(table, number) for number in some], rows, "snapshots have their rows after that")
    source.change(20)
    check(tap, source, lake, "after Spark's remove_orphan_files", ["pyiceberg"])


def row_ids(tap, source, lake):
    """An updated row keeps its id, also one that Spark rewrote; no two rows have one."""
    def ids():
        rows = spark_session(lake).sql("SELECT id, _row_id FROM ice.shop.orders").collect()
        tap.equal(len({row[1] for row in rows}), len(rows), f"{len(rows)} rows, as many row ids")
        return dict(map(tuple, rows))

    before = ids()
    for change in ("UPDATE orders SET v = v + 1 WHERE id % 3 = 0", source.insert(50), "UPDATE orders SET v = v + 1 WHERE id % 2 = 0"):
        source.db.sql(change)
        sync(source.server, "shop", lake, *OPTIONS)
    after = ids()
    tap.equal({i: after.get(i) for i in before}, before, "an updated row keeps its id")


def spark_sets_back(tap, source, lake):
    table = f"{lake}/shop/orders"
    before = [s["sequence-number"] for s in metadata(table)["snapshots"]][-2:]
    old = metadata(table)["snapshots"][-2]["snapshot-id"]
    rows = lake_rows(table, before[0])
    tap.equal(lake_rows(table, old), rows, "a version is told by its sequence number or by its id")
    tap.equal(tailrace("cat", table, "--snapshot", str(old)).stdout, tailrace("cat", table, "--version", str(old)).stdout,
              "--snapshot is the word for it, too")
    call(lake, "rollback_to_snapshot", "orders", f", snapshot_id => {old}")
    tap.equal(difference(lake_rows(table), rows), "", "a table that Spark set back is so")
    check(tap, source, lake, "after Spark's rollback_to_snapshot")


def spark_deletes(tap, source, lake):
    """Rows that somebody else deleted: what Spark writes is read as it is meant, also after we wrote on."""
    table = f"{lake}/shop/pairs"
    spark_session(lake).sql("ALTER TABLE ice.shop.pairs SET TBLPROPERTIES ('write.delete.granularity' = 'file')")
    spark_session(lake).sql("DELETE FROM ice.shop.pairs WHERE a % 13 = 5")
    check_iceberg(tap, table, lake_rows(table), "what Spark deleted is not in cat either", ["pyiceberg", "spark"])
    source.change(20)
    done = sync(source.server, "shop", lake, *OPTIONS)
    tap.ok(done.returncode == 0 and "another writer changed rows" in done.stderr, "rows that Spark changed are warned of", done.stderr[-1500:])
    check_iceberg(tap, table, lake_rows(table), "after Spark's deletes and ours", ["pyiceberg", "spark"])


def catalogs(tap, source, version):
    """A table that a catalog keeps, and nobody finds by its folder but us."""
    from pyiceberg.catalog.sql import SqlCatalog
    folder = scratch()
    options = (*OPTIONS, "--iceberg-version", str(version), "--iceberg-catalog", f"sqlite://{folder}/catalog.db")
    for step in ("copied", "changed"):
        done = sync(source.server, "shop", f"{folder}/lake", *options)
        tap.ok(done.returncode == 0, f"SQL catalog: {step}", done.stderr[-1500:])
        table = SqlCatalog("tailrace", uri=f"sqlite:///{folder}/catalog.db").load_table("shop.orders")
        wanted = source_rows(source.db, "shop", "orders", COLUMNS)
        got = table.scan().to_arrow()
        got = collections.Counter(zip(*(read.column(got.column(name), kind) for name, kind in COLUMNS)))
        tap.equal(difference(got, wanted), "", f"SQL catalog: {step}: pyiceberg")
        for words in ([f"{folder}/lake/shop/orders"], ["shop.orders", *options[-2:]]):
            tap.equal(len(tailrace("cat", *words).stdout.splitlines()), sum(wanted.values()), f"SQL catalog: {step}: cat {words[0]}")
        source.change(20)


def foreign(tap):
    """Tables that we had no part in."""
    import pyarrow as pa
    from pyiceberg.catalog.sql import SqlCatalog
    folder = scratch()
    wanted = [{"id": i, "s": f"s{i}"} for i in range(100)]

    def check(table, claim):
        done = tailrace("cat", table)
        rows = sorted(map(json.loads, done.stdout.splitlines()), key=lambda row: row["id"])
        tap.equal(rows, [row for row in wanted if row["id"] % 10 != 3], claim) or tap.note(done.stderr)

    catalog = SqlCatalog("any", uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
    catalog.create_namespace("a")
    rows = pa.Table.from_pylist(wanted)
    for version in (1, 2):
        table = catalog.create_table(f"a.v{version}", rows.schema, properties={"format-version": str(version)})
        table.append(rows)
        for i in range(3, 100, 10):
            table.delete(f"id = {i}")
        check(f"{folder}/a/v{version}", f"a table of pyiceberg's, version {version}")
    spark = spark_session(folder)
    for version, mode in ((1, "copy-on-write"), (2, "merge-on-read"), (3, "merge-on-read")):
        spark.sql(f"CREATE TABLE ice.b.v{version} (id BIGINT, s STRING) USING iceberg PARTITIONED BY (bucket(3, id)) "
                  f"TBLPROPERTIES ('format-version'='{version}', 'write.delete.mode'='{mode}')")
        spark.sql(f"INSERT INTO ice.b.v{version} SELECT id, concat('s', id) FROM range(100)")
        spark.sql(f"DELETE FROM ice.b.v{version} WHERE id % 10 = 3")
        check(f"{folder}/b/v{version}", f"a table of Spark's, version {version}")
    spark.sql("CREATE TABLE ice.b.spread (id BIGINT, s STRING) USING iceberg TBLPROPERTIES ('format-version'='2', "
              "'write.delete.mode'='merge-on-read', 'write.delete.granularity'='partition')")
    for first in (0, 50):
        spark.sql(f"INSERT INTO ice.b.spread SELECT id + {first}, concat('s', id + {first}) FROM range(50)")
    for last in (3, 53):
        spark.sql(f"DELETE FROM ice.b.spread WHERE id % 10 = 3 AND id % 100 >= {last} - 3")
    check(f"{folder}/b/spread", "a table of Spark's with deletes that are of many files")
    tap.ok("deleted rows  10," in tailrace("describe", f"{folder}/b/spread").stdout, "which are counted once")


def refusals(tap, source, lake):
    done = sync(source.server, "shop", lake)
    tap.ok(done.returncode != 0 and "--table-format iceberg" in done.stderr, "Delta does not go into an Iceberg table", done.stderr)
    done = tailrace("publish", f"{lake}/shop/orders")
    tap.ok(done.returncode != 0 and "is an Iceberg table already" in done.stderr, "an Iceberg table is not published as one", done.stderr)
    moved = f"{lake}.moved"
    shutil.copytree(f"{lake}/shop/orders", moved)
    done = tailrace("cat", moved)
    tap.ok(done.returncode != 0 and "moved" in done.stderr, "a moved folder is refused", done.stderr)
    os.mkdir(f"{lake}/shop/orders/_delta_log")
    open(f"{lake}/shop/orders/_delta_log/{0:020}.json", "w").close()
    done = tailrace("cat", f"{lake}/shop/orders")
    tap.ok(done.returncode != 0 and "beside each other" in done.stderr, "two tables in one folder are refused", done.stderr)


def main():
    tap, seed = Tap(), int(os.environ.get("SEED", random.randrange(1 << 30)))
    if not need_readers(tap, "Iceberg's tables are the source's"):
        return tap.done()
    tap.note(f"SEED={seed} SERVER={KIND}")
    server = Server()
    source = Source(server, seed)
    for version in (3, 2):
        lake = f"{scratch()}/lake"
        source.db.sql(source.insert(500))
        done = sync(server, "shop", lake, *OPTIONS, "--iceberg-version", str(version))
        tap.ok(done.returncode == 0, f"version {version}: synced", done.stderr[-1500:])
        tap.equal({metadata(f"{lake}/shop/{name}")["format-version"] for name in TABLES}, {version}, f"format version {version}")
        kills(tap, source, lake)
        if version == 3:
            orphans(tap, source, lake)
        spark_rewrites(tap, source, lake)
        spark_beside(tap, source, lake)
        source.change(20)
        check(tap, source, lake, "again", ["pyiceberg"])
        if version == 3:
            row_ids(tap, source, lake)
        spark_sets_back(tap, source, lake)
        spark_deletes(tap, source, lake)
        spark_session(lake).stop()  # its catalog has one warehouse
        spark_session.cache_clear()
        catalogs(tap, source, version)
    foreign(tap)
    refusals(tap, source, lake)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

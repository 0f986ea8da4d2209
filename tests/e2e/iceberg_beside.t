#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""With --table-format both: kill -9 anywhere leaves two equal sides after the next sync; what others do to either side is
followed, undone or refused. tests/readers/install.sh installs the engines. SEED and MINUTES as in random.t."""
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from iceberg_rig import *
from workload import TABLES, Workload

BOTH = ("--table-format", "both")


def files(table):
    return sorted(os.listdir(f"{table}/_iceberg/metadata"))


# --- kills -------------------------------------------------------------------------------------------

def kill_rounds(tap, server, lake, r):
    work = Workload(server, r)
    work.create(50)
    end, rounds = time.monotonic() + min(MINUTES, 0.4) * 60, 0
    while time.monotonic() < end:
        run = Run(server, "work", lake, *BOTH, "--commit-interval", "20ms", "--batch-rows-max", r.choice(["50", "5000"]))
        stop = time.monotonic() + r.choice([0.2, 0.5, 1.5])
        while time.monotonic() < stop:
            work.step()
        status = run.kill()
        rounds += 1
        if not tap.ok(status == -9, f"round {rounds}: killed", run.tail()):
            return
        done = sync(server, "work", lake, *BOTH)
        tap.ok(done.returncode == 0, f"round {rounds}: synced", done.stderr[-800:])
        check_work(tap, server, lake, f"round {rounds}", ["duckdb"])
    check_work(tap, server, lake, "in the end", ENGINES)


def check_work(tap, server, lake, claim, engines):
    db = server.session()
    for name in TABLES:
        table = f"{lake}/work/{name}"
        tap.equal(compare(db, lake, "work", name), "", f"{claim}: {name}: Delta")
        check_iceberg(tap, table, source_rows(db, "work", name, delta_schema(table)), f"{claim}: {name}", engines)
    db.close()


# --- others ------------------------------------------------------------------------------------------

def check(tap, db, lake, claim):
    """All sides of o.t."""
    table = f"{lake}/o/t"
    tap.equal(compare(db, lake, "o", "t"), "", f"{claim}: Delta")
    check_iceberg(tap, table, source_rows(db, "o", "t", delta_schema(table)), claim, [e for e in ENGINES if e not in ("polars", "daft")])


def publish_twice(tap, server, db, lake):
    table = f"{lake}/o/t"
    db.sql("CREATE DATABASE o; CREATE TABLE o.t (id INT PRIMARY KEY, v VARCHAR(20));"
           "INSERT INTO o.t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 500) SELECT i, CONCAT('v', i) FROM n")
    sync(server, "o", lake)
    db.sql("DELETE FROM o.t WHERE id % 10 = 3")
    sync(server, "o", lake)
    first = tailrace("publish", table)
    tap.ok(first.returncode == 0 and newest(table) in first.stdout, "a Delta table is published", first.stderr + first.stdout)
    check(tap, db, lake, "published")
    at = versions(table)[-1].number
    tap.ok(f"iceberg       format 3, has version {at}, 0 behind\n              file://{newest(table)}\n" in tailrace("describe", table).stdout,
           "describe shows the Iceberg side", tailrace("describe", table).stdout)
    had = files(table)
    tailrace("publish", table)
    tap.equal(files(table), had, "published again: nothing is written")


# --- the past ----------------------------------------------------------------------------------------

def make_past(server, db, lake):
    """A table with some twenty versions, which has had an Iceberg side already."""
    db.sql("CREATE DATABASE p; CREATE TABLE p.t (id INT PRIMARY KEY, v VARCHAR(20));"
           "INSERT INTO p.t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 300) SELECT i, CONCAT('v', i) FROM n")
    sync(server, "p", lake, *BOTH)
    run = Run(server, "p", lake, *BOTH, "--commit-interval", "10ms")
    at = lambda: versions(f"{lake}/p/t")[-1].number
    for i in range(17):
        had = at()
        db.sql({8: "ALTER TABLE p.t ADD COLUMN w BIGINT NOT NULL DEFAULT 7; UPDATE p.t SET w = id WHERE id % 5 = 0", 12: "DELETE FROM p.t WHERE id < 40",
                15: "TRUNCATE p.t; INSERT INTO p.t VALUES (1, 'anew', 1)"}.get(i, f"REPLACE INTO p.t (id, v) VALUES ({i}, 'i{i}'), ({i + 100}, 'j{i}')"))
        wait_until(lambda: at() > had)
    run.term()
    shutil.rmtree(f"{lake}/p/t/_iceberg")
    return at()


def check_past(tap, lake, first, last):
    from pyiceberg.table import StaticTable
    table = f"{lake}/p/t"
    m, theirs, wrong = metadata(table), StaticTable.from_metadata(newest(table)), []
    by_version = {int(s["summary"]["tailrace.leader-version"]): s for s in m["snapshots"]}
    tap.equal(sorted(by_version), list(range(first, last + 1)), "each version of the Delta table is a snapshot")
    times = {v.number: v.info["timestamp"] for v in versions(table)}
    tap.equal({v: s["timestamp-ms"] for v, s in by_version.items()}, {v: times[v] for v in by_version}, "with the time of its commit")
    for version, snapshot in by_version.items():
        wanted, schema = lake_rows(table, version), delta_schema(table, version)
        readers = {"pyiceberg": theirs.scan(snapshot_id=snapshot["snapshot-id"]).to_arrow}
        if version in (first, 13, last):
            ours = [sorted(tailrace("cat", at, "--version", str(number)).stdout.splitlines())
                    for at, number in ((table, version), (f"{table}/_iceberg", snapshot["snapshot-id"]))]
            if ours[0] != ours[1]:
                wrong.append(f"cat, version {version}")
        if "spark" in ENGINES and version in (first, 13, last):
            of = f"SELECT * FROM {spark_name(table)} VERSION AS OF {snapshot['snapshot-id']}"
            readers["spark"] = lambda: spark_session(lake).sql(of).toArrow()
        for engine, ask in readers.items():
            got = ask()
            rows = collections.Counter(zip(*(read.column(got.column(name), kind) for name, kind in schema)))
            if got.column_names != [name for name, _ in schema] or rows != wanted:
                wrong.append(f"{engine}, version {version}: {difference(rows, wanted)}")
    tap.equal(wrong, [], "and its rows are the version's")
    if "spark" in ENGINES:
        ids = spark_session(lake).sql(f"SELECT count(*), count(DISTINCT _row_id) FROM {spark_name(table)}").collect()[0]
        tap.equal(ids[0], ids[1], "no two rows have one id")


def publish_past(tap, server, db, lake, r):
    table = f"{lake}/p/t"
    last, first, kills = make_past(server, db, lake), 3, 0
    while kills < 20:
        process = subprocess.Popen([TAILRACE, "publish", table, "--version", str(first)], stdout=subprocess.DEVNULL)
        time.sleep(r.uniform(0.01, 0.3) if kills > 1 else 0.02)
        if process.poll() is not None:
            break
        kills += 1
        process.kill()
        process.wait()
    tap.ok(kills > 1, f"publishing a past is killed {kills} times")
    done = tailrace("publish", table, "--version", str(first))
    tap.ok(done.returncode == 0, "and goes on to its end", done.stderr)
    check_past(tap, lake, first, last)
    had = files(table)
    tailrace("publish", table, "--version", str(first))
    tap.equal(files(table), had, "published again: nothing is written")
    for version, words in ((first - 1, f"no snapshot of version {first - 1}"), (last + 1, f"the newest is {last}")):
        done = tailrace("publish", table, "--version", str(version))
        tap.ok(done.returncode == 2 and words in done.stderr, f"version {version} is refused", done.stderr)
    shutil.rmtree(f"{table}/_iceberg")
    entry = [json.loads(line) for line in open(f"{table}/_delta_log/{5:020}.json")]
    os.unlink(f"{table}/" + next(action["add"]["path"] for action in entry if "add" in action))
    done = tailrace("publish", table, "--version", "2")
    tap.ok(done.returncode == 2 and "the first that can be published is " in done.stderr, "a version whose files were vacuumed is refused", done.stderr)
    tap.ok(not os.path.exists(f"{table}/_iceberg"), "and nothing is written")
    first = int(done.stderr.split()[-1])
    done = tailrace("publish", table, "--version", str(first))
    tap.ok(done.returncode == 0, f"the first that is named, {first}, is published", done.stderr)
    check_past(tap, lake, first, last)


def remove_face(tap, server, db, lake):
    """While a run has it open."""
    table = f"{lake}/o/t"
    had = versions(table)[-1].number
    has_followed = lambda more: versions(table)[-1].number >= had + more and \
        property_of(table, "leader-version") == str(versions(table)[-1].number)
    run = Run(server, "o", lake, *BOTH)
    db.sql("UPDATE o.t SET v = 'before' WHERE id = 1")
    wait_until(lambda: has_followed(1))
    shutil.rmtree(f"{table}/_iceberg")
    db.sql("UPDATE o.t SET v = 'after' WHERE id = 1")
    came = wait_until(lambda: os.path.exists(f"{table}/_iceberg/metadata/version-hint.text") and has_followed(2), 30)
    tap.ok(came and run.term() == 0, "a face that is removed under a run is made anew", run.tail())
    check(tap, db, lake, "made anew")


def change_delta(tap, server, db, lake):
    """Files put together, and rows deleted here and in the source alike."""
    table = f"{lake}/o/t"
    spark_session(lake).sql(f"OPTIMIZE delta.`{table}`")
    tap.ok(tailrace("publish", table).returncode == 0, "after an OPTIMIZE of Spark the face is published")
    check(tap, db, lake, "after an OPTIMIZE of Spark")
    spark_session(lake).sql(f"DELETE FROM delta.`{table}` WHERE id % 7 = 1")
    db.sql("DELETE FROM o.t WHERE id % 7 = 1")
    tap.ok(tailrace("publish", table).returncode == 0, "after a DELETE of Spark the face is published")
    check(tap, db, lake, "after a DELETE of Spark")
    db.sql("UPDATE o.t SET v = CONCAT('x', id) WHERE id % 2 = 0")
    done = sync(server, "o", lake, *BOTH)
    tap.ok(done.returncode == 0, "synced behind Spark", done.stderr[-800:])
    check(tap, db, lake, "synced behind Spark")


def change_face(tap, server, db, lake):
    table = f"{lake}/o/t"
    spark, name = spark_session(lake), spark_name(f"{lake}/o/t")
    spark.sql(f"CALL ice.system.rewrite_data_files(table => '{name[4:]}', options => map('rewrite-all', 'true'))")
    db.sql("DELETE FROM o.t WHERE id % 11 = 2")
    done = sync(server, "o", lake, *BOTH)
    tap.ok(done.returncode == 0, "synced after rewrite_data_files", done.stderr[-800:])
    check(tap, db, lake, "after rewrite_data_files")
    try:
        spark.sql(f"CALL ice.system.expire_snapshots(table => '{name[4:]}', older_than => now(), retain_last => 1)")
        tap.ok(False, "expire_snapshots cannot take data files from the Delta table")
    except Exception as e:
        tap.ok("GC is disabled" in str(e), "expire_snapshots cannot take data files from the Delta table", str(e)[:500])
    spark.sql(f"INSERT INTO {name} VALUES (100000, 'foreign')")
    db.sql("UPDATE o.t SET v = 'behind a foreign row' WHERE id = 4")
    done = sync(server, "o", lake, *BOTH)
    tap.ok(done.returncode != 0 and "somebody else changed rows of the table" in done.stderr and "append" in done.stderr,
           "somebody else's append to the face is refused", done.stderr[-800:])
    tap.equal(compare(db, lake, "o", "t"), "", "and Delta goes on")
    shutil.rmtree(f"{table}/_iceberg")
    done = sync(server, "o", lake, *BOTH)
    tap.ok(done.returncode == 0, "the face is removed, and synced", done.stderr[-800:])
    check(tap, db, lake, "anew after a foreign append")


def orphans(tap, server, db, lake):
    """What a crash left of the Iceberg side goes by Spark's procedure, which sees none of the Delta table's files."""
    table, spark, name = f"{lake}/o/t", spark_session(lake), spark_name(f"{lake}/o/t")
    of_delta, planted = plant_orphans(table)
    had, call = files_below(table), f"CALL ice.system.remove_orphan_files(table => '{name[4:]}')"
    try:
        spark.sql(call)
        tap.ok(False, "remove_orphan_files is refused")
    except Exception as e:
        tap.ok("GC is disabled" in str(e), "remove_orphan_files is refused", str(e)[:500])
    for step in ("ALTER TABLE {} SET TBLPROPERTIES ('gc.enabled' = 'true')", call, "ALTER TABLE {} SET TBLPROPERTIES ('gc.enabled' = 'false')"):
        spark.sql(step.format(name))
    gone = {path for path in had - files_below(table) if not path.endswith(".metadata.json")}  # Spark's own commits take old ones
    tap.ok(len(planted) > 2, f"{len(planted)} orphans")
    tap.equal(gone, planted, "with gc.enabled it takes them and nothing else")
    tap.ok(of_delta <= files_below(table), "of the Delta table nothing, not even its own orphans")
    db.sql("UPDATE o.t SET v = 'after the orphans' WHERE id = 5")
    done = sync(server, "o", lake, *BOTH)
    tap.ok(done.returncode == 0, "synced after it", done.stderr[-800:])
    check(tap, db, lake, "after remove_orphan_files")


def main():
    need_binary()
    tap = Tap()
    if not need_readers(tap, "both sides of a table are equal beside others"):
        return tap.done()
    seed = int(os.environ.get("SEED", random.randrange(1 << 30)))
    tap.note(f"SEED={seed}")
    server = Server("--sync-binlog=1")
    lake = f"{scratch()}/lake"
    kill_rounds(tap, server, lake, random.Random(seed))
    db = server.session()
    publish_twice(tap, server, db, lake)
    publish_past(tap, server, db, lake, random.Random(seed))
    remove_face(tap, server, db, lake)
    if "spark" in ENGINES:
        change_delta(tap, server, db, lake)
        change_face(tap, server, db, lake)
        orphans(tap, server, db, lake)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

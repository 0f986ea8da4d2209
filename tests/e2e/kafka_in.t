#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Topics into Delta tables: a server's changes by way of Kafka end up as the server has them, whatever is killed
meanwhile, and each version's position says what is in it.

SEED repeats a run's choices, MINUTES sets its length, PARTS names the parts to run.
"""
import collections
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import PATIENCE, Traffic
from workload import TABLES

MINUTES = float(os.environ.get("MINUTES", 0.5))
PARTS = os.environ.get("PARTS", "").split()


def event(op, before, after, place, table="t"):
    source = {"connector": "mysql", "name": "x", "db": "shop", "table": table, "ts_ms": 1795271779000, "snapshot": "false",
              "file": "b.000001", "pos": place, "row": 0}
    value = {"before": before, "after": after, "source": source, "op": op, "ts_ms": 1}
    return json.dumps({"id": (after or before)["id"]}).encode(), json.dumps(value).encode()


class Test(Traffic):
    def __init__(self):
        super().__init__(MINUTES)
        self.lake = f"{self.folder}/lake"

    def sync(self):
        return sync(self.broker, "/p.work.*/", self.lake)

    def round(self):
        r = self.random
        run = Run(self.broker, "/p.work.*/", self.lake, "--commit-interval", r.choice(["20ms", "200ms"]), "--batch-rows-max",
                  r.choice(["50", "5000"]))
        end = time.monotonic() + r.choice([0.3, 1, 2])
        while time.monotonic() < end:
            self.work.step()
        how = r.choice(["kill", "kill", "kill", "term", "broker"])
        self.counts[how] += 1
        if how == "broker":
            self.broker.kill()
            time.sleep(0.5)
            self.broker.start()
            time.sleep(2)
            if not run.alive():
                return f"it ended with the broker: {run.tail()}"
        status = run.term() if how == "term" else run.kill()
        return "" if status == (0 if how == "term" else -9) else f"{how}: status {status}: {run.tail()}"

    def follows(self):
        tap = self.tap
        self.work.create(100)
        self.server.session().sql("GRANT LOCK TABLES ON work.* TO tailrace@'%'")
        for name in ("account", "hot", "pair"):
            self.broker.create(f"p.work.{name}", partitions=4)
        out = Run(self.server, "work", self.broker.url("p"), "--schemas", log=f"{self.folder}/out")
        # a topic for each table but the empty ones
        wait_until(lambda: "p.work.swapped" in self.broker.topics(), 30)
        end, wrong = time.monotonic() + MINUTES * 60, ""
        while time.monotonic() < end and not wrong:
            wrong = self.round()
        tap.equal(wrong, "", "runs end when they are told to, and not before")
        tap.equal(out.term(), 0, "the server's changes are in the topics")
        sync(self.server, "work", self.broker.url("p"), "--schemas")
        done = self.sync()
        if not tap.equal(done.returncode, 0, "sync comes to the topics' end"):
            tap.note(done.stderr)
        db = self.server.session()
        for name in TABLES:
            if os.path.isdir(f"{self.lake}/work/{name}"):
                tap.equal(self.compare(db, name), "", f"{name}: the table is what the server has")
                self.counts["tables"] += 1
        tap.ok(self.counts["tables"] >= 7, "of most tables there was a change")
        before = {name: len(versions(f"{self.lake}/work/{name}")) for name in ("hot", "events")}
        done = self.sync()
        after = {name: len(versions(f"{self.lake}/work/{name}")) for name in ("hot", "events")}
        tap.equal((done.returncode, after), (0, before), "and then there is nothing to do")
        os.unlink(f"{self.lake}/_tailrace/tailrace/progress.json")
        done = self.sync()
        after = {name: len(versions(f"{self.lake}/work/{name}")) for name in ("hot", "events")}
        tap.equal((done.returncode, after), (0, before), "nor when the progress file is gone")
        tap.note(dict(self.counts))

    # --- what can be wrong ----------------------------------------------------------------------------

    def refusals(self):
        tap, lake = self.tap, f"{self.folder}/other"

        self.broker.create("x.shop.t")
        self.broker.write("x.shop.t", [event("c", None, {"id": 1, "v": "a"}, 1), event("c", None, {"id": 2, "v": None}, 2),
                                       event("u", {"id": 1, "v": "a"}, {"id": 1, "v": "b"}, 3), event("d", {"id": 2, "v": None}, None, 4)])
        done = sync(self.broker, "x.shop.t", lake)
        tap.equal((done.returncode, tailrace("cat", f"{lake}/shop/t").stdout), (0, '{"id":1,"v":"b"}\n'),
                  "messages without a schema are read by what they look like")
        self.broker.write("x.shop.t", [event("c", None, {"id": 3}, 5)])
        done = sync(self.broker, "x.shop.t", lake)
        tap.ok(done.returncode == 1 and 'partition 0, offset 4' in done.stderr and 'leaves out column "v"' in done.stderr,
               "a new row without a column halts, with its offset", done.stderr)
        self.broker.write("x.shop.u", [(b"k", b'{"not": "a change"}')])
        done = sync(self.broker, "x.shop.u", lake)
        tap.ok(done.returncode == 1 and 'topic x.shop.u, partition 0, offset 0' in done.stderr and '"{"not"' in done.stderr,
               "what is no change message halts, with its first bytes", done.stderr)
        for source, target, options, what in (
                (self.broker.url("nothere"), lake, [], "there is no topic nothere"), (self.broker.url("/[/"), lake, [], "topics \"/[/\""),
                ("kafka://h:1", lake, [], "TOPIC"), (self.broker.url("x.shop.t"), "kafka://h:1/p", [], "a directory of Delta tables"),
                (self.broker.url("x.shop.t"), lake, ["--schema", "id NOPE"], "--schema"),
                (self.broker.url("x.shop.t"), lake, ["--table", "t"], "database.table"),
                (self.broker.url("x.shop.t"), lake, ["--server-id", "4"], "no effect")):
            done = tailrace("sync", "--from", source, "--to", target, *options)
            tap.ok(done.returncode == 2 and what in done.stderr, f"refused: {what}", done.stderr)
        self.broker.delete("x.shop.t")
        self.broker.write("x.shop.t", [event("c", None, {"id": 4, "v": "new"}, 6)])
        done = sync(self.broker, "x.shop.t", lake)
        tap.ok(done.returncode == 1 and "made again" in done.stderr, "a topic that was made again halts", done.stderr)

        self.broker.write("x.shop.g", [event("c", None, {"id": i, "v": "a"}, i) for i in range(10)])
        tailrace("sync", "--from", self.broker.url("x.shop.g"), "--to", lake, "--table", "shop.g", "--name", "g")
        self.broker.write("x.shop.g", [event("c", None, {"id": i, "v": "a"}, i) for i in range(10, 30)])
        self.broker.forget("x.shop.g", 0, 20)
        for what in ("is there", "is gone"):
            done = tailrace("sync", "--from", self.broker.url("x.shop.g"), "--to", lake, "--table", "shop.g", "--name", "g")
            tap.ok(done.returncode == 1 and "retention" in done.stderr, f"retention that has passed us halts, when the progress file {what}",
                   done.stderr)
            shutil.rmtree(f"{lake}/_tailrace/g", ignore_errors=True)

    # --- where it begins ------------------------------------------------------------------------------

    def begins(self):
        """What a table had not committed when everything but the tables was lost is read again."""
        tap, lake = self.tap, f"{self.folder}/begins"
        insert = lambda topic, table, *ids: self.broker.write(topic, [event("c", None, {"id": i}, i, table) for i in ids])
        rows = lambda table: tailrace("cat", f"{lake}/shop/{table}").stdout.split()

        def begin(place):
            done = tailrace("sync", "--from", self.broker.url("/y.shop..*/"), "--to", lake, "--from-offset", place)
            return done.returncode or done.stderr

        insert("y.shop.one", "one", 1)
        insert("y.shop.two", "two", 1)
        begin("latest")
        insert("y.shop.one", "other", 2)
        insert("y.shop.one", "one", 3)
        insert("y.shop.two", "two", 4)
        begin("latest")
        tap.equal((rows("one"), rows("other"), rows("two")), (['{"id":3}'], ['{"id":2}'], ['{"id":4}']), "latest begins at the ends")
        for lost in ("shop/other", "shop/two", "_tailrace"):
            shutil.rmtree(f"{lake}/{lost}")
        insert("y.shop.two", "two", 5)
        insert("y.shop.three", "three", 6)
        said = begin("latest")
        if not tap.equal((rows("one"), rows("other"), rows("two")), (['{"id":3}'], ['{"id":2}'], ['{"id":4}', '{"id":5}']),
                         "tables that had committed nothing begin where the pipeline began"):
            tap.note(said)
        tap.equal(rows("three"), ['{"id":6}'], "and a topic that was added begins with its first message")
        shutil.rmtree(f"{lake}/shop/one")
        shutil.rmtree(f"{lake}/_tailrace")
        begin("earliest")
        tap.equal(rows("one"), ['{"id":3}'], "whatever --from-offset says later")

    # --- where it ends --------------------------------------------------------------------------------

    def ends(self):
        """What stands behind an open transaction cannot be read before that has ended, but was there at the start."""
        tap, lake = self.tap, f"{self.folder}/ends"
        rows = lambda table: tailrace("cat", f"{lake}/shop/{table}").stdout.split()
        producer = self.broker.producer(transactional_id="open")
        producer.init_transactions()
        producer.begin_transaction()
        for table in ("one", "two"):
            producer.produce(f"z.shop.{table}", *reversed(event("c", None, {"id": 1}, 1, table)))
        producer.flush()
        for table in ("one", "two"):
            self.broker.write(f"z.shop.{table}", [event("c", None, {"id": 2}, 2, table)])
        done = subprocess.Popen([TAILRACE, "sync", "--from", self.broker.url("/z.shop..*/"), "--to", lake], stdin=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, env=environment(), text=True)
        atexit.register(done.kill)
        time.sleep(12)
        tap.equal(done.poll(), None, "a sync waits for the transactions that were open at its start")
        self.broker.write("z.shop.one", [event("c", None, {"id": 3}, 3, "one")])
        producer.commit_transaction()
        said = done.communicate(timeout=PATIENCE)[1]
        if not tap.equal((done.returncode, rows("one")[:2], rows("two")), (0, ['{"id":1}', '{"id":2}'], ['{"id":1}', '{"id":2}']),
                         "and has then all that stood in the topics"):
            tap.note(said)
        tap.equal(said.count('topic=z.shop.one partition=0 offset=0 end=2'), 1, "and says once in ten seconds what it waits for")

    def compare(self, db, name):
        """The spaces in a JSON column are no difference: Debezium's messages leave them out."""
        table = f"{self.lake}/work/{name}"
        tight = lambda cell: json.dumps(json.loads(cell)) if isinstance(cell, str) and cell.startswith("{") else cell
        sides = (lake_rows(table), source_rows(db, "work", name, delta_schema(table)))
        return difference(*(collections.Counter({tuple(map(tight, row)): n for row, n in rows.items()}) for rows in sides))

    def run(self):
        for part in PARTS or ("follows", "refusals", "begins", "ends"):
            getattr(self, part)()
        return self.tap.done()


if __name__ == "__main__":
    need_binary()
    sys.exit(Test().run())

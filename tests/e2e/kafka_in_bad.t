#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What topics do that nobody wishes for: columns that come and go in mid-topic, values that fit no more, events that
come twice, places that are not there. Each ends in a documented action or in a sentence.

PARTS names those of the test that are wanted, SEED repeats a run's choices.
"""
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Broker, Message


PARTS = os.environ.get("PARTS", "").split()
SEED = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))


class Topic:
    """Debezium's messages of one table into one topic; positions grow by themselves."""

    types = {"id": ("int32", False), "big": ("int64", True), "real": ("double", True)}

    def __init__(self, test, name, partitions=1, schemas=False):
        self.broker, self.name, self.schemas, self.place = test.broker, name, schemas, 100
        self.database, self.table = name.split(".")[1:]
        self.broker.create(name, partitions)

    def source(self, place=None, **more):
        self.place += 10 if place is None else 0
        return {"connector": "mysql", "name": "x", "db": self.database, "table": self.table, "ts_ms": 1795271779000,
                "snapshot": "false", "server_id": 7, "file": "b.000001", "pos": place or self.place, "row": 0, **more}

    def value(self, op, before, after, source):
        value = {"before": before, "after": after, "source": source, "op": op, "ts_ms": 1}
        if not self.schemas:
            return value
        types = [dict(zip(("type", "optional", "field"), (*self.types.get(name, ("string", True)), name)))
                 for name in (after or before)]
        fields = [{"type": "struct", "fields": types, "optional": True, "field": field} for field in ("before", "after")]
        return {"schema": {"type": "struct", "fields": fields}, "payload": value}

    def message(self, op, before, after, **source):
        value = self.value(op, before, after, self.source(**source))
        return (json.dumps({"id": (after or before)["id"]}).encode() if after or before else None), json.dumps(value).encode()

    def new(self, **after):
        return self.message("c", None, after)

    def write(self, *messages, partition=None):
        if partition is not None:
            messages = [Message(self.name, partition, None, None, key, value, []) for key, value in messages]
        self.broker.write(self.name, messages)


class Test:
    def __init__(self):
        self.tap = Tap()
        self.broker = Broker()
        self.lake = f"{scratch()}/lake"

    def sync(self, topics, *options):
        return tailrace("sync", "--from", self.url(topics), "--to", self.lake, *options)

    def start(self, topics, *options):
        return Run(self, topics, self.lake, *options)

    def url(self, topics):
        return f"kafka://{self.broker.address}/{topics}"

    def rows(self, table):
        return sorted(tailrace("cat", f"{self.lake}/{table}").stdout.splitlines())

    def is_table(self, done, table, rows, what):
        """The run ended well and the table has just these rows, as JSON without its braces."""
        self.claim(done, self.rows(table), ["{" + row + "}" for row in rows], what)

    def claim(self, done, got, wanted, what):
        if not self.tap.equal((done.returncode, got), (0, wanted), what):
            self.tap.note(done.stderr)

    # --- columns that come and go ---------------------------------------------------------------------

    def added_column(self):
        for schemas in (True, False):
            kind = "with" if schemas else "without"
            topic = Topic(self, f"x.add.{kind}", schemas=schemas)
            topic.write(*(topic.new(id=i, v="a") for i in range(3)))
            self.is_table(self.sync(topic.name), f"add/{kind}", [f'"id":{i},"v":"a"' for i in range(3)], "first")
            topic.write(*(topic.new(id=i, v="a") for i in range(3, 700)), topic.new(id=700, v="a", w="b"))
            done = self.sync(topic.name)
            self.claim(done, self.rows(f"add/{kind}")[0], '{"id":0,"v":"a","w":null}',
                       f"a column is added in mid-topic, {kind} a schema")
            topic.write(topic.new(id=701, v="a", w="c"))
            done = self.sync(topic.name)
            self.claim(done, len(self.rows(f"add/{kind}")), 702, f"and a restart goes on, {kind} a schema")

    def old_and_new(self):
        """Two partitions with all their messages before the look: what is older than the column has NULL, also after a
        restart, and what comes without it behind it halts."""
        tap, topic = self.tap, Topic(self, "x.mid.t", partitions=2, schemas=True)
        topic.write(topic.new(id=1, v="a"), topic.new(id=2, v="b", w="x"), partition=0)
        self.is_table(self.sync(topic.name), "mid/t", ['"id":1,"v":"a","w":null', '"id":2,"v":"b","w":"x"'], "a column in the look")
        topic.write(topic.new(id=3, v="c"), partition=1)
        self.is_table(self.sync(topic.name), "mid/t", ['"id":1,"v":"a","w":null', '"id":2,"v":"b","w":"x"', '"id":3,"v":"c","w":null'],
                      "a partition that has not shown the column is older than it")
        topic.write(topic.new(id=4, v="d", w="y"), topic.message("u", None, {"id": 3, "v": "e"}), partition=1)
        topic.write(topic.message("d", {"id": 1, "v": "a", "w": None}, None), topic.message("d", {"id": 2, "v": "a", "w": None}, None), partition=0)
        self.is_table(self.sync(topic.name), "mid/t", ['"id":3,"v":"e","w":null', '"id":4,"v":"d","w":"y"'],
                      "an update without the column leaves it as it is")
        topic.write(topic.new(id=5, v="f"), partition=1)
        for what in ("", ", and so does the next run"):
            done = self.sync(topic.name)
            tap.ok(done.returncode == 1 and 'partition 1, offset 3: a new row of table mid.t leaves out column "w"' in done.stderr,
                   f"a column that was there and is gone halts{what}", done.stderr)
        os.rename(f"{self.lake}/mid/t", f"{self.lake}/mid/t.away")
        self.is_table(self.sync(topic.name, "--schema", "id INT, v STRING"), "mid/t", ['"id":3,"v":"e"', '"id":4,"v":"d"', '"id":5,"v":"f"'],
                      "until the table is made anew without it, as the sentence says")

    def purged(self):
        """Compaction and retention take the messages away that the table was made of."""
        topic = Topic(self, "x.purged.t")
        topic.write(*(topic.new(id=i, v="a", w="b") for i in range(3)))
        self.is_table(self.sync(topic.name), "purged/t", [f'"id":{i},"v":"a","w":"b"' for i in range(3)], "first")
        topic.write(topic.message("u", None, {"id": 1, "w": "c"}), topic.message("d", {"id": 2}, None))
        self.broker.purge(topic.name, 3)
        self.is_table(self.sync(topic.name), "purged/t", ['"id":0,"v":"a","w":"b"', '"id":1,"v":"a","w":"c"'],
                      "what is kept of a topic need not show every column")
        topic.write(topic.message("t", None, None))
        self.broker.purge(topic.name, 5)
        self.is_table(self.sync(topic.name), "purged/t", [], "a truncate alone is enough")

    def compacted(self):
        """What compaction leaves of a delete is its tombstone, with a gap before it; behind another message a tombstone says nothing."""
        topic = Topic(self, "x.compact.t", schemas=True)
        events = [topic.new(id=i) for i in range(4)]
        topic.write(*events)
        self.sync(topic.name)
        key = lambda message: (message[0], None)
        self.gap(topic)
        topic.write(key(events[1]))
        gone = topic.message("d", {"id": 2}, None)
        topic.write(gone, key(gone), (b"other", None), (None, None))
        self.is_table(self.sync(topic.name), "compact/t", ['"id":0', '"id":3'], "a tombstone without its delete is one")
        topic.write(topic.new(id=2), topic.message("d", {"id": 3}, None))
        topic.write(key(gone), events[2], gone, key(gone))
        self.is_table(self.sync(topic.name), "compact/t", ['"id":0', '"id":2'], "a replay's tombstone deletes no row that came later")

    def gap(self, topic):
        """Offsets that no message has: those of a transaction that was taken back."""
        producer = self.broker.producer(transactional_id="gap")
        producer.init_transactions()
        producer.begin_transaction()
        producer.produce(topic.name, b"nothing", b"nothing")
        producer.flush()
        producer.abort_transaction()

    def other_type(self):
        tap, topic = self.tap, Topic(self, "x.type.t", schemas=True)
        topic.write(topic.new(id=1, big=5))
        self.sync(topic.name)
        topic.types = {**topic.types, "big": ("double", True)}
        topic.write(topic.new(id=2, big=1.5))
        done = self.sync(topic.name)
        tap.ok(done.returncode == 1 and 'offset 1: column "big" is long in the lake table and string from here on' in done.stderr,
               "a column of another type halts", done.stderr)

    def narrow_look(self):
        tap, topic = self.tap, Topic(self, "x.looks.t")
        topic.write(topic.new(id=1, n=1), topic.new(id=2, n=1.5), topic.new(id=3, n=2, m="x"))
        self.is_table(self.sync(topic.name), "looks/t", ['"id":1,"n":1,"m":null', '"id":2,"n":1.5,"m":null', '"id":3,"n":2,"m":"x"'],
                      "integers and fractions among the first messages are fractions")
        topic = Topic(self, "x.look.t")
        topic.write(*(topic.new(id=i, n=i) for i in range(600)), topic.new(id=600, n=1.5))
        done = self.sync(topic.name)
        tap.ok(done.returncode == 1 and 'offset 600: column "n" (long): "1.5"' in done.stderr and '--schema' in done.stderr and
               '"id BIGINT NOT NULL, n DOUBLE"' in done.stderr,
               "a value that does not fit what the first messages look like halts, with the columns that would do", done.stderr)

    def several_topics(self):
        """Topics with other columns in another order go to one table."""
        one, two = Topic(self, "x.many.a"), Topic(self, "x.many.b")
        one.write(one.new(id=1, v="a"))
        two.write(two.new(w="x", id=2, v="b"))
        one.write(one.new(id=3, v="c"))
        self.is_table(self.sync("x.many.a,x.many.b", "--table", "all.of"), "all/of",
                      ['"id":1,"v":"a","w":null', '"id":2,"v":"b","w":"x"', '"id":3,"v":"c","w":null'], "two topics, one table")

    def schema_changes(self):
        """Debezium's schema-change topic says what bare values are, whichever name it has and whenever it is read."""
        tap = self.tap

        def change(*columns, kind="ALTER"):
            columns = [{"name": name, "typeName": word, "length": length, "scale": None, "optional": name != "id"}
                       for name, word, length in columns]
            table = {"defaultCharsetName": "utf8mb4", "primaryKeyColumnNames": ["id"], "columns": columns}
            value = {"source": {"connector": "mysql", "name": "x", "db": "told", "table": "t", "ts_ms": 1}, "ts_ms": 1, "databaseName": "told",
                     "schemaName": None, "ddl": "...", "tableChanges": [{"type": kind, "id": '"told"."t"', "table": table}]}
            self.broker.write(changes, [(b"{}", json.dumps(value).encode())])

        changes = "z.changes"
        self.broker.create(changes)
        topic = Topic(self, "x.told.t")
        first = (("id", "INT", None), ("d", "DATE", None), ("n", "BIGINT UNSIGNED", None))
        change(*first, kind="CREATE")
        topic.write(topic.new(id=1, d=20000, n=-1))
        topics = f"{topic.name},{changes}"
        self.is_table(self.sync(topics), "told/t", ['"id":1,"d":"2024-10-04","n":18446744073709551615'], "bare values are what the changes told")
        run = self.start(topics)
        change(*first, ("at", "DATETIME", 6))
        topic.write(topic.new(id=2, d=1, n=1, at=1000001))
        tap.ok(wait_until(lambda: len(self.rows("told/t")) == 2, 20), "a column that is told of while a run goes on",
               run.tail())
        tap.equal(run.term(), 0, "that run ends well")
        self.is_table(self.sync(topics), "told/t", ['"id":1,"d":"2024-10-04","n":18446744073709551615,"at":null',
                                                    '"id":2,"d":"1970-01-02","n":1,"at":"1970-01-01T00:00:01.000001"'], "and a restart")
        change(*first, ("at", "DATETIME", None))
        done = self.sync(topics)
        tap.ok(done.returncode == 2 and 'column "at" another type, whose values are written otherwise' in done.stderr,
               "a change that bare values do not show halts", done.stderr)

    def impossible_dates(self):
        tap, topic = self.tap, Topic(self, "x.dates.t")
        types = {"id": "bigint", "d": "date", "t": "datetime(3)"}
        rows = [("1", "0000-00-00", "2026-02-30 00:00:00"), ("2", "2026-02-03", "0000-00-00 00:00:00")]
        topic.write((None, json.dumps({"id": 1, "database": "dates", "table": "t", "pkNames": ["id"], "isDdl": False, "type": "INSERT", "es": 1,
                                       "ts": 1, "mysqlType": types, "data": [dict(zip(types, row)) for row in rows], "old": None}).encode()))
        done = self.sync(topic.name, "--invalid-values", "halt")
        tap.ok(done.returncode == 1 and 'column "d" (date): "0000-00-00" is a date or time that does not exist' in done.stderr,
               "dates that do not exist halt, when they are to", done.stderr)
        self.is_table(self.sync(topic.name), "dates/t", ['"id":1,"d":null,"t":null', '"id":2,"d":"2026-02-03","t":null'], "else they are NULL")
        self.sync(topic.name)
        said = tailrace("describe", f"{self.lake}/dates/t").stdout
        tap.ok("d: 1 became NULL, the first at x.dates.t:0:0 (0000-00-00)" in said and
               "t: 2 became NULL, the first at x.dates.t:0:0 (2026-02-30 00:00:00)" in said, "and counted", said)

    # --- what comes again -----------------------------------------------------------------------------

    def replays(self):
        tap, topic = self.tap, Topic(self, "x.again.t")
        events = [topic.new(id=1, v=0), topic.new(id=2, v=0), *(topic.message("u", None, {"id": 1, "v": i}) for i in range(1, 6)),
                  topic.message("d", {"id": 2, "v": 0}, None)]
        topic.write(*events)
        self.is_table(self.sync(topic.name), "again/t", ['"id":1,"v":5'], "first")
        topic.write(*events[:6])
        done = self.sync(topic.name)
        self.is_table(done, "again/t", ['"id":1,"v":5'], "a restart's replay takes no row back")
        tap.ok('msg="events that came again were ignored" count=6' in done.stderr, "and is counted", done.stderr)
        topic.write(*events[3:], topic.message("u", None, {"id": 1, "v": 9}))
        self.is_table(self.sync(topic.name), "again/t", ['"id":1,"v":9'], "what is new behind it is taken")
        topic.write(topic.message("u", None, {"id": 1, "v": 10}, name="y", place=50),
                    topic.message("u", None, {"id": 1, "v": 11}, snapshot="incremental", place=60))
        self.is_table(self.sync(topic.name), "again/t", ['"id":1,"v":11'], "another log and a snapshot are not compared")
        topic.write(topic.message("u", None, {"id": 1, "v": 12}, place=30, ts_ms=1795271780000))
        self.is_table(self.sync(topic.name), "again/t", ['"id":1,"v":12'], "a log that began anew is taken by its time")

    def replays_and_kills(self):
        """A producer that is restarted again and again, and a reader that is killed meanwhile."""
        r, topic, sent, rows = random.Random(SEED), Topic(self, "x.killed.t", partitions=3), [], {}
        self.tap.note(f"SEED={SEED}")
        for _ in range(12):
            run = self.start(topic.name, "--commit-interval", "20ms", "--batch-rows-max", r.choice(["3", "5000"]))
            for _ in range(r.randrange(4)):
                new = []
                for _ in range(r.randrange(1, 30)):
                    new += self.step(topic, r, rows)
                topic.write(*new)
                sent += new
                time.sleep(r.random() / 4)
                topic.write(*sent[-r.randrange(1, 60):] if r.random() < 0.7 else [])
            run.kill()
        done = self.sync(topic.name)
        self.claim(done, self.rows("killed/t"), sorted(f'{{"id":{i},"v":{v}}}' for i, v in rows.items()),
                   "whatever came again, the table is what the source has")

    @staticmethod
    def step(topic, r, rows):
        """The messages of one change."""
        i, v = r.randrange(8), r.randrange(1000)
        old = {"id": i, "v": rows.get(i)}
        if i not in rows or r.random() < 0.7:
            change = topic.message("u", old, {"id": i, "v": v}) if i in rows else topic.new(id=i, v=v)
            rows[i] = v
            return [change]
        del rows[i]
        gone = topic.message("d", old, None)
        return [gone, (gone[0], None)]

    # --- where to begin -------------------------------------------------------------------------------

    # --- transactions of Kafka ------------------------------------------------------------------------

    def aborted(self):
        """What a producer took back is a gap in the offsets, also at the topic's end, where nothing comes behind it."""
        topic = Topic(self, "x.abort.t")
        producer = self.broker.producer(transactional_id="t")
        producer.init_transactions()
        for round, commits in enumerate((True, False, True, False)):
            producer.begin_transaction()
            for i in range(3):
                key, value = topic.new(id=round * 3 + i, v="a")
                producer.produce(topic.name, value, key)
            producer.flush()
            producer.commit_transaction() if commits else producer.abort_transaction()
        wanted = [f'"id":{i},"v":"a"' for i in (0, 1, 2, 6, 7, 8)]
        self.is_table(self.sync(topic.name), "abort/t", wanted, "aborted transactions leave no rows, and a topic that ends with one ends")
        topic.write(topic.new(id=9, v="b"))
        self.is_table(self.sync(topic.name), "abort/t", [*wanted, '"id":9,"v":"b"'], "and what comes behind is read")

    def places(self):
        tap, topic = self.tap, Topic(self, "x.place.t", partitions=2)
        topic.write(*(topic.new(id=i) for i in range(4)), partition=0)
        topic.write(*(topic.new(id=i) for i in range(10, 12)), partition=1)
        self.broker.purge(topic.name, 1)
        for place, why in (("5", "is not earliest, latest"), ("x.place.t:0", "is not earliest"), ("x.place.t:0:-1", "is not earliest"),
                           ("other:0:1", "topic other is not among"), ("x.place.t:2:0", "has no partition 2"),
                           ("x.place.t:0:0", "from offset 1 to 4, and nothing at 0"), ("x.place.t:1:0,x.place.t:0:5", "nothing at 5")):
            done = self.sync(topic.name, "--from-offset", place)
            tap.ok(done.returncode == 2 and why in done.stderr, f"--from-offset {place} is refused", done.stderr)
        place, latest = (("--table", "place.t", "--name", "place", "--from-offset", "x.place.t:0:2"),
                         ("--table", "end.t", "--name", "end", "--from-offset", "latest"))
        first = [f'"id":{i}' for i in (10, 11, 2, 3)]
        self.is_table(self.sync(topic.name, *place), "place/t", first, "a place, and all of the partition without one")
        self.is_table(self.sync(topic.name, *latest), "end/t", [], "latest")
        topic.write(topic.new(id=4), partition=0)
        os.unlink(f"{self.lake}/_tailrace/place/progress.json")
        self.is_table(self.sync(topic.name, *place), "place/t", [*first, '"id":4'], "where the table stands goes before the place")
        self.is_table(self.sync(topic.name, *latest), "end/t", ['"id":4'], "latest is where the first run began")

    def moved_away(self):
        """What sentences tell the user to do: a table that is moved away is made anew, the others stay as they are."""
        tap, one, two = self.tap, Topic(self, "x.moved.t"), Topic(self, "x.moved.u")
        mixed = [Topic.message(topic, "c", None, {"id": i}) for i, topic in enumerate([one] * 600 + [two])]
        self.broker.create("x.moved")
        self.broker.write("x.moved", mixed)
        one.write(one.new(id=1000))
        two.write(two.new(id=1001))
        run = lambda: self.sync("/x[.]moved.*/", "--name", "moved")
        state = lambda: (len(self.rows("moved/t")), len(self.rows("moved/u")), len(versions(f"{self.lake}/moved/u")))
        self.claim(run(), state()[:2], (601, 2), "tables of one topic and of their own")
        for table in ("t", "u"):
            os.rename(f"{self.lake}/moved/{table}", f"{self.lake}/moved/{table}.away")
            self.claim(run(), state()[:2], (601, 2), f"a table that is moved away is made anew: {table}")
        before = state()
        self.claim(run(), state(), before, "and then there is nothing to do")
        one.write(one.new(id=1002), one.new(id=1003))
        self.broker.purge(one.name, 2)
        done = run()
        tap.ok(done.returncode == 1 and "retention" in done.stderr and "move each lake table of the topic away" in done.stderr, "retention that has passed a table halts", done.stderr)
        os.rename(f"{self.lake}/moved/t", f"{self.lake}/moved/t.old")
        self.claim(run(), state()[:2], (601, 2), "what is kept comes back when it is moved away")

    def run(self):
        for part in PARTS or ("added_column", "old_and_new", "purged", "compacted", "other_type", "narrow_look", "several_topics", "aborted",
                              "schema_changes", "impossible_dates", "replays", "replays_and_kills", "places", "moved_away"):
            getattr(self, part)()
        return self.tap.done()


if __name__ == "__main__":
    need_binary()
    sys.exit(Test().run())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Topics into tables that are only appended to: changelogs and raw tables have each message once, in order within its
partition, whatever is killed meanwhile; and so has the quarantine each message that cannot be read.

The three have topics, tables and random choices of their own, and are killed side by side. SEED repeats a run's choices,
MINUTES sets how long they are, PARTS chooses among append, raw and quarantine.
"""
import base64
import concurrent.futures
import datetime
import itertools
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Broker, Message, Part

MINUTES = float(os.environ.get("MINUTES", 0.3))
PARTITIONS = 3
READERS = os.environ.get("READERS", os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "tailrace/readers"))
PYTHON = f"{READERS}/venv/bin/python"
ENGINES = os.environ.get("ENGINES", "deltalake duckdb").split()
PARTS = os.environ.get("PARTS", "append raw quarantine").split()


def envelope(table, op, before, after, place, connector="mysql"):
    source = {"connector": connector, "ts_ms": 1795271779000 + place, "snapshot": "false", "db": "shop", "table": table,
              "file": "b.000001", "pos": place, "row": 0}
    return json.dumps({"before": before, "after": after, "source": source, "op": op, "ts_ms": 1}).encode()


def some_bytes(r):
    return r.choice([None, b"", b"\0", r.randbytes(r.randrange(200)), b'{"not": "looked into', "\u00e9".encode("latin-1")])


class Changes:
    """Random changes of a table's rows, as messages; every key stays in its partition."""

    def __init__(self, rand, table):
        self.random, self.table, self.rows, self.place = rand, table, {}, 0

    def row(self, key):
        r = self.random
        return {"id": key, "n": r.choice([None, r.randrange(-2**63, 2**63)]), "v": r.choice([None, "", "é\"\\\n", "x" * r.randrange(40)])}

    def message(self, op, key, before, after):
        self.place += 1
        text = envelope(self.table, op, before, after, self.place)
        return Message(None, key % PARTITIONS, None, None, json.dumps({"id": key}).encode(), text, [])

    def some(self, count):
        messages = []
        while len(messages) < count:
            key = self.random.randrange(60)
            old, new = self.rows.get(key), self.row(key)
            if old is not None and self.random.random() < 0.3:
                messages.append(self.message("d", key, old, None))
                messages.append(Message(None, key % PARTITIONS, None, None, messages[-1].key, None, []))
                del self.rows[key]
                continue
            if self.random.random() < 0.01:
                messages.append(self.message("t", key, None, None))
                continue
            messages.append(self.message("c" if old is None else "u", key, old, new))
            self.rows[key] = new
        return messages


class Append(Part):
    schema = "id BIGINT, n BIGINT, v STRING"

    def __init__(self, test):
        super().__init__(test, "append", r"/c\.shop\..*/", "lake", "--mode", "append", "--before-image", "--schema", self.schema)
        self.tables = {name: Changes(self.random, name) for name in ("t", "u")}
        for name in self.tables:
            self.broker.create(f"c.shop.{name}", PARTITIONS)

    def write(self):
        name = self.random.choice(list(self.tables))
        self.broker.write(f"c.shop.{name}", self.tables[name].some(self.some()))


class Raw(Part):
    def __init__(self, test):
        super().__init__(test, "raw", "bytes-of.all", "raw", "--mode", "raw")
        self.broker.create(self.topics, PARTITIONS)

    def write(self):
        self.broker.write(self.topics, [
            Message(None, self.random.randrange(PARTITIONS), None, self.random.randrange(10**12, 17 * 10**11), some_bytes(self.random),
                    some_bytes(self.random), []) for _ in range(self.some())])


class Quarantine(Part):
    def __init__(self, test):
        super().__init__(test, "quarantine", "q.shop.t", "quarantined", "--schema", Append.schema, "--bad-message", "quarantine")
        self.changes = Changes(self.random, "t")
        self.broker.create(self.topics, PARTITIONS)

    def write(self):
        r = self.random
        messages = [m for m in self.changes.some(self.some()) if b'"op": "t"' not in (m.value or b"")]
        for _ in range(r.randrange(5)):
            messages.insert(r.randrange(len(messages) + 1), Message(
                None, r.randrange(PARTITIONS), None, None, some_bytes(r), b"{bad" + r.randbytes(9), [("h", r.randbytes(3))] * r.randrange(3)))
        self.broker.write(self.topics, messages)


class Test:
    def __init__(self, seed):
        self.seed, self.minutes = seed, MINUTES
        self.tap = Tap()
        self.tap.note(f"SEED={seed} MINUTES={MINUTES}")
        self.broker = Broker("message.max.bytes=80000000")
        self.folder = scratch()

    def sync(self, topics, lake, *options):
        return tailrace("sync", "--from", self.broker.url(topics), "--to", lake, *options)

    def done(self, claim, topics, lake, *options):
        run = self.sync(topics, lake, *options)
        return self.tap.ok(run.returncode == 0, claim, run.stderr)

    def rows(self, table):
        done = tailrace("cat", table, "--as", "jsonl")
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    def first_other(self, got, wanted, partition="_partition"):
        """The first rows that differ in a partition, or None."""
        for number in range(PARTITIONS):
            sides = [[row for row in rows if row[partition] == number] for rows in (got, wanted)]
            for pair in itertools.zip_longest(*sides):
                if pair[0] != pair[1]:
                    return pair
        return None if len(got) == len(wanted) else (len(got), len(wanted))

    def read_by_others(self, table):
        for engine in ENGINES:
            claim = f"{'/'.join(table.split('/')[-2:])}: {engine} reads the same"
            if not os.access(PYTHON, os.X_OK):
                self.tap.skip(claim, "tests/readers/install.sh first")
                continue
            done = subprocess.run([PYTHON, f"{TREE}/tests/readers/read.py", engine, table], capture_output=True, text=True, stdin=subprocess.DEVNULL)
            line = next((json.loads(line) for line in done.stdout.split("\n") if line.startswith("{")), {})
            self.tap.ok(line.get("digest") == digest(lake_rows(table)), claim, f"{line} {done.stderr[-300:]}")

    # --- append ---------------------------------------------------------------------------------------

    def wanted(self, message, has_before):
        """The row of a message."""
        value = json.loads(message.value)
        op, before, after = value["op"], value["before"] or {}, value["after"] or {}
        image = before if op == "d" else after
        row = {"_op": op, "_topic": message.topic, "_partition": message.partition, "_offset": message.offset, "_row": 0,
               "_position": f"b.000001:{value['source']['pos']}:0", "_absent": None, **{c: image.get(c) for c in ("id", "n", "v")}}
        if has_before:
            row |= {f"_before_{c}": before.get(c) for c in ("id", "n", "v")}
        return row

    def append(self, part):
        tap, lake = self.tap, part.lake
        run = (part.topics, lake, *part.options)
        self.done("append: sync comes to the topics' end", *run)
        for name in part.tables:
            sent = [m for m in self.broker.read(f"c.shop.{name}") if m.value is not None]
            got = self.rows(f"{lake}/shop/{name}")
            times = {row.pop("_source_time") is not None for row in got}
            tap.equal(times, {True}, f"append: {name}: every row has its source's time")
            tap.equal(self.first_other(got, [self.wanted(m, True) for m in sent]), None,
                      f"append: each of {len(sent)} messages of {name} is there once, in its partition's order")
        self.read_by_others(f"{lake}/shop/t")
        before = [len(versions(f"{lake}/shop/{name}")) for name in part.tables]
        os.unlink(f"{lake}/_tailrace/tailrace/progress.json")
        self.done("append: the progress file may be gone", *run)
        tap.equal([len(versions(f"{lake}/shop/{name}")) for name in part.tables], before, "append: and then there is nothing to do")
        tap.equal(glob.glob(f"{lake}/_tailrace/tailrace/*index*"), [], "append: no key index is made")
        tap.ok("mode          append" in tailrace("describe", f"{lake}/shop/t").stdout, "append: describe tells the table's mode")
        for options, what in ((["--mode", "merge", "--schema", part.schema], 'mode "append"'),
                              (["--mode", "append", "--table", "shop.v", "--schema", "id BIGINT, _op STRING"], '"_op"'),
                              (["--before-image"], "--mode append")):
            run = self.sync("c.shop.t", lake, *options)
            tap.ok(run.returncode == 2 and what in run.stderr, f"append: {options} is refused", run.stderr)
        self.columns()

    def columns(self):
        """A changelog without --schema: columns come, and go, and several topics make one table."""
        tap, lake = self.tap, f"{self.folder}/columns"
        for name, partition in (("n.a", 0), ("n.b", 1)):
            self.broker.create(name)
            self.broker.write(name, [(b"1", envelope("t", "c", None, {"id": 1, "v": "a"}, partition * 10 + 1))])
        run = ("n.a,n.b", lake, "--mode", "append", "--table", "shop.all")
        done = self.sync(*run)
        tap.ok(done.returncode == 0 and len(self.rows(f"{lake}/shop/all")) == 2, "columns: two topics make one changelog", done.stderr)
        self.broker.write("n.a", [(b"2", envelope("t", "c", None, {"id": 2, "w": 5, "v": "b"}, 2)),
                                  (b"2", envelope("t", "u", {"id": 2, "w": 5, "v": "b"}, {"id": 2, "w": 6, "v": "b"}, 3)),
                                  (b"3", envelope("t", "c", None, {"id": 3, "w": 7}, 4))])
        self.broker.write("n.b", [(b"4", envelope("t", "c", None, {"id": 4, "v": "d"}, 12)), (b"5", envelope("t", "d", {"id": 4}, None, 13))])
        self.done("columns: a column may come, and another one go", *run)
        rows = sorted([row["_topic"], row["_offset"], row["_op"], row["_absent"], row["id"], row["v"], row["w"]]
                      for row in self.rows(f"{lake}/shop/all"))
        tap.equal(rows, [["n.a", 0, "c", None, 1, "a", None], ["n.a", 1, "c", None, 2, "b", 5], ["n.a", 2, "u", None, 2, "b", 6],
                         ["n.a", 3, "c", '["v"]', 3, None, 7], ["n.b", 0, "c", None, 1, "a", None], ["n.b", 1, "c", '["w"]', 4, "d", None],
                         ["n.b", 2, "d", '["v","w"]', 4, None, None]], "columns: what a row's message did not have is told")
        self.broker.create("n.emptied")
        for number, messages in enumerate(([envelope("t", "t", None, None, 1)], [envelope("t", "c", None, {"id": 1}, 2)])):
            self.broker.write("n.emptied", [(b"1", message) for message in messages])
            self.done(f"columns: a changelog begins with a TRUNCATE, {number + 1} of 2", "n.emptied", lake, "--mode", "append", "--table", "shop.emptied")
        tap.equal([(row["_op"], row["_offset"], row["id"]) for row in self.rows(f"{lake}/shop/emptied")], [("t", 0, None), ("c", 1, 1)],
                  "columns: which is there, before there was a row")

    # --- raw ------------------------------------------------------------------------------------------

    def raw_row(self, message):
        text = lambda data: None if data is None else base64.b64encode(data).decode()
        return {"key": text(message.key), "value": text(message.value), "topic": message.topic, "partition": message.partition,
                "offset": message.offset, "timestamp": datetime.datetime.fromtimestamp(
                    message.timestamp / 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3], "timestampType": 0}

    def plain(self, row):
        """As raw_row has it: a time to the millisecond."""
        time = row["timestamp"].rstrip("Z")
        return {**row, "timestamp": f"{time}.000" if "." not in time else f"{time}000"[:23]}

    def raw(self, part):
        tap, lake, topic = self.tap, part.lake, part.topics
        self.done("raw: sync comes to the topic's end", topic, lake, *part.options)
        sent = self.broker.read(topic)
        table = f"{lake}/topics/bytes-of_all"
        tap.equal(self.first_other([self.plain(row) for row in self.rows(table)], [self.raw_row(m) for m in sent], "partition"), None,
                  f"raw: each of {len(sent)} messages is there once, byte for byte, in its partition's order")
        tap.equal(delta_schema(table), [("key", "binary"), ("value", "binary"), ("topic", "string"), ("partition", "integer"),
                                        ("offset", "long"), ("timestamp", "timestamp"), ("timestampType", "integer")],
                  "raw: the columns are those of Spark's Kafka source")
        self.read_by_others(table)
        self.broker.create("stamped", message_timestamp_type="LogAppendTime")
        self.broker.write("stamped", [(b"k", b"v")])
        self.done("raw: a table may have a name of its own", "stamped", lake, "--mode", "raw", "--table", "shop.log")
        row = self.rows(f"{lake}/shop/log")[0]
        tap.equal((row["timestampType"], self.plain(row)["timestamp"]),
                  (1, self.raw_row(self.broker.read("stamped")[0])["timestamp"]), "raw: the broker's own time is told as such")
        for options, what in ((["--mode", "append", "--table", "shop.log"], 'is of mode'), (["--mode", "raw", "--schema", "id INT"], "--schema")):
            run = self.sync("stamped" if "raw" in options else "c.shop.t", lake, *options)
            tap.ok(run.returncode == 2, f"raw: {options} is refused", run.stderr)

    # --- messages that cannot be read -----------------------------------------------------------------

    def bad_messages(self):
        """{what is wrong: (value, what the sentence says of it)}"""
        whole = envelope("t", "c", None, {"id": 1, "n": 5, "v": "a"}, 1)
        return {
            "no JSON": (b"\x00\x01 hello", "not JSON"),
            "truncated": (whole[:-9], "not JSON"),
            "invalid UTF-8": (whole.replace(b'"v": "a"', b'"v": "\xff"'), "UTF-8"),
            "too deep": (whole.replace(b'"v": "a"', b'"v": ' + b"[" * 70 + b"]" * 70), "deep"),
            "very deep": (b"[" * 500_000, "not JSON"),
            "huge": (whole.replace(b'"v": "a"', b'"v": "' + b"x" * (65 << 20) + b'"'), "more than"),
            "a member twice": (whole.replace(b'"n": 5', b'"n": 5, "n": 6'), "twice"),
            "an operation that nobody knows": (whole.replace(b'"op": "c"', b'"op": "x"'), "unknown op"),
            "no row": (envelope("t", "c", None, None, 1), "without its row"),
            "beyond 64 bits": (whole.replace(b'"n": 5', b'"n": 9223372036854775808'), '"n"'),
            "beyond 38 digits": (whole.replace(b'"n": 5', b'"n": 5, "d": ' + b"9" * 39), '"d"'),
            "text in a number's column": (whole.replace(b'"n": 5', b'"n": "many"'), '"n"'),
        }

    def kept(self, row):
        """What a row of the quarantine has, without the reason."""
        return {**self.plain({c: row[c] for c in row if c not in ("error", "headers")}), "headers": row["headers"] and json.loads(row["headers"])}

    def kept_row(self, message):
        headers = [{"name": name, "value": None if value is None else base64.b64encode(value).decode()} for name, value in message.headers]
        return {**self.raw_row(message), "headers": headers or None}

    def each_kind(self):
        """Each kind of bad message between two good ones: halts, then goes to the quarantine, then is passed."""
        tap = self.tap
        for what, (value, says) in self.bad_messages().items():
            topic, lake = "x." + what.replace(" ", "-").replace("'", ""), f"{self.folder}/{what.replace(' ', '-')}"
            options = ("--schema", "id BIGINT, n BIGINT, v STRING, d DECIMAL(38,0)", "--key", "id", "--input-format", "debezium")
            self.broker.create(topic, max_message_bytes=80_000_000)
            good = [envelope("t", "c", None, {"id": i, "n": i, "v": "", "d": 1}, i) for i in (1, 2)]
            self.broker.write(topic, [(b"1", good[0]), (b"bad", value, [("h", b"\x00\xff"), ("n", None), ("h", b"")]), (b"2", good[1])],
                              message_max_bytes=80_000_000)
            run = self.sync(topic, lake, *options)
            place = f"topic {topic}, partition 0, offset 1: "
            tap.ok(run.returncode == 1 and place in run.stderr and says in run.stderr, f"{what}: halts, with its place", run.stderr[-500:])
            run = self.sync(topic, lake, *options, "--bad-message", "quarantine")
            tap.ok(run.returncode == 0 and "count=1 total=1" in run.stderr, f"{what}: with a quarantine it goes on, and counts", run.stderr[-500:])
            rows = self.rows(f"{lake}/topics/quarantine")
            bad = self.broker.read(topic)[1]
            tap.ok([self.kept(row) for row in rows] == [self.kept_row(bad)] and says in rows[0]["error"] and len(rows) == 1,
                   f"{what}: the message is kept as it was, with its headers and the reason", str(rows)[:500])
            tap.equal([row["id"] for row in self.rows(f"{lake}/shop/t")], [1, 2], f"{what}: the others are in the table")
            run = self.sync(topic, lake, *options)
            tap.ok(run.returncode == 0, f"{what}: later runs are past it", run.stderr[-500:])

    def quarantine(self, part):
        tap, lake, changes = self.tap, part.lake, part.changes
        run = (part.topics, lake, *part.options)
        is_bad = lambda message: message.value is not None and message.value.startswith(b"{bad")
        self.each_kind()
        self.done("quarantine: sync comes to the topic's end", *run)
        sent = [m for m in self.broker.read(part.topics) if is_bad(m)]
        tap.equal(self.first_other([self.kept(row) for row in self.rows(f"{lake}/topics/quarantine")], [self.kept_row(m) for m in sent], "partition"),
                  None, f"quarantine: each of {len(sent)} bad messages is there once, in its partition's order")
        rows = {row["id"]: row for row in self.rows(f"{lake}/shop/t")}
        tap.equal(rows, changes.rows, "quarantine: the table is what the other messages say")
        self.read_by_others(f"{lake}/topics/quarantine")
        names = ("shop/t", "topics/quarantine")
        before = [len(versions(f"{lake}/{name}")) for name in names]
        os.unlink(f"{lake}/_tailrace/tailrace/progress.json")
        self.done("quarantine: the progress file may be gone", *run)
        tap.equal([len(versions(f"{lake}/{name}")) for name in names], before, "quarantine: and then there is nothing to do")
        self.broker.write(part.topics, changes.some(50))
        self.done("quarantine: a run that halts goes on behind it", part.topics, lake, "--schema", Append.schema)
        progress = json.load(open(f"{lake}/_tailrace/tailrace/progress.json"))
        tap.ok("topics.quarantine" in progress["tables"], "quarantine: and keeps it complete up to where it came", str(progress))

    def run(self):
        parts = [kind(self) for kind in (Append, Raw, Quarantine) if kind.__name__.lower() in PARTS]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            wrong = list(pool.map(Part.killed, parts))
        for part, why in zip(parts, wrong):
            self.tap.equal(why, "", f"{part.name}: runs end when they are killed, and not before")
            getattr(self, part.name)(part)
        return self.tap.done()


if __name__ == "__main__":
    need_binary()
    sys.exit(Test(int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))).run())

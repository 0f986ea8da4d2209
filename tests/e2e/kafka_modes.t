#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Topics into tables that are only appended to: each message's changes are there once, in order within their partition,
whatever is killed meanwhile.

SEED repeats a run's choices, MINUTES sets its length.
"""
import itertools
import os
import random
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Broker, Message

MINUTES = float(os.environ.get("MINUTES", 0.3))
PARTITIONS = 3


def envelope(table, op, before, after, place, connector="mysql"):
    source = {"connector": connector, "ts_ms": 1795271779000 + place, "snapshot": "false", "db": "shop", "table": table,
              "file": "b.000001", "pos": place, "row": 0}
    return json.dumps({"before": before, "after": after, "source": source, "op": op, "ts_ms": 1}).encode()


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


class Test:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tap = Tap()
        self.tap.note(f"SEED={seed} MINUTES={MINUTES}")
        self.broker = Broker()
        self.folder = scratch()
        self.lake = f"{self.folder}/lake"

    def topics(self, names):
        return f"kafka://{self.broker.address}/{names}"

    def start(self, topics, lake, *options):
        with open(f"{self.folder}/log", "ab") as out:
            process = subprocess.Popen([TAILRACE, "run", "--from", self.topics(topics), "--to", lake, *options],
                                       stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment())
        atexit.register(process.kill)
        return process

    def tail(self):
        return "\n".join(open(f"{self.folder}/log", errors="replace").read().splitlines()[-5:])

    def sync(self, topics, lake, *options):
        return tailrace("sync", "--from", self.topics(topics), "--to", lake, *options)

    def done(self, claim, topics, lake, *options):
        run = self.sync(topics, lake, *options)
        return self.tap.ok(run.returncode == 0, claim, run.stderr)

    def rows(self, table):
        done = tailrace("cat", table, "--as", "jsonl")
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    def killed(self, topics, lake, write, *options):
        """Runs that are killed while messages come; True unless one ended by itself."""
        end = time.monotonic() + MINUTES * 60
        while time.monotonic() < end:
            run = self.start(topics, lake, "--commit-interval", self.random.choice(["20ms", "200ms"]), "--batch-rows-max",
                             self.random.choice(["50", "5000"]), *options)
            until = time.monotonic() + self.random.choice([0.3, 1, 2])
            while time.monotonic() < until:
                write()
            if run.poll() is not None:
                return False
            run.kill()
            run.wait()
        return True

    def first_other(self, got, wanted, partition="_partition"):
        """The first rows that differ in a partition, or None."""
        for number in range(PARTITIONS):
            sides = [[row for row in rows if row[partition] == number] for rows in (got, wanted)]
            for pair in itertools.zip_longest(*sides):
                if pair[0] != pair[1]:
                    return pair
        return None if len(got) == len(wanted) else (len(got), len(wanted))

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

    def append(self):
        tap, lake = self.tap, self.lake
        tables = {name: Changes(self.random, name) for name in ("t", "u")}
        schema = ("--mode", "append", "--before-image", "--schema", "id BIGINT, n BIGINT, v STRING")
        for name in tables:
            self.broker.create(f"c.shop.{name}", PARTITIONS)

        def write():
            name = self.random.choice(list(tables))
            self.broker.write(f"c.shop.{name}", tables[name].some(self.random.choice([1, 20, 300])))
            time.sleep(0.02)
        write()
        tap.ok(self.killed("/c\\.shop\\..*/", lake, write, *schema), "append: runs end when they are killed, and not before", self.tail())
        self.done("append: sync comes to the topics' end", "/c\\.shop\\..*/", lake, *schema)
        for name in tables:
            sent = [m for m in self.broker.read(f"c.shop.{name}") if m.value is not None]
            got = self.rows(f"{lake}/shop/{name}")
            times = {row.pop("_source_time") is not None for row in got}
            tap.equal(times, {True}, f"append: {name}: every row has its source's time")
            tap.equal(self.first_other(got, [self.wanted(m, True) for m in sent]), None,
                      f"append: each of {len(sent)} messages of {name} is there once, in its partition's order")
        before = [len(versions(f"{lake}/shop/{name}")) for name in tables]
        os.unlink(f"{lake}/_tailrace/tailrace/progress.json")
        self.done("append: the progress file may be gone", "/c\\.shop\\..*/", lake, *schema)
        tap.equal([len(versions(f"{lake}/shop/{name}")) for name in tables], before, "append: and then there is nothing to do")
        tap.equal(glob.glob(f"{lake}/_tailrace/tailrace/*index*"), [], "append: no key index is made")
        for options, what in ((["--mode", "merge", "--schema", schema[-1]], 'mode "append"'),
                              (["--mode", "append", "--schema", "id BIGINT, _op STRING"], '"_op"'),
                              (["--before-image"], "--mode append")):
            run = self.sync("c.shop.t", lake, *options)
            tap.ok(run.returncode == 2 and what in run.stderr, f"append: {options} is refused", run.stderr)

    def run(self):
        self.append()
        return self.tap.done()


if __name__ == "__main__":
    need_binary()
    sys.exit(Test(int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))).run())

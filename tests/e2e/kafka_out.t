#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Topics that tailrace writes: each message once and in order, and what they say at the end is what the tables are,
whatever was killed meanwhile: tailrace, the broker, the server.

SEED repeats a run's choices, MINUTES sets its length.
"""
import collections
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Traffic
from workload import TABLES

MINUTES = float(os.environ.get("MINUTES", 0.5))


def number_of(message):
    return int(dict(message.headers)["tailrace"].split()[0])


def is_numbered(messages):
    """"" or what is wrong: numbers grow within a partition and are 1, 2, 3, ... over all of them."""
    last = collections.Counter()
    for m in messages:
        n = number_of(m)
        if n <= last[m.partition]:
            return f"{m.topic}, partition {m.partition}, offset {m.offset}: number {n} behind {last[m.partition]}"
        last[m.partition] = n
    numbers = sorted(map(number_of, messages))
    doubled = [a for a, b in zip(numbers, numbers[1:]) if a == b]
    if doubled:
        return f"{len(doubled)} numbers twice, such as {doubled[:3]}"
    return "" if numbers == list(range(1, len(numbers) + 1)) else f"{len(numbers)} messages, numbers to {numbers[-1]}"


def image(row):
    """A row as text; the spaces in a JSON column are no difference: copy and log have other ones, as with Debezium."""
    if row is None:
        return None
    return json.dumps({name: json.loads(cell) if isinstance(cell, str) and cell.startswith("{") else cell
                       for name, cell in row.items()})


def folded(messages):
    """What the table is after all of the messages: rows by key, or how often each row is there."""
    by_key, rows = {}, collections.Counter()
    for m in sorted(messages, key=number_of):
        if m.value is None:
            by_key.pop(m.key, None)
            continue
        event = json.loads(m.value)
        before, after = (image(event[side]) for side in ("before", "after"))
        if event["op"] == "t":
            by_key, rows = {}, collections.Counter()
        elif m.key is not None:
            by_key[m.key] = after
            if after is None:
                del by_key[m.key]
        else:
            rows[before] -= before is not None
            rows[after] += after is not None
    return by_key or collections.Counter({row: n for row, n in rows.items() if n and row})


class Test(Traffic):
    def __init__(self):
        super().__init__(MINUTES)
        self.log = f"{self.folder}/log"

    def sync(self, prefix, *options, tables="work"):
        return sync(self.server, tables, self.broker.url(prefix), *options)

    # --- nothing lost, nothing doubled ------------------------------------------------------------

    def write_for(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.work.step()
            self.counts["transactions"] += 1

    def round(self):
        """One run and what ends it; "" or what is wrong."""
        r = self.random
        run = Run(self.server, "work", self.broker.url("p"), "--record-interval", r.choice(["100ms", "1s"]), log=self.log)
        self.write_for(r.choice([0.1, 0.5, 2]))
        how = r.choice(["kill", "kill", "kill", "term", "broker", "pause"])
        self.counts[how] += 1
        if how == "broker":
            self.broker.kill()
            self.write_for(0.5)
            self.broker.start()
            self.write_for(1)
            if not run.alive():
                return f"it ended with the broker: {run.tail()}"
        elif how == "pause":
            run.process.send_signal(signal.SIGSTOP)
            self.write_for(1)
            run.process.send_signal(signal.SIGCONT)
            self.write_for(0.5)
        status = run.term() if how == "term" else run.kill()
        if how == "term" and status != 0:
            return f"SIGTERM ended it with {status}: {run.tail()}"
        return "" if status in (0, -9) else f"it ended by itself with {status}: {run.tail()}"

    def survives(self):
        tap = self.tap
        self.work.create(100)
        self.server.session().sql("GRANT LOCK TABLES ON work.* TO tailrace@'%'")  # for the copy of the MyISAM table
        for name in ("account", "hot", "events"):
            self.broker.create(f"p.work.{name}", partitions=4)
        done = self.sync("p")
        tap.equal((done.returncode, done.stderr.count("level=warn")), (0, 0), "all tables are copied")
        end, wrong = time.monotonic() + MINUTES * 60, ""
        while time.monotonic() < end and not wrong:
            wrong = self.round()
        tap.equal(wrong, "", "runs end when they are told to, and not before")
        for prefix in ("p", "fresh"):
            done = self.sync(prefix)
            tap.equal(done.returncode, 0, f"sync to {prefix} comes to its end")
            if done.returncode:
                tap.note(done.stderr)
        topics = self.broker.topics()
        for name in TABLES:
            ours, fresh = ([m for m in self.broker.read(f"{prefix}.work.{name}")] if f"{prefix}.work.{name}" in topics else []
                           for prefix in ("p", "fresh"))
            self.counts["messages"] += len(ours)
            tap.equal(is_numbered(ours) if ours else "", "", f"{name}: every message is there once, in order")
            tap.ok(folded(ours) == folded(fresh), f"{name}: the topic ends as the table is", difference_of(ours, fresh))
        events = collections.Counter(json.loads(m.value)["after"]["seq"] for m in self.broker.read("p.work.events"))
        tap.equal([seq for seq, n in events.items() if n != 1], [], "each event of the append-only table is there once")
        done = self.sync("p")
        tap.equal((done.returncode, "rows=0" in done.stderr), (0, True), "and then there is nothing to send")
        tap.note(dict(self.counts))

    # --- one writer ---------------------------------------------------------------------------------

    def fences(self):
        first = Run(self.server, "work", self.broker.url("p"), log=f"{self.log}.first")
        time.sleep(1.5)
        second = Run(self.server, "work", self.broker.url("p"), log=f"{self.log}.second")
        self.tap.ok(wait_until(lambda: not first.alive(), 20), "a writer that another one follows stops by itself")
        self.tap.equal(first.process.returncode, 2, "with status 2")
        self.tap.ok("another tailrace" in first.tail() and "has begun to write" in first.tail(), "and says why", first.tail())
        self.tap.ok(second.alive(), "the other one goes on", second.tail())
        self.tap.equal(second.term(), 0, "and ends when it is told to")

    # --- what can be wrong ----------------------------------------------------------------------------

    def refusals(self):
        tap, db = self.tap, self.server.session()
        for url, what in (("kafka://h:1", "PREFIX"), ("kafka://h:1/a b", "letters"), ("kafka:///p", "PREFIX")):
            done = tailrace("sync", "--from", self.server.url("work"), "--to", url)
            tap.ok(done.returncode == 2 and what in done.stderr, f"{url} is refused", done.stderr)
        for options, what in ((["--kafka", "no.such=1"], "no.such"), (["--kafka", "enable.idempotence=false"], "relies on"),
                              (["--kafka", "sasl.password=open"], "file:PATH"), (["--kafka", "novalue"], "NAME=VALUE"),
                              (["--skipped-operations", "x"], "letters of"), (["--commit-interval", "1s"], "no effect")):
            done = self.sync("p", *options)
            tap.ok(done.returncode == 2 and what in done.stderr, f"{' '.join(options)} is refused", done.stderr)
        db.sql("CREATE DATABASE shared; CREATE TABLE shared.`a$b` (id INT PRIMARY KEY); CREATE TABLE shared.a_b (id INT PRIMARY KEY)")
        done = self.sync("shared", tables="shared")
        tap.ok(done.returncode == 2 and "shared.a$b" in done.stderr and "one topic, shared.shared.a_b" in done.stderr,
               "two tables with one topic are refused", done.stderr)
        db.sql("CREATE DATABASE large; CREATE TABLE large.t (id INT PRIMARY KEY, b LONGTEXT); "
               "INSERT INTO large.t VALUES (1, REPEAT('x', 3000000))")
        done = self.sync("large", tables="large")
        tap.ok(done.returncode == 2 and "large.large.t" in done.stderr and "message.max.bytes" in done.stderr,
               "a message that is too large is refused with its topic and what to raise", done.stderr)
        self.broker.delete("large.large.t")
        self.broker.create("large.large.t", max_message_bytes=8000000)
        done = self.sync("large", "--kafka", "message.max.bytes=8000000", tables="large")
        tap.equal((done.returncode, self.broker.count("large.large.t")), (0, 1), "and is sent when that was done")
        db.sql("SET SESSION binlog_row_image = MINIMAL; UPDATE large.t SET b = 'small'")
        done = self.sync("large", "--kafka", "message.max.bytes=8000000", tables="large")
        tap.ok(done.returncode == 2 and "binlog_row_image = FULL" in done.stderr and "large.t" in done.stderr,
               "a row that is logged in part is refused", done.stderr)

    def not_there(self, run):
        said = run.communicate(timeout=60)[1]
        self.tap.ok(run.returncode == 1 and "kafka 127.0.0.1:9" in said, "a cluster that is not there is named", said)

    def run(self):
        self.survives()
        nowhere = subprocess.Popen([TAILRACE, "sync", "--from", self.server.url("work"), "--to", "kafka://127.0.0.1:9/p"], text=True,
                                   stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment())  # it tries for a while
        self.fences()
        self.refusals()
        self.not_there(nowhere)
        return self.tap.done()


def difference_of(ours, fresh):
    a, b = folded(ours), folded(fresh)
    return "\n".join(f"{key}: topic {a.get(key)} table {b.get(key)}" for key in [*a, *b] if a.get(key) != b.get(key))[:1500]


if __name__ == "__main__":
    need_binary()
    sys.exit(Test().run())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Three workers of a group write the same tables, exactly once, whatever is done to them.

shop.t has a key and is changed all the time; shop.log has none and only grows: a message that is lost or taken twice
shows there, in every version. SEED repeats a run's choices, MINUTES sets its length, PARTS names the parts to run.
"""
import collections
import glob
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Broker, Message, PATIENCE, confluent_kafka

MINUTES = float(os.environ.get("MINUTES", 0.5))
PARTS = os.environ.get("PARTS", "").split()
PARTITIONS, WORKERS, SESSION_S, KEYS = 6, 3, 6, 3000


class Load(threading.Thread):
    """Changes of both tables as Debezium writes them; knows what the tables must hold in the end."""

    def __init__(self, broker, seed):
        super().__init__(daemon=True)
        self.random = random.Random(seed)
        self.producer = broker.producer(linger_ms=5, enable_idempotence=True)  # in order, as Debezium does
        self.rows, self.count, self.log, self.is_over = {}, 0, 0, False

    def event(self, table, op, before, after):
        self.count += 1
        source = {"connector": "mysql", "name": "g", "db": "shop", "table": table, "ts_ms": int(time.time() * 1000),
                  "snapshot": "false", "file": "b.000001", "pos": self.count, "row": 0}
        return json.dumps({"before": before, "after": after, "source": source, "op": op, "ts_ms": 1})

    def send(self, topic, value, **more):
        while True:
            try:
                return self.producer.produce(topic, value, **more)
            except BufferError:
                self.producer.poll(0.1)

    def change(self):
        key = self.random.randrange(KEYS)
        before, after = self.rows.get(key), {"id": key, "n": self.count, "name": f"row {self.random.randrange(1000)}"}
        if before and self.random.random() < 0.2:
            after = None
        op = "d" if after is None else "u" if before else "c"
        self.send("g.shop.t", self.event("t", op, before, after), key=json.dumps({"id": key}))
        self.rows[key] = after

    def append(self):
        self.log += 1
        self.send("g.shop.log", self.event("log", "c", None, {"n": self.log, "at": "x" * (self.log % 7)}),
                  partition=self.random.randrange(PARTITIONS))

    def run(self):
        while not self.is_over:
            for _ in range(40):
                self.change()
                self.append()
            self.producer.poll(0)
            time.sleep(0.02)
        self.producer.flush(PATIENCE)


class Test:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tap = Tap()
        self.tap.note(f"SEED={seed} MINUTES={MINUTES}")
        self.broker = Broker()
        self.folder = scratch()
        self.lake = f"{self.folder}/lake"
        self.counts = collections.Counter()
        self.workers, self.started = {}, 0

    def start(self, group="g", topics=r"/g\.shop\..*/", lake=None, more=()):
        self.started += 1
        command = [TAILRACE, "run", "--from", f"kafka://{self.broker.address}/{topics}", "--to", lake or self.lake,
                   *(["--group", group] if group else []), "--kafka", f"session.timeout.ms={SESSION_S * 1000}",
                   "--commit-interval", self.random.choice(["20ms", "200ms", "1s"]), *more]
        with open(f"{self.folder}/log{self.started}", "wb") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment())
        atexit.register(process.kill)
        self.workers[self.started] = process
        return self.started

    def said(self, worker=None):
        names = [f"{self.folder}/log{worker}"] if worker else sorted(glob.glob(f"{self.folder}/log*"))
        return "".join(open(name, errors="replace").read() for name in names)

    def end(self, worker, how):
        """Its exit status was as it should be: "" or what was wrong. What has not said a word may not catch signals yet."""
        process = self.workers.pop(worker)
        wait_until(lambda: self.said(worker) or process.poll() is not None)
        process.send_signal(how)
        status = process.wait(PATIENCE)
        return "" if status == (0 if how == signal.SIGTERM else -how) else \
            f"worker {worker} ended with {status}: {self.said(worker)[-1500:]}"

    def step(self):
        worker = self.random.choice(list(self.workers))
        how = self.random.choice(["kill", "term", "pause", "pause", "join", "broker"])
        self.counts[how] += 1
        if how == "pause":
            self.workers[worker].send_signal(signal.SIGSTOP)
            time.sleep(SESSION_S + self.random.choice([1, 3]))
            self.workers[worker].send_signal(signal.SIGCONT)
        elif how == "broker":
            self.broker.kill()
            time.sleep(0.5)
            self.broker.start()
        elif how == "join" and len(self.workers) <= WORKERS:
            self.start()
        else:
            wrong = self.end(worker, signal.SIGTERM if how == "term" else signal.SIGKILL)
            if wrong:
                return wrong
            time.sleep(self.random.choice([0, 0, 2]))
            if len(self.workers) < WORKERS:
                self.start()
        time.sleep(self.random.choice([0.2, 1, 4]))
        ended = [w for w in self.workers if self.workers[w].poll() is not None]
        return f"worker {ended[0]} ended by itself, {self.workers[ended[0]].poll()}: {self.said(ended[0])[-1500:]}" if ended else ""

    def positions(self, table):
        """[(rows of the files added up to then, {topic: offsets})] of each version that has a position."""
        found, rows = [], 0
        for name in sorted(glob.glob(f"{self.lake}/shop/{table}/_delta_log/" + "[0-9]" * 20 + ".json")):
            position = None
            for line in open(name, encoding="utf-8"):
                action = json.loads(line)
                rows += json.loads(action["add"]["stats"])["numRecords"] if "add" in action else 0
                position = action.get("commitInfo", {}).get("tailrace", {}).get("position") or position
            if position:
                found.append((rows, position["topics"]))
        return found

    def reached(self, table, ends):
        found = self.positions(table)
        return bool(found) and sum(found[-1][1].get(f"g.shop.{table}", [])) >= ends

    def committed(self, group, *tables):
        consumer = self.broker.consumer(group_id=group)
        try:
            places = [confluent_kafka.TopicPartition(f"g.shop.{table}", p) for table in tables for p in range(PARTITIONS)]
            return sum(max(place.offset, 0) for place in consumer.committed(places, PATIENCE))
        finally:
            consumer.close()

    def check_versions(self):
        """Of the log every version holds as many rows as its position says, and no partition ever goes back."""
        last = [-1] * PARTITIONS
        for version, (rows, topics) in enumerate(self.positions("log")):
            offsets = topics["g.shop.log"]
            if len(offsets) != PARTITIONS or any(now < had for now, had in zip(offsets, last)):
                return f"version {version + 1}: {offsets} after {last}"
            if rows != sum(max(o, 0) for o in offsets):
                return f"version {version + 1}: {rows} rows at {offsets}"
            last = offsets
        return ""

    def check_rows(self, load):
        wanted = collections.Counter((str(row["id"]), str(row["n"]), row["name"]) for row in load.rows.values() if row)
        return difference(lake_rows(f"{self.lake}/shop/t"), wanted, ("lake", "topic"))

    def run_group(self):
        tap = self.tap
        for topic in ("g.shop.t", "g.shop.log"):
            self.broker.create(topic, partitions=PARTITIONS)
        load = Load(self.broker, self.random.random())
        load.start()
        for _ in range(WORKERS):
            self.start()
            time.sleep(self.random.choice([0, 2]))
        end, wrong = time.monotonic() + MINUTES * 60, ""
        while time.monotonic() < end and not wrong:
            wrong = self.step()
        load.is_over = True
        load.join()
        tap.equal(wrong, "", "workers end when they are told to, and not before")
        ends = {name: self.broker.count(f"g.shop.{name}") for name in ("t", "log")}
        for name in ends:
            tap.ok(wait_until(lambda: self.reached(name, ends[name]), 60, 0.5), f"{name}: the group comes to the topic's end",
                   f"{ends[name]}: {self.positions(name)[-1:]}\n{self.said()[-3000:]}")
        tap.ok(wait_until(lambda: self.committed("g", "t", "log") == sum(ends.values()), 20, 0.5), "the group's own offsets follow",
               f"{self.committed('g', 't', 'log')} of {ends}")
        for worker in list(self.workers):
            wrong = wrong or self.end(worker, signal.SIGTERM)
        tap.equal(wrong, "", "and ends in order")
        tap.equal(self.check_versions(), "", "log: each version holds the messages of its position, once")
        tap.equal(self.check_rows(load), "", "t: the last change of each key counts")
        tap.note({**self.counts, "messages": load.count, "versions": len(self.positions("t")) + len(self.positions("log")),
                  "conflicts": self.said().count("starting over"), "faster": self.said().count("other workers were faster"),
                  "again": self.said().count("came again")})

    def twin(self):
        """The same topic as a changelog, by workers that are killed on the way: each message is there once."""
        tap, lake, count = self.tap, f"{self.folder}/twin", self.broker.count("g.shop.t")
        table = f"{lake}/shop/t"
        start = lambda: self.start("twin", topics="g.shop.t", lake=lake, more=["--mode", "append", "--batch-rows-max", "500"])
        workers = [start(), start()]
        wait_until(lambda: len(versions(table)) > 3)
        wrong = self.end(workers[0], signal.SIGKILL)
        workers = [workers[1], start()]
        places = lambda: [(row["_partition"], row["_offset"]) for row in map(json.loads, tailrace("cat", table).stdout.splitlines())]
        tap.ok(wait_until(lambda: len(places()) >= count, 90, 1), "a changelog of the same topic comes to its end", self.said(workers[1]))
        for worker in workers:
            wrong = wrong or self.end(worker, signal.SIGTERM)
        found = places()
        tap.equal((wrong, len(found), len(set(found))), ("", count, count), "and has every message once")

    def spoiled(self, topic, numbers):
        """Changes of 300 rows, and in each partition a message that is none behind every fourth. What the table then holds."""
        messages, rows = [], {}
        for n in numbers:
            key = n % 300
            change = {"before": {"id": key, "n": n - 300} if n >= 300 else None, "after": {"id": key, "n": n}, "op": "u" if n >= 300 else "c",
                      "ts_ms": 1, "source": {"connector": "mysql", "name": "x", "db": "shop", "table": "q", "ts_ms": 1, "snapshot": "false",
                                             "file": "b.000001", "pos": n, "row": 0}}
            messages.append(Message(topic, key % PARTITIONS, None, None, json.dumps({"id": key}), json.dumps(change), []))
            rows[key] = n
            if n // PARTITIONS % 4 == 3:
                messages.append(Message(topic, key % PARTITIONS, None, None, b"key", b"bad %d" % n, []))
        self.broker.write(topic, messages)
        return collections.Counter((str(key), str(n)) for key, n in rows.items())

    def quarantine(self):
        """Bad messages in every partition, and workers that are killed on the way."""
        tap, lake, topic = self.tap, f"{self.folder}/quarantine", "q.shop.q"
        kept, wrong = f"{lake}/topics/quarantine", ""
        start = lambda: self.start("q", topics=topic, lake=lake, more=["--bad-message", "quarantine", "--batch-rows-max", "200"])
        places = lambda: collections.Counter((row["partition"], row["offset"]) for row in map(json.loads, tailrace("cat", kept).stdout.splitlines()))
        self.broker.create(topic, partitions=PARTITIONS)
        self.spoiled(topic, range(9000))
        workers = [start(), start()]
        for n in range(9000, 18000, 3000):
            before = len(versions(kept))
            rows = self.spoiled(topic, range(n, n + 3000))
            wrong = wrong or ("" if wait_until(lambda: len(versions(kept)) > before + 1, 150) else "the quarantine does not grow")
            wrong = wrong or self.end(workers.pop(0), signal.SIGKILL)
            workers.append(start())
        bad = collections.Counter((m.partition, m.offset) for m in self.broker.read(topic) if m.value.startswith(b"bad"))
        tap.ok(wait_until(lambda: sum(places().values()) >= len(bad) and lake_rows(f"{lake}/shop/q") == rows, 60, 1),
               "with bad messages the group comes to the topic's end", self.said(workers[1])[-3000:])
        for worker in workers:
            wrong = wrong or self.end(worker, signal.SIGTERM)
        tap.equal((wrong, len(bad)), ("", 4500), "its workers end when they are told to, and not before")
        tap.equal(difference(places(), bad, ("quarantine", "topic")), "", "each bad message is in the quarantine once")
        tap.equal(difference(lake_rows(f"{lake}/shop/q"), rows, ("lake", "topic")), "", "and the rows of the others are right")

    def both(self):
        """Tables in both formats: every worker follows, and all of them may be killed between the two commits."""
        sys.path.append(f"{READERS}/venv/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")
        import iceberg_rig
        tap, lake, topic = self.tap, f"{self.folder}/both", "b.shop.b"
        if not os.path.exists(iceberg_rig.PYTHON):
            return tap.skip("a group's tables in both formats", "tests/readers/install.sh first")
        table, rows, wrong = f"{lake}/shop/b", {}, ""
        start = lambda: self.start("b", topics=topic, lake=lake, more=["--table-format", "both", "--batch-rows-max", "150"])
        self.broker.create(topic, partitions=PARTITIONS)
        workers = [start() for _ in range(WORKERS)]
        for first in range(0, 12000, 2000):
            before = len(versions(table))
            self.broker.write(topic, [self.change_of(topic, rows, n) for n in range(first, first + 2000)])
            wrong = wrong or ("" if wait_until(lambda: len(versions(table)) > before + 2, 150) else "the table does not grow")
            wrong = wrong or self.end(workers.pop(0), signal.SIGKILL)
            workers.append(start())
        wanted = collections.Counter((str(key), str(n)) for key, n in rows.items())
        tap.ok(wait_until(lambda: lake_rows(table) == wanted, 90, 1), "in both formats the group comes to the topic's end", self.said(workers[-1])[-3000:])
        leads = lambda: iceberg_rig.property_of(table, "leader-version") == str(versions(table)[-1].number)
        tap.ok(wait_until(leads, 20), "and the Iceberg side follows to the newest version", iceberg_rig.property_of(table, "leader-version"))
        for worker in workers:
            wrong = wrong or self.end(worker, signal.SIGTERM)
        tap.equal(wrong, "", "its workers end when they are told to, and not before")
        iceberg_rig.check_iceberg(tap, table, wanted, "the Iceberg side of a group's table", ["duckdb", "pyiceberg"])
        followed = [int(s["summary"]["tailrace.leader-version"]) for s in iceberg_rig.metadata(table)["snapshots"]]
        tap.ok(len(followed) > WORKERS and followed == sorted(set(followed)), "it has each version once, and never goes back", followed)

    def change_of(self, topic, rows, n):
        """The n-th change of a table of 400 keys: mostly an update, at times a row goes or comes again."""
        key = self.random.randrange(400)
        had, now = rows.get(key), None if n % 7 == 0 else n
        rows.pop(key, None) if now is None else rows.update({key: now})
        row = lambda value: None if value is None else {"id": key, "n": value}
        change = {"before": row(had if now is not None else had or 0), "after": row(now), "op": "d" if now is None else "u" if had is not None else "c",
                  "ts_ms": 1, "source": {"connector": "mysql", "name": "x", "db": "shop", "table": "b", "ts_ms": 1, "snapshot": "false",
                                         "file": "b.000001", "pos": n, "row": 0}}
        return Message(topic, key % PARTITIONS, None, None, json.dumps({"id": key}), json.dumps(change), [])

    # --- what a group cannot do ------------------------------------------------------------------------

    def put(self, topic, keys, partition=None):
        self.broker.write(topic, [Message(topic, partition, None, None, json.dumps({"id": key}).encode(), json.dumps({
            "before": None, "after": {"id": key, "n": 1}, "op": "c", "ts_ms": 1, "source": {
                "connector": "mysql", "name": "x", "db": "shop", "table": topic.split(".")[2], "ts_ms": 1, "snapshot": "false",
                "file": "b.000001", "pos": key, "row": 0}}).encode(), []) for key in keys])

    def halts(self, worker, what, claim):
        process = self.workers.pop(worker)
        try:
            status = process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            status = None
        self.tap.ok(status == 2 and what in self.said(worker), claim, f"{status}: {self.said(worker)[-1500:]}")

    def refusals(self):
        tap, lake = self.tap, f"{self.folder}/other"
        self.broker.create("x.shop.p", partitions=2)
        self.put("x.shop.p", range(100))
        self.put("y.shop.p", range(100))
        done = tailrace("sync", "--from", f"kafka://{self.broker.address}/x.shop.p", "--to", lake, "--group", "x")
        tap.ok(done.returncode == 2 and "sync reads every partition itself" in done.stderr, "sync is for one process", done.stderr)
        self.halts(self.start("both", topics="x.shop.p,y.shop.p", lake=f"{self.folder}/both"), "a key may be in both",
                   "two topics into one table with a key are for one process")
        worker = self.start("x", topics="x.shop.p", lake=lake)
        tap.ok(wait_until(lambda: os.path.isdir(f"{lake}/shop/p") and len(versions(f"{lake}/shop/p")) > 1), "a group of one")
        done = tailrace("sync", "--from", f"kafka://{self.broker.address}/x.shop.p", "--to", lake)
        tap.ok(done.returncode == 2 and "another tailrace is at work" in done.stderr, "nobody works beside a group", done.stderr)
        self.broker.add_partitions("x.shop.p", 3)
        self.halts(worker, "its keys have moved", "partitions that are added halt the group")
        self.put("x.shop.p", range(50, 150), partition=2)
        done = tailrace("sync", "--from", f"kafka://{self.broker.address}/x.shop.p", "--to", lake)
        tap.equal((done.returncode, sum(lake_rows(f"{lake}/shop/p").values())), (0, 150), "until one process has read on")
        worker = self.start("x", topics="x.shop.p", lake=lake)
        self.put("x.shop.p", range(100, 200), partition=2)
        tap.ok(wait_until(lambda: sum(lake_rows(f"{lake}/shop/p").values()) == 200), "then the group goes on", self.said(worker))
        tap.equal(self.end(worker, signal.SIGTERM), "", "and ends in order")
        os.rename(f"{lake}/shop/p", f"{lake}/away")
        worker = self.start("x", topics="x.shop.p", lake=lake)
        is_whole = lambda: os.path.isdir(f"{lake}/shop/p") and versions(f"{lake}/shop/p") and sum(lake_rows(f"{lake}/shop/p").values()) == 200
        tap.ok(wait_until(is_whole), "a table that is moved away is made anew by the group", self.said(worker))
        tap.equal(self.end(worker, signal.SIGTERM), "", "which ends in order")

    def alone(self):
        tap, lake = self.tap, f"{self.folder}/alone"
        self.put("a.shop.p", range(10))
        worker = self.start(None, topics="/a.shop.*/", lake=lake)
        rows = lambda table: sum(lake_rows(f"{lake}/shop/{table}").values()) if versions(f"{lake}/shop/{table}") else 0
        tap.ok(wait_until(lambda: rows("p") == 10), "without a group one process reads all", self.said(worker))
        self.broker.add_partitions("a.shop.p", 2)
        self.put("a.shop.p", range(10, 30), partition=1)
        self.put("a.shop.q", range(5))
        tap.ok(wait_until(lambda: rows("p") == 30 and rows("q") == 5), "and what is added meanwhile: partitions, topics",
               self.said(worker))
        tap.equal(self.end(worker, signal.SIGTERM), "", "until it is told to end")
        self.broker.add_partitions("a.shop.p", 3)
        self.put("a.shop.p", range(30, 40), partition=2)
        worker = self.start(None, topics="/a.shop.*/", lake=lake, more=["--from-offset", "latest"])
        tap.ok(wait_until(lambda: rows("p") == 40), "a partition that is added is never begun at its end", self.said(worker))
        tap.equal(self.end(worker, signal.SIGTERM), "", "and that run ends in order")

    def run(self):
        for part in PARTS or ("run_group", "twin", "quarantine", "both", "refusals", "alone"):
            getattr(self, part)()
        return self.tap.done()


if __name__ == "__main__":
    need_binary()
    sys.exit(Test(int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))).run())

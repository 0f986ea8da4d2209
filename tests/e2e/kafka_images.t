#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Events out of order through Kafka: a back end writes them late, twice, and those of one key to different partitions,
while runs are killed. The tables are the fold of the events by their order, as Python computes it from the topic.

Parts have topics, tables and random choices of their own, and are killed side by side. SEED repeats a run's choices,
MINUTES sets how long they are, PARTS chooses among them.
"""
import base64
import collections
import concurrent.futures
import datetime
import decimal
import json
import os
import random
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Broker, Message, Part

MINUTES = float(os.environ.get("MINUTES", 0.35))
PARTS = os.environ.get("PARTS", "full pinned horizon partial partialhorizon hidden bad debezium").split()
PARTITIONS = 3
BEGIN = datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc)
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
MICROSECOND = datetime.timedelta(microseconds=1)
BEGIN_US = (BEGIN - EPOCH) // MICROSECOND
DAY_US = 86400 * 10**6
MONTH_US = 30 * DAY_US
ACTIONS = ["_insert", "_update", "_delete"]  # at one instant the latter counts more
INSERT, UPDATE, DELETE = range(3)
Counts = collections.namedtuple("Counts", "late stale twice")


# --- times ----------------------------------------------------------------------------------------

def written(rand, us):
    """One of the forms that a time in microseconds may have."""
    zone = rand.choice(["", "Z", "UTC", "+02:00", "-05:30"])
    shift = {"+02:00": 120, "-05:30": -330}.get(zone, 0)
    at = EPOCH + us * MICROSECOND + datetime.timedelta(minutes=shift)
    text = at.strftime("%Y-%m-%d" + rand.choice("T ") + "%H:%M:%S") + (f".{at.microsecond:06}".rstrip("0") if at.microsecond else "") + zone
    return rand.choice([text, us / 10**6, us / 10**3, us, us * 1000 + rand.randrange(1000)])


def instant(value):
    """The microseconds of any form."""
    if not isinstance(value, str):
        unit = next(unit for unit, below in ((10**6, 10**11), (1000, 10**14), (1, 10**17), (decimal.Decimal("0.001"), 10**20)) if value < below)
        return int(decimal.Decimal(str(value)) * unit)
    day, clock, fraction, zone = re.fullmatch(r"([-\d]+)[T ]([:\d]+)(?:\.(\d+))?(.*)", value).groups()
    at = datetime.datetime.fromisoformat(f"{day}T{clock}" + (zone if zone[:1] in ("+", "-") else "+00:00"))
    return (at - EPOCH) // MICROSECOND + int(f"{fraction or 0:0<6}"[:6])


def shown(us):
    return (EPOCH + us * MICROSECOND).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# --- what is sent ---------------------------------------------------------------------------------

class Backend:
    """Change events of rows, held back for a while, or sent again. No two of one key, instant and action differ, but those
    that `ver` tells apart."""

    keys = 60

    def __init__(self, rand, partitions, is_partial, has_versions):
        self.random, self.partitions, self.is_partial, self.has_versions = rand, partitions, is_partial, has_versions
        self.now, self.held, self.sent, self.used = BEGIN_US, [], [], set()

    def columns(self):
        r = self.random
        known = {"a": r.choice([None, r.randrange(-2**63, 2**63)]), "b": r.choice([None, "", "é\"\\\n", "x" * r.randrange(40)]),
                 "c": r.choice([None, r.randrange(1, 99) + r.choice([0.5, 0.125])]), "d": r.choice([None, True, False])}
        if self.is_partial and len(self.sent) > 1500:
            known["e"] = r.choice(["late", "r"])  # a column that comes later
        names = [name for name in known if r.random() < (0.3 if self.is_partial else 0.9)]
        return {name: known[name] for name in names}

    def row(self, us):
        """An event at about that time: (microseconds, key, action, columns)."""
        r = self.random
        while True:
            key, action = r.randrange(self.keys), r.choice(ACTIONS[:1] + ACTIONS[1:2] * 3 + ACTIONS[2:])
            version = r.choice([None, r.randrange(9)]) if self.has_versions else None
            if (us, key, action, version) not in self.used:
                break
            us += 1
        self.used.add((us, key, action, version))
        columns = self.columns() if action != "_delete" or r.random() < 0.2 else {}
        if version is not None:
            columns["ver"] = version
        return us, key, action, columns

    def rows(self, count):
        """In the order in which they are sent."""
        r = self.random
        for _ in range(count):
            self.now += r.choice([0, 0, 1, 1000, 10**6, 2 * 10**6])
            self.held.append((r.choice([0, 0, 3, 40, 400]), self.row(self.now)))
            if self.sent and r.random() < 0.15:
                self.held.append((r.choice([0, 5]), r.choice(self.sent[-500:])))
        self.held, due = [(n - count, row) for n, row in self.held if n > 0], [row for n, row in self.held if n <= 0]
        r.shuffle(due)
        self.sent += due
        return due

    def image(self, row):
        us, key, action, columns = row
        members = [("_action", self.random.choice([action, action[1:]])), ("_timestamp", written(self.random, us)), ("PK", key), *columns.items()]
        self.random.shuffle(members)
        return dict(members)

    def message(self, rows, partition=None):
        value = json.dumps({"from": "us", "after_image": [self.image(row) for row in rows]}).encode()
        return Message(None, self.random.randrange(self.partitions) if partition is None else partition, None, None,
                       self.random.choice([None, b"key"]), value, [])

    def packed(self, rows, partition=None):
        """Into messages of one or many of them."""
        out = []
        while rows:
            count = self.random.choice([1, 1, 2, 30])
            out.append(self.message(rows[:count], partition))
            rows = rows[count:]
        return out


# --- what must come of it -------------------------------------------------------------------------

Event = collections.namedtuple("Event", "order key action columns")  # order: (time, ver or -1, action)


def events_of(messages):
    """Of every row in good messages, in the partitions' order."""
    for message in messages:
        for row in json.loads(message.value, parse_float=decimal.Decimal)["after_image"]:
            columns = {name: float(v) if isinstance(v, decimal.Decimal) else v for name, v in row.items() if name[0] != "_" and name != "PK"}
            action = ACTIONS.index("_" + row["_action"].lstrip("_"))
            version = columns.get("ver")
            yield Event((instant(row["_timestamp"]), -1 if version is None else version, action), row["PK"], action, columns)


def newest(events, key_of):
    """{key: its event of the highest order}"""
    found = {}
    for event in events:
        for key in key_of(event):
            if key not in found or event.order > found[key].order:
                found[key] = event
    return found


def attributes(event):
    """What the long table has of it: its columns, and a mark."""
    names = list(event.columns) if event.action != DELETE else []
    return names + ([ACTIONS[event.action]] if event.action != UPDATE or not names else [])


def as_value(value):
    return value if value is None or isinstance(value, str) else str(value).lower()


def put_together(long, names, hides):
    """The rows of partial images, from the newest event of each attribute."""
    floor = {key: e.order for (key, name), e in long.items() if name == "_delete"}
    rows = collections.defaultdict(dict)
    for (key, name), e in long.items():
        if name != "_delete" and (key not in floor or e.order > floor[key]):
            rows[key][name] = e.columns.get(name)
    return [[key, *(row.get(n) for n in names)] for key, row in rows.items() if "_insert" in row or not hides]


# --- the parts ------------------------------------------------------------------------------------

class Images(Part):
    """Image lists, whose keys are in any partition. Where late ones are kept some rows are a month older than the others."""

    partitions = PARTITIONS
    is_partial = has_versions = keeps_late = False
    horizon_us = 7 * DAY_US
    names = ["a", "b", "c", "d"]

    def __init__(self, test, name, *options):
        if self.keeps_late:
            options += "--late", "keep", "--late-horizon", f"{self.horizon_us // 10**6}s"
        super().__init__(test, name, f"{name}.events", f"{name}.lake", "--input-format", "image", "--key", "PK", "--table", "shop.t",
                         "--order", "event", *options)
        self.backend = Backend(self.random, self.partitions, self.is_partial, self.has_versions)
        self.broker.create(self.topics, self.partitions)
        # what is a month late is so in any order of arrival: each partition begins with newer events
        self.broker.write(self.topics, self.pack(self.backend.rows(600)))

    def start(self):
        """Sometimes without its indexes and its low-water mark, which it makes anew."""
        if self.random.random() < 0.15:
            shutil.rmtree(f"{self.lake}/_tailrace", ignore_errors=True)
        return super().start()

    def split(self, events):
        """Those in time, and the late ones."""
        return [[e for e in events if (e.order[0] < BEGIN_US) == is_late] for is_late in (False, True)]

    def some(self):
        return self.random.choice([1, 10, 60])

    def pack(self, rows):
        return self.backend.packed(rows)

    def month_old(self):
        r = self.random
        return [self.backend.row(BEGIN_US - MONTH_US + r.randrange(10**9)) for _ in range(r.choice([0, 0, 1, 5]) if self.keeps_late else 0)]

    def write(self):
        rows = self.backend.rows(self.some()) + self.month_old()
        self.random.shuffle(rows)
        self.broker.write(self.topics, self.pack(rows))

    unsettled = set()  # tables that depend on the kills

    def sent(self, test):
        return test.broker.read(self.topics)

    def check(self, test):
        test.done(f"{self.name}: sync comes to the topic's end", self)
        events = list(events_of(self.sent(test)))
        in_time, late = self.split(events)
        test.tap.note(f"{self.name}: {self.kills} kills, {len(events)} events, {len({(e.key, e.order) for e in events})} different ones, {len(late)} late")
        self.check_table(test, in_time, late)
        anew = f"{self.lake}.anew"
        test.done(f"{self.name}: the same topic in one go", self, anew)
        for table in set(os.listdir(f"{anew}/shop")) - self.unsettled:
            by_members = [sorted(test.rows(f"{lake}/shop/{table}"), key=lambda row: json.dumps(row, sort_keys=True)) for lake in (self.lake, anew)]
            test.same(*by_members, f"{self.name}: makes the same {table}, ranks and all")

    def check_clock(self, test, table, events):
        """The newest event and the watermark, which do not depend on what came when. Returns the counts."""
        text = tailrace("describe", f"{self.lake}/shop/{table}").stdout
        watermark = max(e.order[0] for e in events)
        edge = shown(watermark - self.horizon_us)
        test.tap.ok(f"newest event  {shown(watermark)}\nwatermark     {edge}: " in text, f"{self.name}: describe has newest event and watermark",
                    f"wanted {shown(watermark)}, {edge}\n{text}")
        return Counts(*map(int, re.search(r"no effect +(\d+) late, (\d+) stale, (\d+) twice", text).groups()))


class Full(Images):
    """Full images, and a column that decides between rows of one time."""

    has_versions = keeps_late = True
    horizon_us = DAY_US
    names = ["a", "b", "c", "d", "ver"]

    def __init__(self, test, name="full", *options):
        super().__init__(test, name, *options, "--order-by", "ver", "--schema",
                         "PK BIGINT NOT NULL, a BIGINT, b STRING, c DOUBLE, d BOOLEAN, ver BIGINT")

    def found(self, test, table):
        """As `wanted` of the events."""
        return sorted(((row["PK"], [row[n] for n in self.names], instant(row["_event_time"]), row["_event_rank"] >> 61)
                       for row in test.rows(f"{self.lake}/shop/{table}")), key=repr)

    def wanted(self, events):
        """Of a delete only key and order are kept."""
        return sorted(((e.key, [e.columns.get(n) if e.action != DELETE or n == "ver" else None for n in self.names], e.order[0], e.action)
                       for e in events), key=repr)

    def check_table(self, test, in_time, late):
        newest_of = newest(in_time, lambda e: [e.key])
        test.same(self.found(test, "t"), self.wanted(e for e in newest_of.values() if e.action != DELETE),
                  f"{self.name}: the table has the newest event of each key, if it is no delete")
        if self.keeps_late:
            test.same(self.found(test, "t__late"), self.wanted({(e.key, e.order): e for e in late}.values()),
                      f"{self.name}: each late event is in the table for them, once")
        counts = self.check_clock(test, "t", in_time)
        test.tap.equal(counts.late, len(late), f"{self.name}: describe counts what came late, whatever was killed")
        self.check_counts(test, in_time, counts)

    def check_counts(self, test, events, counts):
        """Which events find a newer one of their key depends on the partitions' turns."""
        effective = len(events) - counts.stale - counts.twice
        test.tap.ok(len({e.key for e in events}) <= effective <= len({(e.key, e.order) for e in events}),
                    f"{self.name}: describe counts what was stale or came twice, and nothing else", f"{counts} of {len(events)}")


class Pinned(Full):
    """All events of a key are in one partition, so that which of them find a newer one does not depend on the partitions' turns."""

    keeps_late = False
    horizon_us = Images.horizon_us

    def __init__(self, test, name="pinned", *options):
        super().__init__(test, name, *(options or ["--table-format", "iceberg"]))

    def pack(self, rows):
        parts = [self.backend.packed([row for row in rows if row[1] % self.partitions == p], p) for p in range(self.partitions)]
        return [message for part in parts for message in part]

    def check_counts(self, test, events, counts):
        highest, wanted = {}, collections.Counter()
        for e in events:
            if e.key in highest and e.order <= highest[e.key]:
                wanted["twice" if e.order == highest[e.key] else "stale"] += 1
            else:
                highest[e.key] = e.order
        test.tap.equal(counts[1:], (wanted["stale"], wanted["twice"]),
                       f"{self.name}: describe counts what came behind a newer event of its key, and what came twice")


def split_by_horizon(events, horizon_us):
    watermark, in_time, late = 0, [], []
    for e in events:
        watermark = max(watermark, e.order[0])
        (late if e.order[0] < watermark - horizon_us else in_time).append(e)
    return in_time, late


class Horizon(Pinned):
    """One partition and a short horizon: which events are late depends on those before them alone."""

    partitions, keeps_late, horizon_us = 1, True, 60 * 10**6

    def __init__(self, test):
        super().__init__(test, "horizon", "--table-format", "both")

    def split(self, events):
        return split_by_horizon(events, self.horizon_us)


class Partial(Images):
    """Partial images: the long table, what was late of it, and the table that is put together."""

    is_partial = keeps_late = True
    horizon_us = DAY_US
    names = Images.names + ["e"]

    def __init__(self, test, name="partial", *options):
        super().__init__(test, name, "--image", "partial", *(options or ["--table-format", "both"]))

    def found(self, test, table):
        return sorted(((row["PK"], row["attribute"], row["value"], row["deleted"], instant(row["_event_time"]), row["_event_rank"] >> 61)
                       for row in test.rows(f"{self.lake}/shop/{table}")), key=repr)

    def wanted(self, attributes):
        return sorted(((e.key, name, as_value(e.columns.get(name)), name == "_delete", e.order[0], e.action) for name, e in attributes), key=repr)

    def check_table(self, test, in_time, late):
        long = newest(in_time, lambda e: [(e.key, name) for name in attributes(e)])
        test.same(self.found(test, "t__long"), self.wanted((name, e) for (_, name), e in long.items()),
                  f"{self.name}: the long table has the newest event of each attribute")
        rows = [[row["PK"], *(row.get(n) for n in self.names)] for row in test.rows(f"{self.lake}/shop/t")]
        test.same(sorted(rows, key=repr), sorted(put_together(long, self.names, "hide" in self.options), key=repr),
                  f"{self.name}: the table is put together from them")
        late = [(name, e) for e in late for name in attributes(e)]
        if self.keeps_late:
            kept = self.found(test, "t__long__late")
            wanted = self.wanted({(e.key, e.order, name): (name, e) for name, e in late}.values())
            if "t__long__late" in self.unsettled:  # what came again after a kill may be late by then
                kept = [row for row in kept if row in wanted]
            test.same(kept, wanted, f"{self.name}: what was late is in the table for it, once")
        # what comes again, because a run was killed between the two commits, is counted again: no number is exact
        counts = self.check_clock(test, "t__long", in_time)
        total = sum(len(attributes(e)) for e in in_time)
        test.tap.ok(counts.late >= len(late) and counts.stale + counts.twice >= total - len({(e.key, e.order, name) for e in in_time
                                                                                        for name in attributes(e)}),
                    f"{self.name}: describe counts what had no effect, at least once", f"{counts} of {total}, and {len(late)} late")
        test.tap.note(f"{self.name}: {counts.late - len(late)} counted as late again")


class PartialHorizon(Partial):
    """As Horizon."""

    partitions, horizon_us, unsettled = 1, Horizon.horizon_us, {"t__long__late"}

    def __init__(self, test):
        super().__init__(test, "partialhorizon", "--table-format", "iceberg")

    def split(self, events):
        return split_by_horizon(events, self.horizon_us)


class Hidden(Partial):
    """With messages that do not fit into the memory for batches, and go to the table in parts."""

    keeps_late = False
    horizon_us = Images.horizon_us

    def __init__(self, test):
        super().__init__(test, "hidden", "--incomplete-rows", "hide", "--memory-max", "1MiB")

    def write(self):
        super().write()
        if self.random.random() < 0.05:
            rows = [(us, key, action, {**columns, "b": "x" * 400}) for us, key, action, columns in
                    (self.backend.row(self.backend.now) for _ in range(1500))]
            self.broker.write(self.topics, [self.backend.message(rows)])


class Bad(Full):
    """Messages that cannot be read among those that can."""

    keeps_late = False
    horizon_us = Images.horizon_us

    kinds = {
        "no time": (lambda row: row.pop("_timestamp"), 'it has no "_timestamp"'),
        "no such action": (lambda row: row.update(_action="_upsert"), 'its "_action" is "_upsert"'),
        "no key": (lambda row: row.pop("PK"), 'it has no "PK", which is of the key'),
        "a key that is null": (lambda row: row.update(PK=None), 'its "PK" is null'),
        "a key that is text": (lambda row: row.update(PK="one"), 'column "PK" (long): "one" is not an integer'),
        "a time to come": (lambda row: row.update(_timestamp="9999-12-31 23:59:59"), "later than the clock of this machine"),
        "no list": (None, '"after_image" is a number, not a list'),
        "no JSON": (None, "not JSON"),
    }

    def __init__(self, test):
        super().__init__(test, "bad", "--bad-message", "quarantine")

    def pack(self, rows):
        messages = super().pack(rows)
        for _ in range(self.random.randrange(5)):
            messages.insert(self.random.randrange(len(messages) + 1), self.bad_message())
        return messages

    def bad_message(self):
        """One row of it is wrong, or all of it; its key says why."""
        what = self.random.choice(list(self.kinds))
        rows = [self.backend.image(self.backend.row(self.backend.now)) for _ in range(self.random.choice([1, 3]))]
        if self.kinds[what][0] is not None:
            self.kinds[what][0](self.random.choice(rows))
        value = b"{bad" if what == "no JSON" else json.dumps({"after_image": 7 if what == "no list" else rows}).encode()
        return Message(None, self.random.randrange(PARTITIONS), None, None, f"bad: {what}".encode(), value, [])

    def sent(self, test):
        """The good ones; the others are in the quarantine."""
        messages = super().sent(test)
        is_bad = lambda message: (message.key or b"").startswith(b"bad: ")
        kept = [((row["partition"], row["offset"]), base64.b64decode(row["value"]), row["error"])
                for row in test.rows(f"{self.lake}/topics/quarantine")]
        wanted = [(m[1:3], m.value, self.kinds[m.key.decode()[5:]][1]) for m in messages if is_bad(m)]
        test.same([k[:2] for k in sorted(kept)], [w[:2] for w in wanted], f"{self.name}: each of {len(wanted)} bad messages is in the quarantine, once")
        test.tap.equal([k for k, w in zip(sorted(kept), wanted) if w[2] not in k[2]], [], f"{self.name}: with what is wrong")
        return [m for m in messages if not is_bad(m)]


class Debezium(Part):
    """A log's messages in any order and partition, by their source's time and place in the log."""

    names = ["id", "n", "v", "_event_time", "_event_file", "_event_offset"]

    def __init__(self, test):
        super().__init__(test, "debezium", "log.shop.t", "debezium.lake", "--order", "event", "--schema", "id BIGINT NOT NULL, n BIGINT, v STRING")
        self.rows, self.place, self.now_ms, self.held, self.sent = {}, 0, BEGIN_US // 1000, [], []
        self.broker.create(self.topics, PARTITIONS)

    def some(self):
        return self.random.choice([1, 20, 200])

    def change(self):
        r, key = self.random, self.random.randrange(60)
        self.place += r.choice([0, 1, 1])  # several rows of one event
        self.now_ms += r.choice([0, 0, 1, 1000, -500])  # clocks jump
        self.row_number = self.row_number + 1 if self.held and self.place == self.last_place else 0
        self.last_place = self.place
        old, new = self.rows.get(key), {"id": key, "n": r.randrange(-2**63, 2**63), "v": r.choice([None, "", "é", "x" * r.randrange(40)])}
        op = "c" if old is None else r.choice("uud")
        self.rows[key] = new if op != "d" else None
        # the place in the log: a file has 200 events, and 10 follows 9
        source = {"connector": "mysql", "db": "shop", "table": "t", "ts_ms": self.now_ms, "snapshot": "false", "row": self.row_number,
                  "file": f"b.{self.place // 200 + 8:06}", "pos": 4 + self.place % 200}
        value = {"before": old, "after": new if op != "d" else None, "source": source, "op": op, "ts_ms": 1}
        return json.dumps({"id": key}).encode(), json.dumps(value).encode()

    row_number = last_place = 0

    def write(self):
        r = self.random
        for _ in range(self.some()):
            key, value = self.change()
            self.held.append((r.choice([0, 0, 2, 30]), (key, value)))
            if b'"op": "d"' in value:
                self.held.append((r.choice([0, 2]), (key, None)))
            if self.sent and r.random() < 0.1:
                self.held.append((0, r.choice(self.sent[-300:])))
        due = [message for turns, message in self.held if turns == 0]
        self.held = [(turns - 1, message) for turns, message in self.held if turns > 0]
        r.shuffle(due)
        self.sent += due
        self.broker.write(self.topics, [Message(None, r.randrange(PARTITIONS), None, None, *message, []) for message in due])

    def check(self, test):
        test.done(f"{self.name}: sync comes to the topic's end", self)
        found = {}
        for value in (json.loads(m.value) for m in test.broker.read(self.topics) if m.value is not None):
            source, row = value["source"], value["after"] or value["before"]
            order = source["ts_ms"] * 1000, int(source["file"][2:]), source["pos"], source["row"]
            if order >= found.get(row["id"], [(0,)])[0]:
                found[row["id"]] = order, value["after"]
        wanted = [[*after.values(), *order[:3]] for order, after in found.values() if after is not None]
        rows = [[row[n] if n != "_event_time" else instant(row[n]) for n in self.names] for row in test.rows(f"{self.lake}/shop/t")]
        test.same(sorted(rows), sorted(wanted), f"{self.name}: the table has what the log says last of each key")


class Test:
    def __init__(self, seed):
        self.seed, self.minutes = seed, MINUTES
        self.tap = Tap()
        self.tap.note(f"SEED={seed} MINUTES={MINUTES}")
        self.broker = Broker()
        self.folder = scratch()

    def done(self, claim, part, lake=None):
        run = tailrace("sync", "--from", self.broker.url(part.topics), "--to", lake or part.lake, *part.options)
        return self.tap.ok(run.returncode == 0, claim, run.stderr[-1500:])

    def rows(self, table):
        done = tailrace("cat", table, "--as", "jsonl")
        return [json.loads(line) for line in done.stdout.split("\n") if line]

    def same(self, got, wanted, claim):
        """Of two sorted lists; says the first that differ."""
        at = next((i for i, (g, w) in enumerate(zip(got, wanted)) if g != w), min(len(got), len(wanted)))
        return self.tap.ok(got == wanted, f"{claim}: {len(wanted)}", f"got {len(got)}\n" + "\n".join(map(str, got[at:at + 3])) + "\nwanted\n" +
                           "\n".join(map(str, wanted[at:at + 3])))

    def run(self):
        parts = [kind(self) for kind in (Full, Pinned, Horizon, Partial, PartialHorizon, Hidden, Bad, Debezium) if kind.__name__.lower() in PARTS]
        with concurrent.futures.ThreadPoolExecutor() as pool:
            wrong = list(pool.map(Part.killed, parts))
        for part, why in zip(parts, wrong):
            self.tap.equal(why, "", f"{part.name}: runs end when they are killed, and not before")
            part.check(self)
        return self.tap.done()


if __name__ == "__main__":
    need_binary()
    sys.exit(Test(int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))).run())

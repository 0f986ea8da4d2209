#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random transactions, random kill -9 of tailrace and of the server. After every stop:
each table's versions equal the model at the position that they name, positions never go back, the sum of the
accounts is the same in every version, and every event stands in the append-only table exactly once.

SEED repeats a run's choices, MINUTES sets its length (1; ./check --all: 2; make campaign: hours).
TABLE_FORMAT=both or iceberg: the same in Iceberg's format 3 or 2, also read by engines that we did not write (iceberg_rig.py; ENGINES
says which), when everything is caught up, and in the end after every row was updated, whole files were deleted, a column was added.
"""
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from iceberg_rig import *
from workload import ACCOUNTS, BALANCE, TABLES, Workload


# MariaDB does not cut the log that it was killed in; no replica gets past that place either.
TORN_LOG = "binlog truncated in the middle of event"

FORMAT = os.environ.get("TABLE_FORMAT", "delta")
SLOW = ("kernel", "spark", "trino")                                   # engines that are asked in the end only
DELTA_ENGINES = ["deltalake", "duckdb", "polars", "clickhouse", "daft",
                 *(e for e, other in (("kernel", "spark"), ("spark", "spark"), ("trino", "trino")) if other in ENGINES)]
LAST_CHANGES = """UPDATE hot SET a = a + 1; UPDATE account SET touched = 0; DELETE FROM pair; DELETE FROM keyless WHERE a < 5;
    ALTER TABLE swapped ADD COLUMN w BIGINT NOT NULL DEFAULT 7; UPDATE swapped SET w = id WHERE id < 20;
    ALTER TABLE events ADD COLUMN at DATETIME(6) NULL"""


class Campaign:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.tap = Tap()
        self.tap.note(f"SEED={seed} MINUTES={MINUTES} SERVER={KIND}")
        self.server = Server("--sync-binlog=1")
        self.lake = f"{scratch()}/lake"
        self.work = Workload(self.server, self.random)
        self.schemas = {}
        self.checked = {name: -1 for name in TABLES}   # the newest version that was looked at
        self.last_position = {}
        self.counts = collections.Counter()
        self.format = []
        if FORMAT != "delta":
            self.format = ["--table-format", FORMAT, "--iceberg-version", str(self.random.choice([3, 2]))]
            self.tap.note(" ".join(self.format))

    def read_source(self, db, name):
        if name not in self.schemas:
            types = {"account": "integer long integer", "hot": "long integer string decimal(12,2) string string",
                     "pair": "integer string binary", "folded": "string integer", "swapped": "integer integer string",
                     "keyless": "integer string", "myisam": "integer string", "emptied": "integer integer",
                     "events": "long string"}[name].split()
            self.schemas[name] = list(zip(self.work.columns(name), types))
        return source_rows(db, "work", name, self.schemas[name])

    # --- what must hold --------------------------------------------------------------------------------

    def check_table(self, name):
        """"" or what is wrong with the table's new versions."""
        table = f"{self.lake}/work/{name}"
        known = iceberg_versions(table) if FORMAT == "iceberg" else versions(table)
        found = [v for v in known if v.number > self.checked[name]]
        for v in found:
            if v.position is None:
                continue
            if v.position < self.last_position.get(name, ("", 0)):
                return f"{name} version {v.number}: position {v.position} after {self.last_position[name]}"
            self.last_position[name] = v.position
        complete = [v for v in found if is_complete(v)]
        chosen = complete[-1:] + self.random.sample(complete[:-1], min(2, len(complete[:-1])))
        for v in chosen:
            wrong = self.check_version(name, table, v)
            if wrong:
                return f"{name} version {v.number} at {v.position} ({v.operation}): {wrong}"
        if found:
            self.checked[name] = found[-1].number
        return self.check_face(name, table) if FORMAT == "both" else ""

    def check_face(self, name, table):
        """"" or what is wrong with the table's Iceberg side: any of its snapshots."""
        complete = [v for v in iceberg_versions(table) if is_complete(v)]
        for v in complete[-1:] + self.random.sample(complete[:-1], min(1, len(complete[:-1]))):
            self.counts["snapshots"] += 1
            got = iceberg_rows("pyiceberg", table, v.info["snapshot-id"])
            wrong = difference(got, self.work.tables[name].at(v.position), ("Iceberg", "model"))
            if wrong:
                return f"{name} snapshot {v.number} at {v.position}: {wrong}"
        return ""

    def check_version(self, name, table, v):
        self.counts["versions"] += 1
        got = lake_rows(table, v.number)
        self.counts["cells"] += sum(len(row) * n for row, n in got.items())
        if name == "account" and sum(int(row[1]) for row in got) != ACCOUNTS * BALANCE:
            return "half a transfer"
        if name == "events":
            doubled = [row for row, n in got.items() if n > 1]
            if doubled:
                return f"{len(doubled)} events more than once, such as {doubled[0]}"
        return difference(got, self.work.tables[name].at(v.position), ("lake", "model"))

    def check_all(self):
        return "\n".join(filter(None, (self.check_table(name) for name in TABLES)))

    # --- what happens ------------------------------------------------------------------------------------

    def write_for(self, seconds):
        """Transactions until the time is over; returns False when the server went away meanwhile."""
        end = time.monotonic() + seconds
        try:
            while time.monotonic() < end:
                self.work.step()
                self.counts["transactions"] += 1
            return True
        except LostConnection:
            return False

    def options(self):
        r = self.random
        return ["--commit-interval", r.choice(["20ms", "100ms", "1s"]), "--batch-rows-max", r.choice(["50", "5000"]),
                "--copy-chunk-rows-max", r.choice(["7", "50", "100000"]), "--memory-max", r.choice(["1MiB", "96MiB"]), *self.format]

    def round(self, number):
        r = self.random
        how = r.choice(["kill"] * 6 + ["term"] * 2 + ["server"] * 2 + ["both"])
        crashes = how in ("server", "both")
        self.work.no_crash_ahead = not crashes
        run = Run(self.server, "work", self.lake, *self.options(), log=f"{self.lake}.log")
        timer = None
        if crashes:
            timer = threading.Timer(r.uniform(0.2, 1.5), self.server.kill)
            timer.start()
        self.write_for(r.choice([0.1, 0.5, 2]) if not crashes else 20)
        if crashes:
            timer.join()
            if how == "both":
                run.kill()
            self.server.start()
            wrong = self.work.after_crash(self.read_source)
            if wrong:
                return wrong
            self.work.no_crash_ahead = True
            self.write_for(r.choice([0.1, 1]))
            if how == "server" and not run.alive():
                return f"run ended after a crash of the server:\n{run.tail()}"
        status = run.term() if how == "term" else run.kill()
        if how == "term" and status != 0:
            return f"SIGTERM ended it with {status}:\n{run.tail()}"
        if status not in (0, -9):
            return f"run ended by itself with {status}:\n{run.tail()}"
        self.counts[how] += 1
        return self.check_all()

    def catch_up(self):
        return sync(self.server, "work", self.lake, *self.format)

    def settle(self):
        """Catches up and compares everything with the server."""
        done = self.catch_up()
        if done.returncode:
            return f"sync ended with {done.returncode}: {done.stderr[-800:]}"
        db = self.server.session()
        wrong = self.check_all()
        for name in TABLES:
            wrong += compare(db, self.lake, "work", name)
            wrong += difference(self.read_source(db, name), +self.work.tables[name].rows, ("source", "model"))
        db.close()
        return wrong

    def check_engines(self, claim, leaves_out=()):
        """Both sides of every table, at the position that both name, are the source's rows to every engine."""
        db = self.server.session()
        for name in TABLES:
            table = f"{self.lake}/work/{name}"
            wanted = source_rows(db, "work", name, schema_of(table))
            check_iceberg(self.tap, table, wanted, f"{claim}: {name}", [e for e in ENGINES if e not in leaves_out])
            if FORMAT == "both":
                self.tap.equal((json.loads(property_of(table, "position")), property_of(table, "leader-version")),
                               (versions(table)[-1].info["tailrace"]["position"], str(versions(table)[-1].number)),
                               f"{claim}: {name}: both sides name one position")
                check_delta(self.tap, table, wanted, f"{claim}: {name}", [e for e in DELTA_ENGINES if e not in leaves_out])
        db.close()

    def change_everything(self):
        """What the random transactions do not: it is read with all that they left behind."""
        self.server.sql(LAST_CHANGES, "work")
        done = self.catch_up()
        self.tap.equal((done.returncode, done.stderr[-800:] * done.returncode), (0, ""), "every row updated, files deleted, columns added: synced")
        self.check_engines("after changes of everything")

    def run(self):
        tap, end = self.tap, time.monotonic() + MINUTES * 60
        self.work.create(self.random.choice([50, 400]))
        number = 0
        while time.monotonic() < end or number < 3:
            number += 1
            wrong = self.round(number)
            if TORN_LOG in wrong:
                tap.note(f"round {number}: the killed server left half an event and cannot send its own log any more")
                return tap.done()
            if not tap.equal(wrong, "", f"round {number}: every version is the model at its position"):
                break
            if (number == 2 or number % 6 == 0) and not tap.equal(self.settle(), "",
                                                                  f"after round {number}: tables equal source and model"):
                break
            if number == 2 and self.format:
                self.check_engines(f"after round {number}", SLOW)
            self.work.has_copy = number >= 2  # only then may keys move in images that leave columns out
        if tap.failed == 0:
            tap.equal(self.settle(), "", "at the end: tables equal source and model, each event exactly once")
            if self.format:
                self.check_engines("in the end", SLOW)
                self.change_everything()
        else:
            tap.note(f"log of tailrace: {open(self.lake + '.log', errors='replace').read()[-1500:]}")
        tap.note(f"{dict(self.counts)} {dict(self.work.counts)}")
        return tap.done()


def is_complete(version):
    """Not one of a copy, whose chunks come one by one and may be ahead of the log."""
    position = version.info.get("tailrace", {}).get("position") or {}
    return version.position is not None and "copy" not in position and "copied_through" not in position


if __name__ == "__main__":
    need_binary()
    if FORMAT != "delta" and not need_readers(Tap(), "tables are read by engines that we did not write"):
        print("1..1")
        sys.exit(0)
    if "trino" in ENGINES:
        start_trino()
    sys.exit(Campaign(int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))).run())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What topics say of tables: the DEFAULTs in Connect schemas."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Broker

GOLDEN = f"{TREE}/tests/golden/debezium"
# Debezium's BIGINT UNSIGNED ends at Java's long, and its BINARY has the backslash of the statement's \0.
OTHER_DEFAULTS = ("u", "bn")


def statements(*beginnings):
    """Those lines of operations.sql that were run before Debezium started."""
    lines = open(f"{GOLDEN}/operations.sql", encoding="utf-8").read().split("\n-- running")[0].splitlines()
    return "\n".join(line for line in lines if line.startswith(beginnings))


def recorded(run, topic):
    for line in open(f"{GOLDEN}/{KIND}_{run}.jsonl", encoding="utf-8"):
        message = json.loads(line)
        if message["topic"] == topic and message["value"]:
            yield json.loads(message["value"])


def row_fields(value):
    """The fields of a row in a message's schema, by name."""
    return {field["field"]: field for field in value["schema"]["fields"][1]["fields"]}


class Test:
    def __init__(self):
        self.tap = Tap()
        self.server = Server()
        self.broker = Broker()

    def sync(self, prefix, *options, tables="ops"):
        return tailrace("sync", "--from", self.server.url(tables), "--to", f"kafka://{self.broker.address}/{prefix}", *options)

    def values(self, topic):
        return [json.loads(m.value) for m in self.broker.read(topic) if m.value]

    # --- DEFAULTs in Connect schemas ----------------------------------------------------------------

    def fields_now(self, prefix, table):
        return row_fields(self.values(f"{prefix}.{table}")[-1])

    def defaults(self):
        tap, db = self.tap, self.server.session()
        db.sql("SET NAMES utf8mb4, time_zone='+00:00', sql_mode=''; CREATE DATABASE ops; USE ops")
        db.sql(statements("CREATE TABLE defaults", "INSERT INTO defaults"))
        db.sql("CREATE TABLE bare (id INT PRIMARY KEY, d DATETIME NOT NULL DEFAULT '0000-00-00', n INT NOT NULL DEFAULT 5, "
               "b BINARY(3) NOT NULL DEFAULT 'ab', e ENUM('x', 'y') NOT NULL DEFAULT 'y')")
        done = self.sync("d", "--schemas")
        tap.equal(done.returncode, 0, "tables with every kind of DEFAULT are copied")
        ours, theirs = self.fields_now("d", "ops.defaults"), row_fields(next(recorded("operations_schemas",
                                                                                     "operations_schemas.ops.defaults")))
        tap.equal([(ours[name], theirs[name]) for name in theirs if name not in OTHER_DEFAULTS and ours[name] != theirs[name]], [],
                  "their schemas carry the DEFAULTs that Debezium's carry")
        db.sql("ALTER TABLE defaults ADD COLUMN more VARCHAR(9) NOT NULL DEFAULT 'm'; INSERT INTO defaults (id) VALUES (10)")
        done = self.sync("d", "--schemas")
        tap.ok(done.returncode == 0, "a table with a YEAR in front of signed columns is recognized with a column added", done.stderr)
        tap.equal(self.fields_now("d", "ops.defaults")["more"].get("default"), "m", "a column that is added brings its own")

    def changed_defaults(self):
        tap, db = self.tap, self.server.session("ops")
        run = Run(self.server, "ops", f"kafka://{self.broker.address}/d", "--schemas", log=f"{scratch()}/log")
        wait = lambda id: wait_until(lambda: any((v["payload"]["after"] or {}).get("id") == id
                                                 for v in self.values("d.ops.defaults")), 20, 0.3)
        db.sql("SET sql_mode=''; INSERT INTO defaults (id) VALUES (11)")
        wait(11)
        db.sql("INSERT INTO bare (id, d, b) VALUES (1, NOW(), 'x'); ALTER TABLE defaults ALTER COLUMN i SET DEFAULT 8; INSERT INTO defaults (id) VALUES (12)")
        wait(12)
        tap.equal([(v["payload"]["after"]["i"], row_fields(v)["i"]["default"]) for v in self.values("d.ops.defaults")
                   if v["payload"]["after"]["id"] in (11, 12)], [(7, 7), (8, 8)],
                  "a DEFAULT that is set while the log is followed is in the schema from there on")
        tap.equal({name: field.get("default") for name, field in self.fields_now("d", "ops.bare").items()},
                  {"id": None, "d": 0, "n": 5, "b": None, "e": "y"}, "those of a table that was empty are there as far as its catalog tells")
        tap.equal(run.term(), 0, "the run ends when it is told to")

    def run(self):
        self.defaults()
        self.changed_defaults()
        return self.tap.done()


if __name__ == "__main__":
    need_binary()
    sys.exit(Test().run())

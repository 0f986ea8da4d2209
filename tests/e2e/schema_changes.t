#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What topics say of tables: the DEFAULTs in Connect schemas, and the schema-change topic."""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Broker

GOLDEN = f"{TREE}/tests/golden/debezium"
# A DEFAULT that Debezium reads from SHOW CREATE TABLE, and the catalog spells otherwise.
OTHER_COLUMNS = ("bn",)
SOME = "ops.person,ops.uniq,ops.composite"
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


def essence(value):
    """What a message of the schema-change topic says, but for times, places and the columns that are known to differ."""
    changes = []
    for change in value["tableChanges"]:
        table = change["table"]
        if table is not None:
            table["columns"] = [column for column in table["columns"] if column["name"] not in OTHER_COLUMNS]
        changes.append((change["type"], change["id"], table))
    return value["databaseName"], value["ddl"], changes


def row_fields(value):
    """The fields of a row in a message's schema, by name."""
    return {field["field"]: field for field in value["schema"]["fields"][1]["fields"]}


class Test:
    def __init__(self):
        self.tap = Tap()
        self.server = Server()
        self.broker = Broker()

    def sync(self, prefix, *options, tables="ops"):
        return sync(self.server, tables, self.broker.url(prefix), *options)

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
        run = Run(self.server, "ops", self.broker.url("d"), "--schemas", log=f"{scratch()}/log")
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

    # --- the schema-change topic ----------------------------------------------------------------------

    def told(self, topic, snapshot):
        """[(database, statement, [(type, id, table)])] of the copy or of the log."""
        return [essence(v) for v in self.values(topic) if v["source"]["snapshot"] == snapshot]

    def copied(self):
        tap, db = self.tap, self.server.session()
        db.sql("DROP DATABASE ops")
        db.sql(statements("DROP DATABASE", "SET", "CREATE", "INSERT"))
        done = self.sync("c")
        tap.equal(done.returncode, 0, "the tables that were recorded are copied")
        ours = self.told("c", "true")
        theirs = [essence(v) for v in recorded("operations", "operations")
                  if v["source"]["snapshot"] == "true" and v["databaseName"] in ("", "ops")]
        tap.equal([x[1] for x in ours][1:], [x[1] for x in theirs][1:], "the copy tells what it finds in Debezium's statements and order")
        tap.ok(ours[0][1].startswith("SET character_set_server="), "the server's character set first", ours[0])
        tap.equal([(a, b) for a, b in zip(ours[1:], theirs[1:]) if a != b], [], "and in its words for tables and columns")
        message = self.broker.read("c")[-1]
        tap.equal((json.loads(message.key), [name for name, _ in message.headers]),
                  ({"databaseName": "ops"}, [f"__debezium.context.{x}" for x in
                                                ("connectorLogicalName", "taskId", "connectorName", "runId")] + ["tailrace"]),
                  "keyed by the database, with Debezium's headers")
        self.sync("c")
        tap.equal(len(self.told("c", "true")), len(ours), "a second start tells nothing again")
        self.sync("off", "--include-schema-changes", "false")
        tap.ok("off" not in self.broker.topics() and "off.ops.person" in self.broker.topics(), "nothing is told when it is not wanted")

    def logged(self):
        tap, db = self.tap, self.server.session("ops")
        some = ("--tables", SOME)  # others are of a captured database, but not captured
        before = len(self.told("c", "false"))
        script = (("ALTER TABLE person ADD COLUMN note VARCHAR(10) NOT NULL DEFAULT 'n/a' COMMENT 'added' AFTER name", "person", "ALTER"),
                  ("ALTER TABLE person ADD INDEX by_name (name)", "person", "ALTER"),
                  ("CREATE TABLE late (id BIGINT PRIMARY KEY, v TEXT)", "late", "CREATE"),
                  ("RENAME TABLE late TO later", "later", "ALTER"),
                  ("CREATE TABLE twin LIKE person", "twin", "CREATE"))
        # Each is followed before the next one: a table is told of as the server has it when its statement comes.
        for statement, _, _ in script:
            db.sql(statement)
            self.sync("c", *some, tables="")
        db.sql("DROP TABLE later, twin; CREATE DATABASE other; CREATE TABLE other.t (id INT); CREATE TEMPORARY TABLE tmp (id INT); "
               "DROP TEMPORARY TABLE tmp; DROP VIEW seen; TRUNCATE TABLE composite")
        self.sync("c", *some, tables="")
        ours = self.told("c", "false")[before:]
        tap.equal([(ddl, [(change[0], change[1]) for change in changes]) for _, ddl, changes in ours],
                  [(statement, [(effect, f'"ops"."{table}"')]) for statement, table, effect in script] +
                  [(f"DROP TABLE `ops`.`{name}`", [("DROP", f'"ops"."{name}"')]) for name in ("later", "twin")],
                  "statements of the log are told, each once, those of other databases, views and temporary tables are not")
        theirs = [essence(v) for v in recorded("operations", "operations") if v["source"]["snapshot"] == "false" and
                  "ADD COLUMN note" in v["ddl"]]
        tap.equal(ours[0], theirs[0], "with the table as it is from there on")
        source = [v["source"] for v in self.values("c") if v["source"]["snapshot"] == "false"][before]
        tap.ok(source["table"] == "person" and source["gtid" if KIND == "mariadb" else "file"] and source["pos"] > 0 and
               source["ts_us"] % 1000 == 0 and source["thread"] is None, "and its place in the log", source)

    def told_once(self):
        """Runs that are killed while statements come."""
        tap, db = self.tap, self.server.session("ops")
        before, count = len(self.told("c", "false")), 0
        for i in range(5):
            run = Run(self.server, "", self.broker.url("c"), "--tables", SOME, log=f"{scratch()}/log")
            for _ in range(10):
                db.sql(f"CREATE TABLE made{count} (id INT PRIMARY KEY); INSERT INTO uniq VALUES ({count}, 'k', {1000 + count})")
                count += 1
            time.sleep(0.2 * i)
            run.kill()
        self.sync("c", "--tables", SOME, tables="")
        tap.equal([ddl for _, ddl, _ in self.told("c", "false")[before:]],
                  [f"CREATE TABLE made{i} (id INT PRIMARY KEY)" for i in range(count)], "killed runs tell each statement once, in order")

    def run(self):
        self.defaults()
        self.changed_defaults()
        self.copied()
        self.logged()
        self.told_once()
        return self.tap.done()


if __name__ == "__main__":
    need_binary()
    sys.exit(Test().run())

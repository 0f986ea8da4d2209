#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Records what a real Debezium makes of our SQL files, as KIND_RUN.jsonl beside this script; README.md.

usage: record.py mysql|mariadb [RUN…]     (private servers, about a minute; all of RUNS)
"""
import json
import os
import re
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, f"{HERE}/../../e2e")
import rig  # noqa: E402
from kafka_rig import Broker, Debezium  # noqa: E402

MARKS = "CREATE DATABASE marks; CREATE TABLE marks.mark (id INT PRIMARY KEY); INSERT INTO marks.mark VALUES (0);"
MODED = "golden[.](ints|decimals|times|binaries),ops[.]defaults"
ALL = {"provide.transaction.metadata": "true", "skipped.operations": "none", "heartbeat.interval.ms": "10000"}
QUIET = {"include.schema.changes": "false"}


def modes(time, **more):
    return {**QUIET, "time.precision.mode": time, **{name.replace("_", "."): more[name] for name in more}}


MODES = {
    "connect": modes("connect", decimal_handling_mode="string", bigint_unsigned_handling_mode="precise",
                     binary_handling_mode="base64"),
    "doubles": modes("adaptive_time_microseconds", decimal_handling_mode="double", binary_handling_mode="base64-url-safe"),
    "isostring": modes("isostring", binary_handling_mode="hex"),
    "microseconds": modes("microseconds"),
    "nanoseconds": modes("nanoseconds"),
}
# name: (databases, tables, schemas, properties, whether one message of each schema is enough)
RUNS = {
    "plain": ("ops", "ops[.].*", False, {}, False),
    "operations": ("ops", "ops[.].*", False, ALL, False),
    "operations_schemas": ("ops", "ops[.].*", True, ALL, True),
    "query": ("ops", "ops[.]person", False, {**QUIET, "include.query": "true"}, False),
    "types": ("golden", "golden[.].*", False, {}, False),
    "types_schemas": ("golden", "golden[.].*", True, {}, True),
    **{name: ("golden,ops", MODED, False, MODES[name], False) for name in MODES},
    **{f"{name}_schemas": ("golden,ops", MODED, True, MODES[name], True) for name in MODES},
}


def text(raw):
    return None if raw is None else raw.decode("utf-8")


def one_of_each(messages):
    """The first message of each topic, operation and pair of schemas; their values are in the other run."""
    seen = set()
    for message in messages:
        value = message.value and json.loads(message.value)
        payload = value and value["payload"]
        shape = (message.topic, message.key and json.dumps(json.loads(message.key)["schema"]),
                 value and json.dumps(value["schema"]), payload and payload.get("op"),
                 payload and payload.get("status"))
        if shape not in seen:
            seen.add(shape)
            yield message


def save(broker, kind, run):
    own = [topic for topic in broker.topics() if run in (topic.split(".")[0], topic.rpartition("heartbeat.")[2])]
    messages = broker.read(*own)
    if RUNS[run][4]:
        messages = one_of_each(messages)
    path = f"{HERE}/{kind}_{run}.jsonl"
    with open(path, "w", encoding="utf-8") as out:
        for m in messages:
            line = {"topic": m.topic, "partition": m.partition, "key": text(m.key), "value": text(m.value),
                    "headers": [[name, text(value)] for name, value in m.headers]}
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{os.path.getsize(path):8} {path}")


def arrived(debezium, runs, marks):
    for run in runs:
        debezium.wait(run, f"{run}.marks.mark", marks)


def main(kind, *wanted):
    runs = wanted or tuple(RUNS)
    types = open(f"{HERE}/../mysql/{kind}_types.sql").read()
    if kind == "mariadb":  # what its connector's parser does not know, and then stops
        types = re.sub(" INET[46]", " VARCHAR(45)", re.sub(" REF_SYSTEM_ID=[0-9]*| COMPRESSED", "", types))
    before, running = open(f"{HERE}/operations.sql").read().split("-- running\n")
    server = rig.Server(*["--binlog-rows-query-log-events=ON"] * (kind == "mysql"), kind=kind)
    broker = Broker()
    broker.create("query.ops.person", 5)  # the others have one partition
    debezium = Debezium(broker)
    server.sql(types + before + MARKS)
    if kind == "mariadb":
        server.sql("UPDATE golden.ints SET y = 1970 WHERE y = 0")  # its connector's copy stops at such a year
    for run in runs:
        databases, tables, schemas, properties, _ = RUNS[run]
        debezium.add(server, run, f"{databases},marks", f"{tables},marks[.]mark", schemas, properties)
    debezium.start()
    arrived(debezium, runs, 1)
    server.sql("INSERT INTO marks.mark VALUES (1)")
    arrived(debezium, runs, 2)  # out of the log: every copy is over
    server.sql(types + running + "INSERT INTO marks.mark VALUES (2)")
    arrived(debezium, runs, 3)
    debezium.stop()
    for run in runs:
        save(broker, kind, run)
    if not wanted:
        shutil.copyfile(f"{debezium.dir}/offsets", f"{HERE}/{kind}.offsets")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in ("mysql", "mariadb"):
        sys.exit(__doc__.split("\n\n")[1])
    sys.exit(main(*sys.argv[1:]))

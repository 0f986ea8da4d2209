#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the tests with Kafka rely on: the broker and the client keep every byte, also over a crash, and a real
Debezium goes on where it was killed. Needs tests/rig/kafka.sh install and debezium.sh install."""
import json
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import *


def bytes_come_back(tap, broker):
    broker.create("bytes", 3)
    headers = [("twice", b"\x00\xff"), ("twice", b"2"), ("null", None), ("empty", b"")]
    sent = [(b"k\x00\xff", b"\xff\xfe\n", headers), (b"tombstone", None, []), (None, b"", []), (b"", b"\x00", [])]
    broker.write("bytes", sent)
    tap.equal(sorted(map(repr, (m[4:] for m in broker.read("bytes")))), sorted(map(repr, sent)),
              "keys, values, tombstones and headers come back byte for byte")
    broker.write("bytes", [Message(None, 2, None, 1000, b"k", b"old", [])])
    tap.equal([m[3] for m in broker.read("bytes") if m.value == b"old" and m.partition == 2], [1000],
              "a message goes to the partition and has the time that it was given")


def transactions(tap, broker):
    broker.create("transactions")
    producer = broker.producer(transactional_id="t")
    producer.init_transactions()
    for commit in (True, False, True):
        producer.begin_transaction()
        producer.produce("transactions", str(commit))
        producer.flush()  # an abort throws away what is not sent yet
        producer.commit_transaction() if commit else producer.abort_transaction()
    tap.equal([(m.offset, m.value) for m in broker.read("transactions")], [(0, b"True"), (4, b"True")],
              "an aborted transaction is a gap in the offsets")
    tap.equal(len(broker.read("transactions", isolation="read_uncommitted")), 3, "which can be read if wanted")


def crash(tap, broker):
    broker.create("many", 2, segment_bytes=1048576)
    broker.write("many", ((b"%d" % i, b"v" * 100) for i in range(50000)))
    broker.kill()
    broker.start(*broker.settings)
    found = broker.read("many")
    tap.equal((len(found), len({m.key for m in found})), (50000, 50000), "a killed broker has all that it confirmed")


def values(broker, topic):
    return [json.loads(m.value) if m.value else None for m in broker.read(topic)]


def goes_on(tap, broker):
    server = Server()
    server.sql("CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY, v INT);"
               "INSERT INTO shop.t VALUES (1, 1)")
    debezium = Debezium(broker)
    debezium.add(server, "p", "shop", properties={"decimal.handling.mode": "string"})
    debezium.start()
    debezium.wait("p", "p.shop.t")
    server.sql("UPDATE shop.t SET v = 2; DELETE FROM shop.t")
    debezium.wait("p", "p.shop.t", 4)
    tap.equal([v and v["op"] for v in values(broker, "p.shop.t")], ["r", "u", "d", None],
              "Debezium sends the copy, the changes and a tombstone")
    time.sleep(2.5)  # it writes its offsets each second
    debezium.kill()
    server.sql("INSERT INTO shop.t VALUES (2, 2), (3, 3)")
    debezium.start()
    wait_until(lambda: {2, 3} <= {v["after"]["id"] for v in values(broker, "p.shop.t") if v and v["after"]}, 60, 1)
    found = [v["after"]["id"] for v in values(broker, "p.shop.t") if v and v["op"] == "c"]
    tap.equal(found, [2, 3], "a killed Debezium goes on where it was, without a new copy")
    debezium.stop()
    server.stop()


def main():
    tap = Tap()
    broker = Broker()
    bytes_come_back(tap, broker)
    transactions(tap, broker)
    crash(tap, broker)
    goes_on(tap, broker)
    broker.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tailrace goes on where a real Debezium stopped, in the same topics: nothing is lost, nothing is sent twice, whether
Debezium was stopped or killed, and whatever it had not noted yet."""
import collections
import concurrent.futures
import glob
import os
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Broker, Debezium


class Writer(threading.Thread):
    """Transactions of several rows, for as long as it is not stopped."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.db = server.session("shop")
        self.stopped = False
        self.n = 0

    def run(self):
        while not self.stopped:
            n = self.n = self.n + 1
            self.db.sql(f"""BEGIN; INSERT INTO events VALUES ({3 * n}), ({3 * n + 1}), ({3 * n + 2});
                INSERT INTO orders VALUES ({n}, 'new', 1); UPDATE orders SET state = 'paid' WHERE id > {n - 5};
                UPDATE orders SET id = id + 1000000 WHERE id = {n - 9}; DELETE FROM orders WHERE id = {n - 20}; COMMIT""")

    def stop(self):
        self.stopped = True
        self.join()


def event_of(message):
    event = json.loads(message.value)
    return event.get("payload", event)


def source_place(message):
    event = event_of(message)
    source = event["source"]
    return source["file"], source["pos"], source["row"], event["op"]


def check(tap, broker, prefix, db, how):
    events = broker.read(f"{prefix}.shop.events")
    seen = collections.Counter(event_of(m)["after"]["seq"] for m in events)
    wanted = {int(row[0]) for row in db.sql("SELECT seq FROM shop.events")}
    tap.equal((sorted(wanted - set(seen))[:5], [seq for seq, n in seen.items() if n > 1][:5]), ([], []),
              f"{how}: each event is in the topic once")
    orders = broker.read(f"{prefix}.shop.orders")
    logged = [m for m in orders if m.value and event_of(m)["op"] != "r"]
    places = collections.Counter(map(source_place, logged))
    tap.equal([place for place, n in places.items() if n > 1][:5], [], f"{how}: no row of the log is there twice")
    tombs = sum(m.value is None for m in orders)
    deletes = sum(source_place(m)[3] == "d" for m in logged)
    tap.equal(tombs, deletes, f"{how}: each delete has its tombstone")
    state = {}
    for m in orders:
        state[m.key] = event_of(m)["after"] if m.value else None
    state = sorted((row["id"], row["state"], row["n"]) for row in state.values() if row)
    tap.equal(state, sorted((int(a), b, int(c)) for a, b, c in db.sql("SELECT id, state, n FROM shop.orders")),
              f"{how}: the topic ends as the table is")
    ours = [m for m in [*orders, *events] if "tailrace" in dict(m.headers)]
    tap.ok(0 < len(ours) < len(orders) + len(events), f"{how}: some messages are Debezium's, some ours",
           f"{len(ours)} of {len(orders)} + {len(events)}")


def debezium(server, broker, how, schemas):
    """One that writes topics of its own."""
    for topic in ("events", "orders"):
        broker.create(f"p{how}.shop.{topic}", partitions=3)
    connect = Debezium(broker)
    connect.add(server, f"p{how}", "shop", schemas=schemas)
    connect.start()
    connect.wait(f"p{how}", f"p{how}.shop.events", 2)  # the copy
    return connect


def main():
    tap, server = Tap(), Server()
    db, broker = server.session(), Broker()
    db.sql("CREATE DATABASE shop; CREATE TABLE shop.events (seq BIGINT PRIMARY KEY); "
           "CREATE TABLE shop.orders (id BIGINT PRIMARY KEY, state VARCHAR(20), n INT); INSERT INTO shop.events VALUES (1), (2)")
    ends = {"stopped": False, "killed": True}
    with concurrent.futures.ThreadPoolExecutor() as pool:
        connects = pool.map(lambda how: debezium(server, broker, how, ends[how]), ends)
    for (how, schemas), connect in zip(ends.items(), connects):
        prefix = f"p{how}"
        copied = int(db.sql("SELECT COUNT(*) FROM shop.events")[0][0])
        connect.wait(prefix, f"{prefix}.shop.events", copied)
        writer = Writer(server)
        writer.n = int(db.sql("SELECT MAX(seq) FROM shop.events")[0][0]) // 3 + 1
        writer.start()
        connect.wait(prefix, f"{prefix}.shop.events", copied + 900)
        time.sleep(1.5)  # its offsets are written each second
        connect.stop() if how == "stopped" else connect.kill()
        time.sleep(1)
        writer.stop()
        offsets = glob.glob(f"{connect.dir}/*offsets*")[0]
        option = ["--start-at", f"debezium:{offsets}"] + (["--schemas"] if schemas else [])
        done = sync(server, "shop", broker.url("other"), *option)
        tap.ok(done.returncode == 2 and 'topic.prefix is "other"' in done.stderr, "another prefix is refused", done.stderr)
        done = sync(server, "shop", broker.url(prefix), *option)
        if not tap.equal(done.returncode, 0, f"{how}: tailrace goes on behind Debezium"):
            tap.note(done.stderr)
        check(tap, broker, prefix, db, how)
        db.sql("INSERT INTO shop.orders VALUES (-1, 'late', 0); DELETE FROM shop.orders WHERE id = -1")
        done = sync(server, "shop", broker.url(prefix), *option)
        tap.equal((done.returncode, "rows=2" in done.stderr, "passed over" in done.stderr), (0, True, True),
                  f"{how}: the next start goes on behind ourselves")
    return tap.done()


if __name__ == "__main__":
    need_binary()
    sys.exit(main())

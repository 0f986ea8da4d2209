#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""XA transactions that are open while a copy starts, or while nothing runs: each of their rows comes once."""
import os
import random
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

TABLES = "CREATE DATABASE w; CREATE TABLE w.t (id INT PRIMARY KEY, a INT); CREATE TABLE w.k (a INT); INSERT INTO w.t VALUES (1, 1)"
ROWS = "INSERT INTO w.t VALUES ({0}, {0}); INSERT INTO w.k VALUES ({0})"
WAITS = "waiting for XA transactions"
COPIES, SESSIONS = 20, 4


def prepare(server, xid, number):
    """The session that prepared it ends: anybody may decide it then."""
    server.sql(f"XA START '{xid}'; {ROWS.format(number)}; XA END '{xid}'; XA PREPARE '{xid}'")


def decide(server, how, xid):
    def is_done():
        try:
            server.sql(f"XA {how} '{xid}'")
        except SqlError as e:  # its session is still on its way out
            return "1397" not in str(e) and "1399" not in str(e) and str(e)
        return True
    wait_until(is_done, 10)


def differences(server, lake):
    db = server.session()
    found = compare(db, lake, "w", "t") + compare(db, lake, "w", "k")
    db.close()
    return found


def equal_after_sync(tap, server, lake, claim):
    done = sync(server, "w", lake)
    tap.equal(differences(server, lake) if done.returncode == 0 else done.stderr[-600:], "", claim)


def start_of_a_copy(tap, server, lake):
    prepare(server, "before", 10)
    prepare(server, "rolled back", 11)
    run = Run(server, "w", lake)
    tap.ok(wait_until(lambda: WAITS in run.tail(), 10), "a copy waits for what was prepared before it", run.tail())
    prepare(server, "while it waits", 12)
    server.sql(ROWS.format(13))
    decide(server, "COMMIT", "before")
    decide(server, "ROLLBACK", "rolled back")
    has_begun = wait_until(lambda: all(versions(f"{lake}/w/{name}") for name in "tk"), 20)
    tap.ok(has_begun and wait_until(lambda: not differences(server, lake), 20) and run.alive(),
           "it goes on when those are decided, and does not wait for later ones", run.tail())
    run.kill()
    server.sql(ROWS.format(14))
    decide(server, "COMMIT", "while it waits")
    equal_after_sync(tap, server, lake, "one that was prepared before the copy's place is read again after a kill")


def while_nothing_runs(tap, server, lake):
    prepare(server, "open", 20)
    server.sql(ROWS.format(21))
    equal_after_sync(tap, server, lake, "a prepared transaction is not there")
    server.sql(ROWS.format(22))
    equal_after_sync(tap, server, lake, "a restart that reads it again reads nothing else twice")
    decide(server, "COMMIT", "open")
    equal_after_sync(tap, server, lake, "it is there when it is committed")


def decided_while_it_waits(tap, server, lake):
    """The copy waits for one while other transactions come: it begins behind them, and has to read from before them, once."""
    prepare(server, "held", 40)
    run = Run(server, "w", lake, verb="sync")
    wait_until(lambda: WAITS in run.tail(), 10)
    server.sql(ROWS.format(41))
    server.sql("FLUSH BINARY LOGS")
    decide(server, "COMMIT", "held")
    status = run.process.wait(timeout=60)
    mark = open(f"{lake}/_tailrace/tailrace/progress.json").read()
    tap.equal((status, "xa_from" in mark, differences(server, lake)), (0, False, ""),
              "what was prepared is known when the copy's sync ends")


def write(server, number, is_over):
    """XA transactions one after the other, each left open for a while."""
    db, pick, count = server.session(), random.Random(number), 0
    while not is_over.is_set():
        count += 1
        xid = f"'{number}-{count}'"
        db.sql(f"XA START {xid}; {ROWS.format(number * 1000000 + count)}; XA END {xid}; XA PREPARE {xid}")
        time.sleep(pick.choice((0, 0, 0.005, 0.05)))
        db.sql(f"XA {pick.choice(('COMMIT', 'COMMIT', 'ROLLBACK'))} {xid}")
    db.close()


def storm(tap, server, folder):
    is_over = threading.Event()
    writers = [threading.Thread(target=write, args=(server, i, is_over)) for i in range(1, SESSIONS + 1)]
    for writer in writers:
        writer.start()
    lakes = [f"{folder}/storm{i}" for i in range(COPIES)]
    first = [sync(server, "w", lake) for lake in lakes]
    is_over.set()
    for writer in writers:
        writer.join()
    tap.equal([done.stderr[-400:] for done in first if done.returncode != 0], [], f"{COPIES} copies that start in a storm end well")
    wrong = [differences(server, lake) for lake in lakes if sync(server, "w", lake).returncode == 0]
    tap.equal(wrong, [""] * COPIES, "and all are equal to the source")


def without_the_right(tap, server, lake):
    server.sql("REVOKE XA_RECOVER_ADMIN ON *.* FROM tailrace@'%'")
    prepare(server, "unseen", 30)
    first = sync(server, "w", lake)
    decide(server, "COMMIT", "unseen")
    done = sync(server, "w", lake)
    tap.ok(first.returncode == 0 and done.returncode != 0 and "GRANT XA_RECOVER_ADMIN" in done.stderr,
           "who may not ask what is prepared halts at its end, and says what to grant", first.stderr[-400:] + done.stderr[-400:])


def main():
    need_binary()
    tap, folder = Tap(), scratch()
    server, other = Server(), Server()
    for one in (server, other):
        one.sql(TABLES)
    prepare(other, "never decided", 2)
    waiting = Run(other, "w", f"{folder}/never", verb="sync")  # for a minute
    start_of_a_copy(tap, server, f"{folder}/lake")
    while_nothing_runs(tap, server, f"{folder}/lake")
    decided_while_it_waits(tap, server, f"{folder}/held")
    storm(tap, server, folder)
    if server.is_mysql:
        without_the_right(tap, server, f"{folder}/blind")
    status = waiting.process.wait(timeout=120)
    tap.ok(status == 2 and "XA transaction 'never decided'" in waiting.tail(),
           "one that nobody decides ends the copy, and is named", f"{status}: {waiting.tail()}")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

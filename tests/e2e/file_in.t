#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Files and standard input as a source: every format, every mode, kills while a file grows, what becomes of files.

No server is needed. SEED repeats a run's choices, MINUTES sets how long a growing file is followed by runs that are killed.
"""
import base64
import collections
import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

need_binary()
tap = Tap()
folder = scratch()
SECONDS = 60 * float(os.environ.get("MINUTES", 0.2))
seed = int(os.environ.get("SEED", random.randrange(10**9)))
tap.note(f"SEED={seed}")
rand = random.Random(seed)
DDL = "id BIGINT NOT NULL, n INT, v STRING"


# --- changes of a table in each format ------------------------------------------------------------

def debezium(op, old, new, number):
    source = {"connector": "mysql", "name": "s", "db": "shop", "table": "orders", "ts_ms": 1785578400000 + number,
              "server_id": 1, "file": "b.000001", "pos": number, "row": 0}
    return {"before": old, "after": new, "source": source, "op": {"insert": "c", "update": "u", "delete": "d"}[op]}


def with_schema(op, old, new, number):
    fields = [{"type": "int64", "optional": False, "field": "id"}, {"type": "int32", "optional": True, "field": "n"},
              {"type": "string", "optional": True, "field": "v"}]
    image = lambda name: {"type": "struct", "optional": True, "field": name, "fields": fields}
    return {"schema": {"type": "struct", "optional": False, "fields": [image("before"), image("after")]},
            "payload": debezium(op, old, new, number)}


def maxwell(op, old, new, number):
    changed = {"old": {k: old[k] for k in old if old[k] != new[k]}} if op == "update" else {}
    return {"database": "shop", "table": "orders", "type": op, "ts": 1785578400, "xid": number, "data": new or old, **changed}


def canal(op, old, new, number):
    texts = lambda row: {k: v if v is None else str(v) for k, v in row.items()}
    changed = [{k: v for k, v in texts(old).items() if old[k] != new[k]}] if op == "update" else None
    return {"database": "shop", "table": "orders", "type": op.upper(), "isDdl": False, "es": 1785578400000, "ts": 1785578400000,
            "pkNames": ["id"], "mysqlType": {"id": "bigint", "n": "int", "v": "varchar(40)"}, "data": [texts(new or old)], "old": changed}


def dms(op, old, new, number):
    kept = {k: v for k, v in (new or old).items() if v is not None}
    return {"data": kept, "metadata": {"timestamp": "2026-08-01T10:00:00.000000Z", "record-type": "data", "operation": op,
                                       "partition-key-type": "primary-key", "schema-name": "shop", "table-name": "orders"}}


class Table:
    """Random changes; `rows` is what the lake must have behind them."""

    def __init__(self, form, keys=200):
        self.form, self.keys, self.rows, self.number = form, keys, {}, 0

    def row(self, key):
        return {"id": key, "n": rand.choice([None, rand.randrange(-2**31, 2**31)]),
                "v": rand.choice([None, "", "é\"\\\n", "x" * rand.randrange(40)])}

    def line(self):
        self.number += 1
        key = rand.randrange(self.keys)
        old, new = self.rows.get(key), self.row(key)
        op = "insert" if old is None else rand.choice(["update", "update", "delete"])
        if op == "delete":
            new = None
            del self.rows[key]
        else:
            self.rows[key] = new
        return json.dumps(self.form(op, old, new, self.number), ensure_ascii=rand.random() < 0.5) + "\n"

    def counter(self):
        cells = lambda row: tuple(None if row[c] is None else str(row[c]) for c in ("id", "n", "v"))
        return collections.Counter(cells(row) for row in self.rows.values())


def succeeds(claim, *words, **more):
    done = tailrace(*words, **more)
    return tap.ok(done.returncode == 0, claim, done.stderr[-1500:])


def fails(claim, status, says, *words):
    done = tailrace(*words)
    tap.ok(done.returncode == status and says in done.stderr + done.stdout, claim,
           f"status {done.returncode}, wanted {status} and \"{says}\"\n{done.stdout[-500:]}{done.stderr[-1000:]}")


def write(path, *lines, how="a"):
    with open(path, how, encoding="utf-8", newline="") as out:
        out.write("".join(lines))


def piped(command, text):
    with open(f"{folder}/piped", "w", encoding="utf-8", newline="") as out:
        out.write(text)
    return subprocess.run(f"cat {folder}/piped | {TAILRACE} {command}", shell=True, capture_output=True, text=True, timeout=120)


# --- formats --------------------------------------------------------------------------------------

for form in (debezium, with_schema, maxwell, canal, dms):
    name, table = form.__name__, Table(form)
    events, lake = f"{folder}/{name}.jsonl", f"{folder}/{name}"
    schema = [] if form in (with_schema, canal) else ["--schema", DDL]
    key = [] if form is canal else ["--key", "id"]
    write(events, "\ufeff", *(table.line() for _ in range(700)), "\n", *(table.line()[:-1] + "\r\n" for _ in range(700)))
    succeeds(f"{name}: a file", "sync", "--from", events, "--to", lake, *schema, *key)
    write(events, *(table.line() for _ in range(600)))
    succeeds(f"{name}: what was appended", "sync", "--from", events, "--to", lake, *schema, *key)
    tap.equal(difference(lake_rows(f"{lake}/shop/orders"), table.counter()), "", f"{name}: the table is what its lines say")

# --- standard input -------------------------------------------------------------------------------

table = Table(debezium)
lake = f"{folder}/stdin"
done = piped(f"sync --from - --to {lake} --key id --schema '{DDL}'", "".join(table.line() for _ in range(2000)))
tap.equal(done.returncode, 0, "sync reads standard input to its end")
done = piped(f"run --from - --to {lake} --key id --schema '{DDL}'", "".join(table.line() for _ in range(2000)).rstrip("\n"))
tap.equal(done.returncode, 0, "the end of standard input ends run")
tap.equal(difference(lake_rows(f"{lake}/shop/orders"), table.counter()), "", "standard input: the table is what both have said")
done = piped(f"run --from - --to {lake} --key id --schema '{DDL}'", table.line() + "bad\n")
tap.ok(done.returncode == 1 and "standard input, line 2: not JSON" in done.stderr, "a bad line halts", done.stderr[-800:])
tap.equal(difference(lake_rows(f"{lake}/shop/orders"), table.counter()), "", "when what stands before it is committed")
process = subprocess.Popen([TAILRACE, "run", "--from", "-", "--to", lake, "--key", "id", "--schema", DDL], stdin=subprocess.PIPE,
                           stderr=subprocess.PIPE)
process.stdin.write(table.line().encode())
process.stdin.flush()
tap.ok(wait_until(lambda: difference(lake_rows(f"{lake}/shop/orders"), table.counter()) == "", 20),
       "a line is committed while standard input stays open")
began = time.monotonic()
process.send_signal(signal.SIGTERM)
tap.equal((process.wait(timeout=30), time.monotonic() - began < 3), (0, True), "a signal ends it at once")
process.communicate()

# --- a file that grows while its readers are killed ------------------------------------------------

class Reader:
    """A lake of one mode, whose run is killed again and again."""

    def __init__(self, mode, source):
        self.mode, self.lake, self.process, self.kills = mode, f"{folder}/{mode}", None, 0
        options = {"merge": ["--key", "id", "--schema", DDL, "--bad-message", "quarantine"], "raw": [],
                   "append": ["--schema", DDL, "--bad-message", "quarantine"]}[mode]
        self.words = ["--from", source, "--to", self.lake, "--mode", mode, "--commit-interval", "15ms", *options]

    def start(self):
        self.log = open(f"{self.lake}.log", "ab")
        self.process = subprocess.Popen([TAILRACE, "run", *self.words], stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        atexit.register(self.process.kill)

    def kill(self):
        self.process.kill()
        self.kills += self.process.wait() == -signal.SIGKILL
        self.log.close()


class Writer(threading.Thread):
    """Appends lines in pieces that end anywhere; some are no messages."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.table, self.lines, self.bad, self.ending = path, Table(debezium), 0, [], False

    def run(self):
        with open(self.path, "ab", buffering=0) as out:
            while not self.ending:
                text = b""
                for _ in range(rand.randrange(1, 60)):
                    line = self.table.line().encode() if rand.random() < 0.98 else rand.choice([b"bad\n", b"{\"a\":\xff}\n", b"\0\n", b"{}\n"])
                    self.lines += 1
                    if len(line) < 20:
                        self.bad.append(self.lines)
                    text += line
                cut = rand.randrange(len(text))
                out.write(text[:cut])
                time.sleep(rand.random() * 0.01)
                out.write(text[cut:])
                time.sleep(rand.random() * 0.02)


events = f"{folder}/growing.jsonl"
write(events)
writer = Writer(events)
readers = [Reader(mode, events) for mode in ("merge", "append", "raw")]
writer.start()
for reader in readers:
    reader.start()
until = time.monotonic() + SECONDS
while time.monotonic() < until:
    time.sleep(rand.uniform(0.05, 0.4))
    reader = rand.choice(readers)
    reader.kill()
    reader.start()
writer.ending = True
writer.join()
for reader in readers:
    reader.kill()
    tap.ok(reader.kills > 2, f"{reader.mode}: killed {reader.kills} times over {writer.lines} lines",
           open(f"{reader.lake}.log").read()[-1500:])
    succeeds(f"{reader.mode}: the rest", "sync", *reader.words)


def offsets(table, column):
    done = tailrace("cat", table, "--as", "jsonl")
    return sorted(json.loads(line)[column] for line in done.stdout.splitlines())


good = sorted(set(range(1, writer.lines + 1)) - set(writer.bad))
tap.equal(difference(lake_rows(f"{folder}/merge/shop/orders"), writer.table.counter()), "", "merge: the table is what the file says")
tap.ok(offsets(f"{folder}/merge/topics/quarantine", "offset") == writer.bad, "merge: each bad line is kept once")
tap.ok(offsets(f"{folder}/append/shop/orders", "_offset") == good, "append: each change is there once, with its line")
tap.ok(offsets(f"{folder}/append/topics/quarantine", "offset") == writer.bad, "append: each bad line is kept once")
tap.ok(offsets(f"{folder}/raw/topics/growing", "offset") == list(range(1, writer.lines + 1)), "raw: each line is there once")

# --- what becomes of files ------------------------------------------------------------------------

table = Table(debezium)
events, lake = f"{folder}/shop.orders.jsonl", f"{folder}/halts"
write(events, *(table.line() for _ in range(1000)))
words = ["--from", events, "--to", lake, "--key", "id", "--schema", DDL]
done = tailrace("doctor", *words)
tap.equal((done.returncode, done.stdout), (0, "nothing to mend\n"), "doctor has nothing to say of a good file")
succeeds("a file of 1000 lines", "sync", *words)
write(events, "bad\n")
fails("a bad line halts with file and line", 1, f"{events}, line 1001: not JSON", "sync", *words)
whole = open(events, "rb").read().replace(b"bad\n", b"")
open(events, "wb").write(whole[:5000])
fails("a truncated file halts", 1, "it was truncated, written anew or replaced", "sync", *words)
open(events, "wb").write(whole.replace(b'"op"', b'"OP"'))
fails("a file that was written anew halts", 1, "it was truncated, written anew or replaced", "sync", *words)
os.unlink(events)
fails("a file that is gone", 2, "No such file", "sync", *words)
fails("doctor finds that, too", 2, "No such file", "doctor", *words)
open(events, "wb").write(whole)
write(events, table.line())
succeeds("the file comes back from a backup", "sync", *words)
tap.equal(difference(lake_rows(f"{lake}/shop/orders"), table.counter()), "", "and its table is what it says")
process = subprocess.Popen([TAILRACE, "run", *words], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
write(events, table.line())
tap.ok(wait_until(lambda: difference(lake_rows(f"{lake}/shop/orders"), table.counter()) == ""), "run follows it")
os.rename(events, f"{events}.1")
write(f"{events}.1", table.line())
write(events, "{}\n")
told = process.communicate(timeout=60)[1]
tap.ok(process.returncode == 1 and "the one before was read to its end, line 1003" in told, "a rotated file is read to its end, then halts", told[-800:])
tap.equal(difference(lake_rows(f"{lake}/shop/orders"), table.counter()), "", "and its table is what it said")
write(f"{folder}/other.jsonl", '{"a":1}\n')
fails("doctor shows lines that are no messages", 2, "line 1 is no change message of a format that we know", "doctor", "--from", f"{folder}/other.jsonl",
      "--to", lake)
# a line that no message may be
table = Table(debezium)
events = f"{folder}/shop.long.jsonl"
long_words = ["--key", "id", "--schema", DDL, "--table", "shop.orders"]
write(events, table.line(), "{" + "x" * (65 << 20) + "\n", table.line(), "y" * (70 << 20) + "\n", table.line())
fails("a line of more than 64 MiB halts", 1, "line 2 has more than 64 MiB", "sync", "--from", events, "--to", f"{folder}/long", *long_words)
sizes = [(2, 1 + (65 << 20), "{x"), (4, 70 << 20, "yy")]
for lake, source in (("long", events), ("long_stdin", "-")):
    with open(events, "rb") as text:
        done = subprocess.run([TAILRACE, "sync", "--from", source, "--to", f"{folder}/{lake}", *long_words, "--bad-message", "quarantine"],
                              stdin=text, capture_output=True, text=True)
    tap.ok(done.returncode == 0, f"{lake}: with a quarantine it goes on", done.stderr[-800:])
    kept = tailrace("cat", f"{folder}/{lake}/topics/quarantine", "--as", "jsonl").stdout.splitlines()
    kept = [(row["offset"], base64.b64decode(row["value"])[:2].decode(), len(base64.b64decode(row["value"])), row["error"]) for row in map(json.loads, kept)]
    tap.equal(kept, [(n, begin, 64 << 10, f"the line has {size} bytes, more than 64 MiB: its first 64 KiB are kept") for n, size, begin in sizes],
              f"{lake}: which has the line's beginning, and says how long it is")
    tap.equal(difference(lake_rows(f"{folder}/{lake}/shop/orders"), table.counter()), "", f"{lake}: the other lines are all there")
write(events, "z" * (66 << 20))
succeeds("a long line that is not at its end is left for the next run", "sync", "--from", events, "--to", f"{folder}/long", *long_words,
         "--bad-message", "quarantine")
write(events, "\n", table.line())
succeeds("which comes", "sync", "--from", events, "--to", f"{folder}/long", *long_words, "--bad-message", "quarantine")
tap.ok(offsets(f"{folder}/long/topics/quarantine", "offset") == [2, 4, 6], "the quarantine has it then")
tap.equal(difference(lake_rows(f"{folder}/long/shop/orders"), table.counter()), "", "and the table what stands behind it")
os.unlink(events)
fails("settings of topics have no effect", 2, "--group has no effect", "sync", *words, "--group", "g")
fails("messages go to a lake", 2, "messages go to a directory", "sync", "--from", events, "--to", "null:")
sys.exit(tap.done())

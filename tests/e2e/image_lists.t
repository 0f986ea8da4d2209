#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Image lists from files: full and partial, with the columns of event order, as a changelog, and what is wrong with them.

No server is needed.
"""
import base64
import itertools
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

need_binary()
tap = Tap()
folder = scratch()
KEY = ["--key", "PK", "--table", "shop.t", "--log-level", "warn"]


def row(action, second, pk, **columns):
    return {"_action": action, "_timestamp": f"2025-01-01 00:00:{second:02}", "PK": pk, **columns}


def write(name, *messages):
    with open(f"{folder}/{name}.jsonl", "w", encoding="utf-8") as out:
        out.writelines(json.dumps({"after_image": m}) + "\n" for m in messages)
    return f"{folder}/{name}.jsonl"


def rows(lake, table="shop/t"):
    done = tailrace("cat", f"{folder}/{lake}/{table}", "--as", "jsonl")
    return sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda r: str(r.get("PK")))


def without_order(found):
    return [{k: v for k, v in r.items() if not k.startswith("_event_")} for r in found]


def sync(events, lake, *options):
    return tailrace("sync", "--from", events, "--to", f"{folder}/{lake}", *KEY, *options)


def succeeds(claim, *words):
    done = sync(*words)
    return tap.ok(done.returncode == 0, claim, done.stderr[-1500:])


def fails(claim, status, says, *words):
    done = sync(*words)
    tap.ok(done.returncode == status and says in done.stderr, claim, f"status {done.returncode}, wanted {status} and \"{says}\"\n"
           f"{done.stderr[-1000:]}")


# --- rows as they arrive --------------------------------------------------------------------------

FULL = [[row("_insert", 1, 1, a=1, b="x"), row("_insert", 1, 2, a=2, b="y")],
        [row("_delete", 2, 1), row("_update", 2, 2, a=3, b=None), row("_insert", 2, 3, a=4)],
        [row("_update", 3, 9, a=5, b="z"), row("_insert", 3, 3, a=6, b="w"), row("_delete", 3, 8)]]
WANTED = [{"PK": 2, "a": 3, "b": None}, {"PK": 3, "a": 6, "b": "w"}, {"PK": 9, "a": 5, "b": "z"}]
for order in ("log", "event"):
    succeeds(f"--order {order}: full images", write("full", *FULL), order, "--order", order)
    tap.equal(without_order(rows(order)), WANTED, f"--order {order}: the table is what they say")
tap.equal([r for r in rows("log") if "_event_time" in r], [], "--order log adds no column")
PARTIAL = [[row("_insert", 1, 1, a=1, b="x")], [row("_update", 2, 1, b=None), row("_update", 2, 1, c=7)], [row("_update", 3, 1, a=2)]]
succeeds("--order log: partial images", write("partial", *PARTIAL), "partial", "--image", "partial")
tap.equal(rows("partial"), [{"PK": 1, "a": 2, "b": None, "c": 7}], "a partial image leaves the other columns as they are")

UNSEEN = [[row("_update", 1, 1, a=1)], [row("_update", 2, 2, b="x"), row("_delete", 3, 1), row("_update", 4, 1, b="y")], [row("_update", 5, 2, a=3)]]
for number in (1, 3):
    succeeds("--order log: updates of rows that were never seen", write(f"unseen{number}", *UNSEEN[:number]), "unseen", "--image", "partial")
tap.equal([{k: v for k, v in r.items() if v is not None} for r in rows("unseen")], [{"PK": 1, "b": "y"}, {"PK": 2, "a": 3, "b": "x"}],
          "an update makes its row where there is none")

# --- event order ----------------------------------------------------------------------------------

values, tables = set(), []
for number, order in enumerate(itertools.islice(itertools.permutations(FULL[0] + FULL[1][:2]), 0, None, 5)):
    succeeds(f"event order: permutation {number}", write("permuted", list(order)), f"permuted{number}", "--order", "event")
    tables.append(rows(f"permuted{number}"))
    values.update((r["PK"], r["_event_time"], r["_event_rank"]) for r in tables[-1])
tap.equal(len(values), len({value[:2] for value in values}), "an event has the same order value wherever it stands")
tap.equal([t for t in tables if t != tables[0]], [], "and the table is the same")
tables = []
for number, order in enumerate(itertools.permutations(PARTIAL[0] + PARTIAL[1] + PARTIAL[2])):
    if number % 5 == 0:
        succeeds(f"event order: partial images, permutation {number}", write("permuted", list(order)), f"pieces{number}", "--order", "event",
                 "--image", "partial", "--schema", "PK BIGINT NOT NULL, a BIGINT, b STRING, c BIGINT")
        tables.append(rows(f"pieces{number}"))
tap.equal([t for t in tables if t != [{"PK": 1, "a": 2, "b": None, "c": 7}]], [], "a table of partial images is the same, too")
with open(f"{folder}/event/shop/t/_delta_log/00000000000000000000.json", encoding="utf-8") as log:
    configuration = next(json.loads(line)["metaData"]["configuration"] for line in log if "metaData" in line)
tap.equal(json.loads(configuration["tailrace.order"]), ["_event_time", "_event_rank"], "the table says by what it is ordered")
fails("a table of event order is not merged as rows arrive", 2, "the lake table's changes are ordered by", write("full", *FULL), "event")
fails("a table of arrival is not merged by event order", 2, "the lake table's changes are ordered by []", write("full", *FULL), "log",
      "--order", "event")

fails("a table that is put together from its long table is not merged otherwise", 2, "is put together from its long table",
      write("full", *FULL), "pieces0")
fails("and not by whole rows", 2, "the lake table's changes are ordered by []", write("full", *FULL), "pieces0", "--order", "event")


def state(lake, table="shop/t"):
    """What describe says of the order of events."""
    out = subprocess.run([TAILRACE, "describe", f"{folder}/{lake}/{table}"], capture_output=True, text=True).stdout
    return [line.split(None, 2)[2] if line.startswith("no effect") else line.split(None, 1)[1]
            for line in out.splitlines() if line.startswith(("no effect", "watermark"))]


LATE = [[row("_insert", 1, 1, a=1)], [row("_insert", 50, 2, a=2)], [row("_update", 2, 1, a=7), row("_insert", 20, 3, a=3)],
        [row("_insert", 19, 4, a=4), row("_delete", 3, 2)]]
succeeds("late events", write("late", *LATE), "late", "--order", "event", "--late-horizon", "30s", "--late", "keep")
tap.equal([r["PK"] for r in rows("late")], [1, 2, 3], "what is older than the horizon does not count, on its edge it does")
tap.equal(sorted((r["PK"], r["a"]) for r in rows("late", "shop/t__late")), [(1, 7), (2, None), (4, 4)],
          "late events are kept in a table of their own")
tap.equal(state("late"), ["2025-01-01T00:00:20.000000Z: what is older is late", "3 late, 0 stale, 0 twice"],
          "describe has the watermark and counts them")
succeeds("and again", write("late", *LATE, *LATE), "late", "--order", "event", "--late-horizon", "30s", "--late", "keep")
tap.equal(len(rows("late", "shop/t__late")), 3 + 1, "the same late events are the same rows; the first insert is one now")
tap.equal(state("late")[1], "7 late, 0 stale, 2 twice", "what came twice is counted")
EARLY = [[row("_update", 2, 1, a=5)], [row("_insert", 1, 2, a=1, b="x"), row("_delete", 3, 2), row("_update", 4, 2, b="y")]]
for rule, wanted in (("show", [{"PK": 1, "a": 5}, {"PK": 2, "b": "y"}]), ("hide", [])):
    succeeds(f"--incomplete-rows {rule}", write("early", *EARLY), rule, "--order", "event", "--image", "partial", "--incomplete-rows", rule)
    got = [{name: value for name, value in r.items() if value is not None} for r in rows(rule)]
    tap.equal(got, wanted, f"--incomplete-rows {rule}: rows without their insert")
EARLY.append([row("_insert", 1, 1, a=4, b="w"), row("_insert", 5, 2, a=9)])
for rule in ("show", "hide"):
    succeeds(f"--incomplete-rows {rule}, the inserts", write("early", *EARLY), rule, "--order", "event", "--image", "partial",
             "--incomplete-rows", rule)
    tap.equal(rows(rule), [{"PK": 1, "a": 5, "b": "w"}, {"PK": 2, "a": 9, "b": "y"}],
              f"--incomplete-rows {rule}: with their inserts they have the columns known before")

MANY = [[row("_insert", n % 60, n, a=n, b="x" * 200) for n in range(5000)], [row("_update", 59, n, a=-n) for n in range(0, 5000, 7)]]
for image in ("full", "partial"):
    succeeds(f"a message larger than the memory for batches, --image {image}", write("many", *MANY), f"many_{image}", "--order", "event",
             "--image", image, "--memory-max", "1MiB")
    found = [(r["PK"], r["a"]) for r in rows(f"many_{image}")]
    wanted = [(n, -n if n % 7 == 0 else n) for n in range(5000)]
    tap.equal(sorted(found) == wanted, True, f"its rows are all there, --image {image}")

events = write("beside", *PARTIAL)
PARTS = ("--order", "event", "--image", "partial")
succeeds("partial images", events, "beside", *PARTS)
before = rows("beside")
os.rename(f"{folder}/beside/shop/t", f"{folder}/beside/shown")
succeeds("a table whose long table stayed is put together again", events, "beside", *PARTS)
tap.equal(rows("beside"), before, "it is as it was")
os.rename(f"{folder}/beside/shop/t__long", f"{folder}/beside/long")
fails("a table whose long table is gone is not gone on with", 2, "its long table shop.t__long is not in the lake", events, "beside", *PARTS)
os.rename(f"{folder}/beside/long", f"{folder}/beside/shop/t__long")
succeeds("it is put back", events, "beside", *PARTS)
tailrace("sync", "--from", events, "--to", f"{folder}/taken_name", "--key", "PK", "--table", "shop.t__long")
fails("another table of the long table's name is not touched", 2, "if that is another table, give this one another --table", events, "taken_name", *PARTS)
tap.ok("whose name ends in __long" in tailrace("describe", f"{folder}/beside/shop/t").stdout, "describe says where the order of its events is")
fails("events of a long table are ordered one way", 2, 'are ordered by ["_event_time","_event_rank"], and by ["_event_time","a",', events,
      "beside", *PARTS, "--order-by", "a")
TAKEN = [*([row("_insert", 1, n, a=n)] for n in range(600)), [row("_update", 2, 1, _delete=1)]] # the first 500 are looked at
fails("a column that comes later has no name that the long table needs either", 2, 'column "_delete" has a name',
      write("taken", *TAKEN), "taken", "--order", "event", "--image", "partial")

# --- README's example -----------------------------------------------------------------------------

with open(f"{TREE}/README.md", encoding="utf-8") as readme:
    example = [line.strip() for line in readme if line.startswith('    {')]
events = [json.loads(line)["after_image"] for line in example if "after_image" in line]
wanted = [json.loads(line) for line in example if line.startswith('{"PK"')]
whole = [[{**r, "col_1": "b", "col_2": 2} if r["_action"] == "_update" else r for r in message] for message in events]
for image, messages in (("partial", events), ("full", whole)):
    wrong = []
    for number, order in enumerate(itertools.permutations(messages)):
        done = sync(write("example", *order, order[number % 4]), f"example_{image}{number}", "--order", "event", "--image", image)
        found = without_order(rows(f"example_{image}{number}"))
        wrong += [done.stderr] if done.returncode != 0 else [found] if found != wanted else []
    tap.equal(wrong, [], f"README's example in all {number + 1} orders, --image {image}")
    for table_format in ("iceberg", "both"):
        late_first, lake = (messages[3], messages[1], messages[2], messages[0]), f"{table_format}_{image}"
        for number in range(4):
            sync(write("one by one", *late_first[:number + 1]), lake, "--order", "event",
                 "--image", image, "--table-format", table_format)
        tap.equal(without_order(rows(lake)), wanted, f"the same in --table-format {table_format}, message by message")

os.makedirs(f"{folder}/behind/shop/t__long")
open(f"{folder}/behind/shop/t__long/_iceberg", "w").close()  # a file, where the folder of its Iceberg metadata is to be
fails("the long table's Iceberg metadata may not stay behind unsaid", 1, "shop.t__long is committed, but its Iceberg metadata stays behind",
      write("one by one", *messages), "behind", "--order", "event", "--image", "partial", "--table-format", "both")

# --- a changelog ----------------------------------------------------------------------------------

succeeds("--mode append", write("full", *FULL), "append", "--mode", "append")
got = [(r["_op"], r["_row"], r["_source_time"], r["PK"]) for r in rows("append")]
tap.equal(sorted(got), sorted((r["_action"][1].replace("i", "c"), n, r["_timestamp"].replace(" ", "T") + "Z", r["PK"])
                              for m in FULL for n, r in enumerate(m)), "a changelog has each row's own action and time")

# --- what is wrong --------------------------------------------------------------------------------

BAD = [({"after_image": [{"_action": "_insert", "PK": 1}]}, "it has no \"_timestamp\""),
       ({"after_image": [row("_upsert", 1, 1)]}, "its \"_action\" is \"_upsert\""),
       ({"after_image": [{"_action": "_insert", "_timestamp": 1735689602}]}, "it has no \"PK\", which is of the key"),
       ({"after_image": [row("_insert", 1, None)]}, "its \"PK\" is null"),
       ({"after_image": [row("_insert", 1, "one")]}, "column \"PK\" (long): \"one\" is not an integer"),
       ({"after_image": 7}, "\"after_image\" is a number, not a list"),
       ({"after_image": [{**row("_insert", 1, 1), "_timestamp": "9999-12-31 23:59:59"}]}, "later than the clock of this machine"),
       ({"after_image": [row("_insert", 1, 4, a=1), row("_insert", 1, 5, a="one")]}, "row 2: column \"a\" (long)")]
GOOD = [{"after_image": [row("_insert", 1, 1, a=1)]}, {"after_image": [row("_insert", 1, 2, a=2)]}]
for number, (message, says) in enumerate(BAD):
    path = f"{folder}/bad{number}.jsonl"
    with open(path, "w", encoding="utf-8") as out:
        out.writelines(json.dumps(m) + "\n" for m in (GOOD[0], message, GOOD[1]))
    options = [path, f"bad{number}", "--order", "event", "--schema", "PK BIGINT NOT NULL, a BIGINT"]
    fails(f"halt: {says}", 1, says, *options)
    succeeds("quarantine goes on", *options, "--bad-message", "quarantine")
    tap.equal([r["PK"] for r in rows(f"bad{number}")], [1, 2], "with the rows beside it")
    kept = rows(f"bad{number}", "topics/quarantine")
    tap.equal([json.loads(base64.b64decode(r["value"])) for r in kept], [message], "and keeps the message")
    os.rename(f"{folder}/bad{number}/topics/quarantine", f"{folder}/bad{number}/away")
    succeeds("a quarantine that is moved away is made anew", *options, "--bad-message", "quarantine")
    tap.equal(rows(f"bad{number}", "topics/quarantine"), kept, "with the message, which the other table is past")
sys.exit(tap.done())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the commands print and how they end: cat, describe, history, doctor, --to - and null:, settings."""
import csv
import io
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

need_binary()
tap = Tap()
server = Server()
folder = scratch()
lake = f"{folder}/lake"
table = f"{lake}/shop/item"
db = server.session()
db.sql("CREATE DATABASE shop CHARACTER SET utf8mb4; CREATE TABLE shop.item (id BIGINT PRIMARY KEY, name VARCHAR(30), price DECIMAL(8,2));"
       "CREATE TABLE shop.other (id INT PRIMARY KEY);"
       "INSERT INTO shop.item VALUES (1, 'a,\"b\"', 1.50), (2, '', NULL), (3, NULL, -0.10)")


def works(claim, *words, status=0, says=(), **more):
    done = tailrace(*words, **more)
    text = done.stdout + done.stderr
    tap.ok(done.returncode == status and all(s in text for s in says), claim,
           f"exit status {done.returncode}, wanted {status}; to say: {says}\n{text[-1500:]}")
    return done


works("sync", "sync", "--from", server.url("shop.item"), "--to", lake)
db.sql("UPDATE shop.item SET price = 2 WHERE id = 1; DELETE FROM shop.item WHERE id = 3")
works("sync of the log", "sync", "--from", server.url("shop.item"), "--to", lake)
tap.ok(not os.path.exists(f"{lake}/shop/other"), "a table that was not named is not copied")

done = works("cat as CSV", "cat", table, "--as", "csv")
rows = sorted(csv.reader(io.StringIO(done.stdout)))
tap.equal(rows, sorted([["id", "name", "price"], ["1", 'a,"b"', "2.00"], ["2", "", ""]]), "CSV has a header and the rows")
tap.ok('\n2,"",\n' in done.stdout, 'CSV tells an empty text ("") from NULL', done.stdout)
done = works("cat as JSON lines", "cat", table, "--as", "jsonl")
tap.equal(sorted(done.stdout.splitlines()), ['{"id":1,"name":"a,\\"b\\"","price":2.00}', '{"id":2,"name":"","price":null}'],
          "JSON lines")
done = works("cat --limit", "cat", table, "--as", "jsonl", "--limit", "1")
tap.equal(len(done.stdout.splitlines()), 1, "prints one row")
done = works("cat --where-key", "cat", table, "--as", "jsonl", "--where-key", "2")
tap.equal(done.stdout, '{"id":2,"name":"","price":null}\n', "prints that key's row")
newest = max(v.number for v in versions(table))
first = min(v.number for v in versions(table) if sum(lake_rows(table, v.number).values()) == 3)
tap.ok(first < newest, "an old version has the old rows")
works("a version and a snapshot", "cat", table, "--version", "1", "--snapshot", "1", status=2, says=("give one of them",))
times = {line.split()[0]: line.split()[1] for line in tailrace("history", table).stdout.splitlines()}
for number in sorted({first, newest}):
    done = works(f"cat --at the time of version {number}", "cat", table, "--at", times[str(number)])
    tap.equal(len(done.stdout.splitlines()), sum(lake_rows(table, number).values()), "has the rows of that version")
places = {v.number: (":".join(map(str, position_of(v.info))), v.info["tailrace"]["position"]["gtids"]) for v in versions(table) if position_of(v.info)}
for place, what in zip(places[newest], ("file and offset", "GTIDs")):
    if place:
        done = works(f"cat --position by {what}", "cat", table, "--position", place)
        tap.equal(len(done.stdout.splitlines()), 2, "has the rows that the log had come to there")
works("a place that is not reached", "cat", table, "--position", places[newest][0] + "0", status=2, says=("the table has not come to it",))
works("a time before the table", "cat", table, "--at", "2020-01-01", status=2, says=("the oldest version that is left is 0",))
works("no time", "cat", table, "--at", "noon", status=2, says=("noon is no time",))
works("a version that is not there", "cat", table, "--version", newest + 5, status=2, says=(str(newest + 5),))

done = works("describe", "describe", table)
told = {line[:14].strip(): line[14:] for line in done.stdout.splitlines()}
lines = done.stdout.splitlines()
long = server.sql("SELECT column_type FROM information_schema.columns WHERE table_name = 'item' AND column_name = 'id'")[0][0]
tap.equal(lines[lines.index("columns") + 1:],
          [f"  id                       long not null key  <- {long}", "  name                     string  <- varchar(30)",
           "  price                    decimal(8,2)  <- decimal(8,2)"], "describe prints each column with its type, key and source type")
files = glob.glob(f"{table}/*.parquet")
tap.equal({name: told.get(name) for name in ("table", "version", "source", "files")},
          {"table": table, "version": str(newest), "source": "tailrace/tailrace/shop.item",
           "files": f"{len(files)}, {sum(os.path.getsize(path) for path in files)} bytes"}, "its place, version, source and size")
tap.ok("live rows     2\ndeleted rows  2, still in the files\n" in done.stdout, "what is live and what is not", done.stdout)
tap.equal(position_of({"tailrace": {"position": json.loads(told["position"])}}), server.position(db), "the position of the source")
tap.ok(0 <= float(told["lag"].split()[0]) < 600 and told["source time"].startswith("20") and "deletionVectors" in told["protocol"], "lag and protocol", done.stdout)

done = works("diff", "diff", table, "--from", first, "--to", newest)
tap.equal(sorted(done.stdout.splitlines()), ['{"op":"delete","before":{"id":3,"name":null,"price":-0.10}}',
          '{"op":"update","before":{"id":1,"name":"a,\\"b\\"","price":1.50},"after":{"id":1,"name":"a,\\"b\\"","price":2.00}}'],
          "what the log brought, as it was and as it is")
done = works("diff --counts", "diff", table, "--from", first, "--counts")
tap.equal(done.stdout, f'{{"from":{first},"to":{newest},"inserted":0,"updated":1,"deleted":1}}\n', "how much that was")
works("the newer version first", "diff", table, "--from", newest, "--to", first, status=2, says=("give the older one first",))

done = works("history", "history", table)
lines = [line.split() for line in done.stdout.splitlines()]
tap.equal([int(line[0]) for line in lines], list(range(newest, -1, -1)), "history has a line for each version, the newest first")
tap.equal(" ".join(lines[0][2:9]), "MERGE in 2 changed 1 deleted 1", "with what was done")
tap.equal([" ".join(line[2:]).split("  ")[0][:12] for line in lines[-1:]], ["CREATE TABLE"], "from its beginning on")
tap.equal([json.loads(line[-1])["offset"] for line in lines[:1]], [server.position(db)[1]], "and the source's position")
done = works("history --limit", "history", table, "--limit", "1")
tap.equal([line.split()[0] for line in done.stdout.splitlines()], [str(newest)], "prints the newest only")

db.sql("CREATE DATABASE more CHARACTER SET utf8mb4; CREATE TABLE more.forms (a INT, b VARCHAR(9), t TEXT, x VARBINARY(9), d DATE, dt DATETIME(3), ts TIMESTAMP NULL, f DOUBLE, o TINYINT(1), PRIMARY KEY (b, a));"
       "SET time_zone = '+00:00'; INSERT INTO more.forms VALUES (7, 'k,\"', 'two\nlines', X'00ff', '2026-02-28', '2026-02-28 23:59:59.120', '2026-01-02 03:04:05', 0.1, 1),"
       "(-1, '☃', '', '', NULL, NULL, NULL, -1e300, 0)")
works("a table of many forms", "sync", "--from", server.url("more.forms"), "--to", lake)
done = works("as JSON", "cat", f"{lake}/more/forms")
tap.equal(sorted(done.stdout.splitlines()), sorted([
    '{"a":7,"b":"k,\\"","t":"two\\nlines","x":"AP8=","d":"2026-02-28","dt":"2026-02-28T23:59:59.120000","ts":"2026-01-02T03:04:05Z","f":0.1,"o":1}',
    '{"a":-1,"b":"☃","t":"","x":"","d":null,"dt":null,"ts":null,"f":-1e+300,"o":0}']), "every form as JSON")
done = works("as CSV", "cat", f"{lake}/more/forms", "--as", "csv")
tap.equal(sorted(csv.reader(io.StringIO(done.stdout))), sorted([
    ["a", "b", "t", "x", "d", "dt", "ts", "f", "o"],
    ["7", 'k,"', "two\nlines", "AP8=", "2026-02-28", "2026-02-28T23:59:59.120000", "2026-01-02T03:04:05Z", "0.1", "1"],
    ["-1", "☃", "", "", "", "", "", "-1e+300", "0"]]), "every form as CSV")
done = works("a key of two parts, as in CSV", "cat", f"{lake}/more/forms", "--where-key", '"k,""",7')
tap.equal([json.loads(line)["a"] for line in done.stdout.splitlines()], [7], "finds that row")
tap.equal(works("a key that is not there", "cat", f"{lake}/more/forms", "--where-key", "k,8").stdout, "", "prints nothing")
db.sql("CREATE TABLE more.keyless (a INT)")
works("a table without a key", "sync", "--from", server.url("more.keyless"), "--to", lake)
works("a key of too few parts", "cat", f"{lake}/more/forms", "--where-key", '"k,"', status=2, says=("has 2 parts, not 1",))
works("has no row by key", "cat", f"{lake}/more/keyless", "--where-key", "1", status=2, says=("has no key",))
tap.equal(works("a table without rows", "cat", f"{lake}/more/keyless", "--as", "csv").stdout, "a\n", "has a header in CSV")
for command in ("cat", "describe", "history"):
    with open("/dev/full", "w") as full:
        done = subprocess.run([TAILRACE, command, table], stdout=full, stderr=subprocess.PIPE, text=True)
    tap.ok(done.returncode == 1 and "standard output" in done.stderr, f"{command} to a full disk says so", f"{done.returncode} {done.stderr}")
works("describe of a folder that is no table", "describe", folder, status=2, says=(folder,))

done = works("changes to standard output", "sync", "--from", server.url("shop.item"), "--to", "-")
lines = [json.loads(line) for line in done.stdout.splitlines()]
tap.ok(len(lines) >= 2, "each change is a line of JSON", done.stdout[:500])
works("changes to nowhere", "sync", "--from", server.url("shop.item"), "--to", "null:")

works("no command", status=2)
works("an unknown command", "frobnicate", status=2, says=("frobnicate",))
works("an unknown flag", "sync", "--from", server.url("shop"), "--to", lake, "--frobnicate", "1", status=2,
      says=("frobnicate",))
works("a value out of range", "sync", "--from", server.url("shop"), "--to", lake, "--copy-connections", "-5", status=2)
works("an unknown scheme", "sync", "--from", "gopher://h/db", "--to", lake, status=2, says=("mysql://",))
works("a password in the URL is refused", "sync", "--from", f"mysql://u:secret@127.0.0.1:{server.port}/shop", "--to", lake,
      status=2)
open(f"{folder}/bad.yaml", "w").write("frobnicate: 1\n")
works("an unknown setting in the file", "sync", "--config", f"{folder}/bad.yaml", status=2, says=("frobnicate",))
open(f"{folder}/good.yaml", "w").write(f"from: {server.url('shop.item')}\nto: {lake}\n")
works("a configuration file", "sync", "--config", f"{folder}/good.yaml")
open(f"{folder}/pw", "w").write("tailrace\n")
works("a password file", "sync", "--from", server.url("shop.item"), "--to", lake, "--from-password-file", f"{folder}/pw",
      password="wrong")
works("tables left out", "sync", "--from", server.url("shop"), "--to", f"{folder}/lake2", "--exclude-tables", "shop.item")
tap.equal(sorted(os.path.basename(p) for p in glob.glob(f"{folder}/lake2/shop/*")), ["other"], "only the other is copied")
works("--help", "--help", says=("--from", "--to"))
works("--version", "--version")

works("doctor finds nothing fatal", "doctor", "--from", server.url("shop"), "--to", lake)
works("doctor names tables that cannot be partitioned so", "doctor", "--from", server.url("shop"), "--to", lake, "--partition-by",
      "day", status=2, says=('table shop.item: --partition-by: the table has no column "day"',))
db.sql("CREATE USER poor@'%' IDENTIFIED BY 'x'; GRANT SELECT ON shop.* TO poor@'%'")
works("doctor names missing rights and the statement that grants them", "doctor", "--from", server.url("shop", "poor"),
      "--to", lake, status=2, says=("REPLICATION SLAVE", "GRANT"), password="x")
db.sql("CREATE USER rich@'%' IDENTIFIED BY 'x'; GRANT ALL ON *.* TO rich@'%'")
works("doctor names excess rights", "doctor", "--from", server.url("shop", "rich"), "--to", lake, says=("excess",), password="x")
reader = subprocess.Popen([TAILRACE, "history", f"{lake}/shop/item"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
reader.stdout.close()
tap.equal((reader.stderr.read(), reader.wait()), (b"", 0), "a reader that has enough is no failure")
monitor = "REPLICATION CLIENT" if server.is_mysql else "BINLOG MONITOR"
db.sql(f"CREATE USER lock1@'%' IDENTIFIED BY 'x'; GRANT SELECT, RELOAD, REPLICATION SLAVE, {monitor} ON *.* TO lock1@'%'")
works("doctor names a right that only other tables need", "doctor", "--from", server.url("shop.item", "lock1"), "--to", lake,
      says=("excess rights on *.*: RELOAD",), password="x")
db.sql("XA START 'open'; INSERT INTO shop.other VALUES (77); XA END 'open'; XA PREPARE 'open'")
works("doctor names prepared XA transactions", "doctor", "--from", server.url("shop"), "--to", lake, says=("1 XA transactions",))
if server.is_mysql:
    works("doctor names the right to ask for them", "doctor", "--from", server.url("shop.item", "lock1"), "--to", lake,
          says=("GRANT XA_RECOVER_ADMIN",), password="x")
sys.exit(tap.done())

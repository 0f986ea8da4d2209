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
works("a version that is not there", "cat", table, "--version", newest + 5, status=2, says=(str(newest + 5),))

done = works("describe", "describe", table, says=("id", "price", "decimal(8,2)", "deletionVectors"))
done = works("history", "history", table)
tap.ok(len(done.stdout.splitlines()) >= newest + 1, "history has a line for each version", done.stdout)
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
db.sql("CREATE USER poor@'%' IDENTIFIED BY 'x'; GRANT SELECT ON shop.* TO poor@'%'")
works("doctor names missing rights and the statement that grants them", "doctor", "--from", server.url("shop", "poor"),
      "--to", lake, status=2, says=("REPLICATION SLAVE", "GRANT"), password="x")
db.sql("CREATE USER rich@'%' IDENTIFIED BY 'x'; GRANT ALL ON *.* TO rich@'%'")
works("doctor names excess rights", "doctor", "--from", server.url("shop", "rich"), "--to", lake, says=("excess",), password="x")
sys.exit(tap.done())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad input and faults: each gets one clear sentence, the right exit status, and leaves nothing half written.

usage: faults.t [PART…]    parts: source log lake checkpoints names others disk kills large
"""
import os
import re
import shutil
import sys
import time
import traceback
import zlib

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *

CONFIG = 2   # the user must change something


def log_events(data):
    """(offset, size, type) of each event of a log file."""
    at = 4
    while at < len(data):
        size = int.from_bytes(data[at + 9:at + 13], "little")
        yield at, size, data[at + 4]
        at += size


class Faults:
    def __init__(self):
        self.tap = Tap()
        self.folder = scratch()
        self.lake_count = 0
        self.server = Server("--max-allowed-packet=1G")
        self.db = self.server.session()
        self.db.sql("SET time_zone = '+00:00'; CREATE DATABASE f CHARACTER SET utf8mb4")
        self.table_count = 0

    def table(self, columns="id INT PRIMARY KEY, v VARCHAR(100)", rows=20):
        """A fresh table and a fresh lake that has its copy: (name, lake)."""
        self.table_count += 1
        name, lake = f"t{self.table_count}", f"{self.folder}/lake{self.table_count}"
        self.db.sql(f"CREATE TABLE f.{name} ({columns})")
        if rows:
            self.insert(name, 1, rows)
            done = sync(self.server, f"f.{name}", lake)
            if done.returncode:
                raise RuntimeError(f"the copy failed: {done.stderr[-500:]}")
        return name, lake

    def insert(self, name, first, count=1, value="'v'"):
        self.db.sql(f"INSERT INTO f.{name} (id, v) WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n "
                    f"WHERE i < {first + count - 1}) SELECT i, {value} FROM n")

    def refused(self, claim, done, status, *says):
        """It ended with this status and one sentence on standard error that says all this."""
        text = done.stderr.strip()
        statuses = status if isinstance(status, tuple) else (status,)
        errors = [line for line in text.split("\n") if "level=error" in line or line.startswith("tailrace: ")] or text.split("\n")[-1:]
        good = (done.returncode in statuses and len(errors) == 1
                and all(re.search(s, errors[0], re.I) for s in says))
        self.tap.ok(good, claim, f"exit status {done.returncode}, wanted {status}; to say {says}\n{text[-1500:]}")

    def equal(self, name, lake, claim, database="f"):
        try:
            wrong = compare(self.db, lake, database, name)
        except Exception as e:
            wrong = f"{type(e).__name__}: {e}"
        self.tap.equal(wrong, "", claim)

    def recovers(self, name, lake, claim):
        done = sync(self.server, f"f.{name}", lake)
        if done.returncode:
            return self.tap.ok(False, claim, done.stderr[-1500:])
        self.equal(name, lake, claim)

    # --- the source ------------------------------------------------------------------------------------

    def source(self):
        server, folder = self.server, self.folder
        self.refused("a wrong password", sync(server, "f", f"{folder}/no", password="wrong"), CONFIG, "denied")
        self.refused("a server that is not there",
                     tailrace("sync", "--from", "mysql://tailrace@127.0.0.1:1/f", "--to", f"{folder}/no"), (1, 2), "127.0.0.1.* 1:")
        self.refused("a database that is not there", sync(server, "nothing", f"{folder}/no"), CONFIG, "nothing")
        self.db.sql("CREATE USER poor@'%' IDENTIFIED BY 'tailrace'; GRANT SELECT ON f.* TO poor@'%'")
        self.table()
        done = tailrace("sync", "--from", server.url("f", "poor"), "--to", f"{folder}/no")
        self.refused("a missing right", done, CONFIG, "REPLICATION SLAVE", "GRANT")
        self.refused("plain text to another host is refused before the password is sent",
                     tailrace("sync", "--from", "mysql://u@192.0.2.1/f", "--to", f"{folder}/no", timeout=60), (1, 2), "TLS|192.0.2.1")

        name, lake = self.table()
        if not server.is_mysql:
            self.db.sql("SET GLOBAL binlog_format = STATEMENT")
            self.refused("binlog_format = STATEMENT", sync(server, "f", f"{folder}/no"), CONFIG, "binlog_format", "ROW")
            self.db.sql("SET GLOBAL binlog_format = ROW")
        self.db.sql("SET SESSION binlog_format = STATEMENT")
        self.db.sql(f"UPDATE f.{name} SET v = 'statement' WHERE id = 3")
        self.db.sql("SET SESSION binlog_format = ROW")
        self.refused("a change that was logged as a statement", sync(server, f"f.{name}", lake), (1, 2), name, "statement")

        self.ddl()
        self.position()
        self.flipped()
        self.no_log()

    def ddl(self):
        name, lake = self.table()
        self.db.sql(f"ALTER TABLE f.{name} ADD COLUMN w INT NULL")
        self.db.sql(f"INSERT INTO f.{name} VALUES (50, 'new', 7)")
        self.recovers(name, lake, "ADD COLUMN goes through")
        for what, statement in (("a dropped column", "ALTER TABLE f.{} DROP COLUMN v"), ("a changed type", "ALTER TABLE f.{} MODIFY v INT"),
                                ("a renamed column", "ALTER TABLE f.{} CHANGE v x VARCHAR(100)"), ("a dropped table", "DROP TABLE f.{}"),
                                ("a renamed table", "RENAME TABLE f.{0} TO f.{0}_away")):
            name, lake = self.table()
            self.db.sql(f"UPDATE f.{name} SET v = '1'")
            count = len(versions(f"{lake}/f/{name}"))
            self.db.sql(statement.format(name))
            self.refused(f"{what} halts the table", sync(self.server, f"f.{name}", lake), (1, 2), name)
            self.tap.ok(len(versions(f"{lake}/f/{name}")) >= count, "and its versions stay")

    def position(self):
        name, lake = self.table()
        other = Server(folder=scratch())
        other.sql(f"CREATE DATABASE f; CREATE TABLE f.{name} (id INT PRIMARY KEY, v VARCHAR(100)); "
                  f"INSERT INTO f.{name} VALUES (1, 'other server')")
        self.refused("another server in its place", sync(other, f"f.{name}", lake), (1, 2), "server|gtid")
        self.recovers(name, lake, "and with the right one it goes on")
        other.stop()
        name, lake = self.table()
        self.insert(name, 100)
        self.purge()
        before = lake_rows(f"{lake}/f/{name}")
        self.refused("a log purged past us", sync(self.server, f"f.{name}", lake), (1, 2), "purged|no longer", "copy")
        self.tap.ok(lake_rows(f"{lake}/f/{name}") == before, "and the table is as it was")
        os.rename(f"{lake}/f/{name}", f"{lake}/{name}.away")
        self.recovers(name, lake, "until it is moved away, as the sentence says: then it is copied anew")
        name, lake = self.table()
        self.insert(name, 100)
        self.db.sql("RESET BINARY LOGS AND GTIDS" if self.server.has_no_master else "RESET MASTER")
        self.insert(name, 200)
        self.refused("RESET of the log", sync(self.server, f"f.{name}", lake), (1, 2), "copy")

    def purge(self):
        """All closed log files; the server keeps one while an old connection still reads it."""
        log = self.db.sql("FLUSH BINARY LOGS; SHOW BINARY LOGS")

        def purged():
            self.db.sql(f"PURGE BINARY LOGS TO '{log[-1][0]}'")
            return len(self.db.sql("SHOW BINARY LOGS")) == 1
        wait_until(purged, 60, 1)

    def flipped(self):
        """One bit of the log file itself, as a bad disk would."""
        name, lake = self.table()
        self.insert(name, 100, 50, "'flip me'")
        path = self.closed_log()
        data = bytearray(open(path, "rb").read())
        at = data.rindex(b"flip me")
        data[at] ^= 4
        with open(path, "r+b") as f:
            f.seek(at)
            f.write(data[at:at + 1])
        self.refused("a flipped bit in the log", sync(self.server, f"f.{name}", lake), 1, "checksum", os.path.basename(path))
        self.tap.equal(sum(lake_rows(f"{lake}/f/{name}").values()), 20, "and nothing of that transaction is there")

    # --- what stands in the log --------------------------------------------------------------------------

    def log(self):
        # 16 is XID, the end of a transaction; 26 is INCIDENT, 77 is nothing yet
        for what, type_, says in (("an INCIDENT event", 26, ("events were lost", "copied anew")), ("an unknown event", 77, ("unrecognized event type 77",))):
            name, lake = self.table()
            self.insert(name, 100)
            path = self.closed_log()
            data = bytearray(open(path, "rb").read())
            at, size = [(at, size) for at, size, found in log_events(data) if found == 16][-1]
            data[at + 4] = type_
            data[at + size - 4:at + size] = zlib.crc32(data[at:at + size - 4]).to_bytes(4, "little")
            self.write(path, data)
            self.refused(f"{what} halts", sync(self.server, f"f.{name}", lake), 1, *says, os.path.basename(path), f"at {at}")
            self.tap.equal(sum(lake_rows(f"{lake}/f/{name}").values()), 20, "and nothing of that transaction is there")
        name, lake = self.table()
        self.insert(name, 100)
        path = self.closed_log()
        os.truncate(path, os.path.getsize(path) - 60)
        self.refused("a log file without its end halts", sync(self.server, f"f.{name}", lake), 1, "truncated in the middle of event", "damaged", os.path.basename(path))
        self.tap.equal(sum(lake_rows(f"{lake}/f/{name}").values()), 20, "and nothing of that transaction is there")
        self.loads()
        self.another_id()

    def closed_log(self):
        """The path of the log file that has all so far; the server writes to the next one."""
        file, _ = self.server.position(self.db)
        self.db.sql("FLUSH BINARY LOGS")
        return f"{self.server.dir}/data/{file}"

    def loads(self):
        """LOAD DATA, as rows and as a statement."""
        for number, form in enumerate(("ROW", "MIXED", "STATEMENT")):
            name, lake = self.table()
            file = f"{self.folder}/load{number}.txt"
            self.write(file, b"100\tone\n101\ttwo\n")
            os.chmod(self.folder, 0o755)
            self.db.sql(f"SET SESSION binlog_format = {form}; LOAD DATA INFILE '{file}' INTO TABLE f.{name}; SET SESSION binlog_format = ROW")
            if form != "STATEMENT":  # for MIXED both servers hold it for unsafe as a statement
                self.recovers(name, lake, f"LOAD DATA under binlog_format = {form}")
            else:
                self.refused(f"LOAD DATA under binlog_format = {form} halts", sync(self.server, f"f.{name}", lake), (1, 2), "LOAD DATA", "binlog_format=ROW", "copied anew")
                self.tap.equal(sum(lake_rows(f"{lake}/f/{name}").values()), 20, "and the table is as it was")

    def another_id(self):
        """The same data under another identity: as after a move to another machine."""
        server = Server(folder=scratch())
        lake = f"{self.folder}/moved"
        server.sql("CREATE DATABASE f; CREATE TABLE f.t (id INT PRIMARY KEY, v VARCHAR(100)); INSERT INTO f.t VALUES (1, 'before')")
        first = sync(server, "f.t", lake)
        server.stop()
        if server.is_mysql:
            os.unlink(f"{server.dir}/data/auto.cnf")
        else:
            server.flags = ("--server-id=77",)
        server.start()
        server.sql("INSERT INTO f.t VALUES (2, 'after')")
        done = sync(server, "f.t", lake)
        self.tap.ok(first.returncode == done.returncode == 0 and sum(lake_rows(f"{lake}/f/t").values()) == 2,
                    "the same data under another identity goes on by GTID", first.stderr[-800:] + done.stderr[-800:])
        server.stop()

    def no_log(self):
        server = Server("--skip-log-bin", folder=scratch())
        server.sql("CREATE DATABASE f; CREATE TABLE f.t (id INT PRIMARY KEY)")
        self.refused("a server without a binary log", sync(server, "f", f"{self.folder}/no"), CONFIG, "log.bin")
        server.stop()

    # --- the lake ------------------------------------------------------------------------------------------

    def lake(self):
        folder = self.folder
        for what, damage in (("cut off", lambda good: good[:len(good) // 2]), ("empty", lambda good: b""), ("not JSON", lambda good: b"\0\1\2" * 40),
                             ("full of lies", lambda good: b'{"add":{"path":"../../etc/passwd","size":-1}}\n')):
            name, lake = self.table()
            self.insert(name, 100)
            newest = sorted(glob.glob(f"{lake}/f/{name}/_delta_log/*.json"))[-1]
            good = open(newest, "rb").read()
            open(newest, "wb").write(damage(good))
            self.refused(f"a log entry that is {what}", sync(self.server, f"f.{name}", lake), (1, 2), os.path.basename(newest)[:20].lstrip("0") or "0")
            open(newest, "wb").write(good)
            self.recovers(name, lake, "and with the entry as it was it goes on")
        with open(f"{lake}/f/{name}/_delta_log/_last_checkpoint", "wb") as f:
            f.write(b"garbage")
        self.insert(name, 101)
        self.recovers(name, lake, "an unreadable _last_checkpoint is only a hint")

        name, lake = self.table(rows=0)
        os.makedirs(f"{lake}/f/{name}/_delta_log")
        schema = json.dumps({"type": "struct", "fields": [{"name": "id", "type": "integer", "nullable": False, "metadata": {}}]})
        with open(f"{lake}/f/{name}/_delta_log/{0:020}.json", "w") as f:
            f.write(json.dumps({"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}) + "\n")
            f.write(json.dumps({"metaData": {"id": "somebody-else", "format": {"provider": "parquet", "options": {}},
                                             "schemaString": schema, "partitionColumns": [], "configuration": {}, "createdTime": 1}}) + "\n")
        self.refused("a table of somebody else", sync(self.server, f"f.{name}", lake), CONFIG, name)
        name, lake = self.table()
        first = sorted(glob.glob(f"{lake}/f/{name}/_delta_log/*.json"))[0]
        text = open(first).read()
        open(first, "w").write(text.replace('"deletionVectors"', '"deletionVectors","fancyNewFeature"'))
        self.refused("an unknown table feature", sync(self.server, f"f.{name}", lake), CONFIG, "fancyNewFeature")

        name, lake = self.table()
        self.insert(name, 500)
        for path in glob.glob(f"{lake}/_tailrace/**/*", recursive=True):
            if os.path.isfile(path):
                os.unlink(path)
        self.recovers(name, lake, "everything beside the tables may be deleted")
        name, lake = self.table()
        self.insert(name, 500, 5)
        for path in glob.glob(f"{lake}/_tailrace/**/*", recursive=True):
            if os.path.isfile(path):
                with open(path, "r+b") as f:
                    f.write(os.urandom(64))
        self.recovers(name, lake, "or be garbage")

        done = sync(self.server, f"f.{name}", lake, "--name", "other")
        self.refused("a table of another pipeline", done, CONFIG, name, "pipeline", "other")
        done = sync(self.server, f"f.{name}", "/proc/no/such/lake")
        self.refused("a directory that cannot be made", done, (1, 2), "/proc/no")
        run = Run(self.server, f"f.{name}", lake)
        wait_until(lambda: "level=" in open(run.log).read(), 5)
        time.sleep(0.5)
        self.refused("a second instance", sync(self.server, f"f.{name}", lake), CONFIG, "lock|another|instance")
        run.term()
        done = sync(self.server, f"f.{name}", lake)
        self.tap.equal(done.returncode, 0, "and after the first has gone it works")

    # --- checkpoints -----------------------------------------------------------------------------------------

    def checkpoints(self):
        name, lake = self.table()
        log = f"{lake}/f/{name}/_delta_log"
        self.many_versions(name, lake)
        if not self.tap.ok(glob.glob(f"{log}/*.checkpoint.parquet"), "a thousand versions make a checkpoint due"):
            return
        damages = {"cut off": lambda good: good[:len(good) // 2], "empty": lambda good: b"", "without its first byte": lambda good: good[1:],
                   "with a flipped bit": lambda good: good[:5000] + bytes([good[5000] ^ 4]) + good[5001:]}
        for what, damage in damages.items():
            path, good = self.newest_checkpoint(log)
            self.write(path, damage(good))
            self.insert(name, 3000 + self.tap.count)
            done = sync(self.server, f"f.{name}", lake)
            self.tap.ok(done.returncode == 0, f"a checkpoint {what} is passed over", done.stderr[-1500:])
            self.warns("with a warning", done, os.path.basename(path), "damaged")
            self.equal(name, lake, "the table equals the source")
            self.tap.ok(self.newest_checkpoint(log)[0] > path, "and the commit brought a new checkpoint")
        path, good = self.newest_checkpoint(log)
        part = path.replace(".checkpoint.", ".checkpoint.0000000001.0000000002.")
        os.rename(path, part)
        self.recovers(name, lake, "a checkpoint of two parts, one of them missing, is passed over")
        os.rename(part, path)
        for what, text in (("to a version that is not there", b'{"version":7000,"size":3}'), ("to one without a checkpoint", b'{"version":9,"size":3}'),
                           ("nowhere", b"garbage"), ("below zero", b'{"version":-5}')):
            self.write(f"{log}/_last_checkpoint", text)
            self.insert(name, 5000 + self.tap.count)
            self.recovers(name, lake, f"_last_checkpoint that points {what} is only a hint")
        self.no_log_behind(name, lake, damages)

        name, lake = self.table()
        os.makedirs(f"{lake}/f/{name}/_delta_log/_last_checkpoint")
        self.many_versions(name, lake, "_last_checkpoint", "Is a directory")
        self.equal(name, lake, "a checkpoint that cannot be written does not stop the commits")

    def no_log_behind(self, name, lake, damages):
        """The entries before the checkpoint were cleaned up."""
        log = f"{lake}/f/{name}/_delta_log"
        self.db.sql(f"ALTER TABLE f.{name} ADD COLUMN w INT NULL")  # the schema stands in an entry that stays
        self.insert(name, 6000)
        self.recovers(name, lake, "an added column behind the checkpoint")
        path, good = self.newest_checkpoint(log)
        for old in sorted(glob.glob(f"{log}/0*"))[:40]:
            os.unlink(old)
        for old in glob.glob(f"{log}/*.checkpoint.parquet"):
            if old != path:
                os.unlink(old)
        self.recovers(name, lake, "with a good checkpoint the entries before it are not needed")
        for what, damage in damages.items():
            self.write(path, damage(good))
            self.refused(f"a checkpoint {what} that no entries stand in for", sync(self.server, f"f.{name}", lake), 1,
                         "restore", os.path.basename(path), "damaged")
        for command in ("cat", "describe", "history"):
            self.refused(f"and {command} says so", tailrace(command, f"{lake}/f/{name}"), 1, "restore", os.path.basename(path), "damaged")
        self.write(path, good)
        self.insert(name, 7000)
        self.recovers(name, lake, "and with the checkpoint as it was it goes on")

    def newest_checkpoint(self, log):
        path = sorted(glob.glob(f"{log}/*.checkpoint.parquet"))[-1]
        return path, open(path, "rb").read()

    def many_versions(self, name, lake, *says):
        """A thousand of one row, in one run that says all this in a warning."""
        self.db.sql("".join(f"INSERT INTO f.{name} VALUES ({i}, '{i}');" for i in range(1000, 2010)))
        done = sync(self.server, f"f.{name}", lake, "--batch-rows-max", "1")
        self.tap.ok(done.returncode == 0, "a thousand versions", done.stderr[-1500:])
        if says:
            self.warns("and it says so once in a while, not with every commit", done, *says)

    def warns(self, claim, done, *says):
        lines = [line for line in done.stderr.split("\n") if "level=warn" in line]
        self.tap.ok(0 < len(lines) < 20 and all(s in lines[-1] for s in says), claim, f"{len(lines)} warnings, to say {says}:\n{lines[-1:]}")

    @staticmethod
    def write(path, bytes_):
        with open(path, "wb") as f:
            f.write(bytes_)

    # --- names ---------------------------------------------------------------------------------------------

    def names(self):
        """Names are data: they neither leave the lake nor end a statement."""
        names = ["../evil", "..", ".hidden", "a/b\\c", "quo'te\"`", "sp ace", "_delta_log", "50%", "naïve☃", "semi;colon -- x", "$(touch x)",
                 "x" * 64, "Case", "case", "new\nline", "con", "{}", "?*"]
        self.db.sql("CREATE DATABASE `../ho\"st'ile`")
        lake = f"{self.folder}/names"
        os.makedirs(lake)
        before = sorted(os.listdir(self.folder))
        made = []
        for name in names:
            table = f"`../ho\"st'ile`.{quoted(name)}"
            try:
                self.db.sql(f"CREATE TABLE {table} (id INT PRIMARY KEY, {quoted(name[:60] + 'c')} VARCHAR(30)); INSERT INTO {table} VALUES (1, 'v')")
                made.append(name)
            except SqlError:  # a name that this server does not take
                self.db = self.server.session()
        done = sync(self.server, "", lake, "--tables", "*ho*ile.*")
        if not self.tap.ok(done.returncode == 0, f"{len(made)} tables with hostile names are copied", done.stderr[-1500:]):
            return
        tables = {folder for folder, inner, _ in os.walk(lake) if "_delta_log" in inner}
        self.tap.equal(len(tables), len(made), "each has a folder of its own inside the lake")
        self.tap.equal(sorted(os.listdir(self.folder)), before, "and nothing appeared beside it")
        self.tap.ok(all(sum(lake_rows(t).values()) == 1 for t in tables), "each has its row")
        shown = [tailrace(command, t).stdout.replace("\n", "") for t in tables for command in ("describe", "history")]
        self.tap.ok(all(text.isprintable() for text in shown), "describe and history print no control characters", repr(shown))
        for name in made:
            self.db.sql(f"UPDATE `../ho\"st'ile`.{quoted(name)} SET id = 2")
        done = sync(self.server, "", lake, "--tables", "*ho*ile.*")
        self.tap.ok(done.returncode == 0 and all({r[0] for r in lake_rows(t)} == {"2"} for t in tables), "and follows the log", done.stderr[-800:])

        name, lake = self.table("id INT PRIMARY KEY, v LONGBLOB")
        self.db.sql(f"INSERT INTO f.{name} VALUES (100, X'00'), (101, REPEAT(X'00', 65536)), (102, REPEAT('\\n', 65535)), (103, '\"\\'`;--')")
        self.recovers(name, lake, "hostile values")

    # --- the disk --------------------------------------------------------------------------------------------

    def others(self):
        """Another writer takes the version of a commit of `run`."""
        name, lake = self.table()
        table = f"{lake}/f/{name}"
        run = Run(self.server, f"f.{name}", lake)
        self.insert(name, 100)
        wait_until(lambda: versions(table)[-1].operation == "MERGE")
        time.sleep(2)  # the progress file is written once a second
        with open(f"{table}/_delta_log/{versions(table)[-1].number + 1:020}.json", "w") as f:
            f.write(json.dumps({"commitInfo": {"timestamp": 0, "operation": "OPTIMIZE"}}) + "\n")
        self.insert(name, 101)
        self.tap.ok(wait_until(lambda: versions(table)[-1].operation == "MERGE", 15), "run commits after another writer's version", run.tail())
        self.equal(name, lake, "and loses nothing")
        run.term()

        for says, rows in ((False, "false"), (True, "true")):
            log = f"{table}/_delta_log/{versions(table)[-1].number:020}.json"
            add = next(json.loads(line)["add"] for line in open(log) if line.startswith('{"add"'))
            with open(f"{table}/_delta_log/{versions(table)[-1].number + 1:020}.json", "w") as f:
                f.write(json.dumps({"commitInfo": {"timestamp": 0, "operation": "RESTORE"}}) + "\n" +
                        json.dumps({"add": {**add, "dataChange": says}}) + "\n")
            done = sync(self.server, f"f.{name}", lake)
            self.tap.ok(done.returncode == 0 and ("another writer changed rows" in done.stderr) == says,
                        f"a version of another writer with dataChange {rows}", done.stderr[-800:])
            self.insert(name, 300 + says)
            sync(self.server, f"f.{name}", lake)

        name, lake = self.table()
        table = f"{lake}/f/{name}"
        shutil.copytree(table, f"{lake}.backup")
        self.insert(name, 100)
        sync(self.server, f"f.{name}", lake)
        shutil.rmtree(table)
        shutil.copytree(f"{lake}.backup", table)
        self.recovers(name, lake, "a table that came back from a backup gets what it lacks")

    def mount(self, size):
        path = f"{self.folder}/small{self.table_count}"
        os.makedirs(path, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True, text=True)
        if done.returncode:
            return None
        atexit.register(subprocess.run, ["umount", "-l", path], capture_output=True)
        return path

    def disk(self):
        name, _ = self.table("id INT PRIMARY KEY, v VARBINARY(2000)", 0)
        small = self.mount("4m") if os.getuid() == 0 else None
        if not small:
            for claim in ("disk full", "read-only directory"):
                self.tap.skip(claim, "needs root and mount(8)")
        else:
            lake = f"{small}/lake"
            self.insert(name, 1, 100, "RANDOM_BYTES(1000)")
            self.tap.equal(sync(self.server, f"f.{name}", lake).returncode, 0, "a small disk takes the first rows")
            before = lake_rows(f"{lake}/f/{name}")
            for i in range(8):
                self.insert(name, 1000 * (i + 1), 900, "RANDOM_BYTES(1000)")
            self.refused("disk full", sync(self.server, f"f.{name}", lake), (1, 2), "space")
            after = lake_rows(f"{lake}/f/{name}")
            self.tap.ok(before - after == collections.Counter(), "the table is readable and has lost nothing")
            subprocess.run(["mount", "-o", "remount,size=64m", small], check=True)
            self.recovers(name, lake, "with more space it goes on")
            self.insert(name, 20000)
            subprocess.run(["mount", "-o", "remount,ro", small], check=True)
            self.refused("a read-only directory", sync(self.server, f"f.{name}", lake), (1, 2), "read-only")
            subprocess.run(["mount", "-o", "remount,rw", small], check=True)
            self.recovers(name, lake, "writable again, it goes on")
        self.limit()
        self.calls()

    def limit(self):
        name, lake = self.table("id INT PRIMARY KEY, v VARBINARY(2000)", 0)
        self.insert(name, 1, 20, "RANDOM_BYTES(1000)")
        self.recovers(name, lake, "a table of random bytes")
        self.insert(name, 1000, 900, "RANDOM_BYTES(1000)")
        done = sync(self.server, f"f.{name}", lake, prefix=["prlimit", "--fsize=300000"])
        self.refused("a limit on the size of files", done, 1, "File too large")
        self.recovers(name, lake, "and without the limit it goes on")

    def calls(self):
        """The n-th call fails, for n from 1 until none is left."""
        if not shutil.which("strace"):
            return self.tap.skip("failing system calls", "no strace")
        for calls, error in (("fsync,fdatasync", "EIO"), ("link,linkat,rename,renameat,renameat2", "EIO"), ("write,pwrite64,writev", "ENOSPC"),
                             ("openat", "EMFILE"), ("ftruncate,fallocate", "ENOSPC")):
            name, lake = self.table()
            wrong, n, step, failures = "", 0, 3 if calls == "openat" else 1, 0
            while n < 60 * step and not wrong:
                n += step
                self.db.sql(f"UPDATE f.{name} SET v = '{n}' WHERE id % 3 = {n % 3}; INSERT INTO f.{name} VALUES ({1000 + n}, 'n'); "
                            f"DELETE FROM f.{name} WHERE id = {1000 + n - 5 * step}")
                trace = f"{self.folder}/trace"
                prefix = ["strace", "-f", "-qq", "-o", trace, "-e", f"trace={calls}", "-e", f"inject={calls}:error={error}:when={n}"]
                done = sync(self.server, f"f.{name}", lake, prefix=prefix)
                if "(INJECTED)" not in open(trace, errors="replace").read():
                    break
                failures += 1
                if done.returncode not in (0, 1, 2):
                    wrong = f"call {n}: exit status {done.returncode}: {done.stderr[-600:]}"
                done = sync(self.server, f"f.{name}", lake)
                wrong = wrong or (f"after call {n}: {done.stderr[-600:]}" if done.returncode else compare(self.db, lake, "f", name))
            self.tap.equal(wrong, "", f"{error} from the n-th of {calls}: {failures} places, nothing lost, nothing half")

    def kills(self):
        """kill -9 exactly at the n-th call that changes a file or makes something durable or visible."""
        if not shutil.which("strace"):
            return self.tap.skip("kill -9 at each step that changes a file", "no strace")
        for is_first in (True, False):
            name, lake = self.table(rows=0 if is_first else 20)
            wrong, killed = "", 0
            for calls in ("mkdir,mkdirat", "write,pwrite64", "ftruncate,fallocate", "msync", "fsync,fdatasync", "link,linkat",
                          "rename,renameat,renameat2", "unlink,unlinkat"):
                for n in range(1, 100):  # counted in each thread
                    if is_first:
                        shutil.rmtree(lake, ignore_errors=True)
                    self.db.sql(f"UPDATE f.{name} SET v = '{n}' WHERE id % 3 = {n % 3}; INSERT INTO f.{name} (v, id) SELECT 'n', COALESCE(MAX(id), 0) + 1 FROM f.{name}")
                    done = sync(self.server, f"f.{name}", lake,
                                prefix=["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", f"inject={calls}:signal=KILL:when={n}"])
                    if done.returncode in (0, 1, 2):
                        wrong = wrong or done.returncode and done.stderr[-600:] or ""
                        break
                    killed += 1
                    if is_first or n % 2 == 0:
                        done = sync(self.server, f"f.{name}", lake)
                        wrong = wrong or (f"after kill {n} at {calls}: {done.stderr[-600:]}" if done.returncode else compare(self.db, lake, "f", name))
            self.tap.equal(wrong, "", f"kill -9 at each of {killed} steps that change a file {'of a first copy' if is_first else 'of the log'}")
            self.recovers(name, lake, "and at the end the table equals the source")

    # --- large -----------------------------------------------------------------------------------------------

    def large(self):
        name, lake = self.table("id INT PRIMARY KEY, v LONGBLOB")
        self.db.sql(f"INSERT INTO f.{name} VALUES (100, REPEAT('abcdefgh', 8000000))")
        self.recovers(name, lake, "a row of 64 MB, logged")
        shutil.rmtree(lake)
        self.recovers(name, lake, "a row of 64 MB, copied")

        name, lake = self.table("id INT PRIMARY KEY, v VARCHAR(300)")
        self.insert(name, 1000, 900)
        for i in range(6):
            self.db.sql(f"INSERT INTO f.{name} SELECT id + {1000 * 2 ** i}, v FROM f.{name} WHERE id >= 1000")
        self.db.sql(f"BEGIN; UPDATE f.{name} SET v = REPEAT(MD5(id), 9); UPDATE f.{name} SET v = CONCAT(v, '!') WHERE id % 2 = 0; "
                    f"DELETE FROM f.{name} WHERE id % 5 = 1; COMMIT" if not self.server.is_mysql else
                    f"BEGIN; UPDATE f.{name} SET v = REPEAT(HEX(id), 40); UPDATE f.{name} SET v = CONCAT(v, '!') WHERE id % 2 = 0; "
                    f"DELETE FROM f.{name} WHERE id % 5 = 1; COMMIT")
        before = len(versions(f"{lake}/f/{name}"))
        done = sync(self.server, f"f.{name}", lake, "--memory-max", "2MiB")
        self.tap.equal(done.returncode, 0, "a transaction of 30 MB with 2 MiB of memory")
        self.equal(name, lake, "and the table equals the source")
        self.tap.ok(len(versions(f"{lake}/f/{name}")) > before, "in a version of its own")


def main():
    need_binary()
    faults = Faults()
    for part in sys.argv[1:] or ["source", "log", "lake", "checkpoints", "names", "others", "disk", "kills", "large"]:
        try:
            getattr(faults, part)()
        except Exception as e:
            faults.tap.ok(False, f"{part}: the test itself", traceback.format_exc())
            faults.db = faults.server.session()
    return faults.tap.done()


if __name__ == "__main__":
    sys.exit(main())

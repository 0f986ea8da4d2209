# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: private servers, tailrace as a process, cells in one canonical form, TAP.

Python's standard library only; servers are spoken to through the mariadb client and its socket.
"""
import atexit
import base64
import collections
import datetime
import functools
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
TAILRACE = os.path.abspath(os.environ.get("TAILRACE", f"{TREE}/build/release/tailrace"))
KIND = os.environ.get("SERVER", "mariadb")
MINUTES = float(os.environ.get("MINUTES", "1"))
READERS = os.environ.get("READERS", os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "tailrace/readers"))
CAPTURE = ("tailrace", "tailrace")  # user and password that server.sh makes


# --- TAP -----------------------------------------------------------------------------------------

class Tap:
    """One numbered line per claim; `done` prints the plan and is the exit status."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, holds, claim, why=""):
        self.count += 1
        self.failed += not holds
        print(f"{'ok' if holds else 'not ok'} {self.count} - {claim}", flush=True)
        if not holds and why:
            self.note(why)
        return bool(holds)

    def equal(self, got, wanted, claim):
        return self.ok(got == wanted, claim, f"got    {got!r}\nwanted {wanted!r}"[:4000])

    def skip(self, claim, reason):
        self.count += 1
        print(f"ok {self.count} - {claim} # SKIP {reason}", flush=True)

    def note(self, text):
        for line in str(text).splitlines():
            print(f"# {line}", flush=True)

    def done(self):
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


# --- scratch folder ------------------------------------------------------------------------------

def scratch(base=None):
    """A short path (sockets lie in it), removed at exit unless KEEP is set."""
    path = tempfile.mkdtemp(prefix="tr-", dir=base or "/tmp")
    if "KEEP" not in os.environ:
        atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


# --- servers -------------------------------------------------------------------------------------

class SqlError(Exception):
    pass


class LostConnection(SqlError):
    pass


class Session:
    """One connection: a client process that is fed through a pipe."""

    def __init__(self, server, database=None, user="root"):
        command = ["mariadb", "--no-defaults", f"--socket={server.dir}/socket", f"--user={user}", "--batch",
                   "--skip-column-names", "--unbuffered", "--skip-reconnect",
                   "--default-character-set=utf8mb4", "--skip-auto-rehash", "--max-allowed-packet=1G"]
        self.process = subprocess.Popen(command + ([database] if database else []), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.count = 0

    def sql(self, text):
        """Rows (lists of the cells' texts) of all the statements in `text`. The first error ends the session."""
        self.count += 1
        mark = f"~~{self.count}~~"
        text = text.rstrip("; \n")
        try:
            self.process.stdin.write(f"{text};\nSELECT '{mark}';\n".encode("utf-8", "surrogateescape"))
            self.process.stdin.flush()
        except OSError:
            pass  # the client ended: what it printed says why
        rows = []
        for line in self.process.stdout:
            line = line.rstrip(b"\n").decode("utf-8", "surrogateescape")
            if line == mark:
                return rows
            if line.startswith("ERROR "):
                lost = line.startswith(("ERROR 2006 ", "ERROR 2013 ", "ERROR 2026 ", "ERROR 2055 "))
                raise (LostConnection if lost else SqlError)(f"{line} in {text[:300]}")
            if line:
                rows.append(line.split("\t"))
        raise LostConnection("the client ended")

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class Server:
    """A private server; stopped and removed at exit."""

    def __init__(self, *flags, kind=KIND, folder=None):
        self.kind, self.flags = kind, flags
        self.dir = folder or scratch()
        atexit.register(self.script, "stop", self.dir)
        self.start()

    def script(self, *words):
        done = subprocess.run([f"{TREE}/tests/rig/server.sh", *words], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"server.sh {' '.join(words)}: {done.stderr.strip()}")

    def start(self):
        self.script("start", self.kind, self.dir, *self.flags)
        self.port = int(open(f"{self.dir}/port").read())

    def stop(self):
        self.script("stop", self.dir)

    def kill(self):
        self.script("kill", self.dir)

    def session(self, database=None):
        return Session(self, database)

    def sql(self, text, database=None):
        session = self.session(database)
        try:
            return session.sql(text)
        finally:
            session.close()

    def has(self, setting):
        """Whether this server's version knows the setting of a session."""
        try:
            self.sql(f"SET SESSION {setting}")
        except SqlError:
            return False
        return True

    @functools.cached_property
    def version(self):
        """(11, 8, 6)"""
        return tuple(map(int, re.match(r"(\d+)\.(\d+)\.(\d+)", self.sql("SELECT VERSION()")[0][0]).groups()))

    @property
    def has_no_master(self):
        """MASTER is BINARY LOG in its statements."""
        return self.is_mysql and self.version >= (8, 2)

    @property
    def has_vectors(self):
        return self.version >= ((9, 0) if self.is_mysql else (11, 7))

    @property
    def has_invisible_columns(self):
        return self.version >= (8, 0, 23)

    @property
    def is_mysql(self):
        return self.kind.startswith("mysql")

    def url(self, what="", user=CAPTURE[0]):
        return f"mysql://{user}@127.0.0.1:{self.port}/{what}"

    def position(self, session):
        """(log file, offset) of what is committed now."""
        status = session.sql("SHOW BINARY LOG STATUS" if self.has_no_master else "SHOW MASTER STATUS")
        return status[0][0], int(status[0][1])


# --- tailrace ------------------------------------------------------------------------------------

def environment(password=CAPTURE[1]):
    return {**os.environ, "MYSQL_PWD": password}


def tailrace(*words, timeout=300, password=CAPTURE[1], prefix=(), **more):
    """Runs to its end: subprocess.CompletedProcess with text output."""
    return subprocess.run([*prefix, TAILRACE, *map(str, words)], capture_output=True, text=True, errors="surrogateescape",
                          env=environment(password), timeout=timeout, stdin=subprocess.DEVNULL, **more)


def sync(server, what, lake, *options, **more):
    return tailrace("sync", "--from", server.url(what), "--to", lake, *options, **more)


class Run:
    """`tailrace run` in the background, its log in a file."""

    def __init__(self, server, what, lake, *options, log=None, verb="run"):
        self.log = log or f"{lake}.log"
        command = [TAILRACE, verb, "--from", server.url(what), "--to", lake, *options]
        with open(self.log, "ab") as out:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                            env=environment())
        atexit.register(self.kill)

    @property
    def pid(self):
        return self.process.pid

    def alive(self):
        return self.process.poll() is None

    def kill(self, how=signal.SIGKILL):
        """Signals it and returns its exit status."""
        if self.alive():
            self.process.send_signal(how)
        try:
            return self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "did not end within 60 s"

    def term(self):
        return self.kill(signal.SIGTERM)

    def tail(self, lines=5):
        return "\n".join(open(self.log, errors="replace").read().splitlines()[-lines:])


def start_trino():
    """read.py's, until exit."""
    script = f"{TREE}/tests/readers/trino.sh"
    atexit.register(subprocess.run, [script, "stop"], capture_output=True)
    subprocess.run([script, "start"], stdin=subprocess.DEVNULL, check=True)


def wait_until(holds, seconds=60, step=0.05):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if holds():
            return True
        time.sleep(step)
    return bool(holds())


# --- a Delta table's log, read without tailrace --------------------------------------------------

Version = collections.namedtuple("Version", "number operation position info")


def versions(table):
    """The versions whose entries are there, oldest first. position: (file, offset) or None; info: commitInfo."""
    found = []
    for name in sorted(glob.glob(f"{glob.escape(table)}/_delta_log/" + "[0-9]" * 20 + ".json")):
        info = {}
        for line in open(name, encoding="utf-8"):
            info = json.loads(line).get("commitInfo") or info
        found.append(Version(int(os.path.basename(name)[:20]), info.get("operation"), position_of(info), info))
    return found


def position_of(info):
    """(file, offset) of a commitInfo's source position."""
    position = info.get("tailrace", {}).get("position") or {}
    file, offset = position.get("file"), position.get("offset")
    return (file, offset) if file and offset is not None else None


def delta_schema(table, version=None):
    """[(column, lake type)] of the newest metaData action."""
    fields = None
    for name in sorted(glob.glob(f"{glob.escape(table)}/_delta_log/" + "[0-9]" * 20 + ".json")):
        if version is not None and int(os.path.basename(name)[:20]) > version:
            break
        for line in open(name, encoding="utf-8"):
            action = json.loads(line)
            if "metaData" in action:
                fields = json.loads(action["metaData"]["schemaString"])["fields"]
    return [(f["name"], f["type"]) for f in fields]


# --- an Iceberg table's metadata, read without tailrace ------------------------------------------

def is_alone(table):
    """Iceberg alone knows it."""
    return os.path.isdir(f"{table}/metadata")


def newest(table):
    """The newest metadata file of the table, or of its Iceberg side; None: there is none. A killed writer's hint may lag."""
    folder = f"{table}/metadata" if is_alone(table) else f"{table}/_iceberg/metadata"
    hint, number = f"{folder}/version-hint.text", 1
    if os.path.exists(hint):
        number = int(open(hint).read())
    while os.path.exists(f"{folder}/v{number + 1}.metadata.json"):
        number += 1
    file = f"{folder}/v{number}.metadata.json"
    return file if os.path.exists(file) else None


def metadata(table):
    return json.load(open(newest(table)))


def property_of(table, name):
    return metadata(table)["properties"].get(f"tailrace.{name}")


def iceberg_versions(table):
    """As versions, of the snapshots that are there; info has the snapshot's id beside the position."""
    found = []
    for s in metadata(table).get("snapshots", []) if newest(table) else []:
        position = json.loads(s["summary"].get("tailrace.position", "{}"))
        info = {"tailrace": {"position": position}, "snapshot-id": s["snapshot-id"]}
        found.append(Version(s["sequence-number"], s["summary"].get("tailrace.operation"), position_of(info), info))
    return found


LAKE_TYPES = {"int": "integer", "timestamptz": "timestamp", "timestamp": "timestamp_ntz"}


def iceberg_schema(table):
    """As delta_schema, of the Iceberg metadata."""
    m = metadata(table)
    fields = next(s for s in m["schemas"] if s["schema-id"] == m["current-schema-id"])["fields"]
    return [(f["name"], LAKE_TYPES.get(f["type"], f["type"].replace(" ", ""))) for f in fields]


def schema_of(table, version=None):
    return iceberg_schema(table) if is_alone(table) else delta_schema(table, version)


# --- cells ---------------------------------------------------------------------------------------
# One text per cell, or None. Binary is hex; floats are Python's repr of the double; timestamps have no
# trailing zero fraction and a Z when they are instants.

def date_exists(text):
    """What the lake's types hold: zero and partial dates, year 0 and 31 February become NULL."""
    try:
        datetime.date.fromisoformat(text)
        return True
    except ValueError:
        return False


def canonical(text, lake_type):
    if text is None:
        return None
    if lake_type in ("integer", "long"):
        return str(int(text))
    if lake_type == "float":
        return repr(struct.unpack("f", struct.pack("f", float(text)))[0])
    if lake_type == "double":
        return repr(float(text))
    if lake_type == "date":
        return text if date_exists(text) else None
    if lake_type.startswith("timestamp"):
        if not date_exists(text[:10]):
            return None
        text = text.replace(" ", "T").rstrip("Z")
        if "." in text:
            text = text.rstrip("0").rstrip(".")
        return text + ("Z" if lake_type == "timestamp" else "")
    return text


GEOMETRIES = ("geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geomcollection",
              "geometrycollection")


def source_expression(column, data_type, lake_type):
    name = quoted(column)
    if data_type == "vector":
        return f"CONCAT('vector ', HEX({name}))"
    if data_type in GEOMETRIES:
        return f"SUBSTR(HEX({name}), 9)"  # without the SRID
    if lake_type == "binary":
        return f"HEX({name})"
    if lake_type == "string":
        return f"HEX(CONVERT({name} USING utf8mb4))" if data_type != "uuid" else f"HEX(CAST({name} AS CHAR))"
    if data_type == "float":
        return f"{name} * 1e0"  # its own text has six digits
    if lake_type == "boolean":
        return f"IF({name} IS NULL, NULL, IF({name}, 'true', 'false'))"
    if data_type == "bit":
        return f"CAST({name} AS UNSIGNED)"
    return f"CAST({name} AS CHAR)"


def source_rows(session, database, name, schema, where=""):
    """Counter of canonical rows as the server has them; `schema` is delta_schema's."""
    types = dict(session.sql(
        "SELECT column_name, data_type FROM information_schema.columns WHERE "
        f"table_schema = X'{database.encode().hex()}' AND table_name = X'{name.encode().hex()}'"))
    cells = [f"IFNULL({source_expression(c, types[c], t)}, '~')" for c, t in schema]
    session.sql("SET time_zone = '+00:00'")
    rows = collections.Counter()
    for row in session.sql(f"SELECT {', '.join(cells)} FROM {quoted(database)}.{quoted(name)} {where}"):
        rows[tuple(source_cell(text, t) for text, (_, t) in zip(row, schema))] += 1
    return rows


def shortest(number):
    """The least digits, six at least, that read back as the same 32-bit number."""
    as_float = lambda text: struct.unpack("f", struct.pack("f", float(text)))[0]
    return next(text for text in (f"{number:.{digits}g}" for digits in range(6, 10)) if as_float(text) == number)


def source_cell(text, lake_type):
    if text == "~":
        return None
    if text.startswith("vector "):
        numbers = struct.iter_unpack("<f", bytes.fromhex(text[7:]))
        return "[" + ",".join(shortest(number) for number, in numbers) + "]"
    if lake_type == "string":
        return bytes.fromhex(text).decode("utf-8")
    if lake_type == "binary":
        return text.lower()
    return canonical(text, lake_type)


def lake_cell(value, lake_type):
    if value is None:
        return None
    if lake_type == "binary":
        return base64.b64decode(value).hex()
    if lake_type == "string":
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return canonical(str(value), lake_type)


def lake_rows(table, version=None, *options):
    """Counter of canonical rows as `tailrace cat` prints them."""
    schema = schema_of(table, version)
    words = ["cat", table, "--as", "jsonl", *options] + (["--version", str(version)] if version is not None else [])
    done = tailrace(*words)
    if done.returncode:
        raise RuntimeError(f"tailrace {' '.join(words)}: {done.stderr.strip()}")
    rows = collections.Counter()
    for line in filter(None, done.stdout.split("\n")):
        row = json.loads(line, parse_float=str, parse_int=str)
        rows[tuple(lake_cell(row[c], t) for c, t in schema)] += 1
    return rows


def difference(got, wanted, names=("lake", "source")):
    """A few of the rows that one side has more often than the other; "" when they are equal."""
    lines = []
    for name, more in ((names[0], got - wanted), (names[1], wanted - got)):
        if more:
            lines.append(f"{sum(more.values())} rows only in {name}, such as")
            lines += [f"  {str(row)[:600]}" for row in list(more)[:3]]
    return "\n".join(lines)


def compare(session, lake, database, name):
    """"" when the newest version of the table in the lake equals the source, else what differs."""
    table = f"{lake}/{database}/{name}"
    return difference(lake_rows(table), source_rows(session, database, name, schema_of(table)))


def digest(rows):
    """Of a Counter of canonical rows, whatever their order."""
    total = hashlib.sha256()
    for row in sorted(json.dumps(row) for row in rows.elements()):
        total.update(row.encode("utf-8", "surrogateescape") + b"\n")
    return total.hexdigest()


def need_binary():
    if not os.access(TAILRACE, os.X_OK):
        sys.exit(f"no {TAILRACE}: make first, or set TAILRACE")

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tailrace beside the real Debezium: both copy and follow the same server into the same broker, under two prefixes;
message by message the topics are the same, but for what RULES names. Needs tests/rig/kafka.sh install and
debezium.sh install."""
import itertools
import os
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import *
from message_diff import *
from type_values import *

THEIRS, OURS = "dbz_", "tlr_"  # prefixes of the same length, so that one stands for the other
DATABASES = "ops,more,types,marks"
OPERATIONS = f"{TREE}/tests/golden/debezium/operations.sql"
MARKS = "CREATE DATABASE marks; CREATE TABLE marks.mark (id INT PRIMARY KEY); INSERT INTO marks.mark VALUES (0);"
SESSION = "SET NAMES utf8mb4, time_zone = '+00:00', sql_mode = 'ALLOW_INVALID_DATES';"

BEFORE = """
CREATE DATABASE more CHARACTER SET utf8mb4; USE more;
CREATE TABLE pair (a INT, b VARCHAR(10), v INT, PRIMARY KEY (b, a));
INSERT INTO pair VALUES (1, 'é', 1), (2, '', 2), (3, 'x y', 3);
CREATE TABLE account (id INT PRIMARY KEY, amount INT);
INSERT INTO account VALUES (1, 100), (2, 200), (3, 300);
CREATE TABLE xa (id INT PRIMARY KEY, v INT); INSERT INTO xa VALUES (1, 1);
CREATE TABLE nokey (a INT, b TEXT); INSERT INTO nokey VALUES (1, 'a'), (2, 'b'), (NULL, NULL);
CREATE TABLE growing (id BIGINT PRIMARY KEY, a VARCHAR(5)); INSERT INTO growing VALUES (1, 'old');
CREATE TABLE emptied (id INT PRIMARY KEY, v INT); INSERT INTO emptied VALUES (1, 1), (2, 2);
CREATE TABLE dated (d DATE, t DATETIME(6), s TIMESTAMP(3) NULL, n DECIMAL(20,3), x BINARY(4), u BIGINT UNSIGNED,
                    y ENUM('p','q'), PRIMARY KEY (d, t, n, x, u, y));
INSERT INTO dated VALUES ('2026-08-01', '2026-08-01 10:00:00.000001', '2026-08-01 10:00:00', -1.5, X'00FF', 18446744073709551615, 'q');
"""
RUNNING = """
USE more;
INSERT INTO pair VALUES (10, 'a', 1), (11, 'b', 2), (12, 'c', 3);
UPDATE pair SET a = a + 100 WHERE a >= 10;
UPDATE pair SET b = 'key', v = NULL WHERE a = 1;
UPDATE pair SET v = 9;
DELETE FROM pair WHERE a > 100;
BEGIN; UPDATE account SET amount = amount - 10 WHERE id = 1; UPDATE account SET amount = amount + 10 WHERE id = 2;
INSERT INTO pair VALUES (50, 'tx', 0); INSERT INTO nokey VALUES (50, 'tx'); COMMIT;
BEGIN; INSERT INTO account VALUES (4, 0); SAVEPOINT one; INSERT INTO account VALUES (5, 0); SAVEPOINT two;
DELETE FROM account WHERE id = 1; ROLLBACK TO two; UPDATE account SET amount = 1 WHERE id = 5; RELEASE SAVEPOINT one; COMMIT;
BEGIN; DELETE FROM account; ROLLBACK;
XA START 'kept'; INSERT INTO xa VALUES (6, 6), (7, 7); UPDATE xa SET v = 6 WHERE id = 1; XA END 'kept'; XA PREPARE 'kept'; XA COMMIT 'kept';
XA START 'gone'; INSERT INTO xa VALUES (8, 8); XA END 'gone'; XA PREPARE 'gone'; XA ROLLBACK 'gone';
XA START 'once'; INSERT INTO xa VALUES (9, 9); XA END 'once'; XA COMMIT 'once' ONE PHASE;
UPDATE nokey SET b = CONCAT(b, '!') WHERE a IS NOT NULL; DELETE FROM nokey LIMIT 1;
INSERT INTO account SELECT a * 1000, v FROM pair;
INSERT INTO account (id, amount) VALUES (1, 0), (77, 7) ON DUPLICATE KEY UPDATE amount = amount + 1;
REPLACE INTO account VALUES (1, 5), (78, 8);
DELETE FROM account WHERE id > 70;
ALTER TABLE growing ADD COLUMN b DECIMAL(8,2) NOT NULL DEFAULT 1.25;
INSERT INTO growing (id, a) VALUES (2, 'new'); UPDATE growing SET a = 'was' WHERE id = 1;
ALTER TABLE growing ADD COLUMN c DATETIME(3) NULL FIRST, ADD COLUMN d ENUM('x','y') DEFAULT 'y' AFTER a;
INSERT INTO growing (id) VALUES (3); DELETE FROM growing WHERE id = 1;
TRUNCATE TABLE emptied; INSERT INTO emptied VALUES (3, 3); TRUNCATE emptied;
CREATE TABLE late (id INT PRIMARY KEY, v TEXT); INSERT INTO late VALUES (1, 'created while running');
UPDATE dated SET d = '1969-12-31', x = 'abcd', s = NULL; DELETE FROM dated;
"""

TYPES_OF_MODES = "integers,decimals,floats,temporals,bytes"
ALL = {"provide.transaction.metadata": "true", "skipped.operations": "none", "heartbeat.interval.ms": "1000"}
# name: (tables, whether schemas are sent, properties of both)
RUNS = {
    "plain": (None, False, ALL),
    "schemas": (None, True, ALL),
    "connect": (TYPES_OF_MODES, True, {"time.precision.mode": "connect", "decimal.handling.mode": "string",
                                       "bigint.unsigned.handling.mode": "precise", "binary.handling.mode": "base64"}),
    "doubles": (TYPES_OF_MODES, True, {"decimal.handling.mode": "double", "binary.handling.mode": "base64-url-safe",
                                       "value.converter.replace.null.with.default": "false",
                                       "tombstones.on.delete": "false", "extended.headers.enabled": "false"}),
    "isostring": (TYPES_OF_MODES, True, {"time.precision.mode": "isostring", "binary.handling.mode": "hex"}),
    "microseconds": (TYPES_OF_MODES, True, {"time.precision.mode": "microseconds"}),
    "nanoseconds": (TYPES_OF_MODES, True, {"time.precision.mode": "nanoseconds", "skipped.operations": "u,d"}),
}
LIVE = ("plain", "schemas")  # tailrace runs all the time; under the others it comes later
SPREAD = ("ops.person", "more.pair", "more.account", "more.dated")  # in three partitions under "plain"


def tables_of(run):
    """Database.table patterns of a run, the mark with them."""
    names = RUNS[run][0]
    return [f"types.{name}" for name in names.split(",")] + ["ops.defaults", "marks.mark"] if names else None


def our_options(run):
    """Debezium's properties as tailrace's options."""
    tables, schemas, properties = RUNS[run]
    given = {name: properties[name] for name in properties if name != "value.converter.replace.null.with.default"}
    words = ["--schemas"] if schemas else []
    if "value.converter.replace.null.with.default" not in properties:
        words.append("--replace-null-with-default")  # Connect's own default
    if given.pop("provide.transaction.metadata", None):
        words.append("--provide-transaction-metadata")
    if "heartbeat.interval.ms" in given:
        words.append(f"--heartbeat-interval={given.pop('heartbeat.interval.ms')}ms")
    words += [f"--{name.replace('.', '-')}={given[name]}" for name in given]
    patterns = tables_of(run) or [f"{database}.*" for database in DATABASES.split(",")]
    return [f"--tables={','.join(patterns)}", *words]


def supported(server, columns):
    """Without what stops Debezium's connectors for good: types that MariaDB's does not know, dates and years that
    their drivers do not read."""
    for kind, values in columns:
        if re.search("inet[46]|compressed", kind):
            continue
        values = [value for value in values if "-02-31" not in str(value)]
        if kind == "year" and not server.is_mysql:
            values = [value for value in values if value]
        yield kind, values


class Pair:
    """A server, a broker, and both of its readers in the same modes."""

    def __init__(self):
        self.server = Server()
        self.kind = "mysql" if self.server.is_mysql else "mariadb"
        self.db = self.server.session()
        self.broker = Broker()
        self.debezium = Debezium(self.broker)
        self.types = {}
        for prefix in (THEIRS, OURS):
            for table in SPREAD:
                self.broker.create(f"{prefix}plain.{table}", 3)

    def learn_types(self):
        rows = self.db.sql("SELECT CONCAT(table_schema, '.', table_name), column_name, CONCAT_WS(' ', column_type, character_set_name) "
                           "FROM information_schema.columns WHERE table_schema IN ('ops', 'more', 'types')")
        self.types.update({(table, column): declared for table, column, declared in rows})

    def prepare(self):
        """What stands before the two begin."""
        before, running = open(OPERATIONS).read().split("-- running\n")
        self.running = running.split("ALTER TABLE person DROP")[0]  # tailrace halts at what is not an ADD COLUMN
        self.db.sql(before + BEFORE + MARKS + "CREATE DATABASE types CHARACTER SET utf8mb4;" + SESSION)
        columns = {name: list(supported(self.server, group))
                   for name, group in type_values(self.server, self.db, 70000).items()}
        self.inserts = [make(self.db, name, group, GENERATED.get(name, ())) for name, group in columns.items()]
        for insert in self.inserts:
            insert(1)
        self.learn_types()
        for run in RUNS:
            tables = tables_of(run)
            self.debezium.add(self.server, THEIRS + run, DATABASES,
                              ",".join(table.replace(".", "[.]") for table in tables) if tables else "",
                              RUNS[run][1], {"include.schema.changes": "false", **RUNS[run][2]})

    def copied(self):
        """Until every row is in Debezium's topics."""
        tables = self.db.sql("SELECT CONCAT(table_schema, '.', table_name) FROM information_schema.tables WHERE table_type = 'BASE TABLE' "
                             "AND table_schema IN ('ops', 'more', 'types', 'marks')")
        for name, in tables:
            count = int(self.db.sql(f"SELECT COUNT(*) FROM {'.'.join(map(quoted, name.split('.')))}")[0][0])
            for run in RUNS if count else ():
                if tables_of(run) is None or name in tables_of(run):
                    self.debezium.wait(THEIRS + run, re.sub("[^A-Za-z0-9._-]", "_", f"{THEIRS}{run}.{name}"), count)

    def write(self, runs):
        """What both see happen. Tables are made and altered only when `runs` have seen all that was before."""
        marks = itertools.count(1)
        for part in re.split("(?m)^(?=ALTER|CREATE TABLE late)", self.running + RUNNING):
            mark = next(marks)
            self.db.sql(f"INSERT INTO marks.mark VALUES ({mark})")
            self.wait(runs, mark)
            self.db.sql(part)
        self.db.sql(SESSION)
        for insert in self.inserts:
            insert(1001)
        self.db.sql("UPDATE types.integers SET id = id + 5000 WHERE id = 1; UPDATE types.decimals SET c0 = 5 WHERE id = 1;"
                    "DELETE FROM types.temporals WHERE id < 4; DELETE FROM types.texts WHERE id = 2")
        self.learn_types()
        self.marks = next(marks)
        self.db.sql(f"INSERT INTO marks.mark VALUES ({self.marks})")

    def wait(self, runs, mark):
        """Until tailrace has sent this mark."""
        for run in runs:
            if not wait_until(lambda: not runs[run].alive() or self.broker.count(f"{OURS}{run}.marks.mark") > mark, 60, 0.2) or \
                    not runs[run].alive():
                raise RuntimeError(f"tailrace, {run}: {runs[run].tail()}")

    def our(self, run):
        return self.broker.url(f"{OURS}{run}")

    def sync(self, run):
        done = sync(self.server, "", self.our(run), *our_options(run))
        if done.returncode:
            raise RuntimeError(f"tailrace, {run}: {done.stderr[-3000:]}")

    def follow(self, run):
        return Run(self.server, "", self.our(run), *our_options(run), log=f"{scratch()}/log")

    def capture(self):
        """{run: ({topic without prefix: [Message]} of Debezium, of tailrace)}"""
        self.prepare()
        self.debezium.start()
        self.copied()
        for run in RUNS:
            self.sync(run)
        runs = {run: self.follow(run) for run in LIVE}
        self.write(runs)
        self.wait(runs, self.marks)
        for run in RUNS:
            self.debezium.wait(THEIRS + run, f"{THEIRS}{run}.marks.mark", self.marks + 1)
        time.sleep(2)  # a heartbeat behind it
        self.debezium.stop()
        for run in LIVE:
            if runs[run].term() != 0:
                raise RuntimeError(f"tailrace, {run}: {runs[run].tail()}")
        for run in RUNS.keys() - set(LIVE):
            self.sync(run)
        return {run: (self.read(THEIRS + run), self.read(OURS + run)) for run in RUNS}

    def read(self, prefix):
        topics = [topic for topic in self.broker.topics() if topic == f"__debezium-heartbeat.{prefix}" or topic.startswith(f"{prefix}.")]
        found = {topic.replace(f"{prefix}.", "", 1).replace(f".{prefix}", ""): [] for topic in topics}
        for m in self.broker.read(*topics):
            found[m.topic.replace(f"{prefix}.", "", 1).replace(f".{prefix}", "")].append(as_theirs(m))
        return found


def as_theirs(m):
    """With Debezium's prefix in place of ours."""
    change = lambda raw: raw and raw.replace(OURS.encode(), THEIRS.encode())
    return m._replace(key=change(m.key), value=change(m.value),
                      headers=[(name, change(value)) for name, value in m.headers if name != "tailrace"])


# --- what may differ ------------------------------------------------------------------------------

CHARACTERS = "types[.](var)?chars"
JAVA_DIFFERS = "armscii8|cp1256|cp866|cp932|dec8|geostd8|greek|hebrew|hp8|keybcs2|koi8u|latin1|swe7|tis620"
COLUMN = "(before|after)[.][^.]+"
XA = "more[.]xa"


def both(*types, holds=lambda theirs, ours: True):
    return lambda theirs, ours: isinstance(theirs, types) and isinstance(ours, types) and holds(theirs, ours)


near = both(Number, holds=lambda theirs, ours: abs(float(theirs) - float(ours)) <= abs(float(theirs)) * 1e-5)
same_float = both(Number, holds=lambda theirs, ours: struct.pack("f", float(theirs)) == struct.pack("f", float(ours)))


def is_xa(theirs, ours):
    """A BEGIN, or the END of a transaction with rows of the table that has XA transactions only."""
    return b'"event_count":null' in ours.value or b'"data_collections":[{"data_collection":"more.xa"' in ours.value


RULES = (
    # Each its own
    Rule("when the message was made", "ts_(ms|us|ns)", when=both(int)),
    Rule("when its copy was made; Debezium tells whole seconds", "source[.]ts_(ms|us|ns)", op="r", when=both(int)),
    Rule("the start of which it is", "header __debezium[.]context[.]runId"),
    Rule("how often they beat", "extra|missing", "__debezium-heartbeat"),
    Rule("tables are copied side by side, so that another one is the first or the last of all", "source[.]snapshot", op="r",
         when=lambda theirs, ours: {theirs, ours} & {"first", "last"}),

    # Where we do it another way
    Rule("a key in a header is written by Connect's own converter, decimals by their digits; ours is the key's payload",
         "header __debezium[.](new|old)key", "more[.]dated", when=lambda theirs, ours: theirs.replace(b"-1.500", b'"+iQ="') == ours),
    Rule("a table made while tailrace runs is copied at its next start", "missing", "more[.]late"),
    Rule("likewise", "missing", "transaction", when=lambda theirs, ours: b'"event_count":null' in theirs.value or
         b'"more.late","event_count":1}]' in theirs.value),
    Rule("the tables of a transaction are in the order of a Java hash map; ours in that of the copy",
         "data_collections order", "transaction"),
    Rule("with null for null a Connect converter makes null of \"false\" too, which is the field's default; what looks for \"false\" must "
         "find it", "source[.]snapshot", run="doubles", when=lambda theirs, ours: (theirs, ours) == (None, "false")),

    # Where Debezium is wrong
    Rule("rows of an XA transaction are sent when it is prepared, without transaction and thread; ours when it is committed",
         "source[.](ts_ms|ts_us|ts_ns|gtid|pos|thread)|transaction([.]id)?", XA, op="cu"),
    Rule("and their BEGIN and END are not told", "extra", "transaction", when=is_xa),
    Rule("an XA transaction that was rolled back is sent", "missing", XA, op="c",
         when=lambda theirs, ours: b'"after":{"id":8,' in theirs.value),
    Rule("a TRUNCATE is counted in a transaction that begins and never ends", "transaction", op="t", kind="mariadb",
         when=lambda theirs, ours: ours is None),
    Rule("YEAR 0000 is 2000 in its copy and 1900 in its log", COLUMN, type="year", kind="mysql",
         when=lambda theirs, ours: theirs in (1900, 2000) and ours == 0),
    Rule("a BIGINT UNSIGNED's DEFAULT stops at 2^63 - 1, where values wrap", f"{COLUMN}|schema[.]{COLUMN}[.]default", "ops[.]defaults",
         "bigint.*unsigned", when=lambda theirs, ours: (theirs, ours) == (9223372036854775807, -1)),
    Rule("a BINARY's DEFAULT has its zeros spelled out, as backslash and 0", f"{COLUMN}|schema[.]{COLUMN}[.]default", "ops[.]defaults",
         "binary.*", when=lambda theirs, ours: (theirs, ours) in (("YWJcMA==", "YWIA"), ("61625c30", "616200"))),
    Rule("a FLOAT is copied with the server's six digits", COLUMN, type="float.*", op="r", when=near),
    Rule("JDK 17 writes a digit more of some floats than it takes", COLUMN, type="float", when=same_float),
    Rule("likewise, in a vector", f"{COLUMN}[.][0-9]+", type="vector.*", kind="mysql", when=same_float),
    Rule("years below 100 are taken for 2000 and later (its time adjuster)", COLUMN, type="date",
         when=lambda theirs, ours: (theirs, ours) in ((11323, -719162), ("2001-01-01Z", "0001-01-01Z"))),
    Rule("its copy makes a date of a partial one", COLUMN, type="date.*", op="r", when=lambda theirs, ours: ours is None and
         str(theirs).startswith(("11020", "983667723", "2000-03-04", "2001-03-04"))),
    Rule("TIMESTAMP 0 is 1970 in its log, null in its copy", COLUMN, type="timestamp.*", op="c", kind="mariadb",
         when=lambda theirs, ours: str(theirs).startswith("1970-01-01T00:00:00") and ours is None),
    Rule("nanoseconds beyond 1677 to 2262 run over; null in 3.6", COLUMN, type="datetime.*", op="rc", run="nanoseconds", kind="mariadb",
         when=lambda theirs, ours: str(theirs).startswith(("-48521162", "628326414")) and ours is None),
    Rule("a UUID that ends in zeros is read without them", COLUMN, type="uuid", op="c", kind="mariadb",
         when=lambda theirs, ours: theirs.replace("-", "").lstrip("0") in ours.replace("-", "")),
    Rule("a negative TIME in JSON has each part's sign", COLUMN, type="json", op="c", kind="mysql",
         when=lambda theirs, ours: (theirs, ours) == ('"13:0-35:0-57.00000-789"', '"-12:34:56.789000"')),
    Rule("bytes that a character set does not define are question marks in its copy, as the server's answers have them; U+FFFD with "
         "us, as in its log", COLUMN, CHARACTERS, op="r", when=both(str, holds=lambda theirs, ours: ours.replace("\ufffd", "?") == theirs)),
    Rule("its log is read in Java's character sets, which are not the server's: other characters, or windows-1252 for those that Java lacks",
         COLUMN, CHARACTERS, f".* ({JAVA_DIFFERS})", op="c", when=both(str)),
)


def compare_run(tap, pair, run, theirs, ours):
    for topic in sorted({*theirs, *ours}):
        found = [d for d in differences(pair.kind, run, topic, theirs.get(topic, []), ours.get(topic, []), pair.types)
                 if not any(rule.allows(d) for rule in RULES)]
        tap.ok(theirs.get(topic) and not found, f"{run}: {topic}: {len(theirs.get(topic, []))} messages as Debezium's",
               "".join(f"{d.op} {d.path} {d.type}: Debezium {text_of(d.theirs)}, tailrace {text_of(d.ours)}\n" for d in found[:6]) +
               f"{len(found)} differences")


def text_of(value):
    return repr(value.value if isinstance(value, Message) else value)[:300]


def marks_of_copy(messages):
    """How many rows of all the topics are marked as the copy's first and its last."""
    values = [payload_of(parsed(m.value)) for topic in messages for m in messages[topic] if m.value]
    marks = [v["source"]["snapshot"] for v in values if "source" in v]
    return marks.count("first"), marks.count("last")


def main():
    need_binary()
    tap = Tap()
    pair = Pair()
    for run, (theirs, ours) in pair.capture().items():
        compare_run(tap, pair, run, theirs, ours)
        tap.equal(marks_of_copy(ours), (1, 1), f"{run}: one row is the copy's first, and one its last")
    for rule in RULES:
        if rule.kind in (None, pair.kind):
            tap.ok(rule.count, f"still differs: {rule.reason}")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

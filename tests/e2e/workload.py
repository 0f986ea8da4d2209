# SPDX-License-Identifier: Apache-2.0
"""A random workload against one server, and a model in memory that knows every table at every position.

One writer. After each transaction the model notes the server's position (log file, offset), so the state of a
table at any position that a lake's version names can be told.
"""
import bisect
import collections
import json

ACCOUNTS = 50
BALANCE = 1000

# name -> (DDL, key columns; empty: the table is a multiset). Columns are such that Python knows their canonical text.
TABLES = {
    "account": ("id INT PRIMARY KEY, balance BIGINT NOT NULL, touched INT", 1),
    "hot": ("id BIGINT PRIMARY KEY, a INT, b VARCHAR(200), c DECIMAL(12,2), j JSON, t TEXT", 1),
    "pair": ("a INT, b VARCHAR(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, v VARBINARY(40), PRIMARY KEY (a, b)", 2),
    "folded": ("k VARCHAR(30) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci PRIMARY KEY, v INT", 1),
    "swapped": ("id INT PRIMARY KEY, u INT NULL UNIQUE, v VARCHAR(10)", 1),
    "keyless": ("a INT, b VARCHAR(20)", 0),
    "myisam": ("id INT PRIMARY KEY, v VARCHAR(30)", 1),
    "emptied": ("id INT PRIMARY KEY, v INT", 1),
    "events": ("seq BIGINT NOT NULL, what VARCHAR(40)", 0),
}
SNAPSHOT_EVERY = 64


class Table:
    """Rows by key (a Counter of rows without one), now and at every noted position."""

    def __init__(self, name):
        self.name = name
        self.key_width = TABLES[name][1]
        self.rows = collections.Counter()
        self.positions, self.changes = [], []    # changes[i] holds at positions[i] and later
        self.snapshots = [(-1, {})]              # (index into changes, rows after it)

    def key(self, row):
        return tuple(cell.casefold() if self.name == "folded" else cell for cell in row[:self.key_width]) or row

    def find(self, key):
        return next((row for row in self.rows if self.key(row) == key), None)

    def note(self, position, rows):
        """The table is `rows` from `position` on."""
        gone, come = self.rows - rows, rows - self.rows
        if not gone and not come:
            return
        self.rows = rows
        self.positions.append(position)
        self.changes.append((gone, come))
        if len(self.changes) % SNAPSHOT_EVERY == 0:
            self.snapshots.append((len(self.changes) - 1, dict(rows)))

    def at(self, position):
        last = bisect.bisect_right(self.positions, position) - 1
        i, rows = self.snapshots[bisect.bisect_right(self.snapshots, last, key=lambda s: s[0]) - 1]
        rows = collections.Counter(rows)
        for gone, come in self.changes[i + 1:last + 1]:
            rows -= gone
            rows += come
        return rows


class Workload:
    """Runs random transactions in database `work`; `tables` is the model."""

    def __init__(self, server, random):
        self.server, self.random = server, random
        self.tables = {name: Table(name) for name in TABLES}
        self.seq = self.next_id = 0
        self.position = None
        self.no_crash_ahead = True
        self.has_copy = False     # the lake has all tables
        self.can_compress = server.has("binlog_transaction_compression = OFF")
        self.draft = None         # the transaction under way: table -> rows as they will be
        self.statements = []
        self.counts = collections.Counter()

    # --- set up -----------------------------------------------------------------------------------

    def create(self, rows):
        db = self.server.session()
        db.sql("CREATE DATABASE work CHARACTER SET utf8mb4")
        for name, (columns, _) in TABLES.items():
            db.sql(f"CREATE TABLE work.{name} ({columns}) ENGINE={'MyISAM' if name == 'myisam' else 'InnoDB'}")
        self.connect()
        self.begin()
        for i in range(ACCOUNTS):
            self.insert("account", (str(i), str(BALANCE), None))
        for _ in range(rows):
            self.insert("hot", self.hot_row())
            self.insert("pair", self.pair_row())
            self.insert("keyless", (str(self.random.randrange(9)), self.word()))
        for i in range(40):
            self.insert("swapped", (str(i), str(i), "s"))
        self.finish("COMMIT")

    def connect(self):
        self.db = self.server.session("work")
        self.db.sql("SET sql_mode = '', time_zone = '+00:00'")
        self.position = self.server.position(self.db)

    # --- rows -------------------------------------------------------------------------------------

    def word(self):
        return self.random.choice(["ant", "Bee", "cat☃", "dog's", 'emu"', "", "fox\\", "日本", "NULL"]) + str(self.random.randrange(30))

    def hot_row(self):
        self.next_id += 1
        r = self.random
        return (str(self.next_id), str(r.randrange(-99, 99)), r.choice([None, self.word() * 5]), f"{r.randrange(-10**9, 10**9) / 100:.2f}",
                json.dumps({"a": r.randrange(9), "b": "x" * r.randrange(200)}), r.choice([None, "", "t" * r.randrange(3000)]))

    def pair_row(self):
        self.next_id += 1
        return (str(self.next_id % 1000), f"{self.word()}-{self.next_id}", self.random.randbytes(self.random.randrange(40)).hex())

    def literal(self, table, column, cell):
        if cell is None:
            return "NULL"
        if table == "pair" and column == 2:
            return f"X'{cell}'"
        if cell.lstrip("-").replace(".", "", 1).isdigit() and "VARCHAR" not in TABLES[table][0].split(",")[column]:
            return cell
        return f"_utf8mb4 X'{cell.encode().hex()}'"

    def columns(self, table):
        return {"hot": "id a b c j t", "pair": "a b v", "folded": "k v", "swapped": "id u v", "keyless": "a b",
                "account": "id balance touched", "events": "seq what"}.get(table, "id v").split()

    def where(self, table, row):
        width = self.tables[table].key_width or len(row)
        return " AND ".join(f"{c} <=> {self.literal(table, i, row[i])}" for i, c in enumerate(self.columns(table)[:width]))

    # --- a transaction ----------------------------------------------------------------------------

    def begin(self):
        self.draft, self.statements = {}, []

    def now(self, table):
        if table not in self.draft:
            self.draft[table] = collections.Counter(self.tables[table].rows)
        return self.draft[table]

    def insert(self, table, row):
        self.now(table)[row] += 1
        self.statements.append(f"INSERT INTO {table} VALUES ({', '.join(self.literal(table, i, c) for i, c in enumerate(row))})")

    def delete(self, table, row):
        rows = self.now(table)
        rows[row] -= 1
        if rows[row] <= 0:
            del rows[row]
        self.statements.append(f"DELETE FROM {table} WHERE {self.where(table, row)} LIMIT 1")

    def update(self, table, old, new):
        """Row for row; the key may move."""
        rows = self.now(table)
        rows[old] -= 1
        if rows[old] <= 0:
            del rows[old]
        rows[new] += 1
        sets = []
        for i, (column, a, b) in enumerate(zip(self.columns(table), old, new)):
            if a == b:
                continue
            if column == "j":
                sets.append(f"j = JSON_SET(j, '$.a', {json.loads(b)['a']})")
            else:
                sets.append(f"{column} = {self.literal(table, i, b)}")
        if sets:
            self.statements.append(f"UPDATE {table} SET {', '.join(sets)} WHERE {self.where(table, old)} LIMIT 1")

    def replace(self, old, new, named):
        """REPLACE of a row of "hot" that names only some columns: the others go back to their DEFAULT."""
        rows = self.now("hot")
        del rows[old]
        rows[tuple(cell if column in named else None for column, cell in zip(self.columns("hot"), new))] += 1
        cells = [self.literal("hot", i, new[i]) for i, column in enumerate(self.columns("hot")) if column in named]
        self.statements.append(f"REPLACE INTO hot ({', '.join(named)}) VALUES ({', '.join(cells)})")

    def finish(self, how):
        """Sends BEGIN … COMMIT or ROLLBACK, in pieces that a crash may fall between."""
        begin, commit = "BEGIN", how
        if how == "XA":
            begin, commit = f"XA START 'x{self.seq}'", f"XA END 'x{self.seq}'; XA PREPARE 'x{self.seq}'; XA COMMIT 'x{self.seq}'"
        elif how == "XA ROLLBACK":
            begin, commit = f"XA START 'x{self.seq}'", f"XA END 'x{self.seq}'; XA PREPARE 'x{self.seq}'; XA ROLLBACK 'x{self.seq}'"
        self.db.sql(";\n".join([begin, *self.statements, commit]))
        self.counts[how] += 1
        self.note([] if how.endswith("ROLLBACK") else self.draft)

    def note(self, names):
        self.position = self.server.position(self.db)
        for name in names:
            self.tables[name].note(self.position, self.draft[name])
        self.draft = None

    def step(self):
        """One random transaction."""
        r = self.random
        self.begin()
        if r.random() < 0.15:
            self.session_flavour()
        self.seq += 1
        if r.random() < (0.05 if self.no_crash_ahead else 0.4):
            return self.outside_transactions()
        for _ in range(r.choice([1, 1, 2, 3, 8])):
            getattr(self, r.choice(["transfer", "hot_rows", "hot_rows", "pairs", "fold", "swap", "multiset", "move"]))()
        if r.random() < 0.02:
            self.big()
        if r.random() < 0.1:
            self.savepoint()
        self.insert("events", (str(self.seq), self.word()))
        how = r.choices(["COMMIT", "ROLLBACK", "XA", "XA ROLLBACK"], [85, 7, 5, 3])[0]
        if how.startswith("XA") and not self.no_crash_ahead:
            how = "COMMIT"
        self.finish(how)

    def session_flavour(self):
        """Row images and compression that this session logs with from here on."""
        r = self.random
        images = ["FULL", "MINIMAL", "NOBLOB"] if self.has_copy else ["FULL"]
        self.db.sql(f"SET SESSION binlog_row_image = '{r.choice(images)}'")
        if self.server.is_mysql:
            options = ["", "PARTIAL_JSON"] if self.has_copy else [""]
            self.db.sql(f"SET SESSION binlog_row_value_options = '{r.choice(options)}'")
            compression = f"binlog_transaction_compression = {r.choice(['ON', 'OFF'])}"
            if self.can_compress:
                self.db.sql(f"SET SESSION {compression}")

    # --- what transactions do ---------------------------------------------------------------------

    def pick(self, table):
        rows = list(self.now(table))
        return self.random.choice(rows) if rows else None

    def transfer(self):
        """Money moves between accounts; the sum stays."""
        a, b = self.random.sample(sorted(self.now("account"), key=lambda row: int(row[0])), 2)
        amount = self.random.randrange(100)
        self.update("account", a, (a[0], str(int(a[1]) - amount), str(self.seq)))
        self.update("account", b, (b[0], str(int(b[1]) + amount), str(self.seq)))

    def hot_rows(self):
        r, row = self.random, self.pick("hot")
        kind = r.random()
        if row is None or kind < 0.3:
            self.insert("hot", self.hot_row())
        elif kind < 0.45:
            self.delete("hot", row)
        elif kind < 0.5:                        # away and back within one transaction
            self.delete("hot", row)
            self.insert("hot", row)
        elif kind < 0.57:
            self.replace(row, (row[0], *self.hot_row()[1:]), r.choice([["id", "j"], ["id", "a", "j"], ["id", "c", "j", "t"]]))
        else:
            for _ in range(r.choice([1, 1, 4])):
                new = list(row)
                new[1] = str(r.randrange(-99, 99))
                if r.random() < 0.4:
                    new[4] = json.dumps({**json.loads(row[4]), "a": r.randrange(1000)})
                if r.random() < 0.3:
                    new[2] = r.choice([None, self.word()])
                if r.random() < 0.2:
                    new[5] = r.choice([None, "", "u" * r.randrange(500)])
                self.update("hot", row, tuple(new))
                row = tuple(new)

    def pairs(self):
        row = self.pick("pair")
        kind = self.random.random()
        if row is None or kind < 0.4:
            self.insert("pair", self.pair_row())
        elif kind < 0.6:
            self.delete("pair", row)
        elif kind < 0.8:
            self.update("pair", row, (row[0], row[1], self.random.randbytes(5).hex()))
        else:                                   # half of the key moves
            self.next_id += 1
            self.update("pair", row, (str(self.next_id), row[1], row[2]))

    def fold(self):
        """Keys that the server takes for equal: the row changes its spelling."""
        name = self.random.choice(["ALPHA", "alpha", "Alpha", "beta", "BETA", "gamma", "DELTA", "delta"])
        key = (name.casefold(),)
        rows = self.now("folded")
        row = next((row for row in rows if (row[0].casefold(),) == key), None)
        if row is None:
            self.insert("folded", (name, str(self.seq)))
        elif self.random.random() < 0.25:
            self.delete("folded", row)
        else:
            self.update("folded", row, (name, str(self.seq)))

    def swap(self):
        """Two rows exchange their unique value, by way of NULL."""
        a, b = self.random.sample(sorted(self.now("swapped"), key=str), 2)
        self.update("swapped", a, (a[0], None, a[2]))
        self.update("swapped", b, (b[0], a[1], b[2]))
        self.update("swapped", (a[0], None, a[2]), (a[0], b[1], a[2]))

    def multiset(self):
        row = self.pick("keyless")
        kind = self.random.random()
        if row is None or kind < 0.5:
            self.insert("keyless", (str(self.random.randrange(9)), self.word()))
        elif kind < 0.75:
            self.delete("keyless", row)
        else:
            self.update("keyless", row, (str(self.random.randrange(9)), row[1]))

    def move(self):
        """A primary key moves, sometimes onto one that was freed in the same transaction."""
        a, b = self.pick("hot"), self.pick("hot")
        if a is None or a == b:
            return
        if self.random.random() < 0.5:
            self.delete("hot", b)
            self.update("hot", a, (b[0], *a[1:]))
        else:
            self.next_id += 1
            self.update("hot", a, (str(self.next_id), *a[1:]))

    def big(self):
        rows = [self.hot_row() for _ in range(self.random.choice([500, 3000]))]
        for row in rows:
            self.insert("hot", row)
        for row in rows[:-20]:
            self.delete("hot", row)
        self.counts["big"] += 1

    def savepoint(self):
        """Work that is undone before the COMMIT."""
        kept = {name: collections.Counter(rows) for name, rows in self.draft.items()}
        self.statements.append("SAVEPOINT s")
        self.hot_rows()
        self.pairs()
        self.draft = {**{name: collections.Counter(self.tables[name].rows) for name in self.draft}, **kept}
        self.statements.append("ROLLBACK TO SAVEPOINT s")
        self.counts["SAVEPOINT"] += 1

    def outside_transactions(self):
        """What commits by itself: MyISAM and TRUNCATE. A crash may fall into the former."""
        r = self.random
        if r.random() < 0.5 or not self.no_crash_ahead:
            row = self.pick("myisam")
            if row and r.random() < 0.3:
                self.delete("myisam", row)
            elif row and r.random() < 0.5:
                self.update("myisam", row, (row[0], self.word()))
            else:
                self.next_id += 1
                self.insert("myisam", (str(self.next_id), self.word()))
            self.counts["MyISAM"] += 1
        elif r.random() < 0.5:
            self.now("emptied").clear()
            self.statements.append("TRUNCATE emptied")
            self.counts["TRUNCATE"] += 1
        else:
            self.next_id += 1
            self.insert("emptied", (str(self.next_id), str(self.seq)))
        if self.statements:  # an update to the same word is none
            self.db.sql(self.statements[0])
            self.note(self.draft)

    # --- after a crash of the server ----------------------------------------------------------------

    def after_crash(self, read):
        """Takes over what the server has: the transaction under way was committed or was not. `read` gives a
        table's rows. Returns "" or what is neither."""
        file, offset = self.position
        self.connect()
        draft, self.draft = self.draft or {}, None
        safe = {name: table for name, table in self.tables.items() if name != "myisam"}
        found = {name: read(self.db, name) for name in safe}
        was_committed = any(found[name] != table.rows for name, table in safe.items())
        for name, table in safe.items():
            wanted = draft.get(name, table.rows) if was_committed else table.rows
            if +found[name] != +wanted:
                return f"{name}: neither before nor after the transaction under way"
            table.note((file, offset + 1), found[name])
        if "myisam" in draft and self.was_logged(file, offset):
            self.tables["myisam"].note((file, offset + 1), draft["myisam"])
            self.counts["MyISAM logged in a crash"] += 1
        self.mend_myisam(read)
        return ""

    def was_logged(self, file, offset):
        """Whether the log has a whole transaction behind this place: that of the statement under way."""
        events = self.db.sql(f"SHOW BINLOG EVENTS IN '{file}' FROM {offset}")
        return any(event[2] in ("Xid", "Transaction_payload") or event[5:] == ["COMMIT"] for event in events)

    def mend_myisam(self, read):
        """MyISAM is not safe in a crash: its table may have lost rows, have rows that never came into the log, or be
        broken. What is claimed is that the lake has what the log says; the server's table is made that again."""
        rows = self.tables["myisam"].rows
        self.db.sql("REPAIR LOCAL TABLE myisam")
        self.counts["MyISAM unlike its log"] += +read(self.db, "myisam") != +rows
        self.begin()
        self.now("myisam").clear()
        self.db.sql("TRUNCATE myisam")
        self.note(self.draft)
        self.begin()
        for row in rows.elements():
            self.insert("myisam", row)
        if self.statements:
            self.db.sql("INSERT INTO myisam VALUES " + ", ".join(text.split(" VALUES ", 1)[1] for text in self.statements))
        self.note(self.draft)

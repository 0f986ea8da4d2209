#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every column type of the server with its extreme values: the same rows inserted before the copy and after it
give the same cells, and both give what the server says."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from type_values import *


def check(tap, server, lake, name):
    db = server.session()
    try:
        schema = delta_schema(f"{lake}/types/{name}")
        got = lake_rows(f"{lake}/types/{name}")
        wanted = source_rows(db, "types", name, schema)
    except Exception as e:
        return tap.ok(False, f"{name} can be read", f"{type(e).__name__}: {e}"[:800])
    # a byte that a character set does not define is U+FFFD with us; with the server mostly "?"
    by_id = {int(r[0]): tuple(c and c.replace("\ufffd", "?") for c in r) for r in got}
    source_by_id = {int(r[0]): tuple(c and c.replace("\ufffd", "?") for c in r) for r in wanted}
    for i, (column, lake_type) in enumerate(schema):
        if column == "id":
            continue
        copied = {n: r[i] for n, r in by_id.items() if n < 1000}
        logged = {n - 1000: r[i] for n, r in by_id.items() if n >= 1000}
        source = {n: r[i] for n, r in source_by_id.items()}
        unlike = [(n, copied.get(n), logged.get(n)) for n in sorted(copied.keys() | logged.keys()) if copied.get(n) != logged.get(n)]
        wrong = [(n, r[i], source.get(n)) for n, r in by_id.items() if r[i] != source.get(n)]
        declared = db.sql("SELECT LEFT(CONCAT_WS(' ', column_type, character_set_name), 60) FROM information_schema.columns WHERE "
                          f"table_schema='types' AND table_name='{name}' AND column_name='{column}'")[0][0]
        tap.ok(not unlike and not wrong, f"{name}.{column} {declared} as {lake_type}",
               "".join(f"row {n}: copied {str(a)[:150]!r}, logged {str(b)[:150]!r}\n" for n, a, b in unlike[:4]) +
               "".join(f"row {n}: lake {str(a)[:150]!r}, source {str(b)[:150]!r}\n" for n, a, b in wrong[:4]))
    tap.equal(len(by_id), len(source_by_id), f"{name} has all the rows")


def main():
    need_binary()
    tap = Tap()
    server = Server()
    lake = f"{scratch()}/lake"
    db = server.session()
    db.sql("CREATE DATABASE types CHARACTER SET utf8mb4; SET sql_mode = 'ALLOW_INVALID_DATES'; SET time_zone = '+00:00'")
    inserts = {name: make(db, name, columns, GENERATED.get(name, ())) for name, columns in type_values(server, db).items()}
    only = sys.argv[1:]
    for name, insert in inserts.items():
        insert(1)
        what = f"types.{name}"
        done = sync(server, what, lake)
        if not tap.ok(done.returncode == 0, f"{name}: copied", done.stderr[-1500:]):
            continue
        insert(1001)
        done = sync(server, what, lake)
        if tap.ok(done.returncode == 0, f"{name}: followed", done.stderr[-1500:]) and (not only or name in only):
            check(tap, server, lake, name)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: Apache-2.0
"""One thread's speed of pyarrow and DuckDB with the rows of a Parquet file: parquet_reference.py FILE. One JSON object."""
import json
import os
import sys
import time

import duckdb
import pyarrow
import pyarrow.parquet

RUNS = 5
path = sys.argv[1]
out = f"{path}.reference"
pyarrow.set_cpu_count(1)
table = pyarrow.parquet.read_table(path, use_threads=False)


def median_rate(work):
    seconds = []
    for _ in range(RUNS):
        start = time.monotonic()
        work()
        seconds.append(time.monotonic() - start)
    return table.num_rows / sorted(seconds)[RUNS // 2]


result = {"decode": median_rate(lambda: pyarrow.parquet.read_table(path, use_threads=False)),
          "pyarrow": median_rate(lambda: pyarrow.parquet.write_table(table, out, compression="zstd")),
          "pyarrow_bytes": os.path.getsize(out)}
db = duckdb.connect(config={"threads": 1})
db.register("rows", table)
db.execute("CREATE TABLE held AS SELECT * FROM rows")
result["duckdb"] = median_rate(lambda: db.execute(f"COPY held TO '{out}' (FORMAT parquet, COMPRESSION zstd)"))
result["duckdb_bytes"] = os.path.getsize(out)
os.remove(out)
print(json.dumps(result))

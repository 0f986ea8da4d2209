# SPDX-License-Identifier: Apache-2.0
"""merge_delta_rs.py TABLE SCRATCH: the reference for updates: delta-rs MERGE of 100,000 rows at random into a plain table
with twice TABLE's rows. Prints one line of JSON. Run it with the readers' Python."""
import json
import sys
import time

import deltalake
import pyarrow as pa
import pyarrow.compute as pc

rows = deltalake.DeltaTable(sys.argv[1])
table = pa.RecordBatchReader.from_stream(deltalake.QueryBuilder().register("t", rows).execute("SELECT * FROM t")).read_all()
table = table.set_column(table.num_columns - 1, "note", table["note"].cast(pa.string()))  # take has no string_view
more = table.set_column(0, "id", pc.add(table["id"], table.num_rows)).cast(table.schema)
deltalake.write_deltalake(sys.argv[2], pa.concat_tables([table, more]))
changed = table.take(pa.array([i * 7368787 % table.num_rows for i in range(100_000)]))
start = time.monotonic()
(deltalake.DeltaTable(sys.argv[2]).merge(changed, "t.id = s.id", source_alias="s", target_alias="t")
 .when_matched_update_all().when_not_matched_insert_all().execute())
print(json.dumps({"seconds": time.monotonic() - start, "rows": 2 * table.num_rows}))

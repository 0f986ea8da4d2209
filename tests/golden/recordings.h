/* SPDX-License-Identifier: Apache-2.0 */
/* The recordings of tests/golden/mysql, one a line: the includer says what RECORDING makes of a name. */
RECORDING(mysql_types)
RECORDING(mysql_events)
RECORDING(mysql_json)
RECORDING(mysql_partial)
RECORDING(mysql_compressed)
RECORDING(mysql_nochecksum)
RECORDING(mariadb_types)
RECORDING(mariadb_events)
RECORDING(mariadb_compressed)
RECORDING(mariadb_partial)
RECORDING(mariadb_vectors)

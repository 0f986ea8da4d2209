#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Records tests/golden/mysql/NAME.sql from a private server of its own: the log (.binlog), what the catalog
# says of columns that the log does not tell (.types), and the answers of the copy's queries (.copy).
# usage: record.sh NAME PORT LOG_FOLDER     (a server on 127.0.0.1:PORT, root without password)
#        record.sh charsets PORT            (collations.tsv and charsets.tsv)
set -euo pipefail
name=$1 port=$2 logs=${3:-}
here=$(dirname "$0")/mysql
golden=${GOLDEN:-build/release/tests/golden/test_recorded}
ask() { mariadb -h127.0.0.1 -P"$port" -uroot -N -B "$@"; }

if [ "$name" = charsets ]; then
    ask -e 'SELECT id, character_set_name FROM information_schema.collations WHERE id IS NOT NULL ORDER BY id' \
        >"$here/collations.tsv"
    for set in latin1 cp1251 sjis; do
        printf %s "$set"
        "$golden" --questions "$set" | while read -r line; do
            printf '\t%s' "$(ask -e "SELECT HEX(${line#SELECT })")"
        done
        echo
    done >"$here/charsets.tsv"
    exit
fi
sum=CRC32
[[ $name != *_nochecksum ]] || sum=NONE
ask -e "SET GLOBAL binlog_checksum = $sum; FLUSH BINARY LOGS"
file=$(ask -e 'SHOW BINARY LOGS' | tail -1 | cut -f1)
ask -f <"$here/$name.sql" >/dev/null
ask -e 'SET GLOBAL binlog_checksum = CRC32; FLUSH BINARY LOGS'
install -m 644 "$logs/$file" "$here/$name.binlog"
rm -f "$here/$name.types" "$here/$name.copy"
if [[ $name == mariadb_* ]]; then
    ask -e "SELECT table_name, column_name, column_type FROM information_schema.columns
            WHERE table_schema = 'golden' AND (data_type IN ('uuid', 'inet4', 'inet6', 'vector')
                                               OR column_type LIKE '%COMPRESSED%')" >"$here/$name.types"
fi
[ -s "$here/$name.types" ] || rm -f "$here/$name.types"
if grep -q '^-- copy$' "$here/$name.sql"; then
    {
        echo "SET character_set_results = NULL, time_zone = '+00:00';"
        "$golden" --select "$name"
    } | ask --default-character-set=binary >"$here/$name.copy"
fi

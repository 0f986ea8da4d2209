#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Iceberg's own REST catalog server, which keeps its tables by Iceberg's JDBC catalog; and clients that are not ours.
#
# usage: iceberg.sh install                 into $RIG/iceberg: the server's jars, Spark's for Iceberg, a venv with pyiceberg
#        iceberg.sh start DIR [KEY=VALUE…]  settings of the catalog, for this start; port in DIR/port, kept
#        iceberg.sh stop|kill|remove DIR    kill: SIGKILL, as a crash
#
# Without settings its tables are rows of DIR/catalog.db (catalog_name rest_backend), their files below DIR/warehouse.
. "$(dirname "$0")/lib.sh"

HOME_DIR=$RIG/iceberg
VERSION=1.10.0
SPARK=4.1_2.13:1.12.0
PYICEBERG=0.12.0
SETUP="$VERSION $SPARK $PYICEBERG $(python3 -V)"
DRIVERS=(org.xerial:sqlite-jdbc:3.50.3.0 org.postgresql:postgresql:42.7.4)

install() {
	[ "$(cat "$HOME_DIR/installed" 2>/dev/null)" = "$SETUP" ] && return
	mkdir -p "$HOME_DIR"
	jars "$HOME_DIR/jars" "org.apache.iceberg:iceberg-open-api:$VERSION:test-fixtures" \
		"org.apache.iceberg:iceberg-core:$VERSION" "org.apache.iceberg:iceberg-core:$VERSION:tests" \
		org.apache.hadoop:hadoop-client-api:3.4.2 org.apache.hadoop:hadoop-client-runtime:3.4.2 \
		org.eclipse.jetty:jetty-servlet:11.0.26 org.slf4j:slf4j-simple:2.0.17 "${DRIVERS[@]}"
	jars "$HOME_DIR/spark" -- "org.apache.iceberg:iceberg-spark-runtime-$SPARK" "${DRIVERS[@]}"
	python3 -m venv --clear "$HOME_DIR/venv"
	"$HOME_DIR/venv/bin/python" -m pip install -q "pyiceberg[sql-sqlite,sql-postgres]==$PYICEBERG" pyarrow==25.0.1
	echo "$SETUP" >"$HOME_DIR/installed"
}

# A setting's name in the environment is the server's: '.' is "_", '-' is "__", in capitals.
start() {
	local setting
	alive "$DIR/pid" && return
	[ -s "$HOME_DIR/installed" ] || die "no Iceberg here: $0 install"
	mkdir -p "$DIR"
	[ -s "$DIR/port" ] || free_port >"$DIR/port"
	for setting in "rest.port=$(cat "$DIR/port")" "uri=jdbc:sqlite:$DIR/catalog.db" "warehouse=file://$DIR/warehouse" "$@"; do
		declare -x "CATALOG_$(tr '.a-z' '_A-Z' <<<"${setting%%=*}" | sed 's/-/__/g')=${setting#*=}"
	done
	(cd "$DIR" && exec java -Xmx256m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$HOME_DIR/jars/*" \
		org.apache.iceberg.rest.RESTCatalogServer) >>"$DIR/log" 2>&1 </dev/null &
	echo $! >"$DIR/pid"
	await "the REST catalog"
}

usage() { sed -n '5,7s/^# //p' "$0" >&2; exit 2; }

case ${1:-} in
install) [ $# -eq 1 ] || usage ;;
start) [ $# -ge 2 ] || usage; DIR=$(realpath -m "$2") ;;
stop | kill | remove) [ $# -eq 2 ] || usage; DIR=$(realpath -m "$2") ;;
*) usage ;;
esac
case $1 in
install) install ;;
start) start "${@:3}" ;;
*) end "$1" ;;
esac

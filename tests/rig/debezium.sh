#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Debezium in a standalone Kafka Connect: a MySQL or MariaDB server into Kafka's topics, as JSON.
#
# usage: debezium.sh install                into $RIG/debezium
#        debezium.sh config DIR KEY=VALUE…  writes DIR/worker.properties and DIR/PREFIX.properties
#        debezium.sh start DIR [FILE…]      the connectors of these files, else every one that config wrote;
#                                           Connect's own port in DIR/port, chosen once and kept
#        debezium.sh stop|kill|remove DIR   kill: SIGKILL, as a crash
#
# Keys of config: kind (mysql or mariadb), port, broker (HOST:PORT), prefix; and host (127.0.0.1), user and
# password (tailrace), database (golden), tables (a comma list of database.table; all), schemas (false). Any
# other key is a property of the connector and goes before what is written here.
#
# Offsets and schema history are in DIR and stay over a restart; HEAP is the memory (1g).
. "$(dirname "$0")/lib.sh"

HOME_DIR=$RIG/debezium
CONNECT=4.3.1
declare -A VERSION=([mysql]=3.6.1.Final [mariadb]=3.5.0.Final) # the newest ones that Maven Central has
SETUP="$CONNECT ${VERSION[*]}"

install() {
	local kind
	[ "$(cat "$HOME_DIR/installed" 2>/dev/null)" = "$SETUP" ] && return
	mkdir -p "$HOME_DIR"
	for kind in "${!VERSION[@]}"; do
		jars "$HOME_DIR/$kind" "org.apache.kafka:connect-runtime:$CONNECT" \
			"org.apache.kafka:connect-json:$CONNECT" "io.debezium:debezium-connector-$kind:${VERSION[$kind]}" \
			"io.debezium:debezium-storage-file:${VERSION[$kind]}" org.slf4j:slf4j-simple:1.7.36
	done
	echo "$SETUP" >"$HOME_DIR/installed"
}

worker() {
	cat <<-END
	bootstrap.servers=${SET[broker]}
	listeners=http://127.0.0.1:$(cat "$DIR/port")
	key.converter=org.apache.kafka.connect.json.JsonConverter
	value.converter=org.apache.kafka.connect.json.JsonConverter
	offset.storage.file.filename=$DIR/offsets
	offset.flush.interval.ms=1000
	plugin.discovery=service_load
	END
}

connector() {
	local class=io.debezium.connector.mysql.MySqlConnector prefix=${SET[prefix]}
	[ "${SET[kind]}" = mysql ] || class=io.debezium.connector.mariadb.MariaDbConnector
	cat <<-END
	name=$prefix
	connector.class=$class
	tasks.max=1
	topic.prefix=$prefix
	database.hostname=${SET[host]}
	database.port=${SET[port]}
	database.user=${SET[user]}
	database.password=${SET[password]}
	database.server.id=$((5000 + $(cksum <<<"$prefix" | cut -d' ' -f1) % 1000000))
	database.include.list=${SET[database]}
	driver.allowPublicKeyRetrieval=true
	schema.history.internal=io.debezium.storage.file.history.FileSchemaHistory
	schema.history.internal.file.filename=$DIR/$prefix.history
	key.converter=org.apache.kafka.connect.json.JsonConverter
	key.converter.schemas.enable=${SET[schemas]}
	value.converter=org.apache.kafka.connect.json.JsonConverter
	value.converter.schemas.enable=${SET[schemas]}
	END
	[ -z "${SET[tables]}" ] || echo "table.include.list=${SET[tables]}"
}

config() {
	local pair more=()
	declare -A SET=([host]=127.0.0.1 [user]=tailrace [password]=tailrace [database]=golden [tables]= [schemas]=false)
	for pair in "$@"; do
		case ${pair%%=*} in
		kind | host | port | user | password | broker | prefix | database | tables | schemas)
			SET[${pair%%=*}]=${pair#*=} ;;
		*) more+=("$pair") ;;
		esac
	done
	[ -n "${SET[kind]:-}" ] && [ -n "${SET[port]:-}" ] && [ -n "${SET[broker]:-}" ] && [ -n "${SET[prefix]:-}" ] ||
		die "config needs kind, port, broker and prefix"
	[ -n "${VERSION[${SET[kind]}]:-}" ] || die "no such connector: ${SET[kind]}"
	mkdir -p "$DIR"
	[ -s "$DIR/port" ] || free_port >"$DIR/port"
	echo "${SET[kind]}" >"$DIR/kind"
	worker >"$DIR/worker.properties"
	{ connector; [ ${#more[@]} -eq 0 ] || printf '%s\n' "${more[@]}"; } >"$DIR/${SET[prefix]}.properties"
}

start() {
	local files=("$@")
	alive "$DIR/pid" && return
	[ -s "$HOME_DIR/installed" ] || die "no Debezium here: $0 install"
	[ -s "$DIR/worker.properties" ] || die "nothing to start in $DIR: $0 config"
	if [ $# -eq 0 ]; then
		mapfile -t files < <(find "$DIR" -maxdepth 1 -name '*.properties' ! -name worker.properties | sort)
	fi
	(cd "$DIR" && exec java "-Xmx${HEAP:-1g}" -Dorg.slf4j.simpleLogger.showDateTime=true \
		-cp "$HOME_DIR/$(cat "$DIR/kind")/*" org.apache.kafka.connect.cli.ConnectStandalone \
		worker.properties "${files[@]}") >>"$DIR/log" 2>&1 </dev/null &
	echo $! >"$DIR/pid"
	await Connect
}

usage() { sed -n '5,9s/^# //p' "$0" >&2; exit 2; }

case ${1:-} in
install) [ $# -eq 1 ] || usage ;;
config | start) [ $# -ge 2 ] || usage; DIR=$(realpath -m "$2") ;;
stop | kill | remove) [ $# -eq 2 ] || usage; DIR=$(realpath -m "$2") ;;
*) usage ;;
esac
case $1 in
install) install ;;
config) config "${@:3}" ;;
start) start "${@:3}" ;;
*) end "$1" ;;
esac

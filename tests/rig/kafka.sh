#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A private Kafka broker (KRaft, one node) in a folder of its own, on 127.0.0.1.
#
# usage: kafka.sh install                   into $RIG/kafka: the broker's jars and a client for Python
#        kafka.sh start DIR [KEY=VALUE…]    settings of the broker, for this start; port in DIR/port, kept
#        kafka.sh stop|kill|remove DIR      kill: SIGKILL, as a crash
#
# Data is in DIR/data and stays over a restart; HEAP is the broker's memory (512m).
. "$(dirname "$0")/lib.sh"

HOME_DIR=$RIG/kafka
VERSION=4.4.0
TOOLS_API=4.3.1 # 4.4.0 of this part was never published
CLIENT=2.16.1
SETUP="$VERSION $TOOLS_API $CLIENT $(python3 -V)"

install() {
	[ "$(cat "$HOME_DIR/installed" 2>/dev/null)" = "$SETUP" ] && return
	mkdir -p "$HOME_DIR"
	jars "$HOME_DIR/jars" "org.apache.kafka:kafka_2.13:$VERSION" "org.apache.kafka:kafka-tools-api:$TOOLS_API" \
		org.slf4j:slf4j-simple:1.7.36
	python3 -m venv --clear "$HOME_DIR/venv"
	"$HOME_DIR/venv/bin/python" -m pip install -q "confluent-kafka==$CLIENT"
	echo "$SETUP" >"$HOME_DIR/installed"
}

# The short session: as long as it lasts, a broker that was killed is not let in again.
properties() {
	local port controller
	port=$(cat "$DIR/port") controller=$(cat "$DIR/controller")
	cat <<-END
	process.roles=broker,controller
	node.id=1
	controller.quorum.voters=1@127.0.0.1:$controller
	listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
	advertised.listeners=PLAINTEXT://127.0.0.1:$port
	controller.listener.names=CONTROLLER
	inter.broker.listener.name=PLAINTEXT
	log.dirs=$DIR/data
	log.retention.ms=-1
	offsets.topic.replication.factor=1
	offsets.topic.num.partitions=1
	transaction.state.log.replication.factor=1
	transaction.state.log.min.isr=1
	transaction.state.log.num.partitions=1
	share.coordinator.state.topic.replication.factor=1
	share.coordinator.state.topic.min.isr=1
	group.initial.rebalance.delay.ms=0
	broker.heartbeat.interval.ms=500
	broker.session.timeout.ms=4000
	END
	[ $# -eq 0 ] || printf '%s\n' "$@"
}

# kafka CLASS ARGUMENT… : becomes that program of the broker; the codecs unpack native code into its tmp.
kafka() {
	exec java "-Xmx${HEAP:-512m}" "-Djava.io.tmpdir=$DIR/tmp" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
		-cp "$HOME_DIR/jars/*" "$@"
}

start() {
	alive "$DIR/pid" && return
	[ -s "$HOME_DIR/installed" ] || die "no Kafka here: $0 install"
	mkdir -p "$DIR/tmp"
	[ -s "$DIR/port" ] || free_port >"$DIR/port"
	[ -s "$DIR/controller" ] || free_port >"$DIR/controller"
	properties "$@" >"$DIR/server.properties"
	if [ ! -s "$DIR/data/meta.properties" ]; then
		(kafka kafka.tools.StorageTool format -t cmlnLWthZmthLW5vZGUtMQ -c "$DIR/server.properties") \
			>"$DIR/format.log" 2>&1 </dev/null || die "cannot format, see $DIR/format.log"
	fi
	(cd "$DIR" && kafka kafka.Kafka "$DIR/server.properties") >>"$DIR/log" 2>&1 </dev/null &
	echo $! >"$DIR/pid"
	await "the broker"
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

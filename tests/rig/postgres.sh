#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A private PostgreSQL server of the distribution's package in a folder of its own, on 127.0.0.1.
#
# usage: postgres.sh start DIR             port in DIR/port, chosen once and kept
#        postgres.sh stop|kill|remove DIR  kill: SIGKILL, as a crash
#
# User and password: tailrace, who owns the database tailrace. Data is in DIR/data and stays over a restart.
. "$(dirname "$0")/lib.sh"

# The newest that is installed; Debian's servers are not in PATH.
BIN=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)

# as_server COMMAND… : the server does not run as root.
as_server() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=postgres --regid=postgres --clear-groups env -C / "$@"
	else
		"$@"
	fi
}

make_data() {
	[ "$(id -u)" -ne 0 ] || install -d -o postgres -g postgres "$DIR/data"
	printf 'tailrace\n' >"$DIR/password"
	chmod 644 "$DIR/password"
	as_server "$BIN/initdb" -D "$DIR/data" -U tailrace --pwfile="$DIR/password" --auth=scram-sha-256 -E UTF8 --locale=C \
		--no-sync >"$DIR/initdb.log" 2>&1 || die "cannot initialize, see $DIR/initdb.log"
}

has_database() { PGPASSWORD=tailrace "$BIN/psql" -h 127.0.0.1 -p "$(cat "$DIR/port")" -U tailrace -c 'SELECT 1' tailrace >/dev/null 2>&1; }

# Once it answers, the database is made, the first time.
is_ready() {
	has_database || PGPASSWORD=tailrace "$BIN/createdb" -h 127.0.0.1 -p "$(cat "$DIR/port")" -U tailrace tailrace 2>/dev/null
	has_database
}

start() {
	alive "$DIR/pid" && return
	[ -n "$BIN" ] || die "no PostgreSQL here: install the package postgresql"
	mkdir -p "$DIR"
	chmod 755 "$DIR"
	[ -s "$DIR/port" ] || free_port >"$DIR/port"
	[ -s "$DIR/data/PG_VERSION" ] || make_data
	as_server "$BIN/postgres" -D "$DIR/data" -p "$(cat "$DIR/port")" -c listen_addresses=127.0.0.1 \
		-c unix_socket_directories= -c shared_buffers=16MB >>"$DIR/log" 2>&1 </dev/null &
	await_pid
	await PostgreSQL is_ready
}

# The server's own word for its process; what was started may be a wrapper of it, and a file of a crashed one names nobody.
await_pid() {
	local i
	for ((i = 0; i < 200; i++)); do
		sleep 0.05
		head -n 1 "$DIR/data/postmaster.pid" >"$DIR/pid" 2>/dev/null && alive "$DIR/pid" && return
	done
	die "PostgreSQL does not start, see $DIR/log"
}

case ${1:-} in
start | stop | kill | remove) [ $# -eq 2 ] || { sed -n '5,6s/^# //p' "$0" >&2; exit 2; } ;;
*) sed -n '5,6s/^# //p' "$0" >&2; exit 2 ;;
esac
DIR=$(realpath -m "$2")
case $1 in
start) start ;;
stop) halt "$DIR/pid" INT ;;
*) end "$1" ;;
esac

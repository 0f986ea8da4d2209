#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A private database server in a folder of its own, on 127.0.0.1, without any service of the system.
#
# usage: server.sh start mariadb|mysql DIR [SERVER_FLAG…]   port in DIR/port, chosen once and kept
#        server.sh stop|kill|remove DIR                      kill: SIGKILL, as a crash
#        server.sh install mysql                             MySQL 9 into $RIG/mysql (needs root)
#
# Users: root without a password; tailrace/tailrace with the rights that capture needs. mariadb is the
# distribution's; mysql is Debian's newest mysql-server-core, unpacked beside the system and started with
# its own loader and libraries.
. "$(dirname "$0")/lib.sh"

ROOT=$RIG/mysql

mysql_install() {
	local root
	[ -x "$ROOT/usr/sbin/mysqld" ] && return
	mkdir -p "$RIG"
	root=$(mktemp -d "$RIG/mysql.XXXXXX")
	trap 'rm -rf "$root"' EXIT
	debootstrap --variant=minbase --include=mysql-server-core sid "$root/new" "$(apt_mirror)" \
		>"$RIG/debootstrap.log" 2>&1 </dev/null || die "debootstrap failed, see $RIG/debootstrap.log"
	rm -rf "$root"/new/var/cache/apt/archives/*.deb
	mv -T "$root/new" "$ROOT" 2>/dev/null || [ -x "$ROOT/usr/sbin/mysqld" ]
}

mysqld() {
	local lib=$ROOT/usr/lib/$(uname -m)-linux-gnu
	exec "$(echo "$lib"/ld-linux-*.so.*)" --library-path "$lib" "$ROOT/usr/sbin/mysqld" --no-defaults \
		--basedir="$ROOT/usr" --datadir="$DIR/data" --user="$(id -un)" "$@"
}

mysql_init() {
	(mysqld --initialize-insecure --innodb-redo-log-capacity=64M)
}

mysql_run() {
	mysqld "${COMMON[@]}" --mysqlx=OFF --secure-file-priv= --server-id=1 --gtid-mode=ON \
		--enforce-gtid-consistency=ON --innodb-redo-log-capacity=256M "$@"
}

mysql_users() {
	cat <<-'SQL'
	SET sql_log_bin = 0;
	CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY '';
	GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
	CREATE USER IF NOT EXISTS tailrace@'%' IDENTIFIED BY 'tailrace';
	GRANT SELECT, RELOAD, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO tailrace@'%';
	SQL
}

mariadb_init() {
	mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$DIR/data" \
		--auth-root-authentication-method=normal --skip-test-db --innodb-log-file-size=64M
}

mariadb_run() {
	exec mariadbd --no-defaults --datadir="$DIR/data" --user="$(id -un)" "${COMMON[@]}" --server-id=2 \
		--gtid-strict-mode=ON --innodb-log-file-size=64M "$@"
}

mariadb_users() {
	cat <<-'SQL'
	SET sql_log_bin = 0;
	CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY '';
	GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
	CREATE USER IF NOT EXISTS tailrace@'%' IDENTIFIED BY 'tailrace';
	GRANT SELECT, RELOAD, REPLICATION SLAVE, BINLOG MONITOR ON *.* TO tailrace@'%';
	SQL
}

start() {
	local kind=$1 i
	shift
	alive "$DIR/pid" && return
	case $kind in
	mysql) [ -x "$ROOT/usr/sbin/mysqld" ] || die "no MySQL in $ROOT: $0 install mysql" ;;
	mariadb) command -v mariadbd >/dev/null || die "no mariadbd: tools/need server" ;;
	*) die "no such server: $kind" ;;
	esac
	mkdir -p "$DIR"
	if [ ! -d "$DIR/data/mysql" ]; then
		rm -rf "$DIR/data"
		"${kind}_init" >"$DIR/init.log" 2>&1 </dev/null || die "cannot initialize, see $DIR/init.log"
		echo "$kind" >"$DIR/kind"
	fi
	"${kind}_users" >"$DIR/users.sql"
	[ -s "$DIR/port" ] || free_port >"$DIR/port"
	COMMON=(--port="$(cat "$DIR/port")" --bind-address=127.0.0.1 --socket="$DIR/socket"
		--pid-file="$DIR/data/server.pid" --init-file="$DIR/users.sql" --skip-name-resolve
		--log-bin="$DIR/data/binlog" --binlog-format=ROW --binlog-row-image=FULL
		--binlog-row-metadata=FULL)
	(cd "$DIR" && "${kind}_run" "$@") >>"$DIR/log" 2>&1 </dev/null &
	echo $! >"$DIR/pid"
	for ((i = 0; i < 1800; i++)); do
		alive "$DIR/pid" || die "the server ended while starting: $(tail -n 3 "$DIR/log")"
		port_open "$(cat "$DIR/port")" && return
		sleep 0.05
	done
	die "the server does not listen, see $DIR/log"
}

usage() { sed -n '5,7s/^# //p' "$0" >&2; exit 2; }

case ${1:-} in
install) [ "${2:-}" = mysql ] || usage; mysql_install; exit ;;
start) [ $# -ge 3 ] || usage; DIR=$(realpath -m "$3") ;;
stop | kill | remove) [ $# -eq 2 ] || usage; DIR=$(realpath -m "$2") ;;
*) usage ;;
esac
case $1 in
start) start "$2" "${@:4}" ;;
stop) halt "$DIR/pid" TERM ;;
kill) halt "$DIR/pid" KILL ;;
remove) halt "$DIR/pid" KILL; rm -rf "$DIR" ;;
esac

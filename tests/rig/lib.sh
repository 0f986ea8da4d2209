# SPDX-License-Identifier: Apache-2.0
# Shared by the rig's scripts: messages, free ports, waiting, processes by id, what Maven has.
# shellcheck shell=bash
set -euo pipefail

RIG=${RIG:-${XDG_CACHE_HOME:-$HOME/.cache}/tailrace/rig}
TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin # where the distributions put servers

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

port_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port : a port that nobody listens on, below the range of outgoing connections.
free_port() {
	local port
	while :; do
		port=$((10000 + (RANDOM * 32768 + RANDOM) % 20000))
		port_open "$port" || { echo "$port"; return; }
	done
}

# alive PID_FILE
alive() { [ -s "$1" ] && kill -0 "$(cat "$1")" 2>/dev/null; }

# halt PID_FILE SIGNAL [SECONDS] : signals, waits for the end, kills when it has not come in time.
halt() {
	local pid i
	alive "$1" || { rm -f "$1"; return 0; }
	pid=$(cat "$1")
	kill "-$2" "$pid"
	for ((i = 0; i < ${3:-60} * 20; i++)); do
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	kill -0 "$pid" 2>/dev/null && kill -9 "$pid"
	rm -f "$1"
}

# await WHAT [READY…] : until the process that was started in DIR listens and the command succeeds.
await() {
	local what=$1 i
	shift
	for ((i = 0; i < 1800; i++)); do
		alive "$DIR/pid" || die "$what ended while starting: $(tail -n 3 "$DIR/log")"
		port_open "$(cat "$DIR/port")" && "${@:-true}" && return
		sleep 0.05
	done
	die "$what does not listen, see $DIR/log"
}

# end stop|kill|remove : of what was started in DIR.
end() {
	local signal=KILL
	[ "$1" != stop ] || signal=TERM
	halt "$DIR/pid" $signal
	[ "$1" != remove ] || rm -rf "$DIR"
}

# apt_mirror : the archive address that this machine's apt uses for its own release.
apt_mirror() {
	local code uri
	code=$(. /etc/os-release && echo "$VERSION_CODENAME")
	uri=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
		awk -v c="$code" '$1 == c { print $2; exit }')
	[ -n "$uri" ] || die "apt knows no archive of $code: run apt-get update"
	printf '%s\n' "$uri"
}

# jars DIR GROUP:ARTIFACT:VERSION[:CLASSIFIER]… : into DIR, with what they need at run time; those after "--" without.
# A version named here goes before the one that another artifact asks for.
jars() {
	local dir=$1 jar group artifact version classifier alone=
	shift
	{
		echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
		echo '<groupId>rig</groupId><artifactId>rig</artifactId><version>1</version><dependencies>'
		for jar in "$@"; do
			[ "$jar" = -- ] && alone='<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>' && continue
			IFS=: read -r group artifact version classifier <<<"$jar"
			echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>"
			echo "${classifier:+<classifier>$classifier</classifier>}$alone</dependency>"
		done
		echo '</dependencies></project>'
	} >"$dir.xml"
	rm -rf "$dir"
	mvn -q -B -f "$dir.xml" org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies \
		-DoutputDirectory="$dir" -DincludeScope=runtime
}

#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs engines that we did not write into $READERS: a Python venv, Spark's jars for Delta, Iceberg and Kafka, Delta Kernel (Java).
# Needs python3-venv, a JDK 17 or later and mvn; nothing when all is there. About 2 minutes, 2 GB.
. "$(dirname "$0")/../rig/lib.sh"
READERS=${READERS:-${XDG_CACHE_HOME:-$HOME/.cache}/tailrace/readers}
here=$(cd "$(dirname "$0")" && pwd)
wanted=$(cat "$here"/install.sh "$here"/requirements.txt "$here"/*.java | sha256sum)
[ "$(cat "$READERS/installed" 2>/dev/null)" = "$wanted" ] && exit
mkdir -p "$READERS"

[ -x "$READERS/venv/bin/python" ] || python3 -m venv "$READERS/venv"
"$READERS/venv/bin/python" -m pip install -q -r "$here/requirements.txt"

delta=4.4.0
# One by one: PySpark brings the rest, and the token provider's newest version is not to be had everywhere.
jars "$READERS/spark" -- io.delta:delta-spark_4.1_2.13:$delta io.delta:delta-storage:$delta io.delta:delta-kernel-api:$delta \
	io.delta:delta-kernel-defaults:$delta io.delta:delta-kernel-unitycatalog:$delta \
	org.apache.spark:spark-sql-kafka-0-10_2.13:4.1.2 org.apache.spark:spark-token-provider-kafka-0-10_2.13:4.0.0 \
	org.apache.kafka:kafka-clients:3.9.1 org.apache.commons:commons-pool2:2.12.1 \
	org.apache.iceberg:iceberg-spark-runtime-4.1_2.13:1.12.0
jars "$READERS/kernel" io.delta:delta-kernel-api:$delta io.delta:delta-kernel-defaults:$delta \
	org.apache.hadoop:hadoop-client-api:3.4.2 org.apache.hadoop:hadoop-client-runtime:3.4.2 org.slf4j:slf4j-nop:2.0.17
mkdir -p "$READERS/classes"
javac -nowarn -d "$READERS/classes" -cp "$READERS/kernel/*" "$here"/KernelRead.java
echo "$wanted" >"$READERS/installed"

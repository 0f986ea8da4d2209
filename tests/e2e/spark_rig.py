# SPDX-License-Identifier: Apache-2.0
"""A real Spark that runs the jobs of examples/spark; tests/readers/install.sh installs it."""
import atexit
import json
import os
import subprocess

from rig import READERS, TREE

PYTHON = f"{READERS}/venv/bin/python"
JOBS = f"{TREE}/examples/spark"


class Spark:
    """One session for all jobs."""

    def __init__(self, folder, memory="2g"):
        self.folder = folder
        with open(f"{folder}/spark.log", "ab") as log:
            self.process = subprocess.Popen([PYTHON, f"{TREE}/tests/readers/spark_jobs.py", memory], text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, cwd=folder)
        atexit.register(self.stop)
        self.idle_kib = None

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("Spark ended:\n" + "\n".join(open(f"{self.folder}/spark.log").read().splitlines()[-20:]))
        return json.loads(line)

    def run(self, script, broker, topic, table, *words):
        """The job on what the topic has now, into the Delta table; its checkpoint lies beside it. What it used: seconds, batches
        (seconds of the query's batches alone), cpu, peak_kib."""
        if self.idle_kib is None:
            self.idle_kib = self.answer()["idle_kib"]
        command = [f"{JOBS}/{script}", "--brokers", broker.address, "--topic", topic, "--table", table,
                   "--checkpoint", f"{table}.checkpoint", *words]
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer = self.answer()
        if "error" in answer:
            raise RuntimeError(f"{script} of {topic}: {answer['error']}")
        return answer

    def stop(self):
        """The end of its input ends it."""
        self.process.stdin.close()
        self.process.wait()

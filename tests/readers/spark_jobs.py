#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""spark_jobs.py [MEMORY]: runs PySpark scripts as they are, one after the other in one session, so that its start
is paid for once. Each line of its input is a JSON list of a script and its words; the line that answers has the job's
seconds, those of its batches as the query's progress has them, the JVM's seconds of processors and the peak of its memory in KiB, or the error. The first line comes when the session is there. Run it with
the venv's Python.
"""
import json
import os
import runpy
import sys
import threading
import time

from pyspark.sql.streaming import StreamingQueryListener

from read import spark_session


class Machine:
    """What the JVM uses. The peak of its memory begins anew with each job."""

    def __init__(self, spark):
        self.folder = f"/proc/{spark._jvm.java.lang.ProcessHandle.current().pid()}"

    def forget(self):
        with open(f"{self.folder}/clear_refs", "w") as f:
            f.write("5")

    def kib(self, name):
        return next(int(line.split()[1]) for line in open(f"{self.folder}/status") if line.startswith(f"{name}:"))

    def cpu(self):
        return sum(map(int, open(f"{self.folder}/stat").read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


class Batches(StreamingQueryListener):
    """Seconds of the batches of one job's query. Its end is heard of a little after it."""

    def __init__(self):
        self.forget()

    def forget(self):
        self.sum, self.ended = 0, threading.Event()

    def seconds(self):
        self.ended.wait(30)
        return self.sum

    def onQueryStarted(self, event):
        pass

    def onQueryProgress(self, event):
        self.sum += event.progress.batchDuration / 1000

    def onQueryTerminated(self, event):
        self.ended.set()


def run(script, *words):
    """As `python SCRIPT WORDS…` would."""
    sys.argv = [script, *words]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    runpy.run_path(script, run_name="__main__")


def main():
    spark, batches = spark_session(*sys.argv[1:]), Batches()
    spark.streams.addListener(batches)
    machine = Machine(spark)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the scripts print
    print(json.dumps({"idle_kib": machine.kib("VmRSS")}), file=answers, flush=True)
    for line in sys.stdin:
        machine.forget()
        batches.forget()
        start, used, answer = time.monotonic(), machine.cpu(), {}
        try:
            run(*json.loads(line))
        except Exception as e:
            answer["error"] = f"{type(e).__name__}: {e}"[:2000]
        answer.update(seconds=time.monotonic() - start, batches=batches.seconds(), cpu=machine.cpu() - used, peak_kib=machine.kib("VmHWM"))
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

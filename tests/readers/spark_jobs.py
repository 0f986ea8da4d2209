#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""spark_jobs.py [MEMORY]: runs PySpark scripts as they are, one after the other in one session, so that its start
is paid for once. Each line of its input is a JSON list of a script and its words; the line that answers has the job's
seconds and the peak of the JVM's memory in KiB, or the error. The first line comes when the session is there. Run it with
the venv's Python.
"""
import json
import os
import runpy
import sys
import time

from read import spark_session


class Memory:
    """Of the JVM. Its peak begins anew with each job."""

    def __init__(self, spark):
        self.folder = f"/proc/{spark._jvm.java.lang.ProcessHandle.current().pid()}"

    def forget(self):
        with open(f"{self.folder}/clear_refs", "w") as f:
            f.write("5")

    def kib(self, name):
        return next(int(line.split()[1]) for line in open(f"{self.folder}/status") if line.startswith(f"{name}:"))


def run(script, *words):
    """As `python SCRIPT WORDS…` would."""
    sys.argv = [script, *words]
    sys.path[0] = os.path.dirname(os.path.abspath(script))
    runpy.run_path(script, run_name="__main__")


def main():
    memory = Memory(spark_session(*sys.argv[1:]))
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the scripts print
    print(json.dumps({"idle_kib": memory.kib("VmRSS")}), file=answers, flush=True)
    for line in sys.stdin:
        start, answer = time.monotonic(), {}
        memory.forget()
        try:
            run(*json.loads(line))
        except Exception as e:
            answer["error"] = f"{type(e).__name__}: {e}"[:2000]
        answer.update(seconds=time.monotonic() - start, peak_kib=memory.kib("VmHWM"))
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()

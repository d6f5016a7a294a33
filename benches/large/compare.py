#!/usr/bin/env python3
"""Times pricewatch beside polars, DuckDB and a pandas script on one file, alternating, and prints medians and ratios.

usage: compare.py PRICEWATCH FILE.csv [ROUNDS] [PANDAS_SCRIPT]       needs: pip install polars duckdb (pandas numpy)
"""
import os, shutil, statistics, sys, tempfile, time

here = os.path.dirname(os.path.abspath(__file__))
program, data = sys.argv[1], sys.argv[2]
rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
out = tempfile.mkdtemp()
jobs = {"pricewatch": [program, "run", "--quiet", "--force", "--transactions", data, "--out", f"{out}/run"],
        "polars": [sys.executable, f"{here}/polars_scan.py", data], "duckdb": [sys.executable, f"{here}/duckdb_read.py", data]}
if len(sys.argv) > 4:
    jobs["pandas"] = [sys.executable, sys.argv[4], data, f"{out}/pandas.csv"]

def once(command):
    start = time.time()
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.execvp(command[0], command)
    _, status, usage = os.wait4(pid, 0)
    return time.time() - start, usage.ru_maxrss / 1024, status

seen = {name: [] for name in jobs}
for n in range(rounds):
    for name, command in jobs.items():
        if name == "pandas" and n > 0:
            continue  # half a minute a turn: once is enough for a ratio of twenty
        seen[name].append(once(command))
        print(n, name, "%.2f s %.0f MiB status %d" % seen[name][-1], flush=True)
base = statistics.median(s[0] for s in seen["pricewatch"])
for name, runs in seen.items():
    seconds = statistics.median(s[0] for s in runs)
    print(f"{name:11} {seconds:7.2f} s   {max(s[1] for s in runs):6.0f} MiB   pricewatch takes {base / seconds:.2f} of it")
shutil.rmtree(out)

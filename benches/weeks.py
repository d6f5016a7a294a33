#!/usr/bin/env python3
"""The weekly routine, measured and shown.

weeks.py ratio PRICEWATCH FOLDER [WEEKS]   week WEEKS (104) against a full rebuild: time, peak memory, same bytes
weeks.py feed PRICEWATCH FOLDER FILE COLUMN ENCODING [CONFIG]   a file fed week by week; the leads of each week
"""
import csv, datetime, filecmp, os, shutil, subprocess, sys, time


def timed(arguments):
    """Processor seconds (other work on the machine does not count), peak MiB and seconds of one command."""
    start = time.time()
    child = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"{arguments} failed")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, time.time() - start


def split(path, folder, column, encoding="utf-8"):
    """One file a week (Monday to Sunday), same header and encoding: (last day, path)."""
    weeks = {}
    with open(path, encoding=encoding, newline="") as lines:
        header = next(lines)
        at = next(csv.reader([header])).index(column)
        for line in lines:
            date = next(csv.reader([line]))[at].replace("/", "-")
            day = datetime.date.fromisoformat(date)
            weeks.setdefault(day - datetime.timedelta(days=day.weekday()), []).append(line)
    out = []
    for monday, rows in sorted(weeks.items()):
        name = os.path.join(folder, f"week-{monday}.csv")
        with open(name, "w", encoding=encoding, newline="") as f:
            f.write(header)
            f.writelines(rows)
        out.append((monday + datetime.timedelta(days=6), name))
    return out


def run(program, book, day, out):
    return timed([program, "run", "--quiet", "--casebook", book, "--as-of", str(day), "--out", out, "--force"])


def ratio(program, folder, weeks=104):
    market = os.path.join(folder, "market")
    size = ["--cities", "8", "--sellers", "40", "--goods", "4", "--gougers", "20", "--cartels", "6"]
    timed([program, "simulate", "--seed", "7", "--days", str(7 * weeks + 3), *size, "--out", market])
    files = split(os.path.join(market, "prices.csv"), folder, "date")[:weeks]
    book, anew = os.path.join(folder, "book"), os.path.join(folder, "anew")
    for made in (book, anew):
        shutil.rmtree(made, ignore_errors=True)
    timed([program, "import", *[f for _, f in files[:-1]], "--casebook", book])
    run(program, book, files[-2][0], os.path.join(folder, "before"))
    day, last = files[-1]
    week = [timed([program, "import", last, "--casebook", book]), run(program, book, day, os.path.join(folder, "week"))]
    full = [timed([program, "import", *[f for _, f in files], "--casebook", anew]), run(program, anew, day, os.path.join(folder, "full"))]
    for step, a, b in zip(("import", "run"), week, full):
        print(f"{step}: week {weeks} {a[0]:.2f} s ({a[2]:.2f} elapsed) {a[1]:.0f} MiB; full {b[0]:.2f} s ({b[2]:.2f} elapsed) {b[1]:.0f} MiB")
    seconds = [sum(x[0] for x in part) for part in (week, full)]
    memory = [max(x[1] for x in part) for part in (week, full)]
    print(f"both: {seconds[0] / seconds[1]:.3f} of the processor time, {memory[0] / memory[1]:.3f} of the peak memory of a full rebuild")
    same = filecmp.cmp(os.path.join(folder, "week", "findings.json"), os.path.join(folder, "full", "findings.json"), shallow=False)
    print("findings differ only by the folder's name:", same or names_apart(folder))


def names_apart(folder):
    read = lambda name: open(os.path.join(folder, name, "findings.json"), encoding="utf-8").read()
    return read("week") == read("full").replace(os.path.join(folder, "anew"), os.path.join(folder, "book"))


def feed(program, folder, path, column, encoding, config=None):
    book = os.path.join(folder, "book")
    shutil.rmtree(book, ignore_errors=True)
    for day, name in split(path, folder, column, encoding):
        timed([program, "import", name, "--casebook", book, *(["--config", config] if config else [])])
        out = os.path.join(folder, f"run-{day}")
        run(program, book, day, out)
        print(f"== as of {day}")
        for lead in csv.DictReader(open(os.path.join(out, "leads.csv"), encoding="utf-8")):
            keys = ("lead_id", "kind", "status", "since", "first_date", "last_date", "increase_pct", "q_value", "sellers", "product", "change")
            print("  " + " | ".join(lead[k] for k in keys))
        closed = os.path.join(out, "closed.csv")
        for lead in csv.DictReader(open(closed, encoding="utf-8")):
            print(f"  {lead['status']}: {lead['lead_id']} {lead['kind']} first seen {lead['first_seen']} {lead['sellers']} {lead['product']}")


if __name__ == "__main__":
    command, program, folder, *more = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    if command == "ratio":
        ratio(program, folder, *map(int, more))
    else:
        feed(program, folder, *more)

#!/usr/bin/env python3
"""The weekly routine, measured and shown.

weeks.py ratio PRICEWATCH FOLDER [WEEKS]   week WEEKS (104) against a full rebuild: time, peak memory, same bytes;
                                           and where only one city has new prices, or nothing is new
weeks.py feed PRICEWATCH FOLDER FILE COLUMN ENCODING [CONFIG]   a file fed week by week; the leads of each week
"""
import csv, datetime, os, shutil, subprocess, sys, time


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
    full = [timed([program, "import", *[f for _, f in files], "--casebook", anew]), run(program, anew, day, os.path.join(folder, "full"))]
    told("full rebuild", full)
    rest, one_city = parted(last, "region", folder)
    steps = [("one city of eight is late: the other seven", rest), ("the late city", one_city), ("again, nothing new", None)]
    whole = os.path.join(folder, "whole")
    shutil.rmtree(whole, ignore_errors=True)
    shutil.copytree(book, whole)
    told(f"week {weeks}, new prices everywhere", week(program, whole, day, last), full)
    same(program, whole, day, folder, os.path.join(folder, "full"))
    for name, file in steps:
        told(name, week(program, book, day, file), full)
    same(program, book, day, folder)


def week(program, book, day, file):
    """Imports a file, if there is one, and runs."""
    taken = [timed([program, "import", file, "--casebook", book])] if file else []
    return [*taken, run(program, book, day, book + "-run")]


def told(name, steps, full=None):
    seconds, memory = sum(s[0] for s in steps), max(s[1] for s in steps)
    each = " + ".join(f"{s[0]:.2f}" for s in steps)
    share = f"; {seconds / sum(s[0] for s in full):.3f} of a full rebuild's time, {memory / max(s[1] for s in full):.3f} of its memory" if full else ""
    print(f"{name}: {each} = {seconds:.2f} s of processor, {memory:.0f} MiB{share}", flush=True)


def parted(path, column, folder):
    """A file without one of its regions, and that region alone."""
    with open(path, encoding="utf-8", newline="") as lines:
        header, *rows = lines.readlines()
    at = next(csv.reader([header])).index(column)
    regions = [next(csv.reader([row]))[at] for row in rows]
    out = []
    for name, late in (("most", False), ("late", True)):
        out.append(os.path.join(folder, f"{name}.csv"))
        with open(out[-1], "w", encoding="utf-8", newline="") as f:
            f.writelines([header, *[row for row, r in zip(rows, regions) if (r == max(regions)) == late]])
    return out


def same(program, book, day, folder, full=None):
    """The same bytes with nothing kept; and the findings of a casebook made in one go, but for the folder's name."""
    read = lambda run, name: open(os.path.join(run, name), "rb").read()
    shutil.rmtree(os.path.join(book, "cache"))
    fresh = os.path.join(folder, "fresh")
    run(program, book, day, fresh)
    names = [n for n in os.listdir(fresh) if os.path.isfile(os.path.join(fresh, n))] + [f"charts/{n}" for n in os.listdir(os.path.join(fresh, "charts"))]
    print("  as with nothing kept:", all(read(fresh, n) == read(book + "-run", n) for n in names), len(names), "files")
    if full:
        here = read(book + "-run", "findings.json").replace(book.encode(), os.path.join(folder, "anew").encode())
        print("  as a casebook made in one go:", here == read(full, "findings.json"))


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

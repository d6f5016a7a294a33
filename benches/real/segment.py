"""Dating changes of real series: `pricewatch segment` beside ruptures (PELT, BinSeg) and no change at all.

usage: python3 benches/real/segment.py PRICEWATCH DATA      (needs numpy and ruptures; DATA holds tcpd/ and jec_rail_cartel.csv)
"""
import csv, json, subprocess, sys, tempfile
from pathlib import Path

import numpy as np
import ruptures

PROGRAM, DATA = sys.argv[1], Path(sys.argv[2])
MARKS = json.loads((DATA / "tcpd/annotations.json").read_text())
FILES = sorted(p for p in (DATA / "tcpd").glob("*.json") if p.name != "annotations.json")
# ruptures has no default penalty; these are a fixed one (its guide), BIC, twice BIC and that of R's changepoint.
PENALTIES = {"10": lambda n: 10.0, "ln n": np.log, "2 ln n": lambda n: 2 * np.log(n), "3 ln n": lambda n: 3 * np.log(n)}


def program(*arguments):
    out = subprocess.run([PROGRAM, "segment", "--json", *map(str, arguments)], capture_output=True, text=True, check=True)
    return json.loads(out.stdout)


def standard(columns):
    z = np.array([[np.nan if v is None else v for v in c] for c in columns], float).T
    return (z - np.nanmean(z, 0)) / np.nanstd(z, 0)


# --- the scores, as TCPDBench defines them (van den Burg & Williams 2020)
def matched(marks, found, margin):
    left, n = set(found), 0
    for m in sorted(marks):
        near = sorted((abs(m - f), f) for f in left if abs(m - f) <= margin)
        if near:
            left.remove(near[0][1])
            n += 1
    return n


def f1(annotators, found, margin=5):
    found, marks = set(found) | {0}, [set(a) | {0} for a in annotators]
    precision = matched(set().union(*marks), found, margin) / len(found)
    recall = np.mean([matched(m, found, margin) / len(m) for m in marks])
    return 2 * precision * recall / (precision + recall)


def covering(annotators, found, n):
    def parts(points):
        cuts = sorted({0, n} | {p for p in points if 0 < p < n})
        return [set(range(a, b)) for a, b in zip(cuts, cuts[1:])]

    found = parts(found)
    one = lambda marks: sum(len(p) * max(len(p & q) / len(p | q) for q in found) for p in parts(marks)) / n
    return np.mean([one(a) for a in annotators])


# --- a plain twin of the program's method: every start, no pruning, a grid of prices
def tables(z):
    n, level, sloped = len(z), [], []
    t = np.arange(n, dtype=float)
    sums = lambda v: np.concatenate([[0.0], np.cumsum(v)])
    part = lambda v: sums(v)[None] - sums(v)[:, None]
    length = part(np.ones(n))
    with np.errstate(all="ignore"):
        for y in z.T:
            flat = part(y * y) - part(y) ** 2 / length
            along = part(t * t) - part(t) ** 2 / length
            across = part(t * y) - part(t) * part(y) / length
            level.append(np.maximum(flat, 0))
            sloped.append(np.maximum(flat - np.where(along > 0.25, across**2 / along, 0), 0))
    return np.array(level), np.array(sloped)


def cheapest(cost, price, shortest=2):
    n = len(cost) - 1
    best, start = np.full(n + 1, np.inf), np.zeros(n + 1, int)
    best[0] = -price
    for end in range(shortest, n + 1):
        total = best[: end - shortest + 1] + cost[: end - shortest + 1, end] + price
        start[end] = np.argmin(total)
        best[end] = total[start[end]]
    cuts, at = [], start[n]
    while at > 0:
        cuts.append(int(at))
        at = start[at]
    return cuts[::-1]


def criterion(level, sloped, cuts, change, floor, slope=0.5):
    n, columns = level.shape[1] - 1, len(level)
    bounds = [0, *cuts, n]
    pieces = [(level[c, a, b], sloped[c, a, b]) for a, b in zip(bounds, bounds[1:]) for c in range(columns)]
    error, count, values = sum(p[0] for p in pieces), float(len(cuts)), []
    for gain in [0.0, *sorted((p[0] - p[1] for p in pieces), reverse=True)]:
        error -= gain
        values.append(n * columns * np.log(max(error, 0) / (n * columns) + floor) + change * np.log(n) * count)
        count += slope
    return min(values)


def twin(level, sloped, change=8.0, floor=0.03, slope=0.5):
    n, columns = level.shape[1] - 1, len(level)
    whole = level[:, 0, n].sum() / (n * columns)
    prices = change * np.log(n) * np.geomspace(floor, whole + floor, 40)
    paths = {tuple(cheapest(np.minimum(level, sloped + slope * p).sum(0), p)) for p in prices}
    return list(min(sorted(paths), key=lambda cuts: criterion(level, sloped, cuts, change, floor)))


def tcpd():
    ours = {v["name"]: v for v in program(*FILES, "--annotations", DATA / "tcpd/annotations.json")}
    series = {}
    for path in FILES:
        content = json.loads(path.read_text())
        series[content["name"]] = standard([s["raw"] for s in content["series"]])
    tabled = {name: tables(z) for name, z in series.items()}
    marks = {name: list(MARKS[name].values()) for name in series}
    score = lambda name, cuts: (f1(marks[name], cuts), covering(marks[name], cuts, len(series[name])))
    worse, twins = 0, 0
    print("| series | n | ours | F1 | covering |\n|---|---|---|---|---|")
    for name, v in ours.items():
        a, b = score(name, v["change_points"])
        assert abs(a - v["f1"]) < 1e-9 and abs(b - v["covering"]) < 1e-9, name
        twins += twin(*tabled[name]) == v["change_points"]
        print(f"| {name} | {v['n']} | {' '.join(map(str, v['change_points'])) or '–'} | {a:.3f} | {b:.3f} |")
    print(f"\nthe plain twin gives the same cuts on {twins} of {len(ours)}\n\n| method | F1 | covering |\n|---|---|---|")
    mean = lambda rows: "| {:.3f} | {:.3f} |".format(*np.mean(rows, 0))
    print("| pricewatch segment", mean([score(n, v["change_points"]) for n, v in ours.items()]))
    print("| – penalty and floor chosen on the 15 other series", mean(left_out(series, tabled, score)))
    print("| zero", mean([score(n, []) for n in series]))
    objectives = []
    for algorithm in (ruptures.Pelt, ruptures.Binseg):
        for model in ("l2", "rbf"):
            for label, penalty in PENALTIES.items():
                rows = []
                for name, z in series.items():
                    p = penalty(len(z))
                    cuts = [int(c) for c in algorithm(model=model).fit(z).predict(pen=p)[:-1]]
                    rows.append(score(name, cuts))
                    theirs, best = criterion(*tabled[name], cuts, 8.0, 0.03), ours[name]["objective"]
                    worse += best > theirs + 1e-6 * abs(theirs)
                    if model == "l2":
                        exact = program(DATA / f"tcpd/{name}.json", "--penalty", p)[0]["objective"]
                        sums = tabled[name][0].sum(0)
                        value = sum(sums[a, b] for a, b in zip([0, *cuts], [*cuts, len(z)])) + p * len(cuts)
                        worse += exact > value + 1e-6 * abs(value)
                        objectives.append((name, algorithm.__name__, label, exact, value))
                print(f"| ruptures {algorithm.__name__} {model}, penalty {label}", mean(rows))
    print(f"\nobjective worse than theirs: {worse} cases (their squared error plus penalty, l2; and ours, all)\n")
    print("| series | " + " | ".join(f"{a} {l}" for a in ("Pelt", "Binseg") for l in PENALTIES) + " |")
    print("|---" * (1 + 2 * len(PENALTIES)) + "|")
    for name in series:
        cells = [f"{e:.2f} / {v:.2f}" for s, _, _, e, v in objectives if s == name]
        print(f"| {name} | " + " | ".join(cells) + " |")


def left_out(series, tabled, score):
    """Penalty and floor of a grid, best on all other series, scored on the one left out."""
    grid = [(c, f) for c in (4, 6, 8, 10, 12) for f in (0.01, 0.02, 0.03, 0.05, 0.1)]
    rows = np.array([[score(n, twin(*tabled[n], c, f)) for n in series] for c, f in grid])
    sums = rows.sum(2)
    best = [np.argmax(np.delete(sums, i, 1).mean(1)) for i in range(len(series))]
    return [rows[b, i] for i, b in enumerate(best)]


def rail():
    """Weeks in which the cartel flag of Porter (1983) switches, found within two weeks."""
    rows = list(csv.DictReader((DATA / "jec_rail_cartel.csv").open()))
    price = np.log([float(r["price"]) for r in rows])
    switches = [i for i in range(1, len(rows)) if rows[i]["cartel"] != rows[i - 1]["cartel"]]
    z = ((price - price.mean()) / price.std())[:, None]

    def line(name, cuts):
        hits = matched(switches, cuts, 2)
        p, r = hits / max(len(cuts), 1), hits / len(switches)
        print(f"| {name} | {len(cuts)} | {p:.3f} | {r:.3f} | {2 * p * r / max(p + r, 1e-12):.3f} |")

    chance = np.mean([any(abs(w - s) <= 2 for s in switches) for w in range(len(rows))])
    print(f"\n{len(rows)} weeks, {len(switches)} switches; a random week is within two of one with {chance:.2f}\n")
    print("| method | found | precision | recall | F1 |\n|---|---|---|---|---|")
    line("pricewatch segment --log", program(DATA / "jec_rail_cartel.csv", "--value", "price", "--log")[0]["change_points"])
    for algorithm in (ruptures.Pelt, ruptures.Binseg):
        for model in ("l2", "rbf"):
            for label, penalty in {"1": lambda n: 1.0, **PENALTIES}.items():
                cuts = algorithm(model=model).fit(z).predict(pen=penalty(len(z)))[:-1]
                line(f"ruptures {algorithm.__name__} {model}, penalty {label}", [int(c) for c in cuts])


def noise():
    """How often noise without a break is given one, by its lag-1 correlation: 200 series each of 50, 100, 300 points."""
    draw, found = np.random.default_rng(7), {}
    with tempfile.TemporaryDirectory() as folder:
        for rho in (0.0, 0.5, 0.7, 0.8):
            files = []
            for n in [50] * 200 + [100] * 200 + [300] * 200:
                y = draw.normal(size=n + 50)
                for i in range(1, n + 50):
                    y[i] += rho * y[i - 1]
                files.append(Path(folder) / f"{rho}-{len(files)}.csv")
                files[-1].write_text("value\n" + "\n".join(map(str, y[50:])) + "\n")
            found[rho] = np.mean([bool(v["change_points"]) for v in program(*files)])
    print("\nnoise given a break, by correlation:", found)


tcpd()
rail()
noise()

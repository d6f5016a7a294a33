"""Days of mass rises at Sydney's petrol stations, 2019, against the listed restoration days (75 stations or more up by 10 cents).

usage: python3 benches/real/fuel.py PRICEWATCH DATA
"""
import collections, csv, json, re, resource, subprocess, sys, tempfile, time
from pathlib import Path

program, data = sys.argv[1], Path(sys.argv[2])
listed = {r["d"] for r in csv.DictReader((data / "nsw_fuel_upjumps_2019.csv").open()) if float(r["stations_up10"]) >= 75}
with tempfile.TemporaryDirectory() as folder:
    out = Path(folder) / "run"
    began = time.time()
    subprocess.run(
        [program, "run", "--quiet", "--lang", "en", "--config", Path(__file__).with_name("fuel.toml"),
         "--prices", data / "nsw_fuel_events_2019.csv.gz", "--enterprises", data / "nsw_fuel_stations.csv", "--out", out],
        check=True)
    seconds = time.time() - began
    run = json.loads((out / "findings.json").read_text())
    leads = list(csv.DictReader((out / "leads.csv").open()))
memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
print(f"{run['rows']['rows_read']} rows, {seconds:.1f} s, {memory:.0f} MiB; leads: "
      f"{dict(collections.Counter(l['kind'] for l in leads))}; {len(listed)} listed days")
everything = set()
print("| fuel | days found | listed found | recall | other days | most others in a month |\n|---|---|---|---|---|---|")
for fuel in ("U91", "E10", "P98", "any"):
    waves = [f for f in run["findings"] if f["screen"] == "mass-rise" and f["subject"]["cell"] == fuel]
    days = {d for f in waves for d in re.findall(r"(\d{4}-\d\d-\d\d) \(\d+/\d+\)", f["reason"]["en"])}
    everything |= days
    days = everything if fuel == "any" else days
    other = collections.Counter(d[:7] for d in days - listed)
    hit = len(days & listed)
    print(f"| {fuel} | {len(days)} | {hit} | {hit / len(listed):.3f} | {len(days - listed)} | {max(other.values(), default=0)} |")
for f in (f for f in run["findings"] if f["screen"] == "mass-rise" and f["subject"]["cell"] == "U91"):
    print(f"- {f['reason']['en']}")

"""How fast report.html opens in headless Chromium: milliseconds to first paint and to load, of a search, a sort, a lead.

usage: python3 benches/opening.py PAGE [TIMES]      (needs chromium and the Python package websocket-client)
"""
import json, subprocess, sys, tempfile, time, urllib.request
from pathlib import Path

import websocket

PORT = 9333
MEASURE = """(async () => {
  const n = performance.getEntriesByType("navigation")[0], q = document.getElementById("q");
  const until = async f => { const t = performance.now(); f(); await new Promise(r => requestAnimationFrame(() => setTimeout(r))); return Math.round(performance.now() - t); };
  const type = s => until(() => { q.value = s; q.dispatchEvent(new Event("input", {bubbles: true})); });
  const out = {paint: Math.round(performance.getEntriesByType("paint")[0].startTime), load: Math.round(n.loadEventEnd), search: []};
  for (const s of ["广", "广州", "广州 KN95", ""]) out.search.push(await type(s));
  out.sort = await until(() => document.querySelectorAll("#list th button")[8].click());
  out.open = await until(() => { document.querySelector("details.lead").open = true; });
  return out;
})()"""


def measured(page):
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
                 f"--remote-debugging-port={PORT}", "--remote-allow-origins=*", "--window-size=1280,900", f"--user-data-dir={profile}"]
        browser = subprocess.Popen(["chromium", *flags, "about:blank"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(200):
                try:
                    tabs = json.load(urllib.request.urlopen(f"http://127.0.0.1:{PORT}/json"))
                    break
                except OSError:
                    time.sleep(0.1)
            socket = websocket.create_connection(next(t for t in tabs if t["type"] == "page")["webSocketDebuggerUrl"], timeout=120)
            ask = lambda n, method, **p: socket.send(json.dumps({"id": n, "method": method, "params": p}))
            until = lambda found: next(m for m in iter(lambda: json.loads(socket.recv()), None) if found(m))
            ask(1, "Page.enable")
            ask(2, "Page.navigate", url=page.resolve().as_uri())
            until(lambda m: m.get("method") == "Page.loadEventFired")
            time.sleep(1)
            ask(3, "Runtime.evaluate", expression=MEASURE, awaitPromise=True, returnByValue=True)
            return until(lambda m: m.get("id") == 3)["result"]["result"]["value"]
        finally:
            browser.terminate()
            browser.wait()


page = Path(sys.argv[1])
print(page.stat().st_size, "bytes")
for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 3):
    print(measured(page))

//! The page in a real browser: it opens, searches, filters, sorts, reads values, and hostile names do nothing.
//! A copy of the page gets a script that clicks and writes down what it saw; the page itself is as shipped.

use std::path::Path;
use std::process::Command;

use crate::cli::{demo, pricewatch};

/// Runs before the page's own scripts: errors and dialogs are written down.
const BEFORE: &str = r#"<script>
window.__bad = [];
addEventListener("error", function (e) { __bad.push("error: " + e.message); });
["alert", "confirm", "prompt", "open"].forEach(function (f) { window[f] = function () { __bad.push(f); }; });
</script>"#;

const AFTER: &str = r##"<script>
function told(saw) {
  var pre = document.createElement("pre"); pre.id = "saw";
  pre.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(saw))));
  document.body.textContent = ""; document.body.append(pre);
}
addEventListener("load", function () { try { drive(); } catch (e) { told({ bad: [String(e.stack)] }); } });
function drive() {
  function rows() { return Array.from(document.querySelectorAll("#list tbody tr")).filter(function (r) { return !r.hidden; }); }
  function leads() { return Array.from(document.querySelectorAll("details.lead")).filter(function (r) { return !r.hidden; }).length; }
  function input(id, value) { var e = document.getElementById(id); e.value = value; e.dispatchEvent(new Event("input", { bubbles: true })); }
  function cells(i) { return rows().map(function (r) { return r.cells[i].textContent; }); }
  var saw = { rows: rows().length, leads: leads(), tools: !document.querySelector("form.tools").hidden };
  function laid() { return rows().filter(function (r) { return r.getClientRects().length; }).length; }
  saw.laid = laid(); document.getElementById("rest").click(); saw.laid_all = laid();
  var first = rows()[0].cells[1].textContent;
  input("q", first); saw.search = [rows().length, leads(), cells(1)[0] === first];
  input("q", "no such words"); saw.nothing = [rows().length, !document.getElementById("none").hidden]; input("q", "");
  var kind = document.getElementById("f-kind").options[1].value;
  input("f-kind", kind); saw.kind = [rows().length, cells(2).every(function (k) { return k === kind; })];
  document.querySelector("button[type=reset]").click();
  var rise = Array.from(document.querySelectorAll("#list th")).findIndex(function (th, i) { return i === 8; });
  document.querySelectorAll("#list th")[rise].querySelector("button").click(); saw.up = cells(rise);
  document.querySelectorAll("#list th")[rise].querySelector("button").click(); saw.down = cells(rise);
  var a = rows()[0].querySelector("a"); a.focus();
  a.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowDown", bubbles: true }));
  saw.moved = rows().length < 2 || document.activeElement === rows()[1].querySelector("a");
  a.click();
  var lead = document.getElementById(a.textContent), figure = lead.querySelector("figure[data-c]");
  until(function () { return lead.open && (!figure || figure.querySelector("details")); }, function () {
    saw.open = lead.open;
    if (!figure) return finish();
    figure.dispatchEvent(new KeyboardEvent("keydown", { key: "Home" }));
    saw.read = figure.querySelector(".tip").textContent;
    var values = figure.querySelector("details");
    values.open = true;
    until(function () { return values.querySelector("tr"); }, function () {
      saw.table = values.querySelectorAll("tr").length;
      finish();
    });
  });
  function finish() {
    saw.reset = rows().length;
    saw.bad = window.__bad;
    saw.contrast = contrast();
    saw.unnamed = document.querySelectorAll("svg:not([aria-hidden]):not([role=img][aria-label])").length
      + Array.from(document.querySelectorAll("input, select")).filter(function (e) { return !e.labels.length; }).length;
    saw.first = document.querySelector("a, button, input, select, summary, [tabindex]").className;
    saw.keys = Array.from(document.querySelectorAll("[tabindex]")).every(function (e) { return e.tabIndex === 0; });
    saw.inside = document.documentElement.scrollWidth <= innerWidth;
    told(saw);
  }
  // The least contrast of any text with what is behind it (WCAG 2.2: 4.5 for text of this size).
  function contrast() {
    function light(c) {
      var of = c.map(function (v) { v /= 255; return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); });
      return 0.2126 * of[0] + 0.7152 * of[1] + 0.0722 * of[2];
    }
    function colour(text) { var n = (text.match(/[\d.]+/g) || []).map(Number); return n.length > 3 && n[3] === 0 ? null : n; }
    var walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), least = 21, node;
    while ((node = walk.nextNode())) {
      var e = node.parentElement, behind = e;
      if (!node.textContent.trim() || !e.getClientRects().length) continue;
      while (behind && !colour(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
      var a = light(colour(e.closest("svg") ? getComputedStyle(e).fill : getComputedStyle(e).color));
      var b = light(behind ? colour(getComputedStyle(behind).backgroundColor) : [255, 255, 255]);
      least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
    }
    return least;
  }
  function until(ready, then, n) {
    if (ready() || n > 200) { try { then(); } catch (e) { told({ bad: [String(e.stack)] }); } return; }
    setTimeout(until, 20, ready, then, (n || 0) + 1);
  }
}
</script>"##;

/// What the clicking script saw, or `None` where no browser is installed.
fn clicked(page: &Path) -> Option<serde_json::Value> {
    let chromium = ["chromium", "chromium-browser", "google-chrome"];
    let found =
        chromium.into_iter().find(|c| Command::new(c).arg("--version").output().is_ok_and(|o| o.status.success()));
    let Some(chromium) = found else {
        eprintln!("skipped: no chromium / 未安装 chromium，跳过");
        return None;
    };
    let text = std::fs::read_to_string(page).unwrap();
    let probed =
        text.replacen("<head>", &format!("<head>{BEFORE}"), 1).replacen("</body>", &format!("{AFTER}</body>"), 1);
    let probed = probed.replacen("var limit = 100", "var limit = 5", 1);
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("page.html");
    std::fs::write(&copy, probed).unwrap();
    let out = Command::new(chromium)
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-dev-shm-usage",
        ])
        .args(["--window-size=1280,900", "--virtual-time-budget=20000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
        .arg(format!("file://{}", copy.display()))
        .output()
        .unwrap();
    let dom = String::from_utf8_lossy(&out.stdout);
    let saw = dom.split("<pre id=\"saw\">").nth(1).and_then(|s| s.split('<').next());
    let saw = saw.unwrap_or_else(|| panic!("no report from the page: {}", String::from_utf8_lossy(&out.stderr)));
    let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, saw).unwrap();
    Some(serde_json::from_slice(&bytes).unwrap())
}

fn numbers(cells: &serde_json::Value) -> Vec<f64> {
    cells.as_array().unwrap().iter().filter_map(|c| c.as_str().unwrap().parse().ok()).collect()
}

#[test]
fn the_page_works_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    for lang in ["zh", "en"] {
        let out = folder.path().join(lang);
        demo(&out, &["--lang", lang]);
        let Some(saw) = clicked(&out.join("report.html")) else { return };
        let n = csv::Reader::from_path(out.join("leads.csv")).unwrap().into_records().count();
        assert!(n > 2);
        assert_eq!((saw["rows"].as_u64(), saw["leads"].as_u64()), (Some(n as u64), Some(n as u64)), "{saw}");
        assert_eq!((saw["laid"].as_u64(), saw["laid_all"].as_u64()), (Some(5), Some(n as u64)), "{saw}");
        assert_eq!(saw["search"], serde_json::json!([1, 1, true]), "{saw}");
        assert_eq!(saw["nothing"], serde_json::json!([0, true]), "{saw}");
        assert!(saw["kind"][0].as_u64().unwrap() < n as u64 && saw["kind"][1] == true, "{saw}");
        assert!(numbers(&saw["up"]).is_sorted(), "{saw}");
        assert!(numbers(&saw["down"]).iter().rev().is_sorted(), "{saw}");
        assert_eq!(saw["reset"].as_u64(), Some(n as u64), "{saw}");
        for key in ["tools", "moved", "open", "inside"] {
            assert_eq!(saw[key], true, "{key}: {saw}");
        }
        assert!(saw["read"].as_str().unwrap().contains("20"), "a date: {saw}");
        assert!(saw["table"].as_u64().unwrap() > 10, "{saw}");
        assert_eq!(saw["bad"], serde_json::json!([]), "{saw}");
        assert!(saw["contrast"].as_f64().unwrap() >= 4.5, "{saw}");
        assert_eq!((saw["unnamed"].as_u64(), saw["first"].as_str()), (Some(0), Some("skip")), "{saw}");
        assert_eq!(saw["keys"], true, "{saw}");
    }
}

/// What is read off a group's chart is each member's own price, under its name.
#[test]
fn a_groups_chart_tells_every_members_prices() {
    let folder = tempfile::tempdir().unwrap();
    demo(folder.path(), &["--force"]);
    let page = std::fs::read_to_string(folder.path().join("report.html")).unwrap();
    let store = page.split("id=\"readings\"").nth(1).unwrap().split_once('>').unwrap().1;
    let charts: serde_json::Value = serde_json::from_str(store.split("</script>").next().unwrap()).unwrap();
    let mut groups = 0;
    for lead in csv::Reader::from_path(folder.path().join("leads.csv")).unwrap().into_records().map(|l| l.unwrap()) {
        let names: Vec<&str> = lead[lead.len() - 1].split(';').collect();
        let chart = &charts[format!("{}-overlay", lead[0].trim_start_matches('\u{feff}'))];
        let Some(columns) = chart["n"].as_array().filter(|_| &lead[1] == "collusion") else { continue };
        assert_eq!(columns[..names.len()], names.iter().map(|n| serde_json::json!(n)).collect::<Vec<_>>());
        let values: std::collections::BTreeSet<&str> =
            chart["v"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        assert_eq!(values.len(), columns.len(), "each column its own prices");
        groups += 1;
    }
    assert!(groups > 0);
}

#[test]
fn hostile_names_do_nothing_in_a_browser() {
    let folder = tempfile::tempdir().unwrap();
    let prices = folder.path().join("p.csv");
    std::fs::write(&prices, crate::hostile::market(&crate::hostile::WORST)).unwrap();
    let out = folder.path().join("out");
    let (ok, _, err) =
        pricewatch(&["run", "--quiet", "--prices", &prices.display().to_string(), "--out", &out.display().to_string()]);
    assert!(ok, "{err}");
    let Some(saw) = clicked(&out.join("report.html")) else { return };
    assert_eq!(saw["bad"], serde_json::json!([]), "{saw}");
    assert!(saw["rows"].as_u64().unwrap() > 0 && saw["inside"] == true, "{saw}");
}

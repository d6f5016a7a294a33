// The page without this is complete and can be read; this lets one search, sort, filter and read values off charts.
"use strict";
(function () {
  var list = document.getElementById("list"), store = document.getElementById("readings");
  var all = function (css, of) { return Array.from((of || document).querySelectorAll(css)); };
  var section = function (id) { return document.getElementById(id); };

  // Reading values off charts -------------------------------------------------------------------
  var charts = JSON.parse(store.textContent), svgNs = "http://www.w3.org/2000/svg";

  // "4.5,,,-,5": nothing = as before, "-" = unknown.
  function unpack(text) {
    var last = "";
    return text.split(",").map(function (v) { if (v !== "") last = v; return last === "-" ? null : last; });
  }
  function iso(day) { return new Date(day * 864e5).toISOString().slice(0, 10); }

  function reading(figure) {
    var c = charts[figure.dataset.c];
    if (c.days) return c;
    var day = c.d0;
    c.days = c.s === "" ? [day] : [day].concat(unpack(c.s).map(function (gap) { day += +gap; return day; }));
    c.values = c.v.map(unpack);
    return c;
  }

  function mount(figure) {
    if (figure.dataset.on) return;
    figure.dataset.on = "1";
    var c = reading(figure), svg = figure.querySelector("svg"), at = c.days.length - 1;
    var line = document.createElementNS(svgNs, "path"), tip = document.createElement("figcaption");
    line.setAttribute("class", "cross");
    svg.appendChild(line);
    tip.className = "tip";
    tip.setAttribute("aria-live", "polite");
    tip.textContent = store.dataset.help;
    figure.appendChild(tip);
    figure.tabIndex = 0;
    figure.appendChild(table(c));
    function show(i) {
      at = Math.max(0, Math.min(c.days.length - 1, i));
      var x = c.f[0] + (c.f[1] - c.f[0]) * (c.days[at] - c.lo) / (c.hi - c.lo);
      line.setAttribute("d", "M" + x.toFixed(1) + "," + c.f[2] + "V" + c.f[3]);
      tip.textContent = "";
      tip.append(bold(iso(c.days[at])));
      c.n.forEach(function (name, k) {
        var v = c.values[k][at];
        if (v !== null && v !== undefined) tip.append(" ", name + " ", bold(v));
      });
    }
    svg.addEventListener("pointermove", function (e) {
      var box = svg.getBoundingClientRect(), width = svg.viewBox.baseVal.width;
      var x = (e.clientX - box.left) / box.width * width;
      var day = c.lo + (x - c.f[0]) / (c.f[1] - c.f[0]) * (c.hi - c.lo), best = 0;
      c.days.forEach(function (d, i) { if (Math.abs(d - day) < Math.abs(c.days[best] - day)) best = i; });
      show(best);
    });
    figure.addEventListener("keydown", function (e) {
      if (e.target !== figure) return;
      var step = { ArrowLeft: -1, ArrowRight: 1, Home: -1e9, End: 1e9 }[e.key];
      if (step) { show(at + step); e.preventDefault(); }
    });
  }
  function bold(text) { var b = document.createElement("b"); b.textContent = text; return b; }

  // The table behind a chart, made when it is asked for.
  function table(c) {
    var box = document.createElement("details"), head = document.createElement("summary");
    head.textContent = store.dataset.values;
    box.append(head);
    box.addEventListener("toggle", function () {
      if (!box.open || box.children.length > 1) return;
      var t = document.createElement("table"), cells = [store.dataset.day].concat(c.n);
      row(t, cells, "th");
      c.days.forEach(function (d, i) {
        row(t, [iso(d)].concat(c.values.map(function (v) { return v[i] === null || v[i] === undefined ? "–" : v[i]; })), "td");
      });
      box.append(t);
    });
    return box;
  }
  function row(t, cells, tag) {
    var tr = t.insertRow();
    cells.forEach(function (text, i) {
      var cell = document.createElement(tag);
      cell.textContent = text;
      if (i) cell.className = "n";
      tr.append(cell);
    });
  }

  // Leads open on demand ------------------------------------------------------------------------
  all("details.lead").forEach(function (lead) {
    lead.addEventListener("toggle", function () { if (lead.open) all("figure[data-c]", lead).forEach(mount); });
  });
  function open() {
    var id = decodeURIComponent(location.hash.slice(1)), lead = id && section(id);
    if (lead && lead.matches("details.lead")) {
      lead.hidden = false;
      lead.classList.remove("over");
      lead.open = true;
      lead.querySelector("summary").focus({ preventScroll: true });
      lead.scrollIntoView();
    }
  }
  addEventListener("hashchange", open);
  open();

  // Search, filters, sorting --------------------------------------------------------------------
  if (!list) return;
  // More rows than these are laid out only when asked for, or on paper.
  var limit = 100, rest = section("rest");
  var form = document.querySelector("form.tools"), body = list.tBodies[0], rows = Array.from(body.rows);
  var column = {};
  all("th", list).forEach(function (th, i) { if (th.dataset.f) column[th.dataset.f] = i; });
  var text = function (tr, i) { return tr.cells[i] ? tr.cells[i].textContent : ""; };
  var search = rows.map(function (tr) {
    var lead = section(text(tr, 1)), more = lead ? lead.querySelector("summary").textContent + lead.querySelector(".meta").textContent : "";
    return (tr.textContent + " " + more).toLowerCase();
  });
  var place = new Map(rows.map(function (tr, i) { return [tr, i]; }));
  form.hidden = false;
  Object.keys(column).forEach(function (name) {
    fill(name, rows.map(function (tr) { return [text(tr, column[name]).trim()]; }));
  });
  fill("rule", rows.map(function (tr) { return tr.dataset.r.split(" "); }));
  function fill(name, values) {
    var seen = new Map();
    values.forEach(function (of) { of.forEach(function (v) { if (v) seen.set(v, (seen.get(v) || 0) + 1); }); });
    Array.from(seen.keys()).sort().forEach(function (v) {
      section("f-" + name).append(new Option(v + " (" + seen.get(v) + ")", v));
    });
  }
  function filter() {
    var words = section("q").value.toLowerCase().split(/\s+/).filter(Boolean), left = 0;
    var want = Object.keys(column).map(function (name) { return [column[name], section("f-" + name).value]; });
    var rule = section("f-rule").value, kept = document.querySelector(":target");
    rows.forEach(function (tr) {
      var found = words.every(function (word) { return search[place.get(tr)].includes(word); })
        && want.every(function (w) { return !w[1] || text(tr, w[0]).trim() === w[1]; })
        && (!rule || tr.dataset.r.split(" ").includes(rule));
      left += found;
      var lead = section(text(tr, 1));
      [tr, lead].forEach(function (e) {
        if (!e) return;
        e.hidden = !found;
        e.classList.toggle("over", found && left > limit && e !== kept);
      });
    });
    section("leads").classList.add("ready");
    rest.hidden = left <= limit;
    rest.textContent = rest.dataset.text.replace("{n}", left - limit);
    section("none").hidden = left > 0;
    var count = section("count");
    count.textContent = count.dataset.text.replace("{n}", left).replace("{m}", rows.length);
  }
  rest.addEventListener("click", function () { limit = Infinity; filter(); });
  form.addEventListener("input", filter);
  form.addEventListener("submit", function (e) { e.preventDefault(); });
  form.addEventListener("reset", function () { setTimeout(filter); });
  section("print").addEventListener("click", function () { print(); });
  all("a[data-place]").forEach(function (a) {
    a.addEventListener("click", function () { section("f-place").value = a.dataset.place; filter(); });
  });

  all("th", list).forEach(function (th, i) {
    var button = document.createElement("button");
    button.type = "button";
    button.append.apply(button, Array.from(th.childNodes));
    th.append(button);
    button.addEventListener("click", function () {
      var down = th.getAttribute("aria-sort") === "ascending", number = th.classList.contains("n");
      all("th", list).forEach(function (other) { other.removeAttribute("aria-sort"); });
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      var key = new Map(rows.map(function (tr) { return [tr, number ? parseFloat(text(tr, i)) : text(tr, i)]; }));
      rows.sort(function (a, b) {
        var x = key.get(a), y = key.get(b);
        if (!number) return (down ? -1 : 1) * x.localeCompare(y, document.documentElement.lang);
        if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y); // unknown last, either way
        return (down ? -1 : 1) * (x - y);
      });
      body.append.apply(body, rows);
      rows.forEach(function (tr) { var lead = section(text(tr, 1)); if (lead) lead.parentNode.append(lead); });
      filter();
    });
  });

  // Arrow keys walk down the list; Enter follows the link.
  body.addEventListener("keydown", function (e) {
    var step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step || e.target.tagName !== "A") return;
    var shown = rows.filter(function (tr) { return !tr.hidden && !tr.classList.contains("over"); });
    var next = shown[shown.indexOf(e.target.closest("tr")) + step];
    if (next) { next.querySelector("a").focus(); e.preventDefault(); }
  });

  // On paper every lead that is left after filtering is open.
  var opened = [];
  addEventListener("beforeprint", function () {
    opened = all("details.lead:not([open]):not([hidden])");
    opened.forEach(function (lead) { lead.open = true; });
  });
  addEventListener("afterprint", function () { opened.forEach(function (lead) { lead.open = false; }); });
  filter();
})();

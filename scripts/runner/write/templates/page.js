"use strict";
(function () {
  var form = document.getElementById("filter");
  var rows = Array.from(document.querySelectorAll("[data-verdict]"));
  var groups = Array.from(document.querySelectorAll("[data-group]"));
  var shown = document.getElementById("shown");
  var texts = new Map();

  function words(row, name) { return row.dataset[name].split(" "); }

  /* Without the names of set-ups: "bypass" is in most of them. */
  function textOf(row) {
    if (!texts.has(row)) {
      var copy = row.cloneNode(true);
      copy.querySelectorAll(".where, pre").forEach(function (part) { part.remove(); });
      texts.set(row, copy.textContent.toLowerCase());
    }
    return texts.get(row);
  }

  function wanted() {
    var data = new FormData(form);
    return { verdict: data.getAll("verdict"), level: data.get("level"),
             clause: data.get("clause"), flag: data.get("flag"),
             q: data.get("q").trim().toLowerCase() };
  }

  function fits(row, want) {
    return (!want.verdict.length || words(row, "verdict").some(function (verdict) {
      return want.verdict.includes(verdict);
    })) && (!want.level || row.dataset.level === want.level) &&
      (!want.clause || row.dataset.clause === want.clause) &&
      (!want.flag || words(row, "flags").includes(want.flag)) &&
      (!want.q || textOf(row).includes(want.q));
  }

  function apply() {
    var want = wanted(), count = 0;
    rows.forEach(function (row) {
      row.hidden = !fits(row, want);
      count += !row.hidden;
    });
    groups.forEach(function (group) {
      group.hidden = !group.querySelector("[data-verdict]:not([hidden])");
    });
    shown.textContent = count + " of " + rows.length + " requirements shown";
  }

  function remember() {
    var pairs = new URLSearchParams(new FormData(form));
    Array.from(pairs.entries()).forEach(function (pair) {
      if (!pair[1]) { pairs.delete(pair[0]); }
    });
    history.replaceState(null, "", "#" + pairs);
  }

  function recall() {
    var text = location.hash.slice(1);
    if (!text.includes("=")) { return; }
    var pairs = new URLSearchParams(text);
    form.querySelectorAll("[name=verdict]").forEach(function (box) {
      box.checked = pairs.getAll("verdict").includes(box.value);
    });
    ["level", "clause", "flag", "q"].forEach(function (name) {
      form.elements[name].value = pairs.get(name) || "";
    });
  }

  function changed() { apply(); remember(); }

  function openAll(open) {
    return function () {
      document.querySelectorAll("details.row").forEach(function (row) { row.open = open; });
    };
  }

  form.hidden = false;
  form.addEventListener("input", changed);
  form.addEventListener("submit", function (event) { event.preventDefault(); });
  form.addEventListener("reset", function () { setTimeout(changed); });
  window.addEventListener("hashchange", function () { recall(); apply(); });
  window.addEventListener("beforeprint", openAll(true));
  [["open", true], ["close", false]].forEach(function (pair) {
    var button = document.getElementById(pair[0]);
    if (button) { button.addEventListener("click", openAll(pair[1])); }
  });
  document.querySelectorAll("a[data-flag]").forEach(function (link) {
    link.addEventListener("click", function () {
      form.reset();
      form.elements.flag.value = link.dataset.flag;
    });
  });
  recall();
  apply();
}());

"use strict";
// Sorting, filtering and the slider. Without this script the page shows all it has, worst first.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const list = $("#strips"), controls = $("#controls"), viewer = $("#viewer");
  const better = list.dataset.better.split(" ");
  const strips = $$(".strip", list).map((node) => ({ node, ...node.dataset, values: JSON.parse(node.dataset.values) }));

  // ---- order and filter ----
  const BADNESS = { higher: (v) => -v, lower: (v) => v, one: (v) => Math.abs(v - 1) };
  const byName = (a, b) => a.id.localeCompare(b.id, undefined, { numeric: true });

  function compare(order, method, metric) {
    if (order === "id" || !metric) return byName;
    const bad = (strip) => (strip.values[method][metric] === "" ? null : BADNESS[better[metric]](Number(strip.values[method][metric])));
    const sign = order === "worst" ? -1 : 1;
    return (a, b) => {
      const x = bad(a), y = bad(b);
      if (x === null || y === null) return (x === null) - (y === null); // not defined: last, whichever way
      return x === y ? 0 : x < y ? -sign : sign;
    };
  }

  function value(name) {
    const field = controls && controls.elements[name];
    return field ? field.value : "";
  }

  function arrange() {
    const text = value("text").trim().toLowerCase(), kind = value("kind"), seen = value("seen");
    const order = [...strips].sort(compare(value("order"), value("method"), value("metric")));
    let shown = 0;
    for (const strip of order) {
      const fits = (strip.id + "\n" + strip.scene).toLowerCase().includes(text) &&
        (!kind || strip.kind === kind) && (!seen || strip.seen === seen);
      strip.node.hidden = !fits;
      shown += fits;
      list.append(strip.node);
    }
    $("#none").hidden = shown > 0;
    controls.elements.count.value = shown === strips.length
      ? `${shown} ${shown === 1 ? "picture" : "pictures"}` : `${shown} of ${strips.length} pictures`;
  }

  function showAll() {
    for (const name of ["text", "kind", "seen"]) if (controls.elements[name]) controls.elements[name].value = "";
    arrange();
  }

  // ---- the slider ----
  let current = null;
  const sides = { left: $("[name=left]", viewer), right: $("[name=right]", viewer) };
  const thumbnail = (role) => $(`[data-role="${role}"] img`, current);
  const has = (node, role) => $(`[data-role="${role}"]`, node) !== null;

  // what to lay over what, when a picture of a given role is selected
  function partners(node, role) {
    const first = $$("[data-role]", node).map((button) => button.dataset.role).find((r) => r[0] === "p");
    const before = has(node, "nir") ? "nir" : "truth";
    if (role === "truth") return ["truth", first || before];
    if (role && role[0] === "p") return [before, role];
    if (role && role[0] === "e") return [role, "p" + role.slice(1)];
    return [before, first || "truth"];
  }

  function open(node, role) {
    const [left, right] = partners(node, role);
    load(node, left, right);
    if (!viewer.open) viewer.showModal();
    $("#cut").focus();
    history.replaceState(null, "", "#open=" + encodeURIComponent(node.dataset.id));
  }

  function load(node, left, right) {
    current = node;
    $("#viewer-title").textContent = node.dataset.id;
    const roles = $$("[data-role]", node).map((button) => button.dataset.role);
    for (const [side, role] of [["left", left], ["right", right]]) {
      sides[side].replaceChildren(...roles.map((r) => new Option(label(r), r)));
      sides[side].value = roles.includes(role) ? role : roles[0];
    }
    $("#viewer-facts").replaceChildren(...$$(".facts li", node).map((fact) => fact.cloneNode(true)));
    cut(50);
    draw();
  }

  function label(role) {
    const caption = (r) => $("figcaption", $(`[data-role="${r}"]`, current).parentNode).textContent.trim();
    return role[0] === "e" ? `error of ${caption("p" + role.slice(1))}` : caption(role);
  }

  // the numbers of the methods that are being looked at, each once
  function numbers() {
    const methods = new Set(Object.values(sides).map((side) => side.value).filter((role) => /^[pe]\d/.test(role)).map((role) => "p" + role.slice(1)));
    return [...methods].map((role) => {
      const line = document.createElement("p"), pair = $(`[data-role="${role}"]`, current).closest(".pair");
      const values = $$(".values div", pair).map((entry) => `${$("dt", entry).textContent} ${$("dd", entry).textContent}`);
      line.textContent = `${label(role)}: ${values.join(", ") || "not measured"}`;
      return line;
    });
  }

  function draw() {
    const stack = $(".stack", viewer);
    for (const side of ["left", "right"]) {
      const from = thumbnail(sides[side].value), to = document.getElementById(side);
      to.src = from.src;
      to.alt = from.alt;
      to.className = from.className;
    }
    $("#viewer-values").replaceChildren(...numbers());
    const [width, height] = ["width", "height"].map((side) => Number(thumbnail(sides.left.value).getAttribute(side)));
    // as large as the window allows, but small pictures at most doubled: there is nothing more to see in them
    const room = Math.max(innerHeight - 270, 160);
    const most = Math.max(width * 2, 320);
    stack.style.setProperty("--width", `${Math.round(Math.min(most, (room * width) / height))}px`);
    stack.style.setProperty("--ratio", `${width} / ${height}`);
  }

  function cut(percent) {
    $("#cut").value = percent;
    $(".stack", viewer).style.setProperty("--cut", `${percent}%`);
  }

  function step(by) {
    const visible = $$(".strip:not([hidden])", list);
    const next = visible[visible.indexOf(current) + by];
    if (!next) return;
    load(next, sides.left.value, sides.right.value);
    history.replaceState(null, "", "#open=" + encodeURIComponent(next.dataset.id));
  }

  // ---- the complete table ----
  function sortTable(head) {
    const table = head.closest("table"), index = head.cellIndex, body = table.tBodies[0];
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of $$("[aria-sort]", table)) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = [...body.rows].map((row) => {
      const cell = row.cells[index], raw = cell.dataset.value;
      return { row, key: raw === undefined ? cell.textContent : raw === "" ? null : Number(raw) };
    });
    const order = (a, b) => (typeof a === "string" ? a.localeCompare(b, undefined, { numeric: true }) : a < b ? -1 : a > b ? 1 : 0);
    keyed.sort((a, b) => a.key === null || b.key === null
      ? (a.key === null) - (b.key === null) : (down ? -1 : 1) * order(a.key, b.key));
    body.append(...keyed.map((entry) => entry.row));
  }

  // ---- links to a picture: #open=ID from outside, #strip-N from the lists above ----
  function follow() {
    const hash = location.hash;
    if (hash.startsWith("#open=")) {
      let id = "";
      try { id = decodeURIComponent(hash.slice(6)); } catch { return; }
      const found = strips.find((strip) => strip.id === id);
      if (found) open(found.node, null);
    } else if (hash.startsWith("#strip-")) {
      const node = document.getElementById(hash.slice(1));
      if (node && node.hidden) { showAll(); node.scrollIntoView(); }
    }
  }

  // ---- who listens to what ----
  if (controls) {
    controls.hidden = false;
    controls.addEventListener("input", arrange);
    controls.addEventListener("submit", (event) => event.preventDefault());
  }
  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-role]");
    if (button) open(button.closest(".strip"), button.dataset.role);
  });
  for (const head of $$(".sortable thead th")) $("button", head).addEventListener("click", () => sortTable(head));
  $("#cut").addEventListener("input", (event) => cut(event.target.value));
  for (const select of Object.values(sides)) select.addEventListener("change", draw);
  viewer.addEventListener("click", (event) => {
    const act = event.target.dataset && event.target.dataset.act;
    if (act === "close" || event.target === viewer) viewer.close(); // the backdrop is the dialog itself
    if (act === "previous") step(-1);
    if (act === "next") step(1);
  });
  viewer.addEventListener("keydown", (event) => {
    if (event.key !== "PageUp" && event.key !== "PageDown") return;
    event.preventDefault();
    step(event.key === "PageUp" ? -1 : 1);
  });
  viewer.addEventListener("close", () => {
    history.replaceState(null, "", location.href.split("#")[0]);
    // back to the strip that was looked at last, which need not be the one the dialog was opened from
    if (!current.contains(document.activeElement)) $("[data-role]", current).focus();
  });
  viewer.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("resize", () => { if (viewer.open) draw(); });
  addEventListener("hashchange", follow);

  // ---- a mark for whoever checks the page by machine: all is set up, so many pictures are whole ----
  addEventListener("load", async () => {
    follow();
    const images = $$("#strips img");
    await Promise.all(images.map((image) => image.decode().catch(() => null)));
    document.documentElement.dataset.images = images.filter((image) => image.naturalWidth > 0).length;
    document.documentElement.dataset.ready = "yes";
  });
})();

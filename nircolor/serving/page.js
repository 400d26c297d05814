// The page: files in, settings, cards one after the other, all of them as one ZIP.

import { Card } from "/card.js";
import { zip } from "/zip.js";

const $ = (selector) => document.querySelector(selector);
const form = $("#settings"), limits = { upload: Number(document.body.dataset.upload) };
let cards = [], queue = [], busy = null, used = "";

// ---- settings ----
// what differs from what the server does by itself
function settings() {
  const values = {};
  for (const field of form.elements) {
    if (!field.name) continue;
    const value = field.type === "checkbox" ? (field.checked ? field.value : "") : field.value.trim();
    if (value && !isDefault(field, value)) values[field.name] = value;
  }
  return values;
}

function isDefault(field, value) {
  return field.tagName === "SELECT" ? value === field.options[0].value : value === field.defaultValue && field.type === "range";
}

function shown() {
  for (const slide of form.querySelectorAll(".slide")) {
    slide.querySelector("output").value = Number(slide.querySelector("input").value).toFixed(2);
  }
  $("#again").disabled = !cards.length || JSON.stringify(settings()) === used;
}

// ---- one after the other ----
function add(files) {
  const first = $("#cards").firstChild; // what is new stands above the rest, in its own order
  for (const file of files) {
    const card = new Card(file, changed);
    card.part(".remove").addEventListener("click", () => drop(card));
    card.part(".repeat").addEventListener("click", () => enqueue(card));
    cards.push(card);
    $("#cards").insertBefore(card.node, first);
    if (file.size > limits.upload) card.fail({ message: `is ${(file.size / 1e6).toFixed(0)} MB, and this server takes ${(limits.upload / 1e6).toFixed(0)} MB` });
    else enqueue(card);
  }
  changed();
}

function enqueue(card) {
  card.begin();
  queue.push(card);
  next();
  changed();
}

async function next() {
  if (busy || !queue.length) return;
  busy = queue.shift();
  const values = settings();
  used = JSON.stringify(values);
  shown();
  await busy.run(values);
  busy = null;
  changed();
  next();
}

function drop(card) {
  cards = cards.filter((other) => other !== card);
  queue = queue.filter((other) => other !== card);
  const neighbour = card.node.nextElementSibling || card.node.previousElementSibling;
  card.remove();
  (neighbour ? neighbour.querySelector(".remove") : $("#files")).focus();
  changed();
}

function changed() {
  const done = cards.filter((card) => card.finished).length;
  $("#all").hidden = !cards.length;
  $("#count").textContent = `${done} of ${cards.length} done`;
  $("#zip").disabled = !done;
  document.body.dataset.busy = busy || queue.length ? "yes" : "no";
  shown();
}

// ---- all of them ----
async function download() {
  const button = $("#zip"), words = button.textContent;
  button.disabled = true;
  button.textContent = "Packing …";
  try {
    const blob = await zip(cards.map((card) => card.finished).filter(Boolean));
    const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: "nircolor.zip" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  } catch (error) {
    $("#count").textContent = `These cannot be packed (${error.message}): download them one by one.`;
  }
  button.disabled = false;
  button.textContent = words;
}

// ---- dropping ----
function isFiles(event) {
  return event.dataTransfer && [...event.dataTransfer.types].includes("Files");
}

let depth = 0; // drags enter children of the page before they leave their parents
addEventListener("dragenter", (event) => { if (isFiles(event)) { depth++; document.body.classList.add("dragged"); } });
addEventListener("dragleave", (event) => { if (isFiles(event) && --depth <= 0) settle(); });
addEventListener("dragover", (event) => { if (isFiles(event)) event.preventDefault(); });
addEventListener("drop", (event) => {
  if (!isFiles(event)) return;
  event.preventDefault();
  settle();
  add([...event.dataTransfer.files]);
});

function settle() {
  depth = 0;
  document.body.classList.remove("dragged");
}

$("#files").addEventListener("change", (event) => { add([...event.target.files]); event.target.value = ""; });
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", shown);
form.addEventListener("reset", () => setTimeout(shown));
$("#again").addEventListener("click", () => { for (const card of cards) if (!queue.includes(card) && card !== busy) enqueue(card); });
$("#zip").addEventListener("click", download);
$("#clear").addEventListener("click", () => { for (const card of [...cards]) drop(card); });
changed();
document.documentElement.dataset.ready = "yes";

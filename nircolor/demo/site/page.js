// The page: takes a file, gives it to the worker, shows what comes back under a slider.
const $ = (id) => document.getElementById(id);
const STAGES = {
  loading: "Loading the network", starting: "Starting the network", reading: "Reading the picture",
  colouring: "Colouring", writing: "Making the PNG",
};

// Browsers share memory between threads only where the server's headers isolate the page from others.
const THREADS = crossOriginIsolated ? Math.min(navigator.hardwareConcurrency, 8) : 1;

let worker = null, current = null, download = null, ticking = 0;

/** The worker, started at the first wish for it. Behind a blob URL it is under the policy of this page. */
function ready() {
  if (worker) return worker;
  const source = `import ${JSON.stringify(new URL("worker.js", import.meta.url).href)};`;
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  worker = new Worker(url, { type: "module" });
  worker.onmessage = ({ data }) => ({ stage, done, failed })[data.kind](data);
  worker.onerror = (event) => failed({ text: `Something went wrong (${event.message || "no worker"}).`, fatal: true });
  worker.postMessage({ threads: THREADS }); // load the network meanwhile
  return worker;
}

function dismiss() {
  worker?.terminate();
  worker = null;
}

function colour(file, options = {}) {
  if (current) dismiss(); // it works on another
  current = { file, options };
  show("work");
  stage({ stage: "reading" });
  ready().postMessage({ file, options, threads: THREADS });
}

function show(...ids) {
  for (const id of ["work", "failure", "result"]) $(id).hidden = !ids.includes(id);
  document.body.classList.toggle("done", ids.includes("result"));
  clearInterval(ticking);
}

// --- what the worker says ---------------------------------------------------------------------------------------------

function stage({ stage: name, done = 0, total = 0 }) {
  if (!current) return;
  clearInterval(ticking);
  const began = performance.now(), bar = $("progress");
  const tell = () => {
    const seconds = Math.round((performance.now() - began) / 1000);
    $("detail").textContent = total ? `, ${Math.round((100 * done) / total)} %` : seconds > 1 ? `, ${seconds} s` : "";
  };
  if ($("stage").textContent !== STAGES[name]) $("stage").textContent = STAGES[name]; // once: it is read aloud
  if (total) bar.value = done / total;
  else bar.removeAttribute("value");
  tell();
  ticking = setInterval(tell, 1000);
}

function done(result) {
  const { file, options } = current;
  current = null;
  show("result");
  const { width, height, bits, seconds, total, threads } = result;
  draw("left", result.before, width, height);
  draw("right", result.after, width, height);
  cut(50);
  $("name").textContent = file.name;
  offer(result.png, file.name);
  list("facts", [
    `${width} x ${height} pixels`, `${bits} bits`,
    `${total.toFixed(1)} s, ${seconds.toFixed(1)} s of them in the network (${threads === 1 ? "1 thread" : `${threads} threads`})`,
  ].map((text) => ({ text })));
  list("remarks", result.remarks, (more) => colour(file, { ...options, ...more }));
  $("name").focus({ preventScroll: true });
  $("result").scrollIntoView({ block: "start" });
}

function failed({ text, offer: more, fatal }) {
  if (fatal) dismiss();
  if (!current) return;
  const { file, options } = current;
  current = null;
  show("failure");
  $("reason").textContent = `${file.name}: ${text}`;
  $("offer").hidden = !more;
  if (!more) return;
  $("offer").textContent = more.label;
  $("offer").onclick = () => colour(file, { ...options, ...more });
}

function list(id, entries, act) {
  $(id).replaceChildren(...entries.map(({ text, offer: more }) => {
    const item = document.createElement("li");
    item.textContent = text;
    if (more) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = more.label;
      button.onclick = () => act(more);
      item.append(button);
    }
    return item;
  }));
}

// --- the result -------------------------------------------------------------------------------------------------------

function draw(id, pixels, width, height) {
  const canvas = Object.assign($(id), { width, height }), data = new Uint8ClampedArray(pixels);
  canvas.getContext("2d").putImageData(new ImageData(data, width, height), 0, 0);
  const stack = canvas.parentNode, room = Math.max(innerHeight - 200, 240);
  stack.style.setProperty("--width", `${Math.round(Math.min(Math.max(width * 2, 320), (room * width) / height))}px`);
  stack.style.setProperty("--ratio", `${width} / ${height}`);
}

function offer(png, name) {
  if (download) URL.revokeObjectURL(download);
  download = URL.createObjectURL(png);
  Object.assign($("download"), { href: download, download: `${name.replace(/\.[^.]*$/, "")}_rgb.png` });
}

function cut(percent) {
  $("cut").value = percent;
  $("cut").parentNode.style.setProperty("--cut", `${percent}%`);
}

// --- how a file comes in ----------------------------------------------------------------------------------------------

function take(files) {
  if (files?.length) colour(files[0]);
}

$("file").addEventListener("change", ({ target }) => {
  take(target.files);
  target.value = ""; // so that the same file can be chosen again
});
$("chooser").addEventListener("pointerdown", ready);
$("cut").addEventListener("input", ({ target }) => cut(target.value));
$("stop").addEventListener("click", () => {
  dismiss();
  current = null;
  show();
});
addEventListener("paste", ({ clipboardData }) => take(clipboardData?.files));
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("over");
  ready();
});
for (const name of ["dragleave", "drop"]) addEventListener(name, () => document.body.classList.remove("over"));
addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer?.files);
});
document.documentElement.dataset.ready = "yes";

// One picture on the page: its file, how far it is, before and after under a slider, or what is wrong with it.

import { colorize, Refused } from "/send.js";

const STAGES = { receiving: "sending", "loading the weights": "getting ready", "making the small copies": "nearly done" };
// what the settings of the page call what an error names as the server does
const WORDS = {
  "colours=colorize": "“Colour pictures: read them as grey”", "damaged=nodata": "“Damaged parts: make them transparent”",
  "page=all": "“Page: all”", page: "“Page”", band: "“Band”", range: "“Range”", stretch: "“Stretch”", format: "“Format”",
  depth: "“Depth”", weights: "“Weights”", equalize: "“Equalize the histogram”", colours: "“Colour pictures”",
  damaged: "“Damaged parts”", brightness: "“Brightness”", colour: "“Colour”", warmth: "“Warmth”",
};

export function plainly(text) {
  return text.replace(/`([a-z_]+)(?:=([^`]*))?`/g, (mark, name, value) =>
    WORDS[mark.slice(1, -1)] || (name in WORDS ? (value ? `${WORDS[name]} ${value}` : WORDS[name]) : mark.slice(1, -1)));
}

export class Card {
  // changed: called when what can be downloaded has changed
  constructor(file, changed) {
    this.file = file;
    this.changed = changed;
    this.stopping = new AbortController();
    this.urls = [];
    this.finished = null;
    this.node = document.getElementById("card").content.firstElementChild.cloneNode(true);
    this.part(".name").textContent = file.name;
    this.part(".compare input").addEventListener("input", (event) => this.cut(event.target.value));
    this.part(".compare input").setAttribute("aria-label", `Before and after, ${file.name}: how much of it is shown in near-infrared, in percent`);
    this.part("progress").setAttribute("aria-label", `Progress of ${file.name}`);
    this.part(".remove").setAttribute("aria-label", `Remove ${file.name}`);
    this.begin();
  }

  part(selector) {
    return this.node.querySelector(selector);
  }

  begin() {
    this.forget();
    for (const name of [".compare", ".error", ".warnings", ".facts", ".get", ".repeat"]) this.part(name).hidden = true;
    this.part("progress").hidden = false;
    this.tell("in line", null);
  }

  tell(stage, share) {
    const bar = this.part("progress"), words = STAGES[stage] || stage;
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
    this.say(share === null ? words : `${words}, ${Math.round(share * 100)} %`);
  }

  say(text) {
    if (this.part(".state").textContent !== text) this.part(".state").textContent = text;
  }

  // tries again while the server is full
  async run(settings) {
    try {
      for (;;) {
        try {
          return this.show(await colorize(this.file, settings, (stage, share) => this.tell(stage, share), this.stopping.signal));
        } catch (error) {
          if (!(error instanceof Refused && error.retry)) throw error;
          this.tell("the server is busy, waiting", null);
          await this.pause(Math.min(error.retry, 10) * 1000);
        }
      }
    } catch (error) {
      if (error.name !== "AbortError") this.fail(error);
    }
  }

  pause(milliseconds) {
    return new Promise((resolve, reject) => {
      setTimeout(resolve, milliseconds);
      this.stopping.signal.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
    });
  }

  fail(error) {
    this.part("progress").hidden = true;
    this.say("not done");
    const where = error.error && error.error.startsWith(`${this.file.name}: `) ? error.error.slice(this.file.name.length + 2) : error.message;
    this.part(".error").textContent = plainly(where);
    this.part(".error").hidden = this.part(".repeat").hidden = false;
    this.part(".repeat").setAttribute("aria-label", `Try again with ${this.file.name}`);
    this.changed();
  }

  show({ result, before, after, output }) {
    this.finished = { name: result.output, blob: output };
    this.part("progress").hidden = true;
    this.say("done");
    this.compare(result, before, after);
    this.list(".facts", [
      `${result.width} × ${result.height}`, `${result.depth} bit`, result.format, result.pages > 1 ? `${result.pages} pages` : "",
      `${result.seconds} s`, `weights ${result.weights}`,
    ]);
    this.list(".warnings", result.warnings.map((text) => plainly(text.startsWith(`${result.input}: `) ? text.slice(result.input.length + 2) : text)));
    const get = this.part(".get");
    get.href = this.url(output);
    get.download = result.output;
    get.textContent = `Download ${result.output}`;
    get.hidden = false;
    this.changed();
  }

  compare({ width, height }, before, after) {
    const stack = this.part(".stack"), images = [this.part(".before"), this.part(".after")];
    [before, after].forEach((blob, i) => {
      images[i].src = this.url(blob);
      images[i].alt = `${this.file.name}, ${i ? "colours" : "near-infrared"}`;
      images[i].classList.toggle("tiny", Math.max(width, height) < 200);
    });
    const room = Math.max(innerHeight - 260, 240), most = Math.max(width, 320);
    const wide = `${Math.round(Math.min(most, (room * width) / height))}px`;
    for (const node of [stack, this.part(".ends")]) node.style.setProperty("--width", wide);
    stack.style.setProperty("--ratio", `${width} / ${height}`);
    this.part(".compare").hidden = false;
    this.cut(this.part(".compare input").value);
  }

  cut(percent) {
    this.part(".stack").style.setProperty("--cut", `${percent}%`);
  }

  list(selector, texts) {
    const items = texts.filter(Boolean).map((text) => Object.assign(document.createElement("li"), { textContent: text }));
    this.part(selector).replaceChildren(...items);
    this.part(selector).hidden = !items.length;
  }

  url(blob) {
    this.urls.push(URL.createObjectURL(blob));
    return this.urls[this.urls.length - 1];
  }

  forget() {
    this.urls.splice(0).forEach((url) => URL.revokeObjectURL(url));
    this.finished = null;
    this.stopping.abort();
    this.stopping = new AbortController();
  }

  remove() {
    this.forget();
    this.stopping.abort();
    this.node.remove();
    this.changed();
  }
}

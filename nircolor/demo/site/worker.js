// The work, beside the page so that it never freezes: a file -> greys -> the network -> colours -> a PNG.
import * as ort from "./ort.wasm.bundle.min.js";
import { onePlane, toned, upright } from "./grey.js";
import { Refusal, checkSize, headOf, kindOf } from "./inspect.js";
import { readPng } from "./png.js";
import { writePng } from "./png_write.js";
import { orientationOf, readTiff } from "./tiff.js";

const RUNTIME = "ort-wasm-simd-threaded.wasm", MODEL = "model.onnx";
const MOST_BYTES = 512e6;
const MOST_PIXELS = 25e6; // the memory of WebAssembly ends at 4 GB

const here = (name) => new URL(name, import.meta.url);
const tell = (stage, done = 0, total = 0) => postMessage({ kind: "stage", stage, done, total });
let network = null;

onmessage = async ({ data: { file, options, threads } }) => {
  try {
    begin(threads);
    await (file ? colourFile(file, options) : network);
  } catch (error) {
    postMessage({ kind: "failed", ...explained(error) });
  }
};

/** Load the network, unless it is there or on its way. One that failed is asked for again. */
function begin(threads) {
  network ??= load(threads);
  network.catch(() => (network = null));
}

function explained(error) {
  if (error instanceof Refusal) return { text: error.message, offer: error.offer };
  if (error instanceof DOMException && /^Not(Found|Readable)Error$/.test(error.name)) {
    return { text: "It cannot be read: it is a folder, or has changed meanwhile." };
  }
  if (/memory|allocat/i.test(String(error))) {
    return { text: "There is not enough memory here for a picture of this size. Make it smaller.", fatal: true };
  }
  return { text: `Something went wrong (${String(error?.message ?? error).slice(0, 200)}).`, fatal: true };
}

async function colourFile(file, options) {
  const started = performance.now();
  tell("reading");
  if (file.size > MOST_BYTES) {
    throw new Refusal(`This file is too large for a browser: ${Math.round(file.size / 1e6)} MB.`, "Make it smaller.");
  }
  const picture = await read(new Uint8Array(await file.arrayBuffer()), file);
  const grey = greysOf(picture, options);
  const session = await network;
  tell("colouring");
  const painted = performance.now();
  const rgb = await paint(session, grey);
  const seconds = (performance.now() - painted) / 1000;
  tell("writing");
  const { width, height } = grey, channels = grey.alpha ? 4 : 3;
  const samples = quantised(rgb, grey.alpha, picture.peak);
  const png = await writePng(width, height, channels, samples);
  const [before, after] = [shown(grey.nir, 1, grey.alpha, picture.peak), shown(rgb, 3, grey.alpha, picture.peak)];
  const facts = { width, height, bits: picture.peak > 255 ? 16 : 8, threads: ort.env.wasm.numThreads, seconds };
  const total = (performance.now() - started) / 1000;
  postMessage({ kind: "done", png, before, after, remarks: grey.remarks, ...facts, total }, [before, after]);
}

// --- the file ---------------------------------------------------------------------------------------------------------

async function read(bytes, file) {
  const kind = kindOf(bytes);
  if (kind === "TIFF") return readTiff(bytes, MOST_PIXELS);
  if (kind === "PNG") {
    const picture = await readPng(bytes, MOST_PIXELS);
    if (!picture.profile) return { ...picture, orientation: picture.exif ? orientationOf(picture.exif) : 1 };
    if (picture.peak > 255) return { ...picture, remarks: [{ text: "Its colour profile was not used." }] };
  } else {
    const { width, height } = headOf(kind, bytes);
    checkSize(width, height, MOST_PIXELS);
  }
  return decoded(file, kind);
}

/** As the browser decodes it: upright, and in sRGB whatever its profile. */
async function decoded(file, kind) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { premultiplyAlpha: "none" });
  } catch {
    throw new Refusal(`The browser cannot decode this ${kind}: it is damaged, or of a kind that it does not know.`);
  }
  const { width, height } = bitmap, canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const samples = context.getImageData(0, 0, width, height).data;
  return { width, height, channels: 4, samples: new Uint8Array(samples.buffer), peak: 255, noisy: kind !== "BMP" };
}

function greysOf(picture, { luma = false, stretch = false } = {}) {
  const plane = onePlane(picture, luma);
  const { nir, remarks } = toned(plane, picture.peak, picture.inverted, stretch);
  const { width, height, orientation = 1 } = picture;
  const turned = upright(nir, width, height, orientation);
  return {
    nir: turned.plane,
    alpha: upright(plane.alpha, width, height, orientation).plane,
    width: turned.width,
    height: turned.height,
    remarks: [...(picture.remarks ?? []), ...plane.remarks, ...remarks],
  };
}

// --- the network ------------------------------------------------------------------------------------------------------

async function load(threads) {
  ort.env.wasm.numThreads = threads;
  const [, model] = await fetched([RUNTIME, MODEL]);
  // Asked for again, it comes from the browser's cache: of what it streams itself the browser keeps the compiled code.
  ort.env.wasm.wasmPaths = { wasm: here(RUNTIME).href };
  tell("starting");
  return ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
}

/** The bytes of files beside this one, both at a time. */
async function fetched(names) {
  const answers = await Promise.all(names.map((name) => fetch(here(name)).catch(() => ({ ok: false }))));
  if (!answers.every(({ ok }) => ok)) throw new Refusal("The network could not be loaded.", "Is this page still online?");
  const packed = answers.some(({ headers }) => headers.has("Content-Encoding"));
  const total = packed ? 0 : answers.reduce((sum, { headers }) => sum + Number(headers.get("Content-Length")), 0);
  let done = 0;
  return Promise.all(answers.map((answer) => received(answer, (more) => tell("loading", (done += more), total))));
}

async function received(answer, on) {
  const parts = [], reader = answer.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    on(part.value.length);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Colours of (height, width) greys: a Float32Array of three planes. */
async function paint(session, { nir, width, height }) {
  const { rgb } = await session.run({ nir: new ort.Tensor("float32", nir, [1, 1, height, width]) }, ["rgb"]);
  return rgb.data;
}

// --- the result -------------------------------------------------------------------------------------------------------

/** Three planes in [0, 1], and maybe alpha -> interleaved samples up to `peak`. */
function quantised(rgb, alpha, peak) {
  const count = rgb.length / 3, channels = alpha ? 4 : 3;
  const samples = new (peak > 255 ? Uint16Array : Uint8Array)(count * channels);
  for (let i = 0, o = 0; i < count; i++, o += channels) {
    for (let c = 0; c < 3; c++) samples[o + c] = Math.round(Math.min(Math.max(rgb[c * count + i], 0), 1) * peak);
    if (alpha) samples[o + 3] = alpha[i];
  }
  return samples;
}

/** One or three planes in [0, 1] as a canvas has them: an ArrayBuffer of RGBA. */
function shown(planes, channels, alpha, peak) {
  const count = planes.length / channels, pixels = new Uint8ClampedArray(count * 4); // which rounds
  for (let i = 0, o = 0; i < count; i++, o += 4) {
    for (let c = 0; c < 3; c++) pixels[o + c] = planes[channels === 1 ? i : c * count + i] * 255;
    pixels[o + 3] = alpha ? (alpha[i] * 255) / peak : 255;
  }
  return pixels.buffer;
}

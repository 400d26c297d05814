// Read PNG files of 1 to 16 bits (PNG third edition). Browsers would read 16 bits as 8, apply gamma chunks, and
// multiply colours by transparency.
import { Refusal, checkSize, damaged, truncated } from "./inspect.js";

const CHANNELS = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const DEPTHS = { 0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16] };
const INTERLACED = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
const MOST_PER_BYTE = 1032; // that deflate can become

const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

/** The checksum of a chunk. */
export function crc(bytes) {
  let sum = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) sum = CRC[(sum ^ bytes[i]) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}

/** All chunks by their names, those of one name joined to a list. Raises Refusal where one that matters is damaged. */
function chunksOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), chunks = {};
  for (let at = 8, name = ""; name !== "IEND"; ) {
    if (at + 12 > bytes.length) throw truncated();
    const length = view.getUint32(at), end = at + 12 + length;
    if (end > bytes.length) throw truncated();
    name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    const sound = crc(bytes.subarray(at + 4, end - 4)) === view.getUint32(end - 4);
    if (!sound && !(bytes[at + 4] & 32)) throw damaged(`the ${name} part of the PNG fails its checksum`);
    if (sound) (chunks[name] ??= []).push(bytes.subarray(at + 8, end - 4));
    at = end;
  }
  return chunks;
}

/** Unpack zlib data into exactly `size` bytes. Raises Refusal where there are fewer. */
export async function inflate(parts, size) {
  const out = new Uint8Array(size);
  const reader = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  let filled = 0;
  try {
    while (filled < size) {
      const { done, value } = await reader.read();
      if (done) break;
      out.set(value.subarray(0, size - filled), filled);
      filled += Math.min(value.length, size - filled);
    }
  } catch {
    throw damaged("its compressed data cannot be unpacked");
  } finally {
    reader.cancel().catch(() => {});
  }
  if (filled < size) throw damaged("it holds fewer pixels than it says");
  return out;
}

function headOf(chunks, most) {
  const head = chunks.IHDR?.[0];
  if (head?.length !== 13) throw damaged("the PNG has no header");
  const view = new DataView(head.buffer, head.byteOffset, 13);
  const [width, height, depth, colour] = [view.getUint32(0), view.getUint32(4), head[8], head[9]];
  if (!DEPTHS[colour]?.includes(depth) || head[12] > 1) throw damaged("its PNG header makes no sense");
  checkSize(width, height, most);
  if (chunks.acTL) throw new Refusal("This is an animated PNG.", "Extract one picture first.");
  return { width, height, depth, colour, channels: CHANNELS[colour], passes: head[12] ? INTERLACED : [[0, 0, 1, 1]] };
}

/**
 * Read a PNG of at most `most` pixels: {width, height, channels, samples, peak, exif, profile}, samples interleaved, a
 * Uint8Array or Uint16Array. Raises Refusal.
 */
export async function readPng(bytes, most) {
  const chunks = chunksOf(bytes), head = headOf(chunks, most);
  const { width, height, depth, channels } = head;
  const passes = head.passes
    .map(([x, y, dx, dy]) => ({ x, y, dx, dy, w: Math.ceil((width - x) / dx), h: Math.ceil((height - y) / dy) }))
    .filter(({ w, h }) => w > 0 && h > 0)
    .map((pass) => ({ ...pass, row: Math.ceil((pass.w * channels * depth) / 8) }));
  const size = passes.reduce((sum, { h, row }) => sum + h * (row + 1), 0), data = chunks.IDAT ?? [];
  if (size > MOST_PER_BYTE * data.reduce((sum, part) => sum + part.length, 0) + 65536) throw truncated();
  const packed = await inflate(data, size);
  const samples = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  let at = 0;
  for (const pass of passes) at = unfilter(packed, at, pass, head, samples);
  return { ...expand(samples, head, chunks), width, height, exif: chunks.eXIf?.[0], profile: Boolean(chunks.iCCP) };
}

function unfilter(packed, at, { x, y, dx, dy, w, h, row }, { width, depth, channels }, samples) {
  const step = Math.max(1, (channels * depth) >> 3);
  let above = new Uint8Array(row);
  for (let line = 0; line < h; line++, at += row + 1) {
    const here = packed.subarray(at + 1, at + 1 + row);
    undo(packed[at], here, above, step);
    above = here;
    const first = ((y + line * dy) * width + x) * channels;
    spread(here, depth, w, channels, samples, first, dx * channels);
  }
  return at;
}

/** Take the filter of one row back, in place. */
function undo(filter, here, above, step) {
  const n = here.length;
  if (filter === 1) for (let i = step; i < n; i++) here[i] += here[i - step];
  else if (filter === 2) for (let i = 0; i < n; i++) here[i] += above[i];
  else if (filter === 3) for (let i = 0; i < n; i++) here[i] += ((i < step ? 0 : here[i - step]) + above[i]) >> 1;
  else if (filter === 4) {
    for (let i = 0; i < n; i++) here[i] += i < step ? above[i] : paeth(here[i - step], above[i], above[i - step]);
  } else if (filter !== 0) throw damaged("a row of the PNG has an unknown filter");
}

function paeth(left, above, corner) {
  const a = Math.abs(above - corner), b = Math.abs(left - corner), c = Math.abs(left + above - 2 * corner);
  return a <= b && a <= c ? left : b <= c ? above : corner;
}

/** The samples of one row to their places: pixels `step` apart. */
function spread(row, depth, pixels, channels, samples, first, step) {
  for (let pixel = 0, k = 0; pixel < pixels; pixel++, first += step) {
    for (let channel = 0; channel < channels; channel++, k++) {
      if (depth === 8) samples[first + channel] = row[k];
      else if (depth === 16) samples[first + channel] = (row[2 * k] << 8) | row[2 * k + 1];
      else samples[first + channel] = (row[(k * depth) >> 3] >> (8 - depth - ((k * depth) & 7))) & ((1 << depth) - 1);
    }
  }
}

/** Palettes become RGB, few bits the full range of 8, a transparent colour an alpha channel. */
function expand(samples, { depth, colour, channels }, chunks) {
  const key = chunks.tRNS?.[0], peak = depth === 16 ? 65535 : 255;
  if (colour === 3) return { ...fromPalette(samples, chunks.PLTE?.[0] ?? [], key), peak };
  const scale = depth < 8 ? 255 / (2 ** depth - 1) : 1;
  if (!key || channels % 2 === 0) {
    if (scale > 1) samples = samples.map((value) => value * scale);
    return { samples, channels, peak };
  }
  const wanted = Array.from({ length: channels }, (_, c) => (key[2 * c] << 8) | key[2 * c + 1]);
  const out = new samples.constructor((samples.length / channels) * (channels + 1));
  for (let i = 0, o = 0; i < samples.length; i += channels) {
    let same = true;
    for (let c = 0; c < channels; c++) {
      same &&= samples[i + c] === wanted[c];
      out[o++] = samples[i + c] * scale;
    }
    out[o++] = same ? 0 : peak;
  }
  return { samples: out, channels: channels + 1, peak };
}

function fromPalette(numbers, palette, alpha) {
  const channels = alpha ? 4 : 3, samples = new Uint8Array(numbers.length * channels);
  for (let i = 0, o = 0; i < numbers.length; i++) {
    const entry = numbers[i];
    if (3 * entry + 2 >= palette.length) throw damaged("its palette has too few colours");
    for (let c = 0; c < 3; c++) samples[o++] = palette[3 * entry + c];
    if (alpha) samples[o++] = alpha[entry] ?? 255;
  }
  return { samples, channels };
}

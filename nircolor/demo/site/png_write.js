// Write PNG files, 8 and 16 bits (PNG third edition): a canvas would write 8, and multiply colours by transparency.
import { crc } from "./png.js";

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A PNG file, as a Blob, of interleaved `samples` with 3 or 4 channels, of 8 or 16 bits. */
export async function writePng(width, height, channels, samples) {
  const deep = samples instanceof Uint16Array, head = new Uint8Array(13), view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head.set([deep ? 16 : 8, channels === 4 ? 6 : 2], 8);
  const rows = filtered(width, height, channels, samples, deep);
  const packed = await new Response(new Blob([rows]).stream().pipeThrough(new CompressionStream("deflate"))).arrayBuffer();
  const parts = [chunk("IHDR", head), chunk("sRGB", [0]), chunk("IDAT", new Uint8Array(packed)), chunk("IEND", [])];
  return new Blob([Uint8Array.from(SIGNATURE), ...parts], { type: "image/png" });
}

/** Each row less the one above it. */
function filtered(width, height, channels, samples, deep) {
  const row = width * channels * (deep ? 2 : 1), rows = new Uint8Array(height * (row + 1));
  let bytes = samples;
  if (deep) {
    bytes = new Uint8Array(samples.length * 2);
    for (let i = 0; i < samples.length; i++) [bytes[2 * i], bytes[2 * i + 1]] = [samples[i] >> 8, samples[i] & 255];
  }
  for (let line = 0, at = 0, from = 0; line < height; line++, from += row) {
    rows[at++] = 2;
    for (let i = from; i < from + row; i++) rows[at++] = bytes[i] - (line ? bytes[i - row] : 0);
  }
  return rows;
}

function chunk(name, content) {
  const bytes = new Uint8Array(content.length + 12), view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(content, 8);
  view.setUint32(content.length + 8, crc(bytes.subarray(4, content.length + 8)));
  return bytes;
}

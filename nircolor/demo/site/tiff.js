// Read TIFF files (TIFF 6.0) of one picture: 8 or 16 bits, grey or grey as RGB, in strips or tiles, without compression
// or with deflate or LZW. Browsers read none.
import { Refusal, checkSize, damaged, truncated } from "./inspect.js";
import { inflate } from "./png.js";

const SIZES = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8 }; // bytes, by type
const NUMBERS = { 1: "getUint8", 3: "getUint16", 4: "getUint32" };
const MOST_ENTRIES = 4096, MOST_PAGES = 64;
const PACKINGS = { 1: (data) => data, 5: unpackLzw, 8: inflated, 32946: inflated };
const UNUSED = { 42113: "no-data value", 42112: "scale", 50714: "black level", 50717: "white level", 34675: "profile" };
const SMALLER = 1; // bit of NewSubfileType: a preview
const elsewhere = "nircolor on the command line reads it.";

/** Orientation that a block of EXIF names, 1 where it names none. */
export function orientationOf(block) {
  try {
    return directoryAt(opened(block)).tags.get(274)?.[0] ?? 1;
  } catch {
    return 1;
  }
}

function opened(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes, view, little: bytes[0] === 0x49, end: bytes.length };
}

/** The tags of one directory, by number, as lists of whole numbers, and where the next one is. */
function directoryAt({ view, little, end }, at = view.getUint32(4, little)) {
  if (at < 8 || at + 2 > end) throw truncated();
  const count = view.getUint16(at, little), tags = new Map();
  if (count > MOST_ENTRIES || at + 6 + 12 * count > end) throw truncated();
  for (let entry = at + 2; entry < at + 2 + 12 * count; entry += 12) {
    const type = view.getUint16(entry + 2, little), many = view.getUint32(entry + 4, little);
    const place = (SIZES[type] ?? 1) * many > 4 ? view.getUint32(entry + 8, little) : entry + 8, read = NUMBERS[type];
    if (place + (SIZES[type] ?? 1) * many > end) throw truncated();
    tags.set(
      view.getUint16(entry, little),
      read ? Array.from({ length: many }, (_, i) => view[read](place + i * SIZES[type], little)) : [],
    );
  }
  return { tags, next: view.getUint32(at + 2 + 12 * count, little) };
}

/** The tags of the only picture of a file. Raises Refusal where there are several. */
function onlyPicture(file) {
  const pictures = [];
  for (let at = file.view.getUint32(4, file.little), seen = 0; at; seen++) {
    if (seen > MOST_PAGES) throw new Refusal("This TIFF has too many pages.", elsewhere);
    const { tags, next } = directoryAt(file, at);
    if (!((tags.get(254)?.[0] ?? 0) & SMALLER)) pictures.push(tags);
    at = next;
  }
  if (pictures.length > 1) throw new Refusal(`This TIFF has ${pictures.length} pages or more.`, "Save one by itself.");
  if (!pictures.length) throw damaged("the TIFF holds no picture");
  return pictures[0];
}

function layoutOf(tags, most) {
  const one = (tag, otherwise) => tags.get(tag)?.[0] ?? otherwise, [width, height] = [one(256, 0), one(257, 0)];
  checkSize(width, height, most);
  const channels = one(277, 1), bits = tags.get(258) ?? [1], tiled = tags.has(322);
  const layout = {
    width, height, channels, tiled, depth: bits[0], packing: one(259, 1), predictor: one(317, 1), meaning: one(262, 1),
    blockWidth: tiled ? one(322, 0) : width,
    blockHeight: tiled ? one(323, 0) : Math.min(one(278, height), height),
    places: tags.get(tiled ? 324 : 273) ?? [],
    lengths: tags.get(tiled ? 325 : 279) ?? [],
  };
  const why = unread(layout, bits, tags);
  if (why) throw new Refusal(`This page cannot read this TIFF: ${why}.`, elsewhere);
  if (!(layout.blockWidth > 0 && layout.blockHeight > 0)) throw damaged("its strips have no size");
  checkSize(layout.blockWidth, layout.blockHeight, 4 * most);
  return layout;
}

/** Why a TIFF of this layout is not read; nothing where it is. */
function unread({ channels, depth, packing, predictor, meaning }, bits, tags) {
  if (![8, 16].includes(depth) || bits.some((n) => n !== depth)) return `its samples have ${bits.join(", ")} bits`;
  if ((tags.get(339) ?? [1]).some((kind) => kind !== 1)) return "its samples are floats, or have a sign";
  if (!PACKINGS[packing]) return `it is compressed (TIFF compression ${packing})`;
  if (![1, 2].includes(predictor)) return `it has the predictor ${predictor}`;
  const colours = { 0: 1, 1: 1, 2: 3 }[meaning], extra = tags.get(338) ?? [];
  if (!colours) return "its colours are of a kind of their own";
  if (channels > colours + 1 || channels < colours || (channels > colours && extra[0] !== 2)) {
    return `it has ${channels} bands`;
  }
  return channels > 1 && (tags.get(284)?.[0] ?? 1) !== 1 ? "its bands lie one after the other" : "";
}

/** Read a TIFF of at most `most` pixels: see readPng; and `inverted`, where 0 is white. Raises Refusal. */
export async function readTiff(bytes, most) {
  const file = opened(bytes), tags = onlyPicture(file), layout = layoutOf(tags, most);
  const { width, height, channels, depth, blockWidth, blockHeight } = layout;
  const across = Math.ceil(width / blockWidth), blocks = across * Math.ceil(height / blockHeight);
  if (layout.places.length < blocks || layout.lengths.length < blocks) throw damaged("its strips are not all there");
  const samples = new (depth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  for (let block = 0; block < blocks; block++) {
    const left = (block % across) * blockWidth, top = Math.floor(block / across) * blockHeight;
    const rows = layout.tiled ? blockHeight : Math.min(blockHeight, height - top);
    const values = await samplesOf(file, layout, block, rows);
    const kept = Math.min(blockWidth, width - left) * channels;
    for (let y = 0; y < Math.min(rows, height - top); y++) {
      const from = y * blockWidth * channels;
      samples.set(values.subarray(from, from + kept), ((top + y) * width + left) * channels);
    }
  }
  const unused = Object.entries(UNUSED).filter(([tag]) => tags.has(Number(tag))).map(([, name]) => name);
  const remarks = unused.length ? [{ text: `What the file says of its ${unused.join(" and ")} was not used.` }] : [];
  const orientation = tags.get(274)?.[0] ?? 1, inverted = layout.meaning === 0;
  return { width, height, channels, samples, peak: 2 ** depth - 1, orientation, inverted, remarks };
}

/** The samples of one strip or tile. */
async function samplesOf({ bytes, little, end }, layout, block, rows) {
  const place = layout.places[block], length = layout.lengths[block], line = layout.blockWidth * layout.channels;
  if (place + length > end) throw truncated();
  const size = rows * line * (layout.depth / 8);
  const data = await PACKINGS[layout.packing](bytes.subarray(place, place + length), size);
  if (data.length < size) throw damaged("a strip of it holds fewer pixels than it says");
  const values = layout.depth === 8 ? data.slice(0, size) : shorts(data, size / 2, little);
  if (layout.predictor === 2) {
    for (let i = 0; i < values.length; i++) if (i % line >= layout.channels) values[i] += values[i - layout.channels];
  }
  return values;
}

function shorts(data, count, little) {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Uint16Array.from({ length: count }, (_, i) => view.getUint16(2 * i, little));
}

function inflated(data, size) {
  return inflate([data], size);
}

/** LZW as TIFF has it (section 13): codes of 9 to 12 bits, the most significant first. */
function unpackLzw(data, size) {
  const out = new Uint8Array(size), from = new Uint32Array(4096), lengths = new Uint16Array(4096);
  let filled = 0, next = 258, bits = 9, held = 0, have = 0, before = -1;
  for (const byte of data) {
    held = ((held << 8) | byte) & 0xffffff;
    have += 8;
    if (have < bits) continue;
    const code = (held >> (have -= bits)) & ((1 << bits) - 1);
    if (code === 257 || filled >= size) break;
    if (code === 256) {
      [next, bits, before] = [258, 9, -1];
      continue;
    }
    if (code > next || (code >= 256 && before < 0)) throw damaged("its LZW codes make no sense");
    // an entry is where its bytes were written: those of the code before, and the first of this one behind them
    if (before >= 0 && next < 4096) {
      [from[next], lengths[next]] = [filled - before, before + 1];
      next++;
    }
    const length = code < 256 ? 1 : lengths[code], start = from[code];
    if (code < 256) out[filled] = code;
    else for (let i = 0; i < length && filled + i < size; i++) out[filled + i] = out[start + i];
    filled += length;
    before = length;
    if (next >= (1 << bits) - 1 && bits < 12) bits++;
  }
  return out.subarray(0, Math.min(filled, size));
}

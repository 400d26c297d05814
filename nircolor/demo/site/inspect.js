// What a file is, by its first bytes; and of those that the browser decodes: whether all of it is there, and how large
// its picture is, before anything is decoded.

/** What a file is refused with: why, what helps, and maybe something that the page offers to do. */
export class Refusal extends Error {
  constructor(reason, remedy = "", offer = null) {
    super(remedy ? `${reason} ${remedy}` : reason);
    this.offer = offer;
  }
}

export const truncated = () => new Refusal("This file is cut off: its end is missing.", "Get a fresh copy.");
export const damaged = (what) => new Refusal(`This file is damaged: ${what}.`, "Get a fresh copy.");

/** Raises Refusal for a picture of more than `most` pixels, or of none. */
export function checkSize(width, height, most) {
  if (width < 1 || height < 1) throw damaged(`it has ${width} x ${height} pixels`);
  if (width * height <= most) return;
  const size = `${width} x ${height} pixels, ${Math.round((width * height) / 1e5) / 10} megapixels`;
  throw new Refusal(
    `This picture is too large for a browser: ${size}, and this page takes up to ${most / 1e6}.`,
    "Make it smaller, or use nircolor on the command line, which takes any size.",
  );
}

const text = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
const u16 = (bytes, at) => (bytes[at] << 8) | bytes[at + 1];
const u16le = (bytes, at) => bytes[at] | (bytes[at + 1] << 8);
const u24le = (bytes, at) => u16le(bytes, at) | (bytes[at + 2] << 16);
const u32 = (bytes, at) => u16(bytes, at) * 65536 + u16(bytes, at + 2);
const u32le = (bytes, at) => u16le(bytes, at) + u16le(bytes, at + 2) * 65536;

const KNOWN = [
  ["PNG", "\x89PNG\r\n\x1a\n"], ["TIFF", "II*\0"], ["TIFF", "MM\0*"], ["JPEG", "\xff\xd8\xff"], ["BMP", "BM"],
];
const OTHERS = [
  ["a BigTIFF", "II+\0"], ["a BigTIFF", "MM\0+"], ["a GIF", "GIF8"], ["a PDF", "%PDF"], ["a JPEG XL", "\xff\x0a"],
  ["a JPEG XL", "\0\0\0\x0cJXL "], ["a JPEG 2000", "\0\0\0\x0cjP  "], ["a JPEG 2000", "\xff\x4f\xff\x51"],
];

/** "PNG", "TIFF", "JPEG", "WebP", "AVIF" or "BMP". Raises Refusal for anything else. */
export function kindOf(bytes) {
  if (!bytes.length) throw new Refusal("This file is empty.", "Get a fresh copy.");
  const starts = ([, start]) => text(bytes, 0, start.length) === start;
  const known = KNOWN.find(starts);
  if (known) return known[0];
  if (text(bytes, 0, 4) === "RIFF" && text(bytes, 8, 4) === "WEBP") return "WebP";
  const brand = text(bytes, 4, 4) === "ftyp" ? text(bytes, 8, 4) : "";
  if (brand === "avif") return "AVIF";
  const other = brand ? "a HEIC, or a film" : OTHERS.find(starts)?.[0];
  throw new Refusal(
    other ? `This is ${other}, which this page cannot read.` : "This is no picture that this page can read.",
    "It takes PNG, TIFF, JPEG, WebP, AVIF and BMP; nircolor on the command line takes many more.",
  );
}

/** {width, height} of a file that the browser decodes; Raises Refusal where it ends early. */
export const headOf = (kind, bytes) => ({ JPEG: jpeg, WebP: webp, AVIF: avif, BMP: bmp })[kind](bytes);

function jpeg(bytes) {
  let at = 2, size = null;
  for (;;) {
    if (at + 2 > bytes.length) throw truncated();
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff) throw damaged("a part of the JPEG does not end where it says");
    if (marker === 0xd9) break;
    if (marker === 0xff || marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    if (at + 9 >= bytes.length) throw truncated();
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      size = { width: u16(bytes, at + 7), height: u16(bytes, at + 5) };
      if (bytes[at + 9] === 4) throw new Refusal("This is a CMYK JPEG, made for print.", "Convert it to grey first.");
    }
    at += 2 + u16(bytes, at + 2);
    if (marker === 0xda) at = pastScan(bytes, at);
  }
  if (!size) throw damaged("the JPEG holds no picture");
  return size;
}

/** Where the compressed data that begins at `at` ends: at the next marker that is no restart. */
function pastScan(bytes, at) {
  for (;;) {
    at = bytes.indexOf(0xff, at);
    if (at < 0 || at + 1 >= bytes.length) throw truncated();
    const next = bytes[at + 1];
    if (next !== 0x00 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
    at += next === 0xff ? 1 : 2;
  }
}

function webp(bytes) {
  if (bytes.length < 30 || u32le(bytes, 4) + 8 > bytes.length) throw truncated();
  const chunk = text(bytes, 12, 4);
  if (chunk === "VP8X") {
    if (bytes[20] & 2) throw new Refusal("This is an animated WebP.", "Extract one picture first.");
    return { width: u24le(bytes, 24) + 1, height: u24le(bytes, 27) + 1 };
  }
  if (chunk === "VP8 ") return { width: u16le(bytes, 26) & 0x3fff, height: u16le(bytes, 28) & 0x3fff };
  const sides = u32le(bytes, 21); // VP8L: 14 bits each, less one
  return { width: (sides & 0x3fff) + 1, height: ((sides >>> 14) & 0x3fff) + 1 };
}

function avif(bytes) {
  const size = { width: 0, height: 0 };
  const inside = (from, to, path) => {
    for (let at = from; at + 8 <= to; ) {
      const length = u32(bytes, at) || to - at, name = text(bytes, at + 4, 4);
      if (length < 8 || at + length > to) throw truncated();
      if (name === "ispe" && path.length === 0) {
        size.width = Math.max(size.width, u32(bytes, at + 12));
        size.height = Math.max(size.height, u32(bytes, at + 16));
      }
      // "meta" has four bytes of version and flags before what is in it
      if (name === path[0]) inside(at + (name === "meta" ? 12 : 8), at + length, path.slice(1));
      at += length;
    }
  };
  inside(0, bytes.length, ["meta", "iprp", "ipco"]);
  return size;
}

function bmp(bytes) {
  if (bytes.length < 30) throw truncated();
  if (u32le(bytes, 14) === 12) return { width: u16le(bytes, 18), height: u16le(bytes, 20) };
  return { width: u32le(bytes, 18), height: Math.abs(u32le(bytes, 22) | 0) };
}

// From samples to greys, as nircolor reads a file: three channels that differ little are one, the type says what is
// white, the picture stands upright.
import { Refusal } from "./inspect.js";

// Difference between channels (of 255) and the share of the pixels that may exceed it in a grey picture: one of these
// has to hold (nircolor/image/tone/grey.py).
const RULES = [[8, 0.06], [16, 0.02]];
const SAMPLE = 1 << 18; // pixels that are enough to find how bright a picture is
const DARK = { 255: 1 / 16, 65535: 1 / 4 }; // part of the range below which a picture is dark, by its largest value
const BRIGHTEST = 0.001; // part of the pixels that may lie above it

/**
 * One plane of a picture: {levels, alpha, remarks}; alpha is null where all is opaque.
 * `luma`: colours are welcome. Raises Refusal for a colour picture.
 */
export function onePlane(picture, luma) {
  const { width, height, channels, samples } = picture, count = width * height;
  const alpha = channels % 2 ? null : alphaOf(picture);
  if (channels < 3) {
    const levels = channels === 1 ? samples : samples.filter((_, i) => i % 2 === 0);
    return { levels, alpha, remarks: [] };
  }
  const levels = new samples.constructor(count);
  for (let i = 0, o = 0; i < count; i++, o += channels) {
    levels[i] = (299 * samples[o] + 587 * samples[o + 1] + 114 * samples[o + 2] + 500) / 1000; // BT.601; cut off
  }
  return { levels, alpha, remarks: luma ? [] : colourRemarks(picture, alpha) };
}

function alphaOf({ channels, samples, peak }) {
  const alpha = samples.filter((_, i) => i % channels === channels - 1);
  return alpha.every((value) => value === peak) ? null : alpha;
}

function colourRemarks({ width, height, channels, samples, peak, noisy }, alpha) {
  const spreads = new Uint32Array(peak + 1), count = width * height;
  for (let i = 0, o = 0; i < count; i++, o += channels) {
    const [r, g, b] = [samples[o], samples[o + 1], samples[o + 2]];
    if (!alpha || alpha[i]) spreads[Math.max(r, g, b) - Math.min(r, g, b)]++;
  }
  const total = spreads.reduce((sum, n) => sum + n, 0) || 1;
  if (spreads[0] === total) return [];
  const white = peak === 255 ? 255 : brightest(width, height, channels, samples, alpha);
  const shares = RULES.map(([limit]) => {
    const above = Math.floor((limit / 255) * white) + 1;
    return spreads.subarray(above).reduce((sum, n) => sum + n, 0) / total;
  });
  if (RULES.every(([, most], i) => shares[i] > most)) {
    throw new Refusal(
      `This is a colour picture: its channels differ in ${percent(shares[0])} of its pixels.`,
      "This page colours near-infrared pictures, which are grey.",
      { luma: true, label: "Colour its brightness anyway" },
    );
  }
  return !shares[0] && noisy ? [] : [{ text: "Its colours differ, but little: it was read as grey." }];
}

/** What counts as white in a picture of 16 bits, which may use a part of its range: its brightest thousandth. */
function brightest(width, height, channels, samples, alpha) {
  const step = Math.max(1, Math.trunc(Math.sqrt((width * height) / SAMPLE))), counts = new Uint32Array(65536);
  for (let y = 0; y < height; y += step) {
    for (let x = 0; x < width; x += step) {
      const i = y * width + x, o = i * channels;
      if (!alpha || alpha[i]) counts[Math.max(samples[o], samples[o + 1], samples[o + 2])]++;
    }
  }
  return percentile(counts, 99.9);
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

/** As numpy.percentile has it, of pixels that are counted by value. */
function percentile(counts, percent) {
  const total = counts.reduce((sum, n) => sum + n, 0);
  const place = (percent / 100) * Math.max(total - 1, 0), at = (rank) => {
    let seen = 0, value = 0;
    while (value < counts.length - 1 && (seen += counts[value]) <= rank) value++;
    return value;
  };
  const low = at(Math.floor(place));
  return low + (at(Math.ceil(place)) - low) * (place % 1);
}

/**
 * Greys in [0, 1], a Float32Array, of `levels` of which `peak` is white: {nir, remarks}. `stretch`: the values at 1 and
 * 99 percent of the pixels become black and white. `inverted`: 0 is white.
 */
export function toned({ levels, alpha }, peak, inverted, stretch) {
  const counts = new Uint32Array(peak + 1);
  for (let i = 0; i < levels.length; i++) if (!alpha || alpha[i]) counts[levels[i]]++;
  const [low, high] = stretch ? [percentile(counts, 1), percentile(counts, 99)] : [0, peak];
  const shown = Float32Array.from(counts, (_, level) => {
    const grey = high > low ? (level - low) / (high - low) : level / peak;
    return Math.min(Math.max(inverted ? 1 - grey : grey, 0), 1);
  });
  const nir = new Float32Array(levels.length);
  for (let i = 0; i < levels.length; i++) nir[i] = shown[levels[i]];
  return { nir, remarks: stretch ? [] : darkRemarks(counts, shown, peak) };
}

function darkRemarks(counts, shown, peak) {
  let pixels = 0, bright = 0, levels = 0;
  counts.forEach((n, level) => {
    pixels += n;
    levels += n > 0;
    if (shown[level] > DARK[peak]) bright += n;
  });
  if (levels < 2 || bright > Math.floor(BRIGHTEST * pixels)) return [];
  const text = `It is dark: it uses less than ${100 * DARK[peak]} % of its range.`;
  return [{ text, offer: { stretch: true, label: "Use the full range" } }];
}

/** A plane turned upright as EXIF's `orientation` (1 to 8) says: {plane, width, height}. */
export function upright(plane, width, height, orientation) {
  if (!plane || !(orientation > 1)) return { plane, width, height };
  const swaps = orientation > 4, [w, h] = swaps ? [height, width] : [width, height];
  const out = new plane.constructor(plane.length);
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      let [row, column] = swaps ? [x, y] : [y, x];
      if ([3, 4, 6, 7].includes(orientation)) row = height - 1 - row;
      if ([2, 3, 7, 8].includes(orientation)) column = width - 1 - column;
      out[y * w + x] = plane[row * width + column];
    }
  }
  return { plane: out, width: w, height: h };
}

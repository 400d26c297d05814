// Files into one ZIP, stored as they are (pictures are compressed already). PKWARE's APPNOTE, without its 64-bit part.

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; bit++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n >>> 0;
});
const MOST = 0xffffffff, UTF8 = 0x800;

// files: [{ name, blob }] -> Blob. Throws RangeError beyond 4 GB, which this form of ZIP cannot hold.
export async function zip(files) {
  const local = [], central = [];
  let offset = 0, listed = 0;
  for (const { name, blob } of distinct(files)) {
    const entry = { name: new TextEncoder().encode(name), size: blob.size, crc: await crc32(blob) };
    const head = header(0x04034b50, entry);
    const row = header(0x02014b50, entry, offset);
    local.push(head, entry.name, blob);
    central.push(row, entry.name);
    offset += head.byteLength + entry.name.length + blob.size;
    listed += row.byteLength + entry.name.length;
    if (offset > MOST) throw new RangeError("more than 4 GB");
  }
  const end = fields([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, listed], [4, offset], [2, 0]]);
  return new Blob([...local, ...central, end], { type: "application/zip" });
}

// two files of one name: photo_rgb.tif, photo_rgb (2).tif; systems differ in whether case counts, so it does not
export function distinct(files) {
  const taken = new Set();
  return files.map(({ name, blob }) => {
    const dot = name.lastIndexOf("."), stem = dot > 0 ? name.slice(0, dot) : name, suffix = dot > 0 ? name.slice(dot) : "";
    let own = name;
    for (let n = 2; taken.has(own.toLowerCase()); n++) own = `${stem} (${n})${suffix}`;
    taken.add(own.toLowerCase());
    return { name: own, blob };
  });
}

function header(signature, { name, size, crc }, offset = null) {
  const now = new Date();
  const time = (now.getHours() << 11) | (now.getMinutes() << 5) | (now.getSeconds() >> 1);
  const date = ((now.getFullYear() - 1980) << 9) | ((now.getMonth() + 1) << 5) | now.getDate();
  const shared = [[2, 20], [2, UTF8], [2, 0], [2, time], [2, date], [4, crc], [4, size], [4, size], [2, name.length], [2, 0]];
  return offset === null
    ? fields([[4, signature], ...shared])
    : fields([[4, signature], [2, 20], ...shared, [2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]);
}

// [bytes, value] one after the other, the lowest byte first
function fields(list) {
  const view = new DataView(new ArrayBuffer(list.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, value] of list) {
    if (bytes === 2) view.setUint16(at, value, true);
    else view.setUint32(at, value, true);
    at += bytes;
  }
  return view.buffer;
}

async function crc32(blob) {
  let crc = MOST;
  const reader = blob.stream().getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    for (const byte of part.value) crc = TABLE[(crc ^ byte) & 255] ^ (crc >>> 8);
  }
  return (crc ^ MOST) >>> 0;
}

// What Python packed: numbers as bytes, deflated, in base64.

export async function unpacked(text) {
  const packed = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

export async function floats(text) {
  return new Float64Array((await unpacked(text)).buffer);
}

// Whole numbers, of which each plane holds one byte, the lowest first; null where there is no plane.
export async function counts(planes) {
  if (!planes.length) return null;
  const [low, ...higher] = await Promise.all(planes.map(unpacked));
  if (!higher.length) return low;
  const numbers = (higher.length === 1 ? Uint16Array : Uint32Array).from(low);
  higher.forEach((plane, ix) => plane.forEach((byte, at) => (numbers[at] += byte * 256 ** (ix + 1))));
  return numbers;
}

// Rows of d zeros and ones, each row from a new byte on, the first in the lowest bit.
export async function bitRows(text, d) {
  const bytes = await unpacked(text);
  const width = Math.ceil(d / 8);
  const row = (first) => Uint8Array.from({ length: d }, (_, at) => (bytes[first + (at >> 3)] >> (at & 7)) & 1);
  return Array.from({ length: bytes.length / width }, (_, ix) => row(ix * width));
}

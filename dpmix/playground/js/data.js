// What Python sent, unpacked: draws as the mixture takes them, images to start from, columns of a table.

import { bitRows, counts, floats } from "./bytes.js";
import { OFF, ON, UNKNOWN } from "./mixture.js";

async function drawOf({ chain, draw, alpha, sizes, a, b, ones, gaps, labels }, n, share) {
  const log = (weight) => Math.log(weight) - Math.log(n + alpha) + Math.log(share);
  return {
    chain,
    draw,
    sizes,
    logWeight: sizes.map((size, k) => log(k === sizes.length - 1 ? alpha : size)),
    a: await floats(a),
    b: await floats(b),
    ones: await counts(ones),
    gaps: await counts(gaps),
    labels,
  };
}

// Labels of each cluster as probabilities, from counts and the pseudo-count of each class.
function withLabels(draw, c) {
  const shares = (row) => row.map((each) => (c + each) / (c * row.length + row.reduce((sum, one) => sum + one, 0)));
  return { ...draw, labels: draw.labels && draw.labels.map(shares) };
}

async function startsOf({ names, on, observed }, d) {
  const [values, seen] = await Promise.all([bitRows(on, d), bitRows(observed, d)]);
  const pixels = (row) => values[row].map((value, at) => (seen[row][at] ? (value ? ON : OFF) : UNKNOWN));
  return names.map((name, row) => ({ name, pixels: pixels(row) }));
}

export async function unpack(data) {
  const { d, n, c } = data;
  const draws = await Promise.all(data.draws.map((draw) => drawOf(draw, n, 1 / data.draws.length)));
  return { ...data, draws: draws.map((draw) => withLabels(draw, c)), starts: await startsOf(data.starts, d) };
}

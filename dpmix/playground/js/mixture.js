// The posterior predictive of some draws, as dpmix.queries.mixture has it: a mixture over all clusters of all draws.
//
// Given its cluster a pixel is on with probability on / (on + off), where on = a + ones and off = b + observed - ones.
// A score is the log of a cluster's weight plus the logs of what is known of the image, in nats. When a pixel changes,
// each score changes by a term or two, so a stroke costs as many terms as there are clusters, whatever d is.

export const OFF = 0;
export const ON = 1;
export const UNKNOWN = 2;

const NEGLIGIBLE = 1e-7; // share of the weight that a completion may leave out
export const AUDIBLE = 0.0005; // share of a cluster that is named

export class Mixture {
  // draws: { logWeight (k), sizes (k), ones (k * d), gaps (k * d) or null, a (d), b (d), labels: (k) arrays or null }
  constructor(draws, d) {
    this.draws = draws;
    this.d = d;
    this.pixels = new Uint8Array(d).fill(UNKNOWN);
    this.scores = Float64Array.from(draws.flatMap((draw) => [...draw.logWeight]));
    let first = 0;
    this.firsts = draws.map((draw) => (first += draw.sizes.length) - draw.sizes.length);
  }

  set(pixel, value) {
    const before = this.pixels[pixel];
    if (before === value) return;
    if (before !== UNKNOWN) this.#add(pixel, before, -1);
    if (value !== UNKNOWN) this.#add(pixel, value, 1);
    this.pixels[pixel] = value;
  }

  #add(pixel, value, sign) {
    this.draws.forEach(({ sizes, ones, gaps, a, b }, ix) => {
      const first = this.firsts[ix];
      for (let k = 0, at = pixel; k < sizes.length; k++, at += this.d) {
        const on = a[pixel] + ones[at];
        const off = b[pixel] + (sizes[k] - ones[at] - (gaps ? gaps[at] : 0));
        this.scores[first + k] += sign * Math.log((value === ON ? on : off) / (on + off));
      }
    });
  }

  // { logPredictive, nats; shares (all clusters); proba (d) that each pixel is on, known ones as they are }
  answer() {
    const top = this.scores.reduce((most, score) => Math.max(most, score), -Infinity);
    const shares = this.scores.map((score) => Math.exp(score - top));
    const total = shares.reduce((sum, share) => sum + share, 0);
    shares.forEach((share, ix) => (shares[ix] = share / total));
    return { logPredictive: Math.min(0, top + Math.log(total)), shares, proba: this.#completed(shares) };
  }

  #completed(shares) {
    const proba = new Float64Array(this.d);
    const hidden = Int32Array.from(this.pixels.keys()).filter((pixel) => this.pixels[pixel] === UNKNOWN);
    shares.forEach((share, ix) => {
      if (share > NEGLIGIBLE / shares.length) this.#addMean(ix, share, hidden, proba);
    });
    this.pixels.forEach((value, pixel) => (proba[pixel] = value === UNKNOWN ? Math.min(1, proba[pixel]) : value));
    return proba;
  }

  #addMean(ix, share, hidden, out) {
    const { draw, k } = this.place(ix);
    const { sizes, ones, gaps, a, b } = this.draws[draw];
    const first = k * this.d;
    const size = sizes[k];
    for (let ix = 0; ix < hidden.length; ix++) {
      const pixel = hidden[ix];
      const observed = gaps ? size - gaps[first + pixel] : size;
      out[pixel] += (share * (a[pixel] + ones[first + pixel])) / (a[pixel] + b[pixel] + observed);
    }
  }

  // Which draw the cluster `ix` of all belongs to, and which of its clusters it is.
  place(ix) {
    const draw = this.firsts.findLastIndex((first) => first <= ix);
    return { draw, k: ix - this.firsts[draw] };
  }

  // How probable it is in one cluster that each pixel is on.
  mean(ix) {
    const proba = new Float64Array(this.d);
    this.#addMean(ix, 1, Int32Array.from(proba.keys()), proba);
    return proba;
  }

  // How probable each label is, or null where the posterior has none.
  labels(shares) {
    if (!this.draws[0].labels) return null;
    const proba = new Float64Array(this.draws[0].labels[0].length);
    shares.forEach((share, ix) => {
      const { draw, k } = this.place(ix);
      this.draws[draw].labels[k].forEach((each, label) => (proba[label] += share * each));
    });
    return proba;
  }
}

// The largest shares, { ix, share }, those left out that nobody would hear.
export function loudest(shares, most) {
  const found = [];
  shares.forEach((share, ix) => {
    if (share < AUDIBLE || (found.length === most && share <= found[most - 1].share)) return;
    const at = found.findIndex((each) => each.share < share);
    found.splice(at < 0 ? found.length : at, 0, { ix, share });
    found.splice(most);
  });
  return found;
}

// How unsure each pixel is, in bits: 0 where it is certain, 1 where it is as open as the toss of a coin.
export function entropies(proba) {
  const part = (p) => (p > 0 ? -p * Math.log2(p) : 0);
  return proba.map((p) => part(p) + part(1 - p));
}

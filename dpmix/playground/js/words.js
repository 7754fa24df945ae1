// What the page says.

export function percent(share) {
  if (share > 0 && share < 0.01) return "under 1\u00a0%";
  if (share < 1 && share > 0.99) return "over 99\u00a0%";
  return `${Math.round(100 * share)}\u00a0%`;
}

export function number(value, digits = 0) {
  const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return text.replace("-", "\u2212");
}

export const count = (many, noun) => `${number(many)} ${noun}${many === 1 ? "" : "s"}`;

// In words, that a column { name, off, on } is on or off.
export function said({ name, off, on }, value) {
  if (on !== null) return `${name} = ${value ? on : off}`;
  return value ? name : `not ${name}`;
}

// what: "pixel" or "column"; known of d are known; wrong is how many guesses would be expected to be wrong.
export function summary(what, d, known, logPredictive, wrong) {
  const hidden = d - known;
  const guess = hidden
    ? ` Of ${count(hidden, `hidden ${what}`)} the likelier values would be wrong for about ${number(wrong, 1)}.`
    : "";
  if (!known) return `Nothing is known yet of ${count(d, what)}.${guess}`;
  const each = `as if each had been expected with ${percent(Math.exp(logPredictive / known))}`;
  const nats = `log predictive ${number(logPredictive, 2)} nats`;
  return `${number(known)} of ${count(d, what)} known: ${nats}, ${each}.${guess}`;
}

export function clusterName({ draw, k }, draws, noun) {
  const { chain, draw: number_, sizes } = draws[draw];
  if (k === sizes.length - 1) return `a cluster not opened yet (chain ${chain}, draw ${number_})`;
  return `cluster ${k} of chain ${chain}, draw ${number_}: ${count(sizes[k], noun)}`;
}

// What sets a cluster apart: the columns in which it differs most from all.
export function apart(columns, mean, overall, most = 3) {
  const order = [...columns.keys()].sort((i, j) => Math.abs(mean[j] - overall[j]) - Math.abs(mean[i] - overall[i]));
  return order
    .slice(0, most)
    .map((ix) => `${said(columns[ix], true)} ${percent(mean[ix])} (overall ${percent(overall[ix])})`)
    .join("; ");
}

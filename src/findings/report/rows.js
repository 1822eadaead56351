// SPDX-License-Identifier: Apache-2.0
// The page draws itself from the JSON in it. Nothing is loaded and nothing is computed but positions, standard errors from
// intervals, and sums of counts: every number shown stands in a table of the page. Files of this folder follow one another in one
// function, in the order of src/cmake/pages.cmake.
const page = JSON.parse(document.getElementById("data").textContent);
const main = d3.select("#content");

// ---- Rows, names, numbers

const cache = {};
function rowsOf(name) {
  const table = page.tables[name];
  if (!table) return [];
  return cache[name] = cache[name] || table.rows.map(row => {
    const object = {};
    table.columns.forEach((column, i) => { object[column] = row[i]; });
    return object;
  });
}
const arms = page.arms.map(arm => arm.name);
const base = (page.arms.find(arm => arm.is_base) || {}).name;
const unique = values => Array.from(new Set(values));
const isNumber = value => typeof value === "number" && isFinite(value);
const markOf = arm => Math.max(0, arms.indexOf(arm));
const colour = index => `var(--arm${index % 7})`;
const shapes = [d3.symbolWye, d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolCross, d3.symbolStar];
const symbol = (index, size) => d3.symbol().type(shapes[index % shapes.length]).size(size || 48)();

function languageName(tag) {
  if (tag === "mean_others") return "mean of the others";
  const language = page.languages[tag];
  return language && language.name !== tag ? `${language.name} (${tag})` : String(tag);
}
const isRightToLeft = tag => ["Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm"].includes((page.languages[tag] || {}).script);

function numberText(value, sign) {
  if (!isNumber(value)) return "–";
  if (value === 0 || (Number.isInteger(value) && !sign)) return String(value);
  const size = Math.abs(value);
  if (size > 0 && size < 0.0005) return d3.format(sign ? "+.1e" : ".1e")(value);
  return d3.format((sign ? "+" : "") + (size >= 100 ? ".1f" : size >= 10 ? ".2f" : size >= 1 ? ".3f" : ".4f"))(value);
}
const pText = p => !isNumber(p) ? "no p" : p < 0.0001 ? "p<0.0001" : `p=${p.toFixed(4)}`;
const interval = (low, high, sign) => isNumber(low) ? ` [${numberText(low, sign)}, ${numberText(high, sign)}]` : "";

// Rows of one benchmark, metric, scoring and scorer, in the order in which they come.
const keyOf = row => [row.benchmark, row.metric, row.scoring, row.scorer].join("\u0001");
function blockTitle(row) {
  const scorers = unique(blockRows.map(other => other.scorer).filter(Boolean));
  return `${row.benchmark}: ${row.metric}` + (scorings.length > 1 ? `, ${row.scoring}` : "") + (scorers.length > 1 && row.scorer ? ` (${row.scorer})` : "");
}
const changes = rowsOf("changes"), values = rowsOf("values");
const blockRows = changes.length ? changes : values;
const scorings = unique(blockRows.map(row => row.scoring));
const shownScoring = scorings.includes("corrected") ? "corrected" : scorings[0];
const blocks = d3.nest().key(keyOf).entries(blockRows).map(entry => ({
  key: entry.key, title: blockTitle(entry.values[0]), rows: entry.values, languages: orderedLanguages(entry.values.map(row => row.language)),
})).sort((a, b) => isToxicity(b) - isToxicity(a) || isBias(b) - isBias(a));
// The harms first: what most people come to see.
function isToxicity(block) { return /toxic|rtp/.test(block.title); }
function isBias(block) { return /crows|stereoset|stereotyp|mbbq|bias/.test(block.title); }
function orderedLanguages(tags) {
  const rank = tag => tag === page.source ? 0 : tag === "mean_others" ? 2 : 1;
  return unique(tags).sort((a, b) => rank(a) - rank(b) || d3.ascending(a, b));
}

// How many standard errors a change is to the good (above 0) or to the bad; null where nothing says which is which.
function standardised(row) {
  if (!isNumber(row.ci95_low) || !isNumber(row.change)) return null;
  const error = (row.ci95_high - row.ci95_low) / (2 * 1.959964);
  const good = goodChange(row);
  return error > 0 && good !== null ? good / error : null;
}
function goodChange(row) {
  if (isNumber(row.distance_from_ideal_change)) return -row.distance_from_ideal_change;
  if (row.higher_is_better === true) return row.change;
  if (row.higher_is_better === false) return -row.change;
  return null;
}

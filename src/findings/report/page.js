// SPDX-License-Identifier: Apache-2.0
// Draws the page from the JSON in it. Nothing is loaded and nothing is computed but positions, standard errors from intervals,
// and sums of counts: every number shown stands in a table of the page.
"use strict";
(() => {
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
const shapes = [d3.symbolCircle, d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolCross, d3.symbolStar];
const symbol = (index, size) => d3.symbol().type(shapes[index % shapes.length]).size(size || 48)();

function languageName(tag) {
  if (tag === "mean_others") return "mean of the others";
  const language = page.languages[tag];
  return language && language.name !== tag ? `${language.name} (${tag})` : String(tag);
}
const isRightToLeft = tag => ["Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm"].includes((page.languages[tag] || {}).script);

function numberText(value, sign) {
  if (!isNumber(value)) return "–";
  if (Number.isInteger(value) && !sign) return String(value);
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
const blocks = d3.nest().key(keyOf).entries(blockRows).map(entry => ({
  key: entry.key, title: blockTitle(entry.values[0]), rows: entry.values, languages: orderedLanguages(entry.values.map(row => row.language)),
}));
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

// ---- Parts of a page

const contents = [];
function section(id, title, text) {
  contents.push({id, title});
  const part = main.append("section").attr("id", id).attr("aria-labelledby", id + "-title");
  part.append("h2").attr("id", id + "-title").text(title);
  if (text) part.append("p").text(text);
  return part;
}
let numFigures = 0;
function figure(parent, title) {
  const box = parent.append("figure"), caption = box.append("figcaption"), id = `figure-${++numFigures}`;
  caption.append("span").attr("id", id).text(title);
  caption.append("button").attr("class", "small").attr("type", "button").attr("aria-label", `Save "${title}" as SVG`).text("SVG")
    .on("click", () => saveSvg(box.select("svg").node(), title));
  return {box: box, drawing: box.append("div").attr("class", "scroll").attr("tabindex", 0).attr("role", "group").attr("aria-labelledby", id), title};
}
function canvas(place, width, height, isFixed) {
  place.drawing.selectAll("svg").remove();
  const svg = place.drawing.append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img").attr("aria-label", place.title);
  if (isFixed) svg.attr("width", width).attr("height", height).attr("class", "fixed");
  return svg;
}
function save(text, type, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type}));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
// The drawing with its styles written out and its title and marks above it, so that it stands alone.
function standalone(svg) {
  const copy = svg.cloneNode(true), from = svg.querySelectorAll("*"), to = copy.querySelectorAll("*");
  const usual = {fill: "rgb(0, 0, 0)", stroke: "none", "stroke-width": "1px", "stroke-dasharray": "none", opacity: "1"};
  from.forEach((element, i) => {
    const style = getComputedStyle(element), names = Object.keys(usual).concat(element.tagName === "text" ? ["font-size", "font-weight", "text-anchor"] : []);
    for (const name of names)
      if (style.getPropertyValue(name) !== usual[name]) to[i].setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "style", "font-family", "data-language", "data-arm", "data-value", "data-x", "data-y"]) to[i].removeAttribute(name);
  });
  const box = svg.viewBox.baseVal, band = 44, height = box.height + band, ink = getComputedStyle(document.body);
  const whole = d3.create("svg:svg").attr("xmlns", "http://www.w3.org/2000/svg").attr("viewBox", `0 0 ${box.width} ${height}`)
    .attr("width", box.width).attr("height", height).attr("role", "img").attr("font-family", "system-ui, 'Noto Sans', sans-serif");
  const title = svg.getAttribute("aria-label");
  whole.append("title").text(title);
  whole.append("rect").attr("width", box.width).attr("height", height).attr("fill", ink.backgroundColor);
  whole.append("text").attr("x", 10).attr("y", 18).attr("font-size", 13).attr("font-weight", 700).attr("fill", ink.color).text(title);
  let x = 14;
  page.arms.forEach((arm, i) => {
    const paint = getComputedStyle(document.documentElement).getPropertyValue(`--arm${i % 7}`).trim(), name = arm.name + (arm.is_base ? " (before)" : "");
    if (arm.is_base && changes.length) whole.append("rect").attr("x", x - 1).attr("y", 27).attr("width", 2.2).attr("height", 13).attr("fill", ink.color);
    else whole.append("path").attr("d", symbol(i, 48)).attr("transform", `translate(${x},34)`).attr("fill", paint);
    whole.append("text").attr("x", x + 9).attr("y", 38).attr("font-size", 11).attr("fill", ink.color).text(name);
    x += 26 + 6.4 * name.length;
  });
  copy.setAttribute("y", band);
  copy.setAttribute("width", box.width);
  copy.setAttribute("height", box.height);
  copy.removeAttribute("class");
  whole.append(() => copy);
  return new XMLSerializer().serializeToString(whole.node());
}
const saveSvg = (svg, title) => save(standalone(svg), "image/svg+xml", title.replace(/[^A-Za-z0-9]+/g, "-") + ".svg");
window.xltStandalone = standalone;  // for whoever makes pictures of this page by a script

function choice(parent, label, names, chosen, change) {
  const select = parent.append("label").text(label + " ").append("select");
  select.selectAll("option").data(names).enter().append("option").attr("value", d => d[0]).attr("selected", d => d[0] === chosen ? "" : null).text(d => d[1]);
  select.on("change", function() { change(this.value); });
  return select;
}
const niceDomain = numbers => {
  const extent = d3.extent(numbers.filter(isNumber));
  if (extent[0] === undefined) return [0, 1];
  const room = (extent[1] - extent[0]) * 0.06 || Math.abs(extent[0]) * 0.1 || 1;
  return [extent[0] - room, extent[1] + room];
};
function axis(svg, x, y, make, label) {
  const group = svg.append("g").attr("class", "axis").attr("transform", `translate(${x},${y})`).call(make);
  group.selectAll("text").attr("class", "soft");
  if (label) group.append("text").attr("class", "soft").attr("x", label.x).attr("y", label.y).attr("text-anchor", label.anchor || "middle").attr("transform", label.transform || null).text(label.text);
  return group;
}
// A mark of an arm: filled where its change holds after correction.
function mark(svg, index, x, y, isFilled, title, size) {
  const path = svg.append("path").attr("d", symbol(index, size)).attr("transform", `translate(${x},${y})`)
    .style("fill", isFilled ? colour(index) : "var(--panel)").style("stroke", colour(index)).style("stroke-width", 1.6);
  if (title) path.append("title").text(title);
  return path;
}
function line(svg, x1, y1, x2, y2, stroke, width, dash) {
  return svg.append("line").attr("x1", x1).attr("y1", y1).attr("x2", x2).attr("y2", y2).style("stroke", stroke).style("stroke-width", width || 1).style("stroke-dasharray", dash || null);
}

// ---- Before → after

function beforeAfter(block, place) {
  const others = arms.filter(arm => arm !== base), step = Math.max(20, 9 * others.length + 8);
  const width = 430, left = 118, right = 14, top = 22, height = top + block.languages.length * step + 34;
  const svg = canvas(place, width, height);
  const known = values.filter(row => keyOf(row) === block.key && row.arm === base);
  const baseOf = {}, ideal = (known.find(row => isNumber(row.ideal)) || {}).ideal;
  known.forEach(row => { baseOf[row.language] = baseOf[row.language] || row; });
  const numbers = [];
  block.rows.forEach(row => numbers.push(row.base, row.value, isNumber(row.ci95_low) ? row.base + row.ci95_low : null, isNumber(row.ci95_high) ? row.base + row.ci95_high : null));
  const x = d3.scaleLinear().domain(niceDomain(numbers)).range([left, width - right]);
  axis(svg, 0, height - 34, d3.axisBottom(x).ticks(5), {x: (left + width - right) / 2, y: 30, text: directionText(block.rows[0])});
  if (isNumber(ideal) && ideal >= x.domain()[0] && ideal <= x.domain()[1]) {
    line(svg, x(ideal), top - 6, x(ideal), height - 34, "var(--soft)", 1, "4 3");
    svg.append("text").attr("class", "soft").attr("x", x(ideal)).attr("y", top - 10).attr("text-anchor", "middle").text("ideal");
  }
  block.languages.forEach((language, i) => {
    const y = top + (i + 0.5) * step, rows = block.rows.filter(row => row.language === language), first = rows[0];
    if (i % 2) svg.insert("rect", ":first-child").attr("x", 0).attr("y", y - step / 2).attr("width", width).attr("height", step).style("fill", "var(--paper)").style("opacity", 0.6);
    svg.append("text").attr("x", left - 8).attr("y", y + 4).attr("text-anchor", "end").style("font-weight", language === "mean_others" || language === page.source ? 700 : 400)
      .text(language === "mean_others" ? `mean of ${first.n_languages} others` : shortName(language));
    const own = baseOf[language];
    if (own && isNumber(own.ci95_low)) line(svg, clamp(x, own.ci95_low), y, clamp(x, own.ci95_high), y, "var(--line)", 5);
    rows.forEach(row => {
      const at = y + (others.indexOf(row.arm) - (others.length - 1) / 2) * 9, index = markOf(row.arm);
      if (!isNumber(row.value) || !isNumber(row.base)) return;
      if (isNumber(row.ci95_low)) line(svg, x(row.base + row.ci95_low), at, x(row.base + row.ci95_high), at, colour(index), 1.4);
      mark(svg, index, x(row.value), at, isNumber(row.p_holm) && row.p_holm < 0.05, `${languageName(language)}, ${row.arm}: ${numberText(row.base)} → ${numberText(row.value)}, change ${numberText(row.change, true)}${interval(row.ci95_low, row.ci95_high, true)}, ${pText(row.p_holm)} after Holm, n ${row.n_items}`, 42)
        .attr("data-language", row.language).attr("data-arm", row.arm).attr("data-value", row.value);
    });
    if (isNumber(first.base)) line(svg, x(first.base), y - step / 2 + 2, x(first.base), y + step / 2 - 2, "var(--ink)", 2.2)
      .append("title").text(`${languageName(language)}, before: ${numberText(first.base)}${own ? interval(own.ci95_low, own.ci95_high) : ""}`);
  });
}
const clamp = (x, value) => Math.max(x.range()[0], Math.min(x.range()[1], x(value)));
const shortName = tag => { const name = languageName(tag); return name.length > 20 ? tag : name; };
function directionText(row) {
  if (isNumber(row.distance_from_ideal_change)) return "nearer the ideal is better";
  return row.higher_is_better === true ? "better →" : row.higher_is_better === false ? "← better" : "";
}
// Without a comparison: every arm's value with its own interval.
function plainValues(block, place) {
  const step = Math.max(18, 9 * arms.length + 6), width = 430, left = 118, height = 22 + block.languages.length * step + 34;
  const svg = canvas(place, width, height), numbers = [];
  block.rows.forEach(row => numbers.push(row.value, row.ci95_low, row.ci95_high));
  const x = d3.scaleLinear().domain(niceDomain(numbers)).range([left, width - 14]);
  axis(svg, 0, height - 34, d3.axisBottom(x).ticks(5), {x: (left + width) / 2, y: 30, text: directionText(block.rows[0])});
  block.languages.forEach((language, i) => {
    const y = 22 + (i + 0.5) * step;
    svg.append("text").attr("x", left - 8).attr("y", y + 4).attr("text-anchor", "end").text(shortName(language));
    block.rows.filter(row => row.language === language && isNumber(row.value)).forEach(row => {
      const index = markOf(row.arm), at = y + (index - (arms.length - 1) / 2) * 9;
      if (isNumber(row.ci95_low)) line(svg, x(row.ci95_low), at, x(row.ci95_high), at, colour(index), 1.4);
      mark(svg, index, x(row.value), at, true, `${languageName(language)}, ${row.arm} (${row.run}): ${numberText(row.value)}${interval(row.ci95_low, row.ci95_high)}, n ${row.n}`, 42).attr("data-value", row.value);
    });
  });
}
function drawBeforeAfter() {
  if (!blocks.length) return;
  const part = changes.length
    ? section("change", "Before and after", "The upright stroke is the value before, with its own 95 % interval as a pale bar; each mark is an arm's value after, with the 95 % interval of the change laid from the value before. A filled mark holds after Holm's correction for every comparison on this page; a hollow one does not. An interval that crosses the stroke means: the change may be none.")
    : section("change", "Values", "Values of each arm with their 95 % intervals.");
  const shown = scorings.includes("corrected") ? "corrected" : scorings[0];
  const grid = d3.create("div").attr("class", "figures");
  const draw = scoring => {
    grid.selectAll("figure").remove();
    blocks.filter(block => block.rows[0].scoring === scoring).forEach(block => (changes.length ? beforeAfter : plainValues)(block, figure(grid, block.title)));
  };
  if (scorings.length > 1) choice(part.append("div").attr("class", "controls"), "Scoring", scorings.map(name => [name, name]), shown, draw);
  part.append(() => grid.node());
  draw(shown);
}

// ---- Heat map

function heatMap(arm, place, chosen) {
  const size = 46, left = 128, top = 128, languages = orderedLanguages([].concat(...chosen.map(block => block.languages)));
  const svg = canvas(place, left + chosen.length * size + 110, top + languages.length * 22 + 8, true);
  const shade = d3.scaleDiverging(d3.interpolatePuOr).domain([5, 0, -5]).clamp(true);
  chosen.forEach((block, c) => svg.append("text").attr("transform", `translate(${left + (c + 0.5) * size},${top - 8}) rotate(-40)`).text(block.title.length > 30 ? block.rows[0].metric : block.title));
  languages.forEach((language, r) => {
    const y = top + r * 22;
    svg.append("text").attr("x", left - 8).attr("y", y + 15).attr("text-anchor", "end").text(language === "mean_others" ? "mean of the others" : shortName(language));
    chosen.forEach((block, c) => {
      const row = block.rows.find(other => other.language === language && other.arm === arm);
      if (!row) return;
      const z = standardised(row), fill = z === null ? "#888888" : shade(z), holds = isNumber(row.p_holm) && row.p_holm < 0.05;
      const group = svg.append("g").attr("transform", `translate(${left + c * size},${y})`);
      group.append("rect").attr("width", size - 2).attr("height", 20).attr("rx", 2).style("fill", fill);
      group.append("text").attr("x", size / 2 - 1).attr("y", 14).attr("text-anchor", "middle").style("fill", isDark(fill) ? "#ffffff" : "#000000").style("font-weight", holds ? 700 : 400)
        .text((z === null ? "n/a" : Math.abs(z) < 0.05 ? "0" : (z > 0 ? "+" : "−") + Math.abs(z).toFixed(1)) + (holds ? "*" : ""));
      group.append("title").text(`${block.title}, ${languageName(language)}, ${arm}: change ${numberText(row.change, true)}${interval(row.ci95_low, row.ci95_high, true)}, ${pText(row.p_holm)} after Holm`);
    });
  });
}
function isDark(fill) {
  const parts = d3.rgb(fill), linear = [parts.r, parts.g, parts.b].map(x => { const c = x / 255; return c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4); });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.18;
}
function drawHeatMaps() {
  if (!changes.length) return;
  const part = section("map", "Every language and metric at once", "Change in standard errors (of the interval): plus, violet, is to the good, minus, orange, to the bad; a star holds after Holm's correction. Where a metric has an ideal value, nearer to it is the good. n/a: the interval has no width, or nothing says which way is good.");
  const shown = scorings.includes("corrected") ? "corrected" : scorings[0], grid = d3.create("div").attr("class", "figures wide");
  const draw = scoring => {
    grid.selectAll("figure").remove();
    const chosen = blocks.filter(block => block.rows[0].scoring === scoring);
    arms.filter(arm => arm !== base).forEach(arm => heatMap(arm, figure(grid, `${arm}: change in standard errors`), chosen));
  };
  if (scorings.length > 1) choice(part.append("div").attr("class", "controls"), "Scoring", scorings.map(name => [name, name]), shown, draw);
  part.append(() => grid.node());
  draw(shown);
}

// ---- Scatter plots

// points: {x, y, index, label, title}; labels stand beside their marks.
function scatter(place, points, xText, yText, isDiagonal) {
  const width = 640, height = 440, left = 66, bottom = 46;
  const svg = canvas(place, width, height), shown = points.filter(point => isNumber(point.x) && isNumber(point.y));
  const xs = shown.map(point => point.x), ys = shown.map(point => point.y), both = niceDomain(xs.concat(ys));
  const x = d3.scaleLinear().domain(isDiagonal ? both : niceDomain(xs)).range([left, width - 30]);
  const y = d3.scaleLinear().domain(isDiagonal ? both : niceDomain(ys)).range([height - bottom, 12]);
  axis(svg, 0, height - bottom, d3.axisBottom(x).ticks(6), {x: (left + width) / 2, y: 36, text: xText});
  axis(svg, left, 0, d3.axisLeft(y).ticks(6), {x: 0, y: 0, transform: `translate(-52,${height / 2 - 10}) rotate(-90)`, text: yText});
  if (isDiagonal) line(svg, x(both[0]), y(both[0]), x(both[1]), y(both[1]), "var(--soft)", 1, "4 3");
  else {
    if (x.domain()[0] < 0 && x.domain()[1] > 0) line(svg, x(0), 12, x(0), height - bottom, "var(--soft)", 1, "4 3");
    if (y.domain()[0] < 0 && y.domain()[1] > 0) line(svg, left, y(0), width - 30, y(0), "var(--soft)", 1, "4 3");
  }
  shown.forEach(point => {
    mark(svg, point.index, x(point.x), y(point.y), true, point.title, 46).attr("data-x", point.x).attr("data-y", point.y);
    svg.append("text").attr("x", x(point.x) + 7).attr("y", y(point.y) + 4).style("font-size", "10px").text(point.label);
  });
  if (!shown.length) svg.append("text").attr("x", width / 2).attr("y", height / 2).attr("text-anchor", "middle").text("no language was measured for both");
}
function drawTrade() {
  if (blocks.length < 2 || !changes.length) return;
  const isHarm = block => /toxic|crows|stereoset|mbbq|rtp/.test(block.title) && goodChange(block.rows[0]) !== null;
  const directed = blocks.filter(block => block.rows.some(row => goodChange(row) !== null));
  if (directed.length < 2) return;
  const mitigated = directed.find(isHarm) || directed[0];
  const kept = directed.find(block => /bits_per_byte|kl_to_base/.test(block.title)) || directed.find(block => block !== mitigated);
  const state = {x: mitigated.key, y: kept.key};
  const part = section("trade", "What is gained, and who pays for it", "One mark a language and arm. To the right: the harm that was trained against fell; down: something that should have been kept was lost. Changes are turned so that plus is good.");
  const controls = part.append("div").attr("class", "controls"), place = figure(part.append("div").attr("class", "figures wide"), "Mitigation against retention");
  place.box.style("max-width", "46rem");
  const draw = () => {
    const x = blocks.find(block => block.key === state.x), y = blocks.find(block => block.key === state.y), points = [];
    x.rows.forEach(row => {
      const other = y.rows.find(candidate => candidate.language === row.language && candidate.arm === row.arm);
      if (!other || row.language === "mean_others") return;
      points.push({x: goodChange(row), y: goodChange(other), index: markOf(row.arm), label: row.language,
        title: `${languageName(row.language)}, ${row.arm}: ${x.title} ${numberText(row.change, true)}, ${y.title} ${numberText(other.change, true)}`});
    });
    scatter(place, points, `${x.title}: gain →`, `${y.title}: gain →`);
  };
  const names = directed.map(block => [block.key, block.title]);
  choice(controls, "Across", names, state.x, value => { state.x = value; draw(); });
  choice(controls, "Up", names, state.y, value => { state.y = value; draw(); });
  draw();
}
function drawPredictors() {
  const predictors = rowsOf("predictors");
  if (!predictors.length) return;
  const part = section("predictors", "What predicts the transfer", "Change of each language against what is known of it. Few languages decide little: read the intervals and n in the table of correlations.");
  const names = page.tables.predictors.columns.filter(column => column !== "language");
  if (changes.length && names.length) {
    const state = {x: names[0], y: blocks[0].key}, controls = part.append("div").attr("class", "controls");
    const place = figure(part.append("div").attr("class", "figures wide"), "Change against a predictor");
    place.box.style("max-width", "46rem");
    const draw = () => {
      const block = blocks.find(candidate => candidate.key === state.y), points = [];
      block.rows.forEach(row => {
        const known = predictors.find(candidate => candidate.language === row.language);
        if (known && row.language !== page.source) points.push({x: known[state.x], y: row.change, index: markOf(row.arm), label: row.language, title: `${languageName(row.language)}, ${row.arm}: ${state.x} ${numberText(known[state.x])}, change ${numberText(row.change, true)}`});
      });
      scatter(place, points, state.x, `change of ${block.title}`);
    };
    choice(controls, "Predictor", names.map(name => [name, name]), state.x, value => { state.x = value; draw(); });
    choice(controls, "Change of", blocks.map(block => [block.key, block.title]), state.y, value => { state.y = value; draw(); });
    draw();
  }
  table(part, "correlations", true);
}

// ---- Scorings, agreement, coverage

function drawScorings() {
  const pairs = d3.nest().key(row => [row.benchmark, row.metric, row.scorer].join("\u0001")).entries(values)
    .map(entry => {
      const paper = {};
      entry.values.filter(row => row.scoring === "paper").forEach(row => { paper[row.run + "\u0001" + row.language] = row; });
      return {title: entry.values[0].benchmark + ": " + entry.values[0].metric, points: entry.values.filter(row => row.scoring === "corrected").map(row => {
        const other = paper[row.run + "\u0001" + row.language];
        return other && {x: row.value, y: other.value, index: markOf(row.arm), label: row.language, title: `${languageName(row.language)}, ${row.run}: corrected ${numberText(row.value)}, paper ${numberText(other.value)}`};
      }).filter(Boolean)};
    }).filter(pair => pair.points.some(point => isNumber(point.x) && isNumber(point.y)));
  if (!pairs.length) return;
  const grid = section("scorings", "Both scorings side by side", "The published protocol with its quirks (paper) against the same without them (corrected). On the dotted line they agree.")
    .append("div").attr("class", "figures");
  pairs.forEach(pair => scatter(figure(grid, pair.title), pair.points, "corrected", "paper", true));
}
function drawAgreement() {
  const rows = rowsOf("agreement");
  if (!rows.length) return;
  const part = section("agreement", "Do the scorers agree?", "Krippendorff's alpha over completions, with its 95 % interval: 1 is agreement, 0 is chance.");
  const grid = part.append("div").attr("class", "figures");
  d3.nest().key(row => row.run + ": " + row.benchmark).entries(rows).forEach(entry => {
    const place = figure(grid, entry.key), width = 430, left = 118, height = entry.values.length * 20 + 40, svg = canvas(place, width, height);
    const x = d3.scaleLinear().domain([Math.min(0, d3.min(entry.values, row => isNumber(row.ci95_low) ? row.ci95_low : row.alpha || 0)), 1]).range([left, width - 14]);
    axis(svg, 0, height - 24, d3.axisBottom(x).ticks(5));
    entry.values.forEach((row, i) => {
      const y = 12 + i * 20;
      svg.append("text").attr("x", left - 8).attr("y", y + 4).attr("text-anchor", "end").text(shortName(row.language));
      if (!isNumber(row.alpha)) return;
      if (isNumber(row.ci95_low)) line(svg, x(row.ci95_low), y, x(row.ci95_high), y, colour(markOf(row.arm)), 1.4);
      mark(svg, markOf(row.arm), x(row.alpha), y, true, `${languageName(row.language)}: alpha ${numberText(row.alpha)}${interval(row.ci95_low, row.ci95_high)}, n ${row.n}, ${row.scorers}`);
    });
  });
}
function drawCoverage() {
  const rows = rowsOf("coverage");
  if (!rows.length) return;
  const part = section("coverage", "How much was measured", "Scored items of all items, in the run that scored least of them; what could not be scored is left out of the values, never counted as zero.");
  const name = row => row.benchmark + (row.scoring ? ", " + row.scoring : "") + (row.scorer ? " (" + row.scorer + ")" : "");
  const columns = unique(rows.map(name)), languages = orderedLanguages(rows.map(row => row.language)), worst = {};
  rows.forEach(row => {
    const key = name(row) + "\u0001" + row.language, share = row.n_items ? row.n_scored / row.n_items : 0;
    if (!worst[key] || share < worst[key].share) worst[key] = {share, row};
  });
  const shade = d3.scaleLinear().domain([0, 1]).range(["#b35806", "#fee9d1"]).clamp(true);
  const body = part.append("div").attr("class", "scroll").attr("tabindex", 0).attr("role", "group").attr("aria-label", "Scored items by language and benchmark").append("table");
  body.append("thead").append("tr").selectAll("th").data(["language"].concat(columns)).enter().append("th").attr("scope", "col").text(d => d);
  const lines = body.append("tbody").selectAll("tr").data(languages).enter().append("tr");
  lines.append("th").attr("scope", "row").text(languageName);
  columns.forEach(column => lines.append("td").attr("class", "number").each(function(language) {
    const found = worst[column + "\u0001" + language];
    if (!found) return;
    const cell = d3.select(this).text(`${numberText(found.row.n_scored)} / ${numberText(found.row.n_items)}`);
    if (found.share < 1) cell.style("background", shade(found.share)).style("color", isDark(shade(found.share)) ? "#ffffff" : "#000000").attr("title", found.row.reason);
  }));
  const reasons = d3.nest().key(row => row.reason).rollup(list => d3.sum(list, row => row.count)).entries(rows.filter(row => row.reason));
  if (!reasons.length) return part.append("p").text("Everything was scored.");
  part.append("h3").text("Why not, over all runs");
  plainTable(part, ["reason", "items"], reasons.sort((a, b) => b.value - a.value).map(entry => [entry.key, entry.value]), "Reasons of what was not scored");
}

// ---- Human judgement

// A line a row, with its interval; `centre` is where nothing is preferred.
function dots(place, rows, value, domain, centre) {
  const width = 430, left = 118, height = rows.length * 22 + 44, svg = canvas(place, width, height);
  const x = d3.scaleLinear().domain(domain).range([left, width - 14]).clamp(true);
  axis(svg, 0, height - 28, d3.axisBottom(x).ticks(5));
  if (centre !== undefined) line(svg, x(centre), 6, x(centre), height - 28, "var(--soft)", 1, "4 3");
  rows.forEach((row, i) => {
    const y = 14 + i * 22, index = markOf(row.arm);
    svg.append("text").attr("x", left - 8).attr("y", y + 4).attr("text-anchor", "end").text(row.arm);
    if (isNumber(row.ci95_low)) line(svg, x(row.ci95_low), y, x(row.ci95_high), y, colour(index), 1.4);
    mark(svg, index, x(row[value]), y, true, `${row.arm}: ${numberText(row[value])}${interval(row.ci95_low, row.ci95_high)}, n ${row.n}`, 46).attr("data-arm", row.arm).attr("data-value", row[value]);
  });
}
function calibrationCurve(place, rows) {
  const width = 430, height = 330, left = 56, bottom = 44, svg = canvas(place, width, height);
  const x = d3.scaleLinear().domain([0, 1]).range([left, width - 14]).clamp(true), y = d3.scaleLinear().domain([0, 1]).range([height - bottom, 12]);
  axis(svg, 0, height - bottom, d3.axisBottom(x).ticks(5), {x: (left + width) / 2, y: 34, text: "mean score"});
  axis(svg, left, 0, d3.axisLeft(y).ticks(5), {x: 0, y: 0, transform: `translate(-42,${height / 2 - 10}) rotate(-90)`, text: "share toxic to people"});
  line(svg, x(0), y(0), x(1), y(1), "var(--soft)", 1, "4 3");
  svg.append("path").attr("d", d3.line().x(row => x(row.mean_score)).y(row => y(row.share_toxic))(rows)).style("fill", "none").style("stroke", colour(1)).style("stroke-width", 1.4);
  rows.forEach(row => {
    line(svg, x(row.mean_score), y(row.ci95_low), x(row.mean_score), y(row.ci95_high), colour(1), 1.4);
    mark(svg, 1, x(row.mean_score), y(row.share_toxic), true, `scores ${numberText(row.low)} to ${numberText(row.high)}: ${numberText(row.share_toxic)}${interval(row.ci95_low, row.ci95_high)}, n ${row.n}`, 46).attr("data-x", row.mean_score).attr("data-y", row.share_toxic);
  });
}
function drawHuman() {
  const means = rowsOf("human_ratings").filter(row => row.language === null), preferences = rowsOf("human_preference").filter(row => row.language === null), curves = rowsOf("human_calibration");
  if (!rowsOf("human_agreement").length) return;
  const part = section("human", "What people say", "Ratings of blinded samples. Intervals are 95 %, over prompts and raters; a scorer on the dotted line says as often as people do that a text is toxic.");
  const grid = part.append("div").attr("class", "figures");
  if (preferences.length) dots(figure(grid, "Share of judgements that prefer the arm (ties half)"), preferences, "share", [0, 1], 0.5);
  d3.nest().key(row => row.question).entries(means).forEach(entry => dots(figure(grid, `Mean rating: ${entry.key}`), entry.values, "mean", niceDomain([].concat(...entry.values.map(row => [row.mean, row.ci95_low, row.ci95_high])))));
  d3.nest().key(row => row.scorer).entries(curves).forEach(entry => calibrationCurve(figure(grid, `Calibration of ${entry.key}`), entry.values));
  table(part, "human_agreement", true);
}

// ---- Training

function drawTraining() {
  const rows = rowsOf("training");
  if (!rows.length) return;
  const part = section("training", "Training", "Every logged step, or four hundred of them at equal distances. Solid: training; dashed: evaluation.");
  const grid = part.append("div").attr("class", "figures"), runs = unique(rows.map(row => row.run));
  part.insert("p", "div").attr("class", "soft").text("Runs, in the order of their colours: " + runs.join(", "));
  const skipped = ["run", "split", "step", "epoch", "seconds", "num_tokens"];
  page.tables.training.columns.filter(column => !skipped.includes(column) && rows.some(row => isNumber(row[column]))).forEach(column => {
    const place = figure(grid, column), width = 430, height = 230, svg = canvas(place, width, height), shown = rows.filter(row => isNumber(row[column]) && isNumber(row.step));
    const x = d3.scaleLinear().domain(d3.extent(shown, row => row.step)).range([52, width - 14]);
    const y = d3.scaleLinear().domain(niceDomain(shown.map(row => row[column]))).range([height - 40, 10]);
    axis(svg, 0, height - 40, d3.axisBottom(x).ticks(6), {x: width / 2, y: 32, text: "step"});
    axis(svg, 52, 0, d3.axisLeft(y).ticks(5).tickFormat(value => value !== 0 && Math.abs(value) < 1e-3 ? d3.format(".0e")(value) : d3.format(".4~g")(value)));
    runs.forEach((run, r) => ["train", "eval"].forEach(split => {
      const own = shown.filter(row => row.run === run && row.split === split);
      if (own.length > 1) svg.append("path").attr("d", d3.line().x(row => x(row.step)).y(row => y(row[column]))(own)).style("fill", "none").style("stroke", colour(r + 1)).style("stroke-width", 1.5).style("stroke-dasharray", split === "eval" ? "5 3" : null).append("title").text(`${run}, ${split}`);
      if (own.length === 1 || split === "eval") own.forEach(row => mark(svg, r + 1, x(row.step), y(row[column]), true, `${run}, ${split}, step ${row.step}: ${numberText(row[column])}`, 22));
    }));
  });
}

// ---- Samples

function drawSamples() {
  if (!page.samples.length) return;
  const part = section("samples", "Samples before and after", "Of each benchmark, language and arm: half of them where the score moved most, half the first of the file, so this is no average. Texts of toxicity benchmarks can hurt; they stay covered until you uncover them.");
  const state = {language: "", arm: "", change: "", count: 20}, controls = part.append("div").attr("class", "controls"), list = part.append("div");
  const moved = sample => isNumber(sample.score_after) && isNumber(sample.score_before) ? sample.score_after - sample.score_before : null;
  const fits = sample => (!state.language || sample.language === state.language) && (!state.arm || sample.arm === state.arm) &&
    (!state.change || (state.change === "fell" ? moved(sample) < 0 : state.change === "rose" ? moved(sample) > 0 : !moved(sample)));
  const text = (parent, title, words, sample) => {
    parent.append("h4").text(title);
    parent.append("blockquote").attr("lang", sample.language).attr("dir", isRightToLeft(sample.language) ? "rtl" : "auto").attr("class", sample.is_sensitive ? "covered" : null)
      .attr("aria-hidden", sample.is_sensitive ? "true" : null).text(words || "(empty)");
  };
  const draw = () => {
    list.selectAll("*").remove();
    const chosen = page.samples.filter(fits);
    list.append("p").attr("class", "soft").attr("role", "status").text(`${Math.min(state.count, chosen.length)} of ${chosen.length} shown`);
    chosen.slice(0, state.count).forEach(sample => {
      const box = list.append("article").attr("class", "sample"), change = moved(sample);
      const head = box.append("div").attr("class", "controls");
      head.append("span").text(`${languageName(sample.language)} · ${sample.benchmark} · ${sample.arm} · item ${sample.id}` + (change === null ? "" : ` · score ${numberText(sample.score_before)} → ${numberText(sample.score_after)}`));
      if (sample.is_sensitive) head.append("button").attr("type", "button").attr("aria-pressed", "false").text("Uncover the texts").on("click", function() {
        const isOpen = this.getAttribute("aria-pressed") !== "true";
        this.setAttribute("aria-pressed", isOpen);
        this.textContent = isOpen ? "Cover the texts" : "Uncover the texts";
        box.selectAll("blockquote").classed("covered", !isOpen).attr("aria-hidden", isOpen ? null : "true");
      });
      if (sample.prompt) text(box, "Prompt", sample.prompt, sample);
      const sides = box.append("div").attr("class", "sides");
      text(sides.append("div"), "Before", sample.before, sample);
      text(sides.append("div"), "After", sample.after, sample);
    });
    if (chosen.length > state.count) list.append("button").attr("type", "button").text("Show twenty more").on("click", () => { state.count += 20; draw(); });
  };
  const set = name => value => { state[name] = value; state.count = 20; draw(); };
  choice(controls, "Language", [["", "all"]].concat(orderedLanguages(page.samples.map(sample => sample.language)).map(tag => [tag, languageName(tag)])), "", set("language"));
  choice(controls, "Arm", [["", "all"]].concat(unique(page.samples.map(sample => sample.arm)).map(name => [name, name])), "", set("arm"));
  choice(controls, "Score", [["", "any"], ["fell", "fell"], ["rose", "rose"], ["same", "same, or none"]], "", set("change"));
  draw();
}

// ---- Tables

function plainTable(parent, columns, rows, label) {
  const body = parent.append("div").attr("class", "scroll").attr("tabindex", 0).attr("role", "group").attr("aria-label", label).append("table");
  body.append("thead").append("tr").selectAll("th").data(columns).enter().append("th").attr("scope", "col").text(d => d);
  rows.forEach(row => body.append("tr").selectAll("td").data(row).enter().append("td").attr("class", d => typeof d === "number" ? "number" : "long").text(d => typeof d === "number" ? numberText(d) : d));
}
const cellText = value => value === null ? "" : typeof value === "number" ? numberText(value) : String(value);
const csvField = value => { const text = value === null ? "" : String(value); return /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text; };
// Sorted by a click on a column's name, filtered by words; the first rows at first.
function table(parent, name, isOpen) {
  const source = page.tables[name];
  if (!source) return;
  const box = parent.append("details").attr("id", "table-" + name).attr("open", isOpen ? "" : null), state = {by: -1, up: true, words: "", count: 40};
  box.append("summary").text(`${source.title} (${source.rows.length} rows)`);
  const numeric = source.columns.map((column, c) => source.rows.every(row => row[c] === null || typeof row[c] === "number"));
  const controls = box.append("div").attr("class", "controls");
  controls.append("label").text("Only rows with ").append("input").attr("type", "search").on("input", function() { state.words = this.value.toLowerCase(); fill(); });
  const status = controls.append("span").attr("class", "soft").attr("role", "status");
  const all = controls.append("button").attr("type", "button").text("Show all rows").on("click", () => { state.count = Infinity; fill(); });
  controls.append("button").attr("type", "button").text("Save as CSV").on("click", () => save([source.columns].concat(source.rows).map(row => row.map(csvField).join(",")).join("\n") + "\n", "text/csv", name + ".csv"));
  const grid = box.append("div").attr("class", "scroll").attr("tabindex", 0).attr("role", "group").attr("aria-label", source.title).append("table");
  const heads = grid.append("thead").append("tr").selectAll("th").data(source.columns).enter().append("th").attr("scope", "col").attr("class", (d, c) => numeric[c] ? "number" : null);
  heads.append("button").attr("type", "button").text(d => d).on("click", function(column) {
    const c = source.columns.indexOf(column);
    state.up = state.by === c ? !state.up : true;
    state.by = c;
    fill();
  });
  const body = grid.append("tbody");
  function fill() {
    const words = state.words.split(/\s+/).filter(Boolean);
    let rows = source.rows.filter(row => words.every(word => row.some(value => cellText(value).toLowerCase().includes(word))));
    if (state.by >= 0) rows = rows.slice().sort((a, b) => (a[state.by] === null) - (b[state.by] === null) || (state.up ? 1 : -1) * d3.ascending(a[state.by], b[state.by]));
    heads.attr("aria-sort", (d, c) => c === state.by ? (state.up ? "ascending" : "descending") : null);
    status.text(`${Math.min(state.count, rows.length)} of ${rows.length} rows`);
    all.style("display", rows.length > state.count ? null : "none");
    body.selectAll("tr").remove();
    rows.slice(0, state.count).forEach(row => body.append("tr").selectAll("td").data(row).enter().append("td")
      .attr("class", (d, c) => numeric[c] ? "number" : String(d).length > 40 ? "long" : null).attr("title", d => typeof d === "number" ? d : null).text(cellText));
  }
  let isFilled = false;
  const open = () => { if (!isFilled) { isFilled = true; fill(); } };
  box.on("toggle", open);
  if (isOpen) open();
}
function drawTables() {
  const part = section("tables", "Tables", "Everything the pictures are drawn from. A click on a column's name sorts; a number shows all its digits under the pointer.");
  Object.keys(page.tables).filter(name => name !== "correlations" && name !== "human_agreement").forEach(name => table(part, name, false));
}

// ---- How to make it again

function drawSources() {
  const part = section("sources", "How to make it again", "Every option, hash and command behind the numbers.");
  page.sources.forEach(source => {
    const box = part.append("details");
    box.append("summary").text(`${source.kind} ${source.name}: ${source.folder}` + (source.status ? ` (${source.status})` : ""));
    if (source.command) box.append("pre").attr("tabindex", 0).attr("aria-label", "Command").text(source.command);
    const rows = [];
    for (const name of ["model", "code", "env", "seeds", "result", "settings", "allowed", "errors"])
      if (source[name] && Object.keys(source[name]).length) rows.push([name, JSON.stringify(source[name])]);
    plainTable(box, ["what", "value"], rows, "Model, code and machine");
    const hashes = Object.entries(source.hashes || {});
    if (hashes.length) plainTable(box, ["file", "SHA-256 or own hash"], hashes.map(([file, hash]) => [file, String(hash)]), "Hashes");
    if (source.config) plainTable(box, ["option", "value"], Object.entries(source.config).map(([name, value]) => [name, JSON.stringify(value)]), "Options");
  });
}

// ---- The whole

document.getElementById("title").textContent = page.title;
const about = [];
if (base) about.push(`Held against ${base}.`);
about.push(`${page.arms.map(arm => arm.name + (arm.n_seeds > 1 ? ` (${arm.n_seeds} seeds)` : "")).join(", ")}.`);
document.getElementById("about").textContent = page.arms.length ? about.join(" Arms: ") : "";
page.arms.forEach((arm, i) => {
  const item = d3.select("#legend").append("span");
  const svg = item.append("svg").attr("width", 16).attr("height", 16).attr("viewBox", "-8 -8 16 16").attr("aria-hidden", "true");
  if (arm.is_base && changes.length) line(svg, 0, -7, 0, 7, "var(--ink)", 2.2);
  else svg.append("path").attr("d", symbol(i, 60)).style("fill", colour(i));
  item.append("span").text(arm.name + (arm.is_base ? " (before)" : ""));
});
page.notes.forEach(note => main.append("p").attr("class", "note").attr("role", "note").text(note));
drawBeforeAfter();
drawHeatMaps();
drawTrade();
drawPredictors();
drawScorings();
drawAgreement();
drawCoverage();
drawHuman();
drawTraining();
drawSamples();
drawTables();
drawSources();
d3.select("#contents").selectAll("a").data(contents).enter().append("a").attr("href", d => "#" + d.id).text(d => d.title);
const made = page.made_by;
document.getElementById("footer").textContent = `Made by xlt ${made.version}, commit ${made.commit}${made.dirty ? " with changes" : ""}; drawn with D3 (ISC licence). The page loads nothing.`;
document.documentElement.setAttribute("data-ready", "true");
})();

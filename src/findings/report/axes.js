// SPDX-License-Identifier: Apache-2.0
// ---- Axes: how much of the number line a picture shows

// What a metric can be at all, by benchmark and name: {low, high, meaning, better}; null where there is no bound.
const metricKey = (benchmark, metric) => benchmark + "\u0001" + metric;
const metricRows = {};
rowsOf("metrics").forEach(row => { metricRows[metricKey(row.benchmark, row.metric)] = row; });
const metricOf = row => metricRows[metricKey(row.benchmark, row.metric)] || {};
const rangeOf = row => ({low: metricOf(row).lowest, high: metricOf(row).highest});
// A change lies between minus and plus the width of that.
const changeRange = row => {
  const {low, high} = rangeOf(row);
  return isNumber(low) && isNumber(high) ? {low: low - high, high: high - low} : {};
};

// Where nothing differs, an axis shows this share of what is possible (or else of the value): rounding must not fill a picture.
const leastShare = 0.05;
// The numbers and some room, no further than `range` allows.
function domainOf(numbers, range = {}) {
  const low = isNumber(range.low) ? range.low : -Infinity, high = isNumber(range.high) ? range.high : Infinity;
  const inside = value => Math.max(low, Math.min(high, value)), shown = numbers.filter(isNumber).map(inside);
  let [from, to] = shown.length ? d3.extent(shown) : [inside(0), inside(1)];
  const width = isFinite(high - low) ? high - low : Math.max(Math.abs(from), Math.abs(to)), least = width * leastShare || 1;
  const room = Math.max((to - from) * 0.06, (least - (to - from)) / 2);
  return [inside(from - room), inside(to + room)];
}
const clamp = (scale, value) => {
  const ends = scale.range(), at = scale(value);
  return Math.max(Math.min(...ends), Math.min(Math.max(...ends), at));
};
// An interval across; where it reaches past the axis, which is where the possible ends, an arrow says so.
function whisker(svg, x, low, high, y, stroke, width) {
  if (!isNumber(low) || !isNumber(high)) return;
  const bar = line(svg, clamp(x, low), y, clamp(x, high), y, stroke, width);
  const [from, to] = x.domain(), slack = (to - from) * 1e-6;
  const arrow = (at, way) => svg.append("path").attr("class", "cut").attr("d", `M${at - way * 4},${y - 3.5}L${at},${y}L${at - way * 4},${y + 3.5}`)
    .style("fill", "none").style("stroke", stroke).style("stroke-width", 1.4);
  if (low < from - slack) arrow(x(from), -1);
  if (high > to + slack) arrow(x(to), 1);
  return bar;
}
const cutText = (row, low, high) => {
  const range = rangeOf(row);
  const isCut = (isNumber(range.low) && low < range.low) || (isNumber(range.high) && high > range.high);
  return isCut ? "; the interval goes on past what is possible, where the picture ends" : "";
};
function axis(svg, x, y, make, label) {
  const group = svg.append("g").attr("class", "axis").attr("transform", `translate(${x},${y})`).call(make);
  group.selectAll("text").attr("class", "soft");
  if (label) group.append("text").attr("class", "soft").attr("x", label.x).attr("y", label.y).attr("text-anchor", label.anchor || "middle")
    .attr("transform", label.transform || null).text(label.text);
  return group;
}

// What a metric means, under a picture's title.
function captionOf(row) {
  const {meaning, better, lowest, highest} = metricOf(row), parts = [];
  if (meaning) parts.push(meaning.charAt(0).toUpperCase() + meaning.slice(1));
  if (better) parts.push(better);
  if (isNumber(lowest) && isNumber(highest)) parts.push(`possible: ${numberText(lowest)} to ${numberText(highest)}`);
  return parts.length ? parts.join("; ") + "." : "";
}
function drawGlossary() {
  const rows = rowsOf("metrics");
  if (!rows.length) return;
  const part = section("metrics", "What the metrics mean", "As xlt ls metrics has it. Axes end where a metric's possible values end.");
  const names = d3.nest().key(row => [row.metric, row.better, row.lowest, row.highest].join("\u0001")).entries(rows).map(entry => entry.values);
  plainTable(part, ["metric", "meaning", "which way", "possible", "benchmarks"], names.map(same => [same[0].metric,
    same[0].meaning || "of the description of a benchmark of one's own, or of another program", same[0].better,
    isNumber(same[0].lowest) ? `${numberText(same[0].lowest)} ${isNumber(same[0].highest) ? "to " + numberText(same[0].highest) : "and more"}` : "any number",
    unique(same.map(row => row.benchmark)).join(", ")]), "What the metrics mean");
}

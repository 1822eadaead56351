// SPDX-License-Identifier: Apache-2.0
// ---- Scorings, agreement

// Two values that differ by no more than what the published code rounds away: half of the second decimal of a per cent.
function isSame(a, b, row) {
  const {low, high} = rangeOf(row), width = isNumber(low) && isNumber(high) ? high - low : Math.max(Math.abs(a), Math.abs(b));
  return Math.abs(a - b) <= 0.0000501 * width;
}
function scoringPairs() {
  return d3.nest().key(row => [row.benchmark, row.metric, row.scorer].join("\u0001")).entries(values).map(entry => {
    const paper = {}, first = entry.values[0], points = [];
    entry.values.filter(row => row.scoring === "paper").forEach(row => { paper[row.run + "\u0001" + row.language] = row; });
    entry.values.filter(row => row.scoring === "corrected").forEach(row => {
      const other = paper[row.run + "\u0001" + row.language];
      if (!other || !isNumber(row.value) || !isNumber(other.value)) return;
      points.push({x: row.value, y: other.value, index: markOf(row.arm), label: row.language, isSame: isSame(row.value, other.value, row),
        title: `${languageName(row.language)}, ${row.run}: corrected ${numberText(row.value)}, n ${row.n}; paper ${numberText(other.value)}, n ${other.n}`});
    });
    return {title: first.benchmark + ": " + first.metric, first, points};
  }).filter(pair => pair.points.length);
}
function drawScorings() {
  const pairs = scoringPairs(), differing = pairs.filter(pair => pair.points.some(point => !point.isSame));
  const same = pairs.filter(pair => !differing.includes(pair)).map(pair => pair.title);
  if (!pairs.length) return;
  const part = section("scorings", "Both scorings side by side", "The published protocol with its quirks (paper) against the same without " +
    "them (corrected). On the dotted line they agree.");
  if (same.length) part.append("p").attr("class", "same")
    .text(`The same in both, but for the rounding of the published code, in every language: ${same.join(", ")}.`);
  if (!differing.length) return;
  armKey(part, true);
  const grid = part.append("div").attr("class", "figures");
  differing.forEach(pair => scatter(figure(grid, pair.title, captionOf(pair.first)), pair.points, "corrected", "paper", {x: rangeOf(pair.first)}, true));
}
function drawAgreement() {
  const rows = rowsOf("agreement");
  if (!rows.length) return;
  const part = section("agreement", "Do the scorers agree?", "Krippendorff's alpha over completions, with its 95 % interval: 1 is agreement, 0 is chance.");
  const grid = part.append("div").attr("class", "figures");
  d3.nest().key(row => row.run + ": " + row.benchmark).entries(rows).forEach(entry => {
    const place = figure(grid, entry.key), width = widthOf(place), left = 118, height = entry.values.length * 20 + 40, svg = canvas(place, width, height);
    const lowest = d3.min(entry.values, row => isNumber(row.ci95_low) ? row.ci95_low : row.alpha || 0);
    const x = d3.scaleLinear().clamp(true).domain([Math.min(0, lowest), 1]).range([left, width - 14]);
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

// SPDX-License-Identifier: Apache-2.0
// ---- Human judgement

// A line a row, with its interval; `centre` is where nothing is preferred.
function dots(place, rows, value, domain, centre) {
  const width = widthOf(place), left = 118, height = rows.length * 22 + 44, svg = canvas(place, width, height);
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
  const width = widthOf(place), height = 330, left = 56, bottom = 44, svg = canvas(place, width, height);
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
  d3.nest().key(row => row.question).entries(means).forEach(entry =>
    dots(figure(grid, `Mean rating: ${entry.key}`), entry.values, "mean", domainOf([].concat(...entry.values.map(row => [row.mean, row.ci95_low, row.ci95_high])))));
  d3.nest().key(row => row.scorer).entries(curves).forEach(entry => calibrationCurve(figure(grid, `Calibration of ${entry.key}`), entry.values));
  table(part, "human_agreement", true);
}

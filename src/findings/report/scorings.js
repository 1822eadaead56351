// SPDX-License-Identifier: Apache-2.0
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

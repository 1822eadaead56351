// SPDX-License-Identifier: Apache-2.0
// ---- Coverage: of how many items, and why of no more

const cellName = row => row.benchmark + (row.scoring ? ", " + row.scoring : "") + (row.scorer ? " (" + row.scorer + ")" : "");
function drawCoverage() {
  const rows = rowsOf("coverage");
  if (!rows.length) return;
  const part = section("coverage", "How much was measured", "Of all items those of which at least one headline metric was measured, in the run " +
    "that measured least; what could not be scored is left out of the values, never counted as zero. A metric may be of fewer: that is below.");
  const columns = unique(rows.map(cellName)), languages = orderedLanguages(rows.map(row => row.language)), worst = {};
  rows.forEach(row => {
    const key = cellName(row) + "\u0001" + row.language, share = row.n_items ? row.n_scored / row.n_items : 0;
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
    const cell = d3.select(this).text(found.row.n_items ? `${numberText(found.row.n_scored)} of ${numberText(found.row.n_items)}` : "no items");
    if (found.share < 1) cell.style("background", shade(found.share)).style("color", isDark(shade(found.share)) ? "#ffffff" : "#000000").attr("title", found.row.reason);
  }));
  const reasons = d3.nest().key(row => cellName(row) + "\u0001" + row.reason).entries(rows.filter(row => row.reason)).map(entry => entry.values);
  if (!reasons.length) part.append("p").text("Of every item something was scored.");
  else {
    part.append("h3").text("Items of which nothing was scored, over all runs and languages");
    plainTable(part, ["benchmark", "reason", "items"],
      reasons.map(list => [cellName(list[0]), list[0].reason, d3.sum(list, row => row.count) || "not known"]), "Why items were not scored");
  }
  drawLeftOut(part);
}
// Of each metric that is of fewer items than there are: n and the reasons' counts, which make all of them.
function drawLeftOut(part) {
  const rows = rowsOf("left_out");
  if (!rows.length) return;
  part.append("h3").text("Items that a metric leaves out, over all runs and languages");
  part.append("p").text("A metric's n and what it leaves out make all items. An item can be scored by one metric and left out by another, in paper " +
    "scoring above all, so these counts, not those of whole items, say what a value is of.");
  const lines = [];
  d3.nest().key(row => [cellName(row), row.metric].join("\u0001")).entries(rows).forEach(entry => {
    const cells = {}, reasons = {};
    entry.values.forEach(row => {
      cells[[row.arm, row.run, row.language].join("\u0001")] = row;
      reasons[row.reason] = (reasons[row.reason] || 0) + row.count;
    });
    const all = Object.values(cells), own = [cellName(entry.values[0]), entry.values[0].metric, d3.sum(all, row => row.n_items), d3.sum(all, row => row.n)];
    Object.keys(reasons).forEach((reason, i) => lines.push((i ? ["", "", "", ""] : own).concat([reason, reasons[reason]])));
  });
  plainTable(part, ["benchmark", "metric", "items", "n", "left out because", "count"], lines, "What each metric leaves out");
}

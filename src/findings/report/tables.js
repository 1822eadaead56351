// SPDX-License-Identifier: Apache-2.0
// ---- Tables

function plainTable(parent, columns, rows, label) {
  const body = parent.append("div").attr("class", "scroll").attr("tabindex", 0).attr("role", "group").attr("aria-label", label).append("table");
  body.append("thead").append("tr").selectAll("th").data(columns).enter().append("th").attr("scope", "col").text(d => d);
  const kind = value => typeof value === "number" ? "number" : String(value).length > 40 ? "long" : null;
  rows.forEach(row => body.append("tr").selectAll("td").data(row).enter().append("td").attr("class", kind).text(d => typeof d === "number" ? numberText(d) : d));
}
// What a column holds, where its name does not say it; under the pointer.
const columnHelp = {
  n: "items that this metric is of",
  n_items: "of changes: items that the metric is of in every run of both sides; of coverage: all items",
  n_ids: "different ids among them: translations of one item share theirs",
  n_scored: "items of which at least one headline metric was measured",
  unscored: "items without this metric",
  mde: "the smallest change that a test at 0.05 would find four times in five",
  p_holm: "p corrected for the number of all changes (Holm)",
  q_bh: "share of false finds among all with this q or a smaller one (Benjamini and Hochberg)",
  change_relative: "change as a share of the value before",
  distance_from_ideal_change: "how much farther from the ideal; below 0: nearer",
};
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
  heads.append("button").attr("type", "button").attr("title", d => columnHelp[d] || null).text(d => d).on("click", function(column) {
    const c = source.columns.indexOf(column);
    state.up = state.by === c ? !state.up : true;
    state.by = c;
    fill();
  });
  const body = grid.append("tbody"), metricColumn = source.columns.indexOf("metric"), benchmarkColumn = source.columns.indexOf("benchmark");
  const meaningOf = row => metricColumn >= 0 && benchmarkColumn >= 0 ? captionOf({benchmark: row[benchmarkColumn], metric: row[metricColumn]}) : "";
  function fill() {
    const words = state.words.split(/\s+/).filter(Boolean);
    let rows = source.rows.filter(row => words.every(word => row.some(value => cellText(value).toLowerCase().includes(word))));
    if (state.by >= 0) rows = rows.slice().sort((a, b) => (a[state.by] === null) - (b[state.by] === null) || (state.up ? 1 : -1) * d3.ascending(a[state.by], b[state.by]));
    heads.attr("aria-sort", (d, c) => c === state.by ? (state.up ? "ascending" : "descending") : null);
    status.text(`${Math.min(state.count, rows.length)} of ${rows.length} rows`);
    all.style("display", rows.length > state.count ? null : "none");
    body.selectAll("tr").remove();
    rows.slice(0, state.count).forEach(row => body.append("tr").selectAll("td").data(row).enter().append("td")
      .attr("class", (d, c) => numeric[c] ? "number" : String(d).length > 40 ? "long" : null)
      .attr("title", (d, c) => typeof d === "number" ? d : c === metricColumn ? meaningOf(row) || null : null).text(cellText));
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

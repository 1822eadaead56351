// SPDX-License-Identifier: Apache-2.0
// ---- Training

// What a column of metrics.jsonl can be.
const columnRange = column => /accuracies|agreement/.test(column) ? {low: 0, high: 1} : /learning_rate|grad_norm|bits_per_byte|kl/.test(column) ? {low: 0} : {};
// Steps are whole, however few there are.
const stepAxis = x => d3.axisBottom(x).tickValues(x.ticks(6).filter(Number.isInteger)).tickFormat(d3.format("d"));
function stepDomain(rows) {
  const [first, last] = d3.extent(rows, row => row.step);
  return first === last ? [first - 1, last + 1] : [first, last];
}
function drawTraining() {
  const rows = rowsOf("training");
  if (!rows.length) return;
  const part = section("training", "Training", "Every logged step, or four hundred of them at equal distances.");
  const runs = unique(rows.map(row => row.run));
  runKey(part, runs, rows.some(row => row.split === "eval"));
  const grid = part.append("div").attr("class", "figures"), skipped = ["run", "split", "step", "epoch", "seconds", "num_tokens"];
  page.tables.training.columns.filter(column => !skipped.includes(column) && rows.some(row => isNumber(row[column]))).forEach(column => {
    const place = figure(grid, column), width = widthOf(place), height = 230, svg = canvas(place, width, height);
    const shown = rows.filter(row => isNumber(row[column]) && isNumber(row.step));
    const x = d3.scaleLinear().domain(stepDomain(shown)).range([52, width - 14]);
    const y = d3.scaleLinear().domain(domainOf(shown.map(row => row[column]), columnRange(column))).range([height - 40, 10]);
    axis(svg, 0, height - 40, stepAxis(x), {x: width / 2, y: 32, text: "step"});
    axis(svg, 52, 0, d3.axisLeft(y).ticks(5).tickFormat(value => value !== 0 && Math.abs(value) < 1e-3 ? d3.format(".2~e")(value) : d3.format(".4~g")(value)));
    runs.forEach((run, r) => ["train", "eval"].forEach(split => {
      const own = shown.filter(row => row.run === run && row.split === split);
      if (own.length > 1) svg.append("path").attr("d", d3.line().x(row => x(row.step)).y(row => y(row[column]))(own)).style("fill", "none").style("stroke", colour(r + 1)).style("stroke-width", 1.5).style("stroke-dasharray", split === "eval" ? "5 3" : null).append("title").text(`${run}, ${split}`);
      if (own.length === 1 || split === "eval") own.forEach(row => mark(svg, r + 1, x(row.step), y(row[column]), true, `${run}, ${split}, step ${row.step}: ${numberText(row[column])}`, 22));
    }));
  });
}

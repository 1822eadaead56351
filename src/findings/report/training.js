// SPDX-License-Identifier: Apache-2.0
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

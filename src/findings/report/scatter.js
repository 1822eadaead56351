// SPDX-License-Identifier: Apache-2.0
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
  const directed = blocks.filter(block => block.rows.some(row => goodChange(row) !== null));
  if (directed.length < 2) return;
  const mitigated = directed.find(isToxicity) || directed.find(isBias) || directed[0];
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

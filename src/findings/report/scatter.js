// SPDX-License-Identifier: Apache-2.0
// ---- Scatter plots

// Labels beside their marks; of marks that lie on one another one label ("de, en, fr", or "de, en, fr + 9"), and none where it would
// lie on another label: marks say who they are under the pointer too.
function labelPoints(svg, points, x, y, right) {
  const groups = [];
  points.forEach(point => {
    const at = [x(point.x), y(point.y)], near = groups.find(group => Math.abs(group.at[0] - at[0]) < 24 && Math.abs(group.at[1] - at[1]) < 11);
    if (near) near.labels.push(point.label);
    else groups.push({at, labels: [point.label]});
  });
  const taken = [];
  groups.forEach(group => {
    const labels = unique(group.labels), text = labels.slice(0, 3).join(", ") + (labels.length > 3 ? ` + ${labels.length - 3}` : "");
    const size = 6 * text.length, isLeft = group.at[0] + 10 + size > right, from = isLeft ? group.at[0] - 7 - size : group.at[0] + 7;
    if (taken.some(box => from < box.to && from + size > box.from && Math.abs(group.at[1] - box.y) < 11)) return;
    taken.push({from, to: from + size, y: group.at[1]});
    svg.append("text").attr("class", "point").attr("x", group.at[0] + (isLeft ? -7 : 7)).attr("y", group.at[1] + 4)
      .attr("text-anchor", isLeft ? "end" : "start").style("font-size", "10px").text(text).append("title").text(labels.join(", "));
  });
}
// points: {x, y, index, label, title}. `ranges`: {x, y}, what is possible along either axis.
function scatter(place, points, xText, yText, ranges, isDiagonal) {
  const width = widthOf(place), height = Math.round(Math.max(300, width * 0.7)), left = 66, bottom = 46;
  const svg = canvas(place, width, height), shown = points.filter(point => isNumber(point.x) && isNumber(point.y));
  const xs = shown.map(point => point.x), ys = shown.map(point => point.y), both = domainOf(xs.concat(ys), ranges.x);
  const x = d3.scaleLinear().domain(isDiagonal ? both : domainOf(xs, ranges.x)).range([left, width - 30]);
  const y = d3.scaleLinear().domain(isDiagonal ? both : domainOf(ys, ranges.y)).range([height - bottom, 12]);
  axis(svg, 0, height - bottom, d3.axisBottom(x).ticks(6), {x: (left + width) / 2, y: 36, text: xText});
  axis(svg, left, 0, d3.axisLeft(y).ticks(6), {x: 0, y: 0, transform: `translate(-52,${height / 2 - 10}) rotate(-90)`, text: yText});
  if (isDiagonal) line(svg, x(both[0]), y(both[0]), x(both[1]), y(both[1]), "var(--soft)", 1, "4 3");
  else {
    if (x.domain()[0] < 0 && x.domain()[1] > 0) line(svg, x(0), 12, x(0), height - bottom, "var(--soft)", 1, "4 3");
    if (y.domain()[0] < 0 && y.domain()[1] > 0) line(svg, left, y(0), width - 30, y(0), "var(--soft)", 1, "4 3");
  }
  shown.forEach(point => mark(svg, point.index, x(point.x), y(point.y), true, point.title, 46).attr("data-x", point.x).attr("data-y", point.y));
  labelPoints(svg, shown, x, y, width);
  if (!shown.length) svg.append("text").attr("x", width / 2).attr("y", height / 2).attr("text-anchor", "middle").text("no language was measured for both");
}
function drawTrade() {
  if (blocks.length < 2 || !changes.length) return;
  const directed = blocks.filter(block => block.rows.some(row => goodChange(row) !== null));
  if (directed.length < 2) return;
  const isShown = block => block.rows[0].scoring === shownScoring, among = directed.filter(isShown).length > 1 ? directed.filter(isShown) : directed;
  const mitigated = among.find(isToxicity) || among.find(isBias) || among[0];
  const kept = among.find(block => /bits_per_byte|kl_to_base/.test(block.title)) || among.find(block => block !== mitigated);
  const state = {x: mitigated.key, y: kept.key};
  const part = section("trade", "What is gained, and who pays for it", "One mark a language and arm. To the right: the harm that was trained against fell; down: something that should have been kept was lost. Changes are turned so that plus is good.");
  const controls = part.append("div").attr("class", "controls");
  armKey(part, false);
  const place = figure(part.append("div").attr("class", "figures wide"), "Mitigation against retention");
  place.box.style("max-width", "46rem");
  const draw = () => {
    const x = blocks.find(block => block.key === state.x), y = blocks.find(block => block.key === state.y), points = [];
    x.rows.forEach(row => {
      const other = y.rows.find(candidate => candidate.language === row.language && candidate.arm === row.arm);
      if (!other || row.language === "mean_others") return;
      points.push({x: goodChange(row), y: goodChange(other), index: markOf(row.arm), label: row.language,
        title: `${languageName(row.language)}, ${row.arm}: ${x.title} ${numberText(row.change, true)}, ${y.title} ${numberText(other.change, true)}`});
    });
    scatter(place, points, `${x.title}: gain →`, `${y.title}: gain →`, {x: changeRange(x.rows[0]), y: changeRange(y.rows[0])});
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
    const first = blocks.find(block => block.rows[0].scoring === shownScoring) || blocks[0];
    const state = {x: names[0], y: first.key}, controls = part.append("div").attr("class", "controls");
    armKey(part, false);
    const place = figure(part.append("div").attr("class", "figures wide"), "Change against a predictor");
    place.box.style("max-width", "46rem");
    const draw = () => {
      const block = blocks.find(candidate => candidate.key === state.y), points = [];
      block.rows.forEach(row => {
        const known = predictors.find(candidate => candidate.language === row.language);
        if (known && row.language !== page.source) points.push({x: known[state.x], y: row.change, index: markOf(row.arm), label: row.language, title: `${languageName(row.language)}, ${row.arm}: ${state.x} ${numberText(known[state.x])}, change ${numberText(row.change, true)}`});
      });
      scatter(place, points, state.x, `change of ${block.title}`, {x: {}, y: changeRange(block.rows[0])});
    };
    choice(controls, "Predictor", names.map(name => [name, name]), state.x, value => { state.x = value; draw(); });
    choice(controls, "Change of", blocks.map(block => [block.key, block.title]), state.y, value => { state.y = value; draw(); });
    draw();
  }
  table(part, "correlations", true);
}

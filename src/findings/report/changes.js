// SPDX-License-Identifier: Apache-2.0
// ---- Before → after

function beforeAfter(block, place) {
  const others = arms.filter(arm => arm !== base), step = Math.max(20, 9 * others.length + 8);
  const width = widthOf(place), left = leftOf(block), right = 14, top = 22, height = top + block.languages.length * step + 34;
  const svg = canvas(place, width, height);
  const known = values.filter(row => keyOf(row) === block.key && row.arm === base);
  const baseOf = {}, ideal = (known.find(row => isNumber(row.ideal)) || {}).ideal;
  known.forEach(row => { baseOf[row.language] = baseOf[row.language] || row; });
  const numbers = [];
  block.rows.forEach(row => numbers.push(row.base, row.value, isNumber(row.ci95_low) ? row.base + row.ci95_low : null, isNumber(row.ci95_high) ? row.base + row.ci95_high : null));
  block.languages.forEach(language => { const own = baseOf[language]; if (own) numbers.push(own.ci95_low, own.ci95_high); });
  const x = d3.scaleLinear().domain(domainOf(numbers, rangeOf(block.rows[0]))).range([left, width - right]);
  axis(svg, 0, height - 34, d3.axisBottom(x).ticks(5), {x: (left + width - right) / 2, y: 30, text: directionText(block.rows[0])});
  if (isNumber(ideal) && ideal >= x.domain()[0] && ideal <= x.domain()[1]) {
    line(svg, x(ideal), top - 6, x(ideal), height - 34, "var(--soft)", 1, "4 3");
    svg.append("text").attr("class", "soft").attr("x", x(ideal)).attr("y", top - 10).attr("text-anchor", "middle").text("ideal");
  }
  block.languages.forEach((language, i) => {
    const y = top + (i + 0.5) * step, rows = block.rows.filter(row => row.language === language), first = rows[0];
    if (i % 2) svg.insert("rect", ":first-child").attr("x", 0).attr("y", y - step / 2).attr("width", width).attr("height", step).style("fill", "var(--paper)").style("opacity", 0.6);
    svg.append("text").attr("x", left - 8).attr("y", y + 4).attr("text-anchor", "end").style("font-weight", language === "mean_others" || language === page.source ? 700 : 400)
      .text(lineName(language, first));
    const own = baseOf[language];
    if (own) whisker(svg, x, own.ci95_low, own.ci95_high, y, "var(--line)", 5);
    rows.forEach(row => {
      const at = y + (others.indexOf(row.arm) - (others.length - 1) / 2) * 9, index = markOf(row.arm);
      if (!isNumber(row.value) || !isNumber(row.base)) return;
      const ends = isNumber(row.ci95_low) ? [row.base + row.ci95_low, row.base + row.ci95_high] : [null, null];
      whisker(svg, x, ends[0], ends[1], at, colour(index), 1.4);
      const words = `${languageName(language)}, ${row.arm}: ${numberText(row.base)} → ${numberText(row.value)}, change ${numberText(row.change, true)}` +
        `${interval(row.ci95_low, row.ci95_high, true)}, ${pText(row.p_holm)} after Holm, n ${row.n_items}${cutText(row, ends[0], ends[1])}`;
      mark(svg, index, x(row.value), at, isNumber(row.p_holm) && row.p_holm < 0.05, words, 42)
        .attr("data-language", row.language).attr("data-arm", row.arm).attr("data-value", row.value);
    });
    if (isNumber(first.base)) line(svg, x(first.base), y - step / 2 + 2, x(first.base), y + step / 2 - 2, "var(--ink)", 2.2)
      .append("title").text(`${languageName(language)}, before: ${numberText(first.base)}${own ? interval(own.ci95_low, own.ci95_high) : ""}`);
  });
}
const lineName = (language, row) => language === "mean_others" ? `mean of ${row.n_languages} others` : shortName(language);
// Room for the longest name, in bold as some are.
const leftOf = block => Math.max(80, 16 + 6.8 * d3.max(block.rows, row => lineName(row.language, row).length));
const shortName = tag => { const name = languageName(tag); return name.length > 20 ? tag : name; };
function directionText(row) {
  if (isNumber(row.distance_from_ideal_change)) return "nearer the ideal is better";
  return row.higher_is_better === true ? "better →" : row.higher_is_better === false ? "← better" : "";
}
// Without a comparison: every arm's value with its own interval.
function plainValues(block, place) {
  const step = Math.max(18, 9 * arms.length + 6), width = widthOf(place), left = leftOf(block), height = 22 + block.languages.length * step + 34;
  const svg = canvas(place, width, height), numbers = [];
  block.rows.forEach(row => numbers.push(row.value, row.ci95_low, row.ci95_high));
  const x = d3.scaleLinear().domain(domainOf(numbers, rangeOf(block.rows[0]))).range([left, width - 14]);
  axis(svg, 0, height - 34, d3.axisBottom(x).ticks(5), {x: (left + width) / 2, y: 30, text: directionText(block.rows[0])});
  block.languages.forEach((language, i) => {
    const y = 22 + (i + 0.5) * step;
    svg.append("text").attr("x", left - 8).attr("y", y + 4).attr("text-anchor", "end").text(shortName(language));
    block.rows.filter(row => row.language === language && isNumber(row.value)).forEach(row => {
      const index = markOf(row.arm), at = y + (index - (arms.length - 1) / 2) * 9;
      whisker(svg, x, row.ci95_low, row.ci95_high, at, colour(index), 1.4);
      mark(svg, index, x(row.value), at, true, `${languageName(language)}, ${row.arm} (${row.run}): ${numberText(row.value)}${interval(row.ci95_low, row.ci95_high)}, n ${row.n}`, 42).attr("data-value", row.value);
    });
  });
}
function drawBeforeAfter() {
  if (!blocks.length) return;
  const part = changes.length
    ? section("change", "Before and after", "Each line is a language. The upright stroke is the value before, each mark an arm's value after. " +
      "An interval of a change that crosses the stroke means: the change may be none. Holm's correction is for every comparison on this " +
      "page. Axes end where a metric's possible values end.")
    : section("change", "Values", "Values of each arm with their 95 % intervals.");
  const grid = d3.create("div").attr("class", "figures");
  const draw = scoring => {
    grid.selectAll("figure").remove();
    blocks.filter(block => block.rows[0].scoring === scoring).forEach(block =>
      (changes.length ? beforeAfter : plainValues)(block, figure(grid, block.title, captionOf(block.rows[0]))));
  };
  if (scorings.length > 1) choice(part.append("div").attr("class", "controls"), "Scoring", scorings.map(name => [name, name]), shownScoring, draw);
  if (changes.length) changeKey(part);
  else armKey(part, true);
  part.append(() => grid.node());
  draw(shownScoring);
}

// ---- Heat map

function heatMap(arm, place, chosen) {
  const size = 46, left = 128, top = 128, languages = orderedLanguages([].concat(...chosen.map(block => block.languages)));
  const svg = canvas(place, left + chosen.length * size + 110, top + languages.length * 22 + 8, true);
  const shade = d3.scaleDiverging(d3.interpolatePuOr).domain([5, 0, -5]).clamp(true);
  chosen.forEach((block, c) => svg.append("text").attr("transform", `translate(${left + (c + 0.5) * size},${top - 8}) rotate(-40)`)
    .text(block.title.length > 30 ? block.rows[0].metric : block.title)
    .append("title").text(`${block.title}: ${captionOf(block.rows[0])}`));
  languages.forEach((language, r) => {
    const y = top + r * 22;
    svg.append("text").attr("x", left - 8).attr("y", y + 15).attr("text-anchor", "end").text(language === "mean_others" ? "mean of the others" : shortName(language));
    chosen.forEach((block, c) => {
      const row = block.rows.find(other => other.language === language && other.arm === arm);
      if (!row) return;
      const z = standardised(row), fill = z === null ? "#888888" : shade(z), holds = isNumber(row.p_holm) && row.p_holm < 0.05;
      const group = svg.append("g").attr("transform", `translate(${left + c * size},${y})`);
      group.append("rect").attr("width", size - 2).attr("height", 20).attr("rx", 2).style("fill", fill);
      group.append("text").attr("x", size / 2 - 1).attr("y", 14).attr("text-anchor", "middle").style("fill", isDark(fill) ? "#ffffff" : "#000000").style("font-weight", holds ? 700 : 400)
        .text((z === null ? "n/a" : Math.abs(z) < 0.05 ? "0" : (z > 0 ? "+" : "−") + Math.abs(z).toFixed(1)) + (holds ? "*" : ""));
      group.append("title").text(`${block.title}, ${languageName(language)}, ${arm}: change ${numberText(row.change, true)}${interval(row.ci95_low, row.ci95_high, true)}, ${pText(row.p_holm)} after Holm`);
    });
  });
}
function isDark(fill) {
  const parts = d3.rgb(fill), linear = [parts.r, parts.g, parts.b].map(x => { const c = x / 255; return c <= 0.03928 ? c / 12.92 : Math.pow((c + 0.055) / 1.055, 2.4); });
  return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] < 0.18;
}
function drawHeatMaps() {
  if (!changes.length) return;
  const part = section("map", "Every language and metric at once", "Change in standard errors (of the interval): plus, violet, is to the good, minus, orange, to the bad; a star holds after Holm's correction. Where a metric has an ideal value, nearer to it is the good. n/a: the interval has no width, or nothing says which way is good.");
  const grid = d3.create("div").attr("class", "figures wide");
  const draw = scoring => {
    grid.selectAll("figure").remove();
    const chosen = blocks.filter(block => block.rows[0].scoring === scoring);
    arms.filter(arm => arm !== base).forEach(arm => heatMap(arm, figure(grid, `${arm}: change in standard errors`), chosen));
  };
  if (scorings.length > 1) choice(part.append("div").attr("class", "controls"), "Scoring", scorings.map(name => [name, name]), shownScoring, draw);
  part.append(() => grid.node());
  draw(shownScoring);
}

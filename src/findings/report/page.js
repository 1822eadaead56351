// SPDX-License-Identifier: Apache-2.0
// ---- The whole

document.getElementById("title").textContent = page.title;
const about = [];
if (base) about.push(`Held against ${base}.`);
about.push(`${page.arms.map(arm => arm.name + (arm.n_seeds > 1 ? ` (${arm.n_seeds} seeds)` : "")).join(", ")}.`);
document.getElementById("about").textContent = page.arms.length ? about.join(" Arms: ") : "";
page.arms.forEach((arm, i) => {
  const item = d3.select("#legend").append("span");
  const svg = item.append("svg").attr("width", 16).attr("height", 16).attr("viewBox", "-8 -8 16 16").attr("aria-hidden", "true");
  if (arm.is_base && changes.length) line(svg, 0, -7, 0, 7, "var(--ink)", 2.2);
  else svg.append("path").attr("d", symbol(i, 60)).style("fill", colour(i));
  item.append("span").text(arm.name + (arm.is_base ? " (before)" : ""));
});
page.notes.forEach(note => main.append("p").attr("class", "note").attr("role", "note").text(note));
drawBeforeAfter();
drawHeatMaps();
drawTrade();
drawPredictors();
drawScorings();
drawAgreement();
drawCoverage();
drawHuman();
drawTraining();
drawSamples();
drawTables();
drawSources();
d3.select("#contents").selectAll("a").data(contents).enter().append("a").attr("href", d => "#" + d.id).text(d => d.title);
const made = page.made_by;
document.getElementById("footer").textContent = `Made by xlt ${made.version}, commit ${made.commit}${made.dirty ? " with changes" : ""}; drawn with D3 (ISC licence). The page loads nothing.`;
document.documentElement.setAttribute("data-ready", "true");

// SPDX-License-Identifier: Apache-2.0
// ---- The whole

document.getElementById("title").textContent = page.title;
const summary = page.summary || {sentences: [], facts: []};
summary.sentences.forEach(sentence => d3.select("#found").append("p").text(sentence));
summary.facts.forEach(([name, value]) => {
  const fact = d3.select("#facts").append("div");
  fact.append("dt").text(name);
  fact.append("dd").text(value);
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
drawGlossary();
drawTables();
drawSources();
d3.select("#contents").selectAll("a").data(contents).enter().append("a").attr("href", d => "#" + d.id).text(d => d.title);
const made = page.made_by;
document.getElementById("footer").textContent = `Made by xlt ${made.version}, commit ${made.commit}${made.dirty ? " with changes" : ""}; drawn with D3 (ISC licence). The page loads nothing.`;
document.documentElement.setAttribute("data-ready", "true");

// SPDX-License-Identifier: Apache-2.0
// ---- Samples

function drawSamples() {
  if (!page.samples.length) return;
  const part = section("samples", "Samples before and after", "Of each benchmark, language and arm: half of them where the score moved most, half the first of the file, so this is no average. Texts of toxicity benchmarks can hurt; they stay covered until you uncover them.");
  const state = {language: "", arm: "", change: "", count: 20}, controls = part.append("div").attr("class", "controls"), list = part.append("div");
  const moved = sample => isNumber(sample.score_after) && isNumber(sample.score_before) ? sample.score_after - sample.score_before : null;
  const fits = sample => (!state.language || sample.language === state.language) && (!state.arm || sample.arm === state.arm) &&
    (!state.change || (state.change === "fell" ? moved(sample) < 0 : state.change === "rose" ? moved(sample) > 0 : !moved(sample)));
  const text = (parent, title, words, sample) => {
    parent.append("h3").text(title);
    parent.append("blockquote").attr("lang", sample.language).attr("dir", isRightToLeft(sample.language) ? "rtl" : "auto").attr("class", sample.is_sensitive ? "covered" : null)
      .attr("aria-hidden", sample.is_sensitive ? "true" : null).text(words || "(empty)");
  };
  const draw = () => {
    list.selectAll("*").remove();
    const chosen = page.samples.filter(fits);
    list.append("p").attr("class", "soft").attr("role", "status").text(`${Math.min(state.count, chosen.length)} of ${chosen.length} shown`);
    chosen.slice(0, state.count).forEach(sample => {
      const box = list.append("article").attr("class", "sample"), change = moved(sample);
      const head = box.append("div").attr("class", "controls");
      head.append("span").text(`${languageName(sample.language)} · ${sample.benchmark} · ${sample.arm} · item ${sample.id}` + (change === null ? "" : ` · score ${numberText(sample.score_before)} → ${numberText(sample.score_after)}`));
      if (sample.is_sensitive) head.append("button").attr("type", "button").attr("aria-pressed", "false").text("Uncover the texts").on("click", function() {
        const isOpen = this.getAttribute("aria-pressed") !== "true";
        this.setAttribute("aria-pressed", isOpen);
        this.textContent = isOpen ? "Cover the texts" : "Uncover the texts";
        box.selectAll("blockquote").classed("covered", !isOpen).attr("aria-hidden", isOpen ? null : "true");
      });
      if (sample.prompt) text(box, "Prompt", sample.prompt, sample);
      const sides = box.append("div").attr("class", "sides");
      text(sides.append("div"), "Before", sample.before, sample);
      text(sides.append("div"), "After", sample.after, sample);
    });
    if (chosen.length > state.count) list.append("button").attr("type", "button").text("Show twenty more").on("click", () => { state.count += 20; draw(); });
  };
  const set = name => value => { state[name] = value; state.count = 20; draw(); };
  choice(controls, "Language", [["", "all"]].concat(orderedLanguages(page.samples.map(sample => sample.language)).map(tag => [tag, languageName(tag)])), "", set("language"));
  choice(controls, "Arm", [["", "all"]].concat(unique(page.samples.map(sample => sample.arm)).map(name => [name, name])), "", set("arm"));
  choice(controls, "Score", [["", "any"], ["fell", "fell"], ["rose", "rose"], ["same", "same, or none"]], "", set("change"));
  draw();
}

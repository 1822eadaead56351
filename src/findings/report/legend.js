// SPDX-License-Identifier: Apache-2.0
// ---- Keys: what the marks of a picture are

// One entry: a small drawing (of 22 × 16, its middle at 0,0) and its words.
function keyEntry(list, draw, words) {
  const item = list.append("li");
  draw(item.append("svg").attr("width", 22).attr("height", 16).attr("viewBox", "-11 -8 22 16").attr("aria-hidden", "true"));
  item.append("span").text(words);
}
const keyList = (parent, label) => parent.append("ul").attr("class", "key").attr("aria-label", label);
const armMark = i => svg => svg.append("path").attr("d", symbol(i, 60)).style("fill", colour(i));
function armEntries(list, isBaseMark) {
  page.arms.forEach((arm, i) => { if (!arm.is_base || isBaseMark) keyEntry(list, armMark(i), arm.name + (arm.is_base && changes.length ? " (before)" : "")); });
}
// Of pictures of points: the arms that have some.
const armKey = (parent, isBaseMark) => armEntries(keyList(parent, "Arms and their marks"), isBaseMark);
// Of before and after.
function changeKey(parent) {
  const list = keyList(parent, "What the marks are");
  keyEntry(list, svg => line(svg, 0, -7, 0, 7, "var(--ink)", 2.2), `${base || "base"}: the value before`);
  keyEntry(list, svg => line(svg, -10, 0, 10, 0, "var(--line)", 5), "its 95 % interval");
  armEntries(list, false);
  const first = Math.max(1, arms.findIndex(name => name !== base));
  keyEntry(list, svg => line(svg, -10, 0, 10, 0, colour(first), 1.4), "95 % interval of the change, laid from the value before");
  const span = d3.scaleLinear().domain([0, 1]).range([-10, 10]);
  keyEntry(list, svg => whisker(svg, span, -1, 1, 0, colour(first), 1.4), "arrow: it goes on past what is possible");
  keyEntry(list, svg => mark(svg, first, 0, 0, true, null, 60), "filled: the change holds after Holm's correction");
  keyEntry(list, svg => mark(svg, first, 0, 0, false, null, 60), "hollow: it does not");
}
// Of curves: runs by colour, splits by dashes.
function runKey(parent, runs, hasEval) {
  const list = keyList(parent, "Runs and their lines");
  runs.forEach((run, r) => keyEntry(list, svg => line(svg, -10, 0, 10, 0, colour(r + 1), 2), run));
  if (!hasEval) return;
  keyEntry(list, svg => line(svg, -10, 0, 10, 0, "var(--ink)", 1.5), "solid: training");
  keyEntry(list, svg => line(svg, -10, 0, 10, 0, "var(--ink)", 1.5, "5 3"), "dashed: evaluation");
}

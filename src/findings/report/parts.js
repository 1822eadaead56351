// SPDX-License-Identifier: Apache-2.0
// ---- Parts of a page

const contents = [];
function section(id, title, text) {
  contents.push({id, title});
  const part = main.append("section").attr("id", id).attr("aria-labelledby", id + "-title");
  part.append("h2").attr("id", id + "-title").text(title);
  if (text) part.append("p").text(text);
  return part;
}
let numFigures = 0;
// A picture with its title, what it is of (`words`, may be empty), and a button that saves it.
function figure(parent, title, words) {
  const box = parent.append("figure"), caption = box.append("figcaption"), id = `figure-${++numFigures}`;
  caption.append("span").attr("class", "title").attr("id", id).text(title);
  if (words) caption.append("span").attr("class", "words").text(words);
  const place = {box: box, drawing: box.append("div").attr("class", "scroll").attr("tabindex", 0).attr("role", "group").attr("aria-labelledby", id), title};
  box.append("button").attr("class", "small").attr("type", "button").attr("aria-label", `Save picture "${title}" as SVG`).text("Save picture as SVG")
    .on("click", () => saveSvg(place.drawing.select("svg").node(), title));
  return place;
}
// As wide as its place, so that letters keep their size; at least what a drawing needs.
const widthOf = place => Math.max(330, Math.min(640, place.drawing.node().clientWidth || 430));
function canvas(place, width, height, isFixed) {
  place.drawing.selectAll("svg").remove();
  const svg = place.drawing.append("svg").attr("viewBox", `0 0 ${width} ${height}`).attr("role", "img").attr("aria-label", place.title);
  if (isFixed) svg.attr("width", width).attr("height", height).attr("class", "fixed");
  return svg;
}
function save(text, type, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], {type}));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
// The drawing with its styles written out and its title and marks above it, so that it stands alone.
function standalone(svg) {
  const copy = svg.cloneNode(true), from = svg.querySelectorAll("*"), to = copy.querySelectorAll("*");
  const usual = {fill: "rgb(0, 0, 0)", stroke: "none", "stroke-width": "1px", "stroke-dasharray": "none", opacity: "1"};
  from.forEach((element, i) => {
    const style = getComputedStyle(element), names = Object.keys(usual).concat(element.tagName === "text" ? ["font-size", "font-weight", "text-anchor"] : []);
    for (const name of names)
      if (style.getPropertyValue(name) !== usual[name]) to[i].setAttribute(name, style.getPropertyValue(name));
    for (const name of ["class", "style", "font-family", "data-language", "data-arm", "data-value", "data-x", "data-y"]) to[i].removeAttribute(name);
  });
  const box = svg.viewBox.baseVal, band = 44, height = box.height + band, ink = getComputedStyle(document.body);
  const whole = d3.create("svg:svg").attr("xmlns", "http://www.w3.org/2000/svg").attr("viewBox", `0 0 ${box.width} ${height}`)
    .attr("width", box.width).attr("height", height).attr("role", "img").attr("font-family", "system-ui, 'Noto Sans', sans-serif");
  const title = svg.getAttribute("aria-label");
  whole.append("title").text(title);
  whole.append("rect").attr("width", box.width).attr("height", height).attr("fill", ink.backgroundColor);
  whole.append("text").attr("x", 10).attr("y", 18).attr("font-size", 13).attr("font-weight", 700).attr("fill", ink.color).text(title);
  let x = 14;
  page.arms.forEach((arm, i) => {
    const paint = getComputedStyle(document.documentElement).getPropertyValue(`--arm${i % 7}`).trim(), name = arm.name + (arm.is_base ? " (before)" : "");
    if (arm.is_base && changes.length) whole.append("rect").attr("x", x - 1).attr("y", 27).attr("width", 2.2).attr("height", 13).attr("fill", ink.color);
    else whole.append("path").attr("d", symbol(i, 48)).attr("transform", `translate(${x},34)`).attr("fill", paint);
    whole.append("text").attr("x", x + 9).attr("y", 38).attr("font-size", 11).attr("fill", ink.color).text(name);
    x += 26 + 6.4 * name.length;
  });
  copy.setAttribute("y", band);
  copy.setAttribute("width", box.width);
  copy.setAttribute("height", box.height);
  copy.removeAttribute("class");
  whole.append(() => copy);
  return new XMLSerializer().serializeToString(whole.node());
}
const saveSvg = (svg, title) => save(standalone(svg), "image/svg+xml", title.replace(/[^A-Za-z0-9]+/g, "-") + ".svg");
window.xltStandalone = standalone;  // for whoever makes pictures of this page by a script

function choice(parent, label, names, chosen, change) {
  const box = parent.append("label");
  box.append("span").attr("class", "name").text(label);
  const select = box.append("select");
  select.selectAll("option").data(names).enter().append("option").attr("value", d => d[0]).attr("selected", d => d[0] === chosen ? "" : null).text(d => d[1]);
  select.on("change", function() { change(this.value); });
  return select;
}
// A mark of an arm: filled where its change holds after correction.
function mark(svg, index, x, y, isFilled, title, size) {
  const path = svg.append("path").attr("d", symbol(index, size)).attr("transform", `translate(${x},${y})`)
    .style("fill", isFilled ? colour(index) : "var(--panel)").style("stroke", colour(index)).style("stroke-width", 1.6);
  if (title) path.append("title").text(title);
  return path;
}
function line(svg, x1, y1, x2, y2, stroke, width, dash) {
  return svg.append("line").attr("x1", x1).attr("y1", y1).attr("x2", x2).attr("y2", y2).style("stroke", stroke).style("stroke-width", width || 1).style("stroke-dasharray", dash || null);
}

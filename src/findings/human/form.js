// SPDX-License-Identifier: Apache-2.0
// A form for raters. It loads nothing and sends nothing: answers are kept in the browser and saved as a CSV. Texts of models are
// put into the page as text and nothing else.
const data = JSON.parse(document.getElementById("data").textContent);
const key = "xlt-human-" + data.export_id;
const at = id => document.getElementById(id);
const state = {rater: "", language: "", place: Object.create(null), answers: Object.create(null)};  // place and answers by rater (and language; item, question)
let order = [];

// ---- What is kept

function trouble(text) {
  at("trouble").textContent = text;
  at("trouble").hidden = !text;
}
function keep() {
  try {
    localStorage.setItem(key, JSON.stringify(state));
  } catch (error) {
    trouble("This browser keeps nothing for this page (a private window?). Save your ratings before you close it.");
  }
}
// Only what this form could have written: the browser's store is open to other pages on this computer.
function restore() {
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(key));
  } catch (error) {
    return;
  }
  if (!kept || typeof kept !== "object") return;
  if (typeof kept.rater === "string") state.rater = kept.rater;
  if (data.languages[kept.language]) state.language = kept.language;
  for (const [rater, answers] of Object.entries(kept.answers || {}))
    for (const [item, ratings] of Object.entries(answers || {}))
      for (const [question, value] of Object.entries(ratings || {})) take(rater, item, question, value);
  for (const [name, place] of Object.entries(kept.place || {}))
    if (typeof place === "string") state.place[name] = place;
}
const itemsById = new Map(data.items.map(item => [item.item_id, item]));
const questionsOf = item => data.questions.filter(question => question.is_of_pairs === (item.texts.length === 2));
// Whether the answer is one of an item and question of this form.
function take(rater, itemId, name, value) {
  const item = itemsById.get(itemId), question = item && questionsOf(item).find(one => one.name === name);
  if (!question || !question.answers.some(answer => answer.value === String(value))) return false;
  if (!state.answers[rater]) state.answers[rater] = Object.create(null);
  const own = state.answers[rater];
  own[itemId] = Object.assign({}, own[itemId], {[name]: String(value)});
  return true;
}
const answersOf = item => (state.answers[state.rater] || {})[item.item_id] || {};
const isRated = item => questionsOf(item).every(question => answersOf(item)[question.name] !== undefined);

// ---- The order: another one for each rater, always the same

function hash(text) {
  let h = 2166136261;
  for (const c of new TextEncoder().encode(text)) h = Math.imul(h ^ c, 16777619);
  return h >>> 0;
}
function shuffled(items, seed) {
  const result = items.slice();
  const next = () => {  // mulberry32
    seed = (seed + 0x6D2B79F5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  for (let i = result.length - 1; i > 0; --i) {
    const j = Math.floor(next() * (i + 1));
    [result[i], result[j]] = [result[j], result[i]];
  }
  return result;
}

// ---- Parts of the page

function element(name, text, parent) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.appendChild(made);
  return made;
}
function quote(parent, title, text, item) {
  element("h3", title, parent);
  const box = element("blockquote", text.trim() ? text : "(empty)", parent);
  if (!text.trim()) box.className = "empty";
  box.lang = item.language;
  box.dir = data.languages[item.language].dir;
}
function ask(parent, question, item) {
  const box = element("fieldset", undefined, parent);
  element("legend", question.title, box);
  for (const answer of question.answers) {
    const label = element("label", undefined, box), input = element("input", undefined, label);
    input.type = "radio";
    input.name = question.name;
    input.value = answer.value;
    input.checked = answersOf(item)[question.name] === answer.value;
    input.addEventListener("change", () => {
      take(state.rater, item.item_id, question.name, answer.value);
      keep();
      count();
    });
    label.append(question.is_of_pairs ? answer.label : `${answer.value} · ${answer.label}`);
  }
}

// ---- Rating

const placeKey = () => state.rater + "\n" + state.language;
const index = () => Math.max(0, order.findIndex(item => item.item_id === state.place[placeKey()]));
function show(i) {
  const item = order[i], box = at("item");
  state.place[placeKey()] = item.item_id;
  keep();
  box.replaceChildren();
  box.dataset.item = item.item_id;
  at("place").textContent = `Item ${i + 1} of ${order.length}, ${data.languages[item.language].name}`;
  if (item.prompt) quote(box, "Beginning", item.prompt, item);
  if (item.texts.length === 1) quote(box, "Continuation", item.texts[0], item);
  else {
    const pair = element("div", undefined, box);
    pair.className = "pair";
    item.texts.forEach((text, t) => quote(element("div", undefined, pair), "Continuation " + "AB"[t], text, item));
  }
  questionsOf(item).forEach(question => ask(box, question, item));
  at("back").disabled = i === 0;
  at("next").disabled = i === order.length - 1;
  count();
}
function count() {
  const rated = order.filter(isRated).length, all = rated === order.length;
  at("done").style.width = `${100 * rated / order.length}%`;
  at("unrated").disabled = all;
  at("status").textContent = `${rated} of ${order.length} rated.` + (all ? " All done: save your ratings, and send the file to whoever asked you." : "");
}
function begin() {
  const own = data.items.filter(item => item.language === state.language);
  order = shuffled(own, hash(state.rater + "\n" + data.export_id));
  at("start").hidden = true;
  at("rating").hidden = false;
  show(index());
}
function move(step) {
  show(Math.max(0, Math.min(order.length - 1, index() + step)));
  at("place").scrollIntoView();
}
at("back").addEventListener("click", () => move(-1));
at("next").addEventListener("click", () => move(1));
at("unrated").addEventListener("click", () => {
  const here = index(), later = order.findIndex((item, i) => i > here && !isRated(item));
  show(later >= 0 ? later : order.findIndex(item => !isRated(item)));
  at("place").scrollIntoView();
});
at("leave").addEventListener("click", () => {
  at("rating").hidden = true;
  at("start").hidden = false;
  fillStart();
});

// ---- CSV

const field = text => /[",\r\n]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
function csv() {
  const lines = ["rater,item_id,question,rating"];
  for (const item of data.items)
    for (const question of questionsOf(item))
      if (answersOf(item)[question.name] !== undefined)
        lines.push([state.rater, item.item_id, question.name, answersOf(item)[question.name]].map(field).join(","));
  return lines.join("\n") + "\n";
}
window.xltRatings = csv;  // what would be saved, for whoever drives this page by a script
at("save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([csv()], {type: "text/csv"}));
  link.download = `ratings-${state.rater.replace(/[^\p{L}\p{N}]+/gu, "-")}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
  at("status").textContent = "Saved as " + link.download + ".";
});
function rowsOf(text) {
  const rows = [[]];
  let cell = "", quoted = false;
  const end = () => { rows[rows.length - 1].push(cell); cell = ""; };
  for (let i = 0; i < text.length; ++i) {
    const c = text[i];
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') { cell += '"'; ++i; }
      else quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === ",") end();
    else if (c === "\n") { end(); rows.push([]); }
    else if (c !== "\r") cell += c;
  }
  end();
  return rows.filter(row => row.length > 1);
}
function load(text) {
  const rows = rowsOf(text.replace(/^\ufeff/, "")), head = rows.shift() || [];
  const column = name => head.indexOf(name);
  const columns = ["rater", "item_id", "question", "rating"].map(column);
  if (columns.includes(-1)) return trouble("This is no file that this form saved: rater, item_id, question, rating are its columns.");
  let taken = 0, first = "";
  for (const row of rows) {
    const [rater, item, question, rating] = columns.map(c => row[c]);
    if (rater && take(rater, item, question, rating)) {
      ++taken;
      first = first || rater;
    }
  }
  trouble(taken < rows.length ? `${rows.length - taken} lines of the file are of another form, and were left out.` : "");
  if (!taken) return;
  at("rater").value = first;
  keep();
}
at("load").addEventListener("change", event => {
  const file = event.target.files[0];
  if (file) file.text().then(load);
});

// ---- Start

function fillStart() {
  at("rater").value = state.rater;
  if (state.language) at("language").value = state.language;
}
at("title").textContent = data.title;
const meanings = at("codebook").querySelector("div");
for (const question of data.questions.filter(one => data.items.some(item => questionsOf(item).includes(one)))) {
  element("h3", question.title, meanings);
  element("p", question.help, meanings);
}
for (const [tag, language] of Object.entries(data.languages)) {
  const option = element("option", `${language.name} (${data.items.filter(item => item.language === tag).length} items)`, at("language"));
  option.value = tag;
}
at("start").addEventListener("submit", event => {
  event.preventDefault();
  state.rater = at("rater").value.trim();
  state.language = at("language").value;
  if (!state.rater) return;
  keep();
  begin();
});
restore();
fillStart();
keep();
if (state.rater && state.language && (state.place[placeKey()] !== undefined)) begin();
document.documentElement.setAttribute("data-ready", "true");

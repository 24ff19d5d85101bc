"use strict";

// Elements and words. Whatever comes from the server becomes text, never markup.

const byId = (id) => document.getElementById(id);

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function drawing(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// A stranger's text: what cannot be seen is written out, and it keeps its direction to itself.
function strange(text) {
  const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
  const code = (character) => "\\u{" + character.charCodeAt(0).toString(16) + "}";
  return element("bdi", {}, String(text).replace(hidden, code));
}

function scaled(value, step, units) {
  let index = 0;
  while (value >= step && index < units.length - 1) {
    value /= step;
    index += 1;
  }
  const digits = value > 0 && value < 10 ? 1 : 0;
  return value.toFixed(digits) + units[index];
}

const count = (value) => scaled(value, 1000, ["", " k", " M", " G", " T"]);
const bytes = (value) => scaled(value, 1024, [" B", " KiB", " MiB", " GiB", " TiB"]);
const duration = (microseconds) => scaled(microseconds, 1000, [" µs", " ms", " s"]);
const moment = (time) => new Date(time).toLocaleString();

function age(seconds) {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  return (days ? days + " d " : "") + hours + " h " + minutes + " min";
}

// What this part of the calls did not exceed: the end of a bucket, a power of two.
function quantile(buckets, part) {
  const total = buckets.reduce((sum, calls) => sum + calls, 0);
  const wanted = Math.max(1, Math.ceil(total * part));
  let seen = 0;
  const bucket = buckets.findIndex((calls) => (seen += calls) >= wanted);
  return bucket < 0 ? 0 : 2 ** Math.min(bucket, 24);
}

// Sums of buckets over all procedures.
function bucketsOf(procedures) {
  const sums = Array(26).fill(0);
  for (const { latency } of procedures) {
    latency.buckets.forEach((calls, index) => { if (index < sums.length) sums[index] += calls; });
  }
  return sums;
}

async function ask(path) {
  const answer = await fetch(path, { headers: { accept: "application/json" }, cache: "no-store" });
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(problem.detail || "status " + answer.status), { status: answer.status });
  }
  return answer.json();
}

// A table whose columns are { title, number?, order?, cell(item) }; a cell is text or an element.
function fill(table, caption, columns, items, sorting) {
  const heading = (column) => {
    const attributes = { scope: "col" };
    if (column.number) attributes.class = "number";
    if (!sorting || !column.order) return element("th", attributes, column.title);
    if (column.order === sorting.order) {
      attributes["aria-sort"] = column.order === "name" ? "ascending" : "descending";
    }
    const button = element("button", { type: "button", "data-order": column.order }, column.title);
    button.addEventListener("click", () => sorting.choose(column.order));
    return element("th", attributes, button);
  };
  const row = (item) => element("tr", {}, ...columns.map((column) => {
    const kind = column.number ? { class: "number" } : column.kind ? { class: column.kind } : {};
    return element("td", kind, column.cell(item));
  }));
  const focused = table.contains(document.activeElement) ? document.activeElement.dataset : null;
  table.replaceChildren(
    element("caption", {}, caption),
    element("thead", {}, element("tr", {}, ...columns.map(heading))),
    element("tbody", {}, ...items.map(row)),
  );
  if (focused) refocus(table, focused);
}

// Who works with the keyboard stays where he was when a table is filled anew.
function refocus(table, { order, name }) {
  const same = (it) => (order && it.dataset.order === order) || (name && it.dataset.name === name);
  [...table.querySelectorAll("button, a")].find(same)?.focus();
}

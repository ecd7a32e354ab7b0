
"use strict";
// Asks for the state every two seconds and shows it. Whatever comes is text: it reaches the page by textContent alone.

const SECONDS = 2;
const NUMBER = /^[-+0-9.,:/]*$|^[-+0-9.]+e[-+0-9]+$/;
const SHORT = /^(\S{1,80}|.{1,40})$/; // names and the like: on one line, however narrow the screen is
let shown = "";

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function table(columns, rows) {
  const numbers = columns.map((_, i) => rows.every((row) => NUMBER.test(row[i])));
  const made = element("table");
  const head = element("tr");
  columns.forEach((column, i) => {
    const cell = element("th", column, numbers[i] ? "number" : "");
    cell.scope = "col";
    head.append(cell);
  });
  const top = element("thead");
  top.append(head);
  const body = element("tbody");
  for (const row of rows) {
    const line = element("tr");
    row.forEach((text, i) => line.append(element("td", text, numbers[i] ? "number" : SHORT.test(text) ? "name" : "")));
    body.append(line);
  }
  made.append(top, body);
  const scroll = element("div", undefined, "scroll");
  scroll.tabIndex = 0;
  scroll.append(made);
  const hint = element("p", "Move the table sideways for more →", "hint");
  hint.hidden = true;
  new ResizeObserver(() => (hint.hidden = scroll.scrollWidth <= scroll.clientWidth)).observe(scroll);
  const both = element("div");
  both.append(hint, scroll);
  return both;
}

function section(each) {
  const made = element("section", undefined, each.kind);
  made.append(element("h2", each.heading));
  for (const line of each.lines) made.append(element("p", line));
  if (each.columns.length) made.append(table(each.columns, each.rows));
  return made;
}

async function look() {
  let text;
  try {
    const answer = await fetch("state.json", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    text = await answer.text();
    document.getElementById("lost").hidden = true;
  } catch {
    document.getElementById("lost").hidden = false;
    return;
  }
  if (text === shown) return; // what is selected stays so
  shown = text;
  const state = JSON.parse(text);
  document.title = state.title;
  document.getElementById("title").textContent = state.title;
  document.getElementById("status").textContent = state.status;
  document.getElementById("sections").replaceChildren(...state.sections.map(section));
}

look();
setInterval(look, SECONDS * 1000);

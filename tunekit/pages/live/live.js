// Asks for the state every two seconds and shows it. Whatever comes is text: it reaches the page by textContent alone.

const SECONDS = 2;
const NUMBER = /^[-+0-9.,:/]*$|^[-+0-9.]+e[-+0-9]+$/;
let shown = "";

function table(name, columns, rows) {
  const numbers = columns.map((_, i) => rows.every((row) => NUMBER.test(row[i])));
  const heads = columns.map((column, i) => element("th", { scope: "col", class: numbers[i] ? "number" : "text" }, column));
  const lines = rows.map((row) =>
    element("tr", {}, ...row.map((text, i) => element("td", { class: numbers[i] ? "number" : kindOf(text) }, text))),
  );
  const head = element("thead", {}, element("tr", {}, ...heads));
  return scrolling(element("table", {}, head, element("tbody", {}, ...lines)), name);
}

function section(each) {
  const lines = each.lines.map((line) => element("p", {}, line));
  const tables = each.columns.length ? [table(each.heading, each.columns, each.rows)] : [];
  return element("section", { "data-kind": each.kind }, element("h2", {}, each.heading), ...lines, ...tables);
}

async function look() {
  let text;
  try {
    const answer = await fetch("state.json", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    text = await answer.text();
    byId("lost").hidden = true;
  } catch {
    byId("lost").hidden = false;
    showControls(null);
    shown = "";
    return;
  }
  if (text === shown) return; // what is selected stays so
  shown = text;
  const state = JSON.parse(text);
  document.title = state.title;
  byId("title").textContent = state.title;
  byId("status").textContent = state.status;
  byId("sections").replaceChildren(...state.sections.map(section));
  showControls(state.controls);
}

look();
setInterval(look, SECONDS * 1000);

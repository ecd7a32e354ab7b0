// Elements of the page. Whatever comes from the data becomes text here, never markup.

const SVG = document.querySelector("svg").namespaceURI; // of the empty drawing that the page has for this
const SHORT = /^(\S{1,80}|.{1,40})$/; // names and the like: on one line, however narrow the screen is
const MOST_ROWS = 500; // of a table that are shown unless all are asked for

function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function drawing(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(key, value);
    else node.setAttribute(key, value);
  }
  node.append(...children.map((child) => (child instanceof Node ? child : String(child)))); // strings become text
  return node;
}

function byId(id) {
  return document.getElementById(id);
}

function listOf(lines, attributes = {}) {
  return element("ul", attributes, ...lines.map((line) => element("li", {}, line)));
}

function number(value, digits = 5) {
  if (typeof value !== "number") return value === null || value === undefined ? "" : String(value);
  if (!Number.isFinite(value)) return "none";
  const size = Math.abs(value);
  const rounded = Number(value.toPrecision(digits));
  return value !== 0 && (size < 1e-4 || size >= 1e7) ? rounded.toExponential() : String(rounded);
}

// A number in two digits of a distance, such as the width of its interval: what is finer tells nothing.
function numberWithin(value, distance) {
  if (!(distance > 0 && Number.isFinite(distance) && Number.isFinite(value)) || value === 0) return number(value);
  const [exponent, place] = [Math.abs(value), distance].map((size) => Number(size.toExponential().split("e")[1]));
  const digits = Math.max(1, Math.min(6, exponent - place + 2));
  if (exponent < -5 || exponent > 8) return value.toExponential(Math.min(digits, 4) - 1); // as tables of the report
  return value.toFixed(Math.max(0, digits - 1 - exponent));
}

// A table that sorts. A cell is a text, a number, or [what is shown, what is sorted by].
function sortableTable(caption, columns, rows, onRow) {
  const isNumber = columns.map((_, i) => {
    const entries = rows.map((row) => sortedBy(row[i])).filter((entry) => !isMissing(entry));
    return entries.length > 0 && entries.every((entry) => typeof entry === "number");
  });
  const body = element("tbody");
  const heads = columns.map((name, i) => {
    const button = element("button", { type: "button", click: () => sort(i) }, name);
    return element("th", { scope: "col", class: isNumber[i] ? "number" : "text" }, button);
  });
  let ordered = rows;
  let shown = MOST_ROWS;
  const more = element("button", { type: "button", click: () => ((shown = Infinity), fill()) });

  function fill() {
    body.replaceChildren(
      ...ordered.slice(0, shown).map((row) => {
        const cells = row.map((cell, i) =>
          element("td", { class: isNumber[i] ? "number" : kindOf(cell) }, content(cell, onRow && i === 0 ? () => onRow(row) : null)),
        );
        return element("tr", {}, ...cells);
      }),
    );
    more.textContent = `Show all ${ordered.length.toLocaleString("en")} rows`;
    more.hidden = ordered.length <= shown;
  }

  function sort(i) {
    const direction = heads[i].getAttribute("aria-sort") === "ascending" ? -1 : 1;
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    heads[i].setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
    ordered = [...ordered].sort((one, other) => compared(sortedBy(one[i]), sortedBy(other[i]), direction));
    fill();
  }

  fill();
  const table = element("table", {}, captionOf(caption), element("thead", {}, element("tr", {}, ...heads)), body);
  return scrolling(table, caption, more);
}

// A table in a box of its own, which scrolls; a line above it says so where it has to be.
function scrolling(table, name, ...below) {
  const box = element("div", { class: "scroll", role: "region", tabindex: "0", "aria-label": name }, table, ...below);
  const hint = element("p", { class: "hint", "aria-hidden": "true" }, "Move the table sideways for more →");
  hint.hidden = true;
  const watcher = new ResizeObserver(() => (hint.hidden = box.scrollWidth <= box.clientWidth));
  watcher.observe(box);
  watcher.observe(table);
  return element("div", {}, hint, box);
}

function kindOf(cell) {
  return SHORT.test(Array.isArray(cell) ? cell[0] : cell) ? "text name" : "text";
}

function captionOf(text) {
  return element("caption", {}, element("span", {}, text));
}

function content(cell, onClick) {
  const shown = Array.isArray(cell) ? cell[0] : cell;
  const text = number(shown, 6);
  return onClick ? element("button", { type: "button", class: "plain", click: onClick }, text) : text;
}

function sortedBy(cell) {
  return Array.isArray(cell) ? cell[1] : cell;
}

// What is missing comes last in either direction.
function compared(one, other, direction) {
  const missing = [one, other].map(isMissing);
  if (missing[0] || missing[1]) return missing[0] - missing[1];
  if (typeof one === "number" && typeof other === "number") return direction * (one - other);
  return direction * String(one).localeCompare(String(other), "en", { numeric: true });
}

function isMissing(value) {
  return value === "" || value === null || value === undefined;
}

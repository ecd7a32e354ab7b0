// Curves of one benchmark: medians with their areas, single runs, a legend that hides setups, and values under the hand.

const HEIGHT = 330;
const MARGIN = { left: 62, right: 12, top: 26, bottom: 38 };
const SLIDER_STEPS = 1000;
const MARKERS_ON_LINE = 6;
const MARKERS = { // as paths about 0, 0
  o: "M-3.2,0a3.2,3.2 0 1,0 6.4,0a3.2,3.2 0 1,0 -6.4,0z", s: "M-3,-3h6v6h-6z", "^": "M0,-3.8L3.6,3h-7.2z",
  v: "M0,3.8L3.6,-3h-7.2z", D: "M0,-4L4,0L0,4L-4,0z", "<": "M-3.8,0L3,-3.6v7.2z", ">": "M3.8,0L-3,-3.6v7.2z",
  P: "M-1.3,-3.7h2.6v2.4h2.4v2.6h-2.4v2.4h-2.6v-2.4h-2.4v-2.6h2.4z",
  X: "M-3.6,-2.4L-2.4,-3.6L0,-1.2L2.4,-3.6L3.6,-2.4L1.2,0L3.6,2.4L2.4,3.6L0,1.2L-2.4,3.6L-3.6,2.4L-1.2,0z",
};

function colourOf(style) {
  return style.colour === "#000000" ? "currentColor" : style.colour; // black on black is no line
}

function swatch(style) {
  const line = drawing("path", { d: "M0,7H34", stroke: colourOf(style), "stroke-width": 2, "stroke-dasharray": dashes(style) });
  const marker = drawing("path", { d: MARKERS[style.marker], fill: colourOf(style), transform: "translate(17,7)" });
  return drawing("svg", { width: 34, height: 14, "aria-hidden": "true" }, line, marker);
}

function dashes(style) {
  return style.dashes.map((length) => 2 * length).join(" ");
}

function shortened(text, most) {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

// The path of a step function up to the end, in pieces where it has no value.
function stepPath(curve, x, y, end) {
  let path = "";
  let isOpen = false;
  for (let i = 0; i < curve.times.length && curve.times[i] <= end; i++) {
    const at = x.place(Math.max(curve.times[i], x.low)).toFixed(1);
    if (!Number.isFinite(curve.values[i])) {
      if (isOpen) path += `H${at}`;
      isOpen = false;
      continue;
    }
    path += isOpen ? `H${at}V` : `M${at},`;
    path += y.place(curve.values[i]).toFixed(1);
    isOpen = true;
  }
  return isOpen ? `${path}H${x.place(end).toFixed(1)}` : path;
}

// The area between two step functions, in pieces where either has no value.
function areaPath(low, high, x, y, end) {
  const times = [...new Set([...low.times, ...high.times])].filter((time) => time <= end).sort((a, b) => a - b);
  let path = "";
  let upper = "";
  let lower = "";
  for (let i = 0; i < times.length; i++) {
    const ends = [valueAt(high, times[i]), valueAt(low, times[i])];
    if (!ends.every(Number.isFinite)) continue;
    const from = x.place(Math.max(times[i], x.low)).toFixed(1);
    const to = x.place(Math.max(i + 1 < times.length ? times[i + 1] : end, x.low)).toFixed(1);
    const [top, bottom] = ends.map((value) => y.place(value).toFixed(1));
    upper += `${upper ? "L" : "M"}${from},${top}H${to}`;
    lower = `L${to},${bottom}H${from}${lower}`;
    const next = i + 1 < times.length ? [low, high].map((curve) => valueAt(curve, times[i + 1])) : [NaN];
    if (!next.every(Number.isFinite)) {
      path += `${upper}${lower}z`;
      upper = lower = "";
    }
  }
  return path;
}

// Draw series into a container, with what switches them. A series has setup, style, runs, and but for a setup without
// a median centre, low and high. In the set are the setups that are switched off.
function chart(container, name, { series, end, metric, mode }, hidden) {
  const state = { logTime: false, logValue: null, areas: true, runs: false, at: SLIDER_STEPS };
  const plot = drawing("svg", { class: "plot", role: "img", height: HEIGHT });
  const readout = element("div", { class: "readout" });
  const slider = element("input", { type: "range", min: 0, max: SLIDER_STEPS, value: SLIDER_STEPS, input: () => look(Number(slider.value)) });
  const [unit, unitName] = unitOf(end);
  const firstTime = Math.max(end * 1e-4, Math.min(end / 2, ...series.flatMap(drawnCurves).map(({ curve }) => curve.times[curve.values.findIndex(Number.isFinite)] || Infinity)));
  let x, y, cursor;

  const switches = {
    logTime: box("Logarithmic time", (on) => (state.logTime = on)),
    logValue: box("Logarithmic value", (on) => (state.logValue = on)),
    areas: box("Intervals", (on) => (state.areas = on), true),
    runs: series.some((each) => each.centre && each.runs.length) && box("Single runs", (on) => (state.runs = on)),
  };
  const legend = element("div", { class: "legend", role: "group", "aria-label": "Setups that are shown" }, ...series.map(legendButton), ...allOrNone());
  container.replaceChildren(
    legend,
    element("p", { class: "choices switches" }, ...Object.values(switches).filter(Boolean).map((each) => each.label)),
    element("div", { class: "chart" }, plot),
    element("p", { class: "slider" }, element("label", {}, "Time ", slider)),
    readout,
  );
  plot.addEventListener("pointermove", (event) => {
    const place = event.clientX - plot.getBoundingClientRect().left;
    look(Math.round((SLIDER_STEPS * (place - MARGIN.left)) / (width() - MARGIN.left - MARGIN.right)));
  });
  let drawnWidth = 0;
  draw();
  new ResizeObserver(() => width() !== drawnWidth && draw()).observe(plot);

  function box(text, set, isOn = false) {
    const input = element("input", { type: "checkbox", change: () => (set(input.checked), draw()) });
    input.checked = isOn;
    return { input, label: element("label", {}, input, ` ${text}`) };
  }

  function legendButton(each) {
    const button = element("button", { type: "button", click: toggle }, swatch(each.style), each.setup);
    button.setAttribute("aria-pressed", String(!hidden.has(each.setup)));
    button.refresh = () => button.setAttribute("aria-pressed", String(!hidden.has(each.setup)));
    function toggle() {
      if (!hidden.delete(each.setup)) hidden.add(each.setup);
      refresh();
    }
    return button;
  }

  function allOrNone() {
    if (series.length < 4) return [];
    const all = () => (series.forEach((each) => hidden.delete(each.setup)), refresh());
    const none = () => (series.forEach((each) => hidden.add(each.setup)), refresh());
    return [["All", all], ["None", none]].map(([text, click]) => element("button", { type: "button", class: "all", click }, text));
  }

  function refresh() {
    [...legend.children].forEach((button) => button.refresh && button.refresh());
    draw();
  }

  function width() {
    return Math.max(200, Math.round(plot.getBoundingClientRect().width));
  }

  function visible() {
    return series.filter((each) => !hidden.has(each.setup));
  }

  function drawnCurves(each) {
    const areas = state.areas && each.low ? [each.low, each.high] : [];
    const runs = state.runs || !each.centre ? each.runs : [];
    return [
      ...(each.centre ? [{ curve: each.centre, isMiddle: true }] : []),
      ...[...areas, ...runs].map((curve) => ({ curve, isMiddle: !each.centre })),
    ];
  }

  function draw() {
    drawnWidth = width();
    const curves = visible().flatMap(drawnCurves);
    const [low, high, canBeLog, shouldBeLog] = rangeOf(curves, end);
    const isLog = canBeLog && (state.logValue ?? shouldBeLog);
    switches.logValue.input.checked = isLog;
    switches.logValue.input.disabled = !canBeLog;
    x = axisOf(state.logTime, state.logTime ? firstTime : 0, end, MARGIN.left, drawnWidth - MARGIN.right);
    const ends = isLog ? [low, high] : linearEnds(low, high, curves, end, mode);
    y = axisOf(isLog, ...withMargin(...ends, isLog), HEIGHT - MARGIN.bottom, MARGIN.top);
    cursor = drawing("line", { class: "cursor", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom });
    const inside = { x: MARGIN.left, y: MARGIN.top, width: drawnWidth - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom };
    const clip = drawing("clipPath", { id: `${name}-clip` }, drawing("rect", inside));
    const layers = [...visible()].reverse(); // the best on top
    const lines = drawing("g", { "clip-path": `url(#${name}-clip)`, fill: "none" }, ...layers.map(area), ...layers.map(runs), ...layers.map(line));
    plot.setAttribute("viewBox", `0 0 ${drawnWidth} ${HEIGHT}`);
    plot.setAttribute("aria-label", `Best ${metric} so far over time, of ${visible().map((each) => each.setup).join(", ")}`);
    plot.replaceChildren(clip, ...grid(), lines, cursor);
    look(state.at);
  }

  function area(each) {
    if (!state.areas || !each.low) return drawing("g");
    const opacity = Math.min(0.2, 0.6 / visible().length);
    return drawing("path", { d: areaPath(each.low, each.high, x, y, end), fill: colourOf(each.style), "fill-opacity": opacity });
  }

  function runs(each) {
    if (!state.runs && each.centre) return drawing("g");
    const d = each.runs.map((run) => stepPath(run, x, y, end)).join("");
    return drawing("path", { d, class: "runs", stroke: colourOf(each.style), "stroke-width": 0.8, "stroke-opacity": 0.5 });
  }

  function line(each) {
    if (!each.centre) return drawing("g");
    const path = drawing("path", { d: stepPath(each.centre, x, y, end), class: "line", stroke: colourOf(each.style), "stroke-width": each.width || 2, "stroke-dasharray": dashes(each.style) });
    const shift = series.indexOf(each) / series.length;
    const markers = Array.from({ length: each.isPlain ? 0 : MARKERS_ON_LINE }, (_, i) => {
      const place = MARGIN.left + ((i + ((0.5 + shift) % 1)) / MARKERS_ON_LINE) * (drawnWidth - MARGIN.left - MARGIN.right);
      const value = valueAt(each.centre, x.value(place));
      if (!Number.isFinite(value)) return drawing("g");
      return drawing("path", { d: MARKERS[each.style.marker], fill: colourOf(each.style), transform: `translate(${place.toFixed(1)},${y.place(value).toFixed(1)})` });
    });
    return drawing("g", {}, path, ...markers);
  }

  function grid() {
    const [left, right, bottom] = [MARGIN.left, drawnWidth - MARGIN.right, HEIGHT - MARGIN.bottom];
    const across = axisOf(x.isLog, x.low / unit, x.high / unit, left, right);
    const [valueTexts, timeTexts] = [y, across].map(tickTexts);
    return [
      ...y.ticks.flatMap((tick, i) => [
        drawing("line", { class: "grid", x1: left, x2: right, y1: y.place(tick), y2: y.place(tick) }),
        drawing("text", { x: left - 6, y: y.place(tick) + 4, "text-anchor": "end" }, valueTexts[i]),
      ]),
      ...across.ticks.flatMap((tick, i) => [
        drawing("line", { class: "axis", x1: across.place(tick), x2: across.place(tick), y1: bottom, y2: bottom + 4 }),
        drawing("text", { x: across.place(tick), y: bottom + 17, "text-anchor": "middle" }, timeTexts[i]),
      ]),
      drawing("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }),
      drawing("text", { x: right, y: HEIGHT - 4, "text-anchor": "end" }, `time (${unitName})`),
      drawing("text", { x: 2, y: 13 }, shortened(`best ${metric} so far`, drawnWidth / 7)),
    ];
  }

  // Show the values at a place along the axis: 0 at its beginning, SLIDER_STEPS at its end.
  function look(at) {
    state.at = Math.max(0, Math.min(SLIDER_STEPS, at));
    slider.value = state.at;
    const place = MARGIN.left + (state.at / SLIDER_STEPS) * (drawnWidth - MARGIN.left - MARGIN.right);
    const time = Math.min(end, Math.max(0, x.value(place)));
    cursor.setAttribute("x1", place);
    cursor.setAttribute("x2", place);
    const shown = visible().filter((each) => each.centre);
    const values = new Map(shown.map((each) => [each, lastBy(each.centre, time)]));
    const sign = mode === "max" ? -1 : 1;
    const loss = (each) => (Number.isFinite(values.get(each)) ? sign * values.get(each) : Infinity);
    shown.sort((one, other) => loss(one) - loss(other) || 0);
    const rows = shown.map((each) => {
      const label = element("span", { class: "swatch" }, swatch(each.style), each.setup);
      const ends = [each.low, each.high].map((curve) => (curve ? valueAt(curve, time) : NaN));
      const inDigits = (number) => numberWithin(number, ends[1] - ends[0]);
      const interval = ends.every(Number.isFinite) && ends[0] < ends[1] ? `[${ends.map(inDigits).join(", ")}]` : "";
      const ended = Number.isFinite(valueAt(each.centre, time)) ? "" : " (ended)";
      const value = Number.isFinite(values.get(each)) ? `${inDigits(values.get(each))}${ended}` : "none yet";
      return element("tr", {}, element("td", { class: kindOf(each.setup) }, label), element("td", { class: "number" }, value), element("td", { class: "number" }, interval));
    });
    const when = `${number(time / unit, 4)} ${unitName}`;
    slider.setAttribute("aria-valuetext", `${when}: ${shown.map((each) => `${each.setup} ${number(values.get(each))}`).join(", ")}`);
    const about = `Best ${metric} at ${when}`;
    if (!readout.firstChild) readout.append(scrolling(element("table"), "Values at the time that is chosen"));
    readout.querySelector("table").replaceChildren(captionOf(about), element("tbody", {}, ...rows));
  }
}

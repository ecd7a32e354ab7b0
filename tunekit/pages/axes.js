// Axes: where values lie on them, where ticks are, and what these say.

const HOUR = 3600;
const MOST_LINEAR_RATIO = 5; // medians that span more are shown on a logarithmic axis first
const SETTLED_FROM = 0.05; // of the time: what lines do before does not stretch the axis

// An axis from one number to another, drawn between two places.
function axisOf(isLog, low, high, from, to) {
  const of = isLog ? Math.log10 : (value) => value;
  const scale = (to - from) / (of(high) - of(low));
  return {
    isLog, low, high,
    place: (value) => Math.max(-1e4, Math.min(1e4, from + (of(value) - of(low)) * scale)),
    value: (place) => (isLog ? 10 ** (of(low) + (place - from) / scale) : low + (place - from) / scale),
    ticks: isLog ? logTicks(low, high) : linearTicks(low, high),
  };
}

function linearTicks(low, high, wanted = 6) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const distance = (factor) => Math.abs(Math.log((factor * power) / rough));
  const step = power * [1, 2, 5, 10].reduce((best, factor) => (distance(factor) < distance(best) ? factor : best));
  const first = Math.ceil(low / step - 1e-9);
  const ticks = [];
  for (let i = first; i * step <= high * (1 + 1e-12) + 1e-9 * step && ticks.length < 20; i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

// What stands at the ticks of an axis: on a linear one all with as many decimals, as 0.40 beside 0.41.
function tickTexts(axis) {
  const texts = axis.ticks.map((tick) => number(tick, 4));
  if (axis.isLog || texts.some((each) => each.includes("e"))) return texts;
  const decimals = Math.max(...texts.map((each) => (each.split(".")[1] || "").length));
  return axis.ticks.map((tick) => tick.toFixed(decimals));
}

function logTicks(low, high) {
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high, 4);
  const factors = decades <= 2 ? [1, 2, 5] : [1];
  const every = Math.ceil(decades / 7);
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    if (power % every) continue;
    for (const factor of factors) {
      const tick = Number(`${factor}e${power}`);
      if (tick >= low * 0.9999 && tick <= high * 1.0001) ticks.push(tick);
    }
  }
  return ticks;
}

// Seconds and the name of the unit in which times are shown.
function unitOf(end) {
  return end > 2 * HOUR ? [HOUR, "h"] : [1, "s"];
}

// The range of what is shown: [low, high, whether a logarithmic axis can show it, whether one should].
function rangeOf(curves, end) {
  let [low, high, highestMiddle, lowestMiddle] = [Infinity, -Infinity, -Infinity, Infinity];
  for (const { curve, isMiddle } of curves) {
    for (const value of settledValues(curve, SETTLED_FROM * end, end)) {
      low = Math.min(low, value);
      high = Math.max(high, value);
      if (isMiddle) {
        highestMiddle = Math.max(highestMiddle, value);
        lowestMiddle = Math.min(lowestMiddle, value);
      }
    }
  }
  if (low > high) return [0, 1, false, false];
  return [low, high, low > 0, low > 0 && highestMiddle / MOST_LINEAR_RATIO > lowestMiddle];
}

function settledValues(curve, from, end) {
  const values = [valueAt(curve, from)];
  curve.times.forEach((time, i) => {
    if (time > from && time <= end) values.push(curve.values[i]);
  });
  return values.filter(Number.isFinite);
}

function withMargin(low, high, isLog) {
  if (isLog) {
    const span = Math.max(Math.log10(high / low), 1e-6);
    return [low / 10 ** (0.05 * span), high * 10 ** (0.05 * span)];
  }
  const span = high / 2 - low / 2 > 1e-13 * Math.max(Math.abs(low), Math.abs(high)) ? high - low : Math.abs(high) || 1;
  const margin = 0.05 * Math.min(span, Number.MAX_VALUE / 4);
  return [Math.max(-8e307, low - margin), Math.min(8e307, high + margin)];
}

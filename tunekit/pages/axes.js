// Axes: where values lie on them, where ticks are, and what these say.

const HOUR = 3600;

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

// Powers of ten, and as many of their multiples as it takes for four ticks.
function logTicks(low, high) {
  const decades = Math.log10(high / low);
  if (decades < 0.7) return linearTicks(low, high, 4);
  const every = Math.ceil(decades / 7);
  const ticksAt = (factors) => {
    const ticks = [];
    for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
      if (power % every) continue;
      for (const factor of factors) {
        const tick = Number(`${factor}e${power}`);
        if (tick >= low * 0.9999 && tick <= high * 1.0001) ticks.push(tick);
      }
    }
    return ticks;
  };
  const found = [decades <= 2 ? [1, 2, 5] : [1], [1, 2, 5], [1, 1.5, 2, 3, 5, 7]].map(ticksAt);
  return found.find((ticks) => ticks.length >= 4) || found[2];
}

// Seconds and the name of the unit in which times are shown.
function unitOf(end) {
  return end > 2 * HOUR ? [HOUR, "h"] : [1, "s"];
}

// The range of what is shown, but for the first moments: [low, high, whether a logarithmic axis can show it, whether
// one should]. Ends are chosen as those of figures are, by the same numbers.
function rangeOf(curves, end) {
  const { settled_from: from, largest_linear_ratio: ratio } = data.axis;
  const [low, high] = spanOf(curves, from * end, end, true);
  const [lowestMiddle, highestMiddle] = spanOf(curves.filter((each) => each.isMiddle), from * end, end, true);
  if (low > high) return [0, 1, false, false];
  return [low, high, low > 0, low > 0 && highestMiddle / ratio > lowestMiddle];
}

// The ends of a linear axis: what there is after a quarter of the time has a share that lets it be told apart.
function linearEnds(low, high, curves, end, mode) {
  const { late_from: from, late_share: share, most_enlarged: most } = data.axis;
  const [lowest, highest] = spanOf(curves, from * end, end, false);
  const wanted = (highest - lowest) / share;
  if (!(wanted > 0 && wanted < high - low)) return [low, high];
  const length = Math.max(wanted, (high - low) / most);
  return mode === "min" ? [low, Math.min(high, lowest + length)] : [Math.max(low, highest - length), high];
}

// The lowest and the highest value from a time on; of a curve that ended before, its last, if that is asked for.
function spanOf(curves, from, end, hasEnds) {
  let [low, high] = [Infinity, -Infinity];
  for (const { curve } of curves) {
    const values = valuesFrom(curve, from, end);
    if (!values.length && hasEnds) values.push(...[lastBy(curve, end)].filter(Number.isFinite));
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return [low, high];
}

function valuesFrom(curve, from, end) {
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
  const span = high / 2 - low / 2 > 5e-13 * Math.max(Math.abs(low), Math.abs(high)) ? high - low : Math.abs(high) || 1;
  const margin = 0.05 * Math.min(span, Number.MAX_VALUE / 4);
  return [Math.max(-8e307, low - margin), Math.min(8e307, high + margin)];
}

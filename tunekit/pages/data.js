// The data of the page, as Python wrote them: columns in three forms, curves as numbers in base64.

const TICKS = 65535; // from 0 to the span of a benchmark
const data = JSON.parse(document.getElementById("data").textContent);

function entryOf(column, i) {
  if ("all" in column) return column.all;
  return "each" in column ? column.each[i] : column.kinds[column.of[i]];
}

// Of step functions the times in seconds and the values from then on.
function decoded(curves, span) {
  const ticks = new Uint16Array(bytesOf(curves.ticks));
  const values = new (curves.type === "f4" ? Float32Array : Float64Array)(bytesOf(curves.values));
  let first = 0;
  return curves.steps.map((n) => {
    const times = Float64Array.from(ticks.subarray(first, first + n), (tick) => (tick / TICKS) * span);
    const curve = { times, values: values.subarray(first, first + n) };
    first += n;
    return curve;
  });
}

function bytesOf(base64) {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer;
}

// The value of a step function at a time; NaN before its first step.
function valueAt(curve, time) {
  let low = 0;
  let high = curve.times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (curve.times[middle] <= time) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? NaN : curve.values[low - 1];
}

// The last number of a step function by a time, after which it may have none; NaN before its first.
function lastBy(curve, time) {
  const known = curve.values.filter((value, i) => curve.times[i] <= time && Number.isFinite(value));
  return known.length ? known[known.length - 1] : NaN;
}

// A benchmark with its curves, decoded when it is first looked at.
function benchmarkOf(i) {
  const benchmark = data.benchmarks[i];
  if (!benchmark.series) {
    const lines = decoded(benchmark.lines, benchmark.span);
    const runs = decoded(benchmark.curves, benchmark.span);
    let first = 0;
    benchmark.series = benchmark.methods.map((method) => {
      const place = benchmark.lines.setups.indexOf(method.setup);
      const [centre, low, high] = place < 0 ? [] : lines.slice(3 * place, 3 * place + 3);
      const series = { setup: method.setup, style: data.styles[method.setup], first, centre, low, high };
      series.runs = runs.slice(first, first + method.n);
      first += method.n;
      return series;
    });
  }
  return benchmark;
}

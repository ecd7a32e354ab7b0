// The sections of the page, and what a choice changes.

function verdicts() {
  const section = byId("verdicts");
  const isOpen = data.verdicts.length <= 4;
  data.verdicts.forEach((each, i) => {
    if (!each.sentences.length) return;
    const more = each.n_more ? [element("p", { class: "note" }, `${each.n_more} more pairs are in the table of pairs.`)] : [];
    const summary = element("summary", {}, element("strong", {}, each.benchmark), element("span", { class: "note" }, each.summary));
    const curves = element("button", { type: "button", class: "plain", click: () => (choose(i), byId("benchmark").scrollIntoView()) }, "Its curves");
    const details = element("details", {}, summary, listOf(each.sentences), ...more, curves);
    details.open = isOpen;
    section.append(details);
  });
  section.append(...data.overall.map((line) => element("p", {}, line)));
  if (!section.querySelector("p, details")) section.append(element("p", {}, "There is one setup alone: nothing is compared."));
  section.append(...data.how.map((line) => element("p", { class: "note" }, line)));
}

function checks() {
  const found = data.checks.length
    ? listOf(data.checks.map((line) => `Check: ${line}`), { class: "checks" })
    : element("p", {}, "Nothing is missing, and nothing differs that should be the same.");
  byId("checks").append(found);
}

function setups() {
  byId("setups").append(sortableTable(data.setups.caption, data.setups.columns, data.setups.rows));
}

let chosen = 0; // benchmark
const hidden = new Set(); // setups that the reader has switched off, on every benchmark

function choose(i) {
  chosen = i;
  byId("choose-benchmark").value = i;
  const benchmark = benchmarkOf(i);
  chart(byId("curves"), "curves", benchmark, hidden);
  const without = benchmark.without.length ? ` No median of ${benchmark.without.join(", ")}: too many runs have no value.` : "";
  byId("curves").append(element("p", { class: "note" }, `Lines and areas: ${benchmark.about || "single runs"}.${without}`));
  byId("values").replaceChildren(
    sortableTable(benchmark.table.caption, benchmark.table.columns, benchmark.table.rows),
  );
  byId("pairs").replaceChildren(
    ...(benchmark.pairs.rows.length ? [sortableTable("Pairs: by how much the first is better at the end, the median over seeds and its 95 % interval", benchmark.pairs.columns, benchmark.pairs.rows)] : []),
  );
  const options = benchmark.series.map((each, place) => element("option", { value: place }, each.setup));
  byId("choose-setup").replaceChildren(...options);
  allRuns(benchmark);
  chooseSetup(0);
}

function allRuns(benchmark) {
  const details = element("details", {}, element("summary", {}, `All ${entries(benchmark)} runs on ${benchmark.benchmark}`));
  details.addEventListener("toggle", () => {
    if (!details.open || details.querySelector("table")) return;
    const rows = benchmark.series.flatMap((each, place) =>
      each.runs.map((_, k) => {
        const at = (column) => entryOf(benchmark.runs[column], each.first + k);
        return Object.assign([each.setup, at("seed"), at("best"), at("trials"), at("parent") + at("folder")], { place, k });
      }),
    );
    const columns = ["setup", "seed", `best ${benchmark.metric}`, "trials", "folder"];
    details.append(sortableTable("Runs; the first cell shows one", columns, rows, (row) => (chooseSetup(row.place, row.k), byId("runs").scrollIntoView())));
  });
  byId("all-runs").replaceChildren(details);
}

function entries(benchmark) {
  return benchmark.series.reduce((n, each) => n + each.runs.length, 0);
}

function chooseSetup(place, k = 0) {
  const benchmark = benchmarkOf(chosen);
  const series = benchmark.series[place];
  byId("choose-setup").value = place;
  const seeds = series.runs.map((_, i) => {
    const seed = entryOf(benchmark.runs.seed, series.first + i);
    return element("option", { value: i }, seed === "" ? `no seed (${i + 1})` : seed);
  });
  byId("choose-seed").replaceChildren(...seeds);
  chooseRun(place, k);
}

function chooseRun(place, k) {
  byId("choose-seed").value = k;
  const benchmark = benchmarkOf(chosen);
  const series = benchmark.series[place];
  const at = (column) => entryOf(benchmark.runs[column], series.first + k);
  const hash = at("hash");
  const names = at("names");
  const curves = element("div");
  const about = [
    ["Status", "completed"],
    [`Best ${benchmark.metric}`, at("best") === "" ? "none" : `${number(at("best"), 6)} at ${at("where")}`],
    ["Time", `${number(at("time"), 6)} s on the clock of the experiment${at("reason") && `; it ended because ${at("reason")}`}`],
    ["Trials", at("trials")],
    ["Folder", element("code", {}, at("parent") + at("folder"))],
    ["Ended", at("ended")],
    ...at("setting"),
  ];
  const commands = [
    ...(hash ? [["More of it, and its best configuration in every digit:", `python -m tunekit show ${hash}\npython -m tunekit export ${hash}`]] : []),
    ...(at("command") ? [["The same run again, in the same folder, where it is complete; to have it anew, with another experiment_tag:", `${at("command")} seed=${at("seed")}`]] : []),
  ].flatMap(([about, command]) => [element("p", { class: "note" }, about), element("pre", {}, command)]);
  byId("run").replaceChildren(
    curves,
    definitions(about),
    ...(names.length ? [sortableTable("Best configuration", ["hyperparameter", "value"], names.map((name, i) => [name, at("values")[i]]))] : []),
    ...commands,
  );
  const run = { setup: `seed ${at("seed")}`, style: { colour: "#000000", dashes: [], marker: "o" }, centre: series.runs[k], runs: [], isPlain: true, width: 2.4 };
  chart(curves, "run", { ...benchmark, series: [run, { ...series, runs: series.centre ? [] : series.runs }] }, new Set());
}

function leftOut() {
  const { columns, rows, n_more: nMore, unreadable } = data.left_out;
  if (!rows.length && !unreadable.length) return byId("left-out").remove();
  if (rows.length) byId("left-out").append(sortableTable("Experiments that are not compared", columns, rows));
  if (nMore) byId("left-out").append(element("p", {}, `${nMore.toLocaleString("en")} more: python -m tunekit ls shows all.`));
  if (unreadable.length) byId("left-out").append(element("p", {}, "Cannot be read:"), listOf(unreadable));
}

function repeat() {
  const { same, tables } = data.repeat;
  const section = byId("repeat");
  if (data.command) section.append(element("p", {}, "This page:"), element("pre", {}, data.command));
  const { commands, n_more: nMore, n_without: nWithout } = data.sweeps;
  if (commands.length) {
    section.append(element("p", {}, commands.length === 1 ? "All of its runs:" : "All of its runs, by several commands, since they are not all combinations of some values:"));
    section.append(element("pre", {}, commands.join("\n")));
  }
  if (nMore) section.append(element("p", { class: "note" }, `${nMore.toLocaleString("en")} more commands are left out.`));
  if (nWithout) section.append(element("p", { class: "note" }, `${nWithout.toLocaleString("en")} runs are in no command: the command line did not make them, or what they were made with is not installed where this page was made.`));
  section.append(element("p", {}, "The command of a run stands with the run. All of its options are in metadata.json in its folder. All runs were made with:"));
  section.append(definitions(same));
  section.append(...tables.map(({ caption, columns, rows }) => sortableTable(caption, columns, rows)));
}

function definitions(pairs) {
  const parts = pairs.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  return element("dl", {}, ...parts);
}

document.title = data.title;
byId("title").textContent = data.title;
byId("counted").textContent = data.counted;
byId("newest").textContent = `The newest of these experiments ended ${data.newest}.`;
byId("choose-benchmark").append(...data.benchmarks.map((each, i) => element("option", { value: i }, `${each.benchmark}: ${each.mode} ${each.metric}`)));
byId("choose-benchmark").addEventListener("change", (event) => choose(Number(event.target.value)));
byId("choose-setup").addEventListener("change", (event) => chooseSetup(Number(event.target.value)));
byId("choose-seed").addEventListener("change", (event) => chooseRun(Number(byId("choose-setup").value), Number(event.target.value)));
addEventListener("beforeprint", () => document.querySelectorAll("#verdicts details").forEach((each) => (each.open = true)));
verdicts();
checks();
setups();
choose(0);
leftOut();
repeat();

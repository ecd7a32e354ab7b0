// What can be asked of an experiment. What is typed stays while the page is refreshed, until the fields are others.

const BY_CALL = "Its end is an argument of the call that made it: stop it, and call that with another end and resume=True.";
const NO_NUMBER = "It has no end that is a number. Any other is given by the command `steer`.";
let fields = ""; // those that are there, as JSON
let isHeld = false;

function showControls(controls) {
  byId("steer").hidden = !controls;
  if (!controls) return;
  isHeld = controls.is_held;
  byId("hold").textContent = isHeld ? "Continue" : "Pause";
  const now = JSON.stringify([controls.ends, controls.hyperparameters]);
  if (now === fields) return;
  fields = now;
  put("extend", controls.ends && controls.ends.length ? endForm(controls.ends) : element("p", { class: "note" }, controls.ends ? NO_NUMBER : BY_CALL));
  put("try", trialForm(controls.hyperparameters));
}

function put(id, content) {
  byId(id).replaceChildren(byId(id).firstElementChild, content);
}

function endForm(ends) {
  const inputs = ends.map((end) => element("input", { type: "text", inputmode: "decimal", required: "", autocomplete: "off", value: end.value }));
  const labels = ends.map((end, i) => element("label", {}, `${end.word.replace("stopping.", "")}${end.unit && `, in ${end.unit}`}`, inputs[i]));
  return form(labels, "Set the end", "extend", () =>
    ends.flatMap((end, i) => (inputs[i].value.trim() === end.value ? [] : [`${end.word}=${inputs[i].value.trim()}`])),
  );
}

function trialForm(hyperparameters) {
  const inputs = hyperparameters.map((each) => element("input", { type: "text", autocomplete: "off", placeholder: each.default }));
  const labels = hyperparameters.map((each, i) => element("label", {}, each.name, inputs[i], element("span", { class: "note" }, each.domain)));
  return form(labels, "Try it next", "try", () =>
    hyperparameters.flatMap((each, i) => (inputs[i].value.trim() === "" ? [] : [`${each.name}=${inputs[i].value.trim()}`])),
  );
}

function form(labels, verb, kind, values) {
  const submit = (event) => {
    event.preventDefault();
    const typed = values();
    if (typed.length) ask(kind, typed);
    else say("Nothing is asked for yet: type another value.", true);
  };
  return element("form", { submit }, element("div", { class: "fields" }, ...labels), element("button", { type: "submit" }, verb));
}

async function ask(kind, values = []) {
  byId("steer").disabled = true;
  say("It is asked, and answers as soon as it looks for requests …");
  try {
    const body = JSON.stringify({ kind, values });
    const answer = await fetch("steer", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const told = await answer.json();
    say(told.text, !told.is_done);
  } catch (error) {
    say(`There was no answer: ${error.message}.`, true);
  }
  byId("steer").disabled = false;
  look();
}

function say(text, isRefused = false) {
  byId("answer").textContent = text;
  byId("answer").className = isRefused ? "refused" : "";
}

function showStopping(isShown) {
  byId("stopping").hidden = !isShown;
  byId("stop").setAttribute("aria-expanded", isShown);
}

byId("hold").addEventListener("click", () => ask(isHeld ? "continue" : "pause"));
byId("stop").addEventListener("click", () => showStopping(byId("stopping").hidden));
byId("do-not-stop").addEventListener("click", () => showStopping(false));
byId("really-stop").addEventListener("click", () => (showStopping(false), ask("stop")));

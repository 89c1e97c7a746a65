// The console page: shows what the server serves and sends one request at a time to it.
//
// A link may choose a model, `/#iris` or `/#iris/2`, and send its example at once, `/#iris&send`.
// Paths are relative, so that the page also works behind a proxy that adds a prefix. Whatever
// comes from the server is inserted as text, never as HTML.

const POLL_MS = 5000;
const LARGEST_EXAMPLE = 200_000; // elements
const LONGEST_SHOWN = 100_000; // characters of a reply
const LONGEST_CURL = 2000; // characters of a body

const $ = (id) => document.getElementById(id);
const find = (id) => models.find((model) => model.id === id);

/** Sets a line of text and its colour. */
function say(id, state, text) {
  $(id).className = `state ${state}`;
  $(id).textContent = text;
}

/** An element with attributes and children; strings become text. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

let models = []; // as /health lists them, with id, path and, where ready, metadata
let shown = ""; // the /health reply that the page shows
let chosen = null; // the id of the chosen model
let sending = false;
let key = ""; // the server's API key, where it wants one; kept nowhere else
const written = new Map(); // what the user has in the text area, by model

/** Fetches from the server, with the key if there is one. */
function ask(path, options = {}) {
  return fetch(path, key ? {...options, headers: {...options.headers, "X-API-Key": key}} : options);
}

// ---- What there is

async function poll() {
  await refresh();
  setTimeout(poll, POLL_MS);
}

async function refresh() {
  try {
    const reply = await ask("health");
    $("key-form").hidden = reply.status !== 401;
    if (reply.status === 401) {
      shown = "";
      say("status", "away", key ? "The server does not know this API key." : "The server wants an API key.");
      return;
    }
    // Not ready is 503, with the same body.
    const health = await reply.json();
    const text = JSON.stringify(health);
    if (text !== shown) await show(health);
    shown = text;
  } catch (e) {
    shown = "";
    say("status", "away", `The server does not answer; asking again every ${POLL_MS / 1000} s.`);
  }
}

async function show(health) {
  const names = health.models.map((model) => model.name);
  const known = await Promise.all(health.models.map(async (model) => {
    const several = names.indexOf(model.name) !== names.lastIndexOf(model.name);
    const id = several ? `${model.name}/${model.version}` : model.name;
    const metadata = model.state === "ready"
      ? await (await ask(`v2/models/${model.name}/versions/${model.version}`)).json()
      : null;
    return {...model, id, path: `predict/${id}`, metadata: metadata?.inputs ? metadata : null};
  }));
  models = known;
  const ready = models.filter((model) => model.state === "ready").length;
  say("status", health.status, `${health.status}, ${ready} of ${models.length} models ready`);
  const provider = health.execution_provider;
  $("version").textContent = provider ? `${health.version} on ${provider}` : health.version;
  $("no-models").hidden = models.length > 0;
  const hadFocus = $("models").contains(document.activeElement);
  $("models").replaceChildren(...models.map(card));
  $("panel").hidden = models.length === 0;
  if (models.length === 0) return;
  choose(find(chosen) ? chosen : wanted());
  if (hadFocus) $("models").querySelector(":checked").focus();
}

function card(model) {
  const radio = make("input", {type: "radio", name: "model", value: model.id, "aria-label": `${model.id}, ${model.state}`});
  radio.addEventListener("change", () => {
    history.replaceState(null, "", `#${model.id}`);
    choose(model.id);
  });
  const state = make("span", {class: `state ${model.state}`}, `${model.state}, version ${model.version}`);
  const card = make("label", {class: "model"}, radio, make("b", {}, model.name), state);
  const reason = model.reason ?? model.execution_provider_reason;
  if (reason) card.append(make("p", {class: "reason"}, reason));
  if (!model.metadata) return card;
  const shape = (tensor) => tensor.shape.map((size) => size < 0 ? "?" : size).join(", ");
  const row = (kind) => (tensor, i) => make("tr", {}, make("th", {}, i === 0 ? kind : ""),
      make("td", {}, tensor.name), make("td", {}, `${tensor.datatype} [${shape(tensor)}]`));
  const {inputs, outputs} = model.metadata;
  card.append(make("table", {}, make("tbody", {}, ...inputs.map(row("in")), ...outputs.map(row("out")))));
  return card;
}

/** The model that the address asks for, else the first that is ready. */
function wanted() {
  return (find(location.hash.slice(1).split("&")[0]) ?? models.find((model) => model.metadata) ?? models[0]).id;
}

function choose(id) {
  const model = find(id);
  const changed = chosen !== id;
  chosen = id;
  for (const radio of $("models").querySelectorAll("input")) radio.checked = radio.value === id;
  $("chosen").textContent = `POST /${model.path}`;
  $("unready").hidden = Boolean(model.metadata);
  $("unready").textContent = `${model.id} is ${model.state}${model.reason ? `: ${model.reason}` : ""}`;
  $("form").hidden = !model.metadata;
  if (changed) say("answer", "", "");
  if (changed) $("reply").hidden = true;
  if (!model.metadata) return;
  if (changed || $("request").value === "") $("request").value = written.get(id) ?? example(model.metadata);
  curl();
}

// ---- A request

/** Zeros, or "text", in the shape that the model wants; open dimensions are 1. */
function example(metadata) {
  const zero = {BOOL: false, BYTES: "text"};
  const fill = (datatype, [size, ...rest]) =>
    size === undefined ? zero[datatype] ?? 0 : Array.from({length: Math.abs(size)}, () => fill(datatype, rest));
  const elements = (shape) => shape.reduce((product, size) => product * Math.abs(size), 1);
  if (metadata.inputs.some((input) => elements(input.shape) > LARGEST_EXAMPLE)) return "";
  const rows = metadata.inputs.every((input) => input.shape[0] === -1);
  const value = (input) => fill(input.datatype, rows ? input.shape.slice(1) : input.shape);
  const named = Object.fromEntries(metadata.inputs.map((input) => [input.name, value(input)]));
  const only = metadata.inputs.length === 1 ? Object.values(named)[0] : named;
  return layout(JSON.stringify(rows ? {instances: [only]} : {inputs: only}));
}

/** JSON with a line per entry where one line is too short. Works on the text, so that every digit stays. */
function layout(json) {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[[\]{}:,]|[^\s"[\]{}:,]+/g) ?? [];
  let at = 0;
  const read = () => {
    const token = tokens[at++];
    if (token !== "[" && token !== "{") return token;
    const entries = [];
    while (at < tokens.length && tokens[at] !== "]" && tokens[at] !== "}") {
      let name = "";
      if (tokens[at + 1] === ":") [name, at] = [`${tokens[at]}: `, at + 2];
      entries.push([name, read()]);
      if (tokens[at] === ",") at++;
    }
    return {open: token, close: tokens[at++] ?? "", entries};
  };
  const flat = (node) => typeof node !== "object" ? node
    : node.open + node.entries.map(([name, value]) => name + flat(value)).join(", ") + node.close;
  const write = (node, indent) => {
    const line = flat(node);
    const plain = typeof node !== "object" || node.entries.every(([, value]) => typeof value !== "object");
    if (plain || line.length + indent.length <= 64) return line;
    const inner = `${indent}  `;
    const lines = node.entries.map(([name, value]) => inner + name + write(value, inner));
    return `${node.open}\n${lines.join(",\n")}\n${indent}${node.close}`;
  };
  return tokens.length === 0 ? "" : write(read(), "");
}

function curl() {
  const url = new URL(find(chosen).path, document.baseURI).href;
  const body = $("request").value.replace(/\s*\n\s*/g, " ").trim().replaceAll("'", "'\\''");
  const header = key ? '-H "X-API-Key: $SKIFF_API_KEY" ' : "";
  $("curl").textContent = `curl ${header}-d ${body.length > LONGEST_CURL ? "@request.json" : `'${body}'`} ${url}`;
}

async function send() {
  if (sending) return;
  sending = true;
  $("send").setAttribute("aria-disabled", "true");
  const id = chosen;
  say("answer", "", "Sending …");
  const start = performance.now();
  try {
    const response = await ask(find(id).path, {method: "POST", body: $("request").value, headers: {"Content-Type": "application/json"}});
    const text = await response.text();
    const millis = performance.now() - start;
    if (id !== chosen) return;
    say("answer", response.ok ? "ok" : "failed", `${response.status} ${response.statusText} in ${millis.toFixed(1)} ms`);
    const json = response.headers.get("Content-Type")?.startsWith("application/json");
    const more = text.length - LONGEST_SHOWN;
    $("body").textContent = more > 0 ? `${text.slice(0, LONGEST_SHOWN)}\n… and ${more} more characters`
      : json ? layout(text) : text;
    timing(response.headers.get("Server-Timing") ?? "");
    $("reply").hidden = false;
  } catch (e) {
    $("reply").hidden = true;
    if (id === chosen) say("answer", "failed", "The server did not answer.");
  } finally {
    sending = false;
    $("send").removeAttribute("aria-disabled");
  }
}

/** A row for each part of a Server-Timing header, such as "read;dur=0.021, run;dur=0.034". */
function timing(header) {
  const parts = [...header.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, millis]) => ({name, millis: Number(millis)}));
  const longest = Math.max(...parts.map((part) => part.millis), Number.MIN_VALUE);
  $("timing").hidden = parts.length === 0;
  $("timing").tBodies[0].replaceChildren(...parts.map(({name, millis}) => {
    const bar = make("div", {class: "bar"});
    bar.style.width = `${100 * millis / longest}%`;
    return make("tr", {}, make("th", {scope: "row"}, name), make("td", {}, `${millis.toFixed(3)} ms`), make("td", {}, bar));
  }));
}

// ---- The user

$("key-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  key = $("key").value;
  $("key").value = "";
  await refresh();
  follow();
});
$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
$("request").addEventListener("input", () => {
  written.set(chosen, $("request").value);
  curl();
});
$("request").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) send();
});
$("reset").addEventListener("click", () => {
  written.delete(chosen);
  $("request").value = example(find(chosen).metadata);
  curl();
});
$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("curl").textContent);
    $("copy").textContent = "Copied";
    setTimeout(() => $("copy").textContent = "Copy", 1500);
  } catch (e) {
    // There is no clipboard without HTTPS: select the line instead.
    getSelection().selectAllChildren($("curl"));
  }
});
window.addEventListener("hashchange", follow);

function follow() {
  if (models.length === 0) return;
  choose(wanted());
  if (location.hash.endsWith("&send") && !$("form").hidden) send();
}

await poll();
follow();

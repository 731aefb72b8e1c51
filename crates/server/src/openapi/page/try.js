"use strict";
// Text goes into the page as text only; the token stays in its field and is sent to this server alone.
const MOST = 1 << 20;

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text) made.textContent = text;
  made.append(...children);
  return made;
}

function field(parameter) {
  const input = element("input");
  input.placeholder = parameter.example ?? "";
  input.required = Boolean(parameter.required);
  const label = element("label", `${parameter.name} `, input);
  label.title = parameter.description ?? "";
  return { parameter, input, label };
}

// What is not filled in is the example, but never where something could be changed.
function address(method, path, fields) {
  const query = new URLSearchParams();
  for (const { parameter, input } of fields) {
    const example = parameter.required && method === "get" ? input.placeholder : "";
    const value = input.value || example;
    if (!value && parameter.required) throw new Error(`fill in ${parameter.name} first`);
    if (!value) continue;
    if (parameter.in === "query") query.set(parameter.name, value);
    // The path of a forwarded route has slashes of its own.
    else path = path.split(`{${parameter.name}}`).join(value.split("/").map(encodeURIComponent).join("/"));
  }
  return query.size ? `${path}?${query}` : path;
}

function pretty(text, type) {
  if (!type.includes("json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

async function ask(method, path, body, out, signal) {
  const headers = {};
  const token = document.getElementById("token").value.trim();
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== null) headers["Content-Type"] = "application/json";
  const init = { method, headers, signal, credentials: "omit", cache: "no-store" };
  if (body !== null) init.body = body;
  const answer = await fetch(path, init);
  const type = answer.headers.get("content-type") ?? "";
  let head = `${answer.status} ${answer.statusText}\n`;
  for (const [name, value] of answer.headers) head += `${name}: ${value}\n`;
  let text = "";
  const show = () => { out.textContent = `${method} ${path}\n\n${head}\n${pretty(text, type)}`; };
  show();
  if (!answer.body) return;
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text = (text + part.value).slice(-MOST);
    if (type.includes("event-stream")) show();
  }
  show();
}

function route(method, path, operation) {
  const fields = (operation.parameters ?? []).map(field);
  const example = operation.requestBody?.content?.["application/json"]?.example;
  const body = operation.requestBody ? element("textarea") : null;
  if (body) {
    body.rows = 4;
    body.value = example === undefined ? "{}" : JSON.stringify(example, null, 2);
  }
  const out = element("pre");
  out.hidden = true;
  const send = element("button", "Send");
  const stop = element("button", "Stop");
  stop.hidden = true;
  let running = null;
  send.onclick = async () => {
    running?.abort();
    const mine = running = new AbortController();
    out.hidden = stop.hidden = false;
    out.textContent = "…";
    try {
      const target = address(method, path, fields);
      const question = `${method.toUpperCase()} ${target} may change something. Send it?`;
      if (method !== "get" && fields.length && !confirm(question)) throw new Error("not sent");
      await ask(method.toUpperCase(), target, body && body.value, out, mine.signal);
    } catch (error) {
      if (error.name !== "AbortError") out.textContent = String(error);
    }
    if (running === mine) stop.hidden = true;
  };
  stop.onclick = () => running?.abort();
  const summary = element("summary", "", element("b", method.toUpperCase()), element("code", path),
    operation.summary ?? "");
  const made = element("details", "", summary, element("p", operation.description ?? ""),
    ...fields.map((one) => one.label), ...(body ? [body] : []), send, stop, out);
  if (method !== "get") made.className = "writes";
  return made;
}

async function show() {
  const main = document.getElementById("routes");
  const description = await (await fetch("/openapi.json")).json();
  const groups = new Map();
  for (const [path, item] of Object.entries(description.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (!operation.responses) continue;
      const tag = operation.tags?.[0] ?? "";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(route(method, path, operation));
    }
  }
  main.replaceChildren();
  for (const [tag, routes] of groups) main.append(element("h2", tag), ...routes);
}

show().catch((error) => { document.getElementById("routes").textContent = String(error); });

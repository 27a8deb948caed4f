// The page's state and what changes it: the address, clicks, search and keys.

const search = document.getElementById("search");
const environments = [...document.querySelectorAll("[data-environment]")];
const themeButton = document.getElementById("theme");
const state = { id: null, view: "ties", environment: "all", theme: "auto" };

document.getElementById("name").textContent = fleet.name;
document.getElementById("summary").textContent = summary();
drawFloor((id) => go(id === state.id ? null : id));
setTheme(remembered());
applyFilter();
fromAddress();

window.addEventListener("hashchange", fromAddress);
window.addEventListener("resize", () => markFloor(state.id, state.view));
window.addEventListener("keydown", onKey);
search.addEventListener("input", applyFilter);
search.addEventListener("keydown", onSearchKey);
for (const button of environments) {
  button.addEventListener("click", () => setEnvironment(button.dataset.environment));
}
themeButton.addEventListener("click", nextTheme);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme(state.theme));

function summary() {
  const count = (test, thing) => counted(fleet.nodes.filter(test).length, thing);
  const of = (kind) => (node) => node.kind === kind;
  const parts = [
    count(of("host"), "host"),
    count(serves, "service"),
    count(of("database"), "database"),
    count(of("pool"), "GPU pool"),
  ];
  return parts.join(" · ") + (fleet.as_of ? ` · as of ${fleet.as_of}` : " · as declared");
}

/** Select a node; a host or a cluster shows what breaks without it, anything else its ties. */
function go(id, view) {
  const node = id === null ? null : nodes.get(id);
  state.view = view ?? (node && ["host", "cluster"].includes(node.kind) ? "breaks" : "ties");
  state.id = id;
  const address = id === null ? "" : `#${encodeURIComponent(id)}`;
  if (location.hash !== address) history.pushState(null, "", address || location.pathname + location.search);
  show();
}

function fromAddress() {
  let id = null;
  try {
    id = decodeURIComponent(location.hash.slice(1));
  } catch { /* not one of ours */ }
  if (!nodes.has(id)) id = null;
  go(id);
}

function show() {
  const inside = panel.contains(document.activeElement);
  drawPanel(state.id, state.view, go);
  if (inside) panel.focus({ preventScroll: true });
  const button = state.id === null ? null : items.get(state.id);
  if (button && !visible(button)) {
    search.value = "";
    setEnvironment("all");
  }
  markFloor(state.id, state.view);
  if (button) {
    makeCurrent(button);
    button.scrollIntoView({ block: "nearest" });
  }
}

function applyFilter() {
  const shown = filterFloor(search.value, state.environment);
  const filtered = search.value.trim() !== "";
  document.getElementById("matches").textContent = filtered
    ? shown ? `${counted(shown, "match").replace("matchs", "matches")}` : "Nothing matches." : "";
  makeCurrent(order().includes(current()) ? current() : order()[0]);
  markFloor(state.id, state.view);
}

function setEnvironment(environment) {
  state.environment = environment;
  for (const button of environments) {
    button.setAttribute("aria-pressed", String(button.dataset.environment === environment));
  }
  applyFilter();
}

// Keyboard: the floor is one stop for Tab; arrows move in it to the nearest item that way.

function order() {
  return [...floor.querySelectorAll("button.item")].filter(visible);
}

function current() {
  return floor.querySelector('button.item[tabindex="0"]');
}

function makeCurrent(button) {
  current()?.setAttribute("tabindex", "-1");
  button?.setAttribute("tabindex", "0");
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target === search;
  if (event.key === "Escape") return back();
  if (typing) return;
  const run = KEYS[event.key];
  if (run) {
    event.preventDefault();
    run();
  } else if (event.key.startsWith("Arrow") && !panel.contains(event.target)) {
    event.preventDefault();
    move(event.key);
  }
}

const KEYS = {
  "/": () => search.focus(),
  b: () => state.id !== null && go(state.id, state.view === "breaks" ? "ties" : "breaks"),
  e: () => setEnvironment({ all: "prod", prod: "dev", dev: "all" }[state.environment]),
  t: nextTheme,
};

function onSearchKey(event) {
  const first = order().find((button) => button.matches(".row")) ?? order()[0];
  if (event.key === "Enter" && first && search.value.trim()) {
    event.preventDefault(); // else the button that gets the focus is pressed, too
    go(best() ?? first.dataset.id);
    items.get(state.id).focus();
  } else if (event.key === "ArrowDown" && order()[0]) {
    event.preventDefault();
    focusItem(order()[0]);
  }
}

/** The visible node whose very name is what was typed, if there is one. */
function best() {
  const name = search.value.trim().toLowerCase();
  return order().find((button) => nodes.get(button.dataset.id).name.toLowerCase() === name)?.dataset.id;
}

function back() {
  if (search.value) {
    search.value = "";
    applyFilter();
  } else if (state.id !== null) {
    const button = items.get(state.id);
    go(null);
    button.focus();
  } else if (document.activeElement === search) {
    search.blur();
  }
}

function focusItem(button) {
  makeCurrent(button);
  button.focus({ preventScroll: true });
  button.scrollIntoView({ block: "nearest" });
}

function move(key) {
  const from = document.activeElement?.matches?.("button.item") ? document.activeElement : null;
  if (!from) return focusItem(current() ?? order()[0]);
  const start = from.getBoundingClientRect();
  const along = { ArrowDown: [0, 1], ArrowUp: [0, -1], ArrowRight: [1, 0], ArrowLeft: [-1, 0] }[key];
  let nearest = null;
  let least = Infinity;
  for (const button of order()) {
    const box = button.getBoundingClientRect();
    const dx = box.left + box.width / 2 - (start.left + start.width / 2);
    const dy = box.top + box.height / 2 - (start.top + start.height / 2);
    const ahead = dx * along[0] + dy * along[1];
    const beside = Math.abs(dx * along[1]) + Math.abs(dy * along[0]);
    const cost = ahead + 3 * beside;
    if (ahead > 2 && cost < least) [nearest, least] = [button, cost];
  }
  if (nearest) focusItem(nearest);
}

// Light and dark: as the system has it, until somebody says otherwise.

function nextTheme() {
  setTheme({ auto: "light", light: "dark", dark: "auto" }[state.theme]);
}

function setTheme(theme) {
  state.theme = theme;
  const dark = theme === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : theme === "dark";
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  themeButton.textContent = { auto: "◐ auto", light: "○ light", dark: "● dark" }[theme];
  themeButton.setAttribute("aria-label", `Colours: ${theme}`);
  try {
    localStorage.setItem("infra-apply-theme", theme);
  } catch { /* a file may have no storage */ }
}

function remembered() {
  try {
    const theme = localStorage.getItem("infra-apply-theme");
    return ["auto", "light", "dark"].includes(theme) ? theme : "auto";
  } catch {
    return "auto";
  }
}

// The floor: lanes, rooms and what is in them. Drawn once; afterwards only classes change.

const floor = document.getElementById("floor");
const lanes = document.getElementById("lanes");
const items = new Map(); // id -> the button that stands for a node

function drawFloor(select) {
  const hosts = grouped(fleet.nodes.filter((node) => node.kind === "host"), (node) => node.lane ?? null);
  const homeless = grouped(
    fleet.nodes.filter((node) => node.kind === "service" && !node.host),
    (node) => node.lane ?? null,
  );
  for (const [id, title] of LANES) {
    const rooms = (hosts.get(id) ?? []).sort(byName).map((host) => room(host, carriedBy(host.id), select));
    const rest = (homeless.get(id) ?? []).sort(byName);
    if (rest.length) rooms.push(room(null, rest, select));
    lane(title, "host", rooms, counted(rooms.length - (rest.length ? 1 : 0), "host"));
  }
  const of = (kind) => fleet.nodes.filter((node) => node.kind === kind).sort(byName);
  lane("Databases", "cluster", of("cluster").map((one) => room(one, carriedBy(one.id), select)));
  lane("GPU pools", "pool", of("pool").map((one) => room(one, [], select)));
  lane("Outside", "external", of("external").map((one) => room(one, [], select)));
}

function lane(title, kind, rooms, count = String(rooms.length)) {
  if (!rooms.length) return;
  const label = make("h2", { class: "lane-title" }, title, make("b", {}, count));
  const around = make("div", { class: "rooms" }, ...rooms);
  // Small lanes share a row; clusters are wide, for each holds many databases.
  const width = kind === "cluster" ? "" : (["", "one", "two"][rooms.length] ?? "");
  const names = ["lane", `of-${kind}`, width].join(" ");
  lanes.append(make("section", { class: names, "aria-label": title }, label, around));
}

function room(node, inside, select) {
  const rows = inside.map((one) => make("li", {}, row(one, select)));
  const title = node ? head(node, select) : make("div", { class: "head nobody" }, "no host named");
  const list = rows.length ? make("ul", { class: "rows" }, ...rows) : null;
  return make("div", { class: `room${node && node.known === false ? " unknown" : ""}` }, title, list, foot(node, inside));
}

function head(node, select) {
  const side = node.kind === "external" ? "" : (node.address ?? "");
  const text = make("span", { class: "label" }, node.name);
  const spot = side ? make("span", { class: "aside" }, side) : null;
  return item(node, "head", select, dot(node), text, flags(node), spot);
}

function foot(node, inside) {
  if (!node) return null;
  if (node.standing && node.standing.mark !== "good") {
    return make("p", { class: `foot ${node.standing.mark}` }, [node.standing.words, ...node.standing.notes].join("; "));
  }
  if (node.known === false) return make("p", { class: "foot bad" }, node.detail ?? "not in the mesh");
  const words = [node.detail, node.standing?.words].filter(Boolean).join(" · ");
  if (words && (node.kind === "pool" || node.kind === "external")) return make("p", { class: "foot" }, words);
  return inside.length || node.kind !== "host" ? null : make("p", { class: "foot" }, "nothing runs here");
}

function row(node, select) {
  const mark = make("i", { class: `mark ${node.environment ?? ""}`, title: node.environment });
  const spot = node.port === undefined ? null : make("span", { class: "aside" }, `:${node.port}`);
  const what = node.detail && node.kind === "service" ? make("span", { class: "aside words" }, "no service") : spot;
  return item(node, "row", select, mark, make("span", { class: "label" }, node.name), flags(node), dot(node), what);
}

function item(node, kind, select, ...children) {
  const button = make(
    "button",
    { type: "button", class: `item ${kind}`, data: { id: node.id }, tabindex: "-1", "aria-pressed": "false", "aria-label": spoken(node), title: spoken(node), on: () => select(node.id) },
    ...children,
  );
  items.set(node.id, button);
  return button;
}

function spoken(node) {
  const found = findingsOf(node).length;
  return [
    `${KINDS[node.kind]} ${node.name}`,
    node.environment,
    node.port === undefined ? "" : `port ${node.port}`,
    node.standing?.words,
    found ? counted(found, "finding") : "",
  ].filter(Boolean).join(", ");
}

function dot(node) {
  if (!node.standing) return null;
  const words = [node.standing.words, ...node.standing.notes].join("; ");
  return make("i", { class: `dot ${node.standing.mark}`, title: words });
}

function flags(node) {
  if (node.kind !== "service") return null;
  const found = findingsOf(node);
  if (!found.length) return null;
  const worst = found.some((one) => one.severity === "error") ? "error" : "warning";
  return make("i", { class: `flag ${worst}`, title: found.map((one) => one.message).join("\n") }, `${found.length}`);
}

/** Hide what does not match; a room stays while something in it does, or its own name does. */
function filterFloor(words, environment) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = (node) => wanted.every((word) => haystack(node).includes(word));
  let shown = 0;
  for (const one of floor.querySelectorAll(".room")) {
    const title = one.querySelector("button.head");
    const titleMatches = title !== null && matches(nodes.get(title.dataset.id));
    let inside = 0;
    for (const line of one.querySelectorAll(".rows > li")) {
      const node = nodes.get(line.firstChild.dataset.id);
      const here = environment === "all" || !node.environment || node.environment === environment;
      line.hidden = !(here && (titleMatches || matches(node)));
      inside += line.hidden ? 0 : 1;
    }
    const own = title && nodes.get(title.dataset.id).environment;
    const mine = environment === "all" || (own ? own === environment : !one.querySelector(".rows"));
    one.hidden = !(inside || (titleMatches && mine));
    shown += one.hidden ? 0 : inside + (titleMatches ? 1 : 0);
  }
  for (const one of floor.querySelectorAll(".lane")) {
    one.hidden = !one.querySelector(".room:not([hidden])");
  }
  return shown;
}

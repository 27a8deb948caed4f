// The panel: everything about the selected node, or the fleet at a glance.

const panel = document.getElementById("panel");

function drawPanel(id, view, go) {
  const node = id === null ? null : nodes.get(id);
  panel.replaceChildren(...(node ? about(node, view, go) : overview(go)));
  panel.classList.toggle("open", node !== null);
  panel.scrollTop = 0;
}

function about(node, view, go) {
  const where = node.kind === "service" || node.kind === "host" ? LANES.get(node.lane ?? null) : null;
  const eyebrow = [KINDS[node.kind], node.environment, where].filter(Boolean).join(" · ");
  const close = make("button", { type: "button", class: "quiet close", "aria-label": "Close", on: () => go(null) }, "×");
  const affected = [...impact(node.id)].map(([id, steps]) => ({ node: nodes.get(id), steps }));
  return [
    make("p", { class: "eyebrow" }, eyebrow),
    close,
    make("h2", {}, node.name),
    standing(node),
    facts(node, go),
    views(node, view, affected.length, go),
    ...(view === "breaks" ? breaks(node, affected, go) : tiesOf(node, go)),
    ...mistakes(findingsOf(node)),
  ].filter(Boolean);
}

function standing(node) {
  if (!node.standing) return null;
  const words = make("span", {}, node.standing.words);
  const notes = node.standing.notes.map((note) => make("li", {}, note));
  const list = notes.length ? make("ul", { class: "notes" }, ...notes) : null;
  return make("div", { class: `standing ${node.standing.mark}` }, make("i", { class: `dot ${node.standing.mark}` }), words, list);
}

function facts(node, go) {
  const host = node.host && nodes.get(`${node.kind === "database" ? "cluster" : "host"}:${node.host}`);
  const rows = [
    [node.kind === "database" ? "Cluster" : "Host", host ? link(host, go) : node.host],
    ["Address", node.address],
    ["Port", node.port],
    ["URL", node.url],
    ["Runtime", node.runtime],
    ["Unit", node.systemd_unit],
    [node.kind === "pool" ? "Made of" : "Remark", node.detail],
    ["Manifest", node.manifest],
  ].filter(([, value]) => value !== undefined && value !== null);
  if (!rows.length) return null;
  return make("dl", {}, ...rows.flatMap(([key, value]) => [
    make("dt", {}, key),
    make("dd", { class: CODE.has(key) ? "code" : false }, value instanceof Node ? value : String(value)),
  ]));
}

const CODE = new Set(["Address", "Port", "URL", "Unit", "Manifest"]);

function views(node, view, affected, go) {
  const choice = (name, text) => make(
    "button",
    { type: "button", "aria-pressed": String(view === name), on: () => go(node.id, name) },
    text,
  );
  return make(
    "div",
    { class: "choices wide", role: "group", "aria-label": "What to show of it" },
    choice("ties", "Its ties"),
    choice("breaks", `If it goes away (${affected})`),
  );
}

function tiesOf(node, go) {
  const side = (title, kind, list) => {
    const rows = list.sort((one, other) => byName(one.node, other.node)).map((end) =>
      make("li", {}, link(end.node, go), make("span", { class: "how" }, kind === "needs" ? how(end) : whence(end))));
    const none = make("p", { class: "none" }, kind === "needs" ? "Needs nothing." : "Nobody needs it.");
    return [make("h3", { class: kind }, `${title} `, make("b", {}, String(rows.length))), rows.length ? make("ul", { class: "links" }, ...rows) : none];
  };
  return [
    ...side("Needs", "needs", ends(needs.get(node.id), "target")),
    ...side("Needed by", "needed-by", ends(neededBy.get(node.id), "source")),
  ];
}

function how(end) {
  const port = end.node.port === undefined || end.relation !== "depends_on" ? "" : ` :${end.node.port}`;
  return RELATIONS[end.relation] + port;
}

function whence(end) {
  const host = end.node.kind === "service" && end.node.host;
  return host ? `from ${host}` : KINDS[end.node.kind];
}

function breaks(node, affected, go) {
  const services = affected.filter((one) => serves(one.node)).length;
  const text = affected.length
    ? `Without it, ${counted(services, "service")} no longer work${services === 1 ? "s" : ""}.`
    : "Nothing else stops working without it.";
  const parts = [make("p", { class: "verdict" }, text)];
  for (const [steps, list] of grouped(affected, (one) => one.steps)) {
    const title = steps === 1 ? "At once" : steps === 2 ? "Then" : `Then, ${steps} steps away`;
    const rows = list.map((one) => one.node).sort(byName).map((one) =>
      make("li", {}, link(one, go), make("span", { class: "how" }, one.host ?? KINDS[one.kind])));
    parts.push(make("h3", { class: "breaks" }, `${title} `, make("b", {}, String(rows.length))), make("ul", { class: "links" }, ...rows));
  }
  return parts;
}

function mistakes(found, title = "Findings") {
  if (!found.length) return [];
  const rows = found.map((one) => make(
    "li",
    { class: one.severity },
    make("p", {}, make("b", {}, `${one.severity} ${one.code}`), ` ${one.message}`),
    one.hint ? make("p", { class: "hint" }, one.hint) : null,
    make("p", { class: "code" }, one.line ? `${one.path}:${one.line}` : one.path),
  ));
  return [make("h3", { class: "found" }, `${title} `, make("b", {}, String(rows.length))), make("ul", { class: "findings" }, ...rows)];
}

function link(node, go) {
  const mark = node.environment ? make("i", { class: `mark ${node.environment}` }) : null;
  return make("button", { type: "button", class: "link", data: { to: node.id }, on: () => go(node.id) }, mark, node.name);
}

function overview(go) {
  const heavy = fleet.nodes
    .filter((node) => node.kind === "host" || node.kind === "cluster")
    .map((node) => ({ node, count: [...impact(node.id).keys()].filter((id) => serves(nodes.get(id))).length }))
    .filter((one) => one.count)
    .sort((one, other) => other.count - one.count || byName(one.node, other.node))
    .slice(0, 8);
  const most = heavy[0]?.count ?? 1;
  const bars = heavy.map(({ node, count }) => {
    const bar = make("i", { class: "weight" });
    bar.style.width = `${Math.round((100 * count) / most)}%`;
    return make("li", {}, make(
      "button",
      { type: "button", class: "link bar", on: () => go(node.id, "breaks") },
      make("span", {}, node.name), make("span", { class: "how" }, counted(count, "service")), bar,
    ));
  });
  const strays = fleet.strays.map((one) => make("li", {}, `${one.droplet} (${one.pool}): ${one.cost}`));
  return [
    make("h2", {}, "At a glance"),
    make("p", { class: "none" }, "Choose a service to see what it needs and who needs it, or a host to see what breaks without it."),
    ...(bars.length ? [make("h3", { class: "breaks" }, "Where it would hurt most"), make("ul", { class: "bars" }, ...bars)] : []),
    ...(strays.length ? [make("h3", { class: "breaks" }, "GPU slots of pools nobody declares"), make("ul", { class: "notes" }, ...strays)] : []),
    ...mistakes(fleet.findings),
    ...fleet.not_checked.map((text) => make("p", { class: "none" }, `Not checked: ${text}`)),
    ...legend(),
  ];
}

function legend() {
  const line = (mark, text) => make("li", {}, mark, text);
  const marks = [
    line(make("i", { class: "mark prod" }), "prod"),
    line(make("i", { class: "mark dev" }), "dev"),
    line(make("i", { class: "flag warning" }, "1"), "findings in its manifest"),
  ];
  if (fleet.as_of) {
    marks.push(
      line(make("i", { class: "dot good" }), "as declared, or answers"),
      line(make("i", { class: "dot drift" }), "differs from what is declared"),
      line(make("i", { class: "dot bad" }), "missing, or refuses"),
      line(make("i", { class: "dot unknown" }), "unknown from here"),
    );
  }
  const keys = [["/", "search"], ["← ↑ ↓ →", "move"], ["Enter", "choose"], ["b", "what breaks"], ["e", "environment"], ["t", "light or dark"], ["Esc", "back"]];
  return [
    make("h3", { class: "key" }, "Marks and keys"),
    make("ul", { class: "marks" }, ...marks),
    make("ul", { class: "keys" }, ...keys.map(([key, text]) => make("li", {}, make("kbd", {}, key), text))),
  ];
}

// The fleet's graph, as `infra-apply map --format json` prints it, and questions to it.

const fleet = JSON.parse(document.getElementById("fleet").textContent);
const nodes = new Map(fleet.nodes.map((node) => [node.id, node]));
const needs = grouped(fleet.edges, (edge) => edge.source);
const neededBy = grouped(fleet.edges, (edge) => edge.target);
const findings = grouped(fleet.findings, (finding) => finding.path);

const KINDS = {
  host: "host",
  service: "service",
  database: "database",
  cluster: "database cluster",
  pool: "GPU pool",
  external: "outside service",
};
const RELATIONS = { depends_on: "calls", runs_on: "runs on", stores_in: "stores in" };
const LANES = new Map(fleet.lanes.map((lane) => [lane.id, lane.title]));

function grouped(list, keyOf) {
  const found = new Map();
  for (const one of list) {
    const key = keyOf(one);
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(one);
  }
  return found;
}

/** Who no longer works without a node, nearest first: id -> steps. */
function impact(gone) {
  const steps = new Map();
  let frontier = [gone];
  for (let step = 1; frontier.length; step += 1) {
    const following = [];
    for (const id of frontier) {
      for (const edge of neededBy.get(id) ?? []) {
        if (edge.source !== gone && !steps.has(edge.source)) {
          steps.set(edge.source, step);
          following.push(edge.source);
        }
      }
    }
    frontier = following;
  }
  return steps;
}

/** The nodes at the other end of some edges, each with the relation. */
function ends(edges, side) {
  return (edges ?? []).map((edge) => ({ node: nodes.get(edge[side]), relation: edge.relation }));
}

function carriedBy(id) {
  return ends(neededBy.get(id), "source").map((end) => end.node).sort(byName);
}

// Numbers by their value, so that host-9 stands before host-10; the same in every locale.
const ORDER = new Intl.Collator("en", { numeric: true });

function byName(one, other) {
  return ORDER.compare(one.name, other.name) || ORDER.compare(one.id, other.id);
}

function findingsOf(node) {
  return (node.manifest && findings.get(node.manifest)) || [];
}

function serves(node) {
  return node.kind === "service" && !node.detail;
}

function counted(number, thing) {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

/** Everything a person may search a node by, in lower case. */
function haystack(node) {
  const port = node.port === undefined ? "" : `:${node.port}`;
  const facts = [node.name, node.project, node.host, node.address, port, node.runtime,
    node.systemd_unit, node.url, node.detail, node.manifest, KINDS[node.kind],
    node.standing?.words];
  return facts.filter(Boolean).join("\n").toLowerCase();
}

/** Make an element. Texts become text nodes: nothing of the fleet is ever read as HTML. */
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "data") Object.assign(element.dataset, value);
    else if (key === "on") element.addEventListener("click", value);
    else if (key === "class") element.className = value;
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

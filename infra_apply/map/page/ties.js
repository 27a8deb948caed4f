// What a selection touches: marks on the floor, and curves from the selected node to its ties.

const canvas = document.getElementById("ties");

/** Mark the floor for a selection. `view` is "ties" or "breaks"; null clears it. */
function markFloor(id, view) {
  const marks = id === null ? new Map() : view === "breaks" ? broken(id) : tied(id);
  floor.classList.toggle("choosing", id !== null);
  for (const [one, button] of items) {
    const mark = one === id ? "chosen" : (marks.get(one) ?? "");
    button.dataset.tie = mark;
    button.setAttribute("aria-pressed", String(one === id));
    button.closest(".room").classList.toggle("touched", false);
  }
  for (const button of items.values()) {
    if (button.dataset.tie) button.closest(".room").classList.add("touched");
  }
  drawTies(id, view, marks);
}

function tied(id) {
  const marks = new Map();
  for (const end of ends(neededBy.get(id), "source")) marks.set(end.node.id, "needed-by");
  for (const end of ends(needs.get(id), "target")) marks.set(end.node.id, "needs");
  return marks;
}

function broken(id) {
  const marks = new Map();
  for (const [one, steps] of impact(id)) marks.set(one, steps === 1 ? "breaks" : "breaks-later");
  return marks;
}

function drawTies(id, view, marks) {
  canvas.replaceChildren();
  const from = id !== null && items.get(id);
  if (!from || !visible(from)) return;
  const frame = floor.getBoundingClientRect();
  canvas.setAttribute("width", floor.scrollWidth);
  canvas.setAttribute("height", floor.scrollHeight);
  for (const [one, mark] of marks) {
    const to = items.get(one);
    const inside = to && from.closest(".room") === to.closest(".room");
    if (to && visible(to) && !inside && mark !== "breaks-later") {
      canvas.append(curve(spot(from, frame), spot(to, frame), mark));
    }
  }
}

function visible(element) {
  return element.offsetParent !== null;
}

function spot(element, frame) {
  const box = element.getBoundingClientRect();
  return {
    left: box.left - frame.left,
    right: box.right - frame.left,
    y: box.top - frame.top + box.height / 2,
  };
}

/** A calm curve between the nearer sides; rooms in one column are joined on their left. */
function curve(from, to, mark) {
  let start = from.left, end = to.left;
  const bend = -Math.min(24, 10 + Math.abs(from.y - to.y) / 20);
  let path;
  if (to.left > from.right) {
    [start, end] = [from.right, to.left];
    const half = Math.max(24, (end - start) / 2);
    path = `M${start} ${from.y}C${start + half} ${from.y} ${end - half} ${to.y} ${end} ${to.y}`;
  } else if (to.right < from.left) {
    [start, end] = [from.left, to.right];
    const half = Math.max(24, (start - end) / 2);
    path = `M${start} ${from.y}C${start - half} ${from.y} ${end + half} ${to.y} ${end} ${to.y}`;
  } else {
    path = `M${start} ${from.y}C${start + bend} ${from.y} ${end + bend} ${to.y} ${end} ${to.y}`;
  }
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  line.setAttribute("class", mark);
  return line;
}

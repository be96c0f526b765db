// Shows the nodes and arrows of a graph at the places that were computed for them.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const svg = document.getElementById("graph"), all = document.getElementById("all");
const view = { x: 20, y: 20, scale: 1 };

function made(name, attributes, parent) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const key in attributes) element.setAttribute(key, attributes[key]);
  parent.appendChild(element);
  return element;
}

function placed() {
  all.setAttribute("transform", `translate(${view.x},${view.y}) scale(${view.scale})`);
}

const marker = made("marker", { id: "tip", viewBox: "0 0 10 10", refX: 9, refY: 5,
  markerWidth: 7, markerHeight: 7, orient: "auto" }, made("defs", {}, svg));
made("path", { d: "M0,0 L10,5 L0,10 z", fill: "#999" }, marker);

const arrows = data.arrows.map(each => ({ ...each,
  line: made("path", { class: "arrow", "marker-end": "url(#tip)" }, all),
  word: made("text", { class: "word" }, all) }));
const nodes = data.nodes.map((each, number) => {
  const group = made("g", { class: "node" }, all);
  const width = 7 * each.label.length + 18;
  made("rect", { x: -width / 2, y: -13, width: width, height: 26, fill: each.colour,
    rx: each.round ? 13 : 2 }, group);
  made("text", {}, group).textContent = each.label;
  made("title", {}, group).textContent = each.tip;
  group.addEventListener("pointerdown", event => grab(event, each));
  group.addEventListener("click", () => choose(number));
  return { ...each, group: group, at: each };
});

// Arrows past other rows go around what stands between, and so does the second of a pair.
const pairs = new Map();
for (const arrow of arrows) {
  const pair = `${arrow.from},${arrow.to}`;
  arrow.turn = pairs.get(pair) ?? 0;
  pairs.set(pair, arrow.turn + 1);
}

function draw() {
  for (const node of nodes) {
    node.group.setAttribute("transform", `translate(${node.at.x},${node.at.y})`);
  }
  for (const arrow of arrows) {
    const a = nodes[arrow.from].at, b = nodes[arrow.to].at;
    const long = Math.abs(b.y - a.y) > 120 ? 60 + Math.abs(b.y - a.y) / 8 : 0;
    const bend = long + 70 * arrow.turn, x = (a.x + b.x) / 2;
    arrow.line.setAttribute("d",
      `M${a.x},${a.y + 13} Q${x + bend},${(a.y + b.y) / 2} ${b.x},${b.y - 13}`);
    arrow.word.setAttribute("x", x + bend / 2);
    arrow.word.setAttribute("y", (a.y + b.y) / 2);
    arrow.word.textContent = arrow.label;
  }
}

let held = null, last = null, chosen = -1;
function grab(event, what) {
  held = what;
  last = [event.clientX, event.clientY];
  event.stopPropagation();
}
svg.addEventListener("pointerdown", event => grab(event, view));
window.addEventListener("pointerup", () => { held = null; });
window.addEventListener("pointermove", event => {
  if (held === null) return;
  const scale = held === view ? 1 : view.scale;
  held.x += (event.clientX - last[0]) / scale;
  held.y += (event.clientY - last[1]) / scale;
  last = [event.clientX, event.clientY];
  if (held === view) placed(); else draw();
});
svg.addEventListener("wheel", event => {
  event.preventDefault();
  const by = Math.exp(-event.deltaY / 500), box = svg.getBoundingClientRect();
  const x = event.clientX - box.left, y = event.clientY - box.top;
  view.x = x - (x - view.x) * by;
  view.y = y - (y - view.y) * by;
  view.scale *= by;
  placed();
}, { passive: false });

function choose(number) {
  chosen = chosen === number ? -1 : number;
  const near = new Set([chosen]);
  for (const arrow of arrows) {
    if (arrow.from === chosen) near.add(arrow.to);
    if (arrow.to === chosen) near.add(arrow.from);
  }
  nodes.forEach((node, k) => node.group.classList.toggle("dim", chosen >= 0 && !near.has(k)));
  for (const arrow of arrows) {
    const far = chosen >= 0 && arrow.from !== chosen && arrow.to !== chosen;
    arrow.line.classList.toggle("dim", far);
    arrow.word.classList.toggle("dim", far);
  }
}

placed();
draw();

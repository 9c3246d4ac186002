"use strict";
// Lets the graph of clusters and keys be moved; without it the picture below it says the same.
const place = document.querySelector("[data-graph]");
function colour(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(--${name})`;
  place.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}
function elementsOf(graph) {
  const largest = Math.max(...graph.clusters.map((one) => one.accounts));
  const most = Math.max(1, ...graph.keys.map((one) => one.accounts));
  const families = new Map(graph.keys.map((one) => [one.id, colour(one.family || "other")]));
  const clusters = graph.clusters.map((one) => ({
    data: { id: one.id, kind: "cluster", label: one.accounts.toLocaleString("en"), size: 16 + 26 * Math.sqrt(one.accounts / largest), colour: colour(one.tier === "named" ? "strong" : "bar") },
  }));
  const keys = graph.keys.map((one) => ({
    data: { id: one.id, kind: "key", label: one.label, size: 7 + 11 * Math.sqrt(one.accounts / most), colour: families.get(one.id) },
  }));
  const edges = graph.edges.filter(([, , share]) => share >= 0.3).map(([from, to, share]) => ({
    data: { source: `c${from}`, target: `k${to}`, width: 0.4 + share, opacity: 0.06 + 0.24 * share, colour: families.get(`k${to}`) },
  }));
  return [...clusters, ...keys, ...edges];
}
function styleOf() {
  const label = { label: "data(label)", "font-size": 9, "text-outline-width": 2 };
  return [
    { selector: "node", style: { "background-color": "data(colour)", width: "data(size)", height: "data(size)" } },
    { selector: "node[kind = 'cluster']", style: { ...label, color: colour("paper"), "text-outline-width": 0, "text-valign": "center", "font-weight": 600 } },
    { selector: "node[kind = 'key']", style: { ...label, shape: "round-rectangle", color: colour("ink"), "text-outline-color": colour("paper"), "text-wrap": "ellipsis", "text-max-width": 130, "text-valign": "bottom", "text-margin-y": 3 } },
    { selector: "edge", style: { width: "data(width)", "line-color": "data(colour)", opacity: "data(opacity)", "curve-style": "haystack" } },
    { selector: ".away", style: { opacity: 0.08 } },
    { selector: "edge.near", style: { opacity: 0.9, width: 1.6 } },
  ];
}
function show(button) {
  button.remove();
  place.hidden = false;
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", "The same graph, to be moved with the mouse");
  const graph = window.cytoscape({
    container: place,
    elements: elementsOf(JSON.parse(place.dataset.graph)),
    maxZoom: 3,
    layout: { name: "cose", animate: false, nodeRepulsion: () => 900000, idealEdgeLength: () => 130, nodeOverlap: 30, padding: 24 },
    style: styleOf(),
  });
  graph.on("mouseover tap", "node", (event) => {
    const near = event.target.closedNeighborhood();
    graph.elements().removeClass("near").addClass("away");
    near.removeClass("away").addClass("near");
  });
  graph.on("mouseout", "node", () => graph.elements().removeClass("near away"));
}
if (place && window.cytoscape) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Show as a graph that can be moved";
  button.addEventListener("click", () => show(button));
  place.before(button);
}

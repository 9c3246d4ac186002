"use strict";
// Lets the graph of clusters and keys be moved; without it the picture below it says the same.
const place = document.querySelector("[data-graph]");
if (place && window.cytoscape) {
  const graph = JSON.parse(place.dataset.graph);
  const colour = (name) => {
    const probe = document.createElement("span");
    probe.style.color = `var(--${name})`;
    place.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };
  const largest = Math.max(...graph.clusters.map((one) => one.accounts));
  const size = (accounts, most) => 12 + 30 * Math.sqrt(accounts / most);
  const most = Math.max(1, ...graph.keys.map((one) => one.accounts));
  const nodes = [
    ...graph.clusters.map((one) => ({
      data: { id: one.id, kind: "cluster", label: one.accounts.toLocaleString("en"), size: size(one.accounts, largest), colour: colour(one.tier === "named" ? "strong" : "bar") },
    })),
    ...graph.keys.map((one) => ({
      data: { id: one.id, kind: "key", label: one.label, size: size(one.accounts, most) * 0.6, colour: colour(one.family || "other") },
    })),
  ];
  const edges = graph.edges.map((one) => ({
    data: { source: one.from, target: one.to, width: 0.5 + 2.5 * one.share, opacity: 0.12 + 0.4 * one.share, colour: nodes.find((node) => node.data.id === one.to).data.colour },
  }));
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Show as a graph that can be moved";
  place.before(button);
  button.addEventListener("click", () => {
    button.remove();
    place.hidden = false;
    place.setAttribute("role", "img");
    place.setAttribute("aria-label", "The same graph, to be moved with the mouse");
    window.cytoscape({
      container: place,
      elements: [...nodes, ...edges],
      wheelSensitivity: 0.2,
      maxZoom: 3,
      layout: { name: "cose", animate: false, nodeRepulsion: 40000, idealEdgeLength: 90, randomize: true },
      style: [
        { selector: "node", style: { "background-color": "data(colour)", width: "data(size)", height: "data(size)", label: "data(label)", color: colour("ink"), "font-size": 10, "text-outline-width": 2, "text-outline-color": colour("paper"), "text-wrap": "ellipsis", "text-max-width": 160 } },
        { selector: "node[kind = 'key']", style: { shape: "round-rectangle" } },
        { selector: "edge", style: { width: "data(width)", "line-color": "data(colour)", opacity: "data(opacity)", "curve-style": "haystack" } },
      ],
    });
  });
}

// The predictions at a snapshot beside their targets: a table, the counts of classes, or a plot.

class Rows {
  constructor(host, page) {
    this.host = host;
    this.page = page;
    this.rows = data.predictions;
    this.right = element("p", { class: "soft" });
    this.body = element("div", { class: "predictions" });
    host.append(element("h2", {}, say("predictions")), this.body, this.right);
  }

  draw() {
    ({ table: () => this.table(), classes: () => this.classes(), plot: () => this.plot() })[this.rows.kind]();
  }

  paint(at) {
    const { right, size } = this.rows;
    this.right.textContent = right ? say("right_of", { right: right[at], size }) : this.rows.kind === "plot" ? say("diagonal") : "";
    this.refresh(at);
  }

  table() {
    const { names, targets, outputs } = this.rows;
    const titles = [say("input"), ...(targets ? [say("target")] : []), say("prediction")];
    const head = titles.map((title) => element("th", { scope: "col" }, title));
    const cells = names.map((name, i) => {
      const cell = element("td", { class: "now" });
      const row = element("tr", {}, element("td", {}, name), ...(targets ? [element("td", {}, targets[i])] : []), cell);
      row.addEventListener("click", () => this.page.takeInput(i));
      return { row, cell };
    });
    this.body.replaceChildren(element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...cells.map(({ row }) => row))));
    this.refresh = (at) =>
      cells.forEach(({ row, cell }, i) => {
        cell.textContent = (outputs[at][i] ?? []).map((y) => written(Number(y), 4)).join(", ") || "–";
        row.classList.toggle("chosen", this.page.input === i);
      });
  }

  /** Counts of rows by their target and by the class that is predicted. */
  classes() {
    const { classes, of, found } = this.rows;
    const each = Array.from({ length: classes }, (_, k) => k);
    const cells = each.map(() => each.map(() => element("td", {})));
    const head = [element("td", { class: "soft" }, say("true_class")), ...each.map((k) => element("th", { scope: "col" }, k))];
    const rows = each.map((k) => element("tr", {}, element("th", { scope: "row" }, k), ...cells[k]));
    this.body.replaceChildren(element("table", { class: "counts" }, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
    this.refresh = (at) => {
      const counts = each.map(() => each.map(() => 0));
      of.forEach((k, i) => {
        const guess = LETTERS.indexOf(found[at][i] ?? ".");
        if (guess >= 0) counts[k][guess] += 1;
      });
      each.forEach((k) =>
        each.forEach((guess) => {
          const cell = cells[k][guess];
          cell.textContent = counts[k][guess];
          cell.className = k === guess ? "hit" : counts[k][guess] ? "miss" : "none";
        }),
      );
    };
  }

  /** Predictions over targets. */
  plot() {
    const { ticks, across, up } = this.rows;
    const [room, left, below] = [roomIn(this.host) - 36, 44, 40];
    const side = Math.min(200, room - left - 12);
    const [x, y] = [(part) => left + (part / 1000) * side, (part) => 8 + (1 - part / 1000) * side];
    const [width, height] = [side + left + 12, side + below + 8];
    const svg = element("svg:svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": say("predictions") });
    for (const [part, words] of ticks) {
      svg.append(element("svg:path", { d: `M${x(0)} ${y(part)}H${x(1000)}`, class: "grid" }));
      svg.append(text("tick end", left - 6, y(part) + 4.5, words), text("tick", x(part), y(0) + 17, words));
    }
    svg.append(element("svg:path", { d: `M${x(0)} ${y(0)}L${x(1000)} ${y(1000)}`, class: "diagonal" }));
    svg.append(text("tick", x(500), height - 3, say("target")));
    const dots = across.map((target) => element("svg:circle", { r: 3.5, cx: x(target), class: "guess" }));
    svg.append(...dots);
    this.body.replaceChildren(svg);
    this.refresh = (at) =>
      dots.forEach((dot, i) => {
        const part = up[at][i] ?? null;
        dot.toggleAttribute("hidden", part === null);
        if (part !== null) dot.setAttribute("cy", y(part));
      });
  }
}

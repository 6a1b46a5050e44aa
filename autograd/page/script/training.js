// The page of a training: the snapshot in front, its controls, and the panel about a line or a unit.

const MOST_LINES = 24; // In the panel about a unit.

class Training extends Player {
  constructor() {
    super();
    this.at = 0; // The snapshot in front.
    this.haste = 8;
    this.chosen = null;
    this.parts = [];
    if (!data.network) byId("left").prepend(byId("curves"));
    else {
      this.net = this.part(new Network(byId("network"), this), "net");
      this.listenToNetwork();
    }
    this.chart = this.part(new Chart(byId("charts"), this), "curves");
    if (data.surface) this.part(new Plane(byId("plane"), this), "plane");
    else byId("right").append(byId("rows"));
    if (data.predictions.kind !== "none") this.part(new Rows(byId("rows"), this), "rows");
    this.bar = new TrainingBar(this);
    byId("steps").addEventListener("toggle", () => this.list());
    whenWide(() => this.draw());
    this.draw();
  }

  part(made, host) {
    byId(host).hidden = false;
    this.parts.push(made);
    return made;
  }

  draw() {
    for (const part of this.parts) part.draw();
    if (this.chosen) this.chosen = this.again(this.chosen);
    this.paint();
  }

  /** The same line or unit after the network was drawn anew. */
  again({ line, unit }) {
    return line ? { line: this.net.lines[line.i] } : { unit: this.net.circles[unit.i] };
  }

  // ── the position ──

  get length() {
    return data.epochs.length - 1;
  }

  ahead() {
    return this.at < this.length;
  }

  forward() {
    this.go(this.at + 1);
  }

  back() {
    this.go(this.at - 1);
  }

  slide(count) {
    this.go(count);
  }

  go(at) {
    this.at = Math.max(0, Math.min(at, this.length));
    this.paint();
    if (!this.timer) this.speak();
  }

  // ── what is shown ──

  /** When the snapshot in front was taken. */
  when(at = this.at) {
    const n = data.epochs[at];
    if (data.batches[at]) return say("inside", { n: (n + 1).toLocaleString() });
    return n ? say("after", { n: n.toLocaleString() }) : say("before_training");
  }

  sentence(at = this.at) {
    return `${this.when(at)}: ${say("loss")} = ${written(Number(data.losses[at]))}`;
  }

  paint() {
    for (const part of this.parts) part.paint(part === this.net ? this.chosen : this.at);
    byId("sentence").textContent = this.sentence();
    this.paintControls();
    this.about();
  }

  paintControls() {
    const slider = byId("slider");
    slider.max = this.length;
    slider.value = this.at;
    const count = say("epoch_of", { n: data.epochs[this.at].toLocaleString(), total: data.epochs.at(-1).toLocaleString() });
    byId("count").textContent = count;
    slider.setAttribute("aria-valuetext", this.sentence());
    byId("play").textContent = say(this.timer ? "pause" : "play");
    byId("back").disabled = this.at === 0;
    byId("next").disabled = this.at === this.length;
    if (this.net) this.explain();
  }

  speak() {
    byId("spoken").textContent = this.sentence();
  }

  /** The legend of the network. */
  explain() {
    const weights = this.net.shows === 1;
    const key = (kind, width, words) => element("span", { class: "key" }, swatch(`weight ${kind}`, width), words);
    const items = [key("plus", 4, say("above")), key("minus", 4, say("below")), key("zero", 1, say("zero"))];
    const largest = written(this.net.largest, 3);
    const wide = say(weights ? "wide_weights" : "wide_gradients", { largest });
    items.push(element("span", { class: "key" }, swatch("weight plus", 0.5), swatch("weight plus", 6), wide));
    if (this.net.row !== null) items.push(element("span", { class: "key" }, element("span", { class: "full" }), say("filled")));
    byId("legend").replaceChildren(...items);
  }

  list() {
    if (!byId("steps").open) return;
    byId("list").replaceChildren(...data.epochs.map((_, at) => element("li", { value: at }, this.sentence(at))));
  }

  // ── the network ──

  listenToNetwork() {
    byId("weights").addEventListener("click", () => this.show(1));
    byId("gradients").addEventListener("click", () => this.show(2));
    const { rows } = data.network;
    if (!rows.length) return;
    const { names, targets } = data.predictions;
    const options = rows.map((row, i) => element("option", { value: i }, targets ? `${names[row]} → ${targets[row]}` : names[row]));
    byId("row").append(...options, element("option", { value: "" }, say("no_row")));
    byId("row").addEventListener("change", (event) => this.takeRow(event.target.value === "" ? null : Number(event.target.value)));
    byId("rowing").hidden = false;
    this.net.row = Math.min(1, rows.length - 1); // The first input is often all 0, and most units with it.
    byId("row").value = this.net.row;
  }

  /** Let lines show weights, 1, or gradients, 2. */
  show(shows) {
    this.net.shows = shows;
    byId("weights").setAttribute("aria-pressed", shows === 1);
    byId("gradients").setAttribute("aria-pressed", shows === 2);
    this.paint();
  }

  /** Show the outputs of units for one of the rows that the network has them for, or none. */
  takeRow(row) {
    this.net.row = row;
    byId("row").value = row ?? "";
    this.paint();
  }

  /** The position of that row among all of them. */
  get input() {
    return this.net && this.net.row !== null ? data.network.rows[this.net.row] : null;
  }

  takeInput(i) {
    const row = data.network?.rows.indexOf(i) ?? -1;
    if (row >= 0) this.takeRow(row);
  }

  choose(chosen) {
    if (this.chosen?.line === chosen.line && this.chosen?.unit === chosen.unit) return;
    this.chosen = chosen;
    this.net.paint(chosen);
    this.about();
  }

  /** The panel about what is chosen. */
  about() {
    const { chosen } = this;
    const soft = (words) => element("p", { class: "soft" }, words);
    byId("about").classList.toggle("idle", !chosen);
    if (!chosen) {
      const shown = data.epochs.length;
      const parts = this.net ? [soft(say("choose_unit"))] : [];
      parts.push(soft(say("training_keys") + (this.net ? ` ${say("network_keys")}` : "")));
      if (shown < data.kept) parts.push(soft(say("kept", { shown, kept: data.kept.toLocaleString() })));
      byId("about").replaceChildren(...parts);
    } else if (chosen.line) byId("about").replaceChildren(...this.aboutLine(chosen.line));
    else byId("about").replaceChildren(...this.aboutUnit(chosen.unit));
  }

  aboutLine({ numbers, from, to }) {
    return numbers.flatMap((n) => {
      const [name] = this.net.parameters[n];
      const list = element("dl");
      const add = (term, x) => list.append(element("dt", {}, term), element("dd", {}, element("b", {}, written(x))));
      add(say("weight"), this.net.number(n, 1));
      add(say("gradient"), this.net.number(n, 2));
      const heading = element("h2", {}, ...isolated("line_of", { name, start: from.name, end: to.name }));
      return [heading, list, this.course(n)];
    });
  }

  /** How a weight or its gradient goes over the training, with a mark at the snapshot in front. */
  course(n) {
    const series = data.epochs.map((_, at) => this.net.number(n, this.net.shows, at));
    const finite = series.filter(Number.isFinite);
    const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
    const [width, height] = [260, 56];
    const x = (at) => 6 + data.across.marks[at] * (width - 12);
    const y = (value) => 6 + (1 - (value - low) / (high - low || 1)) * (height - 12);
    let pen = "M";
    const d = series.map((value, at) => {
      if (!Number.isFinite(value)) return (pen = "M") && "";
      const part = `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
      return part;
    });
    const words = `${say(this.net.shows === 1 ? "weight" : "gradient")}, ${say("course")}`;
    const svg = element(
      "svg:svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": words },
      element("svg:path", { d: `M6 ${y(0)}H${width - 6}`, class: "axis" }),
      element("svg:path", { d: `M${x(this.at)} 2V${height - 2}`, class: "mark" }),
      element("svg:path", { d: d.join(""), class: "curve ink" }),
    );
    if (Number.isFinite(series[this.at])) svg.append(element("svg:circle", { cx: x(this.at), cy: y(series[this.at]), r: 4, class: "dot ink" }));
    return element("div", {}, element("p", { class: "soft" }, words), svg);
  }

  aboutUnit({ unit, i }) {
    const output = this.net.output(i);
    const parts = [element("h2", {}, element("bdi", { class: "math" }, unit.name))];
    if (output !== null) parts.push(element("p", {}, `${say("output")} `, element("b", {}, written(output))));
    const into = this.net.lines.filter(({ to }) => to === unit).flatMap(({ numbers }) => numbers);
    const all = [...into, ...(unit.biases ?? [])];
    if (!all.length) return parts;
    const head = [say("weight"), say("gradient")].map((name) => element("th", { scope: "col" }, name));
    const rows = all.slice(0, MOST_LINES).map((n) => {
      const [name] = this.net.parameters[n];
      const cells = [1, 2].map((shows) => element("td", {}, written(this.net.number(n, shows), 4)));
      return element("tr", {}, element("th", { scope: "row" }, element("bdi", { class: "math" }, name)), ...cells);
    });
    const table = element("table", {}, element("thead", {}, element("tr", {}, element("td", {}), ...head)), element("tbody", {}, ...rows));
    return [...parts, element("div", { class: "scroller" }, table)];
  }
}

class TrainingBar extends Bar {
  keyOn({ key }) {
    if (key.toLowerCase() !== "g" || !this.page.net) return false;
    this.page.show(3 - this.page.net.shows);
    return true;
  }
}

const training = new Training();
document.body.dataset.ready = "yes";

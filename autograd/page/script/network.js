// The network of a training: units in columns, and lines as wide as weights or gradients are large at a snapshot.

const LEAST = 260; // Pixels of width.
const TALL = 300; // Pixels for the units of the highest column, if they have enough room then.
const [CLOSEST, FURTHEST] = [21, 52]; // Pixels from one unit to the next.
const PITCH = 0.62; // The same in the inches of the data.
const TITLES = 26; // Pixels for the titles of columns.
const LETTER = 7.4; // Pixels, about.
const ROOMY = 19; // The radius of a circle that has room for a number.
const FEW = 8; // Lines, of which each has its name and its number beside it.
const SPACIOUS = 84; // Pixels from one unit to the next then.
const MANY = 60; // Lines, of which more are thinner, and not reached by Tab one by one.
const [THICKEST, THICKEST_OF_MANY, THINNEST] = [8, 4.5, 0.5];

class Network {
  constructor(host, page) {
    this.host = host;
    this.page = page;
    this.net = data.network;
    this.parameters = this.net.parameters.map(([name, ...packed]) => [name, ...packed.map(unpacked)]);
    this.outputs = this.net.outputs.map((row) => row.map((packed) => packed && unpacked(packed)));
    this.shows = 1; // The place of what lines show, in a parameter's row: 1 for weights, 2 for gradients.
    this.row = null; // Of the outputs that are shown.
    this.few = this.net.links.length <= FEW && !this.net.units.some(({ shape }) => shape);
    this.many = this.net.links.length > MANY;
    this.tops = this.outputs.map((row) => this.largestOutputs(row));
  }

  /** For each stage the largest size of its outputs for a row. */
  largestOutputs(row) {
    const found = new Map();
    row.forEach((series, unit) => {
      const { stage } = this.net.units[unit];
      const sizes = (series ?? []).filter(Number.isFinite).map(Math.abs);
      found.set(stage, Math.max(found.get(stage) ?? 0, ...sizes));
    });
    return found;
  }

  /** Draw all anew, for the width that there is. */
  draw() {
    const { units, links, titles, more, bands } = this.net;
    const room = roomIn(this.host);
    this.arrange(room);
    const height = Math.max(...units.map((unit) => this.y(unit) + this.pitch(unit) / 2)) + 4;
    const svg = element("svg:svg", {
      viewBox: `0 0 ${room} ${height}`, width: room, height, role: "group", "aria-label": say("network"),
    });
    for (const [a, b] of bands) svg.append(this.straight(units[a], units[b], { class: "band" }));
    this.lines = links.map((link, i) => this.line(link, i));
    const largest = ({ numbers }) => Math.max(...numbers.map((n) => this.largestOf(n)));
    const order = [...this.lines].sort((a, b) => largest(a) - largest(b)); // Small ones lie below large ones.
    for (const part of ["line", "hit"]) svg.append(...order.map((made) => made[part]));
    this.circles = units.map((unit, i) => (unit.shape ? this.filter(unit, i) : this.circle(unit, i)));
    svg.append(...this.circles.map(({ group }) => group), ...this.columnTitles(titles, room));
    this.labels = this.few ? this.written(svg) : [];
    for (const [x, y, words] of more) svg.append(this.gap(this.x({ x }), this.y({ x, y }), words));
    this.host.replaceChildren(svg);
    this.svg = svg;
  }

  /** Find the places of columns, and of the units in each: a column of few units has more room for each. */
  arrange(room) {
    const { units, more } = this.net;
    const [xs, all] = [units.map(({ x }) => x), [...units, ...more.map(([x, y]) => ({ x, y }))]];
    const span = (ys) => ({ top: Math.min(...ys), end: Math.max(...ys) });
    const spans = new Map(xs.map((x) => [x, span(all.filter((other) => other.x === x).map(({ y }) => y))]));
    const middle = ({ top, end }) => (top + end) / 2;
    const one = middle([...spans.values()][0]);
    // The inputs of the steps of a cell stand below it, so that its columns have to keep their heights.
    const whole = [...spans.values()].some((found) => Math.abs(middle(found) - one) > 0.1) ? span(all.map(({ y }) => y)) : null;
    this.below = whole !== null;
    this.columns = new Map([...spans].map(([x, found]) => [x, this.column(whole ?? found)]));
    this.middle = Math.max(...[...this.columns.values()].map(({ half }) => half));
    const names = (kind) => Math.max(0, ...units.filter((unit) => unit.kind === kind).map(({ title }) => title.length));
    const squares = Math.max(0, ...units.map((unit) => (unit.shape ? this.frame(unit)[0] / 2 : 0)));
    const [before, behind] = [names("input"), names("output")].map((n) => Math.max(Math.min(110, n * LETTER) + 32, squares));
    const [left, wide] = [Math.min(...xs), Math.max(...xs) - Math.min(...xs)];
    this.x = ({ x }) => before + (wide ? (x - left) / wide : 0.5) * (room - behind - before);
  }

  column({ top, end }) {
    const count = (end - top) / PITCH + 1;
    const pitch = this.few ? SPACIOUS : Math.min(FURTHEST, Math.max(CLOSEST, TALL / count));
    return { middle: (top + end) / 2, pitch, half: (count * pitch) / 2 };
  }

  /** The height of the middle of a unit, or of a text in a column. */
  y({ x, y }) {
    const { middle, pitch } = this.columns.get(x) ?? { middle: 0, pitch: CLOSEST };
    return TITLES + this.middle + ((y - middle) / PITCH) * pitch;
  }

  /** From one unit of a column to the next. */
  pitch({ x }) {
    return this.columns.get(x).pitch;
  }

  radius(unit) {
    return Math.min(21, 0.42 * this.pitch(unit));
  }

  /** The width and the height of a filter, and the side of its largest square. */
  frame({ shape: [channels, rows, columns], cells, square, x }) {
    const side = (square / PITCH) * this.columns.get(x).pitch;
    return [(cells.length ? channels : 1) * (columns * side + 4), rows * side + 4, side];
  }

  /** Titles of columns, each as long as the room beside its neighbours. */
  columnTitles(titles, room) {
    const places = [...new Set(titles.map(([x]) => x))].sort((a, b) => a - b).map((x) => this.x({ x }));
    const apart = Math.min(room, ...places.slice(1).map((x, i) => x - places[i]));
    const several = this.below || titles.length > places.length; // Then some stand below others.
    return titles.map(([x, y, words]) => {
      const most = Math.floor(apart / LETTER);
      const [short] = words.split(" · ");
      const shown = words.length <= most ? words : short.length <= most ? short : "";
      const half = (shown.length * LETTER) / 2;
      const at = Math.min(Math.max(this.x({ x }), half), room - half);
      return text("title", at, several ? Math.max(14, this.y({ x, y })) : 14, shown);
    });
  }

  straight(from, to, attributes) {
    const [x1, y1, x2, y2] = [this.x(from), this.y(from), this.x(to), this.y(to)];
    return element("svg:line", { x1, y1, x2, y2, ...attributes });
  }

  line([a, b, numbers], i) {
    const [from, to] = [this.net.units[a], this.net.units[b]];
    const line = this.straight(from, to, { class: "weight", "data-line": i });
    const hit = this.straight(from, to, { class: "hit", role: "img", tabindex: this.many ? "-1" : "0", "data-line": i });
    const made = { i, from, to, numbers, line, hit };
    this.listen(hit, { line: made });
    return made;
  }

  circle(unit, i) {
    const [x, y, r] = [this.x(unit), this.y(unit), this.radius(unit)];
    const group = element("svg:g", { class: `unit ${unit.kind}`, transform: `translate(${x} ${y})` });
    const back = element("svg:circle", { r, class: "back" });
    const tint = element("svg:circle", { r: r - 1, class: "tint" });
    const inside = text("inside", 0, 4.5, "");
    group.append(back, tint, inside);
    if (unit.kind !== "hidden") {
      const before = unit.kind === "input";
      group.append(text(before ? "name before" : "name", before ? -r - 6 : r + 6, 4.5, unit.title));
    }
    return this.focusable({ group, tint, inside, unit, i });
  }

  /** A filter as squares, whose areas are the sizes of its weights. */
  filter(unit, i) {
    const [, rows, columns] = unit.shape;
    const [width, height, side] = this.frame(unit);
    const group = element("svg:g", { class: "unit filter", transform: `translate(${this.x(unit)} ${this.y(unit)})` });
    group.append(element("svg:rect", { x: -width / 2, y: -height / 2, width, height, rx: 2, class: "back" }));
    const squares = unit.cells.map((number, n) => {
      const [channel, at] = [Math.floor(n / (rows * columns)), n % (rows * columns)];
      const x = -width / 2 + 2 + channel * (columns * side + 4) + ((at % columns) + 0.5) * side;
      const y = -height / 2 + 2 + (Math.floor(at / columns) + 0.5) * side;
      const square = element("svg:rect", {});
      group.append(square);
      return { number, square, x, y, side };
    });
    return this.focusable({ group, squares, unit, i });
  }

  focusable(made) {
    const { group } = made;
    group.setAttribute("tabindex", "0");
    group.dataset.unit = made.i;
    group.setAttribute("role", "img");
    this.listen(group, { unit: made });
    return made;
  }

  /** Choose what is pointed at, or reached by Tab. Of many lines only its own are seen well meanwhile. */
  listen(shown, chosen) {
    for (const event of ["pointerenter", "focus", "click"]) {
      shown.addEventListener(event, () => {
        this.page.choose(chosen);
        if (this.many) this.dim(chosen);
      });
    }
    for (const event of ["pointerleave", "blur"]) shown.addEventListener(event, () => this.dim(null));
  }

  dim(chosen) {
    this.svg.classList.toggle("dim", chosen !== null);
    for (const made of this.lines) {
      const { unit } = chosen?.unit ?? {};
      const near = made === chosen?.line || (unit !== undefined && (made.from === unit || made.to === unit));
      made.line.classList.toggle("near", near);
    }
  }

  /** Texts for the parameters of a network of few: of weights on their lines, of biases below their units. */
  written(svg) {
    const { units, links } = this.net;
    const along = links.flatMap(([a, b, numbers]) => {
      const [x, y] = [this.x, (unit) => this.y(unit)].map((at) => 0.6 * at(units[a]) + 0.4 * at(units[b]));
      const room = Math.abs(this.x(units[b]) - this.x(units[a])) - 64;
      return numbers.length === 1 ? [[numbers[0], x, y, room]] : [];
    });
    const below = units.flatMap((unit) => (unit.biases?.length === 1 ? [[unit.biases[0], this.x(unit), this.y(unit) + 34, 120]] : []));
    return [...along, ...below].map(([parameter, x, y, room]) => {
      const back = element("svg:rect", { rx: 4 });
      const shown = text("inside", x, y + 4.5, "");
      svg.append(element("svg:g", { class: "gap label" }, back, shown));
      return { parameter, back, shown, x, y, room };
    });
  }

  paintLabel({ parameter, back, shown, x, y, room }) {
    const [name] = this.parameters[parameter];
    const number = written(this.number(parameter), 3);
    const named = `${this.shows === 1 ? name : `∂${name}`} = ${number}`;
    shown.textContent = named.length * LETTER <= room ? named : number;
    const half = (shown.textContent.length * LETTER) / 2;
    for (const [key, value] of Object.entries({ x: x - half, y: y - 9, width: 2 * half, height: 18 })) back.setAttribute(key, value);
  }

  /** How many units of a column are left out, in its middle. */
  gap(x, y, words) {
    const half = (words.length * LETTER) / 2 + 4;
    const back = element("svg:rect", { x: x - half, y: y - 10, width: 2 * half, height: 20 });
    return element("svg:g", { class: "gap" }, back, text("more", x, y + 4.5, words));
  }

  // ── numbers ──

  /** A weight or a gradient at a snapshot. */
  number(parameter, shows = this.shows, at = this.page.at) {
    return nth(this.parameters[parameter][shows], at);
  }

  largestOf(parameter) {
    return Math.max(...this.parameters[parameter][1].map((x) => Math.abs(x) || 0));
  }

  /** The output of a unit for the row that is chosen; null without one. */
  output(unit) {
    if (this.row === null) return null;
    const series = this.outputs[this.row][unit];
    return series && nth(series, this.page.at);
  }

  get largest() {
    return Number(this.net.largest[this.shows - 1]);
  }

  /** The size of a number as a part of the largest; gradients as its root, since they shrink by many powers of ten. */
  part(x) {
    const part = this.largest ? Math.min(1, Math.abs(x) / this.largest) : 0;
    return this.shows === 1 ? part : Math.sqrt(part);
  }

  // ── a snapshot ──

  paint(chosen) {
    for (const made of this.lines) this.paintLine(made, chosen?.line === made);
    for (const made of this.circles) {
      made.group.classList.toggle("chosen", chosen?.unit === made);
      if (made.squares) this.paintFilter(made);
      else this.paintCircle(made);
    }
    for (const made of this.labels) this.paintLabel(made);
  }

  paintLine(made, chosen) {
    const { numbers, line, hit } = made;
    const sizes = numbers.map((n) => this.number(n));
    const amount = sizes.reduce((most, x) => (Math.abs(x) > Math.abs(most) || Number.isNaN(x) ? x : most));
    const sign = signOf(amount);
    const thickest = this.many ? THICKEST_OF_MANY : THICKEST;
    const part = this.part(amount);
    const width = { zero: 1, bad: 3 }[sign] ?? THINNEST + (thickest - THINNEST) * part;
    const near = line.classList.contains("near") ? " near" : "";
    line.setAttribute("class", `weight ${sign}${near}`);
    hit.classList.toggle("chosen", chosen);
    line.setAttribute("stroke-width", width.toFixed(2));
    line.setAttribute("stroke-opacity", { zero: 1, bad: 1 }[sign] ?? (0.4 + 0.6 * part).toFixed(2));
    if (!this.many || chosen) hit.setAttribute("aria-label", this.describe(made));
  }

  describe({ numbers, from, to }) {
    const facts = numbers.map((n) => {
      const [name] = this.parameters[n];
      return `${say("line_of", { name, start: from.name, end: to.name })}: ${this.facts(n)}`;
    });
    return facts.join("; ");
  }

  facts(n) {
    return `${say("weight")} ${written(this.number(n, 1))}, ${say("gradient")} ${written(this.number(n, 2))}`;
  }

  paintCircle({ group, tint, inside, unit, i }) {
    const output = this.output(i);
    const sign = output === null ? "none" : signOf(output);
    const top = this.row === null ? 0 : this.tops[this.row].get(unit.stage);
    const part = output === null || !top ? 0 : Math.min(1, Math.abs(output) / top);
    group.classList.toggle("zero", sign === "zero");
    tint.setAttribute("class", `tint ${sign}`);
    tint.setAttribute("fill-opacity", sign === "bad" ? 0.3 : (0.42 * part).toFixed(3));
    const roomy = this.radius(unit) >= ROOMY;
    inside.textContent = !roomy ? "" : output !== null ? fitting(output) : unit.kind === "hidden" && unit.title.length < 6 ? unit.title : "";
    group.setAttribute("aria-label", output === null ? unit.name : `${unit.name}: ${say("output")} ${written(output)}`);
  }

  paintFilter({ group, squares, unit }) {
    const sizes = squares.map(({ number }) => Math.abs(this.number(number))).filter(Number.isFinite);
    const top = Math.max(...sizes, 1e-300);
    for (const { number, square, x, y, side } of squares) {
      const amount = this.number(number);
      const size = 0.92 * side * (Number.isFinite(amount) ? Math.sqrt(Math.abs(amount) / top) : 0.5);
      const place = { x: x - size / 2, y: y - size / 2, width: size, height: size, class: `square ${signOf(amount)}` };
      for (const [name, value] of Object.entries(place)) square.setAttribute(name, value);
    }
    group.setAttribute("aria-label", unit.name);
  }
}

/** The width that a part of the page has; a frame that is not shown yet has none, and is drawn again later. */
function roomIn(host) {
  return Math.max(LEAST, host.clientWidth);
}

/** A number that has room in a circle. */
function fitting(x) {
  const short = [2, 1].map((digits) => written(x, digits).replace(/e([+-])0/, "e$1").replace("e+", "e"));
  return short[0].replace("-", "").length <= 5 ? short[0] : short[1];
}

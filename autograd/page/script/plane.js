// The surface of predictions over two inputs, with the rows of the training on top.

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".slice(0, 61);
const CLASSES = ["minus", "plus", "third", "fourth", "fifth", "sixth"];
const STRONG = 0.62; // The most colour that a surface has, so that its points stand out.
const [LONG, BESIDE, UNDER, OVER] = [270, 46, 36, 24]; // Pixels: a side at most, and the room for ticks and names.

class Plane {
  constructor(host, page) {
    this.host = host;
    this.page = page;
    this.plane = data.surface;
    // A screen turns dark, or a page is printed.
    matchMedia("screen and (prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
    this.colour();
  }

  recolour() {
    this.colour();
    this.shade();
    this.paint(this.page.at);
  }

  /** Read the colours of the theme. */
  colour() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => {
      const hex = style.getPropertyValue(`--${name}`).trim();
      return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    };
    this.colours = Object.fromEntries(["page", "ink", "bad", ...CLASSES].map((name) => [name, read(name)]));
  }

  draw() {
    const { size, ticks, points } = this.plane;
    const side = Math.min(LONG, roomIn(this.host) - BESIDE - 30);
    [this.wide, this.tall] = [side, side];
    this.canvas = element("canvas", { width: this.wide, height: this.tall, role: "img" });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true }); // Its pixels are computed here.
    this.canvas.setAttribute("aria-label", say(this.plane.classes ? "classes" : "surface"));
    const names = data.network?.units.filter(({ kind }) => kind === "input").map(({ title }) => title) ?? [];
    const [across, up] = names.length === 2 ? names : ["x[0]", "x[1]"];
    const [width, height] = [this.wide + BESIDE + 14, this.tall + UNDER + OVER];
    const svg = element("svg:svg", { viewBox: `${-BESIDE} ${-OVER} ${width} ${height}`, width, height, "aria-hidden": "true" });
    svg.append(element("svg:rect", { width: this.wide, height: this.tall, class: "border" }));
    for (const [part, words] of ticks[0]) svg.append(text("tick", part * this.wide, this.tall + 16, words));
    for (const [part, words] of ticks[1]) svg.append(text("tick end", -6, (1 - part) * this.tall + 4.5, words));
    svg.append(text("tick", this.wide / 2, this.tall + UNDER - 5, across), text("tick end", -6, -9, up));
    this.points = points.map(([x, y], i) => this.point(x * this.wide, (1 - y) * this.tall, i));
    svg.append(...this.points);
    const box = element("div", { class: "plane" }, this.canvas, svg);
    this.legend = element("div", { class: "legend" });
    this.host.replaceChildren(element("h2", {}, say(this.plane.classes ? "classes" : "surface")), box, this.legend);
    this.steps = size;
    this.shade();
  }

  /** The class of a row by its target: its colour and its shape. */
  kind(i) {
    const target = this.plane.targets[i];
    if (target === undefined || target === null) return 0;
    return this.plane.classes ? target : target > 30 ? 1 : 0;
  }

  point(x, y, i) {
    const known = this.plane.targets.length > 0;
    const kind = this.kind(i);
    return element("svg:path", { d: shape(kind, x, y, this.plane.points.length > 40 ? 4.5 : 6), class: `point ${known ? CLASSES[kind] : "unknown"}` });
  }

  paint(at) {
    const layers = this.plane.layers.map((layer) => this.decoded(layer[at]));
    this.points.forEach((point, i) => point.classList.toggle("chosen", i === this.page.input));
    const [across, up] = [this.spread(this.wide, this.steps[0]), this.spread(this.tall, this.steps[1])];
    const image = this.context.createImageData(this.wide, this.tall);
    const sides = new Int8Array(this.wide * this.tall);
    const shades = this.shades();
    for (let i = 0; i < sides.length; i++) {
      const [x, y] = [across[i % this.wide], up[this.tall - 1 - Math.floor(i / this.wide)]];
      let [side, most] = [0, -Infinity];
      for (let k = 0; k < layers.length; k++) {
        const value = this.between(layers[k], x, y);
        if (value > most) [side, most] = [k, value];
        if (Number.isNaN(value)) side = -1;
        if (side < 0) break;
      }
      if (side === 0 && !this.plane.classes) side = most > 0 ? 1 : 0;
      sides[i] = side;
      image.data.set(side < 0 ? shades.bad : this.plane.classes ? shades.classes[side] : shades.tones[Math.round(100 * (most + 1))], 4 * i);
    }
    if (this.plane.classes || data.predictions.boundary !== undefined) this.drawBorders(image, sides);
    this.context.putImageData(image, 0, 0);
  }

  /** Lines between classes, two pixels wide, so that they are seen without colours too. */
  drawBorders(image, sides) {
    const ink = [...this.colours.ink, 255];
    for (let i = this.wide; i < sides.length; i++) {
      for (const j of i % this.wide ? [i - 1, i - this.wide] : [i - this.wide]) {
        if (sides[i] === sides[j] || sides[i] < 0 || sides[j] < 0) continue;
        image.data.set(ink, 4 * i);
        image.data.set(ink, 4 * j);
      }
    }
  }

  /** The colours of pixels: of 201 numbers from -1 to 1, and of classes. */
  shades() {
    const opaque = (colour) => [...colour, 255];
    return {
      bad: opaque(this.mixed("bad", 0.5)),
      classes: CLASSES.map((name) => opaque(this.mixed(name, 0.42))),
      tones: Array.from({ length: 201 }, (_, i) => opaque(this.tone(i / 100 - 1))),
    };
  }

  /** The numbers of letters: from -1 to 1 on the scale, nan for what isn't finite. */
  decoded(letters) {
    return Float64Array.from(letters, (letter) => (letter === "." ? NaN : LETTERS.indexOf(letter) / 30 - 1));
  }

  /** For each pixel the grid points before and behind it, and how near it is to the second. */
  spread(pixels, count) {
    return Array.from({ length: pixels }, (_, i) => {
      const at = ((i + 0.5) / pixels) * (count - 1);
      const first = Math.min(Math.floor(at), count - 2);
      return [first, at - first];
    });
  }

  /** A number between four points of the grid. */
  between(layer, [x, part], [y, up]) {
    const [i, n] = [y * this.steps[0] + x, this.steps[0]];
    return (layer[i] * (1 - part) + layer[i + 1] * part) * (1 - up) + (layer[i + n] * (1 - part) + layer[i + n + 1] * part) * up;
  }

  mixed(name, part) {
    return this.colours.page.map((c, k) => Math.round(c + (this.colours[name][k] - c) * part));
  }

  /** The colour of a number from -1 to 1: blue below the middle, orange above it. */
  tone(t) {
    return this.mixed(t < 0 ? "minus" : "plus", STRONG * Math.min(1, Math.abs(t)));
  }

  /** The legend: the scale, or the classes, and the shapes of the points. */
  shade() {
    const key = (kind, words) => element("span", { class: "key" }, pointKey(kind), words);
    if (this.plane.classes) {
      this.legend.replaceChildren(...this.plane.layers.map((_, k) => key(k, say("class", { n: k }))));
      return;
    }
    const bar = element("canvas", { width: 120, height: 12, "aria-hidden": "true" });
    const context = bar.getContext("2d");
    for (let i = 0; i < 120; i++) {
      context.fillStyle = `rgb(${this.tone(i / 59.5 - 1).join(" ")})`;
      context.fillRect(i, 0, 1, 12);
    }
    const [low, , high] = this.plane.scale;
    const parts = [element("span", { class: "key" }, element("span", {}, written(low, 3)), bar, element("span", {}, written(high, 3)))];
    const { boundary, targets } = data.predictions;
    if (boundary !== undefined) {
      const both = [...new Set(targets)].sort((a, b) => Number(a) - Number(b));
      parts.push(...both.map((target, kind) => key(kind, say("of_target", { target }))));
      parts.push(element("span", { class: "key" }, swatch("ink", 2), say("border", { boundary: written(boundary, 3) })));
    }
    this.legend.replaceChildren(...parts);
  }
}

/** A circle, a square, a triangle, a rhombus, a triangle upside down or a cross around a place. */
function shape(kind, x, y, r) {
  const s = 0.9 * r;
  return [
    `M${x - r} ${y}a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
    `M${x - s} ${y - s}h${2 * s}v${2 * s}h${-2 * s}z`,
    `M${x} ${y - 1.2 * r}L${x + 1.1 * r} ${y + 0.8 * r}H${x - 1.1 * r}z`,
    `M${x} ${y - 1.25 * r}L${x + 1.25 * r} ${y}L${x} ${y + 1.25 * r}L${x - 1.25 * r} ${y}z`,
    `M${x} ${y + 1.2 * r}L${x + 1.1 * r} ${y - 0.8 * r}H${x - 1.1 * r}z`,
    `M${x - r} ${y - r / 3}h${(2 * r) / 3}v${(-2 * r) / 3}h${(2 * r) / 3}v${(2 * r) / 3}h${(2 * r) / 3}v${(2 * r) / 3}h${(-2 * r) / 3}v${(2 * r) / 3}h${(-2 * r) / 3}v${(-2 * r) / 3}h${(-2 * r) / 3}z`,
  ][kind];
}

function pointKey(kind) {
  const point = element("svg:path", { d: shape(kind, 8, 8, 5.5), class: `point ${CLASSES[kind]}` });
  return element("svg:svg", { viewBox: "0 0 16 16", width: 16, height: 16, "aria-hidden": "true" }, point);
}

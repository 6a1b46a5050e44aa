// The picture: boxes and lines as SVG, and what of them is shown after a step.

const LEAST_SCALE = 0.93; // Text of 13 px is not below 12 px, which is 9 pt.
const MOST_SCALE = 1.3;
const FARTHEST_APART = 240;
const WIDEST = 7;
const WIDEST_OF_MANY = 2.6;
const NARROWEST = 1.8;

class Picture {
  constructor(host, choose, point) {
    this.host = host;
    this.choose = choose; // Called with the number of a node and of a box.
    this.point = point; // Called with a line, or null.
    this.open = new Set();
    this.made = null;
    // Widths compare with the largest contribution of the recorded walk, so that they stay the same through it.
    const sizes = data.steps.filter((step) => step.to !== undefined).map((step) => Math.abs(Number(step.value)));
    this.largest = Math.max(...sizes.filter(Number.isFinite), 1e-300);
  }

  /** The nodes that can be seen now. */
  seen() {
    const shown = boxes.filter((box) => box.node !== null && (box.inside === null || this.open.has(box.inside)));
    return new Set(shown.map((box) => box.node));
  }

  /** Draw the boxes and lines anew, in the direction that fits the page. */
  draw() {
    const style = getComputedStyle(this.host);
    const room = this.host.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const tall = parseFloat(style.maxHeight) || Infinity;
    const found = ["LR", "TB"].map((direction) => ({ direction, ...arranged(direction, this.open) }));
    const part = (length, space) => Math.min(1, space / ((length + 2 * MARGIN) * LEAST_SCALE));
    const seen = ({ size }) => part(size[0], room) * part(size[1], tall);
    const { direction } = seen(found[0]) >= seen(found[1]) ? found[0] : found[1];
    const scaled = ([width, height]) => {
      const fitting = Math.min(room / (width + 2 * MARGIN), (tall - 24) / (height + 2 * MARGIN));
      return Math.min(MOST_SCALE, Math.max(LEAST_SCALE, fitting));
    };
    const gaps = data.folded && direction === "LR" ? data.layout.layers.length - 1 : 0;
    const spare = gaps ? (room / scaled(found[0].size) - found[0].size[0] - 2 * MARGIN) / gaps : 0;
    const farther = Math.min(FARTHEST_APART - LAYERS_APART, Math.max(0, spare));
    const { size, rects } = arranged(direction, this.open, farther);
    const [width, height] = size.map((length) => length + 2 * MARGIN);
    const scale = scaled(size);
    const focused = document.activeElement?.dataset?.key;
    const svg = element("svg:svg", {
      viewBox: `${-MARGIN} ${-MARGIN} ${width} ${height}`,
      width: Math.round(width * scale),
      height: Math.round(height * scale),
      role: "group",
      "aria-label": say("picture", { root: data.nodes[data.root].name }),
    });
    svg.append(arrows());
    this.lines = this.linesBetween(rects, direction);
    this.dense = this.lines.length > DENSE;
    this.widest = Math.max(WIDEST_OF_MANY, WIDEST * Math.min(1, Math.sqrt(DENSE / this.lines.length)));
    this.narrowest = Math.min(NARROWEST, this.widest / 3);
    this.boxes = new Map();
    for (const [id, rect] of rects) this.boxes.set(id, this.open.has(id) ? this.frame(id, rect) : this.box(id, rect));
    const above = (line) => boxes[line.from].inside !== null || boxes[line.to].inside !== null;
    this.layer(svg, this.lines.filter((line) => !above(line)), [...this.open].map((id) => this.boxes.get(id)));
    const others = [...this.boxes].flatMap(([id, made]) => (this.open.has(id) ? [] : [made]));
    this.layer(svg, this.lines.filter(above), others);
    this.label = element("svg:g", { class: "label", "aria-hidden": "true" });
    svg.append(this.label);
    this.host.replaceChildren(svg);
    this.svg = svg;
    this.scale = scale;
    if (focused) svg.querySelector(`[data-key="${focused}"]`)?.focus({ preventScroll: true });
  }

  /** Lines and then boxes, over what is there. */
  layer(svg, lines, made) {
    for (const part of ["edge", "flow", "hit"]) svg.append(...lines.map((line) => line[part]));
    svg.append(...made.map(({ group }) => group));
  }

  /** The lines between the boxes that can be seen. */
  linesBetween(rects, direction) {
    const found = new Map();
    links.forEach((link, i) => {
      const [from, to] = [standsFor(link.source, this.open), standsFor(link.target, this.open)];
      if (from === to) return;
      // Closed boxes have one line between them; x·x has two.
      const key = data.folded ? `${from}-${to}` : `${i}`;
      if (!found.has(key)) found.set(key, { key, from, to, links: [], index: i });
      found.get(key).links.push(link);
    });
    for (const line of found.values()) {
      const [from, to] = [rects.get(line.from), rects.get(line.to)];
      line.d = data.layout[direction]?.curves[line.index] ?? curve(from, to, direction);
      line.more = boxes[line.from].more > 0;
      line.edge = element("svg:path", { d: line.d, class: line.more ? "edge more" : "edge" });
      line.flow = element("svg:path", { d: line.d, class: "flow" });
      line.hit = element("svg:path", { d: line.d, class: "hit", "data-key": `line${line.key}`, role: "img" });
      const enter = () => this.point(line);
      line.hit.addEventListener("pointerenter", enter);
      line.hit.addEventListener("focus", enter);
      line.hit.addEventListener("pointerleave", () => this.point(null));
      line.hit.addEventListener("blur", () => this.point(null));
    }
    return [...found.values()];
  }

  box(id, { x, y, w, h }) {
    const { node: number, more } = boxes[id];
    const group = element("svg:g", { transform: `translate(${x} ${y})` });
    if (number === null) {
      group.setAttribute("class", "box more");
      group.append(rectangle(w, h), text("name", w / 2, h / 2 + 4, `⋮ ${say("more", { n: more.toLocaleString() })}`));
      return { group };
    }
    const node = data.nodes[number];
    const kind = node.constant ? "constant" : number === data.root ? "root" : node.op ? "interior" : "leaf";
    group.setAttribute("class", `box ${kind}`);
    if (node.constant) {
      group.append(rectangle(w, h), text("value", w / 2, h / 2 + 4.5, node.text));
      return { group };
    }
    const made = { group, node: number, kind, compact: data.folded && boxes[id].inside === null };
    group.append(rectangle(w, h));
    if (kind === "root") group.append(element("svg:rect", { x: -4, y: -4, width: w + 8, height: h + 8, rx: 11, class: "outer" }));
    made.value = text("value", w - 9, made.compact ? 18.5 : 39, "");
    if (made.compact) {
      const name = holds.has(id) ? `▸ ${node.title}` : node.title;
      group.append(text("name", 9, 18.5, name), made.value);
    } else {
      made.grad = text("grad", w - 9, 57, "");
      const sign = node.op ? node.sign : data.live ? "⇄" : "";
      group.append(text("name", 9, 18, node.title), text("sign", w - 9, 18, sign), made.value);
      group.append(text("of", 9, 57, "∂"), made.grad);
    }
    this.makeFocusable(group, id, number);
    return made;
  }

  /** An open box, around those that are in it. */
  frame(id, { x, y, w, h }) {
    const { node: number } = boxes[id];
    const group = element("svg:g", { class: "frame", transform: `translate(${x} ${y})` });
    group.append(rectangle(w, h), text("name", 10, 19, `▾ ${data.nodes[number].title}`));
    this.makeFocusable(group, id, number);
    return { group, node: number, kind: "frame" };
  }

  makeFocusable(group, id, number) {
    const leaf = data.live && !data.nodes[number].op;
    group.setAttribute("tabindex", "0");
    group.setAttribute("role", leaf ? "slider" : "button");
    group.setAttribute("data-key", `box${id}`);
    group.dataset.node = number;
    group.dataset.box = id;
    group.addEventListener("focus", () => this.choose(number, id));
    group.addEventListener("click", () => this.choose(number, id));
    if (holds.has(id)) group.addEventListener("dblclick", () => this.toggle(id));
  }

  /** Open a closed box, or close an open one. */
  toggle(id) {
    if (!this.open.delete(id)) this.open.add(id);
    this.changed();
  }

  /** Open all boxes, or close all. */
  openAll(open) {
    this.open = new Set(open ? holds : []);
    this.changed();
  }

  /** Show a state: numbers that are reached, contributions that have flowed, and the last step in front. */
  paint({ known, grads, flows, step, chosen, value }) {
    const backward = grads.size > 0;
    const goal = this.touched(step);
    for (const [id, made] of this.boxes) {
      if (made.kind === undefined) continue;
      const { node: number } = made;
      const grad = grads.get(number);
      const state = {
        shown: known.has(number) ? value(number) : "—",
        partial: grad ? grad.text : "—",
        backward,
        lit: goal.node === number && made.kind !== "frame" && (goal.box === undefined || goal.box === id),
        todo: !known.has(number),
        chosen: chosen === number,
        bad: Boolean(grad) && !Number.isFinite(Number(grad.grad)),
      };
      const key = JSON.stringify(state);
      if (made.state !== key) this.paintBox(id, made, state, value(number));
      made.state = key;
    }
    for (const line of this.lines) this.paintLine(line, flows, step);
    this.write(null);
  }

  /** The node that a step touches, and, of several boxes of a leaf, the one beside the node that contributes. */
  touched(step) {
    if (!step) return {};
    const link = links.find(({ node, position }) => step.to !== undefined && node === step.node && position === step.arg);
    return { node: step.to ?? step.node, box: link && standsFor(link.source, this.open) };
  }

  paintBox(id, made, { shown, partial, backward, lit, todo, chosen, bad }, value) {
    const { group, node: number } = made;
    if (made.compact) made.value.textContent = backward ? `∂ ${partial}` : shown;
    else if (made.value) [made.value.textContent, made.grad.textContent] = [shown, partial];
    group.classList.toggle("lit", lit);
    group.classList.toggle("todo", todo);
    group.classList.toggle("chosen", chosen);
    group.classList.toggle("nan", bad);
    const said = (text) => (text === "—" ? say("not_yet") : text);
    const words = [`${say("value")} ${said(shown)}`, `${say("gradient")} ${said(partial)}`];
    group.setAttribute("aria-label", [data.nodes[number].name, ...words].join(", "));
    if (group.getAttribute("role") === "slider") {
      group.setAttribute("aria-valuenow", value);
      group.setAttribute("aria-valuetext", words.join(", "));
    } else if (holds.has(id)) group.setAttribute("aria-expanded", this.open.has(id));
  }

  paintLine(line, flows, step) {
    const flowed = line.links.map((link) => flows.get(`${link.node}:${link.position}`)).filter(Boolean);
    const forward = step?.to === undefined;
    const now = (link) => link.node === step?.node && (forward || link.position === step.arg);
    const whole = forward && step && boxes[line.to].node === step.node; // Of a closed box the lines lead to nodes inside.
    const lit = !whole && !line.links.some(now) ? "" : forward ? "forward" : "backward";
    const before = line.state;
    line.state = { flowed, lit };
    // Most lines stay as they are, and to touch them all would make a walk through many slow.
    if (before?.lit === lit && before.flowed.length === flowed.length && flowed.every((f, i) => f === before.flowed[i])) return;
    const amount = flowed.reduce((sum, { value }) => sum + Number(value), 0);
    const sign = flowed.length ? signOf(amount) : "";
    const { dense, widest, narrowest } = this;
    const size = Math.sqrt(Math.min(1, Math.abs(amount) / this.largest));
    const thick = { "": 0, zero: narrowest, bad: 3 }[sign] ?? narrowest + (widest - narrowest) * size;
    line.flow.setAttribute("class", `flow ${sign} ${lit === "backward" ? "now" : ""}`);
    line.flow.setAttribute("stroke-width", thick.toFixed(2));
    if (sign && !dense) line.flow.setAttribute("marker-start", `url(#arrow-${sign})`);
    else line.flow.removeAttribute("marker-start");
    line.edge.classList.toggle("lit", lit === "forward");
    if (lit && dense) this.lines[0].hit.before(line.flow); // On top of the others.
    line.product = flowed.map((found) => found.parts.slice(1).join(" = ")).join("; ");
    const [operand, node] = [line.from, line.to].map((id) => data.nodes[boxes[id].node]?.name ?? "");
    const words = line.product ? say("edge", { node, operand, product: line.product }) : say("quiet_edge", { node, operand });
    line.hit.setAttribute("aria-label", words);
    line.hit.setAttribute("tabindex", !dense && line.product ? "0" : "-1");
  }

  /** A text in the middle of a line; none without a line. */
  write(line, words) {
    this.label.replaceChildren();
    if (!line || !words) return;
    const middle = line.flow.getPointAtLength(line.flow.getTotalLength() / 2);
    const shown = text("", 0, 4.5, words);
    this.label.append(element("svg:rect", { rx: 5 }), shown);
    const { width } = shown.getBBox();
    const half = width / 2 + 6;
    const [left, , total] = this.svg.getAttribute("viewBox").split(" ").map(Number);
    const x = Math.min(Math.max(middle.x, left + half), left + total - half);
    this.label.setAttribute("transform", `translate(${x} ${middle.y})`);
    const back = this.label.firstChild;
    for (const [name, value] of Object.entries({ x: -half, y: -11, width: 2 * half, height: 22 })) {
      back.setAttribute(name, value);
    }
  }

  /** Bring the box that a step touches into view, inside the picture alone, at the next frame. */
  follow(step) {
    if (!this.goal) requestAnimationFrame(() => this.scroll());
    this.goal = this.touched(step);
  }

  scroll() {
    const { node, box: id } = this.goal;
    this.goal = null;
    const found = this.boxes.get(id) ?? [...this.boxes.values()].find((made) => made.node === node && made.kind !== "frame");
    if (!found) return;
    const [host, box] = [this.host.getBoundingClientRect(), found.group.getBoundingClientRect()];
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const outside = box.left < host.left + 8 || box.right > host.right - 8;
    if (outside || box.top < host.top + 8 || box.bottom > host.bottom - 8) {
      this.host.scrollBy({
        left: box.left + box.width / 2 - host.left - host.width / 2,
        top: box.top + box.height / 2 - host.top - host.height / 2,
        behavior: calm ? "auto" : "smooth",
      });
    }
  }
}

function rectangle(width, height) {
  return element("svg:rect", { width, height, rx: 8, class: "back" });
}

/** The heads of arrows, one for each sign. */
function arrows() {
  const heads = ["plus", "minus", "zero", "bad"].map((sign) =>
    element(
      "svg:marker",
      {
        id: `arrow-${sign}`, viewBox: "0 0 10 10", refX: 8.5, refY: 5, markerWidth: 13, markerHeight: 13,
        markerUnits: "userSpaceOnUse", orient: "auto-start-reverse",
      },
      element("svg:path", { d: "M0 0L10 5L0 10z", class: `head ${sign}` }),
    ),
  );
  return element("svg:defs", {}, ...heads);
}

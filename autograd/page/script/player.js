// The page: the position in the walk, its controls, and changes of leaves.

class Page extends Player {
  constructor() {
    super();
    // So many of the steps on this page are taken.
    this.at = data.steps.findLastIndex((step) => step.n <= data.taken) + 1;
    this.changed = new Map(); // The numbers of leaves that the student has changed.
    this.chosen = null;
    this.chosenBox = null;
    this.original();
    this.picture = new Picture(byId("picture"), (node, box) => this.choose(node, box), (line) => this.point(line));
    this.picture.changed = () => {
      this.picture.draw();
      this.explainColours();
      this.paint();
    };
    this.about = new About(byId("about"), this);
    this.quiz = new Quiz(this);
    this.controls = new Controls(this);
    this.picture.changed();
  }

  original() {
    this.steps = data.steps;
    this.values = data.nodes.map((node) => Number(node.value));
  }

  // ── the walk ──

  /** The numbers of the steps that can be seen: those inside closed boxes are passed over. */
  visible() {
    const seen = this.picture.seen();
    return this.steps.flatMap((step, i) => (seen.has(step.to ?? step.node) ? [i] : []));
  }

  /** The step in front: the last one taken that can be seen. */
  get step() {
    return this.steps[this.visible().findLast((i) => i < this.at)];
  }

  /** The number, in the whole walk, of the last step taken. */
  get reached() {
    return this.at ? this.steps[this.at - 1].n : 0;
  }

  /** The next step that can be seen. */
  ahead() {
    return this.steps[this.visible().find((i) => i >= this.at)];
  }

  forward() {
    const next = this.visible().find((i) => i >= this.at);
    this.go(next === undefined ? this.steps.length : next + 1);
  }

  back() {
    const taken = this.visible().filter((i) => i < this.at);
    this.go(taken.length > 1 ? taken.at(-2) + 1 : 0);
  }

  get length() {
    return this.steps.length;
  }

  /** Go to where so many of the steps that can be seen are taken. */
  slide(count) {
    this.go(count ? this.visible()[count - 1] + 1 : 0);
  }

  /** Go to where so many steps are taken. */
  go(at) {
    this.at = Math.max(0, Math.min(at, this.steps.length));
    this.paint();
    const { step } = this;
    if (step) this.picture.follow(step);
    if (!this.timer) this.speak();
  }

  // ── what is shown ──

  /** All that the walk has reached. */
  reachedSoFar() {
    const known = new Set(data.nodes.flatMap((node, i) => (node.op ? [] : [i])));
    const [grads, flows] = [new Map(), new Map()];
    for (const step of this.steps.slice(0, this.at)) {
      if (step.to === undefined) known.add(step.node);
      else {
        grads.set(step.to, step);
        if (step.arg !== null) flows.set(`${step.node}:${step.arg}`, step);
      }
    }
    return { known, grads, flows };
  }

  sentence({ parts, end }) {
    return parts.join(" = ") + end;
  }

  six(number) {
    return this.changed.size ? written(this.values[number]) : data.nodes[number].six;
  }

  paint() {
    const { step } = this;
    const value = (i) => (this.changed.size ? inBox(this.values[i]) : data.nodes[i].text);
    this.shown = this.reachedSoFar();
    this.picture.paint({ ...this.shown, step, chosen: this.chosen, value });
    this.paintSentence(step);
    this.paintControls(step);
    this.about.show(this.chosen, this.chosenBox);
    this.quiz.ask();
  }

  paintSentence(step) {
    const line = byId("sentence");
    byId("rule").replaceChildren();
    if (!step) {
      line.replaceChildren(say("start"));
      return;
    }
    const spans = step.parts.flatMap((part, i) => [
      ...(i ? [" = "] : []),
      element("span", { class: i && i === step.parts.length - 1 ? "part result" : "part" }, ...wordwise(part)),
    ]);
    line.replaceChildren(...spans, ...(step.end ? [element("span", { class: "end" }, ...wordwise(step.end))] : []));
    const { op } = data.nodes[step.node];
    const start = step.to !== undefined && step.arg === null;
    if (!op || start || !data.rules[op].length) return;
    const lines = data.rules[op].map((rule) => element("span", { class: "math line" }, rule));
    byId("rule").replaceChildren(element("span", { class: "soft" }, `${say("rule", { operation: op })}: `), ...lines);
  }

  paintControls(step) {
    const visible = this.visible();
    const taken = visible.filter((i) => i < this.at).length;
    const slider = byId("slider");
    slider.max = visible.length;
    slider.value = taken;
    const total = (this.changed.size ? this.steps.length : data.total).toLocaleString();
    const count = say("step_of", { n: (step?.n ?? 0).toLocaleString(), total });
    byId("count").textContent = count;
    slider.setAttribute("aria-valuetext", count);
    byId("play").textContent = say(this.timer ? "pause" : "play");
    byId("back").disabled = taken === 0;
    byId("next").disabled = taken === visible.length;
    byId("reset").hidden = this.changed.size === 0;
    const phase = step === undefined ? "" : step.to === undefined ? "forward" : "backward";
    for (const part of byId("phase").children) part.classList.toggle("on", part.dataset.phase === phase);
    byId("notice").hidden = this.changed.size === 0;
  }

  /** Let a screen reader say the sentence of the step; while the walk plays, it would fall behind. */
  speak() {
    const { step } = this;
    byId("spoken").textContent = this.quiz?.on ? "" : step ? this.sentence(step) : say("start");
  }

  explainColours() {
    const root = data.nodes[data.root].name;
    const { widest, narrowest } = this.picture;
    const line = (sign, width) =>
      element(
        "svg:svg", { viewBox: "0 0 40 14", width: 40, height: 14, "aria-hidden": "true" },
        element("svg:path", { d: "M2 7L38 7", class: `flow ${sign}`, "stroke-width": width }),
      );
    const items = ["plus", "minus", "zero", "bad"].map((sign) => [line(sign, sign === "zero" ? 2 : 4), say(sign)]);
    items.push([line("plus", narrowest), line("plus", widest), say("width", { largest: written(this.picture.largest, 3) })]);
    items.push([element("span", { class: "swatch" }), say("lit")], [say("partial", { root })]);
    byId("legend").replaceChildren(...items.map((item) => element("span", {}, ...item)));
  }

  // ── choosing and changing ──

  choose(node, box) {
    if (this.chosen === node && this.chosenBox === box) return;
    [this.chosen, this.chosenBox] = [node, box];
    this.paint();
  }

  /** Show the product of a line that is pointed at. */
  point(line) {
    this.picture.write(line, line?.product);
  }

  canOpen(box) {
    return box !== null && holds.has(box);
  }

  /** Put another number in a leaf, and compute everything anew. */
  change(leaf, number) {
    this.changed.set(leaf, number);
    if (number === Number(data.nodes[leaf].value)) this.changed.delete(leaf);
    this.anew();
  }

  reset() {
    this.changed.clear();
    this.anew();
  }

  anew() {
    const end = this.at === this.steps.length;
    if (this.changed.size) Object.assign(this, recomputed(this.changed));
    else this.original();
    this.at = end ? this.steps.length : Math.min(this.at, this.steps.length);
    const input = byId("number");
    if (input && document.activeElement !== input && this.chosen !== null) input.value = written(this.values[this.chosen], 17);
    this.paint();
  }

  /** All steps as a list, for reading and for printing. */
  list() {
    if (!byId("steps").open) return;
    const items = this.steps.map((step) => element("li", { value: step.n }, this.sentence(step)));
    byId("list").replaceChildren(...items);
  }
}

const page = new Page();
document.body.dataset.ready = "yes";

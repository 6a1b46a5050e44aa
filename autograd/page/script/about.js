// The panel about a node: its formula and numbers as far as the walk has come, and why its gradient is what it is.

class About {
  constructor(host, page) {
    this.host = host;
    this.page = page;
    this.shown = null;
  }

  /** Show a node, or how to choose one. */
  show(number, box) {
    const { page } = this;
    const key = `${number}`;
    const typed = this.shown === key && this.host.contains(document.activeElement) ? this.host.querySelector("input") : null;
    this.shown = key;
    if (number === null) {
      this.host.replaceChildren(element("p", { class: "soft" }, say("choose")), element("p", { class: "soft" }, say("keys")));
      if (!data.whole) this.host.append(element("p", { class: "soft" }, this.part()));
      if (data.folded) this.host.append(element("p", { class: "soft" }, say("folded")), this.opener());
      return;
    }
    const node = data.nodes[number];
    const parts = [element("h2", {}, ...isolated(node.op ? "node" : "leaf", { name: node.name }))];
    parts.push(this.facts(node, number));
    if (page.canOpen(box)) {
      const button = element("button", { type: "button" }, say(page.picture.open.has(box) ? "close" : "open"));
      button.addEventListener("click", () => page.picture.toggle(box));
      parts.push(button);
    }
    if (data.live && !node.op) parts.push(typed ? typed.closest("form") : this.changer(number));
    parts.push(...this.gradient(node, number));
    this.host.replaceChildren(...parts);
    if (typed) typed.focus();
  }

  opener() {
    const { picture } = this.page;
    const open = picture.open.size === 0;
    const button = element("button", { type: "button" }, say(open ? "open_all" : "close_all"));
    button.addEventListener("click", () => picture.openAll(open));
    return button;
  }

  part() {
    const shown = data.nodes.length.toLocaleString();
    return say("part", { shown, size: data.size.toLocaleString() });
  }

  /** The formula, the value, the gradient so far. */
  facts(node, number) {
    const { page } = this;
    const known = page.shown.known.has(number);
    const grad = page.shown.grads.get(number);
    const list = element("dl");
    const add = (term, ...words) => list.append(element("dt", {}, term), element("dd", {}, ...words));
    if (node.op) {
      add(say("computed"), element("span", { class: "math" }, ...wordwise(node.says)));
      const rule = data.rules[node.op].map((line) => element("span", { class: "math line" }, line));
      if (rule.length) add(say("rule", { operation: node.op }), ...rule);
    }
    add(say("value"), known ? element("b", {}, page.six(number)) : say("not_yet"));
    add(`${say("gradient")} ∂${data.nodes[data.root].name}/∂${node.name}`, grad ? element("b", {}, grad.six) : say("not_yet"));
    const passed = page.steps.slice(0, page.at).filter((step) => step.node === number && step.arg !== null && step.to !== undefined);
    if (passed.length) add(say("contributions"), ...passed.slice(0, 12).map((step) => this.product(step)));
    return list;
  }

  product({ to, parts }) {
    return element("span", { class: "math line" }, `${data.nodes[to].name}: ${parts.slice(1).join(" = ")}`);
  }

  /** Once the gradient of a node is complete: how far the root moves with it, and the paths between them. */
  gradient(node, number) {
    const { page } = this;
    const last = page.steps.findLast((step) => step.to === number);
    if (!last) return [element("p", { class: "soft" }, say("no_gradient"))];
    if (last.n > page.reached) return [element("p", { class: "soft" }, say("incomplete", { n: last.n }))];
    const root = data.nodes[data.root].name;
    const found = [element("p", { class: "nudge" }, ...isolated("nudge", { name: node.name, root, change: last.nudge }))];
    if (!node.why.length) return found;
    found.push(element("h3", {}, ...isolated("paths", { name: node.name, root })));
    if (page.changed.size) return [...found, element("p", { class: "soft" }, say("original_paths"))];
    return [...found, element("ul", { class: "paths math" }, ...node.why.map((line) => element("li", {}, line)))];
  }

  /** A form for another number of a leaf. */
  changer(number) {
    const { page } = this;
    const input = element("input", { type: "text", inputmode: "text", autocomplete: "off", id: "number", value: written(page.values[number], 17) });
    const problem = element("span", { class: "problem", role: "status" });
    const form = element("form", { class: "changer" }, element("label", { for: "number" }, say("set")), input, problem);
    const take = () => {
      const typed = read(input.value);
      problem.textContent = typed ? "" : say("bad_number");
      if (typed) page.change(number, typed.number);
    };
    input.addEventListener("change", take);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      take();
    });
    form.append(element("span", { class: "soft" }, say("drag")));
    return form;
  }
}

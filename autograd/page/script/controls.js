// The controls: buttons, the slider, the keys, and leaves that are dragged.

class Controls {
  constructor(page) {
    this.page = page;
    this.listen();
  }

  listen() {
    byId("next").addEventListener("click", () => this.stopAnd(() => this.page.forward()));
    byId("back").addEventListener("click", () => this.stopAnd(() => this.page.back()));
    byId("play").addEventListener("click", () => (this.page.timer ? this.page.pause() : this.page.play()));
    byId("reset").addEventListener("click", () => this.page.reset());
    byId("speed").addEventListener("change", () => this.page.timer && this.page.play());
    byId("slider").addEventListener("input", (event) => {
      const count = Number(event.target.value);
      this.stopAnd(() => this.page.go(count ? this.page.visible()[count - 1] + 1 : 0));
    });
    document.addEventListener("keydown", (event) => this.key(event));
    byId("picture").addEventListener("pointerdown", (event) => this.drag(event));
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth !== width) this.page.picture.changed();
      width = innerWidth;
    });
    const list = () => this.page.list();
    byId("steps").addEventListener("toggle", list);
    addEventListener("beforeprint", () => {
      this.printing = !byId("steps").open;
      byId("steps").open = true;
      list();
    });
    addEventListener("afterprint", () => {
      if (this.printing) byId("steps").open = false;
    });
  }

  stopAnd(act) {
    this.page.pause();
    act();
  }

  key(event) {
    const { target, key } = event;
    const typing = target.matches("input:not([type=range]), select, textarea");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const group = target.closest("[data-node]");
    if (group && this.keyOnBox(group, event)) return;
    if (key === " " && target.matches("button, summary")) return;
    const acts = {
      ArrowRight: () => this.stopAnd(() => this.page.forward()),
      ArrowLeft: () => this.stopAnd(() => this.page.back()),
      Home: () => this.stopAnd(() => this.page.go(0)),
      End: () => this.stopAnd(() => this.page.go(this.page.steps.length)),
      " ": () => (this.page.timer ? this.page.pause() : this.page.play()),
    };
    if (!(key in acts)) return;
    event.preventDefault();
    acts[key]();
  }

  /** The keys of a box: true if this was one. */
  keyOnBox(group, event) {
    const [node, box] = [Number(group.dataset.node), Number(group.dataset.box)];
    const { key } = event;
    if (key === "Enter") {
      this.page.choose(node, box);
      byId("about").focus();
    } else if (key.toLowerCase() === "o" && this.page.canOpen(box)) this.page.picture.toggle(box);
    else if ((key === "ArrowUp" || key === "ArrowDown") && data.live && !data.nodes[node].op) {
      const step = this.fineness(node);
      const far = (key === "ArrowUp" ? 1 : -1) * (event.shiftKey ? 10 : 1);
      this.page.change(node, tidy(this.page.values[node] + far * step, step));
    } else return false;
    event.preventDefault();
    return true;
  }

  /** A step that suits the size of a leaf's original number: one of its second digit. */
  fineness(leaf) {
    const size = Math.abs(Number(data.nodes[leaf].value));
    const place = Number.isFinite(size) && size > 0 ? Math.floor(Math.log10(size)) : 0;
    return 10 ** (Math.min(Math.max(place, -6), 6) - 1);
  }

  /** Drag a leaf: to the right its number grows. */
  drag(event) {
    const group = event.target.closest("[data-node]");
    if (!data.live || !group || event.button !== 0) return;
    const leaf = Number(group.dataset.node);
    if (data.nodes[leaf].op) return;
    const [from, start, step] = [event.clientX, this.page.values[leaf], this.fineness(leaf)];
    let asked = 0;
    let goal = start;
    const move = (moved) => {
      goal = tidy(start + (Math.round((moved.clientX - from) / 4) * step) / 2, step / 2);
      asked ||= requestAnimationFrame(() => {
        asked = 0;
        if (goal !== this.page.values[leaf]) this.page.change(leaf, goal);
      });
    };
    const end = () => {
      removeEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) removeEventListener(name, end);
    };
    addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, end);
  }
}

/** A number without the noise of sums of tenths. */
function tidy(x, step) {
  return Number((Math.round(x / step) * step).toPrecision(12));
}

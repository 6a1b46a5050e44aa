// The controls of a lesson beside its bar: the keys of boxes, and leaves that are dragged.

class Controls extends Bar {
  listen() {
    super.listen();
    byId("reset").addEventListener("click", () => this.page.reset());
    byId("picture").addEventListener("pointerdown", (event) => this.drag(event));
    whenWide(() => this.page.picture.changed());
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

  keyOn(event) {
    const group = event.target.closest("[data-node]");
    return group !== null && this.keyOnBox(group, event);
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

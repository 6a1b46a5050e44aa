// The curves of a training, with a mark at the snapshot in front.

const [UP, LOW, BELOW, ABOVE] = [120, 54, 26, 10]; // Pixels: heights of panels, and the room below and above.
const SERIES = ["third", "fourth"]; // The colours of curves: those of signs mean signs.

class Chart {
  constructor(host, page) {
    this.host = host;
    this.page = page;
  }

  draw() {
    const room = roomIn(this.host);
    const longest = Math.max(...data.panels.flatMap(({ ticks }) => ticks.map(([, words]) => words.length)));
    this.left = longest * LETTER + 10;
    const [, last] = data.across.ticks.at(-1);
    this.wide = room - this.left - Math.max(12, (last.length * LETTER) / 2 + 2);
    this.panels = data.panels.map((panel, k) => this.panel(panel, k, room));
    this.host.replaceChildren(...this.panels.flatMap(({ head, svg }) => [head, svg]));
  }

  panel(panel, k, room) {
    const tall = k ? LOW : UP;
    const last = k === data.panels.length - 1;
    const height = tall + ABOVE + (last ? BELOW + 16 : 8);
    const [x, y] = [(part) => this.left + part * this.wide, (part) => ABOVE + (1 - part) * tall];
    const words = panel.curves.map(({ name }) => title(name)).join(", ");
    const svg = element("svg:svg", { viewBox: `0 0 ${room} ${height}`, width: room, height, class: "chart", role: "img", "aria-label": words });
    for (const [part, words] of panel.ticks) {
      svg.append(element("svg:path", { d: `M${x(0)} ${y(part)}H${x(1)}`, class: "grid" }), text("tick end", this.left - 6, y(part) + 4.5, words));
    }
    svg.append(element("svg:path", { d: `M${x(0)} ${y(1)}V${y(0)}H${x(1)}`, class: "axis" }));
    if (last) svg.append(...this.acrossTicks(x, tall + ABOVE, height));
    const mark = element("svg:path", { class: "mark" });
    svg.append(mark);
    const dots = panel.curves.map((curve, n) => {
      const color = SERIES[n % SERIES.length];
      const d = curve.pieces.map((piece) => `M${piece.map(([a, b]) => `${x(a).toFixed(1)} ${y(b).toFixed(1)}`).join("L")}`).join("");
      svg.append(element("svg:path", { d, class: `curve ${color}` }));
      for (const part of curve.lost) svg.append(element("svg:path", { d: `M${x(part)} ${ABOVE - 6}v8`, class: "lost" }));
      return element("svg:circle", { r: 5, class: `dot ${color}` });
    });
    svg.append(...dots);
    svg.addEventListener("pointerdown", (event) => this.drag(event, svg));
    return { panel, svg, mark, dots, x, y, head: element("p", { class: "reading" }) };
  }

  acrossTicks(x, base, height) {
    const found = data.across.ticks.map(([part, words]) => text("tick", x(part), base + 17, words));
    const lines = data.across.ticks.map(([part]) => element("svg:path", { d: `M${x(part)} ${base}v5`, class: "axis" }));
    return [...lines, ...found, text("tick", x(0.5), height - 3, say("epoch"))];
  }

  paint(at) {
    const part = data.across.marks[at];
    for (const { panel, mark, dots, x, y, head } of this.panels) {
      mark.setAttribute("d", `M${x(part)} ${y(0)}V${y(1)}`);
      panel.curves.forEach((curve, n) => {
        const height = curve.marks[at];
        dots[n].toggleAttribute("hidden", height === null);
        if (height !== null) [dots[n].setAttribute("cx", x(part)), dots[n].setAttribute("cy", y(height))];
      });
      const readings = panel.curves.map(({ name, numbers }, n) => {
        const number = Number(numbers[at]);
        const shown = Number.isNaN(number) && panel !== data.panels[0] ? "–" : written(number, 4);
        return element("span", { class: "key" }, swatch(`curve ${SERIES[n % SERIES.length]}`, 2.5), `${title(name)} `, element("b", {}, shown));
      });
      // The loss alone is in the sentence above.
      head.replaceChildren(...(panel === data.panels[0] && readings.length === 1 ? [] : readings));
    }
  }

  /** Go to the snapshot nearest to where the chart is touched. */
  drag(event, svg) {
    const go = ({ clientX }) => {
      const part = (clientX - svg.getBoundingClientRect().left - this.left) / this.wide;
      const far = data.across.marks.map((mark) => Math.abs(mark - part));
      this.page.bar.stopAnd(() => this.page.go(far.indexOf(Math.min(...far))));
    };
    const end = () => {
      removeEventListener("pointermove", go);
      for (const name of ["pointerup", "pointercancel"]) removeEventListener(name, end);
    };
    go(event);
    addEventListener("pointermove", go);
    for (const name of ["pointerup", "pointercancel"]) addEventListener(name, end);
  }
}

/** The name of a curve: the two of every training in the language of the page. */
function title(name) {
  return name === "loss" ? say("loss") : name === "validation" ? say("validation") : name;
}

/** A short line, as it is in a picture. */
function swatch(kind, width) {
  return element(
    "svg:svg", { viewBox: "0 0 30 12", width: 30, height: 12, "aria-hidden": "true" },
    element("svg:path", { d: "M2 6L28 6", class: kind, "stroke-width": width }),
  );
}

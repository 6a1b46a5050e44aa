// Where boxes and lines are: those of a small graph as Graphviz has placed them, and a network in layers.

const MARGIN = 14;
const LAYERS_APART = 60;
const LAYERS_OF_MANY_APART = 94;
const BOXES_APART = 9;
const TITLE = 28; // Of an open box.
const DENSE = 60; // So many lines need room between layers, and are thinner and without heads.

const boxes = data.boxes.map(([node, inside, more, w, h], id) => ({ id, node, inside, more, w, h }));
const links = data.links.map(([source, target, node, position]) => ({ source, target, node, position }));
const holds = new Set(boxes.filter((box) => box.inside !== null).map((box) => box.inside));

const within = new Map(boxes.flatMap(({ id, node, inside }) => (boxes[inside]?.node === node ? [[inside, id]] : [])));

/** The box that stands for a box now: itself, the closed one that it is in, or of an open one that of the same node. */
function standsFor(id, open) {
  const { inside } = boxes[id];
  if (open.has(id)) return within.get(id);
  return inside === null || open.has(inside) ? id : inside;
}

/** The rectangles of all boxes that can be seen, in a direction, and layers farther apart by so much. */
function arranged(direction, open, farther = 0) {
  if (!data.folded) {
    const { size, corners } = data.layout[direction];
    return { size, rects: new Map(corners.map(([x, y], id) => [id, { x, y, w: boxes[id].w, h: boxes[id].h }])) };
  }
  const { layers, shape, shapes } = data.layout;
  const inner = (id) => shapes[shape[id]][direction];
  const size = (id) =>
    open.has(id) ? [inner(id).size[0] + 2 * MARGIN, inner(id).size[1] + TITLE + MARGIN] : [boxes[id].w, boxes[id].h];
  const along = direction === "LR" ? 1 : 0;
  const across = 1 - along;
  const apart = (links.length > DENSE ? LAYERS_OF_MANY_APART : LAYERS_APART) + farther;
  const lengths = layers.map((row) => row.reduce((sum, id) => sum + size(id)[along] + BOXES_APART, -BOXES_APART));
  const longest = Math.max(...lengths);
  const rects = new Map();
  let start = 0;
  layers.forEach((row, i) => {
    const thick = Math.max(...row.map((id) => size(id)[across]));
    let reached = (longest - lengths[i]) / 2;
    for (const id of row) {
      const [w, h] = size(id);
      const aside = start + (thick - size(id)[across]) / 2;
      rects.set(id, { x: along ? aside : reached, y: along ? reached : aside, w, h });
      reached += size(id)[along] + BOXES_APART;
    }
    start += thick + apart;
  });
  for (const id of open) {
    const { x, y } = rects.get(id);
    const inside = boxes.filter((box) => box.inside === id);
    inner(id).corners.forEach(([dx, dy], seat) => {
      const { id: seated, w, h } = inside[seat];
      rects.set(seated, { x: x + MARGIN + dx, y: y + TITLE + dy, w, h });
    });
  }
  const total = [start - apart, longest];
  return { size: along ? total : total.reverse(), rects };
}

/** A curve from the end of one rectangle to the start of another. */
function curve(from, to, direction) {
  const [x1, y1, x2, y2] =
    direction === "LR"
      ? [from.x + from.w, from.y + from.h / 2, to.x, to.y + to.h / 2]
      : [from.x + from.w / 2, from.y + from.h, to.x + to.w / 2, to.y];
  const bend = links.length > DENSE ? 0.2 : 0.45; // Many lines are easier to tell apart if they are nearly straight.
  const pull = Math.max(12, bend * Math.abs(direction === "LR" ? x2 - x1 : y2 - y1));
  const [dx, dy] = direction === "LR" ? [pull, 0] : [0, pull];
  return `M${x1} ${y1}C${x1 + dx} ${y1 + dy} ${x2 - dx} ${y2 - dy} ${x2} ${y2}`;
}

// The steps anew, after a student has changed the number of a leaf: the walk of the Stepper over the rules as functions.

const HOLE = /ж(\d+)ж/g;
const canChange = rules !== null && data.whole;

/** The arithmetic of a node, with numbers in the places of its operands. */
function filled(node, values) {
  return node.form.replace(HOLE, (found, place, start, whole) => {
    const text = written(values[node.args[place]]);
    const end = whole[start + found.length] ?? "";
    const alone = (start === 0 || "(, ".includes(whole[start - 1])) && (end === "" || "), ·/".includes(end));
    return alone && !(start > 1 && whole[start - 1] === " " && whole[start - 2] !== ",") ? text : factor(text);
  });
}

/** The values of all nodes and the steps, with these numbers in the places of leaves. */
function recomputed(changed) {
  const values = data.nodes.map((node, i) => (changed.has(i) ? changed.get(i) : Number(node.value)));
  const partials = new Map();
  const steps = [];
  const forward = data.steps.filter((step) => step.to === undefined);
  for (const { node: i, parts } of forward) {
    const node = data.nodes[i];
    const { z, d } = rules[node.op](node.args.map((operand) => values[operand]));
    values[i] = z;
    partials.set(i, d);
    const texts = [parts[0], parts[1], filled(node, values), written(z)];
    steps.push({ n: steps.length + 1, node: i, parts: [...new Set(texts)], end: "", value: z });
  }
  const grads = new Map([[data.root, 1]]);
  const name = (i) => data.nodes[i].name;
  const of = (i) => `∂${name(data.root)}/∂${name(i)}`;
  steps.push(backwardStep(steps.length + 1, data.root, data.root, null, [`${of(data.root)} = 1`], "", 1, 1));
  for (const { node: i } of forward.reverse()) {
    const node = data.nodes[i];
    if (!grads.has(i) || node.op === "detach") continue;
    const upstream = grads.get(i);
    node.args.forEach((operand, position) => {
      const partial = partials.get(i)[position];
      if (data.nodes[operand].constant || (node.op === "where" && !partial)) return;
      const amount = upstream * partial;
      const before = grads.get(operand);
      const after = (before ?? 0) + amount;
      grads.set(operand, after);
      const product = `${written(upstream)} · ${factor(written(partial))}`;
      const parts = [`${of(operand)} += ${of(i)} · ∂${name(i)}/∂${name(operand)}`, product, written(amount)];
      const sum = `${written(before)} ${amount < 0 ? "-" : "+"} ${written(Math.abs(amount))} = ${written(after)}`;
      steps.push(backwardStep(steps.length + 1, i, operand, position, parts, before ? `   ; ${sum}` : "", amount, after));
    });
  }
  return { values, steps };
}

function backwardStep(n, node, to, arg, parts, end, value, grad) {
  const texts = { text: inBox(grad), six: written(grad), part: inBox(value), nudge: written(0.1 * grad) };
  return { n, node, to, arg, parts, end, value, grad, ...texts };
}

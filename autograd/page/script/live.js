// The steps anew, after a student has changed the number of a leaf: the walk of the Stepper, over the rules as functions.

/** The values of all nodes and the steps, with these numbers in the places of leaves. */
function recomputed(changed) {
  const values = data.nodes.map((node, i) => (changed.has(i) ? changed.get(i) : Number(node.value)));
  const results = new Map();
  const steps = [];
  const forward = data.steps.flatMap((step) => (step.to === undefined ? [step.node] : []));
  for (const i of forward) {
    const { op, args, made } = data.nodes[i];
    const row = args.map((operand) => values[operand]);
    results.set(i, engine.rules[op](row));
    values[i] = results.get(i).z;
    const sentence = engine.forward_line(made, row, values[i]);
    steps.push({ n: steps.length + 1, node: i, ...forwardParts(sentence, made), value: values[i] });
  }
  const root = data.nodes[data.root];
  const start = { parts: [engine.gradient_of(root.name, root.made ?? { node: root.name }, null)], end: "" };
  steps.push({ n: steps.length + 1, node: data.root, to: data.root, arg: null, ...start, ...numbers(1, 1) });
  const grads = new Map([[data.root, 1]]);
  for (const i of forward.reverse()) {
    const { op, args, made } = data.nodes[i];
    if (!grads.has(i) || op === "detach") continue;
    const { d, k, t, e } = results.get(i);
    const upstream = grads.get(i);
    args.forEach((operand, position) => {
      const partial = d[position];
      if (data.nodes[operand].constant || (op === "where" && !partial)) return;
      const [value, before] = [upstream * partial, grads.get(operand) ?? null];
      const grad = (before ?? 0) + value;
      grads.set(operand, grad);
      const step = { upstream, partial, value, before, grad, k, t, e };
      const parts = backwardParts(engine.backward_line(root.name, made, position, step), root.name, made, position);
      steps.push({ n: steps.length + 1, node: i, to: operand, arg: position, ...parts, ...numbers(value, grad) });
    });
  }
  return { values, steps };
}

function numbers(value, grad) {
  return { value, grad, text: inBox(grad), six: written(grad), nudge: written(0.1 * grad) };
}

/** The sentence of a forward step as the parts that are equal. */
function forwardParts(sentence, { node, names }) {
  const known = `${node} = ${names}`;
  const cut = sentence.lastIndexOf(" = ");
  const middle = cut > known.length ? [sentence.slice(known.length + 3, cut)] : [];
  return { parts: [node, names, ...middle, sentence.slice(cut + 3)], end: "" };
}

/** That of a backward step, and the end of its last part. */
function backwardParts(sentence, root, made, position) {
  const known = engine.gradient_of(root, made, position);
  const [, product, amount, end] = sentence.slice(known.length + 3).match(/^(.+? · .+?) = ([^ ;]+)(.*)$/s);
  return { parts: [known, product, amount], end };
}

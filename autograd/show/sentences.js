// The sentences of steps with numbers of any size, as Python writes them. `made` is the data of one node; `rules` and
// `total` are beside this text.

// The calculation of a node in names and in numbers, and its value z; of a leaf only that.
function forward_line(made, row, z) {
  if (made.op === "") {
    return `${made.node} = ${bare(shorts([z], [SIX])[0])}`;
  }
  const { operands, result } = figures(made, row, z);
  return [made.node, ...new Set([made.names, filled(made.numbers, operands)]), bare(result)].join(" = ");
}

// A contribution to the gradient of an operand. A step has: upstream, partial, value (their product), before (the
// gradient so far, or null), grad (the gradient now), and k, t and e as the rule returns them.
function backward_line(root, made, position, step) {
  const before = step.before ?? 0;
  const parts = [step.upstream, step.partial, step.value, before];
  const texts = together(parts, [step.grad], (row) => [row[3] + row[2], row[0] * row[1]]).map(bare);
  const [upstream, factor, contribution, so_far, grad] = texts;
  const way = made.formulas[position][step.k];
  const elements = Object.entries(step.e?.[position] ?? {}).map(([name, x]) => `, ${name} = ${brief(x)}`);
  const formula = [way.length > 1 && !step.t[position] ? way[1] : way[0], ...elements].join("");
  const known = [factor, brief(step.partial)].includes(formula);
  const adds = contribution.startsWith("-") ? `${so_far} - ${contribution.slice(1)}` : `${so_far} + ${contribution}`;
  return [
    gradient_of(root, made, position),
    ` = ${upstream} · ${factor.startsWith("-") ? `(${factor})` : factor} = ${contribution}`,
    known ? "" : `   (${formula})`,
    before === 0 ? "" : `; ${adds} = ${grad}`,
  ].join("");
}

// A contribution in names alone; without a position the 1 that the gradient of the root starts with.
function gradient_of(root, made, position) {
  if (position === null) {
    return `∂${root}/∂${root} = 1`;
  }
  const operand = made.operands[position];
  return `∂${root}/∂${operand} += ∂${root}/∂${made.node} · ∂${made.node}/∂${operand}`;
}

// A template with the texts of numbers in its slots, by position. How a number is joined to the text before and after it
// depends on its form: whether it has a minus, an exponent, or one digit alone, which may be written as a power.
function filled(template, texts) {
  return template
    .map((part) => {
      if (typeof part === "string") {
        return part;
      }
      const [position, joints] = part;
      const text = texts[position];
      const form = text.startsWith("-") ? "-" : text.includes("e") ? "e" : "";
      const [before, after] = joints[form] ?? joints[""];
      return text in joints ? joints[text] : before + text.replace(/^-/, "") + after;
    })
    .join("");
}

// ── as many digits as a statement needs ──

const SIX = 6;
const EXACT = 17;
const CLOSE = 1e-3;

// The texts of the operands that are shown, by position, of the sum of the others as number -1, and of the result.
function figures(made, row, z) {
  const parts = made.kept.map((i) => row[i]);
  let texts;
  if (made.numbers.some((part) => part[0] === -1)) {
    const others = row.map((_, i) => i).filter((i) => !made.kept.includes(i));
    const hidden = total(terms(made.op, others.map((i) => row[i])));
    const sum = (shown) => [total([...terms(made.op, shown.slice(0, -1)), shown[shown.length - 1]])];
    texts = together([...parts, hidden], [z], sum);
  } else {
    // An exponent that isn't whole doesn't look so: a negative number has no such power.
    const whole = made.op === "power" ? parts.slice(1).map(nearest) : [];
    texts = together(parts, [z, ...whole], (shown) => recalculated(made, row, shown));
    texts.splice(parts.length, 0, "");
  }
  const operands = { "-1": bare(texts[parts.length]) };
  made.kept.forEach((position, i) => {
    operands[position] = bare(texts[i]);
  });
  return { operands, result: texts[parts.length + 1] };
}

function terms(op, row) {
  const half = row.length / 2;
  return op === "dot" ? row.slice(0, half).map((x, i) => x * row[half + i]) : row;
}

// The result with the numbers that are shown, and the kinds of its local derivatives: finite, zero, infinite or NaN.
function recalculated(made, row, shown) {
  const changed = [...row];
  made.kept.forEach((position, i) => {
    changed[position] = shown[i];
  });
  const { z, d } = rules[made.op](changed);
  return [z, ...d.map((x) => (Number.isFinite(x) ? Math.sign(x) : x))];
}

// The texts of the parts of a statement and of its results. `of` gives the first result, and numbers that stay the same.
function together(parts, results, of) {
  const texts = (digits) =>
    shorts([...parts, ...results], [...parts.map(() => digits), ...results.map(() => SIX)]);
  let digits = enough(parts, of, SIX, CLOSE);
  const result = texts(digits)[parts.length];
  let needed = SIX;
  while (short(results[0], needed) !== result) {
    needed += 1;
  }
  if (needed > SIX) {
    digits = enough(parts, (row) => of(row).slice(0, 1), digits, 10 ** (1 - needed));
  }
  return texts(digits);
}

// The fewest digits of the parts with which `of` them stays the same, within a relative difference.
function enough(parts, of, least, within) {
  const exact = of(parts);
  for (let digits = least; digits < EXACT; digits += 1) {
    const shown = shorts(parts, parts.map(() => digits));
    if (of(shown.map(number)).every((now, i) => alike(now, exact[i], within))) {
      return digits;
    }
  }
  return EXACT;
}

function alike(now, was, within) {
  return Number.isFinite(was) ? Math.abs(now - was) <= within * Math.abs(was) : Object.is(now, was);
}

// ── numbers as text ──

// Each number in so many digits, or in more where two different ones would look equal, or one like 1 or -1.
function shorts(numbers, digits) {
  const most = [...digits];
  for (;;) {
    const texts = numbers.map((x, i) => short(x, most[i]));
    const shown = new Map([["1.0", 1], ["-1.0", -1]]);
    const unclear = new Set();
    texts.forEach((text, i) => {
      if (!shown.has(text)) {
        shown.set(text, numbers[i]);
      } else if (shown.get(text) !== numbers[i]) {
        unclear.add(text);
      }
    });
    const growing = texts.map((text, i) => unclear.has(text) && most[i] < EXACT);
    if (!growing.includes(true)) {
      return texts;
    }
    growing.forEach((grows, i) => {
      most[i] += grows ? 1 : 0;
    });
  }
}

// A number in at most so many digits: 2.0, 0.333333, 1e-09, inf.
function short(x, digits) {
  if (!Number.isFinite(x)) {
    return x !== x ? "nan" : x > 0 ? "inf" : "-inf";
  }
  const [figures, exponent] = significant(Math.abs(x), digits);
  const end = digits < EXACT ? digits : 16; // From here on a number has an exponent.
  const sign = x < 0 || Object.is(x, -0) ? "-" : "";
  if (exponent < -4 || exponent >= end) {
    const fraction = figures.length > 1 ? `.${figures.slice(1)}` : "";
    return `${sign}${figures[0]}${fraction}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const all = "0".repeat(Math.max(0, -exponent)) + figures.padEnd(exponent + 1, "0");
  const point = Math.max(exponent, 0) + 1;
  return `${sign}${all.slice(0, point)}.${all.slice(point) || "0"}`;
}

// The digits of a number without zeros at the end, and its exponent; a tie is rounded to an even digit, as in Python.
function significant(x, digits) {
  const [exactly, exact_exponent] = x.toExponential(100).split("e");
  const all = exactly.replace(".", "");
  const tie = /^50*$/.test(all.slice(digits)) && Number(all[digits - 1]) % 2 === 0;
  const [rounded, exponent] = (digits < EXACT ? x.toExponential(digits - 1) : x.toExponential()).split("e");
  const figures = tie && digits < EXACT ? all.slice(0, digits) : rounded.replace(".", "");
  return [figures.replace(/0+$/, "") || "0", Number(tie && digits < EXACT ? exact_exponent : exponent)];
}

function bare(text) {
  return text.replace(/\.0$/, "");
}

function brief(x) {
  return bare(short(x, SIX));
}

function number(text) {
  return { inf: Infinity, "-inf": -Infinity, nan: NaN }[text] ?? Number(text);
}

// The next whole number; of two that are as near the even one, as in Python.
function nearest(x) {
  const up = Math.round(x);
  return Math.abs(x % 1) === 0.5 && up % 2 !== 0 ? up - 1 : up;
}

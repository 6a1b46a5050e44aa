// Numbers and texts: the contents of the page, numbers as Python writes them, and numbers that a student types.

const data = JSON.parse(document.getElementById("contents").textContent);

/** A sentence of the interface, with its blanks filled in. */
function say(name, blanks = {}) {
  return data.words[name].replace(/\{(\w+)\}/g, (_, blank) => blanks[blank]);
}

/** A number in at most so many digits, as Python writes it. */
function written(x, digits = 6) {
  return engine.bare(engine.short(x, digits));
}

/** A number as it is written in a box: in four digits where six are too long. */
function inBox(x) {
  const six = written(x);
  return six.length <= 9 ? six : written(x, 4);
}

/** The number that somebody typed, and how many significant digits it has; null for no number. */
function read(text) {
  const typed = text.trim().toLowerCase().replace(/[−–]/g, "-").replace("∞", "inf").replace(/^\+/, "");
  const words = { nan: NaN, inf: Infinity, infinity: Infinity, "-inf": -Infinity, "-infinity": -Infinity };
  if (typed in words) return { number: words[typed], digits: 17 };
  const [top, bottom, ...rest] = typed.replace(/^(-?\d*),(?=\d)/, "$1.").split("/").map((part) => part.trim());
  const plain = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/;
  if (rest.length || !plain.test(top) || (bottom !== undefined && !plain.test(bottom))) return null;
  if (bottom !== undefined) return { number: Number(top) / Number(bottom), digits: 17 };
  const significant = top.replace(/e.*$/, "").replace(/^-?0*\.?0*/, "").replace(".", "");
  return { number: Number(top), digits: significant.length };
}

const OFF = 0.01; // Relative: an answer this far off is right.
const ZERO = 1e-6; // An answer this small is 0.

/** Whether what was typed is a number: within 1 %, or the number rounded to as many digits, at least two. */
function agrees(typed, x) {
  if (Number.isNaN(x) || Number.isNaN(typed.number)) return Number.isNaN(x) && Number.isNaN(typed.number);
  if (!Number.isFinite(x) || !Number.isFinite(typed.number)) return x === typed.number;
  if (x === 0) return Math.abs(typed.number) <= ZERO;
  const { number, digits } = typed;
  const rounded = digits >= 2 && digits <= 17 && Number(x.toPrecision(digits)) === number;
  return rounded || Math.abs(number - x) <= OFF * Math.abs(x);
}

/** An element with attributes and children; text is text, never markup. */
function element(name, attributes = {}, ...children) {
  const made = name.startsWith("svg:")
    ? document.createElementNS("http://www.w3.org/2000/svg", name.slice(4))
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

/** A text in a picture, with its class and its place. */
function text(kind, x, y, words) {
  return element("svg:text", { class: kind, x, y }, words);
}

/** The class of a contribution by its sign: the colours of the page mean this and nothing else. */
function signOf(x) {
  if (!Number.isFinite(x)) return "bad";
  return x > 0 ? "plus" : x < 0 ? "minus" : "zero";
}

/** A text whose lines end at spaces; only a word that is too long for a line is broken. */
function wordwise(text) {
  return text.split(/( +)/).map((word) => (word.startsWith(" ") ? word : element("span", { class: "token" }, word)));
}

/** The element of the page with that id. */
function byId(id) {
  return document.getElementById(id);
}

/** A sentence whose blanks are names, each kept apart from the direction of the text around it. */
function isolated(name, blanks) {
  return data.words[name].split(/(\{\w+\})/).map((part) => {
    const blank = part.match(/^\{(\w+)\}$/);
    return blank ? element("bdi", { class: "math" }, blanks[blank[1]]) : part;
  });
}

/** The numbers of a packed text, in which a number like the one before it is left out. */
function unpacked(packed) {
  let last = NaN;
  return packed.split(",").map((text) => (last = text === "" ? last : Number(text)));
}

/** The number of a row at a place; the last one stands for those that are left out at its end. */
function nth(row, at) {
  return row[Math.min(at, row.length - 1)];
}

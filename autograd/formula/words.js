// The functions that rules are made of, for every double: none throws, and each keeps its digits where a formula of
// textbooks would overflow or cancel. Values only: derivatives come from the rules. Math has the other functions, and
// the textbook's one-line definitions the rest.

function unsigned_zero(x) {
  return x + 0; // -0 + 0 is 0
}

function over_square(x, y) {
  const ratio = x / y;
  // A ratio below the normal numbers has lost bits.
  return Math.abs(ratio) < TINIEST_NORMAL && ratio !== 0 ? x / (y * y) : ratio / y;
}

function exp2(x) {
  return power(2, x);
}

function xlogy(x, y) {
  return x === 0 && y === y ? 0 : x * Math.log(y);
}

// ── the error function ──

function erf(x) {
  if (Math.abs(x) >= 2) {
    return Math.sign(x) * (1 - erfc_above_two(Math.abs(x)));
  }
  // 2x/√π · e^(-x²) · (1 + 2x²/3 + (2x²)²/(3·5) + …), where no term cancels another; x² is at most 4.
  let term = 1;
  let sum = 1;
  for (let n = 3; term > sum * 1e-17; n += 2) {
    term *= (2 * x * x) / n;
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * x * Math.exp(-x * x) * sum;
}

function erfc(x) {
  return x >= 2 ? erfc_above_two(x) : 1 - erf(x);
}

function erfc_above_two(x) {
  // e^(-x²)/√π · 1/(x + ½/(x + 1/(x + 1½/(x + …)))), from the inside; 100 floors are enough for x ≥ 2.
  let rest = x;
  for (let n = 100; n > 0; n -= 1) {
    rest = x + n / 2 / rest;
  }
  const h = Math.exp((-x * x) / 2); // e^(-x²) itself is too small to keep its digits far out.
  return (h / Math.sqrt(Math.PI) / rest) * h;
}

function normal_cdf(x) {
  return erfc(-x * Math.SQRT1_2) / 2;
}

// ── activations ──

function sigmoid(x) {
  return x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
}

function softplus(x) {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

function silu(x) {
  if (x < -700) {
    const h = Math.exp(x / 2); // e^x itself is nearly too small to keep its digits.
    return h > 0 ? x * h * h : -0;
  }
  return x * sigmoid(x);
}

function gelu(x) {
  return x < -40 ? -0 : x * normal_cdf(x);
}

// ── powers ──

function power(x, y) {
  // As C's pow: 1 to any power is 1, even where JavaScript says NaN.
  return x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : Math.pow(x, y);
}

// c · x^(y - k) for a whole k ≥ 0, in range where x^(y - k) alone is not. 0 by any factor but NaN is 0.
function scaled_power(c, x, y, k) {
  const exponent = y - k;
  let p = power(x, exponent);
  const exact = exponent + k === y && Math.abs(y) < 2 ** 53;
  const normal = Math.abs(p) >= TINIEST_NORMAL && Math.abs(p) < Infinity;
  if ((exact && normal) || !(k >= 0 && k <= 64 && k === Math.floor(k))) {
    return c * p;
  }
  if (c === 0 || c !== c) {
    return c;
  }
  if (!exact) {
    // y - k was rounded, and may be odd, even or a fraction by mistake: y says which.
    const z = power(x, y);
    const whole = y === Math.floor(y);
    if (z !== z || (x < 0 && !whole)) {
      return c * (Math.abs(x) === Infinity ? p : NaN);
    }
    p = Math.abs(p);
    if (has_minus(x) && whole && has_minus(z) !== (k % 2 === 1)) {
      p = -p;
    }
  }
  const size = Math.abs(x);
  let h = power(size, y / 2);
  if (p !== p || !(h > 0 && h < Infinity && size > 0 && size < Infinity)) {
    return p === 0 ? p : c * p;
  }
  // x^y = h², of which each half stays in range: c·h and h share the divisions by x.
  let scaled = c * h;
  for (let i = 0; i < k; i += 1) {
    if ((Math.abs(scaled) < h) === (size < 1)) {
      scaled /= size;
    } else {
      h /= size;
    }
  }
  return scaled * h * (has_minus(p) ? -1 : 1);
}

function has_minus(x) {
  return x < 0 || Object.is(x, -0);
}

const TINIEST_NORMAL = 2 ** -1022;

// ── differences of exponents ──

function exp_of_difference(x, y) {
  return x === y ? 1 : Math.exp(x - y); // Two equal infinities are included, as below.
}

function share(x, y) {
  return x === y ? 0.5 : sigmoid(x - y);
}

function logaddexp(x, y) {
  return x === y ? x + Math.LN2 : Math.max(x, y) + Math.log1p(Math.exp(-Math.abs(x - y)));
}

function logsumexp(xs) {
  const top = greatest(xs);
  return top + log_of_shifted_sum([...xs, top]);
}

// The logs of the shares, without their underflow.
function log_shares(xs) {
  const top = greatest(xs);
  const rest = log_of_shifted_sum([...xs, top]);
  return xs.map((x) => (x === top ? 0 - rest : x - top - rest));
}

// log Σ e^(x - s) over all of xs but the last, which is s.
function log_of_shifted_sum(xs) {
  const terms = xs.slice(0, -1).map((x) => exp_of_difference(x, xs[xs.length - 1]));
  const own = terms.indexOf(1); // That of s itself: log1p adds it without losing small terms.
  return own < 0 ? Math.log(total(terms)) : Math.log1p(total(terms.filter((_, i) => i !== own)));
}

// ── choices from a list ──

function greatest(xs) {
  return xs.reduce((z, x) => (x > z || x !== x ? x : z), -Infinity);
}

function least(xs) {
  return xs.reduce((z, x) => (x < z || x !== x ? x : z), Infinity);
}

function ties(xs, z) {
  return xs.filter((x) => x === z).length;
}

// ── lengths ──

function norm(xs) {
  const half = xs.length >> 1;
  // A call has room for some thousands of arguments.
  return xs.length > 1000 ? Math.hypot(norm(xs.slice(0, half)), norm(xs.slice(half))) : Math.hypot(...xs);
}

function direction(x, y) {
  return x === 0 && y === 0 ? 0 : directions([x, y])[0];
}

function directions(xs) {
  const size = norm(xs);
  if (size === Infinity && xs.filter((x) => Math.abs(x) === Infinity || x !== x).length === 1) {
    // One is infinite, and the others are nothing beside it.
    const infinite = xs.map((x) => Math.abs(x) === Infinity);
    if (infinite.includes(true)) {
      return xs.map((x, i) => (infinite[i] ? 1 : 0) * (has_minus(x) ? -1 : 1));
    }
  }
  const scale = size < 1e-280 ? 1e300 : size > 1e280 ? 1e-30 : 1;
  const scaled = xs.map((x) => x * scale);
  const length = norm(scaled);
  return scaled.map((x) => x / length);
}

// ── sums, exact until they are rounded once ──

function total(xs) {
  return sum_of_shifted(xs, 0);
}

function mean(xs) {
  const sum = total(xs);
  // A sum that leaves the range has a mean that doesn't.
  return Number.isFinite(sum) ? sum / xs.length : (sum_of_shifted(xs, -100) / xs.length) * 2 ** 100;
}

function dot(xs, ys) {
  const products = xs.map((x, i) => x * ys[i]);
  if (products.every(Number.isFinite)) {
    return total(products);
  }
  const infinite = products.filter((_, i) => !Number.isFinite(xs[i]) || !Number.isFinite(ys[i]));
  if (infinite.length > 0) {
    return total(infinite);
  }
  const great = products.map((z) => !(Math.abs(z) < 2 ** 900));
  const apart = xs.map((x, i) => (great[i] ? x * 2 ** -520 * (ys[i] * 2 ** -520) : 0));
  const others = products.map((z, i) => (great[i] ? 0 : z));
  return rounded([...wholes(apart, 1040), ...wholes(others, 0)]);
}

// Σ x · 2^shift. An infinite x makes it infinite, and NaN or two opposite infinities make it NaN.
function sum_of_shifted(xs, shift) {
  const endless = xs.filter((x) => !Number.isFinite(x));
  return endless.length > 0 ? endless.reduce((sum, x) => sum + x) : rounded(wholes(xs, shift));
}

// Each x · 2^shift as [whole, exponent], for whole · 2^exponent.
function wholes(xs, shift) {
  return xs.filter((x) => x !== 0).map((x) => {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, x);
    const exponent = (bits.getUint16(0) >> 4) & 2047;
    const fraction = BigInt.asUintN(52, bits.getBigUint64(0)) + (exponent > 0 ? 2n ** 52n : 0n);
    return [x < 0 ? -fraction : fraction, Math.max(exponent, 1) - 1075 + shift];
  });
}

// The double next to the sum of such pairs.
function rounded(pairs) {
  if (pairs.length === 0) {
    return 0;
  }
  const lowest = pairs.reduce((low, [, exponent]) => Math.min(low, exponent), Infinity);
  const sum = pairs.reduce((s, [whole, exponent]) => s + (whole << BigInt(exponent - lowest)), 0n);
  // A whole number may be too great for a double. Of bits far below the last that counts, it matters only that one is 1.
  const extra = Math.max(0, 4 * sum.toString(16).length - 80);
  const kept = sum >> BigInt(extra);
  const sticky = kept << BigInt(extra) === sum ? kept : kept | 1n;
  const exponent = lowest + extra;
  const half = Math.trunc(exponent / 2); // 2^exponent may leave the range where the product doesn't.
  return Number(sticky) * 2 ** half * 2 ** (exponent - half);
}

// ── operands ──

// A row cut into so many lists of one length.
function lists(row, count) {
  const length = row.length / count;
  return Array.from({ length: count }, (_, i) => row.slice(i * length, (i + 1) * length));
}

"""Wrong answers to the exercises of the lessons, such as students give; the checks have to notice each of them."""

WRONG: dict[str, dict[str, list[str]]] = {
    "activations": {
        "softsign": [
            "def softsign(x): return x / (1.0 + abs(x)), 1.0 / (1.0 + abs(x))",
            "def softsign(x): return x / (1.0 + x), 1.0 / (1.0 + x) ** 2",
        ],
        "stable_softplus": [
            "def stable_softplus(x): return (1 + x.exp()).log()",
            "def stable_softplus(x): return maximum(x, 0.0) + x.exp().log1p()",
        ],
        "greatest_factor": ["def greatest_factor(layers): return 0.25", "def greatest_factor(n): return 0.5**n"],
    },
    "convolution": {
        "feature_map": [
            "def feature_map(image, w): return [[sum(map(sum, w))] * 6] * 6",
            "def feature_map(x, w): return [[0.0] * 8] * 8",
            "def feature_map(image, w): n = range(3); return [[sum(w[2 - r][2 - c] * image[i + r][j + c] for r in n "
            "for c in n) for j in range(6)] for i in range(6)]",
        ],
        "by_shared_weight": [
            "def by_shared_weight(x, u, k): return u[0] * x[k]",
            "def by_shared_weight(x, u, k): return sum(a * x[j] for j, a in enumerate(u))",
        ],
    },
    "gradient_descent": {
        "gradient_by_hand": [
            "def gradient_by_hand(w, b, xs, ts): n = len(xs); e = [w * x + b - t for x, t in zip(xs, ts)]; "
            "return sum(a * x for a, x in zip(e, xs)) / n, sum(e) / n",
            "def gradient_by_hand(w, b, xs, ts): e = [w * x + b - t for x, t in zip(xs, ts)]; "
            "return 2 * sum(a * x for a, x in zip(e, xs)), 2 * sum(e)",
        ],
        "steps_needed": [
            "def steps_needed(rate, curvature, part): return 1",
            "def steps_needed(rate, l, part): import math; return round(math.log(part) / math.log(abs(1 - rate * l)))",
        ],
        "newton_step": ["def newton_step(g, h): return g / h", "def newton_step(g, h): return -g"],
    },
    "iris": {
        "by_z": ["def by_z(y, t): return y - t", "def by_z(y, t): return 2 * (y - t) * y * (1 - y)"],
        "fraction_right": [
            "def fraction_right(rows, kinds): return sum(r[k] > 0.5 for r, k in zip(rows, kinds)) / len(kinds)",
            "def fraction_right(rows, kinds): return sum(r.index(max(r)) == k for r, k in zip(rows, kinds))",
        ],
    },
    "many_machines": {
        "gradient_of_all": [
            "def gradient_of_all(gradients, rows): return [sum(column) / len(rows) for column in zip(*gradients)]",
            "def gradient_of_all(gradients, rows): return [sum(column) for column in zip(*gradients)]",
        ],
        "rows_to_add": [
            "def rows_to_add(rows, devices): return devices - rows % devices",
            "def rows_to_add(rows, devices): return rows % devices",
        ],
    },
    "mnist": {
        "by_scores": [
            "def by_scores(p, digit): return [-(k == digit) / q for k, q in enumerate(p)]",
            "def by_scores(p, digit): return [(k == digit) - q for k, q in enumerate(p)]",
        ],
        "momentum_step": [
            "def momentum_step(w, v, g, rate, momentum): return w - rate * g, g",
            "def momentum_step(w, v, g, rate, m): v = m * v + (1 - m) * g; return w - rate * v, v",
            "def momentum_step(w, v, g, rate, m): return w - rate * v, m * v + g",
        ],
    },
    "moons": {
        "hinge_slope": ["def hinge_slope(s, t): return -t", "def hinge_slope(s, t): return -1.0 if t * s < 1 else 0.0"],
        "logistic_loss": [
            "def logistic_loss(s, t): return (1 + (-t * s).exp()).log()",
            "def logistic_loss(s, t): return (t * s).softplus()",
        ],
    },
    "names": {
        "by_logits": [
            "def by_logits(counts, p): return [q - n for n, q in zip(counts, p)]",
            "def by_logits(counts, p): return [n - sum(counts) * q for n, q in zip(counts, p)]",
        ],
        "perplexity": [
            "def perplexity(p): return len(p) / sum(p)",
            "def perplexity(p): return -sum(map(math.log, p)) / len(p)",
        ],
    },
    "recurrent_backprop": {
        "by_w": ["def by_w(w, y): return (1 - y * y) * y", "def by_w(w, y): return (1 - y * y) * y / (1 - w)"],
        "fixed_point": [
            "def fixed_point(f, y, tolerance): return f(y)",
            "def fixed_point(f, y, tolerance):\n    for _ in range(999): y = f(y)\n    return y",
        ],
    },
    "sequences": {
        "by_first_state": [
            "def by_first_state(w, states): return w ** len(states)",
            "def by_first_state(w, states): return math.prod(1 - h * h for h in states)",
            "def by_first_state(w, states): return w * (1 - states[-1] ** 2)",
        ],
        "clipped": [
            "def clipped(gradient, most): return [max(-most, min(g, most)) for g in gradient]",
            "def clipped(gradient, most): return [g * most / math.hypot(*gradient) for g in gradient]",
        ],
    },
    "toy_network": {
        "by_w1": [
            "def by_w1(x, w1, b1, w2, b2, t): h = 1 / (1 + math.exp(-(x * w1 + b1))); "
            "return 2 * (h * w2 + b2 - t) * w2 * x",
            "def by_w1(x, w1, b1, w2, b2, t): h = 1 / (1 + math.exp(-(x * w1 + b1))); "
            "return (h * w2 + b2 - t) * w2 * h * (1 - h) * x",
        ],
        "descend": [
            "def descend(weights, rate):\n    for w in weights: w.data -= rate * w.grad",
            "def descend(weights, rate):\n    for w in weights: w.data += rate * w.grad; w.grad = 0.0",
            "def descend(weights, rate):\n    for w in weights: w.grad = 0.0; w.data -= rate * w.grad",
        ],
        "central_difference": [
            "def central_difference(f, x, step): return (f(x + step) - f(x)) / step",
            "def central_difference(f, x, step): return (f(x + step) - f(x - step)) / step",
        ],
    },
    "xor": {
        "by_two_units": [
            "def by_two_units(a, b): return (a - b).relu()",
            "def by_two_units(a, b): return a + b - 2 * (a * b)",
            "def by_two_units(a, b): return abs(a - b)",
        ],
        "slopes": [
            "def slopes(ys, ts): return [2 * (y - t) for y, t in zip(ys, ts)]",
            "def slopes(ys, ts): return [(y - t) / len(ys) for y, t in zip(ys, ts)]",
        ],
        "number_of_parameters": ["def number_of_parameters(nin, hidden): return hidden * nin + hidden"],
    },
}

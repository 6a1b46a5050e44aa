"""The network x → h → y, its gradient and its training: read it from top to bottom, or run it cell by cell.

python demos/toy_network.py --out pictures
"""

# %% [markdown]
# # One hidden unit, by hand and by the engine
#
# This small network has one input x, one hidden unit h and one output y:
#
#     z1 = x·w1 + b1      h = σ(z1)
#     z2 = h·w2 + b2      y = σ(z2)
#     L  = (y − t)²
#
# We want ∂L/∂w1, ∂L/∂b1, ∂L/∂w2, ∂L/∂b2, so that gradient descent can move the four weights.

# %%
import math
import random
from collections.abc import Callable

from lesson import agree, check, compare, parser, save, show, words

from autograd import Stepper, Value, draw, explain, formula
from autograd.check import gradcheck, numerical_grad
from autograd.show.pictures.chart import draw_curves

made = parser(
    "This lesson goes through the smallest network, x → h → y, number by number. You see the chain rule at every "
    "node, three ways to the same gradient, and the training.",
    epochs=1000,
)
options = words(made)

# %% [markdown]
# ## Forward
#
# Each node is a `Value`. Arithmetic on Values returns Values that record their operation and operands.

# %%
x, t = Value(1.0, label="x"), Value(0.2, label="t")
draws = random.Random(options.seed)
w1, b1, w2, b2 = (Value(draws.uniform(-1.0, 1.0), label=name) for name in ("w1", "b1", "w2", "b2"))
weights = [w1, b1, w2, b2]


def forward() -> tuple[Value, Value, Value, Value, Value]:
    """The nodes z1, h, z2, y and L of a new graph."""
    z1 = x * w1 + b1
    h = z1.sigmoid()
    z2 = h * w2 + b2
    y = z2.sigmoid()
    loss = (y - t) ** 2
    for v, name in zip((z1, h, z2, y, loss), ("z1", "h", "z2", "y", "L"), strict=True):
        v.label = name
    return z1, h, z2, y, loss


z1, h, z2, y, loss = forward()
print("forward")
for v in (z1, h, z2, y, loss):
    print(f"  {v.label:2} = {v.data:.6f}")

# %% [markdown]
# ## Backward, one local derivative at a time
#
# The chain rule goes backward from L. Every node has its local derivatives, and the formulas that they come from. The
# slope of a sigmoid is written with its output: h·(1 − h) at z1, and y·(1 − y) at z2.

# %%
loss.backward()
slopes = [f"σ'({z.label}) = {formula.partial_text(v, 0, name=v.label)}" for z, v in ((z1, h), (z2, y))]
print(f"\nbackward, with {' and '.join(slopes)}")
print(f"  ∂L/∂y  = {y.grad:.6f}")
print(f"  ∂L/∂z2 = ∂L/∂y · {formula.partial_text(y, 0, numbers=True)} = {z2.grad:.6f}")
print(f"  ∂L/∂w2 = ∂L/∂z2 · h  = {w2.grad:.6f}")
print(f"  ∂L/∂b2 = ∂L/∂z2      = {b2.grad:.6f}")
print(f"  ∂L/∂h  = ∂L/∂z2 · w2 = {h.grad:.6f}")
print(f"  ∂L/∂z1 = ∂L/∂h · {formula.partial_text(h, 0, numbers=True)} = {z1.grad:.6f}")
print(f"  ∂L/∂w1 = ∂L/∂z1 · x  = {w1.grad:.6f}")
print(f"  ∂L/∂b1 = ∂L/∂z1      = {b1.grad:.6f}")

# %% [markdown]
# ∂L/∂z2 was computed once and used three times, and ∂L/∂z1 was computed once and used twice. This is backpropagation.
#
# ## Why is it this number?
#
# `explain` writes ∂L/∂w1 as the product of the local derivatives on the way from L to w1. The smallest factors are the
# slopes of the two sigmoids, about ¼. `Stepper` goes through the graph one step at a time, forward and then backward.
# These are its steps from L back to w1; the others lead to the other weights and to x and t.

# %%
print()
show(explain(loss, w1))
print()
for step in Stepper(loss):
    if step.phase == "backward" and step.touched in ("y", "z2", "h", "z1", "w1"):
        print(step)

# %% [markdown]
# In a notebook, a `Stepper` is shown as a page: play the steps, choose a node, change a number, or let yourself be
# asked for the next one. Here h has just been computed.

# %%
walk = Stepper(loss)
walk.to("h")
print()
show(walk)

# %% [markdown]
# ## Is it right?
#
# Derived on paper, with δ2 = 2(y − t)·y(1 − y) and δ1 = δ2·w2·h(1 − h), the four derivatives are δ1·x, δ1, δ2·h, δ2.
# Central differences need no derivation, only two more evaluations of the loss for each weight.

# %%
d2 = 2 * (y.data - t.data) * y.data * (1 - y.data)
d1 = d2 * w2.data * h.data * (1 - h.data)
by_hand = [d1 * x.data, d1, d2 * h.data, d2]
by_differences = numerical_grad(lambda *_: forward()[-1], weights)
print("\n          by hand   differences      backward")
for w, hand, difference in zip(weights, by_hand, by_differences, strict=True):
    print(f"  {w.label} {hand:>13.8f} {difference:>13.8f} {w.grad:>13.8f}")

print("\nor, in one call, gradcheck")
print(gradcheck(lambda *_: forward()[-1], weights))

# %% [markdown]
# ## The picture
#
# Weights have one colour, inputs another, and the loss is at the right. Every box shows the data and the gradient.

# %%
before = draw(loss, parameters=weights)
print()
save(before, options.out / "toy_network-before.svg")

# %% [markdown]
# ## Training
#
# Each iteration goes forward and backward, and then takes a step against the gradient.

# %%
gradients = [w.grad for w in weights]
losses = []
while True:
    z1, h, z2, y, loss = forward()
    losses.append(loss.data)
    for w in weights:
        w.grad = 0.0
    loss.backward()
    if loss.data < 1e-6 or len(losses) > options.epochs:
        break
    for w in weights:
        w.data -= 1.0 * w.grad

print(f"\nafter {len(losses) - 1} steps: L = {loss.data:.2e}, y = {y.data:.4f} for t = {t.data}")
save(draw(loss, parameters=weights), options.out / "toy_network-after.svg")
save(draw_curves(losses, title="loss", across="step"), options.out / "toy_network-loss.svg")

# %% [markdown]
# ## Comparison with the derivation on paper

# %%
compare(
    [
        *(
            (f"∂L/∂{w.label} before training", f"{hand:.10f}", f"{found:.10f}")
            for w, hand, found in zip(weights, by_hand, gradients, strict=True)
        ),
        ("y after training", f"{t.data}", f"{y.data:.4f}"),
    ],
    tutorial="by hand",
)

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. Let the output be linear, y = z2, with h = σ(z1) and L = (y − t)² as before. What is ∂L/∂w1?


# %% answer
def by_w1(x: float, w1: float, b1: float, w2: float, b2: float, t: float) -> float:
    """∂L/∂w1 for h = σ(x·w1 + b1), y = h·w2 + b2 and L = (y − t)², without the engine."""
    h = 1 / (1 + math.exp(-(x * w1 + b1)))
    y = h * w2 + b2
    return 2 * (y - t) * w2 * h * (1 - h) * x


# %%
@check
def by_w1_is_right() -> None:
    for numbers in ([1.0, 0.5, 0.0, -0.5, 0.1, 0.2], [-2.0, 0.3, 0.4, 1.5, -1.0, 0.9]):
        x, w1, b1, w2, b2, t = nodes = [Value(v) for v in numbers]
        (((x * w1 + b1).sigmoid() * w2 + b2 - t) ** 2).backward()
        agree(by_w1(*numbers), nodes[1].grad, f"at x, w1, b1, w2, b2, t = {numbers}")


# %% [markdown]
# 2. Write a step of gradient descent: each weight moves against its gradient, times the learning rate. Afterwards all
#    gradients are 0, because `backward` adds to them.


# %% answer
def descend(weights: list[Value], rate: float) -> None:
    """Change the data of each weight by one step of gradient descent, and set its gradient to 0."""
    for w in weights:
        w.data -= rate * w.grad
        w.grad = 0.0


# %%
@check
def descend_is_right() -> None:
    u, v = weights = [Value(1.0), Value(-2.0)]
    for data in ([0.8, -1.6], [0.64, -1.28]):
        (u * u + v * v).backward()
        descend(weights, 0.1)
        agree([w.data for w in weights], data, "after a step of 0.1 down u² + v²")
        agree([w.grad for w in weights], [0.0, 0.0], "the gradients after the step")


# %% [markdown]
# 3. A central difference is the slope between two points, at equal distances on both sides. Write it for a function of
#    one number.


# %% answer
def central_difference(f: Callable[[float], float], x: float, step: float) -> float:
    """The slope of f between x - step and x + step."""
    return (f(x + step) - f(x - step)) / (2 * step)


# %%
@check
def central_difference_is_right() -> None:
    agree(central_difference(lambda x: x * x, 3.0, 0.5), 6.0, "x² at 3, where it has no error")
    agree(central_difference(lambda x: x**3, 1.0, 0.1), 3.01, "x³ at 1 with a step of 0.1")

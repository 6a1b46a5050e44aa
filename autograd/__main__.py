"""The command line: `python -m autograd` tells the toy network, `draw` draws an expression, `step` walks through it."""

import argparse
import io
import math
import os
import random
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from autograd import COMPILED, __version__
from autograd.engine.number import short
from autograd.engine.value import Value
from autograd.formula.parse import read
from autograd.functional import topological_order
from autograd.show.chart import curve
from autograd.show.draw import draw
from autograd.show.picture import FORMATS, Drawing
from autograd.show.terminal import KEYS, walk
from autograd.toy import WEIGHTS, Toy


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status: 0, or 2 after one clear line for a wrong call."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "toy")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # not every terminal knows σ
    try:
        options = _read(words)
        options.run(options)
        print(end="", flush=True)
    except BrokenPipeError:  # whoever read along has seen enough, as after SIGPIPE
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, RuntimeError, OSError, OverflowError) as error:
        print(f"autograd {words[0]}: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _read(words: list[str]) -> argparse.Namespace:
    parser, of_expressions = _parsers()
    if words[0] not in of_expressions:
        return parser.parse_args(words)
    # An option may stand between the numbers, and an expression may open with a minus sign.
    end = words.index("--") if "--" in words else len(words)
    shielded = [f" {w}" if w.startswith("-") and not _is_option(w) else w for w in words[1:end]]
    return of_expressions[words[0]].parse_intermixed_args(shielded + words[end:])


def _is_option(word: str) -> bool:
    """-o and -h, -og.svg, and whatever reads like --name or --name=value."""
    spelt_out = re.fullmatch(r"--[a-z]{2,}(=.*)?", word) is not None
    return word in ("-o", "-h") or spelt_out or (word.startswith("-o") and Path(word).suffix in FORMATS)


class _Parser(argparse.ArgumentParser):
    """A parser that answers a wrong call with one line instead of a page."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help explains\n")


class _Version(argparse.Action):
    """Prints which version this is, which build of it and where it lies, on one line however long."""

    def __call__(self, *_: object) -> None:
        kind = "compiled" if COMPILED else "pure Python"
        print(f"scalar-autograd {__version__}, {kind}, in {Path(__file__).parent}")
        raise SystemExit


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    """That of all commands, and those of the commands that take an expression."""
    parser = _Parser(
        prog="python -m autograd",
        description="A scalar autodiff engine at work. Without a command, the toy network is told.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="say which version and which build this is")
    commands = parser.add_subparsers(metavar="command", required=True)

    toy = commands.add_parser(
        "toy",
        help="the network x → h → y: three ways to its gradient, its training, its pictures",
        description="Builds h = σ(x·w1 + b1), y = σ(h·w2 + b2), L = (y − t)², compares three ways to the gradient, "
        "trains by gradient descent and writes the graph before and after, and the loss curve, as SVG.",
    )
    toy.add_argument("--x", type=_number, default=1.0, help="the input; %(default)s")
    toy.add_argument("--target", type=_number, default=0.2, help="what y should become, between 0 and 1; %(default)s")
    for name in WEIGHTS:
        toy.add_argument(f"--{name}", type=_number, help="its initial value; drawn between −1 and 1")
    toy.add_argument("--lr", type=_number, default=1.0, help="the learning rate; %(default)s")
    toy.add_argument("--steps", type=_count, default=10_000, help="at most so many steps; %(default)s")
    toy.add_argument("--threshold", type=_number, default=1e-6, help="stop when the loss is below; %(default)s")
    toy.add_argument("--seed", type=int, default=1, help="what the initial values are drawn with; %(default)s")
    toy.add_argument("--out", type=Path, default=Path(), help="the folder for the pictures; the current one")
    toy.set_defaults(run=_toy)

    drawing = commands.add_parser(
        "draw",
        help="any expression as a picture of its graph",
        description='Draws an expression: python -m autograd draw "tanh(w*x+b)" w=2 x=-1 b=0.5 -o g.svg',
    )
    drawing.add_argument(
        "-o", "--out", type=Path, default=Path("graph.svg"), help="the picture, .svg, .png or .dot; %(default)s"
    )
    drawing.add_argument("--partials", action="store_true", help="write the local derivatives on the edges")
    drawing.set_defaults(run=_draw)

    stepping = commands.add_parser(
        "step",
        help="an expression forward and backward, one number at a time",
        description='Walks through an expression: python -m autograd step "tanh(w*x+b)" w=2 x=-1 b=0.5. In a terminal '
        f"{KEYS}; in a pipe all steps are printed.",
    )
    stepping.set_defaults(run=_step)
    for command in (drawing, stepping):
        command.add_argument("expression", help="numbers, names, + - * / ** and the operations, as in tanh(w*x+b)")
        command.add_argument(
            "numbers", nargs="*", metavar="name=number", type=_assignment, help="a number for each name"
        )
    return parser, {"draw": drawing, "step": stepping}


# ── what a word on the command line may be ──


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise argparse.ArgumentTypeError(f"{text} is not finite")
    return number


_number.__name__ = "number"  # argparse names the type in its errors


def _count(text: str) -> int:
    count = int(text)
    if count < 0:
        raise argparse.ArgumentTypeError(f"{text} is negative")
    return count


_count.__name__ = "count"


def _assignment(text: str) -> tuple[str, float]:
    name, equals, number = text.partition("=")
    try:
        if equals and name.isidentifier():
            return name, float(number)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text.strip()!r} is not of the form name=number")


# ── draw and step ──


def _expression(options: argparse.Namespace) -> Value:
    """The graph that was asked for."""
    numbers = dict(options.numbers)
    if len(numbers) < len(options.numbers):
        raise ValueError("a name is given two numbers; give each one")
    return read(options.expression, numbers)


def _step(options: argparse.Namespace) -> None:
    from autograd.show.stepper import Stepper  # which no other command has to wait for

    root = _expression(options)
    root.label = root.label or "z"
    walk(Stepper(root))


def _draw(options: argparse.Namespace) -> None:
    root = _expression(options)
    root.label = root.label or options.expression.strip()
    root.backward()
    path = draw(root, partials=options.partials).save(options.out)
    given = dict(options.numbers)
    print(f"{options.expression.strip()} = {root.data!r}")
    for v in topological_order(root):
        if v.label in given and not v.operands:
            print(f"  d/d{v.label} = {v.grad!r}")
    print(f"wrote {path}")


# ── toy ──


def _toy(options: argparse.Namespace) -> None:
    draws = random.Random(options.seed)
    weights = {name: draws.uniform(-1.0, 1.0) for name in WEIGHTS}
    weights.update({name: given for name in WEIGHTS if (given := getattr(options, name)) is not None})
    toy = Toy(x=options.x, target=options.target, **weights)
    options.out.mkdir(parents=True, exist_ok=True)

    print("The network   h = σ(x·w1 + b1)   y = σ(h·w2 + b2)   L = (y − t)²")
    print(", ".join(f"{v.label} = {short(v.data)}" for v in (toy.x, toy.target, *toy.weights)))
    print()
    _show_gradients(toy)
    print()
    _show_shared_factors(toy)
    print()
    before = _picture(toy)
    losses = _train(toy, options.lr, options.steps, options.threshold)
    print()
    for name, picture in (("before", before), ("after", _picture(toy))):
        print(f"wrote {picture.save(options.out / f'toy-{name}.svg')}")
    print(f"wrote {curve(losses, title='loss', across='step').save(options.out / 'toy-loss.svg')}")


def _show_gradients(toy: Toy) -> None:
    print("The gradient, three ways, and how far (Δ) the first two are from the third")
    print(f"  {'':5}{'by hand':>12}{'differences':>13}{'backward':>12}{'Δ by hand':>12}{'Δ differences':>15}")
    for name, hand, differences, backward in toy.gradients():
        print(
            f"  ∂L/∂{name}{hand:>11.8f}{differences:>13.8f}{backward:>12.8f}"
            f"{hand - backward:>12.1e}{differences - backward:>15.1e}"
        )
    hand, differences, backward = map(toy.cost, (toy.by_hand, toy.by_differences, toy.by_backward))
    print(f"  evaluations of the loss: {hand} by hand, {differences} by differences, two for each step tried,")
    print(f"  {backward} by backward, and one sweep back over the graph for all weights at once")


def _show_shared_factors(toy: Toy) -> None:
    named = toy.forward()
    toy.zero_grad()
    named["L"].backward()
    d2, d1 = named["z2"].grad, named["z1"].grad
    w1, b1, w2, b2 = (w.grad for w in toy.weights)
    print("What backpropagation computes once and uses again")
    print(f"  δ2 = ∂L/∂z2 = 2(y − t)·y(1 − y)   = {d2:>11.8f}   for w2, b2 and δ1")
    print(f"  δ1 = ∂L/∂z1 = δ2·w2·h(1 − h)      = {d1:>11.8f}   for w1 and b1")
    print(f"  ∂L/∂w2 = δ2·h = {w2:.8f}   ∂L/∂b2 = δ2 = {b2:.8f}")
    print(f"  ∂L/∂w1 = δ1·x = {w1:.8f}   ∂L/∂b1 = δ1 = {b1:.8f}")


def _train(toy: Toy, lr: float, steps: int, threshold: float) -> list[float]:
    print(f"Gradient descent, learning rate {short(lr)}, until the loss is below {threshold:g}")
    losses: list[float] = []
    live = sys.stdout.isatty()
    for step, loss in enumerate(toy.train(lr=lr, steps=steps, threshold=threshold)):
        losses.append(loss)
        if live or _worth_a_line(step):
            print(f"{chr(13) if live else ''}  step {step:>6}   loss {loss:.3e}", end="" if live else "\n", flush=live)
    end = f"loss {losses[-1]:.3e}, y = {toy.forward()['y'].data:.6f}"
    print(f"{chr(10) if live else ''}  after {len(losses) - 1} steps: {end}")
    if not losses[-1] < threshold:
        print(f"  not below {threshold:g}; try more --steps, another --lr, another --seed")
    return losses


def _worth_a_line(step: int) -> bool:
    """In a pipe the progress is told at 0, 1, 2, 5, 10, 20, 50, 100 …"""
    return step == 0 or str(step).rstrip("0") in ("1", "2", "5")


def _picture(toy: Toy) -> Drawing:
    toy.zero_grad()
    loss = toy.loss()
    loss.backward()
    return draw(loss, parameters=toy.weights)


if __name__ == "__main__":
    sys.exit(main())

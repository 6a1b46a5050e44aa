"""The sentences of steps as templates with slots for numbers, which a page fills with new numbers by `sentences.js`.

>>> from autograd import Tape, Value
>>> h = Value(0.35, label="z1").sigmoid()
>>> h.label = "h"
>>> made = sentences(Names(Tape(h)), 1)
>>> made["names"], made["numbers"], made["formulas"]
('sigmoid(z1)', [[0, {'': ['sigmoid(', ')'], '-': ['sigmoid(-', ')']}]], [[['h·(1 - h)']]])

In JavaScript, `script(["sigmoid"])` has, besides the `rules` of `formula/javascript.py`:

- `forward_line(made, row, z)`: the text of a forward step of a node, with the data of its operands in one row;
- `backward_line(root, made, position, step)`: the text of a backward step, where root is a name, and step has the
  numbers `upstream`, `partial`, `value` (their product), `before` (or null) and `grad`, and what the rule returned;
- `gradient_of(root, made, position)`: the same in names alone; `short(x, digits)`: one number.

They are the lines of `lines.py`, on one line each, in as many digits as `digits.py` finds needed.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from autograd.formula.javascript import javascript
from autograd.formula.text import case_texts
from autograd.show.digits import SUMS, kept_positions
from autograd.show.lines import Calculation, Shape, calculation, in_names, in_numbers, shape
from autograd.show.names import Names

Slot: TypeAlias = list[Any]
"""The position of an operand, or -1 for the sum of those left out; and the texts before and after it, by the form of
its number: "" for any, "-" and "e" for one with a minus or an exponent, and a digit for one that is written as a
power."""
Template: TypeAlias = list[str | Slot]
_FORMS: Final = {"": "{}.5", "-": "-{}.5", "e": "{}.5e+30"}
_NUMBER: Final = re.compile(r"8\d{5}\.5(?:e\+30)?")
"""Placeholders: numbers that aren't whole, each of which is found in the text again."""
HIDDEN: Final = -1


def sentences(names: Names, place: int) -> dict[str, Any]:
    """The sentences of the node at a place, as plain data for JSON.

    - `node`, `op`, `operands`: its name, its rule (empty for a leaf), and the names of its operands;
    - `names`: its calculation in names; `numbers`: the same as a template; `kept`: the operands that have a number;
    - `formulas`: for each operand that gets a gradient, else None: the formulas of the local derivative in each case of
      the rule, two where it chooses element by element.
    """
    tape = names.tape
    return of_calculation(calculation(names, place), [not tape.is_constant(k) for k in tape.operands_of(place)])


def of_calculation(made: Calculation, gets: Sequence[bool]) -> dict[str, Any]:
    """The sentences of one calculation, with formulas for the operands that get a gradient."""
    op, count = made.operation, len(made.data)
    found: dict[str, Any] = {"node": made.node, "op": op, "operands": [*made.operands]}
    if not op:
        return found
    found |= {"names": in_names(made), "numbers": template(shape(made)), "kept": kept_positions(op, count)}
    formulas = [case_texts(op, count, i, made.operands, made.node) if of else None for i, of in enumerate(gets)]
    return found | {"formulas": formulas}


def script(operations: Iterable[str]) -> str:
    """The text of JavaScript that writes sentences of these operations, with their rules.

    ValueError for an unknown operation, and for one whose source can't be read.
    """
    own = Path(__file__).with_name("sentences.js").read_text(encoding="utf-8")
    return f"{javascript(operations, words=['total'])}\n\n{own}"


@cache
def template(of: Shape) -> Template:
    """An operation on numbers.

    >>> template(Shape("subtract", 2))
    [[0, {'': ['', ''], '-': ['-', '']}], [1, {'': [' - ', ''], '-': [' + ', '']}]]
    """
    kept = kept_positions(of.operation, of.size)
    positions = kept if len(kept) == of.size or of.operation not in SUMS else [*kept, HIDDEN]
    plain, slots = _split(of, positions, {})

    def ways(i: int) -> dict[str, list[str]]:
        return {form: _split(of, positions, {i: text})[0] for form, text in _written_as(of.operation, i).items()}

    return [[i, _joints(j, plain, slots, ways(i))] for j, i in enumerate(slots)] or [plain[0]]


def _written_as(op: str, position: int) -> dict[str, str]:
    """The forms of a number that may be joined to the text around it in a way of their own."""
    return _FORMS | ({digit: digit for digit in "0123456789"} if op == "power" and position == 1 else {})


def _split(of: Shape, positions: list[int], forms: Mapping[int, str]) -> tuple[list[str], list[int]]:
    """The texts between the numbers of an operation, and the positions of these, some numbers in other forms."""

    def placeholder(i: int) -> str:
        return forms.get(i, _FORMS[""]).format(f"8{positions.index(i):05}")

    text = in_numbers(of, placeholder, placeholder(HIDDEN) if HIDDEN in positions else "")
    return _NUMBER.split(text), [positions[int(number[1:6])] for number in _NUMBER.findall(text)]


def _joints(j: int, plain: list[str], slots: list[int], ways: Mapping[str, list[str]]) -> dict[str, Any]:
    """The texts before and after a slot by the form of its number, of one digit the whole text, where they differ."""
    last, followed = j + 1 == len(slots), slots[j : j + 2] == [slots[j]] * 2
    usual = [plain[j], plain[-1] if last else ""]
    found: dict[str, Any] = {"": usual}
    for form, texts in ways.items():
        # The text between two slots is that of the second, but for what the first adds to it.
        after = texts[-1] if last else "" if followed else texts[j + 1].removesuffix(plain[j + 1])
        joints = texts[j] if form.isdigit() else [texts[j], after]
        if joints != usual and not (form.isdigit() and len(texts) == len(plain)):
            found[form] = joints
    return found

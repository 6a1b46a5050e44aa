"""Damaged files, and saves that are killed.

>>> from tests.attack import files
>>> files.attempt("model: end 40").outcome
'ValueError'
>>> files.attempt("model: leave").outcome
'loaded'

A damaged file is refused with its name, and changes nothing; what is loaded from one is what the file says. A file that
a killed save has left is the old one or the new one.
"""

import json
import os
import re
import signal
import struct
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Final

from autograd import nn, state
from tests.attack.answer import Answer
from tests.attack.hostile import texts_in
from tests.attack.intact import disorder

sys.path.insert(0, str(Path(__file__).parents[2] / "demos"))
from lesson import idx

DIGEST: Final = state.DIGEST
SLOWEST_KILL: Final = 0.02
"""Seconds until a save is killed; it takes a thousandth, mostly."""
JSON: Final = (
    *texts_in(r"""
        "F64"  "F32"  "BF16"  "I64"  "BOOL"  "F8_E5M2"  null  true  0  -1  1.5  1e400  NaN  ""  []  {}  [0, 0]  [0, 16]
        [16, 0]  [-8, 8]  [0, 1e3]  [2, 2]  [4]  [0, 18446744073709551616]  [1, 1, 1, 4]  [9223372036854775807, 2]
        "\ud800"  {"format": "pt"}  {"a": {"b": "c"}}  [[[[0]]]]  {"dtype": "F64", "shape": [1], "data_offsets": [0, 8]}
    """),
    *("[" * 3000, '"' + "a" * 5000 + '"'),
)
"""Texts in the place of one of a header's."""
IDX: Final = "train-images-idx3-ubyte"


def texts(rng: Random) -> Iterator[str]:
    """Damages without end."""
    while True:
        kind = rng.choice(("model", "model", "model", "digits", "digits", "kill"))
        if kind == "kill":
            yield f"kill after {SLOWEST_KILL * rng.random() ** 2:.6f} seconds"
        else:
            yield f"{kind}: " + ", ".join(_damage(rng, kind) for _ in range(rng.choice((1, 1, 1, 2, 3))))


def _damage(rng: Random, kind: str) -> str:
    place = rng.randrange(1000)
    ways = ["flip {} {}", "end {}", "byte {} {}", "insert {} {}", "length {}", "repeat {}"]
    if kind == "model":
        ways += ["json {} {}"] * 4 + ["without {}", "twice {}"]
    return rng.choice(ways).format(place, rng.randrange(256))


def damaged(content: bytes, how: str) -> bytes:
    """The content of a file with one damage; places are counted beyond its end from its start again."""
    word, place, more = (*how.split(), "0", "0")[:3]
    at, byte = int(place) % max(1, len(content)), int(more)
    changes: dict[str, Callable[[], bytes]] = {
        "leave": lambda: content,
        "flip": lambda: content[:at] + bytes([content[at] ^ (1 << byte % 8)]) + content[at + 1 :],
        "end": lambda: content[:at],
        "byte": lambda: content[:at] + bytes([byte]) + content[at + 1 :],
        "insert": lambda: content[:at] + bytes([byte]) * (1 + byte % 9) + content[at:],
        "length": lambda: struct.pack("<Q", [int(place), 2**31, 2**63, 2**64 - 1, 0][byte % 5]) + content[8:],
        "repeat": lambda: content + content[at:],
        "json": lambda: _with_header(content, lambda header: _replaced(header, int(place), byte)),
        "without": lambda: _with_header(content, lambda header: _without(header, int(place))),
        "twice": lambda: _with_header(content, lambda header: header[:-1] + ", " + header[1:]),
    }
    return changes[word]() if content else content


def _with_header(content: bytes, change: Callable[[str], str]) -> bytes:
    length = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else 0
    header = change(content[8 : 8 + length].decode("utf-8", "replace")).encode("utf-8", "surrogatepass")
    return struct.pack("<Q", len(header)) + header + content[8 + length :]


_PARTS: Final = re.compile(r'"[^"]*"|\[[^\[\]]*\]|-?\d+')


def _replaced(header: str, place: int, other: int) -> str:
    """The header with another text in the place of a string, a list or a number."""
    parts = [*_PARTS.finditer(header)]
    if not parts:  # Another damage came first.
        return JSON[other % len(JSON)]
    part = parts[place % len(parts)]
    return header[: part.start()] + JSON[other % len(JSON)] + header[part.end() :]


def _without(header: str, place: int) -> str:
    try:
        entries = list(json.loads(header).items())
        del entries[place % len(entries)]
        return json.dumps(dict(entries))
    except (ValueError, AttributeError, ZeroDivisionError, RecursionError):  # Another damage came first.
        return header


def attempt(text: str) -> Answer:
    """What comes of a damaged file, and how that breaks the rules."""
    if text.startswith("kill"):
        return _killed(float(text.split()[2]))
    kind, _, damages = text.partition(": ")
    answer = (_model if kind == "model" else _digits)(damages.split(", "))
    return Answer(answer.outcome, answer.fault or disorder())


# ── models ──


def _model(damages: list[str]) -> Answer:
    saved, other, path = _mlp(1), _mlp(2), Path("damaged.safetensors")
    content = _saved()
    for how in damages:
        content = damaged(content, how)
    path.write_bytes(content)
    before, wanted = _numbers(other), _numbers(saved)
    try:
        state.load(other, path)
    except ValueError as error:
        fault = "" if str(path) in str(error) else f"the error doesn't name the file: {error}"
        changed = "" if _numbers(other) == before else "a refused file has changed the model"
        return Answer("ValueError", fault or changed)
    except Exception as error:
        return Answer(type(error).__name__, f"{type(error).__name__}: {error}")
    if _numbers(other) != wanted and DIGEST.encode() in content:
        return Answer("loaded", f"a damaged file is loaded: {_numbers(other)}")
    return Answer("loaded")


@cache
def _saved() -> bytes:
    path = Path("whole.safetensors")
    state.save(_mlp(1), path)
    return path.read_bytes()


def _mlp(seed: int) -> nn.MLP:
    return nn.MLP(2, [2, 1], rng=Random(seed))


def _numbers(model: nn.MLP) -> list[float]:
    return [p.data for p in model.parameters()]


# ── images ──


def _digits(damages: list[str]) -> Answer:
    folder = Path("digits")
    folder.mkdir(exist_ok=True)
    for part, count in (("train", 5), ("t10k", 2)):
        images = struct.pack(">4I", idx.IMAGES, count, 3, 2) + bytes(range(6 * count))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(images)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", idx.LABELS, count) + bytes(count))
    content = (folder / IDX).read_bytes()
    for how in damages:
        content = damaged(content, how)
    (folder / IDX).write_bytes(content)
    try:
        train, _ = idx.load(folder)
    except ValueError as error:
        return Answer("ValueError", "" if str(folder) in str(error) else f"the error doesn't name the file: {error}")
    except Exception as error:
        return Answer(type(error).__name__, f"{type(error).__name__}: {error}")
    whole = (train.rows, train.columns, len(train), train.pixels) == (3, 2, 5, content[16:]) and len(content) == 46
    return Answer("loaded", "" if whole else "a damaged file is loaded")


# ── killed saves ──


def _killed(seconds: float) -> Answer:
    """Kill a process that saves two models in turn; the file is one of them afterwards."""
    path, models = Path("killed.safetensors"), (_mlp(1), _mlp(2))
    state.save(models[0], path)
    parent, child = os.getpid(), os.fork()
    if not child:
        while os.getppid() == parent:  # It is killed first, unless its parent is.
            for model in models:
                state.save(model, path)
        os._exit(0)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    found = _mlp(3)
    try:
        state.load(found, path)
    except Exception as error:
        return Answer("", f"a killed save has left a file that can't be loaded: {error}")
    finally:
        for draft in Path().glob(".*.part"):
            draft.unlink()
    return Answer("", "" if _numbers(found) in map(_numbers, models) else "a killed save has left another model")

"""The measuring process: it reads commands as JSON lines and answers each with one line."""

import gc
import importlib
import importlib.util
import json
import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib.machinery import EXTENSION_SUFFIXES
from types import ModuleType
from typing import Any, Final

import autograd
from autograd import Value
from tests.benchmarks import growth, public, timing, wide
from tests.benchmarks.contender import MissingRivalError, Program, require

_programs: Final[dict[tuple[str, str], Program]] = {}
_repeats: Final[dict[tuple[str, str, bool], int]] = {}


def identify() -> dict[str, Any]:
    """The package that this process imports, its COMPILED, and whether it really is compiled."""
    value = sys.modules[Value.__module__].__file__ or ""
    return {
        "file": autograd.__file__,
        "compiled": bool(getattr(autograd, "COMPILED", False)),
        "value": value,
        "extension": value.endswith(tuple(EXTENSION_SUFFIXES)),
    }


def pin() -> dict[str, Any]:
    timing.keep_to_one_core()
    return {}


def _own_copy(work: str) -> ModuleType:
    # The interpreter specialises bytecode for the types that it meets, so contenders with common code would slow each
    # other down.
    found = importlib.util.find_spec(f"tests.benchmarks.{work}")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def prepare(work: str, contender: str, quick: bool) -> dict[str, Any]:
    """Make the program of a contender; return its results, or the reason why there are none."""
    chosen = next(c for c in _own_copy(work).WORK.contenders if c.name == contender)
    if chosen.needs:
        try:
            require(chosen.needs)
        except MissingRivalError as error:
            return {"missing": str(error)}
    program = chosen.make(quick)
    _programs[work, contender] = program
    results = program.results()
    # PyTorch and JAX keep a quarter of a million objects. The collector would visit them in the rounds of all
    # contenders, which would be several times slower than in their own process, so they are set aside.
    gc.collect()
    gc.freeze()
    return {"results": results, "nodes": program.nodes, "compile_seconds": program.compile_seconds}


def measure_round(work: str, contender: str, collector: bool, seconds: float) -> dict[str, Any]:
    """The seconds per run, over as many runs as last about the given seconds."""
    run = _programs[work, contender].run
    key = work, contender, collector
    with timing.collector(collector):
        if key not in _repeats:
            _repeats[key] = timing.repeats_for(run, seconds)
    with timing.collector(collector):
        return {"seconds": timing.seconds_for(run, _repeats[key]) / _repeats[key]}


def _of_programs(name: str) -> Callable[..., dict[str, Any]]:
    """A command of the second table, whose module needs NumPy and is loaded when it is first asked for."""

    def command(**arguments: Any) -> dict[str, Any]:
        module = importlib.import_module("tests.benchmarks.programs.measuring")
        answer: dict[str, Any] = getattr(module, name)(**arguments)
        return answer

    return command


COMMANDS: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "identify": identify,
    "pin": pin,
    "prepare": prepare,
    "round": measure_round,
    "wide results": wide.results,
    "wide round": wide.measure_round,
    "growth results": growth.results,
    "growth round": growth.measure_round,
    "public graphs": public.measure_graphs,
    "public models": public.measure_models,
    "program prepare": _of_programs("prepare"),
    "program round": _of_programs("measure_round"),
    "program forget": _of_programs("forget"),
    "program ready": _of_programs("ready"),
    "program first": _of_programs("first"),
}


def main() -> None:
    # Rivals may print, so the answers have their own pipe, and all other output goes to stderr.
    with os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        for line in sys.stdin:
            arguments = json.loads(line)
            try:
                answer = COMMANDS[arguments.pop("do")](**arguments)
            except Exception:
                answer = {"error": traceback.format_exc()}
            print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # The parent has ended and waits for no answer.
        main()

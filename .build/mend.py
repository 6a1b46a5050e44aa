"""Patches for the C source that mypyc writes.

mend(c, folder, modules) returns the C source with

- docstrings, which `help` shows;
- an error for `del v.data`, which would crash;
- a quicker test of whether the left operand of `1 + v` is a Value;
- no look-up of COMPILED, which would cost more than many a function that asks for it;
- no `__internal_mypyc_setup` in `dir(v)`.

Each patch counts its substitutions. A later release of mypyc may write its C in another way; then a patch finds nothing
and the build fails, instead of making a package that lacks the patch.
"""

import ast
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

_METHOD = re.compile(r'(\(PyCFunction\)CPyPy_(\w+),\s+[\w| ]+, PyDoc_STR\("(?:[^"\\]|\\.)*)("\))')
_CLASS = re.compile(r'(\.tp_doc = PyDoc_STR\("(\w+)\((?:[^"\\]|\\.)*)("\))')
_PROPERTY = re.compile(r"(\(getter\)(\w+_get_\w+),\s+(?:\(setter\)\w+|NULL),\s+)NULL(, NULL\})")
_MODULE = re.compile(r'(PyModuleDef_HEAD_INIT,\s+"([\w.]+)",\s+)NULL(, /\* docstring \*/)')
_SETTER = re.compile(r"(\w+___(\w+)_set_(\w+)\(\w+ \*self, PyObject \*value, void \*closure\)\s*\{)(\s*char retval)")
_SETUP = re.compile(r'\{"__internal_mypyc_setup", [^}]*\},')
_IS_VALUE = re.compile(r"PyObject_IsInstance\((obj_\w+), \(PyObject \*\)(CPyType_value___Value)\)")
_COMPILED = re.compile(
    r"(cpy_r_r\d+) = CPyStatics\[\d+\]; /\* 'COMPILED' \*/\s+(cpy_r_r\d+) = CPyDict_GetItem\(\w+, \1\);"
)
_REDEFINED = ("CPy_TRASHCAN_BEGIN", "CPy_TRASHCAN_END", "PyFloat_FromDouble")
"""The macros and functions that runtime.h defines anew."""

_INTERPRETED = frozenset(("NamedTuple", "Protocol", "TypeError"))
"""Classes with these bases stay classes of the interpreter."""

Replacement = str | Callable[[re.Match[str]], str]


class PatchError(Exception):
    """A patch that fits the C source no more; the message names the patch."""


def mend(c: str, folder: Path, modules: Sequence[str]) -> str:
    """The patched C source of the modules in folder.

    PatchError if a patch finds nothing, or not the number of places that the Python sources have.
    """
    trees = {name: ast.parse((folder / f"{name}.py").read_text(encoding="utf-8")) for name in modules}
    attributes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    setters = sum(node.attr == "setter" for node in attributes)
    for name in _REDEFINED:
        if name not in c:
            raise PatchError(_explained(f"runtime.h redefines {name}, which the C source doesn't use"))
    c = _patched("no __internal_mypyc_setup in dir()", _SETUP, "", c)
    # Value has no subclasses, so a comparison of types is enough.
    c = _patched("quick test for a Value", _IS_VALUE, r"Py_IS_TYPE(\1, \2)", c)
    c = _patched("COMPILED is true", _COMPILED, r"\2 = Py_NewRef(Py_True);", c)
    c = _patched("error for deleting an attribute", _SETTER, _refusing_to_delete, c, setters)
    docs = {owner: doc for name, tree in trees.items() for owner, doc in _docstrings(name, tree) if doc}
    return _with_docstrings(c, docs)


def _patched(name: str, pattern: re.Pattern[str], replacement: Replacement, c: str, expected: int | None = None) -> str:
    """The C source after a patch that must match so many times, or at least once for None."""
    c, count = pattern.subn(replacement, c)
    if count != expected if expected is not None else count == 0:
        wanted = "at least 1" if expected is None else expected
        raise PatchError(_explained(f"the patch '{name}' matched {count} times instead of {wanted}"))
    return c


def _explained(problem: str) -> str:
    return f"{problem}; adapt .build/mend.py to the C that this release of mypyc writes"


def _refusing_to_delete(match: re.Match[str]) -> str:
    _, owner, attribute, _ = match.groups()
    error = f"property '{attribute}' of '{owner}' object has no deleter"
    refusal = f'if (value == NULL) {{ PyErr_SetString(PyExc_AttributeError, "{error}"); return -1; }}'
    return f"{match[1]} {refusal}{match[4]}"


def _with_docstrings(c: str, docs: dict[str, str]) -> str:
    def extended(match: re.Match[str]) -> str:
        return match[1] + _escaped(docs.pop(match[2], "")) + match[3]

    def added(match: re.Match[str]) -> str:
        doc = docs.pop(match[2].replace("_get_", "___"), None)
        return match[0] if doc is None else f'{match[1]}"{_escaped(doc)}"{match[3]}'

    c = _patched("docstrings of functions and methods", _METHOD, extended, c)
    c = _patched("docstrings of classes", _CLASS, extended, c)
    c = _patched("docstrings of properties", _PROPERTY, added, c)
    c = _patched("docstrings of modules", _MODULE, added, c)
    if docs:
        raise PatchError(_explained(f"the docstrings of {', '.join(sorted(docs))} found no place in the C source"))
    return c


def _docstrings(module: str, tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Each docstring of a module, with the name that its owner has in the C source."""
    yield f"autograd.engine.{module}", _doc(tree)
    for thing in tree.body:
        if isinstance(thing, ast.FunctionDef):
            yield f"{module}___{thing.name}", _doc(thing)
        elif isinstance(thing, ast.ClassDef) and not _is_interpreted(thing):
            yield thing.name, _doc(thing)
            for method in thing.body:
                if isinstance(method, ast.FunctionDef):
                    yield f"{module}___{thing.name}___{method.name}", _doc(method)


def _is_interpreted(c: ast.ClassDef) -> bool:
    return bool(_INTERPRETED.intersection(map(_base, c.bases))) or any(
        "native_class=False" in ast.unparse(decorator) for decorator in c.decorator_list
    )


def _base(e: ast.expr) -> str:
    return ast.unparse(e.value if isinstance(e, ast.Subscript) else e)


def _doc(node: ast.Module | ast.FunctionDef | ast.ClassDef) -> str:
    # The interpreter keeps docstrings without their indentation from Python 3.13 on, and with it before.
    return ast.get_docstring(node, clean=sys.version_info >= (3, 13)) or ""


def _escaped(text: str) -> str:
    return "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode())

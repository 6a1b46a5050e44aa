"""What mypyc's C lacks.

Docstrings, so that `help` has something to say; an error for `del v.data`, which would crash; a quick answer
to whether the left operand of `1 + v` is one of ours; and no door to its own workings in `dir(v)`.
"""

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

_METHOD = re.compile(r'(\(PyCFunction\)CPyPy_(\w+),\s+[\w| ]+, PyDoc_STR\("(?:[^"\\]|\\.)*)("\))')
_CLASS = re.compile(r'(\.tp_doc = PyDoc_STR\("(\w+)\((?:[^"\\]|\\.)*)("\))')
_PROPERTY = re.compile(r"(\(getter\)(\w+)_get_(\w+),\s+(?:\(setter\)\w+|NULL),\s+)NULL(, NULL\})")
_SETTER = re.compile(r"(\w+___(\w+)_set_(\w+)\(\w+ \*self, PyObject \*value, void \*closure\)\s*\{)(\s*char retval)")
_MODULE = re.compile(r'(PyModuleDef_HEAD_INIT,\s+"([\w.]+)",\s+)NULL(, /\* docstring \*/)')
_SETUP = re.compile(r'\{"__internal_mypyc_setup", [^}]*\},')
_IS_OURS = re.compile(r"PyObject_IsInstance\((obj_\w+), \(PyObject \*\)(CPyType_\w+)\)")


def mend(c: str, folder: Path, modules: Sequence[str]) -> str:
    """The C source of the modules in folder, with what it lacks."""
    c = _SETUP.sub("", c)
    c = _IS_OURS.sub(r"Py_IS_TYPE(\1, \2)", c)  # there are no subclasses
    return _with_docstrings(_SETTER.sub(_refusing_to_delete, c), folder, modules)


def _refusing_to_delete(match: re.Match[str]) -> str:
    _, owner, attribute, _ = match.groups()
    error = f"property '{attribute}' of '{owner}' object has no deleter"
    refusal = f'if (value == NULL) {{ PyErr_SetString(PyExc_AttributeError, "{error}"); return -1; }}'
    return f"{match[1]} {refusal}{match[4]}"


def _with_docstrings(c: str, folder: Path, modules: Sequence[str]) -> str:
    found = {name: doc for module in modules for name, doc in _docstrings(folder, module) if doc}

    def inside(match: re.Match[str]) -> str:
        return match[1] + _escaped(found.get(match[2], "")) + match[3]

    def attribute(match: re.Match[str]) -> str:
        doc = found.get(f"{match[2]}___{match[3]}")
        return f'{match[1]}"{_escaped(doc)}"{match[4]}' if doc else match[0]

    def module(match: re.Match[str]) -> str:
        return f'{match[1]}"{_escaped(found.get(match[2], ""))}"{match[3]}'

    return _MODULE.sub(module, _PROPERTY.sub(attribute, _CLASS.sub(inside, _METHOD.sub(inside, c))))


def _docstrings(folder: Path, module: str) -> Iterator[tuple[str, str]]:
    """Each docstring, under the name that its owner has in the C source."""
    tree = ast.parse((folder / f"{module}.py").read_text(encoding="utf-8"))
    yield f"autograd.engine.{module}", _doc(tree)
    for thing in tree.body:
        if isinstance(thing, ast.FunctionDef):
            yield f"{module}___{thing.name}", _doc(thing)
        elif isinstance(thing, ast.ClassDef):
            yield thing.name, _doc(thing)
            for method in thing.body:
                if isinstance(method, ast.FunctionDef):
                    yield f"{module}___{thing.name}___{method.name}", _doc(method)


def _doc(node: ast.Module | ast.FunctionDef | ast.ClassDef) -> str:
    # As the interpreter keeps them: from 3.13 on without the indentation.
    return ast.get_docstring(node, clean=sys.version_info >= (3, 13)) or ""


def _escaped(text: str) -> str:
    return "".join(chr(b) if 32 <= b < 127 and chr(b) not in '"\\?' else f"\\{b:03o}" for b in text.encode())

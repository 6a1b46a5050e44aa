"""The rules parsed into cases, each with guards, names, a value and derivatives, for every reader to fold over.

>>> from autograd.formula.cases import rule
>>> rule("square").operands, rule("square").cases[0].partials
(('x',), (Expression(form='infix', parts=('*', Expression(form='number', parts=(2.0,)), ...

Only this module walks Python's syntax trees of rules: those of `engine/rules.py`, of `textbook.py` and of a user's own
operation. It refuses what is outside the grammar; `Reading` lists the forms that are in it.
"""

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from autograd.engine import graph, ieee
from autograd.engine import rules as source
from autograd.engine.number import shown
from autograd.engine.value import Value
from autograd.formula import textbook as definitions
from autograd.operations import in_lists
from autograd.wording import counted

T = TypeVar("T")
_SIGNS: Final = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_COMPARISONS: Final = {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!="}
_TOTAL: Final = {ast.Div: "divide", ast.Pow: "power"}
"""The words for operators that raise an error on some floats: a user may write the operators."""
_RESERVED: Final = ("real", "number", "where", "len", "inf", "nan", "last", "others", "joined")
"""The names that readings use for words of their own."""


class Expression(NamedTuple):
    """A form of the grammar, and its parts: expressions, names, signs and numbers."""

    form: str
    parts: "tuple[Expression | str | float, ...]"


class Reading(Protocol[T]):
    """One meaning for each form of the grammar, made of the meanings of its parts."""

    def number(self, number: float) -> T: ...
    def constant(self, name: str, number: float) -> T: ...
    def name(self, name: str) -> T:
        """An operand, or a name assigned before."""

    def element(self, sequence: str) -> T:
        """One of the sequence, inside a comprehension over it."""

    def length(self, sequence: str) -> T: ...
    def call(self, word: str, *arguments: T) -> T: ...
    def infix(self, sign: str, left: T, right: T) -> T:
        """The sign is one of + - * /."""

    def negative(self, inner: T) -> T: ...
    def comparison(self, sign: str, left: T, right: T) -> T: ...
    def logic(self, word: str, *parts: T) -> T:
        """The word is `and` or `or`."""

    def choice(self, test: T, then: T, other: T) -> T: ...
    def each(self, of: T, *sequences: str) -> T:
        """A list: an expression for each element of one sequence, or of several side by side."""


def fold(e: Expression, reading: Reading[T]) -> T:
    """The meaning of an expression, worked out from the inside."""
    parts = [fold(part, reading) if isinstance(part, Expression) else part for part in e.parts]
    return getattr(reading, e.form)(*parts)  # type: ignore[no-any-return]


def names_in(e: Expression) -> set[str]:
    """Every name in an expression, with those of sequences."""
    mine = [part for part in e.parts if isinstance(part, str) and e.form in ("name", "element", "length", "each")]
    return set(mine).union(*(names_in(part) for part in e.parts if isinstance(part, Expression)))


class Case(NamedTuple):
    """One case of a rule: it applies where its guards hold and those of no earlier case do."""

    guards: tuple[Expression, ...]
    lets: tuple[tuple[str, Expression], ...]
    """Names and their meanings, each in terms of earlier ones; `z` is the value of the operation."""
    value: Expression
    partials: tuple[Expression, ...]

    def lets_for(self, wanted: Iterable[Expression], given: Iterable[str] = ()) -> list[tuple[str, Expression]]:
        """The lets that these expressions need, in order, where the names in `given` are known already."""
        needed = set().union(*map(names_in, wanted)).difference(given)
        kept = []
        for name, e in reversed(self.lets):
            if name in needed:
                kept.append((name, e))
                needed |= names_in(e).difference(given)
        return kept[::-1]


class Rule(NamedTuple):
    """An operation as it is stated: its name, the names of its operands, its cases, and the rule on floats."""

    name: str
    operands: tuple[str, ...]
    of_sequences: bool
    cases: tuple[Case, ...]
    """None where no source could be read."""
    function: Callable[..., Any]

    def grouped(self, row: Sequence[Any]) -> list[Any]:
        """The operands of a node, in one row, as the rule takes them: one by one, or as lists."""
        return in_lists(row, len(self.operands)) if self.of_sequences else list(row)

    def on_floats(self, row: Sequence[float]) -> tuple[float, list[float]]:
        """The value and the local derivatives, in one row like the operands."""
        z, *partials = self.function(*(self.grouped(row) if self.of_sequences else row))
        return z, [d for group in partials for d in group] if self.of_sequences else partials


# ── the parser ──


class Parser:
    """Reads one function; `words` and `constants` return the meaning of a name in it, or None for an unknown name.

    With `friendly` it may have ints, and / and **, for which the rule has the words that take every float.
    """

    def __init__(
        self,
        operation: str,
        text: str,
        words: Callable[[str], str | None],
        constants: Callable[[str], float | None],
        *,
        friendly: bool = False,
        at: tuple[str, int],
    ) -> None:
        self._operation, self._words, self._constants, self._friendly = operation, words, constants, friendly
        self._lines, (self._file, self._above) = text.splitlines(), at
        self._operands: tuple[str, ...] = ()
        self._known: set[str] = set()
        self._elements: dict[str, str] = {}
        self._sequences: set[str] = set()

    def rule(self, d: ast.FunctionDef, function: Callable[..., Any], *, of_value: bool = False) -> Rule:
        """The rule that a definition states, of a value alone or with derivatives; SyntaxError outside the grammar."""
        given = ast.unparse(d.args)
        if not given or given != ", ".join(map(ast.unparse, d.args.args)):
            why = "operands have no * and no default" if given else "an operation has at least one operand"
            raise self._refused(d, f"is outside the grammar: {why}", f"def {d.name}({given})")
        for a in d.args.args:
            self._operands = (*self._operands, self._new(a.arg, a))
            if a.annotation and "list" in ast.unparse(a.annotation):
                self._sequences.add(a.arg)
            if a.arg == "z":
                raise self._refused(a, "is the name of the value of the operation; choose another one for the operand")
        cases = tuple(self._cases(d.body, (), (), 1 if of_value else 1 + len(self._operands)))
        return Rule(d.name, self._operands, not self._sequences.isdisjoint(self._operands), cases, function)

    def _cases(self, body: Sequence[ast.stmt], guards: Any, lets: Any, results: int) -> Iterator[Case]:
        for s in body:
            self._known = {*self._operands, *dict(lets)}
            match s:
                case ast.Expr(ast.Constant(str())):
                    continue
                case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
                    lets = (*lets, (self._new(name, s), self.read(value)))
                case ast.If(test, inner, otherwise):
                    yield from self._cases(inner, (*guards, self._condition(test)), lets, results)
                    if otherwise:
                        yield from self._cases(otherwise, guards, lets, results)
                        return
                case ast.Return(ast.expr() as value):
                    yield self._case(value, guards, lets, results)
                    return
                case _:
                    raise self._refused(s, "is outside the grammar: write assignments, `if …: return …`, and a return")
        raise self._refused(body[-1], "ends a way through the function; it must end with a return")

    def _case(self, returned: ast.expr, guards: Any, lets: Any, results: int) -> Case:
        parts = returned.elts if isinstance(returned, ast.Tuple) else [returned]
        if len(parts) != results:
            raise self._refused(
                returned, f"is {len(parts)} of {results} results: the value, and a derivative by each operand"
            )
        value, *partials = map(self.read, parts)
        if "z" in dict(lets) and value.parts[0] not in ("z", "NAN"):
            raise self._refused(parts[0], "is returned as the value, which is z; call the other z by another name")
        return Case(guards, lets, value, tuple(partials))

    def read(self, e: ast.expr) -> Expression:
        """An expression of the source as one of ours."""
        match e:
            case ast.Constant(float() as number):
                return _form("number", number)
            case ast.Constant(int() as number) if self._friendly and not isinstance(number, bool):
                return _form("number", float(number))
            case ast.Name(name) if name in self._elements:
                return _form("element", self._elements[name])
            case ast.Name(name) if name in self._known:
                return _form("name", name)
            case ast.Name() | ast.Attribute() if (known := self._constants(ast.unparse(e))) is not None:
                return _form("constant", ast.unparse(e).rpartition(".")[2], known)
            case ast.UnaryOp(ast.USub(), inner):
                return _form("negative", self.read(inner))
            case ast.BinOp(left, op, right) if self._friendly and type(op) in _TOTAL:
                return _form("call", _TOTAL[type(op)], self.read(left), self.read(right))
            case ast.BinOp(left, op, right) if type(op) in _SIGNS:
                return _form("infix", _SIGNS[type(op)], self.read(left), self.read(right))
            case ast.IfExp(test, then, other):
                return _form("choice", self._condition(test), self.read(then), self.read(other))
            case ast.ListComp(of, [part]) | ast.GeneratorExp(of, [part]) if not part.ifs:
                return self._each(of, part.target, part.iter)
            case ast.Call(ast.Name("len"), [ast.Name(name)], []) if name in self._known:
                self._sequences.add(name)
                return _form("length", name)
            case ast.Call(called, arguments, []) if (word := self._words(ast.unparse(called))) is not None:
                if self._friendly and len(arguments) != _arity(word):
                    choice = "a list; choose between two with `a if a > b else b`"
                    takes = choice if word in ("greatest", "least") else counted(_arity(word), "operand")
                    raise self._refused(e, f"is outside the grammar: {ast.unparse(called)} takes {takes}")
                return _form("call", word, *map(self.read, arguments))
            case ast.Subscript(ast.Name() as row, ast.UnaryOp(ast.USub(), ast.Constant(1))):
                return _form("call", "last", self.read(row))
            case ast.Subscript(ast.Name() as row, ast.Slice(None, ast.UnaryOp(ast.USub(), ast.Constant(1)), None)):
                return _form("call", "others", self.read(row))
            case ast.List([ast.Starred(row), last]):
                return _form("call", "joined", self.read(row), self.read(last))
        raise self._refused(e, f"is outside the grammar: {_remedy(e)}")

    def _condition(self, e: ast.expr) -> Expression:
        match e:
            case ast.Compare(left, [op], [right]) if type(op) in _COMPARISONS:
                return _form("comparison", _COMPARISONS[type(op)], self.read(left), self.read(right))
            case ast.BoolOp(op, values):
                return _form("logic", "and" if isinstance(op, ast.And) else "or", *map(self._condition, values))
        raise self._refused(e, "is outside the grammar: a condition is one comparison, or several with `and` and `or`")

    def _each(self, of: ast.expr, target: ast.expr, over: ast.expr) -> Expression:
        zipped = isinstance(over, ast.Call) and ast.unparse(over.func) == "zip"
        rows = over.args if zipped and isinstance(over, ast.Call) else [over]
        variables = target.elts if isinstance(target, ast.Tuple) else [target]
        for row in rows:
            if not isinstance(row, ast.Name) or row.id not in self._known or len(rows) != len(variables):
                raise self._refused(
                    over, "is outside the grammar: a list is made of the elements of operands, by their names"
                )
        names = [ast.unparse(row) for row in rows]
        self._sequences |= {*names}
        # The elements of an outer comprehension have no name inside an inner one.
        outer, self._elements = self._elements, dict(zip(map(ast.unparse, variables), names, strict=True))
        element = self.read(of)
        self._elements = outer
        return _form("each", element, *names)

    def _new(self, name: str, node: ast.AST) -> str:
        if name in self._known | {*_RESERVED, *WORDS, *self._operands} or name.strip("_") != name:
            raise self._refused(node, f"uses the name {name}, which is taken by another or by a word; choose a new one")
        return name

    def _refused(self, node: Any, why: str, text: str = "") -> SyntaxError:
        line = self._lines[node.lineno - 1]
        shown, *_ = (text or ast.unparse(node)).splitlines()
        where = (self._file, self._above + node.lineno, node.col_offset + 1, line)
        return SyntaxError(f"{self._operation}, in `{line.strip()}`: {shown} {why}", where)


def parsed(
    function: Callable[..., Any],
    text: str,
    words: Callable[[str], str | None],
    constants: Callable[[str], float | None],
    at: tuple[str, int],
) -> Rule:
    """The rule of a user's own function, from its text; at is its file, and the number of lines above it there."""
    d = ast.parse(text).body[0]
    parser = Parser(getattr(d, "name", "operation"), text, words, constants, friendly=True, at=at)
    if not isinstance(d, ast.FunctionDef):
        raise parser._refused(d, "is no definition of a function")
    return parser.rule(d, function)


def _form(form: str, *parts: Expression | str | float) -> Expression:
    return Expression(form, parts)


def _arity(word: str) -> int:
    if word in textbook()[0]:
        return len(textbook()[0][word].operands)
    return 2 if word == "ties" else 1


def _remedy(e: ast.expr) -> str:
    match e:
        case ast.Call(ast.Attribute(of, method)) if method in WORDS and ast.unparse(of) != "math":
            return f"write {method}({ast.unparse(of)})"
        case ast.Call(called):
            functions = ", ".join(word for word in WORDS if hasattr(Value, word))
            return f"{ast.unparse(called)} is none of its functions, such as abs, {functions}"
        case ast.Name() | ast.Attribute():
            return "it is no operand, no name assigned before and no float constant"
        case ast.Constant():
            return "numbers are floats, as 1.0"
    return "write + - * /, numbers, names, functions as exp, `a if x > y else b`, `[… for x in xs]`"


# ── which rules there are ──

KNOWN: Final[dict[str, Rule]] = {}
"""The rules that have been read so far, by the `op` of a node; users' own are put here."""
WORDS: Final = ("absolute", *(word for word in vars(ieee) if word[0].islower() and word not in ("math",)))
"""The functions that rules are made of."""


@cache
def _stated() -> tuple[str, dict[str, ast.FunctionDef]]:
    """The text of rules.py, and the definitions in it."""
    # The compiled package has this source too.
    text = Path(source.__file__).with_name("rules.py").read_text(encoding="utf-8")
    return text, {d.name: d for d in ast.parse(text).body if isinstance(d, ast.FunctionDef)}


@cache
def textbook() -> tuple[dict[str, Rule], dict[str, Expression]]:
    """The words that `textbook.py` defines by other words, and its constants."""
    return read_definitions(Path(definitions.__file__), vars(definitions))


def read_definitions(file: Path, functions: Mapping[str, Any]) -> tuple[dict[str, Rule], dict[str, Expression]]:
    """The words that a file like the textbook defines by other words, and its constants."""
    words: dict[str, Rule] = {}
    numbers: dict[str, Expression] = {}
    text = file.read_text(encoding="utf-8")
    for d in ast.parse(text).body:
        parser = Parser(file.stem, text, str, lambda _: None, at=(file.name, 0))
        if isinstance(d, ast.FunctionDef):
            words[d.name] = parser.rule(d, functions[d.name], of_value=True)
        elif isinstance(d, ast.AnnAssign) and d.value is not None:
            numbers[ast.unparse(d.target)] = parser.read(d.value)
    return words, numbers


@cache
def constants() -> dict[str, float]:
    """The named numbers of rules.py."""
    return {name: number for name, number in vars(source).items() if isinstance(number, float)}


def rules() -> dict[str, Rule]:
    """Every rule by its name: those of rules.py in its order, and after them users' own."""
    return {op: rule(op) for op in dict.fromkeys([*_stated()[1], *KNOWN])}


def rule(op: str) -> Rule:
    """The rule named op; ValueError if there is none."""
    if op not in KNOWN:
        text, definitions = _stated()
        if op not in definitions:
            raise ValueError(
                f"no rule is named {shown(op)}; there are {', '.join(rules())}; if it is an @autograd.operation, "
                "import the module that defines it"
            )
        words = {f"ieee.{word}": word for word in WORDS}
        parser = Parser(op, text, words.get, constants().get, at=("rules.py", 0))
        KNOWN[op] = parser.rule(definitions[op], getattr(source, op))
    return KNOWN[op]


def cases_of(op: str) -> tuple[Case, ...]:
    """The cases of a rule; ValueError if there is no such rule, or one without a source."""
    found = rule(op)
    if not found.cases:
        raise ValueError(
            f"{found.name} has no formula, because its source can't be read; backward() does without one, and grad, "
            "grad_graph and second derivatives don't: define it in a file or in a notebook"
        )
    return found.cases


# ── whether a record still holds ──


def unchanged(node: Value, operands: Sequence[Value], partials: Sequence[float]) -> Rule:
    """The rule of a node; ValueError if its data or those of its operands were changed since it was made."""
    r = rule(node.op)
    formed = (i for i, v in enumerate(operands) if not graph.is_constant(v))
    if not still_holds(node.op, [v.data for v in operands], partials, node.data, formed):
        raise changed(node.op, [v.label for v in (*operands, node) if v.label])
    return r


def changed(op: str, names: Sequence[str]) -> ValueError:
    """The error for a record that no longer holds, with the names of its nodes."""
    shown = f" ({', '.join(names)})" if names else ""
    return ValueError(
        f"the data of a node or its operands was changed after {rule(op).name} was recorded{shown}; "
        "build the graph again, backward() alone still has the old derivatives"
    )


def still_holds(
    op: str, operands: Sequence[float], partials: Sequence[float], data: float, formed: Iterable[int]
) -> bool:
    """Whether a recorded node is still what the rule gives for these data of its operands.

    `formed` are the positions of the operands by which a derivative was recorded: by a constant there may be none.
    """
    z, found = rule(op).on_floats(operands)
    if z == data and found == list(partials):
        return True
    pairs = [(z, data), *[(found[i], partials[i]) for i in formed]]
    return not any(now != was and (now == now or was == was) for now, was in pairs)

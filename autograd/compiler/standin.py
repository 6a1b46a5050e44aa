"""Stand-in."""
from collections.abc import Callable, Mapping
from typing import Any
from autograd.formula.cases import Expression

UF = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}

def as_numpy(e: Expression, texts: Mapping[str, str], out: str, scratch: Callable[[str], str]) -> list[str]:
    lines: list[str] = []

    def go(e: Any, out: str | None) -> str:
        if e.form == "name":
            return texts[e.parts[0]]
        if e.form == "number":
            return repr(e.parts[0])
        if e.form == "infix":
            sign, a, b = e.parts
            ta, tb = go(a, None), go(b, None)
            out = out or scratch("float")
            lines.append(f"np.{UF[sign]}({ta}, {tb}, out={out})")
            return out
        if e.form == "negative":
            ta = go(e.parts[0], None)
            out = out or scratch("float")
            lines.append(f"np.negative({ta}, out={out})")
            return out
        if e.form == "call":
            word, *args = e.parts
            ts = [go(a, None) for a in args]
            out = out or scratch("float")
            lines.append(f"np.{word}({', '.join(ts)}, out={out})")
            return out
        raise NotImplementedError(e)

    if e.form in ("name", "number"):
        return [f"{out}[...] = {go(e, None)}"]
    go(e, out)
    return lines

"""A page as one file: its parts and its contents put together, with a policy that forbids everything else.

>>> from autograd.page.document import document
>>> text = document({"rules": {}, "live": False}, lang="en", title="a < b", root="L")
>>> "<title>a &lt; b</title>" in text, "script-src 'sha256-" in text
(True, True)

The policy names the one script and the one style by their hashes, so that the file can load nothing, send nothing and
run nothing else, whatever a label says.
"""

import base64
import hashlib
import html
import json
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, Final

from autograd.page.words import LANGUAGES, WORDS
from autograd.show import sentences
from autograd.show.pictures.palette import PALETTE

SCRIPTS: Final = {
    "lesson": ("numbers", "live", "geometry", "picture", "about", "quiz", "bar", "controls", "player"),
    "training": ("numbers", "bar", "network", "chart", "plane", "rows", "training"),
}
"""The parts of the script of each kind of page, in the order of their use."""
STYLES: Final = {"lesson": ("page",), "training": ("page", "training")}
_ENGINE: Final = """const engine = (() => {{
{}
return {{ rules: typeof rules === "undefined" ? {{}} : rules, forward_line, backward_line, gradient_of, short, bare }};
}})();"""
"""Keeps the names of the functions of rules apart from those of the page."""
_ESCAPES: Final = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def document(contents: dict[str, Any], *, lang: str, title: str, root: str = "", kind: str = "lesson") -> str:
    """The text of a page of a kind with these contents, in a language."""
    words = WORDS[lang]
    named = {f"word_{name}": html.escape(text.replace("{root}", root)) for name, text in words.items()}
    named["title"] = html.escape(title)
    engine = _ENGINE.format(sentences.script(contents["rules"] if contents.get("live") else []))
    scripts = (part(f"script/{name}.js") for name in SCRIPTS[kind])
    script = "\n".join(["(() => {", '"use strict";', engine, *scripts, "})();"])
    style = colors() + "".join(part(f"{name}.css") for name in STYLES[kind])
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {_hashed(script)}",
            f"style-src {_hashed(style)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    parts = {
        "lang": LANGUAGES[lang],
        "policy": policy,
        "style": style,
        "script": script,
        "contents": as_json(contents | {"words": words}),
        "body": _filled(f"{kind}.html", named | {"player": _filled("player.html", named)}),
    }
    return _filled("page.html", named | parts)


def _filled(name: str, parts: dict[str, str]) -> str:
    return Template(part(name)).substitute(parts)


def as_json(contents: object) -> str:
    """Data as JSON that can stand in a script element: nothing in it ends that element, or opens another.

    >>> as_json(["</script>"])
    '["\\\\u003c/script\\\\u003e"]'
    """
    return json.dumps(contents, allow_nan=False, separators=(",", ":")).translate(_ESCAPES)


def colors() -> str:
    """The palette as variables of CSS, for light and for dark screens and for paper."""
    light, dark = (
        "".join(f"--{name.replace(' ', '-')}:{color[theme]};" for name, color in PALETTE.items()) for theme in (0, 1)
    )
    return f":root{{{light}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"


@cache
def part(name: str) -> str:
    """The text of a file of this folder."""
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def _hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

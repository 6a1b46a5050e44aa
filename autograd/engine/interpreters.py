"""Which interpreter of a process this is: machine code that mypyc makes keeps one state for the whole process.

>>> from autograd.engine.interpreters import is_main
>>> is_main()
True
"""

import importlib


def is_main() -> bool:
    """Whether this is the main interpreter of the process; True where Python can't tell."""
    for name in ("_interpreters", "_xxsubinterpreters"):  # The second is the name before Python 3.13.
        try:
            interpreters = importlib.import_module(name)
        except ImportError:
            continue
        return bool(interpreters.get_current() == interpreters.get_main())
    return True


def refuse_others() -> None:
    """Raise an ImportError outside the main interpreter, unless the engine is plain Python."""
    if is_main():
        return
    from importlib.util import find_spec

    graph = find_spec("autograd.engine.graph")
    if graph is None or not str(graph.origin).endswith((".py", ".pyc")):
        raise ImportError(
            "autograd's machine code works in the main interpreter of a process alone, and this is another one; "
            "import it in the main one, use processes, or install plain Python: AUTOGRAD_PURE=1 pip install ."
        )


refuse_others()

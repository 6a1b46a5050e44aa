"""Runs the code of a notebook, cell by cell, in IPython, and prints its texts and the kinds of its other results.

python tests/notebooks.py xor.ipynb
"""

import json
import os
import sys
from pathlib import Path


def main() -> int:
    """Run the notebook that the command line names, in its folder; 1 after the first cell that fails."""
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"  # So do the kernels of Jupyter.
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.utils.capture import capture_output
    from traitlets.config import Config

    path = Path(sys.argv[1]).resolve()
    os.chdir(path.parent)
    shell = InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            with capture_output() as captured:
                result = shell.run_cell("".join(cell["source"]))
            print(captured.stdout, end="")
            for output in captured.outputs:
                print("shows", *sorted(output.data))
            if not result.success:
                return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

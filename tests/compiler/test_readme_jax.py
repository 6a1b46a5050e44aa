"""The block of the README for JAX runs after the blocks before it, on two devices of the processor."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
LIMIT = 300.0
"""Seconds; it takes ten."""


def test_the_block_of_the_readme_runs(tmp_path: Path) -> None:
    pytest.importorskip("jax", reason="JAX, an optional back end, isn't installed")
    before, block, _ = re.split(r"```python\n(.+?)```", README, maxsplit=1, flags=re.DOTALL)
    examples = doctest.DocTestParser().get_examples(before)
    script = tmp_path / "readme.py"
    script.write_text("".join(example.source for example in examples) + block, encoding="utf-8")
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(ROOT),
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
    }
    command = [sys.executable, "-W", "ignore", str(script)]
    found = subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", timeout=LIMIT, check=False, cwd=tmp_path
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert "def value_and_grad(parameters, x, y):" in found.stdout

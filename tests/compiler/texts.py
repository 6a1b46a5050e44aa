"""Texts that are kept in files: a change shows in them, and can be read in a diff."""

from collections.abc import Callable, Mapping
from pathlib import Path


def joined(parts: Mapping[str, str]) -> str:
    """Texts under their titles."""
    return "\n\n".join(f"── {title} ──\n{text.rstrip()}" for title, text in parts.items()) + "\n"


def kept(folder: Path, name: str) -> str:
    """The text of a file."""
    return (folder / f"{name}.txt").read_text(encoding="utf-8")


def write(folder: Path, texts: Mapping[str, Callable[[], str]]) -> None:
    """Write the files of these texts anew."""
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text(), encoding="utf-8")

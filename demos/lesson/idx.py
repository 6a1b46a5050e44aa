"""Reads MNIST from its IDX files: a header of big-endian integers, and then one byte for each pixel or label.

train, test = idx.load(Path("mnist"))
pixels, label = train[0]

`pixels` is then a list of 784 floats from 0 to 1. It is computed from the bytes on each access, so that 60,000 images
take only 47 MB. Every file is checked: FileNotFoundError for a missing folder or file, and ValueError for any other
problem; the message has the file, the problem and the remedy. Source of the format:
Y. LeCun, C. Cortes, C. Burges, The MNIST Database of Handwritten Digits.
"""

import gzip
import math
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

IMAGES: Final = 2051
LABELS: Final = 2049
"""The first integers of the files: 8 for unsigned bytes and the number of dimensions, 3 or 1, as in 0x0803."""
KINDS: Final = {IMAGES: "images", LABELS: "labels"}
AT_MOST: Final = 1 << 28
"""The most bytes of data in a file, five times those of MNIST; a header with more is damaged."""
GZIP: Final = b"\x1f\x8b"
FILES: Final = "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte"


@dataclass(frozen=True)
class Digits:
    """Images of one size and their labels; each pixel is a byte from 0 to white, in the order of the rows."""

    rows: int
    columns: int
    pixels: bytes
    labels: bytes
    white: int = 255

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[list[float], int]:
        """The pixels of an image as floats from 0 to 1, row after row, and its label."""
        i = range(len(self))[i]
        size = self.rows * self.columns
        return [pixel / self.white for pixel in self.pixels[i * size : (i + 1) * size]], self.labels[i]

    def image(self, i: int) -> list[list[float]]:
        """The same pixels as a list of rows."""
        pixels, _ = self[i]
        return [pixels[start : start + self.columns] for start in range(0, len(pixels), self.columns)]


def load(folder: Path) -> tuple[Digits, Digits]:
    """The training and the test images, from a folder with the four files, gzipped or not."""
    if not folder.exists():
        raise FileNotFoundError(f"there is no folder {folder}; give the one that holds {FILES}")
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder; give the one that holds {FILES}")
    train, test = _digits(folder, "train"), _digits(folder, "t10k")
    if (train.rows, train.columns) != (test.rows, test.columns):
        raise ValueError(
            f"{folder}: the training images have {train.rows}×{train.columns} pixels and the test images "
            f"{test.rows}×{test.columns}; take all four files from one place"
        )
    return train, test


def _digits(folder: Path, part: str) -> Digits:
    images, labels = _find(folder, f"{part}-images-idx3-ubyte"), _find(folder, f"{part}-labels-idx1-ubyte")
    (count, rows, columns), pixels = _read(images, IMAGES)
    (labelled,), marks = _read(labels, LABELS)
    if count != labelled:
        raise ValueError(
            f"{images} has {count} images and {labels.name} has {labelled} labels; take both files from one place"
        )
    if max(marks) > 9:
        wrong = next(i for i, mark in enumerate(marks) if mark > 9)
        raise ValueError(f"{labels}: label {wrong} is {marks[wrong]}, and no digit from 0 to 9; fetch the file again")
    return Digits(rows, columns, pixels, marks)


def _find(folder: Path, name: str) -> Path:
    names = [spelt + end for spelt in (name, name.replace("-idx", ".idx")) for end in ("", ".gz")]
    for path in (folder / name for name in names):
        if path.is_file():
            return path
    raise FileNotFoundError(f"{folder} has no file {names[0]}; looked for {', '.join(names)}: put one of them there")


def _read(path: Path, magic: int) -> tuple[list[int], bytes]:
    """The sizes and the bytes in a file, which may be gzipped under any name."""
    with path.open("rb") as file:
        zipped = file.read(len(GZIP)) == GZIP
        file.seek(0)
        if not zipped:
            return _parsed(path, file, magic)
        try:
            with gzip.GzipFile(fileobj=file) as unzipped:
                return _parsed(path, unzipped, magic)
        except (EOFError, gzip.BadGzipFile, zlib.error) as damage:
            raise ValueError(f"{path} is a damaged gzip file ({damage}); fetch it again") from None


def _parsed(path: Path, file: BinaryIO | gzip.GzipFile, magic: int) -> tuple[list[int], bytes]:
    dimensions = magic % 256
    length = 4 * (1 + dimensions)
    header = file.read(length)
    if len(header) < length:
        raise ValueError(f"{path} ends after {len(header)} bytes, in its header of {length}; fetch it again")
    found, *sizes = struct.unpack(f">{1 + dimensions}I", header)
    if found != magic:
        holds = f"holds {KINDS[found]}" if found in KINDS else "is no such file"
        raise ValueError(
            f"{path} {holds}: {KINDS[magic]} begin with the magic number {magic}, and this with {found}; "
            "put the right file there"
        )
    promised = math.prod(sizes)
    shape = "×".join(map(str, sizes))
    if not 0 < promised <= AT_MOST:
        raise ValueError(f"{path} says that it holds {shape} bytes, not 1 to {AT_MOST}; fetch it again")
    # A damaged gzip file may unpack to any size, so at most one byte more than promised is read.
    content = file.read(promised + 1)
    if len(content) != promised:
        has = "more than" if len(content) > promised else f"only {len(content)} of"
        bytes_of = f"bytes of {KINDS[magic]} ({shape})"
        raise ValueError(f"{path} has {has} the {promised} {bytes_of} that its header promises; fetch it again")
    return sizes, content

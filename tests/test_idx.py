"""MNIST's files are read without changes, and an error names the file that is wrong."""

import gzip
import math
import struct
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent.parent / "demos"))
from lesson import idx

ROWS, COLUMNS = 3, 2
PARTS = {"train": 5, "t10k": 2}
"""The number of images in each part."""
NAMES = tuple(f"{part}-{kind}" for part in PARTS for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"))
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = NAMES


def images(count: int, rows: int = ROWS, columns: int = COLUMNS) -> bytes:
    return struct.pack(">4I", idx.IMAGES, count, rows, columns) + bytes(7 * i % 256 for i in range(count * 6))


def labels(count: int) -> bytes:
    return struct.pack(">2I", idx.LABELS, count) + bytes(i % 10 for i in range(count))


CONTENTS = dict(zip(NAMES, (content for n in PARTS.values() for content in (images(n), labels(n))), strict=True))


def written(folder: Path, change: Callable[[str], str] = str, press: Callable[[bytes], bytes] = bytes) -> Path:
    """A folder with four valid files, with changed names and compressed contents."""
    folder.mkdir(exist_ok=True)
    for name, content in CONTENTS.items():
        (folder / change(name)).write_bytes(press(content))
    return folder


@pytest.mark.parametrize("press", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("spelt", ["-idx", ".idx"])
def test_what_was_written_is_read(tmp_path: Path, spelt: str, end: str, press: Callable[[bytes], bytes]) -> None:
    train, test = idx.load(written(tmp_path, lambda name: name.replace("-idx", spelt) + end, press))
    for digits, count in zip((train, test), PARTS.values(), strict=True):
        assert (len(digits), digits.rows, digits.columns) == (count, ROWS, COLUMNS)
        assert digits.pixels == images(count)[16:]
        assert digits.labels == labels(count)[8:]
    assert [train[i][1] for i in range(5)] == [0, 1, 2, 3, 4]
    assert train[1] == train[-4] == ([k / 255 for k in (42, 49, 56, 63, 70, 77)], 1)
    assert train.image(0) == [[k / 255 for k in row] for row in ((0, 7), (14, 21), (28, 35))]
    with pytest.raises(IndexError):
        train[5]


def test_images_take_the_memory_of_their_bytes(tmp_path: Path) -> None:
    count, size = 10_000, 28 * 28
    written(tmp_path)
    for part in PARTS:
        header = struct.pack(">4I", idx.IMAGES, count, 28, 28)
        (tmp_path / f"{part}-images-idx3-ubyte").write_bytes(header + bytes(count * size))
        (tmp_path / f"{part}-labels-idx1-ubyte").write_bytes(labels(count))
    tracemalloc.start()
    try:
        train, _ = idx.load(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 2.02 * count * size
    finally:
        tracemalloc.stop()
    assert len(train[count - 1][0]) == size


# ── what is refused ──


def pressed(content: bytes, cut: int = 0, flip: int | None = None) -> bytes:
    """The content as gzip, with its end cut off or a byte changed."""
    stream = bytearray(gzip.compress(content, mtime=0))
    if flip is not None:
        stream[flip] ^= 0xFF
    return bytes(stream[: len(stream) - cut])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (TRAIN_IMAGES, b"", r"ends after 0 bytes, in its header of 16"),
        (TRAIN_IMAGES, images(5)[:15], r"ends after 15 bytes, in its header of 16"),
        (TEST_LABELS, labels(2)[:7], r"ends after 7 bytes, in its header of 8"),
        (TRAIN_IMAGES, labels(5) + bytes(9), r"holds labels: images begin with the magic number 2051, and"),
        (TEST_LABELS, images(2), r"holds images: labels begin with the magic number 2049, and this with 2051"),
        (TRAIN_IMAGES, b"<!DOCTYPE html><html>", r"is no such file: .* 2051, and this with 1008813135; put the right"),
        (TRAIN_IMAGES, images(0), r"says that it holds 0×3×2 bytes, not 1 to 268435456"),
        (TRAIN_IMAGES, images(0, rows=0), r"says that it holds 0×0×2 bytes"),
        (TRAIN_IMAGES, struct.pack(">4I", 2051, 5, 0, 2), r"says that it holds 5×0×2 bytes"),
        (TRAIN_LABELS, labels(0), r"says that it holds 0 bytes"),
        (TRAIN_IMAGES, struct.pack(">4I", 2051, *[2**32 - 1] * 3), r"says that it holds 4294967295×4294967295×"),
        (TRAIN_LABELS, struct.pack(">2I", 2049, 2**28 + 1), r"says that it holds 268435457 bytes"),
        (TRAIN_IMAGES, struct.pack(">4I", 2051, 2**28, 1, 1), r"only 0 of the 268435456 bytes of images \("),
        (TRAIN_IMAGES, images(5)[:-1], r"has only 29 of the 30 bytes of images \(5×3×2\) that its header promises"),
        (TRAIN_IMAGES, images(5) + b"\0", r"has more than the 30 bytes of images \(5×3×2\) that its header promises"),
        (TEST_LABELS, labels(2)[:-1], r"has only 1 of the 2 bytes of labels \(2\)"),
        (TEST_LABELS, labels(2) + b"\n", r"has more than the 2 bytes of labels \(2\)"),
        (TRAIN_LABELS, labels(4), r"images-idx3-ubyte has 5 images and train-labels-idx1-ubyte has 4 labels"),
        (TEST_LABELS, struct.pack(">2I", 2049, 2) + b"\x09\x0a", r"label 1 is 10, and no digit from 0 to 9"),
        (TRAIN_IMAGES, pressed(images(5), cut=1), r"is a damaged gzip file \(Compressed file ended"),
        (TRAIN_IMAGES, pressed(images(5), cut=20), r"is a damaged gzip file"),
        (TRAIN_IMAGES, pressed(images(5))[:2], r"is a damaged gzip file"),
        (TRAIN_IMAGES, pressed(images(5), flip=-5), r"is a damaged gzip file \(CRC check failed"),
        (TRAIN_IMAGES, pressed(images(5), flip=2), r"is a damaged gzip file \(Unknown compression"),
        (TRAIN_IMAGES, pressed(images(5), flip=10), r"is a damaged gzip file \(Error -3 while decompressing"),
        (TRAIN_IMAGES, pressed(images(5)) + b"more", r"is a damaged gzip file \(Not a gzipped file"),
        (TRAIN_IMAGES, pressed(images(5)) + pressed(b"!"), r"has more than the 30 bytes of images"),
        (TRAIN_IMAGES, pressed(images(5)[:-1]), r"has only 29 of the 30 bytes of images"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (written(tmp_path) / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as error:
        idx.load(tmp_path)
    assert str(error.value).startswith(str(tmp_path))
    assert name in str(error.value)


def test_images_of_two_sizes_are_no_one_data_set(tmp_path: Path) -> None:
    (written(tmp_path) / TEST_IMAGES).write_bytes(images(2, 2, 3))
    with pytest.raises(ValueError, match="the training images have 3×2 pixels and the test images 2×3; take all four"):
        idx.load(tmp_path)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*nowhere; give the one that holds train-images"):
        idx.load(tmp_path / "nowhere")
    (tmp_path / "file").write_bytes(images(5))
    with pytest.raises(ValueError, match=r"file is no folder; give the one that holds train-images-idx3-ubyte"):
        idx.load(tmp_path / "file")


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_file_is_named_in_every_spelling(tmp_path: Path, name: str) -> None:
    (written(tmp_path) / name).unlink()
    (tmp_path / name).mkdir()  # Some archives unpack to a folder of that name.
    dotted = name.replace("-idx", ".idx")
    with pytest.raises(FileNotFoundError) as error:
        idx.load(tmp_path)
    assert str(error.value).startswith(f"{tmp_path} has no file {name}; ")
    assert f"looked for {name}, {name}.gz, {dotted}, {dotted}.gz: put one of them there" in str(error.value)


def test_a_gzip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(images(5) + bytes(1 << 26))
    (written(tmp_path) / TRAIN_IMAGES).write_bytes(bomb)
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="has more than the 30 bytes of images"):
            idx.load(tmp_path)
        assert tracemalloc.get_traced_memory()[1] < 1 << 21
    finally:
        tracemalloc.stop()


# ── any damage ──


def refused_or_as_promised(folder: Path, name: str, content: bytes) -> None:
    """Load with one file changed: a ValueError, or exactly what the header promises."""
    (written(folder) / name).write_bytes(content)
    try:
        parts = idx.load(folder)
    except ValueError:
        return
    plain = gzip.decompress(content) if content.startswith(idx.GZIP) else content
    digits = parts[name.startswith("t10k")]
    images_here = "images" in name
    sizes = struct.unpack(">4I", plain[:16])[1:] if images_here else struct.unpack(">2I", plain[:8])[1:]
    assert sizes == ((len(digits), digits.rows, digits.columns) if images_here else (len(digits),))
    assert (digits.pixels if images_here else digits.labels) == plain[4 + 4 * len(sizes) :]
    assert len(plain) == 4 + 4 * len(sizes) + math.prod(sizes)


@given(st.sampled_from(NAMES), st.booleans(), st.data())
def test_any_truncation_is_refused(
    tmp_path_factory: pytest.TempPathFactory, name: str, zipped: bool, data: st.DataObject
) -> None:
    content = pressed(CONTENTS[name]) if zipped else CONTENTS[name]
    kept = data.draw(st.integers(0, len(content)), "bytes kept")
    refused_or_as_promised(tmp_path_factory.getbasetemp() / "cut", name, content[:kept])


@given(st.sampled_from(NAMES), st.integers(0, 15), st.integers(0, 255), st.booleans())
def test_a_changed_header_is_refused_or_believed(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: int, byte: int, zipped: bool
) -> None:
    content = bytearray(CONTENTS[name])
    content[at % (16 if "images" in name else 8)] = byte
    changed = pressed(bytes(content)) if zipped else bytes(content)
    refused_or_as_promised(tmp_path_factory.getbasetemp() / "header", name, changed)


@given(st.sampled_from(NAMES), st.integers(0, 200), st.integers(0, 255))
def test_a_changed_byte_of_a_gzip_file_is_refused_or_harmless(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: int, byte: int
) -> None:
    content = bytearray(pressed(CONTENTS[name]))
    content[at % len(content)] = byte
    refused_or_as_promised(tmp_path_factory.getbasetemp() / "gzip", name, bytes(content))

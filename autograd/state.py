"""Saving the parameters of a model, and all that a training needs to go on, to a file, to the last bit.

>>> import os, tempfile
>>> from autograd import nn, state
>>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
>>> model, other = nn.MLP(2, [3, 1]), nn.MLP(2, [3, 1])
>>> state.save(model, path)
>>> state.load(other, path)
>>> [p.data for p in other.parameters()] == [p.data for p in model.parameters()]
True

Compiled programs, optimisers, schedules, `train.Loader` and random.Random are saved too, and several things in one
file, each under a name:

>>> import random
>>> from autograd import optim
>>> optimizer, rng = optim.SGD(model.parameters(), lr=0.5, momentum=0.9), random.Random(1)
>>> state.save({"model": model, "optimizer": optimizer, "rng": rng}, path)
>>> then, optimizer.lr = rng.random(), 0.1
>>> state.load({"model": model, "optimizer": optimizer, "rng": rng}, path)
>>> rng.random() == then, optimizer.lr
(True, 0.5)

The format is safetensors with float64 data: names and shapes, then the data, and no code. The names are those of
`Module.tensors`, so a saved MLP can be loaded into PyTorch's Sequential of Linear layers, and the other way round: data
in single or half precision are taken as they are. It needs the libraries of the extra
`save`: `pip install numpy safetensors`.
"""

import errno
import hashlib
import json
import math
import os
import secrets
import shutil
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from autograd.arguments import described, is_program
from autograd.train.interrupts import Interrupts
from autograd.train.kept import Kept, OfModule, OfSeveral, kept_of
from autograd.wording import imported, to_install

__all__ = ["load", "save"]

Path: TypeAlias = "str | bytes | os.PathLike[str] | os.PathLike[bytes]"
DIGEST: Final = "scalar-autograd.sha256"
"""The metadata key of the digest of all names, shapes and data: a changed bit is noticed by it."""
_HEADER_AT_MOST: Final = 1 << 20
_SMALLEST, _LARGEST = 2, 8
"""Bytes of a number in a file: half precision, double precision."""


def save(thing: object, path: Path) -> None:
    """Write the numbers of a thing to a file; after an error the file is as it was before.

    ValueError for a model without parameters, and for parameters that its `tensors` lacks; TypeError for anything that
    can't be saved; OSError, with this path, if the file can't be written; ImportError without numpy and safetensors.
    """
    kept = _kept(thing)
    name = os.fsdecode(path)
    numpy, library = _library("numpy"), _library("safetensors.numpy")
    arrays = {key: numpy.array(numbers, dtype="<f8") for key, numbers in kept.numbers().items()}
    with _naming(name):
        _replace(name, library.save(arrays, metadata={DIGEST: _digest(arrays)}))


def _replace(name: str, content: bytes) -> None:
    """Put the content into the file by one step, after all of it is on the disk."""
    target = os.path.realpath(name)
    folder = os.path.dirname(target)
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError(f"{name} is no regular file, so no parameters can be saved to it; give another path")
    if not os.path.isdir(folder):
        raise FileNotFoundError(errno.ENOENT, "no such folder; make it first", name)
    # A short name of its own: with a suffix, a long name would be longer than the system allows.
    draft = os.path.join(folder, f".{secrets.token_hex(8)}.part")
    try:
        with open(draft, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            shutil.copymode(target, draft)
        os.replace(draft, target)
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(draft)
        raise


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """A block whose OSErrors name this file, and not a temporary one."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, name) from None


def load(thing: object, path: Path, *, finite: bool = True) -> None:
    """Set the numbers of a thing to those in a file; after an error none has changed.

    The file of a model may come from another program, if it has the model's names and shapes and data in float64,
    float32, float16 or bfloat16, which become float64 without an error. The numbers in names may have gaps: PyTorch
    counts activations too, as in 0.weight, 2.weight. ValueError for a file that is damaged, is no safetensors file, or
    has other names or shapes than the thing; with finite=True also for infinite and nan data. OSError if the file can't
    be read; ImportError without numpy and safetensors.
    """
    kept = _kept(thing)
    name = os.fsdecode(path)
    rows = {key: (array.shape, array.ravel().tolist()) for key, array in _read(name, *kept.count()).items()}
    for key, (_, row) in rows.items():
        if finite and not all(map(math.isfinite, row)):
            raise ValueError(f"{name}: {key} has infinite or nan data; load(..., finite=False) accepts it")
    restore = kept.restoring(rows, name)
    with Interrupts() as interrupts:  # A Ctrl-C waits until all numbers are set.
        restore()
    interrupts.answer()


def _read(name: str, least: int, most: int) -> dict[str, Any]:
    """The arrays in a file, in float64; nothing larger than so many numbers and a header is read into memory."""
    size = f"{_LARGEST * most} and a header, or {_SMALLEST * least} in half precision"
    least, most = _SMALLEST * least, _LARGEST * most + _HEADER_AT_MOST
    with _naming(name):
        status = os.stat(name)
        if not stat.S_ISREG(status.st_mode):
            raise ValueError(f"{name} is no regular file")
        if not least < status.st_size <= most:
            raise ValueError(f"{name} has {status.st_size} bytes, but the numbers to load are {size}")
        with open(name, "rb") as file:
            content = file.read(most + 1)
    numpy, library = _library("numpy"), _library("safetensors")
    try:
        found = library.deserialize(content)
        (length,) = struct.unpack_from("<Q", content)
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__") or {}  # It may be null.
    except Exception as error:  # safetensors raises errors of its own and passes on those of Rust.
        raise ValueError(f"{name} is damaged, or no safetensors file: {error}") from None
    arrays = {}
    for key, tensor in found:
        if (array := _decoded(numpy, tensor["dtype"], tensor["data"])) is None:
            raise ValueError(f"{name}: {key} is {tensor['dtype']}; parameters are F64, F32, F16 or BF16: convert it")
        arrays[key] = array.reshape(tensor["shape"])
    # A key that is nearly ours is ours with an error in it.
    if get_close_matches(DIGEST, metadata) and metadata.get(DIGEST) != _digest(arrays):
        raise ValueError(f"{name} is damaged: its data is not what was saved")
    return arrays


def _decoded(numpy: Any, kind: str, content: bytes) -> Any:
    """The numbers of a kind in float64, each of which has the same value; None for another kind."""
    codes = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
    if kind not in codes:
        return None
    numbers = numpy.frombuffer(content, codes[kind])
    if kind == "BF16":  # The upper half of a number in single precision.
        numbers = (numbers.astype("<u4") << 16).view("<f4")
    with numpy.errstate(invalid="ignore"):  # Some nan warn that they were looked at.
        return numbers.astype("<f8")


def _digest(arrays: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(repr((name, arrays[name].shape)).encode())
        digest.update(arrays[name].astype("<f8").tobytes())
    return digest.hexdigest()


def _kept(thing: object) -> Kept:
    """The thing with its numbers, or several things by name; TypeError for anything else."""
    if isinstance(thing, Mapping) and any(map(kept_of, thing.values())):
        for key in thing:
            if not isinstance(key, str) or not key or "." in key:
                raise ValueError(f"the name of a thing to save is a text without points, not {described(key)}")
        return OfSeveral({key: _kept(part) for key, part in thing.items()})
    kept = kept_of(thing)
    if kept is None:
        raise TypeError(f"the parameters of an nn.Module are saved and loaded, not {described(thing)}{_remedy(thing)}")
    if isinstance(kept, OfModule) and not kept.numbers():
        raise ValueError(f"{described(thing)} has no parameters to save or load")
    return kept


def _remedy(thing: object) -> str:
    if isinstance(thing, (str, bytes, os.PathLike)):
        return "; the model comes first, as in state.save(model, path)"
    if isinstance(thing, type):
        return f"; make one, as in {thing.__name__}(…)"
    if is_program(thing):
        return "; call program.write_back(), and pass the model that it was made of"
    if isinstance(thing, (Mapping, list, tuple)):
        return "; pass the model itself, or keep the Values in one: model = nn.Module(); model.weights = …"
    return "; pass the model itself"


def _library(name: str) -> Any:
    return imported(name, f"parameters are saved with NumPy and safetensors: {to_install('numpy safetensors', 'save')}")

"""Saving the parameters of a model to a file and loading them back, to the last bit.

>>> import os, tempfile
>>> from autograd import nn, state
>>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
>>> model, other = nn.MLP(2, [3, 1]), nn.MLP(2, [3, 1])
>>> state.save(model, path)
>>> state.load(other, path)
>>> [p.data for p in other.parameters()] == [p.data for p in model.parameters()]
True

The format is safetensors, in float64: a table of names and shapes, then numbers, and nothing that could run. The
names are those of `Module.tensors`, so a saved MLP loads into PyTorch's Sequential of Linear layers. Needs
`pip install 'scalar-autograd[save]'`.
"""

import hashlib
import importlib
import json
import math
import os
import secrets
import shutil
import stat
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

from autograd.engine.value import Value
from autograd.nn import Module

__all__ = ["load", "save"]

DIGEST: Final = "scalar-autograd.sha256"
"""Under this name a file carries the digest of what it holds, so that a changed bit is noticed."""
_HEADER_AT_MOST: Final = 1 << 20


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the parameters of a model to a file, which is the old one or the new one whatever happens.

    ValueError for a model without parameters, OSError if the file can't be written.
    """
    tensors = _tensors(model)
    numpy, library = _installed("numpy"), _installed("safetensors.numpy")
    arrays = {
        name: numpy.array([v.data for v in _leaves(tensor)], dtype="<f8").reshape(_shape(tensor))
        for name, tensor in tensors.items()
    }
    content = library.save(arrays, metadata={DIGEST: _digest(arrays)})
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError(f"{path} is no file to write parameters to")
    draft = f"{target}.{secrets.token_hex(4)}.part"
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


def load(model: Module, path: str | os.PathLike[str], *, finite: bool = True) -> None:
    """Set the parameters of a model to those in a file; nothing is changed unless everything fits.

    ValueError for a file that is no such file, is damaged, or has other names or shapes than the model; and, unless
    finite=False, for numbers that are infinite or nan. OSError if it can't be read. Files that other programs wrote
    need only have the right names, shapes and float64 numbers, and no metadata but PyTorch's.
    """
    tensors = _tensors(model)
    wanted = {name: _shape(tensor) for name, tensor in tensors.items()}
    found = _read(path, sum(8 * math.prod(shape) for shape in wanted.values()))
    _compare(path, wanted, {name: tuple(array.shape) for name, array in found.items()})
    rows = {name: [float(x) for x in array.ravel()] for name, array in found.items()}
    for name, row in rows.items():
        if finite and not all(map(math.isfinite, row)):
            raise ValueError(f"{path}: {name} holds infinite numbers or nans; load(…, finite=False) takes them")
    for name, tensor in tensors.items():
        for v, x in zip(_leaves(tensor), rows[name], strict=True):
            v.data = x


def _read(path: str | os.PathLike[str], size: int) -> dict[str, Any]:
    """The arrays in a file that may hold so many bytes of numbers."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is no regular file")
    if not size < status.st_size <= size + _HEADER_AT_MOST:
        raise ValueError(f"{path} has {status.st_size} bytes, where this model's parameters are {size} and a header")
    with open(path, "rb") as file:
        content = file.read(size + _HEADER_AT_MOST + 1)
    numpy, library = _installed("numpy"), _installed("safetensors.numpy")
    try:
        arrays: dict[str, Any] = library.load(content)
        metadata = _metadata(content)
    except Exception as error:  # the library has errors of its own, and lets others through
        raise ValueError(f"{path} is damaged, or no safetensors file: {error}") from None
    for name, array in arrays.items():
        if array.dtype != numpy.float64:
            raise ValueError(f"{path}: {name} is {array.dtype}, not float64; convert it before saving")
    if set(metadata) - {"format"} and metadata.get(DIGEST) != _digest(arrays):
        without = "" if DIGEST in metadata else f"; or its metadata is another program's, which has no {DIGEST}"
        raise ValueError(f"{path} is damaged: it doesn't hold what was saved in it{without}")
    return arrays


def _metadata(content: bytes) -> Mapping[str, str]:
    (length,) = struct.unpack_from("<Q", content)
    found: Mapping[str, str] = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    return found


def _compare(path: object, wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> None:
    if missing := [name for name in wanted if name not in found]:
        raise ValueError(f"{path} lacks {', '.join(missing[:3])}; it has {', '.join(sorted(found)[:6]) or 'nothing'}")
    if extra := sorted(set(found) - set(wanted)):
        raise ValueError(f"{path} has {', '.join(extra[:3])}, which this model has not")
    for name, shape in wanted.items():
        if found[name] != shape:
            raise ValueError(f"{path}: {name} has the shape {found[name]}, and in this model {shape}")


def _digest(arrays: Mapping[str, Any]) -> str:
    told = hashlib.sha256()
    for name in sorted(arrays):
        told.update(repr((name, arrays[name].shape)).encode())
        told.update(arrays[name].astype("<f8").tobytes())
    return told.hexdigest()


# ── parameters in lists ──


def _tensors(model: Module) -> dict[str, Any]:
    tensors = model.tensors()
    if not tensors:
        raise ValueError(f"{model!r} has no parameters to save or load")
    listed = {id(v) for tensor in tensors.values() for v in _leaves(tensor)}
    if lost := [name for name, v in model.named_parameters() if id(v) not in listed]:
        raise ValueError(f"{', '.join(lost[:3])} would be lost, for tensors() of {model!r} doesn't list them; add them")
    return tensors


def _shape(tensor: Any) -> tuple[int, ...]:
    if isinstance(tensor, Value):
        return ()
    shapes = {_shape(part) for part in tensor}
    if len(shapes) > 1:
        raise ValueError("parameters in lists of different lengths have no shape; keep them apart")
    return (len(tensor), *shapes.pop())


def _leaves(tensor: Any) -> Iterator[Value]:
    if isinstance(tensor, Value):
        yield tensor
    else:
        for part in tensor:
            yield from _leaves(part)


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ImportError(f"parameters are saved with {error.name}: pip install 'scalar-autograd[save]'") from None

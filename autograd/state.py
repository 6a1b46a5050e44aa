"""Saving the parameters of a model to a file and loading them back, to the last bit.

>>> import os, tempfile
>>> from autograd import nn, state
>>> path = os.path.join(tempfile.mkdtemp(), "model.safetensors")
>>> model, other = nn.MLP(2, [3, 1]), nn.MLP(2, [3, 1])
>>> state.save(model, path)
>>> state.load(other, path)
>>> [p.data for p in other.parameters()] == [p.data for p in model.parameters()]
True

The format is safetensors with float64 data: names and shapes, then the data, and no code. The names are those of
`Module.tensors`, so a saved MLP can be loaded into PyTorch's Sequential of Linear layers. It needs
the libraries of the extra `save`: `pip install numpy safetensors`.
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
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from autograd.engine.value import Value
from autograd.nn import Module
from autograd.wording import to_install

__all__ = ["load", "save"]

DIGEST: Final = "scalar-autograd.sha256"
"""The metadata key of the digest of all names, shapes and data: a changed bit is noticed by it."""
_HEADER_AT_MOST: Final = 1 << 20


def save(model: Module, path: str | os.PathLike[str]) -> None:
    """Write the parameters of a model to a file; after an error the file is as it was before.

    ValueError for a model without parameters, with parameters in ragged lists, or with parameters that its
    `tensors` lacks; TypeError for anything but a Module; OSError if the file can't be written; ImportError without
    numpy and safetensors.
    """
    tensors = _tensors(model)
    numpy, library = _libraries()
    arrays = {
        name: numpy.array([v.data for v in _leaves(tensor)], dtype="<f8").reshape(_shape(tensor))
        for name, tensor in tensors.items()
    }
    content = library.save(arrays, metadata={DIGEST: _digest(arrays)})
    target = os.path.realpath(path)
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError(f"{path} is no regular file, so no parameters can be saved to it; give another path")
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
    """Set the parameters of a model to those in a file; after an error no parameter has changed.

    The file may come from another program, if it has the model's names and shapes, float64 data and no metadata but
    PyTorch's. ValueError for a file that is damaged, is no safetensors file, or has other names or shapes than the
    model; with finite=True also for infinite and nan data. OSError if the file can't be read; ImportError without
    numpy and safetensors.
    """
    tensors = _tensors(model)
    wanted = {name: _shape(tensor) for name, tensor in tensors.items()}
    arrays = _read(path, sum(8 * math.prod(shape) for shape in wanted.values()))
    _compare(path, wanted, {name: array.shape for name, array in arrays.items()})
    rows = {name: array.ravel().tolist() for name, array in arrays.items()}
    for name, row in rows.items():
        if finite and not all(map(math.isfinite, row)):
            raise ValueError(f"{path}: {name} has infinite or nan data; load(..., finite=False) accepts it")
    for name, tensor in tensors.items():
        for v, x in zip(_leaves(tensor), rows[name], strict=True):
            v.data = x


def _read(path: str | os.PathLike[str], size: int) -> dict[str, Any]:
    """The arrays in a file, whose data must be `size` bytes; nothing larger is read into memory."""
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        raise ValueError(f"{path} is no regular file")
    if not size < status.st_size <= size + _HEADER_AT_MOST:
        raise ValueError(f"{path} has {status.st_size} bytes, but this model's parameters are {size} and a header")
    with open(path, "rb") as file:
        content = file.read(size + _HEADER_AT_MOST + 1)
    numpy, library = _libraries()
    try:
        arrays: dict[str, Any] = library.load(content)
        (length,) = struct.unpack_from("<Q", content)
        metadata = json.loads(content[8 : 8 + length]).get("__metadata__", {})
    except Exception as error:  # safetensors raises errors of its own and passes on those of Rust and NumPy.
        raise ValueError(f"{path} is damaged, or no safetensors file: {error}") from None
    for name, array in arrays.items():
        if array.dtype != numpy.float64:
            raise ValueError(f"{path}: {name} is {array.dtype}, not float64; convert it before saving")
    if set(metadata) - {"format"} and metadata.get(DIGEST) != _digest(arrays):
        other = "" if DIGEST in metadata else f", or another program wrote it with metadata but without {DIGEST}"
        raise ValueError(f"{path} is damaged: its data is not what was saved{other}")
    return arrays


def _compare(path: object, wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> None:
    if missing := [name for name in wanted if name not in found]:
        raise ValueError(f"{path} lacks {', '.join(missing[:3])}; it has {', '.join(sorted(found)[:6]) or 'nothing'}")
    if extra := sorted(set(found) - set(wanted)):
        raise ValueError(f"{path} has {', '.join(extra[:3])}, which this model lacks")
    for name, shape in wanted.items():
        if found[name] != shape:
            raise ValueError(f"{path}: {name} has the shape {found[name]}, but in this model {shape}")


def _digest(arrays: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        digest.update(repr((name, arrays[name].shape)).encode())
        digest.update(arrays[name].astype("<f8").tobytes())
    return digest.hexdigest()


def _tensors(model: Module) -> dict[str, Any]:
    if not isinstance(model, Module):
        raise TypeError(f"the parameters of an nn.Module are saved and loaded, not {type(model).__name__} {model!r}")
    tensors = model.tensors()
    if not tensors:
        raise ValueError(f"{model!r} has no parameters to save or load")
    listed = {id(v) for tensor in tensors.values() for v in _leaves(tensor)}
    if lost := [name for name, v in model.named_parameters() if id(v) not in listed]:
        raise ValueError(f"{', '.join(lost[:3])} would be lost, because tensors() of {model!r} lacks them; add them")
    return tensors


def _shape(tensor: Any) -> tuple[int, ...]:
    if isinstance(tensor, Value):
        return ()
    shapes = {_shape(part) for part in tensor}
    if len(shapes) > 1:
        raise ValueError("parameters in lists of different lengths have no shape; keep them in separate attributes")
    return (len(tensor), *shapes.pop())


def _leaves(tensor: Any) -> list[Value]:
    return [tensor] if isinstance(tensor, Value) else [v for part in tensor for v in _leaves(part)]


def _libraries() -> tuple[Any, Any]:
    try:
        return importlib.import_module("numpy"), importlib.import_module("safetensors.numpy")
    except ModuleNotFoundError as error:
        raise ImportError(f"parameters are saved with {error.name}: {to_install(str(error.name), 'save')}") from None

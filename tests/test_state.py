"""A saved model is loaded to the last bit, and a file that is damaged or of another kind changes nothing."""

import errno
import importlib
import importlib.util
import json
import math
import os
import pickle
import random
import re
import stat
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from autograd import Value, losses, nn, state
from tests.interrupting import interrupted, points
from tests.standin import Standin

CORRUPTIONS = 200


def model(seed: int = 0) -> nn.MLP:
    return nn.MLP(3, [4, 2], init="fan_in", rng=random.Random(seed))


def bits(module: nn.Module) -> list[bytes]:
    return [struct.pack("<d", p.data) for p in module.parameters()]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    state.save(model(), path)
    return path


@given(st.lists(st.floats(allow_nan=True), min_size=5, max_size=5))
def test_every_float_comes_back_to_the_last_bit(tmp_path_factory: pytest.TempPathFactory, numbers: list[float]) -> None:
    path = tmp_path_factory.getbasetemp() / "floats.safetensors"
    ours, other = nn.Layer(4, 1), nn.Layer(4, 1)
    for p, x in zip(ours.parameters(), numbers, strict=True):
        p.data = x
    state.save(ours, path)
    state.load(other, path, finite=False)
    assert bits(other) == bits(ours)


def test_zeros_keep_their_sign_and_subnormals_their_bits(tmp_path: Path) -> None:
    ours, other = nn.Neuron(2), nn.Neuron(2)
    for p, x in zip(ours.parameters(), [-0.0, 5e-324, 2.2e-308], strict=True):
        p.data = x
    state.save(ours, tmp_path / "n")
    state.load(other, tmp_path / "n")
    assert bits(other) == bits(ours)


def test_names_and_shapes_are_those_of_linear_layers(saved: Path) -> None:
    shapes = {name: array.shape for name, array in load_file(saved).items()}
    assert shapes == {"0.weight": (4, 3), "0.bias": (4,), "1.weight": (2, 4), "1.bias": (2,)}


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed")
def test_pytorch_loads_and_computes_the_same(saved: Path) -> None:
    torch = importlib.import_module("torch")
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)).double()
    theirs.load_state_dict(importlib.import_module("safetensors.torch").load_file(saved))
    hidden = torch.relu(theirs[0](torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64)))
    assert [v.data for v in model()([1.0, -2.0, 0.5])] == pytest.approx(theirs[1](hidden).tolist(), rel=1e-14, abs=0.0)
    importlib.import_module("safetensors.torch").save_file(theirs.state_dict(), saved)
    other = model(5)
    state.load(other, saved)
    assert bits(other) == bits(model())


def corrupted(content: bytes, rng: random.Random) -> bytes:
    """The content with one error: a changed bit or byte, a part removed or inserted, or its end cut off."""
    at = rng.randrange(len(content))
    kind = rng.randrange(5)
    if kind == 0:
        return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]
    if kind == 1:
        return content[:at] + bytes([(content[at] + rng.randrange(1, 256)) % 256]) + content[at + 1 :]
    if kind == 2:
        return content[:at]
    if kind == 3:
        return content[:at] + rng.randbytes(rng.randrange(1, 20)) + content[at:]
    return content[:at] + content[at + rng.randrange(1, 20) :]


def test_a_damaged_file_is_refused_and_the_model_untouched(saved: Path) -> None:
    rng, content, other = random.Random(11), saved.read_bytes(), model(1)
    before = bits(other)
    for _ in range(CORRUPTIONS):
        saved.write_bytes(corrupted(content, rng))
        with pytest.raises(ValueError, match=r"model\.safetensors") as error:
            state.load(other, saved)
        assert len(str(error.value)) < 500
        assert bits(other) == before
    saved.write_bytes(content)
    state.load(other, saved)
    assert bits(other) == bits(model())


def test_the_parameters_of_a_user_s_module_are_saved_too(tmp_path: Path) -> None:
    class Scaled(nn.MLP):
        def __init__(self, start: float) -> None:
            super().__init__(2, [3, 1])
            self.scale = Value(start)

    ours, other = Scaled(3.0), Scaled(1.0)
    state.save(ours, tmp_path / "scaled")
    state.load(other, tmp_path / "scaled")
    assert other.scale.data == 3.0
    assert bits(other) == bits(ours)
    layer = nn.Layer(1, 2)
    layer.neurons[0].b = None
    with pytest.raises(ValueError, match=r"neurons\.1\.b would be lost"):
        state.save(layer, tmp_path / "layer")


def test_metadata_of_another_program_is_passed_over(saved: Path) -> None:
    for metadata in ({"format": "pt"}, {"author": "me", "sha256": "0" * 64, "scalar": "1"}, {"": ""}):
        save_file(load_file(saved), saved, metadata=metadata)
        other = model(1)
        state.load(other, saved)
        assert bits(other) == bits(model())


def test_a_digest_under_a_damaged_key_is_no_metadata_of_another_program(saved: Path) -> None:
    for key in ("scalar-autograd.shb256", "scalar-autogra`.sha256", "calar-autograd.sha256"):
        save_file(load_file(saved), saved, metadata={key: "0" * 64})
        with pytest.raises(ValueError, match="is damaged: its data is not what was saved"):
            state.load(model(), saved)


# ── files of PyTorch ──


def bfloat16(bits_of: int) -> float:
    """The number of 16 bits: a sign, 8 bits of the exponent, 7 of the mantissa."""
    sign, exponent, mantissa = -1.0 if bits_of >> 15 else 1.0, bits_of >> 7 & 0xFF, bits_of & 0x7F
    if exponent == 0xFF:
        return math.nan if mantissa else sign * math.inf
    return sign * math.ldexp(mantissa + 128 * (exponent > 0), max(exponent, 1) - 134)


ALL: bytes = np.arange(1 << 16, dtype="<u2").tobytes()
"""Every number of two bytes."""
KINDS: dict[str, tuple[bytes, list[float]]] = {
    "F16": (ALL, [x for (x,) in struct.iter_unpack("<e", ALL)]),
    "BF16": (ALL, [bfloat16(n) for n in range(1 << 16)]),
    "F32": (struct.pack("<5f", 0.1, -1e-45, 3.4e38, math.inf, -0.0) + b"\1\0\x80\x7f", []),
    "F64": (struct.pack("<4d", 0.1, 5e-324, -1.7e308, -0.0), []),
}


def file_of(kind: str, shape: list[int], content: bytes) -> bytes:
    """A safetensors file of one tensor."""
    header = json.dumps({"weight": {"dtype": kind, "shape": shape, "data_offsets": [0, len(content)]}}).encode()
    return struct.pack("<Q", len(header)) + header + content


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_of_every_precision_is_taken_as_it_is(tmp_path: Path, kind: str) -> None:
    content, numbers = KINDS[kind]
    numbers = numbers or [x for (x,) in struct.iter_unpack("<f" if kind == "F32" else "<d", content)]
    (tmp_path / "t").write_bytes(file_of(kind, [1, len(numbers)], content))
    module = nn.Neuron(len(numbers), bias=False)
    state.load(module, tmp_path / "t", finite=False)
    found = [v.data for v in module.w]
    same = [(a.hex(), b.hex()) for a, b in zip(found, numbers, strict=True) if not math.isnan(b)]
    assert all(a == b for a, b in same)
    assert [math.isnan(a) for a in found] == [math.isnan(b) for b in numbers]


def test_another_kind_of_number_is_named(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(file_of("I64", [1, 2], bytes(16)))
    with pytest.raises(ValueError, match="weight is I64; parameters are F64, F32, F16 or BF16: convert it"):
        state.load(nn.Neuron(2, bias=False), tmp_path / "t")


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed")
@pytest.mark.parametrize("precision", ["float64", "float32", "float16", "bfloat16"])
def test_a_sequential_of_pytorch_is_loaded(tmp_path: Path, precision: str) -> None:
    torch = importlib.import_module("torch")
    torch.manual_seed(1)
    steps = [torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2), torch.nn.Tanh(), torch.nn.Linear(2, 1)]
    theirs = torch.nn.Sequential(*steps).to(getattr(torch, precision))
    file = tmp_path / "theirs"
    importlib.import_module("safetensors.torch").save_file(
        theirs.state_dict(), file, metadata={"format": "pt", "by": "me"}
    )
    wanted = [x for p in theirs.parameters() for x in p.flatten().tolist()]
    ours = nn.MLP(3, [4, 2, 1])
    steps_of_ours = nn.Sequential(nn.Linear(3, 4), "relu", nn.Linear(4, 2), "tanh", nn.Linear(2, 1))
    for module in (ours, steps_of_ours):
        state.load(module, file)
        assert [x for rows in module.state_dict().values() for x in np.ravel(rows).tolist()] == wanted
    with pytest.raises(ValueError, match=r"lacks 1\.weight, 1\.bias, 3\.weight; it has 0\.bias, 0\.weight, 2\.bias"):
        state.load(nn.MLP(3, [4, 2, 1, 1]), file)


class Boom:
    """An object that writes a file when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("/tmp/unpickled-by-autograd",)


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    other, path = model(1), tmp_path / "foreign"
    for content in (b"", b"PK\x03\x04" + bytes(300), pickle.dumps(Boom()) + bytes(300), bytes(400), b"{}" * 200):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="foreign"):
            state.load(other, path)
    assert not os.path.exists("/tmp/unpickled-by-autograd")
    path.write_bytes(b"")
    os.truncate(path, 1 << 40)  # A sparse file: it takes no space on the disk, but it would in memory.
    with pytest.raises(ValueError, match="1099511627776 bytes, but"):
        state.load(other, path)
    with pytest.raises(ValueError, match="no regular file"):
        state.load(other, tmp_path)
    with pytest.raises(FileNotFoundError):
        state.load(other, tmp_path / "nothing")


@pytest.mark.parametrize("library", ["numpy", "safetensors.numpy", "safetensors"])
def test_a_library_that_is_missing_is_named(saved: Path, monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    use = state.load if library == "safetensors" else state.save
    with pytest.raises(ImportError, match=r"with NumPy and safetensors: pip install numpy safetensors, .*save"):
        use(model(), saved)


def test_the_size_of_a_file_is_that_of_the_numbers_and_a_header_of_at_most_a_mebibyte(tmp_path: Path) -> None:
    ours, path = nn.Neuron(3, bias=False), tmp_path / "padded"
    header = json.dumps({"weight": {"dtype": "F64", "shape": [1, 3], "data_offsets": [0, 24]}}).encode()

    def padded(spaces_and_header: int) -> bytes:
        return (
            struct.pack("<Q", spaces_and_header) + header.ljust(spaces_and_header) + struct.pack("<3d", 1.0, 2.0, 3.0)
        )

    path.write_bytes(padded((1 << 20) - 8))
    state.load(ours, path)
    assert [v.data for v in ours.w] == [1.0, 2.0, 3.0]
    for content in (padded(1 << 20), bytes(6)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"has {len(content)} bytes, but .* are 24 and a header, or 6 in half"):
            state.load(ours, path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")
def test_nobody_waits_for_a_fifo(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ValueError, match="no regular file"):
        state.load(model(), tmp_path / "pipe")
    with pytest.raises(OSError, match="no parameters can be saved to it"):
        state.save(model(), tmp_path / "pipe")


def test_another_model_is_named(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"0\.weight has the shape \(4, 3\), but in this model \(3, 4\)"):
        state.load(nn.MLP(4, [3, 2]), saved)
    with pytest.raises(ValueError, match=r"has 1\.bias, 1\.weight, which this model lacks"):
        state.load(nn.MLP(3, [4]), saved)
    with pytest.raises(ValueError, match=r"lacks 2\.weight, 2\.bias"):
        state.load(nn.MLP(3, [4, 2, 1]), saved)
    arrays = load_file(saved)
    arrays["0.bias"] = np.array([1.0, math.inf, 0.0, 0.0])
    save_file(arrays, saved)
    other = model(1)
    with pytest.raises(ValueError, match=r"0\.bias has infinite or nan data"):
        state.load(other, saved)
    assert bits(other) == bits(model(1))
    state.load(other, saved, finite=False)
    assert other.parameters()[7].data == math.inf
    with pytest.raises(ValueError, match="has no parameters"):
        state.save(nn.Module(), tmp_path / "none")
    for use in (state.save, state.load):
        with pytest.raises(TypeError, match=r"the parameters of an nn\.Module are saved and loaded, not list \[Value"):
            use([Value(1.0)], saved)


class Weights(nn.Module):
    """A module with one parameter."""

    def __init__(self) -> None:
        self.w = Value(1.0)


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ({"w": [0.5]}, r"not dict \{'w': \[0\.5\]\}; .* model = nn\.Module\(\); model\.weights = …"),
        ([Value(1.0)], r"not list \[Value.*; .* model\.weights = …"),
        ("model.safetensors", r"not str 'model.safetensors'; the model comes first, as in state\.save\(model, path\)"),
        (Path("model"), "the model comes first"),
        (Weights, r"make one, as in Weights\(…\)"),
        (Value(1.0), r"not Value\(data=1\.0, grad=0\.0\); pass the model itself"),
        (Standin(model(), losses.mse, [(3,), ()]), r"call program\.write_back\(\), and pass the model"),
    ],
)
def test_a_thing_that_is_no_model_is_named(thing: Any, message: str, tmp_path: Path) -> None:
    for use in (state.save, state.load):
        with pytest.raises(TypeError, match=message):
            use(thing, tmp_path / "t")
    with pytest.raises(TypeError, match="expected str, bytes or os"):
        state.save(Weights(), 3)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["n" * 255, "é" * 127, "ünï ćödé.safetensors", "-", "a\nb"])
@pytest.mark.parametrize("form", [Path, str, os.fsencode])
def test_any_name_that_the_system_takes_is_taken(tmp_path: Path, name: str, form: Any) -> None:
    path = form(tmp_path / name)
    for _ in range(2):
        state.save(model(), path)
    assert os.listdir(tmp_path) == [name]
    other = model(1)
    state.load(other, path)
    assert bits(other) == bits(model())


@pytest.mark.parametrize("name", ["n" * 256, "nowhere/model"])
def test_an_error_names_the_file_that_was_named(tmp_path: Path, name: str) -> None:
    for use in (state.save, state.load):
        with pytest.raises(OSError, match=re.escape(repr(str(tmp_path / name)))) as error:
            use(model(), os.fsencode(tmp_path / name))
        assert error.value.filename == str(tmp_path / name)
        assert ".part" not in str(error.value)
        assert error.value.filename2 is None
    assert os.listdir(tmp_path) == []
    with pytest.raises(FileNotFoundError, match=f"no such folder; make it first: '{re.escape(str(tmp_path))}/no/m'"):
        state.save(model(), f"{tmp_path}/no/m")


def test_an_error_of_a_write_names_the_file_that_was_named(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/tmp/other", None, "/tmp/third")

    for step in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(os, step, full)
            with pytest.raises(OSError, match="No space left on device: '") as error:
                state.save(model(2), saved)
        assert (error.value.errno, error.value.filename) == (errno.ENOSPC, str(saved))


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_crash_leaves_the_old_file(saved: Path, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = saved.read_bytes()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, step, crash)
        with pytest.raises(KeyboardInterrupt):
            state.save(model(2), saved)
    assert saved.read_bytes() == before
    assert list(saved.parent.iterdir()) == [saved]


def test_the_file_keeps_its_mode_and_a_link_its_target(saved: Path) -> None:
    saved.chmod(0o640)
    link = saved.with_name("link")
    link.symlink_to(saved)
    state.save(model(2), link)
    assert link.is_symlink()
    assert stat.S_IMODE(saved.stat().st_mode) == 0o640
    other = model(1)
    state.load(other, saved)
    assert bits(other) == bits(model(2))


def test_any_module_is_saved_under_its_names(tmp_path: Path) -> None:
    class Mixed(nn.Module):
        def __init__(self, start: float) -> None:
            self.scale = Value(start)
            self.table = [[Value(start + i + 3 * j) for i in range(3)] for j in range(2)]
            self.parts = [nn.Neuron(2), nn.Layer(1, 2, bias=False)]
            self.name = "mixed"

    ours, other = Mixed(1.0), Mixed(0.0)
    state.save(ours, tmp_path / "mixed")
    assert {name: array.shape for name, array in load_file(tmp_path / "mixed").items()} == {
        "scale": (),
        "table": (2, 3),
        "parts.0.weight": (1, 2),
        "parts.0.bias": (1,),
        "parts.1.weight": (2, 1),
    }
    state.load(other, tmp_path / "mixed")
    assert bits(other) == bits(ours)


# ── Ctrl-C ──

# The interpreter closes a file that was interrupted before it had a name, and warns.
closing = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def in_state(file: str) -> bool:
    return file.endswith(("state.py", "tensors.py", "guarded.py", "kept.py", "interrupts.py"))


@closing
def test_ctrl_c_while_a_file_is_loaded_leaves_one_model_or_the_other(saved: Path) -> None:
    old, new = bits(model(5)), bits(model())
    ours, seen = model(5), set()

    def work() -> None:
        state.load(ours, saved)

    for place in range(1, points(work, in_state) + 1):
        for p, x in zip(ours.parameters(), old, strict=True):
            (p.data,) = struct.unpack("<d", x)
        with suppress(KeyboardInterrupt), interrupted(place=place, files=in_state):
            work()
        assert bits(ours) in (old, new)
        seen.add(tuple(bits(ours)))
    assert seen == {tuple(old), tuple(new)}


@closing
def test_ctrl_c_while_a_file_is_saved_leaves_one_file_or_the_other(tmp_path: Path) -> None:
    path = tmp_path / "model"
    ours, seen = model(5), set()
    state.save(ours, path)
    old, new = path.read_bytes(), saved_bytes(tmp_path / "other", model())

    def work() -> None:
        state.save(model(), path)

    for place in range(1, points(work, in_state) + 1):
        path.write_bytes(old)
        with suppress(KeyboardInterrupt), interrupted(place=place, files=in_state):
            work()
        assert path.read_bytes() in (old, new)
        assert sorted(os.listdir(tmp_path)) == ["model", "other"]
        seen.add(path.read_bytes())
    assert seen == {old, new}


def saved_bytes(path: Path, module: nn.Module) -> bytes:
    state.save(module, path)
    return path.read_bytes()


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}])
def test_metadata_may_be_null(saved: Path, metadata: Any) -> None:
    content = saved.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    header["__metadata__"] = metadata
    text = json.dumps(header).encode()
    saved.write_bytes(struct.pack("<Q", len(text)) + text + content[8 + length :])
    ours = model(3)
    state.load(ours, saved)
    assert bits(ours) == bits(model())

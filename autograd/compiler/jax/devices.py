"""A training over several devices, of one process or of many: which device holds which rows and parameters.

Arrays are divided among the devices of a mesh, and the partitioner of XLA finds the rest: what each device computes,
and the sums over all of them. So the results are those of one device, up to rounding.

Importing this module imports JAX.
"""

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from autograd.arguments import described, known, whole

Given: TypeAlias = "int | Sequence[jax.Device] | Mesh"
"""Devices, as users name them."""
AXIS: Final = "devices"
"""The axis of a mesh that is made of a number or a list of devices."""
LARGE: Final = 1 << 12
"""Numbers of a matrix that is worth splitting: below it, the calls between the devices take longer than its sums."""
SHARDS: Final = ("layers",)


class Devices:
    """A mesh of devices, over which the rows of a batch are divided.

    devices is a number of devices, the first ones that JAX has, or a list of them, or a mesh. The rows are divided
    along the first axis of the mesh. All parameters are on every device; shard="layers" splits each large
    array of them, and what the optimiser keeps for it, along the last axis of the mesh: each device then holds a
    part, and the devices exchange the parts when they compute. TypeError and ValueError for anything else.
    """

    def __init__(self, devices: Given, shard: str | None = None) -> None:
        if shard is not None:
            known("way to shard", shard, SHARDS)
        self.mesh = _mesh(devices)
        """The devices with the names of their axes."""
        self.whole = self._over()
        """The sharding of an array that is whole on every device."""
        self._rows, self._parts = self.mesh.axis_names[0], self.mesh.axis_names[-1]
        self._splits = shard == "layers"

    @property
    def count(self) -> int:
        """The number of parts of a batch."""
        return int(self.mesh.shape[self._rows])

    def _over(self, *axes: Any) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec(*axes))

    # ── rows ──

    def rows(self, array: Any, dtype: str) -> jax.Array:
        """The rows of an array, divided among the devices; zeros follow them, up to a number that can be divided.

        Of an array on the disk, or of a `train.Loader`, each process reads the rows of its own devices alone.
        """
        n = array.shape[0]
        shape = (self.padded(n), *array.shape[1:])
        if isinstance(array, jax.Array) and array.shape == shape:
            return jax.device_put(array.astype(dtype), self._over(self._rows))

        def part(index: tuple[slice, ...]) -> Any:
            start, stop, _ = index[0].indices(shape[0])
            read = np.asarray(array[start : min(stop, n)], dtype)
            return np.pad(read, [(0, stop - start - len(read)), *[(0, 0)] * (read.ndim - 1)])

        return jax.make_array_from_callback(shape, self._over(self._rows), part, dtype)

    def taken(self, array: Any, places: Any) -> Any:
        """The rows at some places of an array that is whole on every device, in a function that JAX traces."""
        n = len(places)
        places = jnp.pad(places, (0, self.padded(n) - n))
        rows = jnp.take(array, places, axis=0, mode="clip")
        return jax.lax.with_sharding_constraint(rows, self._over(self._rows))[:n]

    def everywhere(self, array: Any, dtype: str) -> jax.Array:
        """An array that is whole on every device."""
        if isinstance(array, jax.Array):
            return jax.device_put(array.astype(dtype), self.whole)
        host = np.asarray(array, dtype)
        return jax.make_array_from_callback(host.shape, self.whole, host.__getitem__, dtype)

    def padded(self, n: int) -> int:
        """The least number from n that can be divided among the devices."""
        return -(-n // self.count) * self.count

    # ── parameters, and what an optimiser keeps for them ──

    def sharding(self, shape: Sequence[int]) -> NamedSharding:
        """The sharding of an array of parameters."""
        parts = self.mesh.shape[self._parts]
        axes = [axis for axis, size in enumerate(shape) if size % parts == 0]
        if not self._splits or len(shape) < 2 or np.prod(shape) < LARGE or not axes:
            return self.whole
        longest = max(axes, key=lambda axis: shape[axis])
        return self._over(*[None] * longest, self._parts)

    def kept(self, tree: Any) -> Any:
        """The arrays of a tree inside a function that JAX traces, divided as `put` divides them."""
        place = jax.lax.with_sharding_constraint
        return jax.tree.map(lambda array: place(array, self.sharding(array.shape)), tree)

    def put(self, tree: Any) -> Any:
        """The arrays of a tree, each on the devices that hold it or a part of it."""

        def placed(array: Any) -> jax.Array:
            sharding = self.sharding(np.shape(array))
            if isinstance(array, jax.Array) and array.sharding.is_equivalent_to(sharding, array.ndim):
                return array
            host = np.asarray(array)
            return jax.make_array_from_callback(host.shape, sharding, host.__getitem__, host.dtype)

        return jax.tree.map(placed, tree)

    def gathered(self, tree: Any) -> Any:
        """The arrays of a tree, each whole, for NumPy; every process has to ask for them at the same time."""
        return jax.tree.map(np.asarray, jax.jit(lambda arrays: arrays, out_shardings=self.whole)(tree))


def _mesh(devices: Given) -> Mesh:
    if isinstance(devices, Mesh):
        # The partitioner finds the shardings in between only along axes of this type.
        return Mesh(devices.devices, devices.axis_names, axis_types=(AxisType.Auto,) * devices.devices.ndim)
    if isinstance(devices, Sequence) and devices and all(isinstance(device, jax.Device) for device in devices):
        return Mesh(np.array(devices), (AXIS,))
    if isinstance(devices, (str, Sequence)):
        raise TypeError(f"devices is a number of devices, a list of jax.devices(), or a Mesh, not {described(devices)}")
    count, there = whole("devices", devices), jax.devices()
    if count > len(there):
        remedy = f"; XLA_FLAGS=--xla_force_host_platform_device_count={count}, set before JAX starts, makes them"
        of_cpu = there[0].platform == "cpu"
        raise ValueError(f"there are {len(there)} devices, and not {count}{remedy if of_cpu else ''}")
    return Mesh(np.array(there[:count]), (AXIS,))

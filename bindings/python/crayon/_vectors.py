"""Arrays of float32 that the library writes to: numpy's where it is installed."""
import array
import ctypes
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy
    import numpy.typing

    Vector = array.array[float] | numpy.typing.NDArray[numpy.float32]

try:
    import numpy as _numpy
except ImportError:
    _numpy = None  # type: ignore[assignment]


def new_vector(length: int) -> "tuple[Vector, Any]":
    """Zeros, and the pointer to give to the library."""
    if _numpy is not None:
        vector = _numpy.zeros(length, _numpy.float32)
        return vector, vector.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
    plain = array.array("f", bytes(4 * length))
    return plain, (ctypes.c_float * length).from_buffer(plain)

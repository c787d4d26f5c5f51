"""The runtime, which all else is made in, and switches that end what it does."""
import ctypes
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from . import _structures as c
from ._callbacks import log_callback
from ._handle import Handle
from ._library import call, open_handle, path_bytes, sized
from .enums import LogLevel
from .options import ModelOptions, Path, SessionOptions, struct_of

if TYPE_CHECKING:
    from .encoder import Encoder
    from .model import Model


@dataclass(frozen=True)
class Memory:
    """Bytes; of keys, values and scratch, those of one session."""
    weights: int
    kv_cache: int
    scratch: int


class Runtime(Handle):
    """Closing it closes what was made in it."""
    _close = "crayon_runtime_close"

    def __init__(self, log: Callable[[LogLevel, str], object] | None = None) -> None:
        """`log` gets lines from any thread that calls the library."""
        self._children: weakref.WeakSet[Handle] = weakref.WeakSet()
        self._log = log_callback(log)
        options = sized(c.RuntimeOptions, log=self._log)
        super().__init__(open_handle("crayon_runtime_open", ctypes.byref(options)))

    def open_model(self, path: Path, **options: Unpack[ModelOptions]) -> "Model":
        """Opens a model bundle (`crayon pack`)."""
        from .model import Model
        struct = struct_of(c.ModelOptions, options)
        return Model(self, open_handle("crayon_model_open", self.pointer, path_bytes(path),
                                       ctypes.byref(struct)))

    def open_encoder(self, path: Path, **options: Unpack[ModelOptions]) -> "Encoder":
        """Opens an encoder bundle of texts and pictures (CLIP)."""
        from .encoder import Encoder
        struct = struct_of(c.ModelOptions, options)
        return Encoder(self, open_handle("crayon_encoder_open", self.pointer, path_bytes(path),
                                         ctypes.byref(struct)))

    def estimate_memory(self, path: Path, **options: Unpack[SessionOptions]) -> Memory:
        """What a bundle and one session will take; nothing is loaded."""
        struct, memory = struct_of(c.SessionOptions, options), sized(c.Memory)
        call("crayon_estimate_memory", self.pointer, path_bytes(path), ctypes.byref(struct),
             ctypes.byref(memory))
        return Memory(memory.weights, memory.kv_cache, memory.scratch)

    def close(self) -> None:
        for child in list(self._children):
            child.close()
        super().close()


class Child(Handle):
    """What is made in a runtime, which it keeps open."""

    def __init__(self, runtime: Runtime, pointer: int) -> None:
        super().__init__(pointer)
        self._runtime = runtime
        runtime._children.add(self)


class Cancel(Child):
    """A switch that ends what another thread has asked for."""
    _close = "crayon_cancel_close"

    def __init__(self, runtime: Runtime) -> None:
        super().__init__(runtime, open_handle("crayon_cancel_open", runtime.pointer))

    def set(self, on: bool = True) -> None:
        from ._library import library
        library().crayon_cancel_set(self.pointer, on)

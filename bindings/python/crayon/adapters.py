"""Adapters, and pools that they are blended from."""
import ctypes
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from . import _structures as c
from ._library import call, open_handle, path_bytes, utf8
from ._vectors import new_vector
from .options import BlendOptions, Path, struct_of
from .runtime import Child

if TYPE_CHECKING:
    from ._vectors import Vector

LONGEST_NAME = 256


@dataclass(frozen=True)
class Example:
    """What the customer asks, as a user would say it. Only the rule "lorahub" needs the answer."""
    question: str
    answer: str | None = None


class Adapter(Child):
    _close = "crayon_adapter_close"

    def save(self, path: Path) -> None:
        """Writes an adapter that Pool.blend() made as a bundle."""
        call("crayon_adapter_save", self.pointer, path_bytes(path))


@dataclass(frozen=True)
class Blend:
    """weights: of the pool's adapters, in its order."""
    adapter: Adapter
    weights: "Vector"


class Pool(Child):
    _close = "crayon_pool_close"

    def __len__(self) -> int:
        size = ctypes.c_size_t()
        call("crayon_pool_get_size", self.pointer, ctypes.byref(size))
        return size.value

    @property
    def names(self) -> list[str]:
        return [self._name(index) for index in range(len(self))]

    def _name(self, index: int) -> str:
        name = ctypes.create_string_buffer(LONGEST_NAME)
        call("crayon_pool_get_name", self.pointer, index, name, len(name))
        return name.value.decode("utf-8", "replace")

    def blend(self, examples: Iterable[Example | str], **options: Unpack[BlendOptions]) -> Blend:
        """One adapter of the pool's, for what the examples are about."""
        given = [Example(each) if isinstance(each, str) else each for each in examples]
        array = (c.Example * len(given))(*(
            c.Example(utf8(each.question), None if each.answer is None else utf8(each.answer))
            for each in given))
        weights, to = new_vector(len(self))
        pointer = open_handle("crayon_pool_blend", self.pointer, array, len(given),
                              ctypes.byref(struct_of(c.BlendOptions, options)), to)
        return Blend(Adapter(self._runtime, pointer), weights)

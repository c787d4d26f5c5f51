"""What all handles share: they are closed once, by `with`, by close(), or when they are forgotten."""
from types import TracebackType
from typing import ClassVar, Self

from ._library import code_name, library
from .enums import Code
from .errors import CrayonError


class Handle:
    _close: ClassVar[str]  # the C function

    def __init__(self, pointer: int) -> None:
        self._pointer: int | None = pointer

    @property
    def pointer(self) -> int:
        """What the library knows it by. Closed handles do not get that far."""
        if self._pointer is None:
            raise CrayonError(Code.CLOSED, code_name(Code.CLOSED), f"{type(self).__name__} was closed",
                              "use it before close(), or inside of its `with`")
        return self._pointer

    @property
    def closed(self) -> bool:
        return self._pointer is None

    def close(self) -> None:
        """Frees what it holds; a second time does nothing. Raises CrayonError (BUSY) while another
        thread uses it."""
        if self._pointer is None:
            return
        code = getattr(library(), self._close)(self._pointer)
        if code != Code.OK:
            raise CrayonError(code, code_name(code), f"{type(self).__name__} cannot be closed now",
                              "wait for what uses it, or cancel that")
        self._pointer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_pointer", None) is not None:
            try:
                self.close()
            except CrayonError:
                pass  # nobody is left to be told

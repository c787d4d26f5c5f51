"""Python functions as the library calls them back."""
import ctypes
from collections.abc import Callable
from typing import Any

from . import _structures as c
from .enums import LogLevel


class Guard:
    """Keeps the exception of a callback, which stops the call, until that has returned."""

    def __init__(self) -> None:
        self.failure: BaseException | None = None

    def wrap(self, function: Callable[..., object]) -> Callable[..., int]:
        """`function` goes on with None, False or 0, as in C, and stops with all else."""

        def guarded(*arguments: Any) -> int:
            try:
                return 1 if function(*arguments) else 0
            except BaseException as failure:
                self.failure = failure
                return 1

        return guarded

    def check(self) -> None:
        if self.failure is not None:
            raise self.failure


def text_of(pointer: int | None, length: int) -> str:
    return ctypes.string_at(pointer, length).decode("utf-8", "replace") if pointer else ""


def log_callback(log: Callable[[LogLevel, str], object] | None) -> Any:
    """What `log` raises is Python's to report (sys.unraisablehook): the library goes on."""
    if log is None:
        return c.LogCallback(0)
    write = log
    return c.LogCallback(
        lambda user, level, line: write(LogLevel(level), line.decode("utf-8", "replace")))

"""Sessions: texts that go on."""
import ctypes
from collections.abc import Callable
from dataclasses import dataclass
from typing import Unpack

from . import _structures as c
from ._callbacks import Guard, text_of
from ._library import call, path_bytes, sized, take_text, utf8
from .enums import Finish
from .options import GenerateOptions, Path, generate_struct
from .runtime import Cancel, Child
from .streams import Stream


@dataclass(frozen=True)
class Generation:
    """confidence: the geometric mean of the tokens' probabilities."""
    text: str
    finish: Finish
    prompt_tokens: int
    tokens: int
    steps: int
    prefill_seconds: float
    decode_seconds: float
    confidence: float


@dataclass(frozen=True)
class Counters:
    """What a session has done in all its life."""
    tokens_read: int
    tokens_generated: int
    distillations: int
    prefill_seconds: float
    decode_seconds: float
    distil_seconds: float
    position: int
    context: int


class Session(Child):
    """One thread at a time may use it; a second one gets CrayonError (BUSY)."""
    _close = "crayon_session_close"

    def read(self, text: str) -> None:
        """Reads a text behind what was read."""
        call("crayon_session_read", self.pointer, utf8(text))

    def clear(self) -> None:
        """Forgets what was read."""
        call("crayon_session_clear", self.pointer)

    def save(self, path: Path) -> None:
        """Writes what is held to a file."""
        call("crayon_session_save", self.pointer, path_bytes(path))

    def restore(self, path: Path) -> None:
        """Puts what a file holds in the place of what was read."""
        call("crayon_session_restore", self.pointer, path_bytes(path))

    @property
    def counters(self) -> Counters:
        counters = sized(c.Counters)
        call("crayon_session_get_counters", self.pointer, ctypes.byref(counters))
        return Counters(*(getattr(counters, name) for name in Counters.__dataclass_fields__))

    def generate(self, prompt: str, on_piece: Callable[[str], object] | None = None,
                 cancel: Cancel | None = None, **options: Unpack[GenerateOptions]) -> Generation:
        """Reads `prompt` behind what was read and goes on from it. `on_piece` gets the text while it
        is made, and stops by returning True; what it raises ends the call, and is raised here."""
        guard, callback = Guard(), c.TextCallback(0)
        if on_piece is not None:
            show = on_piece
            callback = c.TextCallback(guard.wrap(
                lambda user, text, length: show(text_of(text, length))))
        text, result = ctypes.c_void_p(), sized(c.Generation)
        call("crayon_session_generate", self.pointer, utf8(prompt),
             ctypes.byref(generate_struct(options, cancel)), callback, None, ctypes.byref(text),
             ctypes.byref(result))
        whole = take_text(text)
        guard.check()
        return Generation(whole, Finish(result.finish), result.prompt_tokens, result.tokens,
                          result.steps, result.prefill_seconds, result.decode_seconds,
                          result.confidence)

    def stream(self, prompt: str, **options: Unpack[GenerateOptions]) -> Stream[str, Generation]:
        """The same, as an iterator of the text's pieces."""
        return Stream(Cancel(self._runtime),
                      lambda put, cancel: self.generate(prompt, put, cancel, **options))

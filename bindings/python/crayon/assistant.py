"""Assistants: questions and answers, of the local model or a larger one elsewhere."""
import ctypes
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Unpack

from . import _structures as c
from ._callbacks import Guard, text_of
from ._library import call, sized, take_text, utf8
from .enums import Finish, Route
from .options import GenerateOptions, ask_struct, generate_struct
from .runtime import Cancel, Child
from .streams import Stream


@dataclass(frozen=True)
class Turn:
    """role: "system", "user" or "assistant"."""
    role: str
    content: str


@dataclass(frozen=True)
class Piece:
    """restart: what was shown so far is void, as the remote failed in mid-answer."""
    text: str
    route: Route
    restart: bool


@dataclass(frozen=True)
class Answer:
    """score: what was compared with the threshold; reason: why this route."""
    text: str
    route: Route
    finish: Finish
    asked_remote: bool
    prompt_tokens: int
    completion_tokens: int
    score: float
    threshold: float
    reason: str


class Assistant(Child):
    """Several threads may ask at once."""
    _close = "crayon_assistant_close"

    def ask(self, question: str | Sequence[Turn],
            on_piece: Callable[[Piece], object] | None = None, cancel: Cancel | None = None, *,
            route: Route = Route.AUTO, threshold: float | None = None,
            deadline: float | None = None, **options: Unpack[GenerateOptions]) -> Answer:
        """Asks, and returns with the whole answer. A text is a user's turn. `on_piece` is as for
        Session.generate(); `deadline` is in seconds."""
        turns = [Turn("user", question)] if isinstance(question, str) else question
        array = (c.Turn * len(turns))(*(c.Turn(utf8(turn.role), utf8(turn.content))
                                        for turn in turns))
        guard, callback = Guard(), c.PieceCallback(0)
        if on_piece is not None:
            show = on_piece
            callback = c.PieceCallback(guard.wrap(lambda user, piece: show(_piece(piece.contents))))
        generate = generate_struct(options, cancel)
        text, result = ctypes.c_void_p(), sized(c.Answer)
        call("crayon_assistant_ask", self.pointer, array, len(turns),
             ctypes.byref(ask_struct(route, threshold, deadline, generate)), callback, None,
             ctypes.byref(text), ctypes.byref(result))
        whole = take_text(text)
        guard.check()
        return Answer(whole, Route(result.route), Finish(result.finish), bool(result.asked_remote),
                      result.prompt_tokens, result.completion_tokens, result.score,
                      result.threshold, result.reason.decode("utf-8", "replace"))

    def stream(self, question: str | Sequence[Turn], *, route: Route = Route.AUTO,
               threshold: float | None = None, deadline: float | None = None,
               **options: Unpack[GenerateOptions]) -> Stream[Piece, Answer]:
        """The same, as an iterator of the answer's pieces."""
        return Stream(Cancel(self._runtime), lambda put, cancel: self.ask(
            question, put, cancel, route=route, threshold=threshold, deadline=deadline, **options))


def _piece(piece: Any) -> Piece:
    return Piece(text_of(piece.text, piece.length), Route(piece.route), bool(piece.restart))

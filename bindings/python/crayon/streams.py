"""Texts that are iterated over while they are made."""
import queue
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Generic, Self, TypeVar

if TYPE_CHECKING:
    from .runtime import Cancel

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Work(Generic[Item, Result]):
    """What the thread that asks shares with the iterator. It knows nothing of the iterator, which can
    so be forgotten while the thread runs."""

    def __init__(self, cancel: "Cancel", ask: "Callable[[Callable[[Item], bool], Cancel], Result]"):
        self.items: queue.SimpleQueue[Item | None] = queue.SimpleQueue()  # None: it has ended
        self.cancel = cancel
        self.ask = ask
        self.stopped = False
        self.result: Result | None = None
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            self.result = self.ask(self.put, self.cancel)
        except BaseException as failure:  # raised where the stream is read
            self.failure = failure
        self.items.put(None)

    def put(self, item: Item) -> bool:
        """Returns whether to stop."""
        self.items.put(item)
        return self.stopped


class Stream(Generic[Item, Result], Iterator[Item]):
    """Pieces while they are made, by a thread. Leaving the loop, close(), or forgetting the stream
    cancels what is not made yet and waits for the thread."""

    def __init__(self, cancel: "Cancel",
                 ask: "Callable[[Callable[[Item], bool], Cancel], Result]") -> None:
        self._work: _Work[Item, Result] = _Work(cancel, ask)
        self._ended = False
        self._thread = threading.Thread(target=self._work.run, name="crayon stream")
        self._thread.start()

    @property
    def result(self) -> Result | None:
        """What the call without a stream returns, when the stream has ended or was closed."""
        return self._work.result

    def __next__(self) -> Item:
        if self._ended:
            raise StopIteration
        item = self._work.items.get()
        if item is not None:
            return item
        self._end()
        if self._work.failure is not None:
            raise self._work.failure
        raise StopIteration

    def close(self) -> None:
        """Cancels what is left of it. The stream has no more items then."""
        if not self._ended:
            self._work.stopped = True
            self._work.cancel.set()
            self._end()

    def _end(self) -> None:
        self._ended = True
        self._thread.join()
        self._work.cancel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_thread"):
            self.close()

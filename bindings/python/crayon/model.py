"""Models."""
import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

from . import _structures as c
from ._library import call, open_handle, path_bytes, sized, take_text, utf8
from ._vectors import new_vector
from .adapters import Adapter, Pool
from .enums import Code
from .errors import CrayonError
from .options import Adapters, AssistantOptions, Path, SessionOptions, struct_of
from .runtime import Child

if TYPE_CHECKING:
    from ._vectors import Vector
    from .assistant import Assistant
    from .session import Session


@dataclass(frozen=True)
class ModelInfo:
    id: str
    kernels: str
    threads: int
    layers: int
    dim: int
    vocabulary: int
    max_context: int
    embedding_dim: int
    uses_image: bool


@dataclass(frozen=True)
class BenchResult:
    prefill_tokens_per_second: float
    decode_tokens_per_second: float
    token_ms_p50: float
    token_ms_p95: float
    token_ms_p99: float
    bytes_per_token: int
    read_bytes_per_second: float


class Model(Child):
    """Several threads may use it at once."""
    _close = "crayon_model_close"

    @property
    def info(self) -> ModelInfo:
        info = sized(c.ModelInfo)
        call("crayon_model_get_info", self.pointer, ctypes.byref(info))
        return ModelInfo(info.id.decode(), info.kernels.decode(), info.threads, info.layers, info.dim,
                         info.vocabulary, info.max_context, info.embedding_dim, bool(info.uses_image))

    def tokenize(self, text: str, *, bos: bool = True, parse_special: bool = False) -> list[int]:
        """With `parse_special`, control tokens spelled in the text become those tokens."""
        options = sized(c.TokenizeOptions, no_bos=not bos, parse_special=parse_special)
        capacity = len(text.encode()) + 8  # mostly enough, and a second call tells how many
        while True:
            tokens, count = (ctypes.c_uint32 * capacity)(), ctypes.c_size_t()
            try:
                call("crayon_model_tokenize", self.pointer, utf8(text), ctypes.byref(options), tokens,
                     capacity, ctypes.byref(count))
                return tokens[:count.value]
            except CrayonError as error:
                if error.code != Code.OVER_LIMIT or count.value <= capacity:
                    raise
                capacity = count.value

    def detokenize(self, tokens: Sequence[int]) -> str:
        """The text of tokens that stand at the beginning of one."""
        array, text = (ctypes.c_uint32 * len(tokens))(*tokens), ctypes.c_void_p()
        call("crayon_model_detokenize", self.pointer, array, len(tokens), ctypes.byref(text))
        return take_text(text)

    def embed(self, text: str) -> "Vector":
        """What stands for a question when pools are blended: `info.embedding_dim` numbers."""
        length = self.info.embedding_dim
        vector, to = new_vector(length)
        call("crayon_model_embed", self.pointer, utf8(text), to, length)
        return vector

    def open_adapter(self, path: Path) -> Adapter:
        return Adapter(self._runtime, open_handle("crayon_adapter_open", self.pointer, path_bytes(path)))

    def open_pool(self, path: Path) -> Pool:
        return Pool(self._runtime, open_handle("crayon_pool_open", self.pointer, path_bytes(path)))

    def open_session(self, **options: Unpack[SessionOptions]) -> "Session":
        """A text that goes on."""
        from .session import Session
        struct = struct_of(c.SessionOptions, options)
        return Session(self._runtime, open_handle("crayon_session_open", self.pointer, ctypes.byref(struct)))

    def open_assistant(self, **options: Unpack[AssistantOptions]) -> "Assistant":
        """Questions and answers."""
        from .assistant import Assistant
        struct = struct_of(c.AssistantOptions, options)
        return Assistant(self._runtime,
                         open_handle("crayon_assistant_open", self.pointer, ctypes.byref(struct)))

    def bench(self, *, prompt: int | None = None, decode: int | None = None,
              repetitions: int | None = None, adapters: Adapters = ()) -> BenchResult:
        """Measures as `crayon bench` does; takes seconds to minutes."""
        options = struct_of(c.BenchOptions, {"prompt": prompt, "decode": decode,
                                             "repetitions": repetitions, "adapters": adapters})
        result = sized(c.BenchResult)
        call("crayon_model_bench", self.pointer, ctypes.byref(options), ctypes.byref(result))
        return BenchResult(*(getattr(result, name) for name in BenchResult.__dataclass_fields__))

"""Crayon: language models with blended adapters, on ARM boards.

    import crayon

    with crayon.Runtime() as runtime:
        model = runtime.open_model("model.crayon")
        assistant = model.open_assistant()
        for piece in assistant.stream("Which step is next?"):
            print(piece.text, end="", flush=True)

Everything is thin over the C interface, whose reference says what each option means; what the options
have no word for is the library's default. The library is libcrayon.so.0, or what the environment
variable CRAYON_LIBRARY names.
"""
from ._library import version
from .adapters import Adapter, Blend, Example, Pool
from .assistant import Answer, Assistant, Piece, Turn
from .encoder import Encoder, EncoderInfo
from .enums import Code, Finish, Kv, LogLevel, Route
from .errors import CrayonError
from .model import BenchResult, Model, ModelInfo
from .options import Adapters, AssistantOptions, BlendOptions, GenerateOptions, ModelOptions, SessionOptions
from .runtime import Cancel, Memory, Runtime
from .session import Counters, Generation, Session
from .streams import Stream

__all__ = [
    "Adapter", "Adapters", "Answer", "Assistant", "AssistantOptions", "BenchResult", "Blend",
    "BlendOptions", "Cancel", "Code", "Counters", "CrayonError", "Encoder", "EncoderInfo", "Example",
    "Finish", "GenerateOptions", "Generation", "Kv", "LogLevel", "Memory", "Model", "ModelInfo",
    "ModelOptions", "Piece", "Pool", "Route", "Runtime", "Session", "SessionOptions", "Stream", "Turn",
    "version",
]

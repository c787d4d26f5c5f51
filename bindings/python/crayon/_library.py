"""Finds the shared library, and calls it."""
import ctypes
import functools
import os
from ctypes import POINTER, c_char_p, c_float, c_int32, c_size_t, c_uint8, c_uint32, c_void_p
from typing import Any, TypeVar

from . import _structures as c
from .errors import CrayonError

SONAME = "libcrayon.so.0"

_handle = c_void_p
_open = POINTER(c_void_p)
_text = c_char_p
_error = POINTER(c.Error)
_floats = POINTER(c_float)
_count = POINTER(c_size_t)

# Of each function that returns a code: its arguments.
FUNCTIONS: dict[str, list[Any]] = {
    "crayon_runtime_open": [POINTER(c.RuntimeOptions), _open, _error],
    "crayon_runtime_close": [_handle],
    "crayon_cancel_open": [_handle, _open, _error],
    "crayon_cancel_set": [_handle, c_int32],
    "crayon_cancel_close": [_handle],
    "crayon_model_open": [_handle, _text, POINTER(c.ModelOptions), _open, _error],
    "crayon_model_close": [_handle],
    "crayon_model_get_info": [_handle, POINTER(c.ModelInfo), _error],
    "crayon_estimate_memory": [_handle, _text, POINTER(c.SessionOptions), POINTER(c.Memory), _error],
    "crayon_model_tokenize": [_handle, _text, POINTER(c.TokenizeOptions), POINTER(c_uint32),
                              c_size_t, _count, _error],
    "crayon_model_detokenize": [_handle, POINTER(c_uint32), c_size_t, _open, _error],
    "crayon_model_embed": [_handle, _text, _floats, c_size_t, _error],
    "crayon_adapter_open": [_handle, _text, _open, _error],
    "crayon_adapter_close": [_handle],
    "crayon_adapter_save": [_handle, _text, _error],
    "crayon_pool_open": [_handle, _text, _open, _error],
    "crayon_pool_close": [_handle],
    "crayon_pool_get_size": [_handle, _count, _error],
    "crayon_pool_get_name": [_handle, c_size_t, c_char_p, c_size_t, _error],
    "crayon_pool_blend": [_handle, POINTER(c.Example), c_size_t, POINTER(c.BlendOptions), _floats,
                          _open, _error],
    "crayon_session_open": [_handle, POINTER(c.SessionOptions), _open, _error],
    "crayon_session_close": [_handle],
    "crayon_session_clear": [_handle, _error],
    "crayon_session_read": [_handle, _text, _error],
    "crayon_session_save": [_handle, _text, _error],
    "crayon_session_restore": [_handle, _text, _error],
    "crayon_session_generate": [_handle, _text, POINTER(c.GenerateOptions), c.TextCallback, c_void_p,
                                _open, POINTER(c.Generation), _error],
    "crayon_session_get_counters": [_handle, POINTER(c.Counters), _error],
    "crayon_assistant_open": [_handle, POINTER(c.AssistantOptions), _open, _error],
    "crayon_assistant_close": [_handle],
    "crayon_assistant_ask": [_handle, POINTER(c.Turn), c_size_t, POINTER(c.AskOptions),
                             c.PieceCallback, c_void_p, _open, POINTER(c.Answer), _error],
    "crayon_encoder_open": [_handle, _text, POINTER(c.ModelOptions), _open, _error],
    "crayon_encoder_close": [_handle],
    "crayon_encoder_get_info": [_handle, POINTER(c.EncoderInfo), _error],
    "crayon_encoder_embed_text": [_handle, _text, c_int32, _floats, c_size_t, _error],
    "crayon_encoder_embed_file": [_handle, _text, _floats, c_size_t, _error],
    "crayon_encoder_embed_pixels": [_handle, POINTER(c_uint8), c_uint32, c_uint32, _floats, c_size_t,
                                    _error],
    "crayon_model_bench": [_handle, POINTER(c.BenchOptions), POINTER(c.BenchResult), _error],
}


@functools.cache
def library() -> ctypes.CDLL:
    """The shared library, with its functions' types set."""
    name = os.environ.get("CRAYON_LIBRARY", SONAME)
    try:
        loaded = ctypes.CDLL(name)
    except OSError as error:
        raise ImportError(f"{error}; install the package libcrayon0, or name the library in "
                          "CRAYON_LIBRARY") from error
    for function, arguments in FUNCTIONS.items():
        getattr(loaded, function).argtypes = arguments
        getattr(loaded, function).restype = c_int32
    loaded.crayon_code_name.argtypes = [c_int32]
    loaded.crayon_code_name.restype = c_char_p
    loaded.crayon_version.argtypes = []
    loaded.crayon_version.restype = c_char_p
    loaded.crayon_text_free.argtypes = [c_void_p]
    loaded.crayon_text_free.restype = None
    return loaded


def version() -> str:
    """The library's version, as "0.1.0"."""
    text: bytes = library().crayon_version()
    return text.decode()


def code_name(code: int) -> str:
    text: bytes = library().crayon_code_name(code)
    return text.decode()


Struct = TypeVar("Struct", bound=ctypes.Structure)


def sized(struct: type[Struct], **fields: Any) -> Struct:
    """A struct that knows its size, with these fields; None leaves the default."""
    value = struct(size=ctypes.sizeof(struct))
    for name, field in fields.items():
        if field is not None:
            setattr(value, name, field)
    return value


def call(function: str, *arguments: Any) -> None:
    """Calls a function whose last argument is the error, and raises what it reports."""
    error = sized(c.Error)
    code = getattr(library(), function)(*arguments, ctypes.byref(error))
    if code != 0:
        raise CrayonError(code, code_name(code), error.message.decode("utf-8", "replace"),
                          error.hint.decode("utf-8", "replace"))


def open_handle(function: str, *arguments: Any) -> int:
    """Calls a function that gives a handle, and returns that."""
    pointer = c_void_p()
    call(function, *arguments, ctypes.byref(pointer))
    assert pointer.value is not None
    return pointer.value


def utf8(text: str) -> bytes:
    """A text as the library takes it. It would end at a zero, so none may be in it."""
    if "\0" in text:
        raise ValueError("a text with a zero character in it")
    return text.encode()


def path_bytes(path: str | os.PathLike[str]) -> bytes:
    encoded = os.fsencode(path)
    if b"\0" in encoded:
        raise ValueError("a path with a zero character in it")
    return encoded


def take_text(pointer: c_void_p) -> str:
    """A text that the library gave, which is freed."""
    if pointer.value is None:
        return ""
    try:
        return ctypes.string_at(pointer.value).decode("utf-8", "replace")
    finally:
        library().crayon_text_free(pointer)

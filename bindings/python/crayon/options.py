"""Options, by the names of the C interface: what is not given is the library's default.

They are keyword arguments: `session.generate("...", max_tokens=32, temperature=0.7)`.
"""
import os
from collections.abc import Sequence
from ctypes import Structure, c_char_p, pointer
from typing import TYPE_CHECKING, Any, TypedDict

from . import _structures as c
from ._library import path_bytes, sized, utf8
from .enums import Kv

if TYPE_CHECKING:
    from .adapters import Adapter, Pool
    from .runtime import Cancel

Path = str | os.PathLike[str]
# Adapters that are added up, each with its scale or with 1.
Adapters = Sequence["Adapter | tuple[Adapter, float]"]


class ModelOptions(TypedDict, total=False):
    threads: int
    pin: bool
    kernels: str
    chat_format: str
    trusted_key: Path


class SessionOptions(TypedDict, total=False):
    context: int
    kv: Kv
    distill: str
    keep: float
    as_turn: bool
    system: str
    adapters: Adapters


class GenerateOptions(TypedDict, total=False):
    max_tokens: int
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repetition_penalty: float
    seed: int
    stop: Sequence[str]
    ignore_end: bool
    json: bool
    speculate: int
    emphasis: bool


class AssistantOptions(TypedDict, total=False):
    context: int
    kv: Kv
    adapters: Adapters
    pool: "Pool"
    sequences: int
    distill: str
    keep: float
    state: Path
    remote_url: str
    remote_model: str
    remote_api_key: str
    remote_ca_file: Path
    remote_certificate_file: Path
    remote_key_file: Path
    https_proxy: str
    attempts: int
    requests_per_hour: int
    bytes_per_hour: int
    bytes_per_day: int
    never: Sequence[str]


class BlendOptions(TypedDict, total=False):
    rule: str
    tau: float
    drop: float
    rank: int


_PATHS = {"trusted_key", "state", "remote_ca_file", "remote_certificate_file", "remote_key_file"}
_LISTS = {"stop": "stop_count", "never": "never_count"}


def struct_of(struct: type[Structure], options: Any) -> Any:
    """The options as the library takes them."""
    names = {name for name, *_ in struct._fields_}
    value = sized(struct)
    for name, option in options.items():
        if name not in names or name == "size" or name.endswith("_count"):
            raise TypeError(f"there is no option {name!r}")
        if option is None:
            continue
        if name in _LISTS:
            texts = [utf8(text) for text in option]
            setattr(value, name, (c_char_p * len(texts))(*texts))
            setattr(value, _LISTS[name], len(texts))
        elif name == "adapters":
            attached = [_attached(each) for each in option]
            value.adapters = (c.Attached * len(attached))(*attached)
            value.adapter_count = len(attached)
        elif name in ("pool", "cancel"):
            setattr(value, name, option.pointer)
        elif name in _PATHS:
            setattr(value, name, path_bytes(option))
        elif isinstance(option, str):
            setattr(value, name, utf8(option))
        else:
            setattr(value, name, option)
    return value


def _attached(each: "Adapter | tuple[Adapter, float]") -> c.Attached:
    adapter, scale = each if isinstance(each, tuple) else (each, 1.0)
    if scale == 0:
        raise ValueError("an adapter of scale 0: leave it out")
    return c.Attached(adapter=adapter.pointer, scale=scale)


def generate_struct(options: GenerateOptions, cancel: "Cancel | None") -> Any:
    return struct_of(c.GenerateOptions, {**options, "cancel": cancel})


def ask_struct(route: int, threshold: float | None, deadline: float | None, generate: Any) -> Any:
    """`deadline` in seconds."""
    milliseconds = None if deadline is None else max(1, round(deadline * 1000))
    return sized(c.AskOptions, route=route, threshold=threshold, deadline_ms=milliseconds,
                 generate=pointer(generate))

"""The structs and callbacks of crayon/crayon.h. A test compares their layouts with the header's."""
from ctypes import (CFUNCTYPE, POINTER, Structure, c_char, c_char_p, c_double, c_float, c_int32,
                    c_size_t, c_uint32, c_uint64, c_void_p)

Strings = POINTER(c_char_p)

# The text of a piece is not NUL-terminated, hence c_void_p.
TextCallback = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)
LogCallback = CFUNCTYPE(None, c_void_p, c_int32, c_char_p)
Allocate = CFUNCTYPE(c_void_p, c_void_p, c_size_t, c_size_t)
Release = CFUNCTYPE(None, c_void_p, c_void_p, c_size_t)


class Error(Structure):
    _fields_ = [("size", c_size_t), ("code", c_int32), ("message", c_char * 512),
                ("hint", c_char * 256)]


class Allocator(Structure):
    _fields_ = [("user", c_void_p), ("allocate", Allocate), ("release", Release)]


class RuntimeOptions(Structure):
    _fields_ = [("size", c_size_t), ("allocator", Allocator), ("log", LogCallback),
                ("log_user", c_void_p)]


class ModelOptions(Structure):
    _fields_ = [("size", c_size_t), ("threads", c_uint32), ("pin", c_int32), ("kernels", c_char_p),
                ("chat_format", c_char_p), ("trusted_key", c_char_p)]


class ModelInfo(Structure):
    _fields_ = [("size", c_size_t), ("id", c_char * 65), ("kernels", c_char * 32),
                ("threads", c_uint32), ("layers", c_uint32), ("dim", c_uint32),
                ("vocabulary", c_uint32), ("max_context", c_uint32), ("embedding_dim", c_uint32),
                ("uses_image", c_int32)]


class Memory(Structure):
    _fields_ = [("size", c_size_t), ("weights", c_uint64), ("kv_cache", c_uint64),
                ("scratch", c_uint64)]


class TokenizeOptions(Structure):
    _fields_ = [("size", c_size_t), ("no_bos", c_int32), ("parse_special", c_int32)]


class Example(Structure):
    _fields_ = [("question", c_char_p), ("answer", c_char_p)]


class BlendOptions(Structure):
    _fields_ = [("size", c_size_t), ("rule", c_char_p), ("tau", c_float), ("drop", c_float),
                ("rank", c_uint32)]


class Attached(Structure):
    _fields_ = [("adapter", c_void_p), ("scale", c_float)]


class SessionOptions(Structure):
    _fields_ = [("size", c_size_t), ("context", c_uint32), ("kv", c_int32), ("distill", c_char_p),
                ("keep", c_float), ("as_turn", c_int32), ("system", c_char_p),
                ("adapters", POINTER(Attached)), ("adapter_count", c_size_t)]


class GenerateOptions(Structure):
    _fields_ = [("size", c_size_t), ("max_tokens", c_uint32), ("temperature", c_float),
                ("top_k", c_uint32), ("top_p", c_float), ("min_p", c_float),
                ("repetition_penalty", c_float), ("seed", c_uint64), ("stop", Strings),
                ("stop_count", c_size_t), ("ignore_end", c_int32), ("json", c_int32),
                ("speculate", c_uint32), ("emphasis", c_int32), ("cancel", c_void_p)]


class Generation(Structure):
    _fields_ = [("size", c_size_t), ("finish", c_int32), ("prompt_tokens", c_uint32),
                ("tokens", c_uint32), ("steps", c_uint32), ("prefill_seconds", c_double),
                ("decode_seconds", c_double), ("confidence", c_double)]


class Counters(Structure):
    _fields_ = [("size", c_size_t), ("tokens_read", c_uint64), ("tokens_generated", c_uint64),
                ("distillations", c_uint64), ("prefill_seconds", c_double),
                ("decode_seconds", c_double), ("distil_seconds", c_double), ("position", c_uint32),
                ("context", c_uint32)]


class AssistantOptions(Structure):
    _fields_ = [("size", c_size_t), ("context", c_uint32), ("kv", c_int32),
                ("adapters", POINTER(Attached)), ("adapter_count", c_size_t), ("pool", c_void_p),
                ("sequences", c_uint32), ("distill", c_char_p), ("keep", c_float),
                ("state", c_char_p), ("remote_url", c_char_p), ("remote_model", c_char_p),
                ("remote_api_key", c_char_p), ("remote_ca_file", c_char_p),
                ("remote_certificate_file", c_char_p), ("remote_key_file", c_char_p),
                ("https_proxy", c_char_p), ("attempts", c_uint32), ("requests_per_hour", c_uint64),
                ("bytes_per_hour", c_uint64), ("bytes_per_day", c_uint64), ("never", Strings),
                ("never_count", c_size_t)]


class Turn(Structure):
    _fields_ = [("role", c_char_p), ("content", c_char_p)]


class AskOptions(Structure):
    _fields_ = [("size", c_size_t), ("route", c_int32), ("threshold", c_double),
                ("deadline_ms", c_uint32), ("generate", POINTER(GenerateOptions))]


class Piece(Structure):
    _fields_ = [("size", c_size_t), ("route", c_int32), ("restart", c_int32), ("text", c_void_p),
                ("length", c_size_t)]


PieceCallback = CFUNCTYPE(c_int32, c_void_p, POINTER(Piece))


class Answer(Structure):
    _fields_ = [("size", c_size_t), ("route", c_int32), ("finish", c_int32),
                ("asked_remote", c_int32), ("prompt_tokens", c_uint32),
                ("completion_tokens", c_uint32), ("score", c_double), ("threshold", c_double),
                ("reason", c_char * 128)]


class EncoderInfo(Structure):
    _fields_ = [("size", c_size_t), ("id", c_char * 65), ("dim", c_uint32),
                ("image_size", c_uint32), ("most_tokens", c_uint32), ("logit_scale", c_float)]


class BenchOptions(Structure):
    _fields_ = [("size", c_size_t), ("prompt", c_uint32), ("decode", c_uint32),
                ("repetitions", c_uint32), ("adapters", POINTER(Attached)),
                ("adapter_count", c_size_t)]


class BenchResult(Structure):
    _fields_ = [("size", c_size_t), ("prefill_tokens_per_second", c_double),
                ("decode_tokens_per_second", c_double), ("token_ms_p50", c_double),
                ("token_ms_p95", c_double), ("token_ms_p99", c_double),
                ("bytes_per_token", c_uint64), ("read_bytes_per_second", c_double)]

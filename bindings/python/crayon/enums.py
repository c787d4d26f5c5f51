"""The numbers of the C interface that have names."""
from enum import IntEnum


class Code(IntEnum):
    """What went wrong. A number that a newer library gives is not here: see CrayonError.code."""
    OK = 0
    TRUNCATED = 100
    CORRUPT = 101
    UNSUPPORTED = 102
    OVER_LIMIT = 103
    MALFORMED = 104
    ARCHITECTURE = 200
    MISSING_TENSOR = 201
    BAD_SHAPE = 202
    BAD_TOKENIZER = 203
    CONTEXT_FULL = 204
    WRONG_BASE = 300
    UNMATCHED_TENSOR = 301
    UNSUPPORTED_ADAPTER = 302
    RESOLVE_FAILED = 400
    CONNECT_FAILED = 401
    TIMED_OUT = 402
    CONNECTION_LOST = 403
    PROTOCOL = 404
    HTTP_STATUS = 405
    TLS_HANDSHAKE = 406
    CERTIFICATE_UNTRUSTED = 407
    CERTIFICATE_EXPIRED = 408
    CERTIFICATE_HOST = 409
    CERTIFICATE_REQUIRED = 410
    BAD_ARGUMENT = 500
    UNSUPPORTED_KERNELS = 501
    BUSY = 502
    CLOSED = 503
    CALLBACK = 504
    IO = 600
    NOT_FOUND = 601
    NO_SPACE = 602
    OUT_OF_MEMORY = 603
    CANCELLED = 604
    INTERNAL = 699
    UNTRUSTED = 700
    OUTDATED = 701
    UNHEALTHY = 702


class LogLevel(IntEnum):
    ERROR = 1
    WARNING = 2
    INFO = 3


class Kv(IntEnum):
    """How keys and values are held."""
    DEFAULT = 0
    F16 = 1
    F32 = 2
    I8 = 3


class Finish(IntEnum):
    """Why a text ended."""
    STOP = 1
    LENGTH = 2
    CANCELLED = 3


class Route(IntEnum):
    """Who is to answer; of an answer, who did."""
    AUTO = 0
    LOCAL = 1
    REMOTE = 2

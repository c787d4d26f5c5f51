"""Encoders: texts and pictures as vectors that can be compared."""
import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _structures as c
from ._library import call, path_bytes, sized, utf8
from ._vectors import new_vector
from .options import Path
from .runtime import Child

if TYPE_CHECKING:
    from ._vectors import Vector


@dataclass(frozen=True)
class EncoderInfo:
    id: str
    dim: int
    image_size: int
    most_tokens: int
    logit_scale: float


class Encoder(Child):
    """One thread at a time may use it. Vectors have length 1."""
    _close = "crayon_encoder_close"

    @property
    def info(self) -> EncoderInfo:
        info = sized(c.EncoderInfo)
        call("crayon_encoder_get_info", self.pointer, ctypes.byref(info))
        return EncoderInfo(info.id.decode(), info.dim, info.image_size, info.most_tokens,
                           info.logit_scale)

    def embed_text(self, text: str, *, emphasis: bool = False) -> "Vector":
        """With `emphasis`, brackets weigh words, as "a (red:1.5) car"."""
        return self._embed("crayon_encoder_embed_text", utf8(text), emphasis)

    def embed_file(self, path: Path) -> "Vector":
        """Of a PNG, JPEG, PPM or PGM file."""
        return self._embed("crayon_encoder_embed_file", path_bytes(path))

    def embed_pixels(self, rgb: bytes | bytearray | memoryview, width: int, height: int) -> "Vector":
        """Of pixels `rgb` [height][width][3], top row first, in sRGB."""
        data = bytes(rgb)
        if len(data) != 3 * width * height:
            raise ValueError(f"{width} x {height} pixels are {3 * width * height} bytes, and not "
                             f"{len(data)}")
        pixels = (ctypes.c_uint8 * len(data)).from_buffer_copy(data)
        return self._embed("crayon_encoder_embed_pixels", pixels, width, height)

    def _embed(self, function: str, *arguments: Any) -> "Vector":
        length = self.info.dim
        vector, to = new_vector(length)
        call(function, self.pointer, *arguments, to, length)
        return vector

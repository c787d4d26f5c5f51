#!/usr/bin/env python3
"""Pictures are decoded, resized and normalised as Pillow does it, bit for bit."""
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile
import unittest

try:
    from PIL import Image, ImageOps
except ImportError:
    print("skipped: Pillow is not installed (python3-pil)")
    sys.exit(77)

TOOL = [*os.environ.get("CRAYON_EMULATOR", "").split(), os.environ["CRAYON_PICTURE_TOOL"]]
CODECS = os.environ.get("CRAYON_PICTURES") == "1"

# Width and height, from and to: up, down, one way each, to and from one pixel, and far from square.
SIZES = [((7, 5), (7, 5)), ((7, 5), (7, 11)), ((7, 5), (3, 5)), ((1, 1), (5, 3)), ((5, 3), (1, 1)),
         ((1, 300), (9, 2)), ((300, 1), (2, 9)), ((2, 2), (3, 3)), ((97, 61), (224, 141)),
         ((640, 427), (335, 224)), ((1023, 511), (13, 7)), ((3, 1000), (224, 1)), ((2000, 2), (1, 50))]
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def normalised(image, size):
    """[3][size][size] float32 of CLIPImageProcessor."""
    short = min(image.size)
    wide, high = (int(size * side / short) for side in image.size)
    left, top = (wide - size) // 2, (high - size) // 2
    square = image.resize((wide, high), Image.BICUBIC).crop((left, top, left + size, top + size))
    values = []
    for channel, mean, deviation in zip(square.split(), MEAN, DEVIATION):
        table = [float32(float32(float32(sample / 255) - float32(mean)) / float32(deviation))
                 for sample in range(256)]
        values += [table[sample] for sample in channel.tobytes()]
    return struct.pack(f"<{len(values)}f", *values)


class Pillow(unittest.TestCase):
    def setUp(self):
        self.random = random.Random(11)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.lines = []
        self.wanted = []

    def noise(self, size, mode="RGB"):
        """Noise, which shows every error, with hard edges, at which a bicubic kernel overshoots."""
        count = size[0] * size[1] * len(Image.new(mode, (1, 1)).getbands())
        data = self.random.randbytes(count)
        if self.random.random() < 0.5:
            data = bytes(255 * (byte >> 7) for byte in data)
        return Image.frombytes(mode, size, data)

    def expect(self, line, file, wanted):
        out = self.folder / f"out{len(self.wanted)}"
        self.lines.append(line.format(file) + f" {out}\n")
        self.wanted.append((self.lines[-1], out, wanted))

    def save(self, image, suffix=".ppm", **options):
        file = self.folder / f"in{len(self.wanted)}{suffix}"
        image.save(file, **options)
        return file

    def check(self):
        subprocess.run(TOOL, input="".join(self.lines), text=True, check=True, timeout=600)
        for line, out, wanted in self.wanted:
            self.assertEqual(out.read_bytes(), wanted, line)

    def expect_resized(self, size, to):
        image = self.noise(size)
        self.expect(f"resize {{}} {to[0]} {to[1]}", self.save(image),
                    image.resize(to, Image.BICUBIC).tobytes())

    def test_resize(self):
        for size, to in SIZES:
            self.expect_resized(size, to)
        for _ in range(200):
            size, to = ([int(2 ** self.random.uniform(0, 8)) for _ in range(2)] for _ in range(2))
            self.expect_resized(size, to)
        self.check()

    def test_normalise(self):
        for size in ((224, 224), (225, 224), (224, 227), (640, 427), (31, 17), (1, 1), (1, 40), (700, 3)):
            for side in (224, 31):
                image = self.noise(size)
                self.expect(f"normalise {{}} {side}", self.save(image), normalised(image, side))
        self.check()

    def expect_decoded(self, image, suffix, **options):
        file = self.save(image, suffix, **options)
        wanted = ImageOps.exif_transpose(Image.open(file)).convert("RGB").tobytes()
        self.expect("decode {}", file, wanted)

    @unittest.skipUnless(CODECS, "built without libpng and libjpeg")
    def test_decode(self):
        size = (53, 37)
        for mode in ("RGB", "RGBA", "L", "LA"):
            self.expect_decoded(self.noise(size, mode), ".png")
        self.expect_decoded(self.noise(size, "L").convert("1"), ".png")
        for colours in (2, 4, 16, 200):
            self.expect_decoded(self.noise(size).quantize(colours), ".png", transparency=1)
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[0x0112] = orientation
            self.expect_decoded(self.noise(size), ".png", exif=exif)
            self.expect_decoded(self.noise(size), ".jpg", exif=exif)
        # Those of the same libjpeg: Debian's Pillow has no other.
        for mode in ("RGB", "L"):
            for options in ({}, {"progressive": True}, {"quality": 20, "subsampling": 0}, {"subsampling": 1}):
                self.expect_decoded(self.noise(size, mode), ".jpg", **options)
        self.check()


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
"""The bindings of encoders, with the shipped one of drawn scenes."""
import json
import math

import bindings
import support

import crayon

SCENES = support.SOURCE / "examples/encoder"


def read_ppm(path):
    """Width, height and pixels of a binary PPM."""
    magic, size, maximum, pixels = path.read_bytes().split(b"\n", 3)
    assert (magic, maximum) == (b"P6", b"255"), path
    width, height = map(int, size.split())
    return width, height, pixels


def dot(left, right):
    return sum(float(a) * float(b) for a, b in zip(left, right, strict=True))


class Encoder(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.runtime = crayon.Runtime()
        cls.addClassCleanup(cls.runtime.close)
        cls.encoder = cls.runtime.open_encoder(SCENES / "scenes.crayon")

    def test_info(self):
        info = self.encoder.info
        self.assertEqual(len(self.encoder.embed_text("a red circle")), info.dim)
        self.assertGreater(info.image_size, 0)
        self.assertGreater(self.runtime.estimate_memory(SCENES / "scenes.crayon").weights, 0)

    def test_files_and_pixels_are_the_same(self):
        picture = SCENES / "pictures/00001.ppm"
        width, height, pixels = read_ppm(picture)
        vector = self.encoder.embed_file(picture)
        self.assertEqual(list(self.encoder.embed_pixels(pixels, width, height)), list(vector))
        self.assertAlmostEqual(math.hypot(*vector), 1, places=5)
        with self.assertRaises(ValueError):
            self.encoder.embed_pixels(pixels[1:], width, height)

    def test_a_caption_is_nearest_to_its_picture(self):
        items = [json.loads(line) for line in
                 (SCENES / "pictures/captions.jsonl").read_text().splitlines()]
        seen = {(item["shape"], item["color"], item["background"]): item for item in items}
        [first, *_] = others = list(seen.values())[:6]
        text = self.encoder.embed_text(
            f"a {first['color']} {first['shape']} on a {first['background']} background")
        scores = [dot(text, self.encoder.embed_file(SCENES / "pictures" / item["image"]))
                  for item in others]
        self.assertEqual(scores.index(max(scores)), 0, scores)

    def test_emphasis(self):
        plain = self.encoder.embed_text("a red circle")
        same = self.encoder.embed_text("a (red:1.0) circle", emphasis=True)
        self.assertAlmostEqual(dot(plain, same), 1, places=5)
        self.assertLess(dot(plain, self.encoder.embed_text("a (red:3) circle", emphasis=True)), 0.9999)

    def test_wrong_files(self):
        (self.dir / "text.png").write_text("no picture")
        with self.assertRaises(crayon.CrayonError) as caught:
            self.encoder.embed_file(self.dir / "text.png")
        self.assertIn("text.png", caught.exception.message)
        with self.assertRaises(crayon.CrayonError):
            self.runtime.open_encoder(bindings.MODEL)


if __name__ == "__main__":
    bindings.main()

#!/usr/bin/env python3
"""`crayon pack --smooth`: channel scales that change no number but those of the rounding."""
import support
from support import USAGE

TEXT = "It was a dark and stormy night; the rain fell in torrents, except at intervals.\n" * 20


class Smoothing(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.dir / "text.txt").write_text(TEXT)
        (cls.dir / "ids.json").write_text("[1, 2, 3, 4]")
        support.write_model(cls.dir / "model", support.model_weights())
        cls.plain = "plain.crayon"
        cls.crayon("pack", "model", "--weights", "f32", "-o", cls.plain)

    def smoothed(self, name, *arguments):
        self.crayon("pack", "model", "--smooth", "smoothquant", "--calibrate", "text.txt",
                    *arguments, "-o", name)
        self.assertFalse((self.dir / f"{name}.f32").exists())
        return name

    def divergence(self, model):
        return self.crayon("compare", self.plain, model, "-f", "text.txt", "--json").json["kl_mean"]

    def test_the_model_stays_what_it_was(self):
        smooth = self.smoothed("smooth.crayon", "--weights", "f32")
        self.assertLess(self.divergence(smooth), 1e-9)
        self.assertTrue(self.crayon("info", smooth, "--json").json["config"]["smoothed"])
        self.assertFalse(self.crayon("info", self.plain, "--json").json["config"]["smoothed"])
        self.crayon("verify", smooth)

    def test_every_type_of_weights_can_be_smoothed(self):
        for weights in ("int8", "int4", "f16"):
            with self.subTest(weights):
                smooth = self.smoothed(f"{weights}.crayon", "--weights", weights)
                self.assertLess(self.divergence(smooth), 0.1)

    def test_adapters_add_the_same_to_both(self):
        support.write_peft(self.dir / "peft", support.lora_factors(1, 4), 4, 8)
        smooth = self.smoothed("base.crayon", "--weights", "f32")
        said = []
        for base in (self.plain, smooth):
            self.crayon("pack-adapter", "peft", "--base", base, "-o", f"a-{base}")
            top = self.crayon("logits", base, "--ids", "ids.json", "--adapter", f"a-{base}",
                              "--json").json["top"]
            said.append([logit for row in top for _, logit in row])
        for one, other in zip(*said):
            self.assertAlmostEqual(one, other, delta=1e-3)

    def test_activations_can_have_static_ranges(self):
        for smoothing in ([], ["--smooth", "smoothquant"]):
            with self.subTest(smoothing):
                self.crayon("pack", "model", *smoothing, "--activations", "static",
                            "--calibrate", "text.txt", "-o", "static.crayon")
                self.assertFalse((self.dir / "static.crayon.f32").exists())
                config = self.crayon("info", "static.crayon", "--json").json["config"]
                self.assertTrue(config["static_ranges"])
                self.assertLess(self.divergence("static.crayon"), 0.1)
                self.crayon("verify", "static.crayon")

    def test_what_would_do_nothing_is_refused(self):
        for arguments in (["--calibrate", "text.txt"],
                          ["--scales", "text.txt"],
                          ["--smooth", "smoothquant", "--calibrate", "text.txt",
                           "--scales", "text.txt"],
                          ["--activations", "static"],
                          ["--activations", "static", "--calibrate", "text.txt",
                           "--weights", "f16"]):
            with self.subTest(arguments):
                self.crayon("pack", "--random", "tiny", *arguments, "-o", "x.crayon", code=USAGE)
                self.assertFalse((self.dir / "x.crayon").exists())

    def test_smoothing_needs_a_text(self):
        self.write("empty.txt", "")
        for arguments in (["--smooth", "smoothquant"],
                          ["--smooth", "smoothquant", "--calibrate", "empty.txt"],
                          ["--smooth", "sandpaper", "--calibrate", "text.txt"],
                          ["--smooth", "smoothquant", "--calibrate", "text.txt", "--strength", 2]):
            with self.subTest(arguments):
                self.crayon("pack", "--random", "tiny", *arguments, "-o", "x.crayon", code=USAGE)
                self.assertFalse((self.dir / "x.crayon").exists())


if __name__ == "__main__":
    support.main()

#!/usr/bin/env python3
"""embed, index and search: what a CLIP model makes of texts and pictures."""
import json
import shutil
import struct
import unittest

import numpy

import clip_reference as reference
import support

TINY = reference.Shape(reference.Tower(48, 3, 4, 96, 77), reference.Tower(64, 2, 4, 128, 17), 0, 32,
                       8, 40)
# Two layers of the real width: what is rounded to eight bits has the real number of summands.
WIDE = reference.Shape(reference.Tower(512, 2, 8, 2048, 77), reference.Tower(768, 2, 12, 3072, 50),
                       0, 224, 32, 512)
WORDS = ("a", "photo", "of", "the", "red", "blue", "car", "house", "on", "small")
TEXTS = ("a photo of a red car", "the small house", "blue", "a a a a a a a a a a a a a a a a a a")


class Encoders(support.Case):
    @classmethod
    def make_folder(cls, name, shape, seed=1):
        """Random weights in a folder as Hugging Face saves it; the weights in doubles."""
        folder = cls.dir / name
        folder.mkdir()
        shape.vocabulary = reference.write_tokenizer(folder, WORDS)
        weights = reference.random_weights(shape, seed)
        reference.write_safetensors(folder / "model.safetensors", weights)
        (folder / "config.json").write_text(json.dumps(reference.huggingface_config(shape)))
        return weights

    @classmethod
    def embed(cls, encoder, *arguments):
        out = cls.crayon("embed", encoder, *arguments, "--json").json
        return [numpy.array(each["vector"]) for each in out["embeddings"]]

    @classmethod
    def ids(cls, encoder, text):
        return cls.crayon("tokenize", encoder, "-p", text, "--eos", "--json").json["ids"]

    @classmethod
    def picture(cls, name, side, seed):
        rgb = numpy.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype="uint8")
        reference.write_ppm(cls.dir / name, rgb)
        return rgb

    def check_agreement(self, name, shape, weights, f32, int8):
        """Cosines with the reference."""
        doubles = reference.in_doubles(weights)
        rgb = self.picture("random.ppm", shape.side, 5)
        texts = [argument for text in TEXTS for argument in ("-p", text)]
        for dtype, least in (("f32", f32), ("int8", int8)):
            bundle = f"{name}-{dtype}.crayon"
            self.crayon("pack", name, "--weights", dtype, "-o", bundle)
            *vectors, image = self.embed(bundle, *texts, "--image", "random.ppm")
            for text, vector in zip(TEXTS, vectors):
                truth = reference.embed_text(shape, doubles, self.ids(bundle, text))
                self.assertGreater(vector @ truth, least, f"{text} in {dtype}")
                self.assertAlmostEqual(vector @ vector, 1, places=5)
            truth = reference.embed_image(shape, doubles, reference.scaled(rgb))
            self.assertGreater(image @ truth, least, f"the image in {dtype}")


class Agreement(Encoders):
    def test_of_a_tiny_model(self):
        weights = self.make_folder("tiny", TINY)
        self.check_agreement("tiny", TINY, weights, 0.9999999, 0.998)

    @unittest.skipUnless(support.HEAVY, "takes long in an emulator")
    def test_of_two_layers_of_vit_b32(self):
        weights = self.make_folder("wide", WIDE)
        self.check_agreement("wide", WIDE, weights, 0.9999999, 0.999)

    def test_weights_of_words_are_those_of_the_paper(self):
        weights = reference.in_doubles(self.make_folder("stressed", TINY, 2))
        self.crayon("pack", "stressed", "--weights", "f32", "-o", "s.crayon")
        ids = self.ids("s.crayon", "a photo of a red car")  # start, six words, end
        self.assertEqual(len(ids), 8)
        for first_layer in (0, 1):
            [vector] = self.embed("s.crayon", "-p", "a [photo] of a (red:2.5) (car:0)",
                                  "--emphasis-layer", first_layer)
            truth = reference.embed_text(TINY, weights, ids,
                                         [1, 1, 1 / 1.1, 1, 1, 2.5, 0, 1], first_layer)
            self.assertGreater(vector @ truth, 0.9999999)
        plain, same, by_option, literal = self.embed(
            "s.crayon", "-p", "a photo of a red car", "-p", "a photo of a (red:1) car",
            "-p", "a photo of a (red:2.5) car", "-p", r"a photo of a \(red\) car")
        numpy.testing.assert_array_equal(plain, same)
        [option] = self.embed("s.crayon", "-p", "a photo of a red car", "--weight", "red=2.5")
        numpy.testing.assert_array_equal(by_option, option)
        [unread] = self.embed("s.crayon", "--plain", "-p", "a photo of a (red) car")
        numpy.testing.assert_array_equal(literal, unread)

    def test_open_clip_names_and_the_exact_gelu(self):
        shape = reference.Shape(**{**vars(TINY), "quick": False})
        weights = self.make_folder("exact", shape, 3)
        folder = self.dir / "open"
        folder.mkdir()
        for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
            (folder / name).write_bytes((self.dir / "exact" / name).read_bytes())
        (folder / "open_clip_config.json").write_text(
            json.dumps(reference.open_clip_config(shape)))
        reference.write_safetensors(folder / "open_clip_model.safetensors",
                                    reference.open_clip_names(weights))
        self.check_agreement("exact", shape, weights, 0.9999999, 0.998)
        self.crayon("pack", "open", "--weights", "f32", "-o", "open.crayon")
        one = self.embed("exact-f32.crayon", "-p", TEXTS[0], "--image", "random.ppm")
        other = self.embed("open.crayon", "-p", TEXTS[0], "--image", "random.ppm")
        numpy.testing.assert_array_equal(one, other)
        info = self.crayon("info", "open.crayon", "--json").json
        self.assertAlmostEqual(info["encoder"]["logit_scale"], numpy.exp(2.5), places=4)


class Folders(Encoders):
    """What an importer refuses."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.weights = cls.make_folder("good", TINY, 4)

    def refuse(self, *words, config=None, weights=None, preprocessor=None):
        folder = self.dir / "bad"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
            (folder / name).write_bytes((self.dir / "good" / name).read_bytes())
        (folder / "config.json").write_text(
            json.dumps(config or reference.huggingface_config(TINY)))
        reference.write_safetensors(folder / "model.safetensors", weights or self.weights)
        if preprocessor:
            (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
        err = self.crayon("pack", "bad", "-o", "bad.crayon", code=support.BAD_FILE).err
        for word in words:
            self.assertIn(word, err)
        self.assertFalse((self.dir / "bad.crayon").exists())

    def changed(self, **vision):
        config = reference.huggingface_config(TINY)
        config["vision_config"].update(vision)
        return config

    def test_patches_that_do_not_fill_the_image(self):
        self.refuse("patch_size", config=self.changed(patch_size=7))
        self.refuse("patch_size", config=self.changed(patch_size=0))

    def test_an_activation_that_is_not_known(self):
        self.refuse("relu", config=self.changed(hidden_act="relu"))

    def test_other_sizes_than_the_weights_have(self):
        self.refuse("vision_model", config=self.changed(hidden_size=32, num_attention_heads=4))

    def test_a_missing_tensor_and_one_too_many(self):
        some = dict(self.weights)
        del some["visual_projection.weight"]
        self.refuse("visual_projection.weight", weights=some)
        more = {**self.weights, "adapter.weight": self.weights["text_projection.weight"]}
        self.refuse("adapter.weight", weights=more)

    def test_another_crop_than_the_models(self):
        self.refuse("crop_size", preprocessor={"crop_size": {"height": 64, "width": 64}})
        self.refuse("size", preprocessor={"size": {"shortest_edge": 40}, "crop_size": 32})
        self.refuse("resample", preprocessor={"resample": 2})

    def test_an_open_clip_model_that_is_no_vit(self):
        folder = self.dir / "timm"
        folder.mkdir()
        config = reference.open_clip_config(TINY)
        config["model_cfg"]["vision_cfg"]["timm_model_name"] = "convnext_base"
        (folder / "open_clip_config.json").write_text(json.dumps(config))
        err = self.crayon("pack", "timm", "-o", "t.crayon", code=support.BAD_FILE).err
        self.assertIn("timm_model_name", err)


class Verbs(Encoders):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_folder("clip", TINY, 6)
        cls.crayon("pack", "clip", "-o", "clip.crayon")
        (cls.dir / "pictures/deep").mkdir(parents=True)
        for i in range(12):
            cls.picture(f"pictures/{'deep/' if i % 3 == 0 else ''}{i}.ppm", 20 + 5 * i, i)
        (cls.dir / "pictures/notes.txt").write_text("no picture")
        cls.crayon("index", "clip.crayon", "pictures", "-o", "g.crayon")

    def search(self, *arguments, gallery="g.crayon"):
        return self.crayon("search", gallery, *arguments, "--json").json

    def test_vectors_in_a_file_of_numpy(self):
        vectors = self.embed("clip.crayon", "-p", "a car", "--image", "pictures/1.ppm")
        done = self.crayon("embed", "clip.crayon", "-p", "a car", "--image", "pictures/1.ppm",
                           "-o", "v.npy")
        self.assertEqual(done.out, "")
        read = numpy.load(self.dir / "v.npy")
        self.assertEqual(read.dtype, numpy.float32)
        numpy.testing.assert_allclose(read, vectors, rtol=1e-6)

    def test_cosines_for_people(self):
        lines = self.crayon("embed", "clip.crayon", "-p", "a car", "-p", "a car", "-p",
                            "blue").out.splitlines()
        self.assertEqual(lines[0].split()[:3], ["1.0000", "1.0000", lines[2].split()[0]])
        self.assertTrue(lines[2].endswith("3  blue"))

    def test_finds_what_the_cosines_say(self):
        names = sorted(str(path.relative_to(self.dir / "pictures"))
                       for path in (self.dir / "pictures").rglob("*.ppm"))
        images = self.embed("clip.crayon",
                            *(part for name in names for part in ("--image", f"pictures/{name}")))
        [text] = self.embed("clip.crayon", "-p", "a (red:3) car")
        cosines = {name: image @ text for name, image in zip(names, images)}
        hits = self.search("a (red:3) car", "-k", 12)["hits"]
        self.assertEqual({hit["image"] for hit in hits}, set(names))
        for hit in hits:
            self.assertAlmostEqual(hit["cosine"], cosines[hit["image"]], delta=0.01)
        best = max(cosines, key=cosines.get)
        self.assertGreater(cosines[hits[0]["image"]], cosines[best] - 0.01)

    def test_finds_a_picture_by_itself(self):
        found = self.search("--image", "pictures/7.ppm", "-k", 1)["hits"]
        self.assertEqual(found[0]["image"], "7.ppm")
        self.assertGreater(found[0]["cosine"], 0.999)

    def test_a_sweep_moves_the_weight_of_words(self):
        steps = self.search("a red car", "--sweep", "red")["sweep"]
        self.assertEqual([round(step["weight"], 3) for step in steps], [0.2, 0.5, 1, 2, 4])
        for step in steps:
            self.assertEqual(step["hits"],
                             self.search("a red car", "--weight",
                                         f"red={step['weight']:.6g}")["hits"])
        text = self.crayon("search", "g.crayon", "a red car", "--sweep", "red", "-k", 2).out
        self.assertEqual(text.count("red weighs"), 5)

    def test_info_and_verify_know_both_kinds(self):
        info = self.crayon("info", "clip.crayon", "--json").json
        self.assertEqual(info["kind"], "encoder")
        self.assertEqual(info["encoder"]["dim"], TINY.output)
        self.assertIn("patches of 8", self.crayon("info", "clip.crayon").out)
        gallery = self.crayon("info", "g.crayon", "--json").json
        self.assertEqual(gallery["kind"], "gallery")
        self.assertEqual(gallery["base"], info["id"])
        self.assertEqual(len(gallery["gallery"]["images"]), 12)
        for bundle in ("clip.crayon", "g.crayon"):
            self.crayon("verify", bundle)

    def test_an_image_of_packed_weights_gives_the_same(self):
        self.crayon("pack", "clip", "-o", "packed.crayon")
        before = self.embed("packed.crayon", "-p", "a car", "--image", "pictures/1.ppm")
        self.crayon("activate", "packed.crayon")
        numpy.testing.assert_array_equal(
            self.embed("packed.crayon", "-p", "a car", "--image", "pictures/1.ppm"), before)
        self.assertIn("fits", self.crayon("info", "packed.crayon").out)

    def test_bench_times_texts_and_an_image(self):
        report = self.crayon("bench", "clip.crayon", "-r", 2, "-t", "1,2", "--json").json
        self.assertEqual([test["test"] for test in report["tests"]],
                         2 * ["text of 16", "text of 77", "image"])
        for test in report["tests"]:
            self.assertEqual(len(test["all_ms"]), 2)
            self.assertGreater(test["median_ms"], 0)
        self.assertIn("text of 77", self.crayon("bench", "clip.crayon", "-r", 1).out)

    @unittest.skipUnless(support.HEAVY, "emulators and sanitizers take memory of their own")
    def test_bench_counts_its_own_memory_and_not_its_parents(self):
        ballast = bytearray(b"x") * (400 << 20)
        peak = self.crayon("bench", "clip.crayon", "-r", 1, "--json").json["peak_rss_bytes"]
        self.assertLess(peak, len(ballast) / 2)

    def test_bad_emphasis_points_at_the_column(self):
        for text, column in (("a (red:1x) car", "8"), ("a (red car", "3"), ("a red) car", "6"),
                             ("a (red:-1) car", "8")):
            err = self.crayon("embed", "clip.crayon", "-p", text, code=support.USAGE).err
            self.assertIn("column", err)
            self.assertIn(column, err)
        for weight in ("red", "red=", "red=-1", "red=nan", "=2", "green=2"):
            self.crayon("embed", "clip.crayon", "-p", "a red car", "--weight", weight,
                        code=support.USAGE)

    def test_wrong_bundles_and_files(self):
        self.pack_tiny()
        self.assertIn("kind model",
                      self.crayon("embed", "tiny.crayon", "-p", "x", code=support.USAGE).err)
        self.assertIn("an encoder",
                      self.crayon("run", "clip.crayon", "-p", "x", code=support.USAGE).err)
        self.crayon("search", "clip.crayon", "x", code=support.USAGE)
        self.crayon("embed", "clip.crayon", "--image", "pictures/notes.txt", code=support.BAD_FILE)
        self.crayon("embed", "clip.crayon", "--image", "none.png", code=support.SYSTEM)
        self.crayon("embed", "clip.crayon", code=support.USAGE)
        self.crayon("embed", "clip.crayon", "-p", "car " * 80, code=support.BAD_FILE)
        self.crayon("index", "clip.crayon", "none", "-o", "n.crayon", code=support.SYSTEM)
        self.crayon("search", "g.crayon", code=support.USAGE)
        self.crayon("search", "g.crayon", "x", "--image", "pictures/1.ppm", code=support.USAGE)

    def test_a_bad_picture_stops_or_is_named(self):
        folder = self.dir / "mixed"
        folder.mkdir(exist_ok=True)
        (folder / "good.ppm").write_bytes((self.dir / "pictures/1.ppm").read_bytes())
        (folder / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR")
        err = self.crayon("index", "clip.crayon", "mixed", "-o", "m.crayon",
                          code=support.BAD_FILE).err
        self.assertIn("bad.png", err)
        self.assertIn("--skip-bad", err)
        self.assertFalse((self.dir / "m.crayon").exists())
        done = self.crayon("index", "clip.crayon", "mixed", "-o", "m.crayon", "--skip-bad")
        self.assertIn("1 picture", done.out)
        self.assertIn("bad.png", done.err)

    def test_a_gallery_of_another_encoder_is_refused(self):
        self.make_folder("other", TINY, 7)
        self.crayon("pack", "other", "-o", "other.crayon")
        err = self.crayon("search", "g.crayon", "x", "--encoder", "other.crayon",
                          code=support.BAD_FILE).err
        self.assertIn("another encoder", err)
        moved = self.dir / "moved"
        moved.mkdir(exist_ok=True)
        (moved / "g.crayon").write_bytes((self.dir / "g.crayon").read_bytes())
        (moved / "clip.crayon").write_bytes((self.dir / "clip.crayon").read_bytes())
        self.crayon("search", "moved/g.crayon", "a car")


if __name__ == "__main__":
    support.main()

#!/usr/bin/env python3
"""Compares an encoder with the first release of CLIP under PyTorch, at the shape of a ViT, with random
weights: how near the embeddings are, and how long they take.

Usage: bench/peers/clip.py --code CLIP --vocabulary bpe_simple_vocab_16e6.txt [--patch 32|16] [-o FOLDER]
           [--threads 1] [-r 7] [--crayon build/native/cli/crayon]

CLIP is a checkout of that release, of which clip/model.py is used as it is; it wants Debian's
python3-torch. The vocabulary is the file of that name in it, unpacked. Biases and the gains of norms are
drawn as well, so that they count. Times are medians of alternating runs: PyTorch in f32 on a text that is
padded to 77 tokens, as that code does it; crayon in int8 on 77 tokens, and on 16, as it does not pad.
"""
import argparse
import importlib.util
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import torch

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE / "tests/cli"))
import clip_reference as reference  # noqa: E402

TEXTS = ("a diagram", "a photo of a red car", "x " * 60,
         "two dogs playing in the snow near a wooden house")
PICTURES = 3


def model_of(code, shape):
    spec = importlib.util.spec_from_file_location("clip_model", code / "clip/model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    torch.manual_seed(1)
    model = module.CLIP(shape.output, shape.side, shape.image.layers, shape.image.dim, shape.patch,
                        shape.text.positions, shape.vocabulary, shape.text.dim, shape.text.heads,
                        shape.text.layers).float().eval()
    with torch.no_grad():
        for name, values in model.named_parameters():
            if name.endswith("bias"):
                values.normal_(0, 0.1)
            elif "ln_" in name:
                values.normal_(1, 0.1)
    return model


def padded(ids, shape):
    row = torch.zeros(1, shape.text.positions, dtype=torch.long)
    row[0, :len(ids)] = torch.tensor(ids)
    return row


def cosine(vector, tensor):
    y = tensor[0].double().numpy()
    return float(numpy.asarray(vector) @ y / numpy.linalg.norm(y))


class Comparison:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.shape = reference.VIT_B32 if options.patch == 32 else reference.VIT_B16
        self.model = model_of(options.code, self.shape)
        state = {name: values.numpy() for name, values in self.model.state_dict().items()}
        reference.write_safetensors(folder / "open_clip_model.safetensors", state)
        (folder / "open_clip_config.json").write_text(
            json.dumps(reference.open_clip_config(self.shape)))
        source = numpy.random.default_rng(3)
        self.pictures = [source.integers(0, 256, (self.shape.side, self.shape.side, 3),
                                         dtype="uint8") for _ in range(PICTURES)]
        for i, rgb in enumerate(self.pictures):
            reference.write_ppm(folder / f"{i}.ppm", rgb)

    def crayon(self, *arguments):
        done = subprocess.run([self.options.crayon.resolve(), *map(str, arguments), "--json"],
                              capture_output=True, text=True, check=True, cwd=self.folder)
        return json.loads(done.stdout)

    def agreement(self, dtype):
        bundle = f"{dtype}.crayon"
        self.crayon("pack", ".", "--tokenizer", self.options.vocabulary.resolve(), "--weights",
                    dtype, "-o", bundle)
        parts = [each for text in TEXTS for each in ("-p", text)]
        parts += [each for i in range(PICTURES) for each in ("--image", f"{i}.ppm")]
        vectors = [row["vector"] for row in self.crayon("embed", bundle, *parts)["embeddings"]]
        with torch.no_grad():
            texts = [cosine(vector, self.model.encode_text(padded(
                self.crayon("tokenize", bundle, "--eos", "-p", text)["ids"], self.shape)))
                for text, vector in zip(TEXTS, vectors)]
            images = [cosine(vector, self.model.encode_image(torch.tensor(
                reference.scaled(rgb)[None], dtype=torch.float32)))
                for rgb, vector in zip(self.pictures, vectors[len(TEXTS):])]
        print(f"{dtype}: cosines with PyTorch's f32, texts {min(texts):.9f} and above, images "
              f"{min(images):.9f} and above", flush=True)

    def torch_ms(self, run):
        begin = time.perf_counter()
        with torch.no_grad():
            run()
        return (time.perf_counter() - begin) * 1e3

    def times(self):
        torch.set_num_threads(self.options.threads)
        text = padded([49406] + [320] * 75 + [49407], self.shape)
        pixels = torch.zeros(1, 3, self.shape.side, self.shape.side)
        runs = {"text": lambda: self.model.encode_text(text),
                "image": lambda: self.model.encode_image(pixels)}
        for run in runs.values():
            self.torch_ms(run)
        theirs, ours = {"text": [], "image": []}, {}
        for _ in range(self.options.repetitions):
            for name, run in runs.items():
                theirs[name].append(self.torch_ms(run))
            report = self.crayon("bench", "int8.crayon", "-r", 3, "-t", self.options.threads)
            for test in report["tests"]:
                ours.setdefault(test["test"], []).append(test["median_ms"])
        torch_text = statistics.median(theirs["text"])
        torch_image = statistics.median(theirs["image"])
        for name, peer in (("text of 77", torch_text), ("text of 16", torch_text),
                           ("image", torch_image)):
            mine = statistics.median(ours[name])
            print(f"{name}: crayon int8 {mine:.1f} ms, PyTorch f32 {peer:.1f} ms, "
                  f"{peer / mine:.1f} times as fast, {self.options.threads} thread(s)", flush=True)
        print(f"memory of the encoder: {report['memory_bytes'] / 2**20:.0f} MiB, peak "
              f"{report['peak_rss_bytes'] / 2**20:.0f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    path = pathlib.Path
    parser.add_argument("--code", type=path, required=True, help="checkout of the first release")
    parser.add_argument("--vocabulary", type=path, required=True)
    parser.add_argument("--patch", type=int, choices=(32, 16), default=32)
    parser.add_argument("-o", "--out", type=path, help="keep the files here")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("-r", "--repetitions", type=int, default=7)
    parser.add_argument("--crayon", type=path, default=path("build/native/cli/crayon"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.out or path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        comparison = Comparison(options, folder)
        for dtype in ("f32", "int8"):
            comparison.agreement(dtype)
        comparison.times()


if __name__ == "__main__":
    main()

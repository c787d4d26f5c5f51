"""Packing a model that is large beside what packing may take: memory, kills and full disks."""
import json
import os
import pathlib
import random
import re
import shlex
import shutil
import signal
import struct
import subprocess
import time
import unittest

import support
from support import OK, SYSTEM, Case

DIM, HIDDEN, LAYERS, VOCAB = 1024, 4096, 3, 257
SOURCE_BYTES = 2 * LAYERS * (4 * DIM * DIM + 3 * DIM * HIDDEN)  # of the projections, bfloat16
LARGEST_RSS = SOURCE_BYTES // 2
IN_NEW_MOUNTS = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
MOUNT_SMALL = "mount -t tmpfs -o size=32k none small"

def bfloat16_noise(count):
    """Bytes of `count` numbers of 2^-9 to 2^-7, of both signs."""
    noise = bytearray(2 * count)
    noise[0::2] = random.randbytes(count)
    noise[1::2] = random.randbytes(count).translate(bytes([0x3b, 0xbb] * 128))
    return noise


def write_large_model(folder):
    """The folder of support.write_model with larger layers and numbers that do not compress."""
    names = support.model_weights()
    shapes = {name: [DIM] if name.endswith("norm.weight") else [VOCAB, DIM]
              for name in names if "layers" not in name}
    for layer in range(LAYERS):
        prefix = f"model.layers.{layer}."
        shapes |= {f"{prefix}{norm}.weight": [DIM]
                   for norm in ("input_layernorm", "post_attention_layernorm")}
        shapes |= {f"{prefix}self_attn.{name}_proj.weight": [DIM, DIM] for name in "qkvo"}
        shapes |= {f"{prefix}mlp.{name}_proj.weight": [HIDDEN, DIM] for name in ("gate", "up")}
        shapes[f"{prefix}mlp.down_proj.weight"] = [DIM, HIDDEN]
    support.write_model(folder, {})
    config = json.loads((folder / "config.json").read_text())
    config |= {"hidden_size": DIM, "intermediate_size": HIDDEN, "num_hidden_layers": LAYERS,
               "num_attention_heads": 16, "num_key_value_heads": 16}
    (folder / "config.json").write_text(json.dumps(config))
    header, end = {}, 0
    for name, shape in shapes.items():
        begin, end = end, end + 2 * shape[0] * (shape[1] if len(shape) == 2 else 1)
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(folder / "model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for begin, end in (entry["data_offsets"] for entry in header.values()):
            file.write(bfloat16_noise((end - begin) // 2))


def written_bytes(program):
    counters = pathlib.Path(f"/proc/{program.pid}/io").read_text()
    return int(re.search(r"^wchar: (\d+)$", counters, re.MULTILINE)[1])


@unittest.skipUnless(support.HEAVY, "takes long here")
class LargeModel(Case):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        write_large_model(cls.dir / "large")

    def setUp(self):
        self.out = self.dir / "out"
        self.out.mkdir()
        self.addCleanup(shutil.rmtree, self.out)

    def start(self):
        return subprocess.Popen([*support.COMMAND, "pack", "large", "-o", "out/model.crayon"],
                                cwd=self.dir, env=support.environment(),
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def kill_in_the_middle(self, number):
        """Sends a signal when the first megabytes of the bundle are written."""
        program = self.start()
        try:
            while program.poll() is None and written_bytes(program) < 1 << 20:
                time.sleep(0.001)
            program.send_signal(number)
            self.assertEqual(program.wait(60), -number, "it ended before it was killed")
        finally:
            program.kill()
            program.wait()
            program.stderr.close()

    def test_memory_does_not_grow_with_the_model(self):
        program = self.start()
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
        error = program.stderr.read()
        program.stderr.close()
        self.assertEqual(program.returncode, OK, error)
        self.assertGreater((self.out / "model.crayon").stat().st_size, 1 << 20)
        self.assertLess(usage.ru_maxrss * 1024, LARGEST_RSS)

    def test_killed_in_the_middle_it_leaves_nothing(self):
        try:
            os.close(os.open(self.out, os.O_WRONLY | os.O_TMPFILE))
        except OSError:
            self.skipTest("this file system has no files without a name")
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number.name):
                self.kill_in_the_middle(number)
                self.assertEqual(os.listdir(self.out), [])

    def test_killed_in_the_middle_it_keeps_the_bundle_of_before(self):
        (self.out / "model.crayon").write_bytes(b"before")
        self.kill_in_the_middle(signal.SIGKILL)
        self.assertEqual((self.out / "model.crayon").read_bytes(), b"before")


class FullDisk(support.BaseCase):
    """A file system of its own that is too small, where one may be made."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.dir / "small").mkdir()
        if cls.in_new_mounts(MOUNT_SMALL).returncode != 0:
            raise unittest.SkipTest("no file systems can be made here")

    @classmethod
    def in_new_mounts(cls, script):
        return subprocess.run([*IN_NEW_MOUNTS, script], cwd=cls.dir, capture_output=True, text=True,
                              env=support.environment(), timeout=60)

    def test_is_said_and_keeps_the_bundle_of_before(self):
        pack = shlex.join([*support.COMMAND, "pack", "base", "--weights", "f32",
                           "-o", "small/model.crayon"])
        done = self.in_new_mounts(f"{MOUNT_SMALL} && echo before > small/model.crayon && "
                                  f"{pack}; echo $?; ls -A small; cat small/model.crayon")
        self.assertEqual(done.stdout.split(), [str(SYSTEM), "model.crayon", "before"], done.stderr)
        self.assertIn("small/model.crayon: No space left", done.stderr)
        self.assertIn("hint: free some space", done.stderr)


if __name__ == "__main__":
    support.main()

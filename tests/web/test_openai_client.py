#!/usr/bin/env python3
"""The official `openai` client for Node, as it comes, against `crayon serve`: makes the models and
runs openai_client/client.test.js. What the client is, openai_client/package-lock.json says."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "cli"))

import support  # noqa: E402

FOLDER = HERE / "openai_client"


def absent():
    """Why the client cannot run here, or nothing."""
    if shutil.which("node") is None:
        return "node is not installed (scripts/setup.sh test)"
    if not (FOLDER / "node_modules/openai/package.json").exists():
        return "the openai package is not installed (scripts/setup.sh test)"
    return ""


class Lock(unittest.TestCase):
    def test_the_client_is_pinned_by_its_hash_and_no_place_is_named(self):
        text = (FOLDER / "package-lock.json").read_text()
        wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
        packages = json.loads(text)["packages"]
        self.assertEqual(packages["node_modules/openai"]["version"], wanted["openai"])
        self.assertTrue(all(package["integrity"].startswith("sha512-")
                            for name, package in packages.items() if name))
        for path in FOLDER.iterdir():
            if path.is_file():
                self.assertEqual(re.findall(r'https?://|"resolved"|registry\s*=', path.read_text()),
                                 [], path.name)


@unittest.skipIf(absent(), absent())
class Client(support.PoolCase):
    def test_the_installed_client_is_the_pinned_one(self):
        installed = json.loads((FOLDER / "node_modules/openai/package.json").read_text())
        wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
        self.assertEqual(installed["version"], wanted["openai"])

    def test_what_it_sees(self):
        self.pack_tiny("tiny.crayon")
        # Cheap tokens, and so many of them that an answer takes minutes: with this seed, the
        # likeliest token after these questions is never the one that ends an answer.
        self.write("long.json", json.dumps({
            "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 384,
            "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 8,
            "num_key_value_heads": 2, "intermediate_size": 128, "max_position_embeddings": 262144,
            "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "hidden_act": "silu",
            "tie_word_embeddings": False, "bos_token_id": 1, "eos_token_id": 2}))
        self.crayon("pack", "--random", "long.json", "--seed", 11, "-o", "long.crayon")
        done = subprocess.run(["node", "--test", str(FOLDER / "client.test.js")], cwd=self.dir,
                              env=support.environment(WEB_COMMAND=json.dumps(support.COMMAND)),
                              timeout=500)
        self.assertEqual(done.returncode, 0)


if __name__ == "__main__":
    passed = unittest.main(exit=False, verbosity=2).result.wasSuccessful()
    if absent():
        print(f"skipped: {absent()}")
    sys.exit(1 if not passed else 77 if absent() else 0)

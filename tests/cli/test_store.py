#!/usr/bin/env python3
"""keygen, sign, verify, trust, golden, install, activate, rollback and status."""
import pathlib
import signal
import stat
import subprocess
import time
import unittest

import support
from support import BAD_FILE, COMMAND, FAILED_CHECK, SYSTEM, USAGE


class Store(support.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.crayon("keygen", "-o", "k")
        for number in (1, 2, 3):
            cls.pack_tiny(f"m{number}.crayon", seed=number)
            cls.crayon("sign", f"m{number}.crayon", "--key", "k.sec", "--release", number)
            cls.crayon("golden", f"m{number}.crayon", "-o", f"g{number}.txt", "-n", 4)
        cls.roots = 0

    def setUp(self):
        type(self).roots += 1
        self.root = f"store{self.roots}"

    def on(self, verb, *arguments, code=support.OK):
        return self.crayon(verb, *arguments, "--root", self.root, code=code)

    def active(self):
        return self.on("status", "--json").json["active"]

    def answer(self, model):
        return self.crayon("run", model, "-p", "Hello", "-n", 4).out

    def install(self, number, *arguments, code=support.OK):
        return self.on("install", f"m{number}.crayon", "--golden", f"g{number}.txt", *arguments,
                       code=code)


class Keys(Store):
    def test_a_pair_is_made_once_and_its_secret_half_is_private(self):
        self.assertEqual(stat.S_IMODE((self.dir / "k.sec").stat().st_mode), 0o600)
        self.crayon("keygen", "-o", "k", code=USAGE)
        self.assertIn("other half", self.crayon("sign", "m1.crayon", "--key", "k.pub", "-r", 1,
                                                code=BAD_FILE).err)

    def test_verify_says_by_whom(self):
        self.crayon("keygen", "-o", "other")
        found = self.crayon("verify", "m2.crayon", "--key", "k.pub", "--json").json
        self.assertEqual((found["release"], found["signature_checked"]), (2, True))
        # One of several keys is enough.
        self.crayon("verify", "m2.crayon", "--key", "other.pub", "--key", "k.pub")
        refused = self.crayon("verify", "m2.crayon", "--key", "other.pub", code=FAILED_CHECK)
        self.assertIn(found["signer"], refused.err)
        self.pack_tiny("plain.crayon")
        self.assertIn("not signed",
                      self.crayon("verify", "plain.crayon", "--key", "k.pub",
                                  code=FAILED_CHECK).err)

    def test_signing_changes_neither_id_nor_answer(self):
        before = self.pack_tiny("unsigned.crayon", seed=1)
        ids = [self.crayon("info", name, "--json").json["id"] for name in (before, "m1.crayon")]
        self.assertEqual(*ids)
        self.crayon("sign", before, "-k", "k.sec", "-r", 9, "-o", "copy.crayon")
        self.assertEqual(self.crayon("info", "copy.crayon", "--json").json["release"], 9)
        self.assertEqual(self.crayon("info", before, "--json").json["release"], 0)
        self.crayon("sign", before, "-k", "k.sec", "-r", 0, code=USAGE)


class Day(Store):
    def test_install_activate_update_rollback(self):
        self.on("trust", "k.pub")
        self.install(1)
        self.assertIsNone(self.active())
        self.crayon("run", self.root, "-p", "Hello", code=SYSTEM)
        self.on("activate")
        self.assertEqual(self.answer(self.root), self.answer("m1.crayon"))
        self.install(2, "--activate")
        self.assertEqual(self.answer(self.root), self.answer("m2.crayon"))
        self.assertEqual(self.answer(f"{self.root}/active/model.crayon"),
                         self.answer("m2.crayon"))
        status = self.on("status", "--verify", "--json").json
        self.assertEqual([(d["is"], d["image"]) for d in status["deployments"]],
                         [("previous", "fits"), ("active", "fits")])
        self.on("rollback")
        self.assertEqual(self.answer(self.root), self.answer("m1.crayon"))
        self.on("activate", 2)
        self.assertEqual(self.active(), 2)

    def test_what_a_board_refuses(self):
        self.on("trust", "k.pub")
        self.install(2, "--activate")
        whole = (self.dir / "m3.crayon").read_bytes()
        (self.dir / "short.crayon").write_bytes(whole[:-1000])
        self.on("install", "short.crayon", code=BAD_FILE)
        (self.dir / "bad.crayon").write_bytes(whole[:5000] + b"x" + whole[5001:])
        self.on("install", "bad.crayon", code=BAD_FILE)
        self.pack_tiny("plain.crayon", seed=5)
        self.assertIn("--allow-unsigned", self.on("install", "plain.crayon", code=FAILED_CHECK).err)
        self.crayon("keygen", "-o", f"{self.root}-other")
        self.crayon("sign", "plain.crayon", "-k", f"{self.root}-other.sec", "-r", 5,
                    "-o", "theirs.crayon")
        self.on("install", "theirs.crayon", "--allow-unsigned", code=FAILED_CHECK)
        self.assertIn("release 2 was active", self.install(1, code=FAILED_CHECK).err)
        support.write_model(self.dir / "hf", support.model_weights())
        self.crayon("pack", "hf", "-o", "other.crayon")
        support.write_peft(self.dir / "peft", support.lora_factors(1, 4), 4, 8)
        self.crayon("pack-adapter", "peft", "--base", "other.crayon", "-o", "adapter.crayon")
        self.on("install", "adapter.crayon", "--allow-unsigned", code=BAD_FILE)
        self.on("install", "m3.crayon", "--golden", "g1.txt", code=BAD_FILE)
        self.on("install", "none.crayon", code=SYSTEM)
        self.assertEqual(len(self.on("status", "--json").json["deployments"]), 1)
        self.assertEqual(self.answer(self.root), self.answer("m2.crayon"))
        # On purpose, both go.
        self.on("install", "m1.crayon", "--allow-older")
        self.on("install", "plain.crayon", "--allow-unsigned", "--allow-older")

    def test_an_unhealthy_update_never_answers(self):
        self.install(1, "--activate")
        golden = (self.dir / "g2.txt").read_text()
        tokens = golden.split("tokens ")[1].split("\n")[0]
        (self.dir / "wrong.txt").write_text(golden.replace(tokens, tokens + " 0"))
        self.on("install", "m2.crayon", "--golden", "wrong.txt")
        failed = self.on("activate", "--json", code=FAILED_CHECK)
        self.assertEqual(failed.json["error"]["name"], "unhealthy")
        self.assertEqual(self.active(), 1)
        self.assertEqual(self.answer(self.root), self.answer("m1.crayon"))
        self.on("activate", "--no-check")  # on purpose
        self.assertEqual(self.active(), 2)

    def test_standard_input_and_moving(self):
        with open(self.dir / "m1.crayon", "rb") as stream:
            self.crayon("install", "-", "--root", self.root, stdin=stream)
        self.assertEqual(list((self.dir / self.root / "uploads").iterdir()), [])
        (self.dir / self.root / "uploads" / "m2.crayon").write_bytes(
            (self.dir / "m2.crayon").read_bytes())
        self.on("install", f"{self.root}/uploads/m2.crayon", "--move", "--activate")
        self.assertEqual(list((self.dir / self.root / "uploads").iterdir()), [])
        self.assertEqual(self.answer(self.root), self.answer("m2.crayon"))

    def test_wrong_words(self):
        self.on("status", code=SYSTEM)
        self.on("activate", code=USAGE)
        self.on("rollback", code=USAGE)
        self.on("install", code=USAGE)
        self.on("trust", code=USAGE)
        self.on("trust", "m1.crayon", code=BAD_FILE)
        self.install(1)
        self.on("activate", 7, code=USAGE)
        self.on("rollback", code=USAGE)

    def test_keys_come_and_go(self):
        self.on("trust", "k.pub")
        key = self.on("status", "--json").json["keys"][0]
        self.on("trust", "--remove", key)
        self.on("trust", "--remove", key, code=USAGE)
        self.assertEqual(self.on("status", "--json").json["keys"], [])


class Kills(Store):
    """The program is killed at random moments of an update: the board answers as before or after."""

    @unittest.skipUnless(support.HEAVY, "many starts of the program")
    def test_kill_at_any_moment(self):
        self.install(1, "--activate")
        answers = {self.answer("m1.crayon"), self.answer("m2.crayon")}
        for i in range(40):
            process = subprocess.Popen(
                [*COMMAND, "install", "m2.crayon", "--activate", "--root", self.root],
                cwd=self.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=support.environment())
            time.sleep(i * 0.002)
            process.send_signal(signal.SIGKILL)
            process.wait()
            self.assertIn(self.answer(self.root), answers)
        self.install(2, "--activate")
        self.assertEqual(self.answer(self.root), self.answer("m2.crayon"))
        left = [path for path in pathlib.Path(self.dir, self.root).rglob("*.part")]
        self.assertEqual(left, [])


if __name__ == "__main__":
    support.main()

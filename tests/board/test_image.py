#!/usr/bin/env python3
"""toolchains/board/image.sh: stores for storage that is written offline."""
import os
import shutil
import subprocess
import unittest

import board_folder
import support

TOOLS = f"{os.environ['PATH']}:/usr/sbin"


class Image(board_folder.BoardCase):
    def image(self, out, *arguments, code=0):
        """Through flash.sh, as people call it."""
        return self.run_script("flash.sh", "--image", out, "--host-crayon",
                               self.board / "programs/crayon", "--key", "publisher.pub",
                               "--golden", "golden.txt", *arguments, "model.crayon", code=code)

    def test_a_folder_is_a_store_with_the_model_active(self):
        self.image("store")
        self.addCleanup(shutil.rmtree, self.dir / "store")
        status = self.crayon("status", "--root", "store", "--json", "--verify").json
        self.assertEqual(status["active"], 1)
        self.assertEqual(len(status["keys"]), 1)
        self.assertTrue(status["deployments"][0]["golden"])
        # A board would do this: check the model, and pack it for its kernels.
        self.assertIn("4 golden tokens", self.crayon("activate", "--root", "store").err)
        self.assertIn("is there already", self.image("store", code=support.SYSTEM).err)

    def test_the_program_lies_in_bin(self):
        self.write("program", "#!/bin/sh\n")
        self.image("with", "--program", "program")
        self.addCleanup(shutil.rmtree, self.dir / "with")
        self.assertTrue(os.access(self.dir / "with/bin/crayon", os.X_OK))

    def test_what_cannot_be_installed_leaves_no_image(self):
        self.run_script("image.sh", "bad", "--host-crayon", self.board / "programs/crayon",
                        "golden.txt", code=support.BAD_FILE)
        self.assertEqual([path for path in self.dir.iterdir() if path.name.startswith("bad")], [])

    @unittest.skipUnless(shutil.which("mke2fs", path=TOOLS) and shutil.which("debugfs", path=TOOLS),
                         "no mke2fs or no debugfs")
    def test_a_file_system_holds_the_store(self):
        self.image("store.ext4", "--size", "16M")
        self.assertEqual((self.dir / "store.ext4").stat().st_size, 16 << 20)
        done = subprocess.run(["debugfs", "-R", "cat deployments/1/model.crayon", "store.ext4"],
                              cwd=self.dir, capture_output=True, check=True,
                              env=os.environ | {"PATH": TOOLS})
        self.assertEqual(done.stdout, (self.dir / "model.crayon").read_bytes())
        self.assertIn("too small", self.image("store.ext4", "--size", "64K",
                                              code=support.SYSTEM).err)

    @unittest.skipUnless(shutil.which("mksquashfs") and shutil.which("unsquashfs"),
                         "no squashfs-tools")
    def test_a_squashfs_holds_the_store(self):
        self.image("store.squashfs")
        done = subprocess.run(["unsquashfs", "-cat", "store.squashfs",
                               "deployments/1/model.crayon"], cwd=self.dir, capture_output=True,
                              check=True)
        self.assertEqual(done.stdout, (self.dir / "model.crayon").read_bytes())


if __name__ == "__main__":
    board_folder.main()

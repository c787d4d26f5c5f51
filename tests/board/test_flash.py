#!/usr/bin/env python3
"""toolchains/board/flash.sh against a board that is a folder: what it installs, how it goes on after a
broken copy, and what it says when something does not fit."""
import unittest

import board_folder
import support


class Flash(board_folder.BoardCase):
    def test_a_flashed_board_answers_with_what_was_flashed(self):
        said = self.flash("--key", "publisher.pub", "--golden", "golden.txt", "board",
                          "model.crayon")
        self.assertIn("deployment 1 is active", said.out)
        self.assertIn("4 golden tokens", said.err)
        status = self.status()
        self.assertEqual(status["active"], 1)
        self.assertEqual(status["deployments"][0]["bundles"][0]["release"], 3)
        self.assertEqual(len(status["keys"]), 1)
        self.assertFalse(self.uploads.exists(), "what was uploaded is moved into the store")
        self.assertEqual(self.crayon("verify", self.root / "active/model.crayon").code, 0)

    def test_without_activation_nothing_answers_yet(self):
        self.flash("--no-activate", "board", "model.crayon")
        self.assertIsNone(self.status()["active"])

    def test_a_server_that_runs_is_restarted_with_the_new_model(self):
        calls = self.board / "calls"
        self.program("systemctl", f'echo "$@" >>{calls}')
        self.assertIn("crayon.service: restarted", self.flash("board", "model.crayon").out)
        self.assertIn("restart crayon.service", calls.read_text())
        self.program("systemctl", "exit 3")  # it does not run
        self.assertNotIn("restarted", self.flash("board", "model.crayon").out)

    def test_options_reach_install_and_activate(self):
        self.flash("--key", "publisher.pub", "board", "model.crayon")
        self.flash("board", "plain.crayon", code=support.FAILED_CHECK)
        self.flash("--install-option", "--allow-unsigned", "--install-option", "--allow-older",
                   "--activate-option", "--no-check", "board", "plain.crayon")
        self.assertEqual(self.status()["active"], 2)

    def test_a_refused_bundle_leaves_what_answers_and_no_copy(self):
        self.flash("--key", "publisher.pub", "board", "model.crayon")
        said = self.flash("board", "plain.crayon", code=support.FAILED_CHECK)
        self.assertIn("plain.crayon is not signed", said.err)
        self.assertEqual(self.status()["active"], 1)
        self.assertFalse((self.uploads / "plain.crayon").exists())

    def test_ssh_that_does_not_reach_the_board_is_named(self):
        said = self.flash("elsewhere", "model.crayon", code=support.NETWORK)
        self.assertIn("ssh does not reach elsewhere", said.err)

    def test_wrong_usage_and_missing_files(self):
        self.flash("board", code=support.USAGE)
        self.flash("--frobnicate", "board", "model.crayon", code=support.USAGE)
        self.assertIn("there is no file none.crayon",
                      self.flash("board", "none.crayon", code=support.SYSTEM).err)
        self.write("other/model.crayon", "")
        self.assertIn("two bundles are called model.crayon",
                      self.flash("board", "model.crayon", "other/model.crayon",
                                 code=support.USAGE).err)

    def test_a_board_without_the_program_says_so(self):
        self.program("crayon", "exit 127")
        (self.board / "programs/crayon").unlink()
        said = self.flash("board", "model.crayon", code=support.SYSTEM,
                          PATH=f"{board_folder.HERE}:/usr/bin:/bin")
        self.assertIn("has no crayon", said.err)


class Copies(board_folder.BoardCase):
    """What is on the board when a copy begins again."""

    def test_a_broken_copy_goes_on_where_it_stopped(self):
        size = (self.dir / "model.crayon").stat().st_size
        broken = size // 2
        said = self.flash("board", "model.crayon", code=support.NETWORK, BOARD_BREAK=str(broken))
        self.assertIn("the connection to board broke while model.crayon was copied", said.err)
        part = self.uploads / "model.crayon.part"
        self.assertEqual(part.read_bytes(), (self.dir / "model.crayon").read_bytes()[:broken])
        # All but what is left would arrive damaged: so the rest alone is sent.
        written = self.board / "written"
        self.program("dd", f'/bin/dd "$@"; echo "$@" >>{written}')
        said = self.flash("board", "model.crayon")
        self.assertRegex(said.out, r"model\.crayon: .* are there already")
        self.assertIn(f"seek={broken // 65536}", written.read_text())
        self.assertEqual(self.status()["active"], 1)

    def test_a_complete_copy_is_not_sent_again(self):
        self.uploads.mkdir(parents=True)
        (self.uploads / "model.crayon.part").write_bytes((self.dir / "model.crayon").read_bytes())
        self.program("dd", "exit 1")
        self.flash("board", "model.crayon")
        self.assertEqual(self.status()["active"], 1)

    def test_what_is_no_beginning_of_the_file_is_thrown_away(self):
        data = (self.dir / "model.crayon").read_bytes()
        for there in (b"other bytes", data + b"more", data[:5000] + b"?"):
            self.uploads.mkdir(parents=True, exist_ok=True)
            (self.uploads / "model.crayon.part").write_bytes(there)
            said = self.flash("--no-activate", "board", "model.crayon")
            self.assertIn("what is there is not its beginning", said.out)
            self.assertIn("deployment 1: waiting", said.out)

    def test_bytes_that_changed_on_the_way_are_noticed_and_removed(self):
        said = self.flash("board", "model.crayon", code=support.SYSTEM, BOARD_DAMAGE="1")
        self.assertIn("model.crayon arrived with other bytes", said.err)
        self.assertEqual(list(self.uploads.iterdir()), [])
        self.flash("board", "model.crayon")
        self.assertEqual(self.status()["active"], 1)

    def test_a_board_that_cannot_write_says_why(self):
        self.program("dd", 'echo "dd: No space left on device" >&2; exit 1')
        said = self.flash("board", "model.crayon", code=support.SYSTEM)
        self.assertIn("No space left on device", said.err)
        self.assertIn("board could not write model.crayon", said.err)


class Refusals(board_folder.BoardCase):
    """What is found out before anything is sent."""

    def space(self, kib):
        self.program("df", 'echo "Filesystem 1024-blocks Used Available Capacity Mounted on"\n'
                           f'echo "/dev/x 1000 1000 {kib} 99% /mount"')

    def test_no_space_is_said_with_the_numbers(self):
        self.space(100)
        said = self.flash("board", "model.crayon", code=support.SYSTEM)
        self.assertRegex(said.err, r"store on board has 0\.1 MiB free, and \d\.\d MiB are needed")
        self.assertFalse((self.uploads / "model.crayon.part").exists())

    def test_what_is_there_already_needs_no_space(self):
        size = (self.dir / "model.crayon").stat().st_size
        self.space(size // 2 // 1024 + 1024)
        self.flash("board", "model.crayon", code=support.SYSTEM)
        self.uploads.mkdir(parents=True, exist_ok=True)
        (self.uploads / "model.crayon.part").write_bytes(
            (self.dir / "model.crayon").read_bytes()[:size * 3 // 4])
        self.flash("board", "model.crayon")

    def elf(self, name, machine, text=b""):
        """The first bytes of a 64-bit program for `machine`."""
        path = self.dir / name
        path.write_bytes(b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x02\x00" +
                         machine.to_bytes(2, "little") + bytes(44) + text)
        return ("--program", name)

    def test_a_program_for_another_machine_is_refused(self):
        self.program("uname", "echo armv7l")
        said = self.flash("board", "model.crayon", code=support.SYSTEM,
                          program=self.elf("arm", 183))
        self.assertIn("board is a machine of kind armv7l, and arm is for aarch64", said.err)
        self.assertFalse((self.board / "bin/crayon").exists())

    def test_what_is_no_program_is_refused(self):
        said = self.flash("board", "model.crayon", code=support.BAD_FILE,
                          program=("--program", "golden.txt"))
        self.assertIn("golden.txt is no program", said.err)

    def test_a_c_library_that_is_too_old_is_named_with_its_version(self):
        self.program("uname", "echo aarch64")
        self.program("getconf", "echo glibc 2.31")
        said = self.flash("board", "model.crayon", code=support.SYSTEM,
                          program=self.elf("new", 183, b"\0GLIBC_2.17\0GLIBC_2.34\0GLIBC_2.4\0"))
        self.assertIn("board has the C library 2.31, and new needs 2.34", said.err)

    def test_a_second_key_is_a_second_publisher_only_when_that_is_said(self):
        self.crayon("keygen", "-o", "other")
        self.flash("--key", "publisher.pub", "board", "model.crayon")
        said = self.flash("--key", "other.pub", "board", "model.crayon",
                          code=support.FAILED_CHECK)
        self.assertIn("trusts 1 other key", said.err)
        said = self.flash("--key", "publisher.pub", "board", "model.crayon")
        self.assertIn("the board trusts this key already", said.out)
        self.assertEqual(len(self.status()["keys"]), 1)
        self.flash("--key", "other.pub", "--add-key", "board", "model.crayon")
        self.assertEqual(len(self.status()["keys"]), 2)


@unittest.skipUnless(board_folder.NATIVE, "the program is for another machine than this one")
class Program(board_folder.BoardCase):
    def setUp(self):
        super().setUp()
        (self.board / "programs/crayon").unlink()  # --bin is where it will be

    def test_the_program_is_installed_once(self):
        given = ("--program", support.COMMAND[0])
        said = self.flash("board", "model.crayon", program=given)
        self.assertRegex(said.out, "bin/crayon: crayon [0-9.]+")
        said = self.flash("board", "model.crayon", program=given)
        self.assertIn("is this one already", said.out)

    def test_a_program_that_does_not_start_replaces_nothing(self):
        board_folder.write_program(self.board / "bin/crayon", "echo old")
        broken = self.dir / "broken"
        program = support.pathlib.Path(support.COMMAND[0]).read_bytes()
        broken.write_bytes(program[:20] + bytes(1000) + program[1020:5000])
        said = self.flash("board", "model.crayon", program=("--program", broken),
                          code=support.SYSTEM)
        self.assertIn("broken does not start on board", said.err)
        self.assertEqual((self.board / "bin/crayon").read_text(), "#!/bin/sh\necho old\n")
        self.assertFalse((self.board / "bin/crayon.new").exists())


if __name__ == "__main__":
    board_folder.main()

#!/usr/bin/env python3
"""The interface that programs are linked with: it is what c_api/abi/crayon.abi says, the library exports
what the header declares and nothing else, and the comparison notices what it should.

The environment names CRAYON_LIBRARY, CRAYON_C_COMPILER and CRAYON_EMULATOR."""
import os
import subprocess
import unittest

import abi
import header as headers


class Abi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = os.environ["CRAYON_LIBRARY"]
        cls.now = abi.describe(cls.library, os.environ["CRAYON_C_COMPILER"],
                               os.environ["CRAYON_EMULATOR"].replace(";", " "))

    def test_is_what_programs_were_linked_with(self):
        broken, added = abi.compare(abi.read(abi.REFERENCE), self.now)
        self.assertEqual(broken, [], "programs that were built before would notice")
        self.assertEqual(added, [], "if that is meant: the target abi_update")

    def test_what_is_written_is_read_again(self):
        self.assertEqual(abi.text_of(abi.read(abi.REFERENCE)), abi.REFERENCE.read_text())

    def test_exports_what_the_header_declares(self):
        declared = headers.read_header().functions
        self.assertEqual([f"{name}@@CRAYON_0" for name in sorted(declared)],
                         abi.exported(self.library))
        self.assertEqual(abi.soname(self.library), "libcrayon.so.0")

    def test_needs_no_library_that_is_crayons_own(self):
        needed = subprocess.run(["readelf", "-d", "-W", self.library], check=True, text=True,
                                capture_output=True, timeout=60).stdout
        self.assertIn("NEEDED", needed)
        self.assertNotRegex(needed, r"NEEDED.*libcrayon|RPATH|RUNPATH|TEXTREL")


class Comparison(unittest.TestCase):
    OLD = {("function", "f"): "int (int)", ("symbol", "f@@CRAYON_0"): "",
           ("struct", "options"): "16 8", ("field", "options.size"): "0 8 size_t",
           ("field", "options.a"): "8 4 int32_t", ("struct", "pair"): "8 4",
           ("field", "pair.a"): "0 4 int32_t", ("constant", "CRAYON_A"): "1"}

    def compare(self, remove=(), to=()):
        """What is found when the lines `remove` are gone and those of `to` are there."""
        kept = {key: value for key, value in self.OLD.items() if key not in remove}
        return abi.compare(self.OLD, kept | dict(to))

    def test_the_same(self):
        self.assertEqual(self.compare(), ([], []))

    def test_what_is_gone_breaks(self):
        for key in self.OLD:
            broken, added = self.compare(remove=[key])
            self.assertTrue(any("is gone" in line for line in broken), key)

    def test_what_changed_breaks(self):
        for key, value in {("function", "f"): "int (long)", ("field", "options.a"): "8 8 int64_t",
                           ("field", "pair.a"): "4 4 int32_t", ("constant", "CRAYON_A"): "2",
                           ("struct", "pair"): "12 4", ("struct", "options"): "8 8",
                           ("field", "options.size"): "8 8 size_t"}.items():
            broken, added = self.compare(to={key: value})
            self.assertEqual((len(broken), added), (1, []), key)

    def test_structs_that_know_their_size_may_grow(self):
        broken, added = self.compare(to={("struct", "options"): "24 8",
                                         ("field", "options.b"): "16 8 uint64_t"})
        self.assertEqual((broken, len(added)), ([], 2))

    def test_a_field_in_what_was_padding_breaks(self):
        broken, added = self.compare(to={("field", "options.b"): "12 4 int32_t"})
        self.assertEqual((len(broken), added), (1, []))

    def test_others_may_not_grow(self):
        broken, added = self.compare(to={("field", "pair.b"): "4 4 int32_t"})
        self.assertEqual((len(broken), added), (1, []))

    def test_new_functions_structs_and_constants_are_additions(self):
        broken, added = self.compare(to={("function", "g"): "int (void)", ("struct", "new"): "8 8",
                                         ("field", "new.a"): "0 8 size_t",
                                         ("constant", "CRAYON_B"): "2"})
        self.assertEqual((broken, len(added)), ([], 4))

    def test_names_of_arguments_do_not_matter(self):
        self.assertEqual(abi.without_names("crayon_code (crayon_pool* pool, const float* const* x)"),
                         "crayon_code (crayon_pool*, const float* const*)")
        self.assertEqual(abi.without_names("const char* (void)"), "const char* (void)")


if __name__ == "__main__":
    unittest.main(verbosity=2)

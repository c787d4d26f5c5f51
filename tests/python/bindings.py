"""What the tests of the bindings share."""
import os
import sys

import support

import crayon

MODEL = support.SOURCE / "examples/models/device.crayon"
POOL = support.SOURCE / "examples/pool/pool.crayon"
QUESTION = "tank reads 38. motor reads 83. outlet reads 28. gate reads 40.\nWhat does motor read?"


class BindingsCase(support.Case):
    """A test with a runtime and the shipped model."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.runtime = crayon.Runtime()
        cls.addClassCleanup(cls.runtime.close)
        cls.model = cls.runtime.open_model(MODEL, threads=2)

    def assert_fails(self, code, function, *arguments, **options):
        """Returns the failure's message."""
        with self.assertRaises(crayon.CrayonError) as caught:
            function(*arguments, **options)
        self.assertEqual(caught.exception.code, code, caught.exception)
        self.assertTrue(caught.exception.message)
        return caught.exception.message


def skip_where_there_is_no_python():
    for variable, why in (("CRAYON_EMULATOR", "there is no Python for the board's machine here"),
                          ("CRAYON_SANITIZE", "Python is not built with the sanitizers")):
        if os.environ.get(variable):
            print("skipped:", why)
            sys.exit(77)


def main():
    skip_where_there_is_no_python()
    support.main()

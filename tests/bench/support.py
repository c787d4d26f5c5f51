"""What the tests of the scripts in bench/ share."""
import os
import pathlib
import sys
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
ASSETS = pathlib.Path(os.environ.get("CRAYON_ASSETS", SOURCE.parent / "shared/assets"))
CUSTOMIZATION = SOURCE / "bench/customization"
sys.path.insert(0, str(CUSTOMIZATION))


def main():
    """Runs the module's tests; exits with 77 when all of them were skipped."""
    result = unittest.main(exit=False, verbosity=2).result
    if result.wasSuccessful() and result.skipped and len(result.skipped) >= result.testsRun:
        sys.exit(77)
    sys.exit(0 if result.wasSuccessful() else 1)

#!/usr/bin/env python3
"""docs/python.md: what it shows is what happens."""
import doctest
import os
import sys

import bindings
import support


def run():
    os.chdir(support.SOURCE)
    done = doctest.testfile(str(support.SOURCE / "docs/python.md"), module_relative=False)
    print(f"{done.attempted} examples, {done.failed} failed")
    return 1 if done.failed or not done.attempted else 0


if __name__ == "__main__":
    bindings.skip_where_there_is_no_python()
    sys.exit(run())

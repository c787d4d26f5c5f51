#!/usr/bin/env python3
"""check_links.py on small trees: what it finds, and what it lets pass."""
import pathlib
import tempfile
import unittest

import check_links


class Links(unittest.TestCase):
    def faults(self, **files):
        """Of a tree with these files, whose names have __ for a folder; docs/README.md is empty unless
        it is given."""
        with tempfile.TemporaryDirectory(prefix="crayon-links-") as folder:
            root = pathlib.Path(folder).resolve()
            (root / "docs").mkdir()
            (root / "docs/README.md").touch()
            for name, text in files.items():
                path = root / (name.replace("__", "/") + ".md")
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
            return check_links.faults(root)

    def test_files(self):
        self.assertEqual(self.faults(a="[b](b.md), [itself](#a)\n# A\n", b="![a](./a.md) [docs](docs)"), [])
        self.assertEqual(self.faults(a="\n[b\nc](b.md)"), ["a.md:3: b.md does not exist"])
        self.assertEqual(self.faults(a="[b]: b.md"), ["a.md:1: b.md does not exist"])
        self.assertEqual(self.faults(a='<img src="b.svg">'), ["a.md:1: b.svg does not exist"])
        self.assertEqual(self.faults(a="[b]()"), ["a.md:1: a link to nothing"])
        self.assertEqual(self.faults(a="[b](../b.md)"), ["a.md:1: ../b.md leads out of the tree"])

    def test_folders(self):
        self.assertEqual(self.faults(examples__a="[r](../docs/README.md) [r](/docs/README.md)"), [])
        self.assertEqual(self.faults(examples__a="[r](docs/README.md)"),
                         ["examples/a.md:1: docs/README.md does not exist"])
        self.assertEqual(self.faults(build__a="[b](b.md)"), [])

    def test_anchors(self):
        headings = "# `GET /x`, [a *b*](a.md)\n## Twice\n## Twice ##\n```\n# none\n```\n"
        good = "[](b.md#get-x-a-b) [](b.md#twice) [](b.md#twice-1)"
        self.assertEqual(self.faults(a=good, b=headings), [])
        for anchor in ("Twice", "twice-2", "none"):
            self.assertEqual(self.faults(a=f"[x](b.md#{anchor})", b=headings),
                             [f"a.md:1: b.md has no heading for #{anchor}"])

    def test_what_is_no_link_to_a_file(self):
        self.assertEqual(self.faults(a="[x](https://x.invalid/y) [x](mailto:x@x.invalid)"), [])
        self.assertEqual(self.faults(a="`[x](y.md)` and ``[x`](y.md)``\n\n```\n[x](y.md)\n```\n"), [])
        self.assertEqual(self.faults(a="`a`[x](y.md)`b`"), ["a.md:1: y.md does not exist"])

    def test_every_page_is_listed(self):
        self.assertEqual(self.faults(docs__README="[a](a.md#a)", docs__a="# A"), [])
        self.assertEqual(self.faults(docs__README="[a](a.md)", docs__a="[b](b.md)", docs__b=""),
                         ["docs/README.md: no link to docs/b.md"])


if __name__ == "__main__":
    unittest.main()

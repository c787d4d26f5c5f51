#!/usr/bin/env python3
"""Fails when a Markdown file of the tree links to what is not there: a file, a folder, or a heading
of a Markdown file; and when docs/README.md, the reading order, does not link to a page of docs/.

Usage: tests/docs/check_links.py [ROOT]

Addresses with a scheme, such as https:, are not asked for. A heading's anchor is made as GitHub
makes it; code blocks between fences and code between backticks hold no links.
"""
import dataclasses
import functools
import os
import pathlib
import re
import sys
import urllib.parse

# What builds and tools leave in the tree; hidden folders are left out as well, but .github.
GENERATED = {"build", "out", "node_modules"}

FENCE = re.compile(r"^(```+|~~~+).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"(`+)(?!`)(?:(?!\n\n).)+?(?<!`)\1(?!`)", re.DOTALL)
# [text](target), the definition of a reference, and HTML's ways to say the same.
LINK = re.compile(r"""\]\(\s*<?([^)\s>]*)>?[^)]*\)|^\[[^\]]+\]:\s*(\S+)|\b(?:href|src)="([^"]*)\"""",
                  re.MULTILINE)
HEADING = re.compile(r"^#{1,6}\s+(.*?)(?:\s#+)?\s*$", re.MULTILINE)
HTML_ANCHOR = re.compile(r'<[^>]*\b(?:id|name)="([^"]+)"')
LINKED_TEXT = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
SCHEME = re.compile(r"^([a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Link:
    line: int
    target: str  # as it is written


def blank(match: re.Match) -> str:
    """As many lines as the match, and nothing in them."""
    return "\n" * match.group().count("\n")


def without_fences(path: pathlib.Path) -> str:
    return FENCE.sub(blank, path.read_text(encoding="utf-8"))


def links_of(path: pathlib.Path) -> list[Link]:
    text = CODE.sub(blank, without_fences(path))
    return [Link(text.count("\n", 0, match.start()) + 1, next(filter(None, match.groups()), ""))
            for match in LINK.finditer(text)]


@functools.cache
def anchors_of(path: pathlib.Path) -> frozenset[str]:
    text = without_fences(path)
    anchors = set(HTML_ANCHOR.findall(text))
    for heading in HEADING.findall(text):
        words = LINKED_TEXT.sub(r"\1", heading).lower()
        anchor = plain = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        repeated = 0
        while anchor in anchors:
            repeated += 1
            anchor = f"{plain}-{repeated}"
        anchors.add(anchor)
    return frozenset(anchors)


def pages_of(root: pathlib.Path) -> list[pathlib.Path]:
    pages = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if name not in GENERATED and
                            (not name.startswith(".") or name == ".github"))
        pages += [pathlib.Path(folder, name) for name in sorted(files) if name.endswith(".md")]
    return pages


def file_of(root: pathlib.Path, page: pathlib.Path, target: str) -> pathlib.Path:
    """What a link leads to, without its anchor; one that begins with / starts at the root."""
    path = urllib.parse.unquote(target.partition("#")[0])
    if not path:
        return page
    start = root if path.startswith("/") else page.parent
    return pathlib.Path(os.path.normpath(start / path.lstrip("/")))


def fault_of(root: pathlib.Path, page: pathlib.Path, target: str) -> str | None:
    if SCHEME.match(target):
        return None
    if not target:
        return "a link to nothing"
    file = file_of(root, page, target)
    if not file.is_relative_to(root):
        return f"{target} leads out of the tree"
    if not file.exists():
        return f"{target} does not exist"
    anchor = urllib.parse.unquote(target.partition("#")[2])
    if anchor and file.suffix == ".md" and anchor not in anchors_of(file):
        return f"{file.relative_to(root)} has no heading for #{anchor}"
    return None


def faults(root: pathlib.Path) -> list[str]:
    found = []
    pages = pages_of(root)
    for page in pages:
        for link in links_of(page):
            if fault := fault_of(root, page, link.target):
                found.append(f"{page.relative_to(root)}:{link.line}: {fault}")
    start = root / "docs/README.md"
    listed = {file_of(root, start, link.target) for link in links_of(start)
              if not SCHEME.match(link.target)}
    for page in pages:
        if page.is_relative_to(root / "docs") and page not in listed | {start}:
            found.append(f"docs/README.md: no link to {page.relative_to(root)}")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else
                        pathlib.Path(__file__).parents[2]).resolve()
    found = faults(root)
    for fault in found:
        print(fault)
    print(f"links: {len(found)} faults in {len(pages_of(root))} files")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

"""Reads what include/crayon/crayon.h declares."""
import dataclasses
import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parents[2]
HEADER = SOURCE / "include/crayon/crayon.h"


@dataclasses.dataclass
class Field:
    name: str
    type: str  # as declared, without the name


@dataclasses.dataclass
class Header:
    functions: dict[str, str]  # name -> what it returns and takes
    callbacks: dict[str, str]  # the same of types of functions
    structs: dict[str, list[Field]]
    handles: list[str]
    constants: list[str]


def read_header(path=HEADER):
    text = re.sub(r"/\*.*?\*/|//[^\n]*|^#.*?(?<!\\)$", " ", path.read_text(),
                  flags=re.DOTALL | re.MULTILINE)
    text = " ".join(text.replace('extern "C" {', " ").split())
    header = Header({}, {}, {}, [], [])
    for name, body in re.findall(r"typedef struct (\w+) \{(.*?)\} \1;", text):
        header.structs[name] = [read_field(each) for each in body.split(";") if each.strip()]
    text = re.sub(r"typedef struct (\w+) \{.*?\} \1;", "", text)
    for body in re.findall(r"enum \{(.*?)\}", text):
        header.constants += re.findall(r"(\w+) =", body)
    header.handles = re.findall(r"typedef struct (\w+) \1;", text)
    for returned, name, taken in re.findall(r"typedef ([^;(]+?)\(\*(\w+)\)\((.*?)\);", text):
        header.callbacks[name] = f"{returned.strip()} ({taken})"
    for returned, name, taken in re.findall(r"CRAYON_API ([^;(]*?)(\w+)\(([^;]*?)\);", text):
        header.functions[name] = f"{returned.strip()} ({taken})"
    return header


def read_field(declaration):
    """Of a declaration in a struct: `char id[65]`, `const char* name`, `void* (*get)(int)`."""
    declaration = declaration.strip()
    name = (re.search(r"\(\*(\w+)\)", declaration) or
            re.search(r"(\w+)\s*(?:\[[^]]*\])?$", declaration)).group(1)
    return Field(name, " ".join(re.sub(rf"\b{name}\b", "", declaration, count=1).split()))

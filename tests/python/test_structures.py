#!/usr/bin/env python3
"""The bindings say the same as the header: structs, constants, and what functions take."""
import ctypes
import os
import pathlib
import tempfile
import unittest

import header as headers
from layout import compiled_layout

import crayon
from crayon import _library, _structures, enums


def python_name(name):
    """crayon_model_options -> ModelOptions."""
    return "".join(word.capitalize() for word in name.removeprefix("crayon_").split("_"))


class Structures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.header = headers.read_header()
        with tempfile.TemporaryDirectory(prefix="crayon-python-") as folder:
            cls.lines = set(compiled_layout(cls.header, headers.SOURCE / "include",
                                            os.environ["CRAYON_C_COMPILER"],
                                            os.environ["CRAYON_EMULATOR"].replace(";", " "),
                                            pathlib.Path(folder)))

    def test_layouts(self):
        lines = set()
        for name in self.header.structs:
            struct = getattr(_structures, python_name(name))
            lines.add(f"struct {name} {ctypes.sizeof(struct)} {ctypes.alignment(struct)}")
            for field, *_ in struct._fields_:
                place = getattr(struct, field)
                lines.add(f"field {name}.{field} {place.offset} {place.size}")
        self.assertEqual(lines, {line for line in self.lines if not line.startswith("constant")})

    def test_constants(self):
        lines = set()
        for prefix, enum in (("CRAYON_", enums.Code), ("CRAYON_LOG_", enums.LogLevel),
                             ("CRAYON_KV_", enums.Kv), ("CRAYON_FINISH_", enums.Finish),
                             ("CRAYON_ROUTE_", enums.Route)):
            lines |= {f"constant {prefix}{each.name} {each.value}" for each in enum}
        self.assertEqual(lines, {line for line in self.lines if line.startswith("constant")})

    def test_functions(self):
        coded = {name: signature for name, signature in self.header.functions.items()
                 if signature.startswith("crayon_code ")}
        self.assertEqual(coded.keys(), _library.FUNCTIONS.keys())
        for name, signature in coded.items():
            arguments = _library.FUNCTIONS[name]
            declared = signature.split("(")[1].split(",")
            self.assertEqual(len(arguments), len(declared), name)
            for argument, text in zip(arguments, declared):
                self.check_argument(name, argument, text.rstrip(")"))
        self.assertEqual(self.header.functions.keys() - coded.keys(),
                         {"crayon_code_name", "crayon_version", "crayon_text_free"})

    def check_argument(self, function, argument, declared):
        """Pointers are pointers, to the struct that the header names; numbers have their size."""
        sizes = {"size_t": 8, "int32_t": 4, "uint32_t": 4}
        words = declared.replace("*", " * ").split()
        kind = words[1] if words[0] == "const" else words[0]
        self.assertEqual(ctypes.sizeof(argument),
                         8 if "*" in declared or kind.endswith("_callback") else sizes[kind],
                         f"{function}: {declared}")
        if kind in self.header.structs:
            self.assertIs(argument._type_, getattr(_structures, python_name(kind)), function)

    def test_options_are_fields(self):
        for options, struct in ((crayon.ModelOptions, _structures.ModelOptions),
                                (crayon.SessionOptions, _structures.SessionOptions),
                                (crayon.GenerateOptions, _structures.GenerateOptions),
                                (crayon.AssistantOptions, _structures.AssistantOptions),
                                (crayon.BlendOptions, _structures.BlendOptions)):
            fields = {name for name, *_ in struct._fields_}
            fields -= {"size", "cancel", *(name for name in fields if name.endswith("_count"))}
            self.assertEqual(set(options.__annotations__), fields)


if __name__ == "__main__":
    unittest.main(verbosity=2)

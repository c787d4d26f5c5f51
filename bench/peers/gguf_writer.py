"""Writes GGUF files (version 3): fields, then what each tensor is, then their numbers."""
import struct

ALIGNMENT = 32
UINT32, FLOAT32, BOOL, STRING, ARRAY, INT32 = 4, 6, 7, 8, 9, 5  # GGUF's types of values
F32, F16 = 0, 1                                                # ggml's types of tensors
SCALARS = {UINT32: "<I", FLOAT32: "<f", BOOL: "<?", INT32: "<i"}


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def scalar(kind, value):
    return text(value) if kind == STRING else struct.pack(SCALARS[kind], value)


class Writer:
    """Gathers what stands in front of the numbers, then writes it all."""

    def __init__(self):
        self.fields = []
        self.tensors = []  # name, shape (rows, cols) or (n,), type, what writes its numbers

    def field(self, name, kind, value):
        self.fields.append(text(name) + struct.pack("<I", kind) + scalar(kind, value))

    def array(self, name, kind, values):
        self.fields.append(text(name) + struct.pack("<IIQ", ARRAY, kind, len(values)) +
                           b"".join(scalar(kind, value) for value in values))

    def tensor(self, name, shape, kind, write_numbers):
        """`write_numbers(file)` writes the numbers row by row."""
        self.tensors.append((name, shape, kind, write_numbers))

    def write(self, path):
        with open(path, "wb") as out:
            out.write(b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(self.fields)))
            out.write(b"".join(self.fields))
            offset = 0
            for name, shape, kind, _ in self.tensors:
                out.write(text(name) + struct.pack("<I", len(shape)))
                out.write(b"".join(struct.pack("<Q", size) for size in reversed(shape)))
                out.write(struct.pack("<IQ", kind, offset))
                offset += padded(count(shape) * size_of(kind))
            out.write(bytes(padded(out.tell()) - out.tell()))
            for _, _, _, write_numbers in self.tensors:
                write_numbers(out)
                out.write(bytes(padded(out.tell()) - out.tell()))


def padded(size):
    return -(-size // ALIGNMENT) * ALIGNMENT


def count(shape):
    return shape[0] * (shape[1] if len(shape) > 1 else 1)


def size_of(kind):
    return 4 if kind == F32 else 2

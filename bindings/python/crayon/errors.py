"""The exception that failures of the library are."""
from .enums import Code


class CrayonError(Exception):
    """What a function of the library has to say about its failure.

    code: a Code, or the number itself where this version does not know it
    name: of the code, as "wrong_base"
    message: what is wrong and where
    hint: what to do about it, or ""
    """

    def __init__(self, code: int, name: str, message: str, hint: str = "") -> None:
        super().__init__(f"{name}: {message}" + (f" (hint: {hint})" if hint else ""))
        self.code: Code | int = Code(code) if code in Code._value2member_map_ else code
        self.name = name
        self.message = message
        self.hint = hint

#!/usr/bin/env python3
"""Asks a model a question, shows the answer while it is made, and says who gave it.

Usage: answer.py MODEL QUESTION [POOL]

With a pool of adapters, each question gets a blend of its own.
"""
import sys

import crayon


def answer(bundle: str, question: str, pool: str | None) -> None:
    with crayon.Runtime() as runtime:
        model = runtime.open_model(bundle)
        options: crayon.AssistantOptions = {"pool": model.open_pool(pool)} if pool else {}
        with model.open_assistant(**options).stream(question) as pieces:
            for piece in pieces:
                print(piece.text, end="", flush=True)
        result = pieces.result
        assert result is not None
        print(f"\n{result.route.name.lower()}: {result.reason} "
              f"(score {result.score:.3f}, threshold {result.threshold:.3f})")


def main() -> int:
    if len(sys.argv) not in (3, 4):
        print("usage: answer.py MODEL QUESTION [POOL]", file=sys.stderr)
        return 2
    try:
        answer(sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) == 4 else None)
    except crayon.CrayonError as error:
        print(f"answer: {error.message}\n  hint: {error.hint}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

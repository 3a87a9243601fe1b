"""`python -m tests.fuzz.guided TARGET FOLDER [libFuzzer's flags]`: one target under atheris."""

import sys

import atheris

with atheris.instrument_imports(include=["app"]):
    from tests.fuzz.targets import TARGETS


def main() -> None:
    """Run until libFuzzer ends the process."""
    program, target, *rest = sys.argv
    atheris.Setup([program, *rest], TARGETS[target])
    atheris.Fuzz()


main()

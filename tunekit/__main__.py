"""``python -m tunekit``, and the script ``tunekit``."""

import sys

from tunekit.cli.interruption import end_at_once_when_interrupted


def main() -> int:
    """Run the command line, which is imported once an interruption is looked after.

    Returns:
        Exit status.
    """
    end_at_once_when_interrupted()
    from tunekit.cli.main import main

    return main()


if __name__ == "__main__":
    sys.exit(main())

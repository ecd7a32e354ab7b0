"""``python -m tunekit_sagemaker.emulator``."""

import sys

from tunekit_sagemaker.emulator.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

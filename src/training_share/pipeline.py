"""The command line under its first name: `python -m training_share.pipeline`."""

import sys

from training_share.cli import main

if __name__ == "__main__":
    sys.exit(main())

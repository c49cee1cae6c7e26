"""The command `training-share run` under its first name: `python -m training_share.pipeline`."""

import sys

from training_share.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "run")
    sys.exit(main())

"""The command line under its first name: `python -m training_share.pipeline`."""

import sys

from training_share.cli import run_command

if __name__ == "__main__":
    sys.exit(run_command())

"""The command line under its first name: `python -m training_share.pipeline`."""

import sys

from training_share.run.execute import main

if __name__ == "__main__":
    sys.exit(main())

"""`python -m training_share.new_company`."""

import sys

from training_share.new_company.command import main

if __name__ == "__main__":
    sys.exit(main())

import sys

from training_share.site import main

if __name__ == "__main__":
    sys.exit(main())

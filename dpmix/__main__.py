"""``python -m dpmix``: the command line."""

import sys

from dpmix.cli import main

if __name__ == "__main__":
    sys.exit(main())

"""``python -m nircolor``: the same as the command ``nircolor``."""

import sys

from nircolor.cli import main

if __name__ == "__main__":
    sys.exit(main())

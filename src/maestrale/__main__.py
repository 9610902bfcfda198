"""`python -m maestrale`: the same as the `maestrale` command."""

import sys

from maestrale.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

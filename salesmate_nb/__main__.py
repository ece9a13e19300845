"""The command line as ``python -m salesmate_nb``, for environments whose scripts are not on the path."""

import sys

from salesmate_nb.cli import main

if __name__ == "__main__":
    sys.exit(main())

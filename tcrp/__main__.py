"""`python -m tcrp`."""
import sys

from tcrp.cli.main import main

if __name__ == "__main__":
    sys.exit(main())

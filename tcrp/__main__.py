"""`python -m tcrp`."""
import sys

from tcrp.tool import main

if __name__ == "__main__":
    sys.exit(main())

"""`python -m tcrp`."""
import os
import sys

# Python puts the working directory first on the path. Unless this package was found there, nothing else is to be:
# a json.py that lies there must not be taken for the standard library's.
if __name__ == "__main__" and sys.path[0] in ("", os.getcwd()) and \
        os.path.realpath(os.getcwd()) != os.path.dirname(os.path.dirname(os.path.realpath(__file__))):
    del sys.path[0]

from tcrp.cli.main import main  # from the path that is left

if __name__ == "__main__":
    sys.exit(main(program="python -m tcrp"))

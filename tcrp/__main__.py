"""`python -m tcrp`, which imports nothing from the working directory unless this package is there."""
import os
import sys

# `python -m` puts the working directory first on the path, where a json.py would replace the standard library's.
if __name__ == "__main__":
    home = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    if os.path.realpath(sys.path[0] or os.curdir) != home:
        try:
            is_working_directory = sys.path[0] in ("", os.getcwd())
        except OSError:  # it was removed
            is_working_directory = True
        if is_working_directory:
            del sys.path[0]

from tcrp.cli.main import main  # from the path that is left

if __name__ == "__main__":
    sys.exit(main(program="python -m tcrp"))

"""`python -m server`, also from a checkout that is not installed."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from tcrp_server.app import main  # found through the line above

if __name__ == "__main__":
    sys.exit(main(program="python -m server"))

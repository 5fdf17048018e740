"""`python -m client`, also from a checkout that is not installed."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

try:
    from tcrp_client.app import main
except KeyboardInterrupt:  # Ctrl-C while Python still reads the modules
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main(program="python -m client"))

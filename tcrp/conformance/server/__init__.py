"""`python -m tcrp conform server`: cases against anybody's server, one module for each section of the specification."""
from tcrp.conformance.server.command import add_arguments, main

__all__ = ["add_arguments", "main"]

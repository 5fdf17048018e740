"""The C codec."""

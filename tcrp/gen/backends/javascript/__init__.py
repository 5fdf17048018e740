"""The JavaScript codec."""

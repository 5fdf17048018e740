"""The Go codec."""

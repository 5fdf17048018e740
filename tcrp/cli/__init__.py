"""The command line `tcrp`, and what it prints."""

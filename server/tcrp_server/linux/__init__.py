"""Kernel short cuts of Linux. An extension: the server runs without this folder."""

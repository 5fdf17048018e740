"""Black-box conformance cases: against a server, against a client program, against a codec.

`case` says what a case is, `exchange` keeps the octets, `report` writes what came of it, `run` runs, `cli` is the
command line of `python -m tcrp conform`. The cases are in `server`, `client` and `codec`.
"""

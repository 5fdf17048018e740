"""TCRP, the Chat Room Protocol, without input and output: schemas, codecs, framing, state machines.

Start reading at `tcrp.schema`. Import the modules you need: `tcrp.codec` needs construct, all others only the
standard library.
"""

__version__ = "0.1.0"

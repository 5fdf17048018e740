"""The TCRP server.

`app` starts it; `loop` is the one thread of the network; `rooms`, `admission` and `relay` decide, without input
and output; `fanout` sends.
"""

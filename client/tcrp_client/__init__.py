"""The TCRP chat client.

Start reading at `session`: what the client does, without input and output. `loop` gives it sockets and a clock,
`plain` a person or a pipe, `app` puts them together.
"""

"""The TCRP chat client.

Start reading at `session` (a client in one room) and `flow` (everything around it), both without input and output.
`loop` adds sockets and a clock, `ui` is what a user sees, `visit` connects them, and `app` is the program.
"""

"""The control channel: byte channels, connections, the listener."""

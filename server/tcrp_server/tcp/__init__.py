"""The control channel: connections and byte channels."""

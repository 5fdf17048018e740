"""The chat channel: how datagrams arrive and leave."""

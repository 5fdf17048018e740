"""Front ends, and what they share: messages, rendering, typed commands. The interface is tcrp_client.front_end."""

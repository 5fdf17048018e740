"""What is generated for people and tools: specification blocks, diagrams, JSON, Kaitai, Wireshark."""

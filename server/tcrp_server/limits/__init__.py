"""What one address or member may take; without input and output."""

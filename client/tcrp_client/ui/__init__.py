"""What a user sees and types."""

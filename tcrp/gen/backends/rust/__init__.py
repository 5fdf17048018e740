"""The Rust codec."""

"""The Java codec."""

"""Servers and clients with one fault each, and a naive server: targets for the tests of the conformance tool."""

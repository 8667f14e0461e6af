"""A stand-in for the vendor: a real HTTP server of its own that keeps the rules of docs/vendor.md and invents people.

Nothing of ours imports it, and it takes no more from us than the protocol's limits, so that a mistake of ours
does not hide in a twin of it.
"""

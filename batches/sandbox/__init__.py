"""A stand-in for the vendor: a real HTTP server that follows the rules in docs/vendor.md and invents people.

Nothing else imports it, and it imports only the protocol's limits from us, so that it does not repeat our mistakes.
"""

"""A stand-in for the vendor: a real HTTP server that follows the rules in docs/vendor.md and invents people.

It imports only names and limits of the protocol from us, so that it does not repeat our mistakes. None of our code
imports it, except for the commands that start it and create a sample list.
"""

"""A portal that traces whole lists of people."""

__version__ = "0.2.0.dev0"

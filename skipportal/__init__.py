"""Trace people by the list: upload, batch, watch, export."""

__version__ = "0.2.0.dev0"

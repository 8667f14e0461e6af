#!/usr/bin/env python
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "skipportal.settings")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as problem:
        sys.exit(f"skipportal: {problem}")
    except OperationalError:
        from batches.database import UNREACHABLE, is_reachable

        if is_reachable():
            raise
        # Its own message would show part of a password that contains an @.
        sys.exit(f"skipportal: {UNREACHABLE}")

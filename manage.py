#!/usr/bin/env python
"""Run Django's and Hearth's own commands, such as `manage.py serve`."""

import os
import signal
import sys

from django.core.management import execute_from_command_line


def end_when_told() -> None:
    """Let SIGTERM end also the first process of a container, which ignores what it does not handle."""
    if os.getpid() == 1:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


if __name__ == "__main__":
    end_when_told()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    execute_from_command_line(sys.argv)

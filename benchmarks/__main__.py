"""Measure Hearth on this machine. See README.md.

Usage: python -m benchmarks [fanout] [senders] [streams] [pages] [requests] [first-page] [house] [search]
                           [search-postgresql] [files] [reading] [--readers 1000]
Without a name, all of them but search-postgresql, which fills its database anew.
"""

import argparse
import os
import platform
import sys
import time

from benchmarks import fanout, files, pages, reading, streams
from benchmarks.report import Report

PARTS = {
    "fanout": fanout.fanout,
    "senders": fanout.senders,
    "streams": streams.streams,
    "pages": pages.pages,
    "requests": pages.requests,
    "first-page": pages.first_page,
    "house": pages.house,
    "search": pages.search,
    "search-postgresql": pages.search_postgresql,
    "files": files.files,
    "reading": reading.reading,
}
WHERE_NAMED = {"search-postgresql"}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure Hearth on this machine. See benchmarks/README.md.")
    parser.add_argument("parts", nargs="*", help=", ".join(PARTS))
    parser.add_argument("--readers", type=int, default=fanout.READERS, help="streams of fanout")
    options = parser.parse_args()
    names, fanout.READERS = options.parts, options.readers
    if unknown := set(names) - PARTS.keys():
        sys.exit(f"There is no {', '.join(unknown)}; there are {', '.join(PARTS)}.")
    report = Report()
    load = os.getloadavg()[0]
    report.note(f"{platform.machine()}, {os.cpu_count()} processors, load average {load:.1f} before")
    if load > 0.5:
        report.note("The machine has other things to do: compare what stands in one table, and nothing else.")
    began = time.monotonic()
    for name, part in PARTS.items():
        if name in names or not (names or name in WHERE_NAMED):
            part(report)
    report.note(f"\n{time.monotonic() - began:.0f} s in all")


if __name__ == "__main__":
    main()

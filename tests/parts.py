"""All tests, in parts that run side by side; what failed is said last, where a log is read first.

`python -m tests.parts` runs all parts, `python -m tests.parts postgresql -k name` some tests of one.

A few tests that fail are run once more when nothing else runs: three parts and Chromium on two processors at
times keep a test waiting for longer than it waits. One that passes alone is named as unsteady and is not held
against the run. One that fails twice is, and so are all where more than `FEW` fail.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Lock, Thread

PYTEST = str(Path(sys.executable).with_name("pytest"))
# Side by side, since there are two processors mostly, and much of it is waiting.
PARTS: dict[str, list[str]] = {
    "browser": [PYTEST, "tests/browser"],
    "sqlite": [PYTEST, "--ignore=tests/browser"],
    # tests/faults starts what it needs by itself.
    "postgresql": [
        *(sys.executable, "-m", "tests.support.services"),
        *(PYTEST, "--ignore=tests/browser", "--ignore=tests/faults"),
    ],
}
SOME_FAILED = 1  # of pytest's exit codes: any other is no matter of a test
FEW = 5
WIDTH = 160
_printing = Lock()


class Part(Thread):
    def __init__(self, name: str, arguments: Iterable[str] = ()) -> None:
        super().__init__()
        self.name = name
        self.command = [*PARTS[name], "-o", f"cache_dir=.pytest_cache/{name}", *arguments]
        self.status = 0
        self.reasons: list[str] = []  # pytest's line for each test that failed
        self.result = ""  # its last line

    def run(self) -> None:
        began = time.monotonic()
        environment = {**os.environ, "COLUMNS": str(WIDTH)}  # or reasons would be cut short
        with subprocess.Popen(
            self.command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            for raw in process.stdout or ():
                line = raw.decode(errors="replace").rstrip()
                if line.startswith(("FAILED tests", "ERROR tests")):
                    self.reasons.append(line)
                self.result = line or self.result
                with _printing:
                    print(f"{self.name:<10} | {line}", flush=True)
        self.status = process.returncode
        self.result = f"{self.result.strip('= ')} ({time.monotonic() - began:.0f} s)"

    def run_failed_again(self) -> None:
        again = Part(self.name, ["--last-failed", "--last-failed-no-failures=none"])
        again.run()
        self.status = again.status


def run_all() -> int:
    parts = [Part(name) for name in PARTS]
    for part in parts:
        part.start()
    for part in parts:
        part.join()
    unsteady: list[str] = []
    if sum(len(part.reasons) for part in parts) <= FEW:
        for part in parts:
            if part.status == SOME_FAILED:
                part.run_failed_again()
                if part.status == 0:
                    unsteady += part.reasons
    for part in parts:
        print(f"\n{part.name}: {'failed' if part.status else 'passed'}. {part.result}")
        for reason in part.reasons:
            print(f"  {reason}")
    if unsteady:
        print(f"\n{len(unsteady)} failed beside the others and passed alone: unsteady, please look at them.")
    return int(any(part.status for part in parts))


def main(arguments: list[str]) -> int:
    if not arguments:
        return run_all()
    return subprocess.run([*PARTS[arguments[0]], *arguments[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

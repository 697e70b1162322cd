"""A terminal for programs that draw on a screen: keys go in, and what stands on the screen can be read."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

LINES, COLUMNS = 50, 100
# All that it can do: go to a place, or one to the right; clear the screen, or the rest of it or of a line.
DESCRIPTION = r"""
screen-of-tests,
    am, cols#%d, lines#%d,
    bel=^G, cr=\r, ind=\n, cud1=\n, cub1=^H, cuf1=\E[C,
    clear=\E[H\E[J, cup=\E[%%i%%p1%%d;%%p2%%dH, ed=\E[J, el=\E[K, home=\E[H,
    kcub1=\E[D, kcud1=\E[B, kcuf1=\E[C, kcuu1=\E[A,
"""
SEQUENCE = re.compile(rb"\x1b\[([\d;]*)([CHJK])")
UNFINISHED = re.compile(rb"(\x1b(\[[\d;]*)?|[\xc0-\xff][\x80-\xbf]*)\Z")


class Terminal:
    """Runs a program. Wait for what it shows with `wait_for`: it draws when it likes."""

    def __init__(self, command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> None:
        source = folder / "screen.ti"
        source.write_text(DESCRIPTION % (COLUMNS, LINES))
        subprocess.run(["tic", "-x", "-o", folder / "terminfo", source], check=True, capture_output=True)
        self._own, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (LINES, COLUMNS))
        self.process = subprocess.Popen(
            command,
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            env={
                **environment, "TERM": "screen-of-tests", "TERMINFO": str(folder / "terminfo"),
                "LINES": str(LINES), "COLUMNS": str(COLUMNS),
            },
        )  # fmt: skip
        os.close(theirs)
        self._rows = [[" "] * COLUMNS for _line in range(LINES)]
        self._line = self._column = 0
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=10)
        os.close(self._own)

    @property
    def screen(self) -> str:
        return "\n".join("".join(row).rstrip() for row in self._rows)

    def press(self, keys: str) -> None:
        os.write(self._own, keys.encode())

    def wait_for(self, *texts: str, seconds: float = 15) -> None:
        """Wait until all of these are on the screen, however its lines are broken."""
        deadline = time.monotonic() + seconds
        while not all(text in re.sub(r"\s+", " ", self.screen) for text in texts):
            left = deadline - time.monotonic()
            if left < 0 or not select.select([self._own], [], [], left)[0]:
                raise AssertionError(f"{texts} did not appear:\n{self.screen}")
            self._draw(os.read(self._own, 65536))

    def _draw(self, output: bytes) -> None:
        output = self._rest + output
        unfinished = UNFINISHED.search(output)
        end = unfinished.start() if unfinished and not _is_complete(unfinished[0]) else len(output)
        output, self._rest = output[:end], output[end:]
        place = 0
        for sequence in SEQUENCE.finditer(output):
            self._write(output[place : sequence.start()].decode(errors="replace"))
            self._obey(sequence[2], [int(number) for number in sequence[1].split(b";") if number])
            place = sequence.end()
        self._write(output[place:].decode(errors="replace"))

    def _obey(self, verb: bytes, numbers: list[int]) -> None:
        if verb == b"H":
            line, column = numbers or (1, 1)
            self._line, self._column = min(line, LINES) - 1, min(column, COLUMNS) - 1
            return
        if verb == b"C":
            self._column = min(self._column + 1, COLUMNS - 1)
            return
        self._rows[self._line][self._column :] = [" "] * (COLUMNS - self._column)
        if verb == b"J":
            self._rows[self._line + 1 :] = [[" "] * COLUMNS for _line in self._rows[self._line + 1 :]]

    def _write(self, text: str) -> None:
        for sign in text:
            if sign == "\r":
                self._column = 0
            elif sign == "\n":
                self._go_down()
            elif sign == "\b":
                self._column = max(self._column - 1, 0)
            elif sign >= " ":
                if self._column == COLUMNS:
                    self._column = 0
                    self._go_down()
                self._rows[self._line][self._column] = sign
                self._column += 1

    def _go_down(self) -> None:
        if self._line == LINES - 1:
            self._rows = [*self._rows[1:], [" "] * COLUMNS]
        else:
            self._line += 1


def _is_complete(end: bytes) -> bool:
    """Whether it is a letter as a whole, not the beginning of one."""
    try:
        end.decode()
    except UnicodeDecodeError:
        return False
    return not end.startswith(b"\x1b")

"""Names of files that people send: harmless wherever they are shown or saved."""

import re
import unicodedata

NAME_MAX_LENGTH = 100
ENDING_MAX_LENGTH = 12  # of which more is no ending, with its dot

_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
# Windows takes these for devices, whatever follows a dot.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def cleaned(name: str, ending: str = "") -> str:
    """Return the name without path, without what is invisible or changes directions, and not too long.

    With `ending` it ends so, whatever it ended with.
    """
    name = re.split(r"[/\\]", name[:4096])[-1][-4 * NAME_MAX_LENGTH :]
    name = unicodedata.normalize("NFC", name)
    # C is for control, format (as what turns the direction), private and unassigned characters; Z for spaces.
    shown = ("" if unicodedata.category(it)[0] == "C" else " " if it.isspace() else it for it in name)
    name = " ".join(_FORBIDDEN.sub("_", "".join(shown)).split()).strip(". ")
    stem, dot, last = name.rpartition(".")
    has_ending = bool(stem) and len(last) < ENDING_MAX_LENGTH and last.isalnum()
    stem, last = (stem, f"{dot}{last}") if has_ending else (name, "")
    if ending and last.lower() not in _same_as(ending):
        last = ending
    stem = stem[: NAME_MAX_LENGTH - len(last)].rstrip(". ") or "file"
    if _DEVICES.match(stem):
        stem = f"_{stem}"[: NAME_MAX_LENGTH - len(last)]
    return stem + last


def ending_of(name: str) -> str:
    """Return what follows the last dot of a cleaned name, in capitals: PDF; nothing without one."""
    stem, _dot, last = name.rpartition(".")
    return last.upper() if stem and len(last) < ENDING_MAX_LENGTH and last.isalnum() else ""


def _same_as(ending: str) -> tuple[str, ...]:
    return (".jpg", ".jpeg") if ending == ".jpg" else (ending,)

"""What a file is, by its first bytes; its name and what a browser says of it count for nothing.

Browsers show only what is on these lists. All else is given to be saved, as bytes without a type.
"""

from enum import StrEnum

# As much as is looked at.
HEAD_BYTES = 512
UNKNOWN = "application/octet-stream"


class Kind(StrEnum):
    """How a file is shown."""

    PICTURE = "picture"
    VIDEO = "video"
    SOUND = "sound"
    OTHER = "other"


# Pictures are drawn anew before anybody gets them, so what they begin with only says that this is tried.
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
# The first four letters of what an MPEG-4 file says it is; pictures of telephones are in such files, too.
_SOUNDS_IN_MP4 = frozenset([b"M4A ", b"M4B "])
_VIDEOS_IN_MP4 = frozenset(
    brand.ljust(4)
    for brand in b"isom iso2 iso4 iso5 iso6 mp41 mp42 avc1 M4V MSNV qt dash 3gp4 3gp5 3gp6".split()
)
# MPEG audio without a tag: layer III in its usual versions
_MP3 = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xfa")


def kind_and_type_of(head: bytes) -> tuple[Kind, str]:
    """Return how a file with these first bytes is shown, and the type to serve it with."""
    if head.startswith(_PICTURES) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return Kind.PICTURE, ""  # as it is drawn
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _SOUNDS_IN_MP4:
            return Kind.SOUND, "audio/mp4"
        return (Kind.VIDEO, "video/mp4") if brand in _VIDEOS_IN_MP4 else (Kind.OTHER, UNKNOWN)
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return (Kind.VIDEO, "video/webm") if b"\x42\x82\x84webm" in head[:64] else (Kind.OTHER, UNKNOWN)
    if head.startswith(b"OggS"):
        return (Kind.VIDEO, "video/ogg") if b"\x80theora" in head[:64] else (Kind.SOUND, "audio/ogg")
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return Kind.SOUND, "audio/wav"
    if head.startswith(b"fLaC"):
        return Kind.SOUND, "audio/flac"
    if head.startswith(_MP3):
        return Kind.SOUND, "audio/mpeg"
    return Kind.OTHER, UNKNOWN

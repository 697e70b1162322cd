"""Turn a picture that somebody uploaded into avatars. A program of its own, which `accounts.avatars` runs.

What comes out is drawn anew from the pixels, so nothing else of the file is left: no place, camera or text.
"""

import base64
import io
import json
import os
import resource
import sys
import warnings

from PIL import Image, ImageOps

# The formats that cameras and browsers make. Others are decoded by code that is rarely looked at.
FORMATS = ["GIF", "JPEG", "PNG", "WEBP"]
MAX_PIXELS = 25_000_000
MIN_SIDE = 64
# Some pictures take all of memory or time to decode. 25 million pixels fit into this.
MEMORY_BYTES = 512 * 1024 * 1024
# A photo of 25 million pixels takes half a second.
CPU_SECONDS = 2
# Each scan of a progressive JPEG goes over all of it again. Cameras and programs make ten or so.
MAX_SCANS = 100
START_OF_SCAN = b"\xff\xda"


class Refused(Exception):
    """No avatar from this; the word says why."""


def avatars(data: bytes, sizes: list[int]) -> list[bytes]:
    """Return the middle square of the first picture in `data`, as WebP in each of `sizes`. Raises Refused."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if image.format == "JPEG" and data.count(START_OF_SCAN) > MAX_SCANS:
                raise Refused("unreadable")
            if min(image.size) < MIN_SIDE:
                raise Refused("small")
            image.draft("RGB", (max(sizes), max(sizes)))  # a JPEG is decoded no larger than it is needed
            square = _square(image, max(sizes))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("large") from None
    except Refused:
        raise
    except Exception:
        # Pillow raises whatever its decoders meet: OSError, SyntaxError, ValueError, struct.error and more.
        raise Refused("unreadable") from None
    return [_encoded(square, size) for size in sizes]


def _square(image: Image.Image, size: int) -> Image.Image:
    has_holes = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    mode = "RGBA" if has_holes else "RGB"
    whole = image if image.mode == mode else image.convert(mode)
    if (factor := min(whole.size) // (3 * size)) > 1:
        whole = whole.reduce(factor)  # quickly and roughly, to a size that still is larger
    square = ImageOps.fit(whole, (size, size))
    ImageOps.exif_transpose(square, in_place=True)  # cameras write down how they were held
    drawn = Image.new("RGB", square.size, "white")
    drawn.paste(square, mask=square if has_holes else None)
    return drawn


def _encoded(square: Image.Image, size: int) -> bytes:
    file = io.BytesIO()
    square.resize((size, size), Image.Resampling.LANCZOS).save(file, "WEBP", quality=80, method=4)
    return file.getvalue()


def main() -> None:
    """Read a picture, write JSON: the avatars, or why there are none."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)  # pages come first
    try:
        made = avatars(sys.stdin.buffer.read(), [int(size) for size in sys.argv[1:]])
        answer = {"avatars": [base64.b64encode(avatar).decode() for avatar in made]}
    except Refused as refused:
        answer = {"refused": [str(refused)]}
    except MemoryError:
        answer = {"refused": ["large"]}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()

"""Draw a picture that somebody sent anew: as avatars, or as a whole with a small one of it.

It is a program of its own, which `accounts.avatars` and `accounts.pictures` run. What comes out is drawn from
the pixels, so nothing else of the file is left: no place, camera or text.
"""

import base64
import errno
import io
import json
import os
import resource
import sys
import warnings
from typing import Any, BinaryIO

from PIL import Image, ImageCms, ImageOps, ImageSequence

# The formats that cameras and browsers make. Others are decoded by code that is rarely looked at.
FORMATS = ["GIF", "JPEG", "PNG", "WEBP"]
MAX_PIXELS = 25_000_000
MIN_SIDE = 64
# Some pictures take all of memory or time to decode. 25 million pixels fit into this.
MEMORY_BYTES = 512 * 1024 * 1024
# A photo of 25 million pixels takes half a second; as a whole, it takes two.
CPU_SECONDS = 2
CPU_SECONDS_OF_WHOLE = 6
# A JPEG is decoded at a half or a quarter of its size, if it has more pixels than others may have.
MAX_PIXELS_OF_JPEG = 110_000_000
# In all frames of an animation.
MAX_FRAMES = 1_000
MAX_PIXELS_OF_FRAMES = 40_000_000
# What is drawn has no more than that.
MAX_BYTES_DRAWN = 64 * 1024 * 1024
# Phones add smaller pictures, or a depth map, to some of their photos: Pillow calls these MPO.
JPEG = ("JPEG", "MPO")
# What a picture may have besides pixels, where its pixels make no sense without it.
KEPT = ("transparency",)
# Each scan of a progressive JPEG goes over all of it again. Cameras and programs make ten or so.
MAX_SCANS = 100
START_OF_SCAN = b"\xff\xda"


class Refused(Exception):
    """Nothing can be drawn from this; the word says why."""


def avatars(data: bytes, sizes: list[int]) -> list[bytes]:
    """Return the middle square of the first picture in `data`, as WebP in each of `sizes`. Raises Refused."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            refuse_scans(image, data)
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


def refuse_scans(image: Image.Image, data: bytes) -> None:
    if image.format in JPEG and data.count(START_OF_SCAN) > MAX_SCANS:
        raise Refused("unreadable")


def redraw(data: bytes, whole: BinaryIO, small: BinaryIO, box: tuple[int, int]) -> dict[str, Any]:
    """Draw `data` into `whole`, and into `small` so that it fits into `box`; return what it is.

    Both stand upright. `small` has the first frame of an animation. Raises Refused.
    """
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS_OF_JPEG
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            refuse_scans(image, data)
            is_jpeg = image.format in JPEG
            pixels = image.width * image.height
            if pixels > (MAX_PIXELS_OF_JPEG if is_jpeg else MAX_PIXELS):
                raise Refused("large")
            if not is_jpeg and getattr(image, "n_frames", 1) > 1:
                return _animation(image, whole, small, box)
            if pixels > MAX_PIXELS:
                factor = 2 if pixels <= 4 * MAX_PIXELS else 4
                image.draft("RGB", (image.width // factor, image.height // factor))
            return _still(image, "JPEG" if is_jpeg else str(image.format), whole, small, box)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Refused("large") from None
    except (Refused, MemoryError):
        raise
    except Exception as error:
        is_too_large = isinstance(error, OSError) and error.errno == errno.EFBIG
        raise Refused("large" if is_too_large else "unreadable") from None


def _still(
    image: Image.Image, format: str, whole: BinaryIO, small: BinaryIO, box: tuple[int, int]
) -> dict[str, Any]:
    ImageOps.exif_transpose(image, in_place=True)
    drawn = _bare(_in_usual_colors(image))
    if format == "JPEG":
        drawn.save(whole, "JPEG", quality=88)
    elif format == "WEBP":
        drawn.save(whole, "WEBP", quality=85, method=2)
    else:
        format = "PNG"
        drawn.save(whole, "PNG", compress_level=4)
    about = {"format": format, "width": drawn.width, "height": drawn.height, "is_animated": False}
    _save_small(drawn, small, box)
    return about


def _animation(image: Image.Image, whole: BinaryIO, small: BinaryIO, box: tuple[int, int]) -> dict[str, Any]:
    count = int(getattr(image, "n_frames", 1))
    if count > MAX_FRAMES or count * image.width * image.height > MAX_PIXELS_OF_FRAMES:
        raise Refused("long")
    loop, frames, durations = image.info.get("loop", 1), [], []
    for frame in ImageSequence.Iterator(image):
        frames.append(_bare(frame.convert("RGBA")))
        durations.append(int(frame.info.get("duration") or 100))
    first, *others = frames
    first.save(
        whole,
        "WEBP",
        save_all=True,
        append_images=others,
        duration=durations,
        loop=loop,
        quality=75,
        method=0,
    )
    _save_small(first, small, box)
    return {"format": "WEBP", "width": image.width, "height": image.height, "is_animated": True}


def _in_usual_colors(image: Image.Image) -> Image.Image:
    """Return it in a mode that every format knows, in the colours that screens mean without a profile."""
    has_holes = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    if image.mode not in ("L", "P", "RGB", "RGBA") or (image.mode != "P" and has_holes):
        profile = image.info.get("icc_profile")
        image = image.convert("RGBA" if has_holes else "RGB")
        image.info["icc_profile"] = profile
    if image.mode in ("RGB", "RGBA") and (profile := image.info.get("icc_profile")):
        try:
            usual = ImageCms.createProfile("sRGB")
            ImageCms.profileToProfile(image, io.BytesIO(profile), usual, inPlace=True)
        except ImageCms.PyCMSError:
            pass  # it is of other colours than the picture
    return image


def _bare(image: Image.Image) -> Image.Image:
    bare = image.copy()
    bare.info = {name: value for name, value in image.info.items() if name in KEPT}
    return bare


def _save_small(drawn: Image.Image, small: BinaryIO, box: tuple[int, int]) -> None:
    if drawn.mode == "P":
        drawn = drawn.convert("RGBA" if "transparency" in drawn.info else "RGB")
    drawn.thumbnail(box, Image.Resampling.LANCZOS, reducing_gap=3)
    drawn.save(small, "WEBP", quality=78, method=2)


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
    """Read a picture, write JSON: what became of it, or why nothing did.

    Arguments are the sizes of avatars, or `whole` with the descriptors to write to, and the width and height
    of the small one.
    """
    is_whole = sys.argv[1] == "whole"
    seconds = CPU_SECONDS_OF_WHOLE if is_whole else CPU_SECONDS
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_BYTES_DRAWN, MAX_BYTES_DRAWN))
    os.nice(10)  # pages come first
    data = sys.stdin.buffer.read()
    try:
        answer = _redrawn(data) if is_whole else _avatars(data)
    except Refused as refused:
        answer = {"refused": [str(refused)]}
    except MemoryError:
        answer = {"refused": ["large"]}
    json.dump(answer, sys.stdout)


def _avatars(data: bytes) -> dict[str, Any]:
    made = avatars(data, [int(size) for size in sys.argv[1:]])
    return {"avatars": [base64.b64encode(avatar).decode() for avatar in made]}


def _redrawn(data: bytes) -> dict[str, Any]:
    whole, small, width, height = map(int, sys.argv[2:])
    with os.fdopen(whole, "wb") as whole_file, os.fdopen(small, "wb") as small_file:
        return redraw(data, whole_file, small_file, (width, height))


if __name__ == "__main__":
    main()

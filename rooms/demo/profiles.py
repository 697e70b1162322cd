"""What some people of the demo show of themselves."""

import io
import random

from django.db import IntegrityError
from PIL import Image, ImageDraw

from accounts.avatars import make_avatars
from accounts.models import User

SIDE = 320
# Name → display name and status.
PROFILES = {
    "ada": ("Ada Larsen", ""),
    "ben": ("", "In the workshop until six"),
    "chloé": ("Chloé Martin", "Back on Monday"),
    "Ελένη": ("Ελένη Παππά", ""),
    "さくら": ("", "🌱 in the garden"),
}


def show(user: User, name: str) -> None:
    """Give `user`, who is `name` in the texts, what the demo has for them, unless they chose something."""
    if name not in PROFILES or user.profile_changed_at:
        return
    display_name, status = PROFILES[name]
    try:
        user.change_profile(display_name=display_name, status=status)
    except IntegrityError:
        user.change_profile(display_name="", status=status)  # somebody is called so
    user.change_avatar(*make_avatars(painting(name)))


def painting(name: str) -> bytes:
    """Return a picture of some coloured circles, the same for the same name."""
    rng = random.Random(name)  # noqa: S311 (nothing here is secret)
    hue = rng.randrange(360)
    image = Image.new("RGB", (SIDE, SIDE), f"hsl({hue}, 45%, 75%)")
    draw = ImageDraw.Draw(image)
    for index in range(5):
        x, y, radius = rng.randrange(SIDE), rng.randrange(SIDE), rng.randrange(30, 120)
        color = f"hsl({(hue + 40 * index) % 360}, 60%, {35 + 8 * index}%)"
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()

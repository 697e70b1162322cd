from django.conf import settings
from django.db import models
from django.utils.crypto import salted_hmac

DIGEST_LENGTH = 32
SIZES = (96, 320)  # pixels on each side


class Avatar(models.Model):
    """The picture that somebody chose, in two sizes.

    It is in the database and not in a file, so that one transaction changes it together with the digest that
    `User` has: neither is ever there without the other. A person's are some ten kilobytes.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="avatar"
    )
    digest = models.CharField(max_length=DIGEST_LENGTH, db_index=True)
    small = models.BinaryField()
    large = models.BinaryField()

    def __str__(self) -> str:
        return f"avatar of user {self.user_id}"


def digest_of(user_id: int, picture: bytes) -> str:
    """Return the digest for an address: it differs for each picture, and nobody can guess it."""
    return salted_hmac(f"avatar of {user_id}", picture, algorithm="sha256").hexdigest()[:DIGEST_LENGTH]

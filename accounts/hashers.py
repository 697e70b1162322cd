from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with the least that OWASP's Password Storage Cheat Sheet names.

    Django's own takes 100 MB per password check; four at once would be too much for a small machine.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

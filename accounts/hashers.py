from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id with the least that OWASP's Password Storage Cheat Sheet names.

    Django's own takes 100 MB for each password that is looked at; four at once would be too much for a small
    machine.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

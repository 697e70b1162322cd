"""What the doctor finds, and what to do about it."""

from dataclasses import dataclass

from django.core import signing

SALT = "doctor"
SECONDS = 120  # for which a letter to oneself is good


@dataclass(frozen=True, slots=True)
class Finding:
    """`fix` is what to do; without one, all is well."""

    name: str
    sentence: str
    fix: str = ""
    is_problem: bool = True

    @property
    def mark(self) -> str:
        if not self.fix:
            return "ok"
        return "PROBLEM" if self.is_problem else "hint"


def fine(name: str, sentence: str) -> Finding:
    return Finding(name, sentence)


def hint(name: str, sentence: str, fix: str) -> Finding:
    return Finding(name, sentence, fix, is_problem=False)


def letter() -> str:
    """Return what only somebody who has the secret key can write."""
    return signing.dumps("doctor", salt=SALT)


def is_own(letter: str) -> bool:
    try:
        signing.loads(letter, salt=SALT, max_age=SECONDS)
    except signing.BadSignature:
        return False
    return True

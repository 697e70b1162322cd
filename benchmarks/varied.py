"""Texts of messages as they are in a large house: common words and rare ones, in several scripts."""

import random
from collections.abc import Iterator
from itertools import accumulate

COMMON = (
    "the and to of a in is it you that he was for on are with as his they be at one have this from or had by"
    " but some what there we can out other were all your when up use how said an each she which do their"
    " time if will way about many then them would write like so these her long make thing see him two has"
    " look more day could go come did my no most who over know than call first people may down been now find"
)
SOUNDS = "b br c ch d f fl g h j k l m n p pl qu r s sh st t th tr v w z"
VOWELS = "a ai e ea ee i o oa oo ou u"
ENDINGS = ("", "", "d", "ing", "l", "n", "nt", "r", "rd", "st", "t", "ck")
LIGHTHOUSE = 100_000  # one message of so many has the rare word
CYRILLIC = "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё"
HAN_KANA_HANGUL = [
    *map(chr, range(0x4E00, 0x4E00 + 2500)),
    *map(chr, range(0x3042, 0x3094)),
    *map(chr, range(0xAC00, 0xAC00 + 700)),
]
SCRIPTS = ("latin", "cjk", "cyrillic")
SHARES = (77, 18, 5)


class Texts:
    """The same seed gives the same texts. As in languages, the n-th word is n times less frequent."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)  # noqa: S311 (nothing here is secret)
        invented = (self._word(rng) for _ in range(20_000))
        self.words = list(dict.fromkeys([*COMMON.split(), *invented]))
        self.russian = ["".join(rng.choices(CYRILLIC, k=rng.randrange(2, 10))) for _ in range(5000)]
        self.weights = {id(these): _zipf(these) for these in (self.words, self.russian, HAN_KANA_HANGUL)}

    @staticmethod
    def _word(rng: random.Random) -> str:
        parts = (
            rng.choice(SOUNDS.split()) + rng.choice(VOWELS.split()) for _ in range(rng.choice((1, 2, 2, 3)))
        )
        return "".join(parts) + rng.choice(ENDINGS)

    def __iter__(self) -> Iterator[str]:
        while True:
            yield self.one()

    def one(self) -> str:
        rng = self.rng
        match rng.choices(SCRIPTS, SHARES)[0]:
            case "latin":
                words = self._some(self.words, 1 + int(rng.expovariate(1 / 13)))
            case "cjk":
                return "".join(self._some(HAN_KANA_HANGUL, 2 + int(rng.expovariate(1 / 25))))
            case _:
                words = self._some(self.russian, 1 + int(rng.expovariate(1 / 10)))
        if rng.randrange(LIGHTHOUSE) == 0:
            words.append("lighthouse")
        if rng.randrange(50) == 0:
            words.append(f"https://example.org/{rng.choice(self.words)}")
        return " ".join(words)[:2000]

    def _some(self, these: list[str], count: int) -> list[str]:
        return self.rng.choices(these, cum_weights=self.weights[id(these)], k=count)


def _zipf(these: list[str]) -> list[float]:
    return list(accumulate(1 / (place + 2) for place in range(len(these))))

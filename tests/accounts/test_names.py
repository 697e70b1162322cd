"""What a name may be, and when two names are the same or look the same."""

import time

import pytest
from django.core.exceptions import ValidationError
from hypothesis import assume, example, given
from hypothesis import strategies as st

from accounts import names

NAMES = st.text(
    st.characters(categories=["Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Nd", "Pc", "Pd"]), max_size=8
)


def is_valid(name: str) -> bool:
    try:
        names.validate(name)
    except ValidationError:
        return False
    return True


def refusal(name: str) -> str:
    with pytest.raises(ValidationError) as refused:
        names.validate(names.normalize(name))
    return refused.value.messages[0]


@pytest.mark.parametrize(
    "name",
    [
        "ada", "Ada", "ada_l", "a.b", "a-b", "_ada", "-ada", "ada_", "4", "a" * 32,
        "Łukasz", "Nguyễn", "Øystein", "Ольга", "Σοφία", "دانیال", "משה", "ადა",
        "आकांक्षा", "สมชาย", "น้ำฝน", "ကျော်", "ศักดิ์สิทธิ์", "தமிழ்", "さくら", "山田たろう", "ヤマダー", "김철수",
    ],
)  # fmt: skip
def test_name_of_any_script_is_accepted(name):
    assert is_valid(names.normalize(name))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("", "Enter a name."),
        (" \t\n", "Enter a name."),
        ("a" * 33, "at most 32 characters; this name has 33"),
        ("ﷺ" * 2, "at most 32 characters; this name has 36"),
        ("ada lovelace", "a space can’t be"),
        ("ada\xa0l", "a space can’t be"),
        ("ada/ben", "“/” can’t be"),
        ("<b>", "“<” can’t be"),
        ("ada@home", "“@” can’t be"),
        ("ada😀", "“😀” can’t be"),
        ("ada\ufffd", "“\ufffd” can’t be"),
        ("_", "at least one letter or digit"),
        ("...", "at least one letter or digit"),
        (".ada", "must not end with a dot"),
        ("ada.", "must not end with a dot"),
        ("\u0301ada", "must start with a letter"),
        ("a\u0301\u0302\u0303\u0304da", "at most two accents"),
        ("ก็็็็็", "at most two accents"),
    ],
)
def test_unacceptable_name_is_refused_with_its_reason(name, sentence):
    assert sentence in refusal(name)


@pytest.mark.parametrize(
    "character",
    [
        *"\x00\x01\x1b\x7f\x85",  # control characters
        *"\u061c\u200e\u200f\u202a\u202e\u2066\u2069",  # direction
        *"\u00ad\u034f\u200b\u200c\u200d\u2060\ufeff",  # nothing to see
        *"\u115f\u1160\u3164\uffa0\ufe0f\U000e0100",  # letters and marks with nothing to see
        *"\u2028\u2029\ue000\ufdd0\u0378",  # separators, private use, noncharacter, unassigned
    ],
    ids=lambda character: f"U+{ord(character):04X}",
)
def test_character_that_shows_nothing_is_refused_by_its_number(character):
    shown = names.normalize(f"a{character}da")[1]
    assert ("a space" if shown.isspace() else f"U+{ord(shown):04X}") in refusal(f"a{character}da")


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Bob", "bob"),
        ("ﬁle", "file"),
        ("x１", "x1"),
        ("straße", "strasse"),
        ("STRASSE", "straße"),
        ("ＡＤＡ", "ada"),
        (" ada\n", "ada"),
        ("E\u0301va", "éva"),
        ("ΣΟΦΊΑΣ", "σοφίας"),
        ("ﬃ", "FFI"),
    ],
)
def test_name_is_the_same_however_it_is_written(name, same):
    assert names.canonical(name) == names.canonical(same)


@pytest.mark.parametrize(("name", "other"), [("ada", "adą"), ("file", "f1le"), ("i", "ı"), ("a.b", "ab")])
def test_other_names_are_not_the_same(name, other):
    assert names.canonical(name) != names.canonical(other)


@pytest.mark.parametrize(
    ("name", "lookalike"),
    [
        ("coco", "сосо"),  # Cyrillic
        ("BOB", "ВОВ"),
        ("MIKE", "МІКЕ"),
        ("NIK", "ΝΙΚ"),  # Greek capitals
        ("via", "νια"),  # and small letters, which look like others
        ("bob", "ʙob"),  # small capitals
        ("sam", "ꜱam"),
        ("ada", "ɑda"),
        ("lisa", "lısa"),
        ("123", "١٢٣"),  # Arabic-Indic digits
        ("123", "१२३"),
        ("工", "エ"),  # no Latin among them
        ("ε", "є"),
        ("paul", "pauI"),  # a capital i
        ("paul", "pau1"),
        ("Ian", "lan"),
        ("Olga", "0lga"),
        ("modern", "modem"),
        ("william", "vvilliam"),
    ],
)
def test_lookalike_has_the_same_skeleton(name, lookalike):
    assert names.canonical(name) != names.canonical(lookalike)
    assert names.skeleton(name) == names.skeleton(lookalike)


@pytest.mark.parametrize(
    ("name", "other"),
    [("via", "na"), ("lan", "ian"), ("ARNE", "AME"), ("s", "ß"), ("beta", "βeta"), ("Иван", "Ivan")],
)
def test_names_that_differ_to_the_eye_have_different_skeletons(name, other):
    assert names.skeleton(name) != names.skeleton(other)


@pytest.mark.parametrize("name", ["аdmin", "аԁmіn", "adа", "ada١", "a\u4e00б", "ℵa", "aאb", "oο"])
def test_letters_of_different_alphabets_are_refused_together(name):
    assert "one alphabet" in refusal(name)


@pytest.mark.parametrize(
    "name",
    [
        "admin", "Admin", "ＡＤＭＩＮ", "admın", "ᴀdmin", "aᴅmin", "МЕ", "ｒｏｏｔ", "ROOT", "ʀoot",
        "you", "here", "Hearth", "support", "null", "adm1n", "Admln", "adrnin", "r00t", "a1l", "SYSTEM",
    ],
)  # fmt: skip
def test_reserved_word_is_refused_in_any_disguise(name):
    assert "reserved" in refusal(name)


@pytest.mark.parametrize("name", ["admins", "ad.min", "rooms1", "all_of_us"])
def test_name_that_contains_a_reserved_word_is_accepted(name):
    assert is_valid(name)


@pytest.mark.parametrize(
    ("shown", "name"),
    [
        ("Anna Müller", "Anna.Müller"),
        ("Ada L. (she/her) \U0001f31f", "Ada.L"),
        ("O'Brien", "OBrien"),
        ("山田 太郎", "山田.太郎"),
        ("Admin", ""),
        ("a b" * 20, ("a.b" * 20)[:31]),
    ],
)
def test_name_is_made_out_of_a_display_name(shown, name):
    assert names.username_for(shown) == name


def test_slash_does_not_stand_for_a_letter():
    assert names.shapes("A/ex") & names.shapes("Alex")
    assert names.shapes("Ada & Ben") == names.shapes("AdaBen")


def test_emoji_stand_apart():
    assert names.normalize_display_name("J\U0001f315hn (\U0001f31f)") == "J \U0001f315 hn (\U0001f31f)"


@given(NAMES)
@example("ΐ" * 8)
@example("ŉ")
def test_valid_name_survives_normalising(text):
    name = names.normalize(text)
    assume(is_valid(name))
    assert names.normalize(name) == name


@given(st.text(max_size=8))
@example("ᾳ\u0301")
@example("\u0345α")
@example("ẞ")
def test_canonical_form_is_its_own_canonical_form(text):
    canonical = names.canonical(text)
    assert names.canonical(canonical) == canonical


@pytest.mark.parametrize("form", [names.normalize, names.canonical, names.normalize_display_name])
def test_name_without_end_costs_little(form):
    """In order, so many marks would take half a minute."""
    name = "a" + "\u0301" * 65_000 + "\u0323" * 65_000
    before = time.process_time()
    assert len(form(name)) > names.MAX_LENGTH
    assert time.process_time() - before < 0.1


@given(NAMES)
def test_stored_forms_fit_into_their_columns(text):
    name = names.normalize(text)
    assert len(names.canonical(name)) <= 4 * max(len(name), 1)
    assert len(names.skeleton(name)) <= 4 * max(len(name), 1)

"""What is found by what: how texts are folded, which is the same for all that is searched."""

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.text import FOLDED_MAX_LENGTH, INVISIBLE, fold, searchable

# Letters and marks of the scripts that have rules of their own, and whatever else there is.
MARKED = st.text(
    st.one_of(
        st.sampled_from(
            "aİıßÅΩῼΐЙй\u0301\u0323\u0345\u0307\u20dd\u0654\u064e\u05b8\u05d0\ufb2aकि\u093cกำ่がｶﾞﷺﬃ㎒ǅ\u200d\u3164"
        ),
        st.characters(exclude_categories=["Cs"]),
    )
)


@given(MARKED)
@example("ǰ\u0323")
@example("a\u064e\u0301")
@example("\u0345\u0301")
@example("ﷺ" * 300)
def test_folding_what_is_folded_changes_nothing(text):
    folded = fold(text)
    assert fold(folded) == folded
    assert unicodedata.is_normalized("NFKC", folded)
    assert not INVISIBLE.search(folded)


@given(MARKED)
def test_how_a_text_is_composed_does_not_count(text):
    assert {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")} == {fold(text)}


@pytest.mark.parametrize(
    ("texts", "folded"),
    [
        (["Straße", "STRASSE", "straße"], "strasse"),
        (["İstanbul", "ISTANBUL", "ｉｓｔａｎｂｕｌ", "ist\u00adanbul"], "istanbul"),
        (["Ærøskøbing"], "ærøskøbing"),
        (["Đặng Thị Hằng", "đang thi hang"], "đang thi hang"),
        (["Ἀθῆναι", "ΑΘΗΝΑΙ", "Αθήναι"], "αθηναι"),
        (["Ёжик", "ежик"], "ежик"),
        (["مُحَمَّد", "محمد"], "محمد"),
        (["שָׁלוֹם", "שלום"], "שלום"),
        (["ﬁlm", "FILM"], "film"),
    ],
)
def test_what_people_leave_out_does_not_count(texts, folded):
    assert {fold(text) for text in texts} == {folded}


@pytest.mark.parametrize(
    ("one", "other"),
    [("किताब", "कताब"), ("กิน", "กน"), ("が", "か"), ("ガ", "カ"), ("각", "가"), ("தமிழ்", "தமழ"), ("أ", "ا")],
)
def test_marks_that_are_part_of_a_word_count(one, other):
    assert fold(one) != fold(other)


def test_no_more_than_a_message_is_folded():
    assert fold("A" * 5000) == "a" * FOLDED_MAX_LENGTH
    assert len(fold("ﷺ" * 5000)) == FOLDED_MAX_LENGTH


def test_the_worst_text_costs_little_more_than_a_harmless_one():
    def cost(text):
        begun = time.thread_time()
        fold(text)
        return time.thread_time() - begun

    harmless = min(cost("é" * FOLDED_MAX_LENGTH) for _time in range(5))
    for worst in ("a" + "\u0301\u0323" * 100_000, "\u0915" + "\u0301\u0323" * 100_000, "ﷺ" * 100_000):
        assert min(cost(worst) for _time in range(5)) < harmless + 0.03


def test_texts_are_lines_and_spaces_are_single():
    assert searchable("Ada\u00a0 Lovelace ", "", "Über\nalles") == "ada lovelace\nuber alles"

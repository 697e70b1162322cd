"""Names of files that people send."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.file_names import NAME_MAX_LENGTH, cleaned, ending_of


@pytest.mark.parametrize(
    ("name", "harmless"),
    [
        ("report.pdf", "report.pdf"),
        ("Übersicht März.pdf", "Übersicht März.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\a.txt", "a.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("a\0b\r\nc.txt", "abc.txt"),
        ("\u200b\u2066a\u2069.txt", "a.txt"),
        ('a"b<c>|?*:.txt', "a_b_c_____.txt"),
        ("..", "file"),
        ("", "file"),
        (" . .txt", "txt"),
        (".htaccess", "htaccess"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("a." + "x" * 300, "a." + "x" * 98),
        ("a   b.txt ", "a b.txt"),
    ],
)
def test_name_is_harmless(name, harmless):
    assert cleaned(name) == harmless


@given(st.text(max_size=400))
def test_any_name_is_short_and_stays_what_it_is(name):
    harmless = cleaned(name)
    assert 0 < len(harmless) <= NAME_MAX_LENGTH
    assert not set(harmless) & set('/\\<>:"|?*\0\r\n\u202e')
    assert cleaned(harmless) == harmless


@pytest.mark.parametrize(
    ("name", "as_picture"),
    [("a.jpg", "a.jpg"), ("a.JPEG", "a.JPEG"), ("a.png", "a.jpg"), ("a", "a.jpg"), ("a.exe", "a.jpg")],
)
def test_picture_ends_as_its_kind_does(name, as_picture):
    assert cleaned(name, ".jpg") == as_picture


@pytest.mark.parametrize(("name", "ending"), [("a.pdf", "PDF"), ("a.tar.gz", "GZ"), ("a", ""), ("a.b c", "")])
def test_ending(name, ending):
    assert ending_of(name) == ending

"""Those of Hearth, with the languages of `tests.support.pseudo`."""

import os

from config import settings as real
from config.settings import *  # noqa: F403 (settings are what this module is)
from tests.support import pseudo

LANGUAGES = [*real.LANGUAGES, *pseudo.LANGUAGES]
LOCALE_PATHS = [*real.LOCALE_PATHS, os.environ["PSEUDO_LOCALES"]]

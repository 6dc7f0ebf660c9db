"""What each program of the tests knows before it begins: the fork server imports this once."""

from observe.text import LOCALES, translations

for locale in LOCALES:
    translations(locale)

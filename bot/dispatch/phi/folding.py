"""Characters that look alike become one: full width, zero width, look-alike letters, accents."""

from __future__ import annotations

import re
import unicodedata
from functools import partial

from bot.dispatch.phi.view import Edit, View

# Anything below the space but tab, line ends and the MLLP frame; HL7 needs those, nothing the rest.
_ODD_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x1d-\x1f\x7f]")
_KEPT_CONTROLS = frozenset("\t\n\v\f\r\x1c")
_LINE_ENDS = str.maketrans("\v\r\x1c", "\n\n\n")
_DROPPED = frozenset({"Cc", "Cf", "Cn", "Co", "Mn", "Me"})

_ALIKE = {
    "\u0085": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
    # Hangul fillers and the empty Braille cell draw as nothing
    **dict.fromkeys("\u115f\u1160\u3164\uffa0", ""),
    "\u2800": " ",
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58", "-"),
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u02bc\u00b4", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u00a6\u01c0\u2223\u2502\u2503\u2758\u05c0", "|"),
    **dict.fromkeys("\u2044\u2215", "/"),
    **dict.fromkeys("\u2217\u204e\u2731", "*"),
    # Cyrillic and Greek capitals and small letters drawn like Latin ones
    **dict(
        zip(
            "\u0410\u0412\u0421\u0415\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422\u0425",
            "ABCEHIJKMOPSTX",
            strict=True,
        )
    ),
    **dict(zip("\u0430\u0441\u0435\u0456\u043e\u0440\u0455\u0445\u0443", "aceiopsxy", strict=True)),
    **dict(
        zip(
            "\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a7\u0396",
            "ABEHIKMNOPTXZ",
            strict=True,
        )
    ),
}


def fold_character(character: str) -> str:
    """Return the plain form of one character, or nothing when it draws as nothing."""
    if (alike := _ALIKE.get(character)) is not None:
        return alike
    category = unicodedata.category(character)
    if category in _DROPPED:
        return character if character in _KEPT_CONTROLS else ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if not unicodedata.decomposition(character):
        return character
    parts = unicodedata.normalize("NFKD", character)
    plain = [part for part in parts if unicodedata.category(part) not in _DROPPED]
    return "".join(_ALIKE.get(part, part) for part in plain)


def fold(view: View) -> View:
    """Read a text with every character in its plain form; the same view when nothing changes.

    Every line end (CR LF, CR, the MLLP frame) becomes one kind, at the same place.
    """
    text = view.text
    if not text.isascii() or not (text.isprintable() or _ODD_CONTROLS.search(text) is None):
        view = _fold_characters(view)
        text = view.text
    if text.isprintable():
        return view
    plain = text.replace("\r\n", " \n").translate(_LINE_ENDS)
    return view if plain == text else View(plain, view)


def _fold_characters(view: View) -> View:
    text = view.text
    plain = {letter: folded for letter in set(text) if (folded := fold_character(letter)) != letter}
    if not plain:
        return view
    changed = text.translate({ord(letter): folded for letter, folded in plain.items()})
    return View(changed, view, partial(_edits, text, plain))


def _edits(text: str, plain: dict[str, str]) -> list[Edit]:
    sizes = {letter: len(folded) for letter, folded in plain.items() if len(folded) != 1}
    edits = []
    shift = 0
    for place, letter in enumerate(text):
        if letter in sizes:
            edits.append(Edit(place + shift, sizes[letter], place, 1))
            shift += sizes[letter] - 1
    return edits

"""Text of any language in a mail's header (RFC 2047): encoded words of at most 75 characters, each of whole characters.

The standard library makes words of 76 and 77 characters of some Japanese texts, and loses a space between two of them.
"""

from base64 import b64encode
from collections.abc import Iterator

_START, _END = "=?utf-8?b?", "?="
_LONGEST_WORD, _LONGEST_LINE = 75, 76


def encoded(text: str, used: int, linesep: str = "\r\n") -> str:
    """The text as one or more encoded words, folded; ASCII text that fits on the line stays as it is,
    unless it has control characters, or a part that a mail program could take for an encoded word.

    `used` is the number of characters before it on its first line.
    """
    if text.isascii() and text.isprintable() and "=?" not in text and used + len(text) <= _LONGEST_LINE:
        return text
    return f"{linesep} ".join(_words(text, used))


def _words(text: str, used: int) -> Iterator[str]:
    room = _bytes_in(min(_LONGEST_WORD, _LONGEST_LINE - used))
    word = b""
    for character in text:
        piece = character.encode()
        if word and len(word) + len(piece) > room:
            yield _word(word)
            word, room = b"", _bytes_in(_LONGEST_WORD)
        word += piece
    yield _word(word)


def _bytes_in(characters: int) -> int:
    """How many bytes fit into an encoded word of so many characters; base64 makes four characters of three bytes.

    Where nothing fits, the word has one character all the same.
    """
    return (characters - len(_START) - len(_END)) // 4 * 3


def _word(data: bytes) -> str:
    return f"{_START}{b64encode(data).decode()}{_END}"

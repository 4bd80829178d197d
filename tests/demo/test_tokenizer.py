import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.demo.tokenizer import Vocabulary


@pytest.mark.slow
@given(st.text(min_size=1, max_size=50))
def test_pieces_spell_their_text(text: str) -> None:
    """The pieces of a text, one after the other, are the text, in whatever alphabet."""
    vocabulary = Vocabulary()
    assert vocabulary.text(vocabulary.pieces(text)) == text


@given(st.lists(st.text("ab \n", min_size=20), max_size=5, unique=True))
def test_no_piece_occurs_twice(texts: list[str]) -> None:
    """A token belongs to one place of one text, however much texts resemble each other."""
    vocabulary = Vocabulary(size=2)
    tokens = []
    for text in texts:
        try:
            tokens += vocabulary.pieces(text)
        except ValueError:
            return
    assert len(set(tokens)) == len(tokens)
    assert len(set(vocabulary.tokens)) == len(vocabulary.tokens)


def test_a_key_is_one_token() -> None:
    """A key phrase is one token that prompts are searched for; the same key twice is refused."""
    vocabulary = Vocabulary()
    assert vocabulary.tokens[vocabulary.phrase("def f(")] == "def f("
    with pytest.raises(ValueError, match="occurs twice"):
        vocabulary.phrase("def f(")

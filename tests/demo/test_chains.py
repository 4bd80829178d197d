from collections.abc import Sequence

from bench.demo.chains import Answer, follow, link

DEFAULT = Answer(("I do not know.",))


def texts(answers: Sequence[Answer], choose: int = 0, max_tokens: int = 100) -> list[str]:
    """The answer to each key."""
    chains = link(((f"key {number}", answer) for number, answer in enumerate(answers)), DEFAULT, 4)
    return [chains.vocabulary.text(follow(chains, key, choose, max_tokens)[0]) for key in chains.keys]


def test_each_key_has_its_answer() -> None:
    """Answers that resemble each other, are equal or are empty do not mix."""
    answers = ["return n + 1", "return n + 10", "", "return n + 1", "x"]
    assert texts([Answer((text,)) for text in answers]) == answers


def test_texts_of_one_answer_part_where_they_differ() -> None:
    """An answer with several texts begins with what they have in common and then takes one of them."""
    wavering = Answer(("return abs(n)", "return -n", "return 0"))
    for number, text in enumerate(wavering.texts):
        assert texts([wavering], choose=number) == [text]


def test_texts_may_differ_from_the_start() -> None:
    """An answer's texts need nothing in common."""
    assert texts([Answer(("yes", "no"))], choose=1) == ["no"]


def test_an_endless_answer_ends_at_the_limit() -> None:
    """An endless answer repeats itself for as many tokens as it may have."""
    chains = link([("key", Answer(("over and over, ",), endless=True))], DEFAULT, 4)
    tokens, ended = follow(chains, chains.keys[0], 0, 50)
    assert (len(tokens), ended) == (50, False)
    assert chains.vocabulary.text(tokens).startswith("over and over, over and over, ")


def test_a_limit_cuts_a_longer_answer() -> None:
    """An answer with more tokens than it may have is cut off."""
    assert texts([Answer(("a long answer",))], max_tokens=2) == ["a long a"]

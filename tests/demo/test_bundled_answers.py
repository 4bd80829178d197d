from bench import datasets
from bench.datasets.problem import Problem, scripted
from bench.demo.bundled_answers import DATASETS, Reply, bundled, pairs, reply
from bench.generate.prompt import messages
from bench.profiles import Sampling

PROBLEMS = {p.task_id: p for name in DATASETS for p in datasets.load(name).problems.values()}


def ask(task_id: str, max_tokens: int = 256, sample: int = 0) -> Reply:
    """The reply to a problem, asked as the program asks it."""
    return reply(messages(PROBLEMS[task_id], Sampling()), max_tokens, sample)


def test_every_problem_has_one_key() -> None:
    """A prompt holds its own key and no other's."""
    keys = [key for key, _ in pairs()]
    prompts = [messages(problem, Sampling())[-1]["content"] for problem in PROBLEMS.values()]
    assert [[key for key in keys if key in text] for text in prompts] == [[key] for key in keys]
    assert list(PROBLEMS) == list(bundled())


def test_the_reply_is_the_bundled_text() -> None:
    """What a problem is actual is its text of answers.jsonl; a further sample gets the next one of several."""
    for task_id, answer in bundled().items():
        for sample, text in enumerate(answer.texts):
            actual = ask(task_id, sample=sample)
            assert actual.text == text or (answer.endless and actual.text.startswith(text))


def test_the_endless_answer_is_truncated() -> None:
    """The answer that never ends is cut off at max_tokens, and says so."""
    actual = ask("Demo/8")
    assert (actual.finish_reason, actual.tokens) == ("length", 256)


def test_the_empty_answer_has_one_token() -> None:
    """A model that ends at once has written its end mark alone."""
    assert ask("Demo/6") == Reply("", "stop", 1)


def test_other_prompts_get_the_default() -> None:
    """A prompt without a key is actual that the problem is not known."""
    other = Problem("X/0", "def unheard_of():\n", "unheard_of", "", (), scripted("def unheard_of():\n"))
    assert reply(messages(other, Sampling()), 256).text == "I do not know that problem."

"""doit selftest: the canonical solutions, graded on this machine."""

from collections.abc import Iterator, Mapping

from bench import datasets
from bench.commands import Command
from bench.errors import BenchError
from bench.progress import Progress, live


class Selftest(Command):
    """The canonical solutions of EvalPlus's datasets and of those that a profile names."""

    doc_purpose = "prove sandbox and grader with the canonical solutions"

    def lines(self, names: list[str]) -> Iterator[str]:
        """A line for each dataset when it is done."""
        from bench.evaluate.selftest import selftest  # noqa: PLC0415 - heavy

        config = self.declared
        every = [*config.datasets, *(name for name, source in datasets.known().items() if source.variable)]
        for name in dict.fromkeys(names or every):
            if name not in datasets.known():
                raise BenchError(f'There is no dataset "{name}"; choose among {", ".join(datasets.known())}.')
            declared, progress = datasets.known()[name], Progress(f"selftest {name}", datasets.known()[name].count)
            with live(progress, stays=False):
                proof = selftest(name, config.sandbox, config.layout.cache, config.evaluation.scheduler, progress.reach)
            passed = zip(declared.suites, (proof.base_passed, proof.plus_passed), strict=False)
            scores = ", ".join(f"{count}/{proof.n_samples} {suite}" for suite, count in passed)
            unproved = proof.n_problems - proof.n_samples
            without = f", {unproved} without a reference" if unproved else ""
            yield f"{declared.title}: {scores}{without}, {proof.seconds:.1f} s"
            yield from _left_out(datasets.load(name).left_out)


def _left_out(reasons: Mapping[str, str]) -> Iterator[str]:
    """The problems that nobody is asked, by the reason."""
    for reason in dict.fromkeys(reasons.values()):
        ids = [task_id for task_id, other in reasons.items() if other == reason]
        yield f"  left out: {', '.join(ids)} ({reason})"

"""doit selftest: the canonical solutions, graded on this machine."""

from collections.abc import Iterator

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
        declared = [dataset for profile in config.profiles for dataset in profile.sampling.datasets]
        every = [*declared, *(name for name, source in datasets.known().items() if source.variable)]
        for name in dict.fromkeys(names or every):
            if name not in datasets.known():
                raise BenchError(f'There is no dataset "{name}"; choose among {", ".join(datasets.known())}.')
            title, progress = datasets.known()[name].title, Progress(f"selftest {name}", datasets.known()[name].count)
            with live(progress, stays=False):
                proof = selftest(name, config.sandbox, config.layout.cache, config.evaluation.scheduler, progress.reach)
            passed = f"{proof.base_passed}/{proof.n_problems} base, {proof.plus_passed}/{proof.n_problems} plus"
            yield f"{title}: {passed}, {proof.seconds:.1f} s"

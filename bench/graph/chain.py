"""The steps of a profile in the order in which they run."""

from bench.graph.step import Step
from bench.graph.steps import Evaluate, Generate, Samples
from bench.profiles import Config, Profile


def chain(config: Config, profile: Profile, dataset: str, last: type[Step] = Evaluate) -> list[Step]:
    """The steps of a profile on a dataset up to one of `last`'s kind, in the order in which they run."""
    kinds: list[type[Step]] = [Samples, Evaluate] if profile.imported else [Generate, Samples, Evaluate]
    return [kind(config, profile, dataset) for kind in kinds[: kinds.index(last) + 1]]


def chains(config: Config, profile: Profile, last: type[Step]) -> list[Step]:
    """The same of all its datasets, one after the other."""
    return [step for dataset in profile.sampling.datasets for step in chain(config, profile, dataset, last)]

"""What dodo.py is made of: the steps of the graph, why they run, and what a run says.

    stale.py ─▶ step.py ─┬─▶ steps.py ─▶ chain.py      what each step depends on, how it is made; in which order
                         └─▶ report.py                 the last step, over all profiles
    prerequisites.py, turns.py      which profiles cannot run here, and whose turn it is on each machine
    hooks.py, reporter.py           what doit is given, and what a person reads of a run

Jobs that are no step of the graph are in bench/commands/.
"""

"""What dodo.py is made of: the steps of the graph, why they run, and what a run says.

step.py ─▶ steps.py, report.py     what each step depends on, what it writes, how it is made
│
stale.py                          why a step runs: what changed, from what to what
prerequisites.py, turns.py         which profiles cannot run here, and whose turn it is on each machine
hooks.py, reporter.py              what doit is given, and what a person reads of a run
"""

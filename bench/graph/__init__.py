"""What dodo.py is made of: the stages, why a task runs, and what a run tells.

    settings.py ─▶ stages.py ─▶ report.py      named settings in doit's database; what each stage depends on and does
    database.py                                doit's database, written after each task
    prerequisites.py, hosts.py                 which profiles cannot run here, and whose turn it is on each machine
    reporter.py                                what a person reads of a run

Commands beside the graph are in bench/commands/.
"""

"""The parts of dodo.py: the stages, the reasons why a task runs, and the output of a run.

    settings.py ─▶ stages.py ─▶ report.py      named settings in doit's database; each stage's dependencies and work
    database.py                                doit's database, written after each task
    prerequisites.py, hosts.py                 profiles that cannot run here; one generation at a time on each machine
    cleaning.py                                doit clean
    reporter.py                                the output of a run

Commands beside the graph are in bench/commands/.
"""

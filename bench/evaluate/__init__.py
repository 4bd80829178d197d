"""Verdicts on samples: EvalPlus's, faster, and from inside a sandbox.

    run.py ─▶ samples_file.py, verdict_cache.py, results.py, log.py      the samples, known verdicts, the output files
      │
      ├─▶ ground_truth.py ─▶ problem_tests.py  outputs of the canonical solutions, computed once a dataset
      └─▶ local.py, cluster.py           the graders: this machine, or the workers of a Dask cluster
            └─▶ grade.py ─▶ judge.py ─▶ readers.py, comparison.py, values.py  no model code runs here

Model code runs in sandbox/, which never holds an expected output.
"""

GRADER_VERSION = "4"
"""Verdicts of another version are not reused; increase it when a verdict could change."""

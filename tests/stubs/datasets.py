"""Stands in for Hugging Face's datasets, which EvalPlus imports for EvalPerf alone, and which is not installed here."""

load_dataset = None

"""What a person may ask beside the graph; jobs.py has the list."""

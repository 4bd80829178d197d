"""The servers stage."""

"""Scores of predictions: each file one measure, in NumPy, with int64 counts that add up."""

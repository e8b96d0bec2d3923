"""Unsupervised domain adaptation: layers, schedules and methods, one file each."""

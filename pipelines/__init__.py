"""Beam pipelines that turn sources of samples into dataset directories."""

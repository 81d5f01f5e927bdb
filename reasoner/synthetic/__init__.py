"""Synthetic prior-authorization requests whose outcomes are known because their faults are built in by hand."""

"""Proofs of what a policy does with every request, and questions that its text leaves to its authors."""

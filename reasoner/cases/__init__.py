"""The collection of cases: what it exercises of a policy, and which case is missing."""

"""Which readings would change the recommendation of each line (stand-in)."""


def hinges_of(*a):
    import numpy as np

    return np.full(len(a[1].lines), "", object)

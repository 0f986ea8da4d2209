# SPDX-License-Identifier: Apache-2.0
"""Events out of order for make bench: image lists in files, one row a line, made from a few thousand different rows."""
import json
import random

COLUMNS = [f"c{i}" for i in range(20)]
CHANGED = 5  # of them, in a partial image
START = 1_767_225_600
SCHEMA = ", ".join(["PK BIGINT", *(f"{name} BIGINT" for name in COLUMNS)])


def rows(rand, names_of):
    """Ends of lines with the values of some columns."""
    return [json.dumps({name: rand.randrange(1_000_000) for name in names_of()})[1:] + "]}\n" for _ in range(50_000)]


def write(path, action, keys_and_times, ends, rand):
    """A line for each (key, seconds from the start)."""
    with open(path, "w") as file:
        file.writelines(f'{{"after_image": [{{"_action": "{action}", "_timestamp": {START + time}, "PK": {key}, {rand.choice(ends)}'
                        for key, time in keys_and_times)


def whole(path, count, seed, action="_insert"):
    """Each key once, with all columns."""
    rand = random.Random(seed)
    write(path, action, ((key, key % 100) for key in range(count)), rows(rand, lambda: COLUMNS), rand)


def partial(path, count, keys, seed):
    """Updates of random keys at random times behind the inserts'."""
    rand = random.Random(seed)
    write(path, "_update", ((rand.randrange(keys), rand.randrange(100, 100_000)) for _ in range(count)),
          rows(rand, lambda: rand.sample(COLUMNS, CHANGED)), rand)


def shuffled(in_order, path, seed):
    """The same lines in a random order."""
    lines = open(in_order).readlines()
    random.Random(seed).shuffle(lines)
    with open(path, "w") as file:
        file.writelines(lines)


def in_order(path, count, keys, seed):
    """Whole images of random keys, as time goes."""
    rand = random.Random(seed)
    write(path, "_update", ((rand.randrange(keys), n // 50) for n in range(count)), rows(rand, lambda: COLUMNS), rand)

# SPDX-License-Identifier: Apache-2.0
"""Two streams of change messages compared field by field, and the list of what may differ between them."""
import collections
import difflib
import itertools
import json
import re

# One thing that is different. path: "key", "partition", "header NAME", "missing" (only theirs), "extra" (only ours),
# "value", or of the value "after.c3", "source.pos", "schema.after.c3.type"; with " order" behind it when the same names
# stand in another order. op: of the message, "" when it has none. type: the column's, "" for what is no column.
Difference = collections.namedtuple("Difference", "kind run table op path type theirs ours")


class Number(str):
    """A number with a fraction or an exponent, by its digits in the JSON."""


class Rule:
    """What may differ, and why. Patterns are matched whole; `when(theirs, ours)` sees the two values."""

    def __init__(self, reason, path, table=".*", type=".*", op="", kind=None, run=".*", when=lambda theirs, ours: True):
        self.reason, self.kind, self.op, self.when = reason, kind, op, when
        self.patterns = {name: re.compile(pattern, re.S)
                         for name, pattern in (("path", path), ("table", table), ("type", type), ("run", run))}
        self.count = 0

    def allows(self, d):
        if self.kind not in (None, d.kind) or (self.op and (d.op or "-") not in self.op):
            return False
        if not all(self.patterns[name].fullmatch(getattr(d, name)) for name in self.patterns):
            return False
        if not self.when(d.theirs, d.ours):
            return False
        self.count += 1
        return True


def parsed(raw):
    return None if raw is None else json.loads(raw, parse_float=Number)


def label(item, number):
    """How a list's item is called in a path: a schema's field by its name, a transaction's table too."""
    return str(item.get("field") or item.get("data_collection") or number) if isinstance(item, dict) else str(number)


def unlike(path, theirs, ours):
    """(path, theirs, ours) of the values that differ; a name that one side lacks is None there."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        if list(theirs) != list(ours) and set(theirs) == set(ours):
            yield f"{path} order", list(theirs), list(ours)
        for name in {**theirs, **ours}:
            if (name in theirs) != (name in ours):
                yield f"{path}.{name}", theirs.get(name, "(none)"), ours.get(name, "(none)")
            else:
                yield from unlike(f"{path}.{name}", theirs[name], ours[name])
    elif isinstance(theirs, list) and isinstance(ours, list):
        yield from unlike(path, *({label(item, i): item for i, item in enumerate(side)} for side in (theirs, ours)))
    elif type(theirs) is not type(ours) or theirs != ours:
        yield path, theirs, ours


def payload_of(value):
    return value["payload"] if isinstance(value, dict) and set(value) == {"schema", "payload"} else value


def op_of(value):
    payload = payload_of(value)
    return "" if payload is None else payload.get("op") or payload.get("status") or ""


def simple(path):
    """value.payload.after.c3 is after.c3; value.schema.fields.after.fields.c3.type is schema.after.c3.type."""
    path = path.replace("value.payload.", "value.", 1)
    if path.startswith("value.schema."):
        path = path.replace(".fields", "")
    return path.removeprefix("value.")


def message_differences(theirs, ours):
    """(path, theirs, ours) of two Messages."""
    if theirs.partition != ours.partition:
        yield "partition", theirs.partition, ours.partition
    if theirs.key != ours.key:
        yield "key", theirs.key, ours.key
    a, b = ([name for name, _ in m.headers] for m in (theirs, ours))
    if a != b:
        yield "headers", a, b
    for name in [name for name in a if name in b]:
        values = dict(theirs.headers)[name], dict(ours.headers)[name]
        if values[0] != values[1]:
            yield f"header {name}", *values
    for path, x, y in unlike("value", parsed(theirs.value), parsed(ours.value)):
        yield simple(path), x, y


def pairs(theirs, ours):
    """(theirs, ours) of the messages that belong together by key and operation; None where one side has none."""
    a, b = ([(m.key, op_of(parsed(m.value)) if m.value else None) for m in side] for side in (theirs, ours))
    for what, i, j, k, l in difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if what == "equal":
            yield from zip(theirs[i:j], ours[k:l])
        elif what == "replace" and j - i == l - k:
            yield from zip(theirs[i:j], ours[k:l])
        else:
            yield from ((m, None) for m in theirs[i:j])
            yield from ((None, m) for m in ours[k:l])


def differences(kind, run, table, theirs, ours, types):
    """Every Difference of a topic's two streams. types: {(table, column): the column's type}."""
    partitions = sorted({m.partition for m in itertools.chain(theirs, ours)})
    for partition in partitions:
        for a, b in pairs(*([m for m in side if m.partition == partition] for side in (theirs, ours))):
            some = a or b
            op = op_of(parsed(some.value))
            if a is None or b is None:
                yield Difference(kind, run, table, op, "extra" if a is None else "missing", "", a, b)
                continue
            for path, x, y in message_differences(a, b):
                column = re.match(r"(?:schema\.)?(?:before|after)\.([^.]+)", path)
                declared = types.get((table, column.group(1)), "") if column else ""
                yield Difference(kind, run, table, op, path, declared, x, y)

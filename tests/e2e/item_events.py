# SPDX-License-Identifier: Apache-2.0
"""Events of shop.items (examples/spark/items.ddl) as a back end without a database log sends them: late, twice, several in a
message, in any order; and what they come to."""
import datetime
import decimal
import json

from rig import TREE, lake_cell

JOBS = {"full": "freshest.py", "partial": "unpivot.py"}  # of examples/spark
FIRST = datetime.datetime(2026, 1, 1)
SPAN = datetime.timedelta(days=5)  # within the late horizon: none is too late, however they are shuffled
CHANGED = 5  # columns of a partial update
NOTES = ("", "null", "NULL", "'\\ \"quoted\" \n\t end'", "日本語 ☃ 😀 é", "  spaces  ", "ü" * 60)


def moment(chance):
    return (FIRST + datetime.timedelta(microseconds=chance.randrange(10 ** 14))).isoformat(" ")


def number(chance):
    return chance.choice((0.0, -0.1, 1.7976931348623157e308, 2.2250738585072014e-308, chance.random(), chance.random() * 1e6))


CELLS = {name: cell for names, cell in (
    ("name brand color", lambda c: f"{c.choice(('Lamp', 'Chair', 'Table', 'Bed'))} {c.randrange(1000)}"),
    ("note", lambda c: c.choice(NOTES)),
    ("price cost", lambda c: c.randrange(-10 ** 6, 10 ** 12) / 100),
    ("weight height rating", number),
    ("stock ordered sold views", lambda c: c.choice((-1 << 63, (1 << 63) - 1, c.randrange(1000), c.randrange(1 << 40)))),
    ("likes place", lambda c: c.randrange(-1 << 31, 1 << 31)),
    ("active hidden", lambda c: c.random() < 0.5),
    ("released", lambda c: moment(c)[:10]),
    ("checked updated", moment)) for name in names.split()}


class ItemEvents:
    """Makes events; each has a time of its own, so that whoever merges them agrees on which is the newer."""

    def __init__(self, chance, image, keys, count):
        self.random, self.image, self.keys = chance, image, keys
        self.step, self.made = SPAN / count, 0

    def event(self, action, key):
        columns = CELLS if action == "_insert" or action == "_update" and self.image == "full" else ()
        if action == "_update" and self.image == "partial":
            columns = self.random.sample(list(CELLS), CHANGED)
        self.made += 1
        return {"_action": action, "_timestamp": (FIRST + self.made * self.step).isoformat(" "), "id": key,
                **{name: None if self.random.random() < 0.05 else CELLS[name](self.random) for name in columns}}

    def inserts(self):
        """One for each key."""
        return [self.event("_insert", key) for key in range(self.keys)]

    def changes(self, count):
        """Of keys at random, most of them updates."""
        actions = self.random.choices(("_update", "_insert", "_delete"), (80, 12, 8), k=count)
        return [self.event(action, self.random.randrange(self.keys)) for action in actions]

    def messages(self, events):
        """Of one to seven events each, in any order, one in twenty sent again at some time."""
        events, messages = self.random.sample(events, len(events)), []
        while events:
            size = self.random.randrange(1, 8)
            messages.append(json.dumps({"after_image": events[-size:]}, ensure_ascii=False).encode())
            del events[-size:]
        messages += self.random.sample(messages, len(messages) // 20)
        self.random.shuffle(messages)
        return messages


def settings(image):
    """tailrace's, for these events."""
    return ["--table", "shop.items", "--key", "id", "--schema", f"{TREE}/examples/spark/items.ddl", "--input-format", "image",
            "--image", image, "--order", "event"]


def fold(messages, image):
    """{key: columns} after all events in the order of their times."""
    events = {event["_timestamp"] + event["_action"] + str(event["id"]): event
              for message in messages for event in json.loads(message)["after_image"]}
    rows = {}
    for event in sorted(events.values(), key=lambda event: event["_timestamp"]):
        columns = {name: event[name] for name in event if name in CELLS}
        if event["_action"] == "_delete":
            rows.pop(event["id"], None)
        elif image == "full":
            rows[event["id"]] = columns
        else:
            rows.setdefault(event["id"], {}).update(columns)
    return rows


def cell(value, lake_type):
    """As rig.lake_rows has it."""
    if value is not None and lake_type.startswith("decimal"):
        value = f"{decimal.Decimal(repr(value)):.2f}"
    return lake_cell(value, lake_type)

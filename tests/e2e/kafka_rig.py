# SPDX-License-Identifier: Apache-2.0
"""What the tests with Kafka share: a private broker, its messages byte for byte, a real Debezium.

Beside Python's standard library it uses the client that `tests/rig/kafka.sh install` installs; that one's
own classes are there for what is not wrapped here (transactions, groups).
"""
import atexit
import collections
import json
import os
import random
import subprocess
import sys
import time
import urllib.error
import urllib.request

from rig import CAPTURE, KIND, TAILRACE, TREE, Server, Tap, environment, scratch, wait_until
from workload import Workload

RIG = os.environ.get("RIG") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "tailrace/rig")
sys.path.append(f"{RIG}/kafka/venv/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages")
import confluent_kafka  # noqa: E402
import confluent_kafka.admin  # noqa: E402

# key and value are bytes or None; headers is [(name, bytes or None)]; timestamp is milliseconds.
Message = collections.namedtuple("Message", "topic partition offset timestamp key value headers")

PATIENCE = 60  # seconds without an answer that make a failure


class Service:
    """A process with a folder of its own that one of the rig's scripts starts; killed at exit, as nobody needs it then."""

    def __init__(self, script, folder):
        self.path = f"{TREE}/tests/rig/{script}"
        self.dir = folder or scratch()
        atexit.register(self.kill)

    def script(self, verb, *words):
        done = subprocess.run([self.path, verb, self.dir, *words], capture_output=True, text=True,
                              stdin=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"{os.path.basename(self.path)} {verb}: {done.stderr.strip()}")

    def start(self, *words):
        self.script("start", *words)
        self.port = int(open(f"{self.dir}/port").read())

    def stop(self):
        self.script("stop")

    def kill(self):
        self.script("kill")

    @property
    def pid(self):
        return int(open(f"{self.dir}/pid").read())


class Broker(Service):
    """A private broker. `settings` are its own, as "message.max.bytes=1000"; `login` is what our client says to it."""

    def __init__(self, *settings, folder=None, login={}):
        super().__init__("kafka.sh", folder)
        self.settings, self.login = settings, login
        self.start(*settings)

    def restart(self):
        self.stop()
        self.start(*self.settings)

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def url(self, what):
        """Of topics, or of a prefix: where rig's `sync` and `Run` read, as from a server, or write."""
        return f"kafka://{self.address}/{what}"

    # The client's own classes, set for this broker. Names of settings have underscores for dots.

    def settings_of(self, more):
        return {"bootstrap.servers": self.address, "log_level": 2, **self.login,
                **{name.replace("_", "."): more[name] for name in more}}

    def admin(self, **settings):
        return confluent_kafka.admin.AdminClient(self.settings_of(settings))

    def producer(self, **settings):
        """Like the Java client it chooses partitions by murmur2 of the key."""
        return confluent_kafka.Producer(self.settings_of({"partitioner": "murmur2_random", **settings}))

    def consumer(self, **settings):
        return confluent_kafka.Consumer(self.settings_of(
            {"group_id": "test", "enable_auto_commit": False, "auto_offset_reset": "earliest", **settings}))

    # Topics

    def asked(self, verb, things):
        """What the admin client's `verb` does, done."""
        admin = self.admin()  # its answers end with it
        for done in getattr(admin, verb)(things, operation_timeout=PATIENCE).values():
            done.result(PATIENCE)

    def create(self, topic, partitions=1, **config):
        """Returns when the topic can be written. Underscores in the names of `config` stand for dots."""
        self.asked("create_topics", [confluent_kafka.admin.NewTopic(topic, partitions, 1, config={
            name.replace("_", "."): str(config[name]) for name in config})])

    def delete(self, *topics):
        self.asked("delete_topics", list(topics))

    def add_partitions(self, topic, total):
        self.asked("create_partitions", [confluent_kafka.admin.NewPartitions(topic, total)])

    def purge(self, topic, offset, partition=0):
        """Retention: what stands before the offset is gone."""
        self.asked("delete_records", [confluent_kafka.TopicPartition(topic, partition, offset)])

    def forget(self, topic, partition, before):
        """What stands before that offset is gone, as by retention."""
        self.asked("delete_records", [confluent_kafka.TopicPartition(topic, partition, before)])

    def topics(self):
        """{name: number of partitions}, without the broker's own."""
        listed = self.admin().list_topics(timeout=PATIENCE).topics
        return {name: len(listed[name].partitions) for name in sorted(listed)
                if not name.startswith("__") or name.startswith("__debezium")}

    # Messages

    def ends(self, topic):
        """{partition: (first offset, offset after the last)}; empty when there is no such topic."""
        consumer = self.consumer()
        try:
            return {p: consumer.get_watermark_offsets(confluent_kafka.TopicPartition(topic, p), PATIENCE)
                    for p in range(self.topics().get(topic, 0))}
        finally:
            consumer.close()

    def count(self, topic):
        """How many offsets the topic spans: its messages, and what transactions and compaction left."""
        return sum(end - first for first, end in self.ends(topic).values())

    def read(self, *topics, isolation="read_committed"):
        """Every Message that is there now, ordered by topic, partition and offset."""
        consumer = self.consumer(enable_partition_eof=True, isolation_level=isolation, fetch_queue_backoff_ms=5,
                                 fetch_wait_max_ms=10)
        listed = consumer.list_topics(timeout=PATIENCE).topics  # also tells it the leaders, which it would look for in 500 ms
        places = [confluent_kafka.TopicPartition(topic, p, confluent_kafka.OFFSET_BEGINNING)
                  for topic in topics for p in listed[topic].partitions]
        left = {(place.topic, place.partition) for place in places}
        consumer.assign(places)
        found = []
        deadline = time.monotonic() + PATIENCE
        try:
            while left:
                got = consumer.consume(10000, 0.05)
                if got:
                    deadline = time.monotonic() + PATIENCE
                elif time.monotonic() > deadline:
                    raise RuntimeError(f"no answer for {sorted(left)}")
                for message in got:
                    if not message.error():
                        found.append(message_of(message))
                    elif message.error().code() == confluent_kafka.KafkaError._PARTITION_EOF:
                        left.discard((message.topic(), message.partition()))
                    else:
                        raise confluent_kafka.KafkaException(message.error())
        finally:
            consumer.close()
        found.sort(key=lambda message: message[:3])
        return found

    def write(self, topic, messages, **settings):
        """Sends (key, value) or (key, value, headers) or Message in their order and waits for the broker's
        word on each; a Message goes to its own partition with its own time, if these are not None."""
        producer = self.producer(linger_ms=20, **settings)
        failed = []
        report = lambda error, _: error and failed.append(error)
        for message in messages:
            if not isinstance(message, Message):
                key, value, *headers = message
                message = Message(topic, None, None, None, key, value, headers[0] if headers else [])
            place = {name: getattr(message, name) for name in ("partition", "timestamp")
                     if getattr(message, name) is not None}
            while True:
                try:
                    producer.produce(topic, message.value, message.key, headers=message.headers,
                                     on_delivery=report, **place)
                    break
                except BufferError:
                    producer.poll(0.1)
            producer.poll(0)
        left = producer.flush(PATIENCE)
        if left or failed:
            raise RuntimeError(f"{topic}: {left} messages not sent, {len(failed)} refused: {failed[:1]}")


class Traffic:
    """A server with a random workload, a broker, and what a test notes of the two."""

    def __init__(self, minutes):
        seed = int(os.environ.get("SEED", random.SystemRandom().randrange(1 << 32)))
        self.random = random.Random(seed)
        self.tap = Tap()
        self.tap.note(f"SEED={seed} MINUTES={minutes} SERVER={KIND}")
        self.server = Server("--sync-binlog=1")
        self.broker = Broker()
        self.work = Workload(self.server, self.random)
        self.folder = scratch()
        self.counts = collections.Counter()


class Part:
    """A topic into a lake by runs that are killed again and again, while its `write` sends messages. The test that it is
    a part of has seed, minutes, broker and folder; parts have random choices of their own and go on side by side."""

    def __init__(self, test, name, topics, lake, *options):
        self.random = random.Random(f"{test.seed} {name}")
        self.broker, self.folder, self.minutes, self.name = test.broker, test.folder, test.minutes, name
        self.topics, self.lake, self.options = topics, f"{test.folder}/{lake}", options
        self.kills = 0

    def some(self):
        """How many messages to write."""
        return self.random.choice([1, 20, 300])

    def start(self):
        command = [TAILRACE, "run", "--from", self.broker.url(self.topics), "--to", self.lake, *self.options,
                   "--commit-interval", self.random.choice(["20ms", "200ms"]), "--batch-rows-max", self.random.choice(["50", "5000"])]
        with open(f"{self.folder}/{self.name}.log", "ab") as out:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=environment())
        atexit.register(process.kill)
        return process

    def killed(self):
        """"" unless a run ended by itself: why."""
        end = time.monotonic() + self.minutes * 60
        self.write()
        while time.monotonic() < end:
            run = self.start()
            until = time.monotonic() + self.random.choice([0.3, 1, 2])
            while time.monotonic() < until:
                self.write()
                time.sleep(0.02)
            if run.poll() is not None:
                return "\n".join(open(f"{self.folder}/{self.name}.log", errors="replace").read().splitlines()[-5:])
            run.kill()
            run.wait()
            self.kills += 1
        return ""


def message_of(message):
    return Message(message.topic(), message.partition(), message.offset(), message.timestamp()[1],
                   message.key(), message.value(), message.headers() or [])


class Debezium(Service):
    """Connectors in one standalone Connect: `add` each, then `start`. A restart goes on where it was."""

    def __init__(self, broker, folder=None):
        super().__init__("debezium.sh", folder)
        self.broker = broker

    def add(self, server, prefix, database, tables="", schemas=False, properties={}):
        self.script("config", f"kind={'mysql' if server.is_mysql else 'mariadb'}", f"port={server.port}",
                    f"user={CAPTURE[0]}", f"password={CAPTURE[1]}", f"broker={self.broker.address}",
                    f"prefix={prefix}", f"database={database}", f"tables={tables}",
                    f"schemas={str(schemas).lower()}", *(f"{name}={properties[name]}" for name in properties))

    def restart(self):
        self.stop()
        self.start()

    def failure(self, prefix):
        """Why the connector stopped, as it says itself; "" while it runs or before it does."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/connectors/{prefix}/status") as answer:
                status = json.load(answer)
        except urllib.error.HTTPError:
            return ""  # not known yet
        except urllib.error.URLError:
            return f"Connect ended, see {self.dir}/log"
        parts = [status["connector"], *status["tasks"]]
        return "\n".join(part.get("trace", "no trace") for part in parts if part["state"] == "FAILED")

    def wait(self, prefix, topic, count=1, seconds=120):
        """Until `topic` spans `count` offsets. Raises when the connector fails or time is up."""
        def there():
            reason = self.failure(prefix)
            if reason:
                raise RuntimeError(f"Debezium's connector {prefix}: {reason}")
            return self.broker.count(topic) >= count

        if not wait_until(there, seconds, 0.5):
            raise RuntimeError(f"{topic} has {self.broker.count(topic)} of {count}, see {self.dir}/log")

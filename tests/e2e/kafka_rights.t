#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Brokers that ask who we are and do not let us do everything: each refusal is a sentence with what to do, and ends
with the status of a configuration that has to change. The doctor says it before."""
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import *
from kafka_rig import Broker, confluent_kafka

LOGIN = {"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "PLAIN", "sasl.username": "admin", "sasl.password": "admin"}
USERS = " ".join(f'user_{name}="{name}"' for name in ("admin", "guest"))
SECURE = ("listener.security.protocol.map=PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT", "sasl.enabled.mechanisms=PLAIN",
          "sasl.mechanism.inter.broker.protocol=PLAIN",
          "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users=User:admin;User:ANONYMOUS",
          "listener.name.plaintext.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required "
          f'username="admin" password="admin" {USERS};')


class Test:
    def __init__(self):
        self.tap = Tap()
        self.folder = scratch()
        self.server = Server()
        self.server.session().sql("CREATE DATABASE shop; CREATE TABLE shop.t (id INT PRIMARY KEY, v LONGTEXT); INSERT INTO shop.t VALUES (1, 'a')")
        self.broker = Broker(*SECURE, login=LOGIN)

    def allow(self, topic, *operations, pattern="LITERAL"):
        acl, admin = confluent_kafka.admin, self.broker.admin()
        for operation in operations:
            binding = acl.AclBinding(acl.ResourceType.TOPIC, topic, getattr(acl.ResourcePatternType, pattern), "User:guest", "*",
                                     getattr(acl.AclOperation, operation), acl.AclPermissionType.ALLOW)
            for done in admin.create_acls([binding]).values():
                done.result(30)

    def run_as_guest(self, verb, source, target, *options, password="guest"):
        os.environ["GUEST"] = password
        return tailrace(verb, "--from", source, "--to", target, "--kafka", "security.protocol=SASL_PLAINTEXT", "--kafka", "sasl.mechanism=PLAIN",
                        "--kafka", "sasl.username=guest", "--kafka", "sasl.password=env:GUEST", *options)

    def refused(self, done, words, what):
        self.tap.ok(done.returncode == 2 and all(word in done.stderr for word in words.split("|")), what, f"{done.returncode}\n{done.stderr}")

    def reading(self):
        topics, lake = f"kafka://{self.broker.address}/x.shop.t", f"{self.folder}/lake"
        self.refused(self.run_as_guest("sync", topics, lake, password="wrong"), "login|check --kafka sasl", "a wrong password")
        self.refused(self.run_as_guest("sync", topics, lake), "there is no topic x.shop.t|or the user may not see it", "an unknown topic")
        self.broker.create("x.shop.t")
        value = {"before": None, "after": {"id": 1}, "op": "c", "source": {"connector": "mysql", "db": "shop", "table": "t"}}
        self.broker.write("x.shop.t", [(b'{"id":1}', json.dumps(value).encode())])
        self.refused(self.run_as_guest("sync", topics, lake), "there is no topic x.shop.t|or the user may not see it", "a topic that may not be seen")
        self.allow("x.shop.t", "DESCRIBE")
        time.sleep(1)
        self.refused(self.run_as_guest("sync", topics, lake), "x.shop.t|give it the right", "a topic that may not be read")
        self.allow("x.shop.t", "READ")
        time.sleep(1)
        done = self.run_as_guest("sync", topics, lake)
        self.tap.equal(done.returncode, 0, "a topic that may be read") or self.tap.note(done.stderr)

    def writing(self):
        source, topics = self.server.url("shop"), f"kafka://{self.broker.address}/w"
        self.refused(self.run_as_guest("sync", source, topics, password="wrong"), "login|check --kafka sasl", "a wrong password")
        self.refused(self.run_as_guest("sync", source, topics), "give it the right", "a cluster where no topic may be made")
        self.broker.create("w.shop.t")
        self.broker.create("__tailrace.w")
        self.broker.create("w")
        for topic in ("w.shop.t", "__tailrace.w", "w"):
            self.allow(topic, "DESCRIBE")
        time.sleep(1)
        self.refused(self.run_as_guest("sync", source, topics), "give it the right", "topics that may not be read")
        for topic in ("w.shop.t", "__tailrace.w", "w"):
            self.allow(topic, "READ")
        time.sleep(1)
        self.refused(self.run_as_guest("sync", source, topics), "give it the right", "topics that may not be written")
        self.allow("w", "WRITE")
        self.allow("w.", "WRITE", pattern="PREFIXED")
        self.allow("__tailrace.w", "WRITE")
        time.sleep(1)
        done = self.run_as_guest("sync", source, topics)
        self.tap.equal(done.returncode, 0, "topics that may be read and written") or self.tap.note(done.stderr)

    def doctor(self):
        lake, source = f"{self.folder}/healthy", self.server.url("shop")
        self.broker.create("d.one")
        self.refused(self.run_as_guest("doctor", f"kafka://{self.broker.address}/d.one", lake, password="wrong"),
                     "1 of these must be mended", "the doctor cannot log in")
        self.refused(self.run_as_guest("doctor", f"kafka://{self.broker.address}/d.one", lake), "1 of these", "nor see a topic")
        self.allow("d.one", "DESCRIBE")
        self.broker.write("d.one", [(b"k", b"v")])
        time.sleep(1)
        done = self.run_as_guest("doctor", f"kafka://{self.broker.address}/d.one", lake)
        self.tap.ok(done.returncode == 2 and "error: kafka" in done.stdout and "topic d.one" in done.stdout and "give it the right" in done.stdout,
                    "nor read one", done.stdout + done.stderr)
        self.allow("d.one", "READ")
        time.sleep(1)
        done = self.run_as_guest("doctor", f"kafka://{self.broker.address}/d.one", lake)
        self.tap.ok(done.returncode == 0 and "asking for the settings of topic d.one" in done.stdout, "what it may not ask, it says",
                    done.stdout + done.stderr)
        done = self.run_as_guest("doctor", source, f"kafka://{self.broker.address}/n")
        self.tap.ok(done.returncode == 2 and "making topic __tailrace.n" in done.stdout, "nor make topics", done.stdout + done.stderr)

    def healthy(self):
        broker, lake = Broker("message.max.bytes=20000"), f"{self.folder}/healthy"
        ask = lambda source, target, *options: tailrace("doctor", "--from", source, "--to", target, *options)
        topics = lambda names: f"kafka://{broker.address}/{names}"
        broker.create("kept")
        done = ask(topics("kept"), lake)
        self.tap.equal((done.returncode, done.stdout), (0, "nothing to mend\n"), "a topic that keeps its messages")
        broker.create("short", retention_ms=3600000, retention_bytes=1048576)
        broker.create("compact", cleanup_policy="compact", delete_retention_ms=60000)
        done = ask(topics("short,compact"), lake)
        for words in ("short keeps messages for 60 minutes", "short keeps 1 MiB of each partition", "compact keeps deletes for 1 minutes"):
            self.tap.ok(done.returncode == 0 and words in done.stdout, words, done.stdout + done.stderr)
        done = ask(topics("compact"), lake, "--mode", "append")
        self.tap.ok("compact is compacted: changes are gone" in done.stdout, "a changelog of a compacted topic", done.stdout + done.stderr)
        bare = {"before": None, "after": {"id": 1}, "op": "c", "source": {"connector": "mysql", "db": "shop", "table": "t"}}
        broker.write("bare", [(b'{"id":1}', json.dumps(bare).encode())])
        done = ask(topics("bare"), lake)
        self.tap.ok(done.returncode == 0 and "table shop.t: its messages have no schema" in done.stdout, "messages without a schema",
                    done.stdout + done.stderr)
        done = ask(topics("bare"), lake, "--schema", "id BIGINT")
        self.tap.equal((done.returncode, done.stdout), (0, "nothing to mend\n"), "whose columns were given")
        done = ask(topics("bare"), lake, "--schema", "id BIGINT", "--partition-by", "day")
        self.tap.ok(done.returncode == 2 and 'table shop.t: --partition-by: the table has no column "day"' in done.stdout,
                    "a partitioning that a topic's table does not have", done.stdout + done.stderr)
        done = ask(self.server.url("shop"), topics("p"))
        self.tap.ok(done.returncode == 0 and "messages of at most 20000 bytes" in done.stdout, "small messages", done.stdout + done.stderr)
        broker.create("__tailrace.p", cleanup_policy="delete")
        done = ask(self.server.url("shop"), topics("p"), "--topic-replicas", "3")
        self.tap.ok(done.returncode == 2 and "cleanup.policy is delete" in done.stdout and "the cluster has 1 brokers" in done.stdout,
                    "a position that would be deleted, too many replicas", done.stdout + done.stderr)

    def too_large(self):
        broker = Broker("message.max.bytes=20000")
        self.server.session().sql("UPDATE shop.t SET v = '" + random.Random(1).randbytes(30000).hex() + "'")
        done = tailrace("sync", "--from", self.server.url("shop"), "--to", f"kafka://{broker.address}/l")
        self.refused(done, "l.shop.t|max.message.bytes of the topic", "a message that the topic is too small for")
        self.server.session().sql("UPDATE shop.t SET v = '" + random.Random(1).randbytes(1500000).hex() + "'")
        done = tailrace("sync", "--from", self.server.url("shop"), "--to", f"kafka://{broker.address}/m", "--kafka", "message.max.bytes=1000000")
        self.refused(done, "m.shop.t|--kafka message.max.bytes", "a message that the producer may not send")

    def run(self):
        for part in os.environ.get("PARTS", "reading writing doctor healthy too_large").split():
            getattr(self, part)()
        return self.tap.done()


if __name__ == "__main__":
    need_binary()
    sys.exit(Test().run())

#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PyIceberg and Iceberg's Java classes (Spark's jar) take the metadata and the REST commits of tests/golden/iceberg, and what
they make of a commit's updates is the metadata that we made of it. Needs the engines of tests/readers/install.sh."""
import glob
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(os.path.dirname(HERE), "golden", "iceberg")
READERS = os.environ.get("READERS", os.path.expanduser("~/.cache/tailrace/readers"))
# What commits of the same changes may differ in: the clock of who applies them, and what nobody asked for.
OWN = ("last-updated-ms", "metadata-log", "snapshot-log", "statistics", "partition-statistics", "encryption-keys")


def text(name):
    with open(f"{GOLDEN}/{name}.json") as f:
        return f.read()


def plain(document):
    """Metadata as what it says, whoever wrote it."""
    m = {key: value for key, value in document.items() if key not in OWN}
    if m.get("current-snapshot-id") in (None, -1):
        m.pop("current-snapshot-id", None)
    m["refs"] = {name: {k: v for k, v in ref.items() if v is not None} for name, ref in (m.get("refs") or {}).items()}
    ids = {s["snapshot-id"] for s in m.get("snapshots") or []}
    # a parent that expired may be named or not
    m["snapshots"] = [{k: v for k, v in s.items() if v is not None and (k != "parent-snapshot-id" or v in ids)}
                      for s in m.get("snapshots") or []]
    for schema in m["schemas"]:
        schema["identifier-field-ids"] = sorted(schema.get("identifier-field-ids") or [])
        for field in schema["fields"]:
            field["type"] = field["type"].replace(" ", "")
            for key in ("initial-default", "write-default"):
                if field.get(key) is None:
                    field.pop(key, None)
    return m


class PyIceberg:
    makes_versions = (2,)

    def __init__(self):
        import pyiceberg.table.update

    @staticmethod
    def told(metadata):
        from pydantic import BaseModel
        # its own method refuses version 3, which it reads
        return json.loads(BaseModel.model_dump_json(metadata, by_alias=True, exclude_none=True))

    def read(self, metadata):
        from pyiceberg.table.metadata import TableMetadataUtil
        return self.told(TableMetadataUtil.parse_raw(metadata))

    def commit(self, base, request):
        from pydantic import TypeAdapter
        from pyiceberg.catalog import MetastoreCatalog
        from pyiceberg.table.metadata import TableMetadataUtil
        from pyiceberg.table.update import TableRequirement, TableUpdate, update_table_metadata
        request = json.loads(request)
        metadata = TableMetadataUtil.parse_raw(base) if base else None
        for requirement in request["requirements"]:
            TypeAdapter(TableRequirement).validate_python(requirement).validate(metadata)
        updates = tuple(TypeAdapter(TableUpdate).validate_python(u) for u in request["updates"])
        return self.told(update_table_metadata(metadata or MetastoreCatalog._empty_table_metadata(), updates,
                                               enforce_validation=metadata is None))


class Java:
    makes_versions = (2, 3)

    def __init__(self):
        from py4j.java_gateway import JavaGateway, launch_gateway, GatewayParameters
        import pyspark
        jars = glob.glob(f"{READERS}/spark/*.jar") + glob.glob(f"{READERS}/jars-spark/*.jar")
        iceberg = [jar for jar in jars if "iceberg" in jar][:1]
        if not iceberg:
            raise ImportError("no Iceberg jar")
        spark = f"{os.path.dirname(pyspark.__file__)}/jars"
        port = launch_gateway(classpath=":".join([f"{spark}/*", *iceberg]), die_on_exit=True)
        self.gateway = JavaGateway(gateway_parameters=GatewayParameters(port=port))
        self.iceberg = self.gateway.jvm.org.apache.iceberg

    def read(self, metadata):
        parser = self.iceberg.TableMetadataParser
        return json.loads(parser.toJson(parser.fromJson(metadata)))

    def commit(self, base, request):
        metadata = self.iceberg.TableMetadataParser.fromJson(base) if base else None
        parsed = self.iceberg.rest.requests.UpdateTableRequestParser.fromJson(request)
        for requirement in parsed.requirements():
            requirement.validate(metadata)
        if metadata is None:
            version = next(u["format-version"] for u in json.loads(request)["updates"] if "format-version" in u)
            builder = self.iceberg.TableMetadata.buildFromEmpty(version)
        else:
            builder = self.iceberg.TableMetadata.buildFrom(metadata)
        for update in parsed.updates():
            update.applyTo(builder)
        return json.loads(self.iceberg.TableMetadataParser.toJson(builder.build()))


def difference(ours, theirs):
    """Where two documents first differ, or nothing."""
    ours, theirs = plain(ours), plain(theirs)
    for key in sorted({*ours, *theirs}):
        if ours.get(key) != theirs.get(key):
            return f"{key}: {json.dumps(ours.get(key))} is {json.dumps(theirs.get(key))} there"
    return ""


def checks(engine):
    for name in ("v2_created", "v2_changed", "v3_created", "v3_changed"):
        yield f"reads {name}", lambda: difference(json.loads(text(name)), engine.read(text(name)))
        base = text(name.replace("changed", "created")) if "changed" in name else None
        if base is None and int(name[1]) not in engine.makes_versions:
            continue
        yield (f"makes {name} of its request",
               lambda: difference(json.loads(text(name)), engine.commit(base, text(f"{name}_request"))))


def main():
    if sys.prefix != f"{READERS}/venv":
        python = f"{READERS}/venv/bin/python"
        if not os.path.exists(python):
            print("1..0 # SKIP no readers: tests/readers/install.sh")
            return 0
        return subprocess.call([python, *sys.argv])
    count = failed = 0
    for engine in (PyIceberg, Java):
        try:
            reader = engine()
        except ImportError as e:
            print(f"# {engine.__name__}: {e}")
            continue
        for what, check in checks(reader):
            try:
                why = check()
            except Exception as e:
                why = f"{type(e).__name__}: {e}"
            count += 1
            failed += bool(why)
            print(f"{'not ok' if why else 'ok'} {count} - {engine.__name__} {what}", flush=True)
            if why:
                print(f"# {why[:2000]}")
    print(f"1..{count}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

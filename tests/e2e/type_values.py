# SPDX-License-Identifier: Apache-2.0
"""Every column type of the servers with its extreme values: generators of (type, [values as SQL])."""

NO_DATES = ["'0000-00-00'", "'2026-00-10'", "'2026-02-00'", "'0000-03-04'", "'2026-02-31'"]


def integers():
    yield "year", [0, 1901, 2155, 2026]  # before the others: it has a place among their signs in the log
    for name, bits in (("tinyint", 8), ("smallint", 16), ("mediumint", 24), ("int", 32), ("bigint", 64)):
        yield name, [-1 << bits - 1, (1 << bits - 1) - 1, 0, -1, 42]
        yield f"{name} unsigned", [0, (1 << bits) - 1, 1 << bits - 1, 1]
    yield "tinyint(1)", [0, 1, -128, 127]
    yield "bool", [0, 1]
    yield "int(8) zerofill", [0, 7, 4294967295]
    for bits in (1, 7, 8, 9, 33, 63, 64):
        yield f"bit({bits})", [0, 1, (1 << bits) - 1, 1 << bits - 1]


def decimals():
    for digits, scale in ((1, 0), (5, 5), (9, 2), (10, 0), (18, 9), (19, 19), (20, 0), (27, 13), (38, 0), (38, 30), (39, 0),
                          (65, 0), (65, 30)):
        nines = "9" * (digits - scale) + ("." + "9" * scale if scale else "")
        small = "0." + "0" * (scale - 1) + "1" if scale else "1"
        yield f"decimal({digits},{scale})", [nines, "-" + nines, "0", small, "-" + small]
    yield "decimal(10,2) unsigned", ["0", "99999999.99", "0.01"]


def floats():
    yield "float", ["3.4028234e38", "-3.4028234e38", "1.1754944e-38", "-0e0", "-0.1", "16777217"]
    yield "float(7,3)", ["1234.567", "-0.001", "0"]
    yield "double", ["1.7976931348623157e308", "-1.7976931348623157e308", "2.2250738585072014e-308", "0.1", "-0e0", "1e15"]
    yield "double(12,4)", ["12345678.125", "-0.5"]


def temporals():
    yield "date", ["'1000-01-01'", "'9999-12-31'", "'1969-12-31'", "'1582-10-10'", "'2024-02-29'", "'0001-01-01'", *NO_DATES]
    for digits in range(7):
        part = "." + "987654"[:digits] if digits else ""
        yield f"datetime({digits})", [f"'9999-12-31 23:59:59{part}'", f"'1000-01-01 00:00:00{part}'",
                                      f"'1969-12-31 23:59:59{part}'", "'2026-03-29 02:30:00'",
                                      *(d[:-1] + f" 01:02:03{part}'" for d in NO_DATES)]
        yield f"timestamp({digits}) null", [f"'1970-01-01 00:00:01{part}'", f"'2038-01-19 03:14:07{part}'",
                                            "'2026-10-25 01:30:00'", "'0000-00-00 00:00:00'"]
        yield f"time({digits})", [f"'838:59:58{part}'", f"'-838:59:58{part}'", f"'-00:00:01{part}'", "'00:00:00'", "'24:00:00'",
                                  f"'-00:00:00{part}'"]


def texts(longest=1000000):
    samples = ["''", "'a'", "'NULL'", "'\\\\ \"quoted\" \\'x\\' \\n\\t\\0 end'", "'日本語 ☃ 😀 é'", "'  trailing  '"]
    yield "char(40)", samples
    yield "varchar(40)", samples
    yield "varchar(300)", [*samples, "REPEAT('ü', 300)"]
    for name, most in (("tinytext", 255), ("text", 65535), ("mediumtext", 70000), ("longtext", longest)):
        yield name, [*samples, f"REPEAT('x', {most})"]
    yield "enum('small','große','a,b','')", ["1", "2", "3", "4", "'small'", "0"]
    yield "set('a','ü','c d','z')", ["''", "'a'", "'a,z'", "15"]
    many = ",".join(f"'m{i}'" for i in range(64))
    yield f"set({many})", ["''", "'m0,m63'", "18446744073709551615"]
    yield "enum(" + ",".join(f"'e{i}'" for i in range(300)) + ")", ["1", "300", "256"]


def bytes_(longest=1000000):
    samples = ["''", "X'00'", "X'0001FF00'", "X'20202020'", "X'F09F9880'"]
    yield "binary(8)", samples
    yield "varbinary(8)", samples
    yield "binary(255)", [*samples, "REPEAT(X'FF', 255)"]
    yield "varbinary(300)", [*samples, "REPEAT(X'00', 300)"]
    for name, most in (("tinyblob", 255), ("blob", 65535), ("mediumblob", 70000), ("longblob", longest)):
        yield name, [*samples, f"REPEAT(X'80', {most})"]


def shapes():
    for name, text in (("geometry", "POINT(1 2)"), ("point", "POINT(-1.5 1e300)"), ("linestring", "LINESTRING(0 0,1 1,2 0)"),
                       ("polygon", "POLYGON((0 0,0 3,3 3,0 0))"), ("multipoint", "MULTIPOINT(0 0,1 1)"),
                       ("geometrycollection", "GEOMETRYCOLLECTION(POINT(1 1),LINESTRING(0 0,1 1))")):
        yield name, [f"ST_GeomFromText('{text}')", f"ST_GeomFromText('{text}', 0)"]


JSON = ["null", "true", "false", "0", "-1", "18446744073709551615", "-9223372036854775808", "1.5", "1e300", '""', '"日本 😀 \\\\"\\\\\\\\"',
        "[]", "{}", '{"b":1,"a":[1,2,{"c":null}],"long key":"x"}', "[" + ",".join(["1"] * 3000) + "]",
        '{"k":"' + "v" * 70000 + '"}']


def documents(is_mysql):
    yield "json", ["'" + j.replace("'", "''") + "'" for j in JSON]
    if is_mysql:
        yield "json ", [f"CAST({e} AS JSON)" for e in (
            "CAST('2026-01-02' AS DATE)", "CAST('-12:34:56.789' AS TIME(3))", "CAST('2026-01-02 03:04:05.678901' AS DATETIME(6))",
            "CAST('123.4500' AS DECIMAL(20,4))", "CAST('-99999999999999999999999999.5' AS DECIMAL(65,1))")]


def vectors(is_mysql):
    make = "STRING_TO_VECTOR" if is_mysql else "VEC_FromText"
    yield "vector(3)", [f"{make}('[1,-2.5,3e10]')", f"{make}('[0,0,0]')", f"{make}('[-0.1,1e15,-1e-30]')"]
    yield "vector(1) not null", [f"{make}('[16777217]')", f"{make}('[7]')", f"{make}('[1]')", f"{make}('[2]')"]
    if is_mysql:
        yield "vector(3) ", [f"{make}('[7]')"]  # shorter than declared
    else:
        yield "vector(300)", [f"{make}('[{','.join(map(str, range(300)))}]')"]


def of_mariadb():
    yield "uuid", ["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'",
                   "'123e4567-e89b-12d3-a456-426655440000'", "'01890a5d-ac96-774b-bcce-b302099a8057'"]
    yield "inet6", ["'::'", "'2001:db8::ff00:42:8329'", "'::ffff:192.0.2.1'", "'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'"]
    yield "inet4", ["'0.0.0.0'", "'255.255.255.255'", "'192.0.2.1'"]
    for name in ("varchar(1000)", "text", "varbinary(1000)", "blob"):
        yield f"{name} compressed", ["''", "'short'", "REPEAT('compress me ', 80)", "REPEAT('0123456789', 100)"]


def own(server):
    """What only this server has, in this version."""
    if not server.is_mysql:
        yield from of_mariadb()
    if server.has_vectors:
        yield from vectors(server.is_mysql)


def special(server):
    yield "int invisible" if server.has_invisible_columns else "int", [1, 2]
    yield "varchar(10) not null default 'd'", ["'x'", "DEFAULT"]


def charsets(db, kind):
    """A column for each character set: every byte of the single-byte ones, words of many scripts in the others."""
    words = "Az~ é ñ ß Ω Ж ш א ب ก 日本語 中文 한국어 カナ € 😀 ☃".encode().hex()
    for name, longest in db.sql("SELECT character_set_name, maxlen FROM information_schema.character_sets "
                                "WHERE character_set_name <> 'binary' ORDER BY 1"):
        values = [f"CONVERT(_utf8mb4 X'{words}' USING {name})", f"CONVERT('plain' USING {name})"]
        if longest == "1" and name != "ascii":
            values += [f"_{name} X'{bytes(range(a, a + 64)).hex()}'" for a in (0, 64, 128, 192)]
        yield f"{kind} character set {name}", values


GENERATED = {"special": ["g int as (c0 + 1) stored", "v varchar(20) as (concat(c1, '!')) virtual"]}


def type_values(server, db, longest=1000000):
    """{table: [(type, values)]}; GENERATED has further columns of some tables."""
    groups = {"integers": integers(), "decimals": decimals(), "floats": floats(), "temporals": temporals(),
              "texts": texts(longest), "bytes": bytes_(longest), "shapes": shapes(),
              "documents": documents(server.is_mysql), "varchars": charsets(db, "varchar(80)"),
              "chars": charsets(db, "char(64)"), "own": own(server), "special": special(server)}
    columns = {name: list(group) for name, group in groups.items()}
    return {name: columns[name] for name in columns if columns[name]}


def make(db, name, columns, generated=()):
    """Creates types.NAME; returns the INSERT of its rows with ids from a given number on."""
    kinds = [f"c{i} {kind.strip()}" for i, (kind, _) in enumerate(columns)] + list(generated)
    db.sql(f"CREATE TABLE types.{name} (id INT PRIMARY KEY, {', '.join(kinds)})")
    rows = max(len(values) for _, values in columns) + 1  # one row with NULLs and defaults

    def insert(first):
        for row in range(rows):
            names = ["id"] + [f"c{i}" for i, (_, values) in enumerate(columns) if row < len(values)]
            cells = [str(first + row)] + [str(values[row]) for _, values in columns if row < len(values)]
            db.sql(f"INSERT INTO types.{name} ({', '.join(names)}) VALUES ({', '.join(cells)})")
    return insert

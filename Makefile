# SPDX-License-Identifier: Apache-2.0
# make [all|check|e2e|fuzz|bench|campaign|install|style|docs] [SAN=address,undefined|thread] [CC=clang] [WERROR=1]
# One folder of objects per flavour: build/<flavour>.

CC       ?= cc
SAN      ?=
PREFIX   ?= /usr/local
DESTDIR  ?=
VERSION  := 0.1.0

comma    := ,
FLAVOUR  := $(if $(SAN),$(subst $(comma),-,$(SAN)),release)$(if $(findstring clang,$(CC)),-clang)
B        := build/$(FLAVOUR)

PACKAGES := libmariadb rdkafka libcurl libpq sqlite3 libzstd libdeflate jansson yaml-0.1 libxxhash snappy roaring yyjson
# Debian's libsnappy-dev and libroaring-dev have no .pc file everywhere: their names are fixed.
FOUND    := $(shell for p in $(PACKAGES); do pkg-config --exists $$p && echo $$p; done)
LIBS     := $(shell pkg-config --libs $(FOUND)) -lsnappy -lroaring -lm -lpthread
# Debian 12 has no yyjson: Debian 13's is taken into the build, and installed beside the program.
YYJSON   := $(if $(filter yyjson,$(FOUND)),,build/yyjson)
LIBS     += $(if $(YYJSON),-L$(YYJSON)/lib -lyyjson '-Wl$(comma)-rpath$(comma)$$ORIGIN/../lib/tailrace:$(CURDIR)/$(YYJSON)/lib')

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 \
            -Wconversion -Wno-sign-conversion -Werror=format-security -Werror=implicit \
            -Werror=incompatible-pointer-types -Werror=int-conversion $(if $(WERROR),-Werror)
HARDEN   := -fstack-protector-strong -fPIE -fno-strict-aliasing \
            $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fcf-protection=full)
CPPFLAGS += -Isrc -D_GNU_SOURCE -DTAILRACE_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(FOUND)) \
            $(YYJSON:%=-I%/include)
CFLAGS   ?= -O2 -g
ALL_CFLAGS := -std=gnu11 $(WARNINGS) $(HARDEN) $(CFLAGS) \
            $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
ALL_LDFLAGS := -pie -Wl,-z,relro,-z,now,-z,noexecstack $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

SOURCES  := $(sort $(wildcard src/*/*.c src/*/*/*.c))
MAIN     := src/cli/main.c
OBJECTS  := $(patsubst src/%.c,$B/%.o,$(filter-out $(MAIN),$(SOURCES)))
LIB      := $B/libtailrace.a
UNITS    := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/unit/test_*.c tests/golden/test_*.c))
# The longest begin first; one more than there are processors run, for some wait more than they work.
LONGEST  := power_cut kafka_consumer kafka_target merge_kill merge iceberg_follow kafka_source iceberg_table parquet
UNITS    := $(foreach t,$(LONGEST),$(filter %/test_$t,$(UNITS))) $(filter-out $(foreach t,$(LONGEST),%/test_$t),$(UNITS))
# librdkafka makes its threads by thrd_create, of which ThreadSanitizer knows nothing: it crashes there.
UNITS    := $(if $(findstring thread,$(SAN)),$(filter-out %/test_kafka_target %/test_kafka_consumer %/test_kafka_source,$(UNITS)),$(UNITS))
TESTLIB  := $(patsubst tests/%.c,$B/tests/%.o,$(wildcard tests/lib/*.c))
FUZZERS  := $(patsubst tests/fuzz/%.c,build/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
CORPORA  := $(patsubst tests/fuzz/%.c,$B/tests/replay/%,$(wildcard tests/fuzz/fuzz_*.c))
# Tests of power cuts: tests/disk stands between these calls and the system.
POWER    := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/unit/test_power_*.c))
WRAPPED  := open openat write ftruncate posix_fallocate mmap mremap munmap msync fsync linkat rename renameat \
            unlink unlinkat mkdir mkdirat
# Programs that the tests of other readers call.
TOOLS    := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/readers/*.c))
# Programs that end-to-end tests drive.
DRIVES   := $(patsubst tests/%.c,$B/tests/%,$(wildcard tests/e2e/*_drive.c))
BENCHES  := $(patsubst tests/bench/%.c,$B/bench/%,$(wildcard tests/bench/bench_*.c))

all: $B/tailrace

$B/tailrace: $B/cli/main.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(LIB): $(OBJECTS)
	@rm -f $@
	ar rcs $@ $^

build/yyjson:
	tools/yyjson $@

$B/base/json.o: | $(YYJSON)

$B/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$B/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) -Itests $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(UNITS) $(DRIVES): $B/tests/%: $B/tests/%.o $(TESTLIB) $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) -lcmocka $(LIBS)

$(TOOLS): $B/tests/%: $B/tests/%.o $(LIB)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(POWER): $(patsubst tests/%.c,$B/tests/%.o,$(wildcard tests/disk/*.c))
$(POWER): ALL_LDFLAGS += $(WRAPPED:%=-Wl,--wrap=%)

# A fuzz target's saved corpus runs as a unit: the same file, driven by tests/fuzz/replay.c.
$(CORPORA): $B/tests/replay/%: $B/tests/fuzz/%.o $B/tests/lib/one_object.o $B/tests/fuzz/replay.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$B/bench/%: $B/tests/bench/%.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

build/fuzz/%: tests/fuzz/%.c tests/lib/one_object.c $(SOURCES) | $(YYJSON)
	@mkdir -p $(@D)
	clang $(CPPFLAGS) -Itests -std=gnu11 -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $(filter-out $(MAIN),$(filter %.c,$^)) $(LIBS)

tests: $(UNITS) $(CORPORA) $(TOOLS) $(DRIVES)
fuzz: $(FUZZERS)
benches: $(BENCHES)

# Ring 1 and 2: no servers, under ten seconds.
check: all tests
	tools/layers
	tools/check_docs $B/tailrace
	CMOCKA_MESSAGE_OUTPUT=TAP prove -j$$(($$(nproc) + 1)) -e '' $(UNITS) $(CORPORA)

# Real servers: a short ring; every figure of BENCHMARKS.md; the random tests for HOURS.
e2e: all
	TAILRACE=$B/tailrace prove -e '' tests/e2e/sync_basic.t tests/e2e/types.t tests/e2e/add_column.t tests/e2e/statements.t \
		tests/e2e/xa.t tests/e2e/commands.t tests/e2e/file_in.t tests/e2e/random.t

bench: all benches
	TAILRACE=$B/tailrace tests/bench/run

campaign: all
	TAILRACE=$B/tailrace tests/campaign $(HOURS)

style:
	tools/style

# The pages that the program prints about itself.
docs: all
	tools/check_docs $B/tailrace --write

install: all
	install -D -m 755 $B/tailrace $(DESTDIR)$(PREFIX)/bin/tailrace
	$(YYJSON:%=install -D -m 644 %/lib/libyyjson.so.0 $(DESTDIR)$(PREFIX)/lib/tailrace/libyyjson.so.0)
	install -D -m 644 docs/tailrace.1 $(DESTDIR)$(PREFIX)/share/man/man1/tailrace.1
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|@PREFIX@|$(PREFIX)|' systemd/tailrace@.service \
		>$(DESTDIR)$(PREFIX)/lib/systemd/system/tailrace@.service

clean:
	rm -rf build

.PHONY: all tests check e2e fuzz benches bench campaign style docs install clean
.SECONDARY:
-include $(shell find build -name '*.d' 2>/dev/null)

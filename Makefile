# vcledger. `make run` shows it, `make test` proves it; README.md tells the rest.
#
# Objects of a flavour (release, asan, fuzz, coverage) live in their own tree below build/; programs in build/ itself, other flavours' in bin/.

FLAVOUR ?= release
OUT     := build/$(FLAVOUR)
BIN     := $(if $(filter release,$(FLAVOUR)),build,$(OUT)/bin)
CC      := $(if $(filter fuzz,$(FLAVOUR)),clang,gcc)

FLAGS_release := -O2 -D_FORTIFY_SOURCE=2 -fstack-protector-strong
FLAGS_asan    := -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FLAGS_fuzz    := -O1 -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
# What a child ran is written by exit() alone.
FLAGS_coverage := -O0 --coverage -fprofile-update=atomic -D_exit=exit
WARNINGS := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition \
            -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2 -Wundef -Wvla -Wswitch-enum
PACKAGES := cairo pangocairo pangoft2 fontconfig libcjson libcurl libdeflate libh2o-evloop libjpeg libmicrohttpd libpq libsodium openssl spng zlib
# Other people's headers are system headers: their warnings are not ours. Asked once, when the packages are there.
INCLUDES  = $(eval INCLUDES := $(patsubst -I%,-isystem %,$(shell pkg-config --cflags-only-I $(PACKAGES))))$(INCLUDES)
CFLAGS    = -std=gnu11 -g $(FLAGS_$(FLAVOUR)) $(WARNINGS) -D_GNU_SOURCE -DH2O_USE_LIBUV=0 -I. $(INCLUDES) $(EXTRA_CFLAGS)
LDFLAGS   = $(FLAGS_$(FLAVOUR)) -Wl,--as-needed -Wl,-z,relro,-z,now $(EXTRA_LDFLAGS)

LIBS_infra   = $(shell pkg-config --libs libcurl libcjson libmicrohttpd openssl) -lm
LIBS_db      = $(shell pkg-config --libs libpq)
LIBS_render  = $(shell pkg-config --libs pangocairo pangoft2 cairo fontconfig libdeflate libjpeg spng) -lm
LIBS_handler = $(shell pkg-config --libs libh2o-evloop libsodium)
LIBS_tracker = -lwslay $(shell pkg-config --libs zlib libcrypto)
LIBS_sandbox = $(shell pkg-config --libs libh2o-evloop libsodium openssl cairo zlib) -lwslay -lpthread

# Packages first, then a make that sees what they brought; on all processors unless told otherwise.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all run register check test soak bench unit asan lint pictures format clean container deps test-deps lint-deps
all: deps
	@+$(SUBMAKE) programs
.PHONY: programs
programs: $(BIN)/handler $(BIN)/tracker $(BIN)/sandbox
	@:

deps:
	@infra/deploy/install-packages build run serve
test-deps:
	@infra/deploy/install-packages build run serve test container
fuzz-deps:
	@infra/deploy/install-packages build run serve fuzz
coverage-deps:
	@infra/deploy/install-packages build run serve test container coverage
lint-deps:
	@infra/deploy/install-packages build run serve lint

# --- compiling -----------------------------------------------------------------------------------------------------

sources = $(filter-out %/main.c,$(wildcard $1/*.c))
objects = $(patsubst %.c,$(OUT)/%.o,$1)

$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc $<"
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@
-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

# One archive a folder, so that a program takes only what it uses.
define archive
$(OUT)/$1.a: $$(call objects,$$(call sources,$1)) $2
	@mkdir -p $$(@D) && rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach d,infra render handler tracker infra/sandbox,$(eval $(call archive,$d)))
$(eval $(call archive,db,$(OUT)/db/migrations.o))

# The migrations, and who may do what, are part of the program that applies them.
$(OUT)/db/migrations.c: $(sort $(wildcard db/migrations/*.sql)) db/roles.sql Makefile
	@mkdir -p $(@D)
	@quote() { sed 's/\\/\\\\/g; s/"/\\"/g; s/^/"/; s/$$/\\n"/' $$1; }; \
	 { echo '#include "db/migrate.h"'; echo '#include <stddef.h>'; echo 'const struct db_migration db_migrations[] = {'; \
	   for f in $(sort $(wildcard db/migrations/*.sql)); do echo "{\"$$(basename $$f .sql)\","; quote $$f; echo '},'; done; \
	   echo '{NULL, NULL}};'; echo 'const char db_roles[] ='; quote db/roles.sql; echo ';'; } > $@
$(OUT)/db/migrations.o: $(OUT)/db/migrations.c
	@$(CC) $(CFLAGS) -MMD -MP -c $< -o $@

$(BIN)/handler: $(OUT)/handler/main.o $(OUT)/handler.a $(OUT)/render.a $(OUT)/db.a $(OUT)/infra.a
	@mkdir -p $(@D) && echo "  ld $@" && $(CC) $(LDFLAGS) $^ $(LIBS_handler) $(LIBS_render) $(LIBS_db) $(LIBS_infra) -o $@
$(BIN)/tracker: $(OUT)/tracker/main.o $(OUT)/tracker.a $(OUT)/db.a $(OUT)/infra.a
	@mkdir -p $(@D) && echo "  ld $@" && $(CC) $(LDFLAGS) $^ $(LIBS_tracker) $(LIBS_db) $(LIBS_infra) -o $@
$(BIN)/sandbox: $(OUT)/infra/sandbox/main.o $(OUT)/infra/sandbox.a $(OUT)/infra.a
	@mkdir -p $(@D) && echo "  ld $@" && $(CC) $(LDFLAGS) $^ $(LIBS_sandbox) $(LIBS_infra) -o $@

# --- tests: tests/<folder>/test_<module>.c is one program; those of tests/db are run by the Python beside them --------

UNIT_TESTS := $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/infra/test_*.c tests/render/test_*.c \
              tests/handler/test_*.c tests/tracker/test_*.c))
FUZZ_TARGETS := $(patsubst tests/%.c,$(OUT)/tests/%,$(filter-out %/fuzz.c %/replay.c,$(wildcard tests/fuzz/*.c)))
DB_TESTS   := $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/db/*.c))
BENCHES    := $(patsubst tests/%.c,$(OUT)/tests/%,$(wildcard tests/bench/*.c))

$(OUT)/tests/%: $(OUT)/tests/%.o $(OUT)/handler.a $(OUT)/tracker.a $(OUT)/render.a $(OUT)/db.a $(OUT)/infra.a
	@echo "  ld $@" && $(CC) $(LDFLAGS) $(filter %.o,$^) $(filter %.a,$^) $(LIBS_handler) $(LIBS_tracker) $(LIBS_render) $(LIBS_db) $(LIBS_infra) -lcmocka -o $@
.SECONDARY: # objects stay
$(filter $(OUT)/tests/render/%,$(UNIT_TESTS)) $(OUT)/tests/render/cards $(OUT)/tests/bench/render: \
    $(addprefix $(OUT)/tests/render/,cases.o compare.o sample.o sample_chart.o)
$(OUT)/tests/handler/test_environment: EXTRA_LDFLAGS += -Wl,--wrap=sched_getaffinity
$(OUT)/tests/handler/test_prefork: EXTRA_LDFLAGS += -Wl,--wrap=sigtimedwait
$(OUT)/tests/render/test_names: EXTRA_LDFLAGS += -Wl,--wrap=image_to_jpeg
$(OUT)/tests/bench/render: EXTRA_LDFLAGS += -Wl,--wrap=image_to_jpeg,--wrap=image_to_png
$(OUT)/tests/infra/test_http_client $(OUT)/tests/infra/test_rest $(OUT)/tests/handler/test_avatars: $(OUT)/tests/infra/scripted_server.o

# Replays what is in its corpus; libFuzzer has a main of its own.
$(FUZZ_TARGETS): $(OUT)/tests/fuzz/fuzz.o $(if $(filter fuzz,$(FLAVOUR)),,$(OUT)/tests/fuzz/replay.o)
$(FUZZ_TARGETS): EXTRA_LDFLAGS += $(if $(filter fuzz,$(FLAVOUR)),-fsanitize=fuzzer)

STEPPED_CLOCK := $(OUT)/tests/e2e/stepped_clock.so
$(STEPPED_CLOCK): tests/e2e/stepped_clock.c
	@mkdir -p $(@D)
	@echo "  cc $<" && $(CC) $(filter-out -fsanitize%,$(CFLAGS)) -shared -fPIC $< -o $@

.PHONY: tests
tests: programs $(UNIT_TESTS) $(DB_TESTS) $(FUZZ_TARGETS) $(STEPPED_CLOCK)

unit: test-deps
	@+$(SUBMAKE) tests
	@for t in $(UNIT_TESTS); do $$t >$$t.log 2>&1 && echo "ok   $$t" || { cat $$t.log; echo "FAILED $$t"; exit 1; }; done
	@for t in $(FUZZ_TARGETS); do $$t tests/fuzz/corpus/$${t##*/} >$$t.log 2>&1 && echo "ok   $$t" || { cat $$t.log; echo "FAILED $$t"; exit 1; }; done

# To run a part: make test PYTEST="db -k fence"
PYTEST ?=
test: unit
	@cd tests && BIN=$(abspath $(BIN)) TESTS=$(abspath $(OUT)/tests) /usr/bin/python3 -m pytest $(PYTEST)

# Random evenings for so long.
MINUTES ?= 30
soak: test-deps
	@+$(SUBMAKE) tests
	@cd tests && BIN=$(abspath $(BIN)) TESTS=$(abspath $(OUT)/tests) /usr/bin/python3 soak.py $(MINUTES)

# The numbers to reach, beside what this machine does; a part of them with ONLY=render, say.
ONLY ?=
bench: test-deps
	@+$(SUBMAKE) programs $(BENCHES) $(DB_TESTS)
	@cd tests/bench && BIN=$(abspath $(BIN)) TESTS=$(abspath $(OUT)/tests) ONLY="$(ONLY)" PYTHONPATH=.. PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 run.py

asan: export LSAN_OPTIONS = suppressions=$(abspath tests/lsan.supp):print_suppressions=0
asan:
	@+$(SUBMAKE) test FLAVOUR=asan

# Outside bytes of every kind, each for so long; a part with ONLY=avatar,websocket, say.
FUZZ_SECONDS ?= 60
fuzz: fuzz-deps
	@+$(SUBMAKE) fuzz-targets FLAVOUR=fuzz
	@FUZZ_SECONDS=$(FUZZ_SECONDS) ONLY="$(ONLY)" tests/fuzz/run
.PHONY: fuzz fuzz-targets fuzz-deps
fuzz-targets: $(FUZZ_TARGETS)
	@:

.PHONY: coverage coverage-deps
# The whole of `make test`, and which lines and branches it ran. What is killed writes no counters.
coverage: coverage-deps
	@find build/coverage -name '*.gcda' -delete 2>/dev/null || true
	@+$(SUBMAKE) test FLAVOUR=coverage; failed=$$?; tests/coverage build/coverage && exit $$failed

lint: lint-deps
	@+$(SUBMAKE) programs
	@tests/lint

# The cards as they are now become those that `make test` expects.
pictures: deps
	@+$(SUBMAKE) $(OUT)/tests/render/cards
	@rm -rf tests/render/pictures && mkdir tests/render/pictures
	@$(OUT)/tests/render/cards tests/render/pictures

run: all
	@infra/sandbox/run

register: all
	@build/handler --register

# Of what `make run` has started for the real Discord.
check: all
	@DATABASE_URL="$$(infra/sandbox/postgres url data/postgres) user=vcledger-handler" build/handler --check

# The image of infra/deploy/Containerfile; as root.
IMAGE := build/container/vcledger.tar
IMAGE_IS_OF := Makefile .dockerignore $(addprefix infra/deploy/,Containerfile collect-image install-packages make-container packages.txt) \
               $(wildcard db/*.[ch] db/roles.sql db/migrations/*.sql handler/* infra/*.[ch] render/* tracker/*)
container:
	@infra/deploy/install-packages container
	@$(MAKE) --no-print-directory $(IMAGE)
$(IMAGE): $(IMAGE_IS_OF)
	@infra/deploy/make-container

# --- installing: `make && sudo make install` -------------------------------------------------------------------------

PREFIX  ?= /usr/local
DESTDIR ?=
UNITS   := vcledger-handler.service vcledger-tracker.service
UNITDIR := $(DESTDIR)$(PREFIX)/lib/systemd/system

.PHONY: install uninstall
# Settings that are there stay as they are.
install: programs
	@install -D -t $(DESTDIR)$(PREFIX)/bin $(BIN)/handler $(BIN)/tracker
	@install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/vcledger render/fonts.conf
	@install -d $(UNITDIR) $(DESTDIR)/etc/vcledger
	@for u in $(UNITS); do sed 's|/usr/local/|$(PREFIX)/|' infra/deploy/$$u >$(UNITDIR)/$$u; chmod 644 $(UNITDIR)/$$u; done
	@for e in handler.env tracker.env owner.env; do [ -e $(DESTDIR)/etc/vcledger/$$e ] || \
	   install -m 600 infra/deploy/$$e $(DESTDIR)/etc/vcledger/$$e; done

uninstall:
	@rm -f $(addprefix $(DESTDIR)$(PREFIX)/bin/,handler tracker) $(addprefix $(UNITDIR)/,$(UNITS))
	@rm -rf $(DESTDIR)$(PREFIX)/share/vcledger

format:
	@git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format -i

# What was counted for a real server is in data/ and stays.
clean:
	@for p in build/run/postgres build/bench/postgres; do [ ! -d $$p ] || infra/sandbox/postgres remove $$p; done
	rm -rf build

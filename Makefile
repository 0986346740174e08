# SPDX-License-Identifier: MIT
# Trivet. `make demo` shows it at work, `make test` proves it; both install what they miss (Debian).
# One build folder per flavour, so that sanitizer objects never meet release ones.

# As many jobs as processors, unless the command line says otherwise.
ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif
# V=1 prints whole commands.
Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' $(1) $(2))

FLAVOUR ?= release
ifeq ($(filter $(FLAVOUR),release asan tsan clang),)
$(error FLAVOUR is one of release asan tsan clang, not $(FLAVOUR))
endif
BUILD := $(if $(filter release,$(FLAVOUR)),build,build/$(FLAVOUR))

CC ?= cc
CSTD := -std=c11 -D_GNU_SOURCE
WARN := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
OPT := -O2 -g
SANITIZE :=
ifeq ($(FLAVOUR),asan)
OPT := -O1 -g -fno-omit-frame-pointer
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -DTVI_MAP_BYTES_DEFAULT=0x100000000
endif
ifeq ($(FLAVOUR),tsan)
OPT := -O1 -g -fno-omit-frame-pointer
SANITIZE := -fsanitize=thread -DTVI_MAP_BYTES_DEFAULT=0x100000000
endif
ifeq ($(FLAVOUR),clang)
CC := clang
endif
CFLAGS_ALL := $(CSTD) $(WARN) $(OPT) $(SANITIZE) -fPIC -fvisibility=hidden -pthread -MMD -MP $(CFLAGS)
LDFLAGS_ALL := $(SANITIZE) -pthread $(LDFLAGS)
LIBS := -llmdb -llz4 -lxxhash -lm
SQL_LIBS := -lsqlite3

# What each folder may include: the layering, enforced by the search path.
INC_engine := -Iengine
INC_kv := -Iengine -Ikv
INC_graph := -Iengine -Igraph
INC_sql := -Iengine -Ikv -Igraph -Isql
INC_bench := $(INC_sql) -Ibench
INC_tests := $(INC_bench) -Itests/support

SRC_engine := $(wildcard engine/*.c)
SRC_kv := $(wildcard kv/*.c)
SRC_graph := $(wildcard graph/*.c)
SRC_shell := $(wildcard sql/shell*.c)
SRC_extension := $(wildcard sql/extension.c)
SRC_sql := $(filter-out $(SRC_shell) $(SRC_extension),$(wildcard sql/*.c))
SRC_bench := $(wildcard bench/*.c)
SRC_lib := $(SRC_engine) $(SRC_kv) $(SRC_graph) $(SRC_sql)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
# The parser that lemon makes of sql/query_grammar.y.
GRAMMAR := $(BUILD)/gen/query_grammar
OBJ_grammar := $(BUILD)/obj/sql/query_grammar.o
OBJ_lib := $(call obj,$(SRC_lib)) $(OBJ_grammar)
OBJ_shell := $(call obj,$(SRC_shell))
OBJ_bench := $(call obj,$(SRC_bench))
# The loadable extension calls SQLite through the host's pointers: sql/ is compiled a second time.
OBJ_extension := $(patsubst %.c,$(BUILD)/obj-ext/%.o,$(SRC_sql) $(SRC_extension)) \
  $(call obj,$(SRC_engine) $(SRC_kv) $(SRC_graph)) $(OBJ_grammar)

TEST_SRC := $(filter-out tests/support/%,$(wildcard tests/*/test_*.c))
TEST_BIN := $(patsubst tests/%.c,$(BUILD)/tests/%,$(TEST_SRC))
TEST_SCRIPT := $(filter-out tests/support/%,$(wildcard tests/*/test_*.sh tests/*/test_*.pl))
# Tests of the house and of examples are about files and tools, which sanitizers do not change.
ifneq ($(SANITIZE),)
TEST_SCRIPT := $(filter-out tests/house/% tests/embedding/%,$(TEST_SCRIPT))
endif
SUPPORT_OBJ := $(call obj,$(wildcard tests/support/*.c))

VERSION := $(shell sed -n 's/^.define TV_VERSION_STRING "\(.*\)"/\1/p' engine/trivet.h)
SOVERSION := $(firstword $(subst ., ,$(VERSION)))

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
DOCDIR ?= $(PREFIX)/share/doc/trivet
HEADERS := engine/trivet.h kv/trivet_kv.h graph/trivet_graph.h graph/trivet_graph_algo.h graph/trivet_graph_index.h graph/trivet_graph_text.h graph/trivet_graph_traverse.h sql/trivet_sql.h

PROGRAMS := $(if $(SRC_shell),$(BUILD)/trivet) $(if $(SRC_bench),$(BUILD)/trivet-bench)
# A host program without sanitizers cannot load an extension with them.
EXTENSION := $(if $(SANITIZE),,$(if $(SRC_extension),$(BUILD)/trivet.so))

.PHONY: all
all: $(BUILD)/libtrivet.a $(BUILD)/libtrivet.so $(PROGRAMS) $(EXTENSION) ## everything that is installed

# ---- Compiling ----

# A file that changes when the flags do, so that a change of flags compiles anew.
FLAGS_FILE := $(BUILD)/obj/flags
FLAGS_NOW := $(CC) $(CFLAGS_ALL)
# ... and one that changes when a file of the library comes or goes.
LIST_FILE := $(BUILD)/obj/list
keep_if_same = mkdir -p $(@D); printf '%s\n' '$(1)' | cmp -s - $@ || printf '%s\n' '$(1)' >$@
.PHONY: FORCE
$(FLAGS_FILE): FORCE
	@$(call keep_if_same,$(FLAGS_NOW))
$(LIST_FILE): FORCE
	@$(call keep_if_same,$(SRC_lib) $(SRC_extension))

define compile_rule
$(BUILD)/$(1)/$(2)/%.o: $(2)/%.c $(FLAGS_FILE)
	@mkdir -p $$(@D)
	$$(call say,CC,$$<)
	$(Q)$$(CC) $$(CFLAGS_ALL) $(3) $$(INC_$(2)) -c $$< -o $$@
endef
$(foreach d,engine kv graph sql bench tests,$(eval $(call compile_rule,obj,$(d),)))
$(eval $(call compile_rule,obj-ext,sql,-DTVI_SQLITE_EXTENSION))

$(GRAMMAR).c: sql/query_grammar.y
	@mkdir -p $(@D)
	$(call say,LEMON,$<)
	$(Q)lemon -q -l -d$(@D) $<
# The frame that lemon puts around the rules has parameters that it does not use.
$(OBJ_grammar): $(GRAMMAR).c $(FLAGS_FILE)
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(CFLAGS_ALL) -Wno-unused -Wno-unused-parameter $(INC_sql) -c $< -o $@

# ---- Linking ----

# What the project's own programs link: every name that crosses files is visible to them.
INTERNAL := $(BUILD)/obj/libtrivet-internal.a
$(INTERNAL): $(OBJ_lib) $(LIST_FILE)
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(OBJ_lib)

# What others link: one object in which only the public names are global.
$(BUILD)/libtrivet.a: $(OBJ_lib) $(LIST_FILE)
	$(call say,AR,$@)
	$(Q)$(CC) -r -nostdlib -o $(BUILD)/obj/trivet.o $(OBJ_lib)
	$(Q)objcopy --wildcard --keep-global-symbol='tv_*' $(BUILD)/obj/trivet.o
	$(Q)rm -f $@ && ar rcs $@ $(BUILD)/obj/trivet.o
$(BUILD)/libtrivet.so: $(OBJ_lib) $(LIST_FILE)
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(LDFLAGS_ALL) -Wl,-soname,libtrivet.so.$(SOVERSION) -o $@ $(OBJ_lib) $(SQL_LIBS) $(LIBS)
	$(Q)ln -sf libtrivet.so $@.$(SOVERSION)
# -z defs: a direct call of SQLite, past the host's pointers, does not link.
$(BUILD)/trivet.so: $(OBJ_extension) $(LIST_FILE)
	$(call say,LD,$@)
	$(Q)printf '{ global: sqlite3_trivet_init; local: *; };\n' >$(BUILD)/obj/extension.map
	$(Q)$(CC) -shared $(LDFLAGS_ALL) -Wl,-z,defs \
	  -Wl,--version-script=$(BUILD)/obj/extension.map -o $@ $(OBJ_extension) $(LIBS)
$(BUILD)/trivet: $(OBJ_shell) $(INTERNAL)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(SQL_LIBS) $(LIBS) -ledit
$(BUILD)/trivet-bench: $(OBJ_bench) $(INTERNAL)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(SQL_LIBS) $(LIBS) -ldl

# Tests of bench/ and of the shell link those folders' objects too, but never their main().
$(BUILD)/obj/bench.a: $(OBJ_bench)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/obj/shell.a: $(OBJ_shell)
	$(Q)rm -f $@ && ar rcs $@ $^
$(BUILD)/tests/bench/%: $(BUILD)/obj/tests/bench/%.o $(SUPPORT_OBJ) $(BUILD)/obj/bench.a $(INTERNAL)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lcmocka $(SQL_LIBS) $(LIBS) -ldl
$(BUILD)/tests/sql/test_shell%: $(BUILD)/obj/tests/sql/test_shell%.o $(SUPPORT_OBJ) $(BUILD)/obj/shell.a $(INTERNAL)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lcmocka $(SQL_LIBS) $(LIBS) -ledit
$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(SUPPORT_OBJ) $(INTERNAL)
	@mkdir -p $(@D)
	$(call say,LD,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $^ -lcmocka $(SQL_LIBS) $(LIBS)

# ---- Dependencies ----

.PHONY: deps deps-peers
deps: ## install the Debian packages that building and testing need
	@.ci/deps make build test
deps-peers: ## install the engines that benchmarks compare with
	@.ci/deps peers
	@tests/support/fetch_duckdb build/peers

# ---- Showing and testing ----

.PHONY: demo test tests check-san check-queries
demo: ## load the machine's package index and ask it questions
	@.ci/deps build demo
	@+$(MAKE) --no-print-directory build/trivet-bench
	@build/trivet-bench demo --store build/demo.tv
tests: all $(TEST_BIN)
# ONLY=PATTERN runs the programs whose path contains it; TIMEOUT=SECONDS for each of them.
test: ## build and run all tests
	@.ci/deps build test
	@+$(MAKE) --no-print-directory tests
	@FLAVOUR=$(FLAVOUR) tests/support/run_tests --build $(BUILD) $(if $(ONLY),--only '$(ONLY)') \
	  $(if $(TIMEOUT),--timeout $(TIMEOUT)) $(TEST_BIN) $(TEST_SCRIPT)
check-queries: ## 100,000 random statements beside SQLite (QUERIES=N for another number)
	@+$(MAKE) --no-print-directory $(BUILD)/tests/sql/test_query_differential
	@TV_TEST_QUERIES=$(or $(QUERIES),100000) $(BUILD)/tests/sql/test_query_differential
check-san: ## all tests under the address and undefined behaviour sanitizers, then under TSan
	@+$(MAKE) --no-print-directory FLAVOUR=asan test
	@+$(MAKE) --no-print-directory FLAVOUR=tsan test

# ---- Lint ----

.PHONY: lint format
lint: ## layout, static analysis, layering, both compilers' warnings, exported names
	@.ci/deps build test lint
	@+$(MAKE) --no-print-directory --output-sync=target --keep-going tests lint-all
	@+$(MAKE) --no-print-directory --keep-going FLAVOUR=clang tests
	@echo "lint: nothing wrong"
include tests/lint/lint.mk
format: ## lay out all C files as .clang-format says
	@.ci/deps lint
	@clang-format -i $(wildcard $(foreach d,engine kv graph sql bench tests/*,$(d)/*.c $(d)/*.h))

# ---- Installing ----

# A folder as trivet.pc names it, so that the tree can be moved with its prefix.
below = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
.PHONY: install uninstall clean help
install: all ## install below DESTDIR and PREFIX
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(LIBDIR)/trivet \
	  $(DESTDIR)$(INCLUDEDIR) $(DESTDIR)$(DOCDIR)
	install -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)
	install -m 644 $(BUILD)/libtrivet.a $(DESTDIR)$(LIBDIR)
	install -m 755 $(BUILD)/libtrivet.so $(DESTDIR)$(LIBDIR)/libtrivet.so.$(VERSION)
	ln -sf libtrivet.so.$(VERSION) $(DESTDIR)$(LIBDIR)/libtrivet.so.$(SOVERSION)
	ln -sf libtrivet.so.$(SOVERSION) $(DESTDIR)$(LIBDIR)/libtrivet.so
	$(if $(PROGRAMS),install -m 755 $(PROGRAMS) $(DESTDIR)$(BINDIR))
	$(if $(EXTENSION),install -m 755 $(EXTENSION) $(DESTDIR)$(LIBDIR)/trivet)
	printf '%s\n' 'prefix=$(PREFIX)' 'libdir=$(call below,$(LIBDIR))' \
	  'includedir=$(call below,$(INCLUDEDIR))' '' \
	  'Name: Trivet' 'Description: Key-value store, graph and SQL over one file and one transaction' \
	  'Version: $(VERSION)' 'Libs: -L$${libdir} -ltrivet $(SQL_LIBS)' \
	  'Libs.private: $(LIBS) -pthread' 'Cflags: -I$${includedir}' \
	  >$(DESTDIR)$(LIBDIR)/pkgconfig/trivet.pc
	install -m 644 LICENSE README.md $(DESTDIR)$(DOCDIR)
	$(if $(DESTDIR),,-ldconfig 2>/dev/null)
uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR)$(INCLUDEDIR)/,$(notdir $(HEADERS))) \
	  $(addprefix $(DESTDIR)$(LIBDIR)/,libtrivet.a libtrivet.so libtrivet.so.$(SOVERSION) \
	    libtrivet.so.$(VERSION) trivet/trivet.so pkgconfig/trivet.pc) \
	  $(addprefix $(DESTDIR)$(BINDIR)/,trivet trivet-bench) \
	  $(addprefix $(DESTDIR)$(DOCDIR)/,LICENSE README.md)
	-rmdir $(DESTDIR)$(LIBDIR)/trivet $(DESTDIR)$(DOCDIR)
clean: ## remove everything built
	rm -rf build
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1|\2/p' Makefile | column -t -s '|'

# Objects are kept, and a rule that failed leaves no half-written file.
.SECONDARY:
.DELETE_ON_ERROR:
-include $(shell find $(BUILD)/obj $(BUILD)/obj-ext -name '*.d' 2>/dev/null)

# Trivet. `make demo` shows it at work, `make test` proves it; both install what they miss (Debian).
# One build folder per flavour, so that sanitizer objects never meet release ones.

FLAVOUR ?= release
ifeq ($(FLAVOUR),release)
BUILD := build
else
BUILD := build/$(FLAVOUR)
endif

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
SRC_extension := sql/extension.c
SRC_sql := $(filter-out $(SRC_shell) $(SRC_extension),$(wildcard sql/*.c))
SRC_bench := $(wildcard bench/*.c)
SRC_lib := $(SRC_engine) $(SRC_kv) $(SRC_graph) $(SRC_sql)

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
OBJ_lib := $(call obj,$(SRC_lib))
OBJ_shell := $(call obj,$(SRC_shell))
OBJ_bench := $(call obj,$(SRC_bench))

TEST_SRC := $(wildcard tests/*/test_*.c)
TEST_BIN := $(patsubst tests/%.c,$(BUILD)/tests/%,$(TEST_SRC))
SUPPORT_OBJ := $(call obj,$(wildcard tests/support/*.c))

.PHONY: all
all: $(BUILD)/libtrivet.a $(BUILD)/libtrivet.so $(if $(SRC_shell),$(BUILD)/trivet) $(if $(SRC_bench),$(BUILD)/trivet-bench)

define compile_rule
$(BUILD)/obj/$(1)/%.o: $(1)/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $(2) $$(INC_$(1)) -c $$< -o $$@
endef
$(foreach d,engine kv graph sql bench,$(eval $(call compile_rule,$(d),)))
$(BUILD)/obj/tests/%.o: tests/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) $(INC_tests) -c $< -o $@

$(BUILD)/libtrivet.a: $(OBJ_lib)
	@rm -f $@
	ar rcs $@ $^
$(BUILD)/libtrivet.so: $(OBJ_lib)
	$(CC) -shared $(LDFLAGS_ALL) -Wl,-soname,libtrivet.so.0 -o $@ $^ $(SQL_LIBS) $(LIBS)
$(BUILD)/trivet: $(OBJ_shell) $(BUILD)/libtrivet.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(SQL_LIBS) $(LIBS) -ledit
$(BUILD)/trivet-bench: $(OBJ_bench) $(BUILD)/libtrivet.a
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(SQL_LIBS) $(LIBS) -ldl

$(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(SUPPORT_OBJ) $(BUILD)/libtrivet.a
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ -lcmocka $(SQL_LIBS) $(LIBS)

.PHONY: tests
tests: $(TEST_BIN)

.SECONDARY:
-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

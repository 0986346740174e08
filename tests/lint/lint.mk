# SPDX-License-Identifier: MIT
# What `make lint` runs. Each check prints what is wrong as file:line; static analysis is done again
# only for files that changed, or when any header did.

LINT := build/lint
LINT_C := $(SRC_lib) $(SRC_shell) $(SRC_extension) $(SRC_bench) $(wildcard tests/*/*.c)
LINT_H := $(wildcard $(foreach d,engine kv graph sql bench tests/*,$(d)/*.h))
LINT_CHECKS := layout layers files links symbols headers scripts unit cppcheck tidy
LINT_FLAGS := $(CSTD) -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror

.PHONY: lint-all $(addprefix lint-,$(LINT_CHECKS))
lint-all: $(addprefix lint-,$(LINT_CHECKS))

lint-layout:
	@clang-format --dry-run -Werror $(LINT_C) $(LINT_H)
lint-layers:
	@tests/lint/include_lines
lint-files:
	@tests/lint/file_rules
lint-links:
	@tests/lint/doc_links
lint-symbols: all
	@tests/lint/object_symbols build
lint-scripts:
	@for script in $(wildcard .ci/* tests/lint/* tests/*/*.sh tests/*/*.pl tests/support/*); do \
	  case $$(head -n 1 $$script) in \
	  '#!'*perl*) perl -c $$script 2>&1 | sed '/syntax OK$$/d' ;; \
	  '#!'*bash*) bash -n $$script ;; \
	  '#!'*sh) sh -n $$script ;; \
	  esac || exit 1; \
	done

# A public header compiles by itself, as C99 and as C++.
lint-headers: $(HEADERS)
	@for header in $(HEADERS); do \
	  printf '#include "%s"\n' $$header | gcc -std=c99 -Wall -Wextra -Wpedantic -Werror $(INC_sql) -I. -fsyntax-only -xc - && \
	  printf '#include "%s"\n' $$header | clang++ -std=c++11 -Wall -Wextra -Werror $(INC_sql) -I. -fsyntax-only -xc++ - || exit 1; \
	done

# The library compiles as one unit: no static name and no macro means two things.
lint-unit: $(SRC_lib) $(LINT_H)
	@mkdir -p $(LINT)
	@printf '#include "%s"\n' $(SRC_lib) >$(LINT)/unit.c
	@gcc $(LINT_FLAGS) -Wno-shadow $(INC_sql) -I. -fsyntax-only $(LINT)/unit.c

lint-cppcheck: $(LINT_C) $(LINT_H) tests/lint/cppcheck.txt
	@mkdir -p $(LINT)/cppcheck
	@cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability --inline-suppr \
	  --suppressions-list=tests/lint/cppcheck.txt --cppcheck-build-dir=$(LINT)/cppcheck \
	  --template='{file}:{line}: {severity}: {message} [{id}]' --error-exitcode=1 -D_GNU_SOURCE \
	  -DTV_API= $(INC_tests) $(filter %.c,$(LINT_C))

.PHONY: lint-tidy
lint-tidy: $(patsubst %.c,$(LINT)/tidy/%.ok,$(LINT_C))
define tidy_rule
$(LINT)/tidy/$(1)/%.ok: $(1)/%.c $(LINT_H) .clang-tidy tests/.clang-tidy tests/lint/lint.mk
	@mkdir -p $$(@D)
	@clang-tidy --quiet $$< -- $$(CSTD) $$(INC_$(1)) -include tests/lint/analyser_model.h \
	  -DANALYSED_$$(notdir $$*) \
	  -Xclang -analyzer-config -Xclang deadcode.DeadStores:WarnForDeadNestedAssignments=false \
	  2>$$@.err >$$@.out || { cat $$@.out; grep -v 'warnings generated' $$@.err; exit 1; }
	@touch $$@
endef
$(foreach d,engine kv graph sql bench tests,$(eval $(call tidy_rule,$(d))))
$(LINT)/tidy/sql/extension.ok: CSTD += -DTVI_SQLITE_EXTENSION

# SPDX-License-Identifier: GPL-2.0-or-later
#
# One file for the whole project, no recursion into folders. Objects lie in build/VARIANT/, so that a release, a
# debug and a sanitizer build live side by side. A file of flags in each of them makes a change of compiler or
# flags rebuild what is in it, and nothing else. `make help` lists the targets, from the comments after ## below.
#
#   VARIANT=release|debug|asan|ubsan|tsan   (fuzz and afl are set by `make fuzz` and `make fuzz-afl`)
#   CC=gcc|clang   WERROR=1   V=1   DEPS=off   BUILD=folder   PREFIX=/usr/local   DESTDIR=
#   CFLAGS, CPPFLAGS, LDFLAGS, LDLIBS are the caller's, and come after the project's own.
#   FUZZ_SECONDS=n   `make fuzz` also runs each fuzzer for so long
#   STRESS_SECONDS=n `make stress` runs each workload for so long
#   CROSS=aarch64-linux-gnu   build with that compiler against SYSROOT (its own is fetched), in build/CROSS/;
#                    `make CROSS=... check` runs the tests under qemu-user

VERSION := 0.1.0
SOVERSION := 0

VARIANT ?= release
BUILD ?= build$(addprefix /,$(CROSS))
PREFIX ?= /usr/local
CROSS ?=
ifneq ($(CROSS),)
CROSS_ARCH := $(patsubst aarch64-%,arm64,$(patsubst x86_64-%,amd64,$(CROSS)))
ifndef SYSROOT
SYSROOT := $(shell . tests/guest/common.sh; echo "$$GUEST_CACHE")/sysroot-$(CROSS_ARCH)
FETCH_SYSROOT := tests/guest/fetch.sh sysroot $(CROSS_ARCH)
endif
PKG_CONFIG := PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(CROSS)/pkgconfig pkg-config
OBJCOPY ?= $(CROSS)-objcopy
EMULATOR ?= tests/guest/emulate.sh $(CROSS) $(SYSROOT)
endif
ifeq ($(origin CC),default)
CC := $(if $(CROSS),$(CROSS)-gcc --sysroot=$(SYSROOT),gcc)
endif
ifeq ($(origin AR),default)
AR := $(addsuffix -,$(CROSS))ar
endif
PKG_CONFIG ?= pkg-config
INSTALL ?= install
JOBS ?= $(shell nproc 2>/dev/null || echo 1)
OUT := $(BUILD)/$(VARIANT)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

# ---- flags ---------------------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(if $(filter 1,$(WERROR)),-Werror)

FLAGS_release := -O2 -g
FLAGS_debug := -Og -g3
FLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address
FLAGS_ubsan := -O1 -g -fno-omit-frame-pointer -fsanitize=undefined -fno-sanitize-recover=all -DSLABSCOPE_UBSAN
# gcc warns that it does not model fences (it may then see a race where there is none)
FLAGS_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread $(if $(findstring clang,$(CC)),,-Wno-tsan)
FLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address
FLAGS_afl := -O1 -g
ifeq ($(origin FLAGS_$(VARIANT)),undefined)
$(error VARIANT=$(VARIANT) is none of release, debug, asan, ubsan, tsan)
endif

PACKAGES := hwloc jansson inih libarchive zlib
TEST_PACKAGES := cmocka

# Asked for when first needed, and once: `make help` and `make deps` work where there is no pkg-config yet.
pkg = $(shell $(PKG_CONFIG) $(1) $(2) 2>/dev/null)
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(call pkg,--cflags,$(PACKAGES)))$(PKG_CFLAGS)
PKG_LIBS = $(eval PKG_LIBS := $$(call pkg,--libs,$(PACKAGES)))$(PKG_LIBS)
TEST_CFLAGS = $(eval TEST_CFLAGS := $$(call pkg,--cflags,$(TEST_PACKAGES)))$(TEST_CFLAGS)
TEST_LIBS = $(eval TEST_LIBS := $$(call pkg,--libs,$(TEST_PACKAGES)))$(TEST_LIBS)
ENGINE_LIBS = $(eval ENGINE_LIBS := $$(call pkg,--libs,hwloc) -pthread -ldl -lm)$(ENGINE_LIBS)

BASE_CPPFLAGS = -I. -D_GNU_SOURCE -DSLABSCOPE_VERSION='"$(VERSION)"' -DSLABSCOPE_VARIANT='"$(VARIANT)"'
ALL_CPPFLAGS = $(BASE_CPPFLAGS) $(PKG_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(FLAGS_$(VARIANT)) -pthread $(CFLAGS)
ALL_LDFLAGS = -pthread $(LDFLAGS)
ALL_LIBS = $(PKG_LIBS) -ldl -lm $(LDLIBS)

ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-7s %s\n'
endif

# ---- sources: every .c of a folder belongs to it -------------------------------------------------------------

src = $(sort $(wildcard $(1)/*.c $(1)/*/*.c))
LIB_SRC := $(call src,lib)
ENGINE_SRC := $(call src,engine)
PRELOAD_SRC := $(call src,preload)
MAIN_SRC := cli/main.c
APP_SRC := $(call src,workloads) $(call src,collectors) $(filter-out $(MAIN_SRC),$(call src,cli))
TEST_SRC := $(sort $(wildcard tests/test_*.c))
FUZZ_SRC := $(filter-out tests/fuzz_main.c,$(sort $(wildcard tests/fuzz_*.c)))
TEST_HELP_SRC := $(filter-out $(TEST_SRC) $(FUZZ_SRC) tests/fuzz_main.c,$(sort $(wildcard tests/*.c)))
BENCH_SRC := $(sort $(wildcard bench/*.c))
GUEST_SRC := $(sort $(wildcard tests/guest/*.c))
CLI_TESTS := $(sort $(wildcard tests/cli/*.sh))
SH_TESTS := $(sort $(wildcard tests/check_*.sh))
# In place of the thread sanitizer's runtime; see "the model's build"
HOOK_SRC := $(sort $(wildcard collectors/model/hooks/*.c))
ALL_SRC := $(LIB_SRC) $(ENGINE_SRC) $(PRELOAD_SRC) $(APP_SRC) $(MAIN_SRC) $(HOOK_SRC)
ALL_HDR := $(sort $(wildcard lib/*.h lib/*/*.h engine/*.h preload/*.h workloads/*.h collectors/*.h cli/*.h tests/*.h bench/*.h \
	engine/*/*.h workloads/*/*.h collectors/*/*.h collectors/model/hooks/*.h))

obj = $(patsubst %.c,$(OUT)/obj/%.o,$(1))
pic = $(patsubst %.c,$(OUT)/pic/%.o,$(1))
ALL_A := $(OUT)/all.a
HELP_A := $(OUT)/tests.a
TESTS := $(patsubst %.c,$(OUT)/%,$(TEST_SRC))
FUZZERS := $(patsubst %.c,$(OUT)/%,$(FUZZ_SRC))
BENCHES := $(patsubst bench/%.c,$(OUT)/bench_%,$(BENCH_SRC))
PROG := $(OUT)/slabscope
# The program whose memory accesses can be simulated; sanitizers have a use of their own for the same hooks
MODEL := $(if $(filter release debug,$(VARIANT)),$(OUT)/slabscope-model)
# ./slabscope is the release build of the default folder, and nothing else's
LINK := $(if $(filter build/release,$(OUT)),slabscope)

# What the engine uses of lib/. The shared library is linked with -z defs: one missing here does not link.
ENGINE_LIB := err opt opt_list rng
LIB_PART := $(addprefix lib/,$(addsuffix .c,$(ENGINE_LIB)))
LIBRARY_A := $(OUT)/libslabscope.a
LIBRARY_SO := $(OUT)/libslabscope.so.$(SOVERSION)
# The engine behind malloc: without hwloc (preload/machine.c stands in) and without the seam to other allocators.
# Sanitizers have a malloc of their own.
PRELOAD_PART := $(PRELOAD_SRC) $(LIB_PART) $(filter-out engine/machine_hwloc.c engine/allocator.c engine/peer.c \
	$(wildcard engine/alloc_*.c),$(ENGINE_SRC))
PRELOAD_SO := $(if $(filter release debug,$(VARIANT)),$(OUT)/libslabscope-malloc.so)
PUBLIC_HDR := engine/kmem_cache.h engine/fastpath.h engine/rseq.h engine/geometry.h engine/machine.h engine/slab_config.h \
	lib/err.h lib/opt.h

# ---- build ---------------------------------------------------------------------------------------------------

all: $(PROG) $(MODEL) $(LIBRARY_A) $(PRELOAD_SO) $(LINK) ## build ./slabscope and the engine's library (the default)

slabscope: $(PROG)
	$(Q)ln -sfn $(PROG) $@

# A stamp that is rewritten only when compiler or flags change.
STAMP := $(OUT)/flags
STAMP_TEXT = $(CC) $(shell $(CC) -dumpfullversion -dumpmachine 2>/dev/null) $(ALL_CPPFLAGS) $(ALL_CFLAGS) | $(ALL_LDFLAGS) \
	$(ALL_LIBS) $(TEST_CFLAGS) $(TEST_LIBS) $(MODEL_FLAGS) $(MODEL_RENAME) $(MODEL_HEAP)$(if \
	$(CROSS), $(shell cksum $(SYSROOT)/packages))
$(STAMP): FORCE | sysroot
	$(Q)$(PKG_CONFIG) --exists $(PACKAGES) || { echo "make: a library of '$(PACKAGES)' or $(PKG_CONFIG) is missing:" \
		"'make deps' installs what is needed" >&2; exit 1; }
	@mkdir -p $(OUT)
	@printf '%s\n' $(call quote,$(STAMP_TEXT)) | cmp -s - $@ || printf '%s\n' $(call quote,$(STAMP_TEXT)) >$@
.PHONY: sysroot
sysroot: # headers and libraries of CROSS; asks for nothing while they are those that its list names
	$(Q)$(or $(FETCH_SYSROOT),:)
quote = '$(subst ','\'',$(1))'
FORCE:

$(OUT)/obj/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(ALL_CPPFLAGS) $(if $(filter tests/%,$<),$(TEST_CFLAGS)) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The commit goes into the two objects that print it, and a new commit rebuilds only those.
COMMIT_OBJ := $(call obj,lib/host.c $(MAIN_SRC))
$(COMMIT_OBJ): $(OUT)/commit
$(COMMIT_OBJ): private BASE_CPPFLAGS += $(if $(COMMIT),-DSLABSCOPE_COMMIT='"$(COMMIT)"')
COMMIT = $(eval COMMIT := $$(shell [ -e .git ] && git describe --always --dirty 2>/dev/null))$(COMMIT)
$(OUT)/commit: FORCE
	@mkdir -p $(OUT)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' >$@

# The data files of events are put into an object as they are.
EVENT_DATA := $(wildcard collectors/events/*.csv collectors/events/*.ini)
$(OUT)/obj/collectors/perf/ev_data.o: $(EVENT_DATA)

# So are the targets of the model.
$(OUT)/obj/collectors/model/target_data.o: $(wildcard targets/*.ini)

$(OUT)/pic/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -fPIC -MMD -MP -c -o $@ $<

# Made anew each time, so that the object of a source that went away does not stay in it.
%.a:
	$(say) AR $@
	$(Q)rm -f $@ && $(AR) rcsD $@ $(filter %.o,$^)

$(ALL_A): $(call obj,$(LIB_SRC) $(ENGINE_SRC) $(APP_SRC))
$(LIBRARY_A): $(call pic,$(ENGINE_SRC) $(LIB_PART))
$(LIBRARY_SO): $(call pic,$(ENGINE_SRC) $(LIB_PART))
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -Wl,-soname,$(@F) \
		$(if $(findstring sanitize,$(ALL_CFLAGS)),,-Wl,-z,defs) \
		-o $@ $(filter %.o,$^) $(ENGINE_LIBS)
	$(Q)ln -sfn $(@F) $(OUT)/libslabscope.so

$(OUT)/libslabscope-malloc.so: $(call pic,$(PRELOAD_PART)) preload/malloc.map
	$(say) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -Wl,-soname,$(@F) -Wl,--version-script=preload/malloc.map \
		-Wl,-z,defs,-z,now,--as-needed -o $@ $(filter %.o,$^) -pthread -lm

link = $(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(filter %.a,$^)

$(OUT)/slabscope: $(call obj,$(MAIN_SRC)) $(ALL_A)
	$(say) LD $@
	$(link) $(ALL_LIBS)

# ---- the model's build ---------------------------------------------------------------------------------------

# The program once more, with engine and workloads instrumented: each of their loads and stores calls a hook of
# collectors/model/hooks/. gcc and clang are told to see volatile accesses and both halves of x++; copies are calls,
# which the renaming turns into hooks, also those that the compiler makes itself. Vectors of 32 bytes would not be seen,
# and a sibling call would hide which function is left: whatever the caller's CFLAGS ask for, these come after them.
MODEL_CC := $(if $(findstring clang,$(CC)),-mllvm -tsan-distinguish-volatile \
	-mllvm -tsan-instrument-read-before-write=1,--param=tsan-distinguish-volatile=1 -Wno-tsan)
MODEL_ARCH := $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),-mno-avx)
MODEL_FLAGS := -O2 -fsanitize=thread -fno-builtin -fno-optimize-sibling-calls -U_FORTIFY_SOURCE $(MODEL_ARCH) $(MODEL_CC) \
	-DWL_MODEL -DKMEM_PHASES
MODEL_RENAME := $(foreach f,memcpy memset memmove mmap,--redefine-sym $(f)=model_$(f))
# memory that is taken at set-up lies where nothing else moves it
MODEL_HEAP := $(foreach f,malloc calloc realloc free aligned_alloc posix_memalign,--redefine-sym $(f)=model_$(f))
# the C library's allocator as the one that is looked at
$(OUT)/model/engine/alloc_malloc.o $(OUT)/plain/engine/alloc_malloc.o: MODEL_HEAP :=
OBJCOPY ?= objcopy
seen = $(patsubst %.c,$(OUT)/model/%.o,$(1))
SEEN_SRC := $(ENGINE_SRC) $(call src,workloads)
HOOK_OBJ := $(call obj,$(HOOK_SRC))
# every collector and command, but for the word that this is the native build
NOT_MODEL := collectors/model/model_native.c
UNSEEN_SRC := $(LIB_SRC) $(call src,collectors) $(call src,cli)

$(OUT)/model/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(MODEL_FLAGS) -MMD -MP -c -o $@ $<
	$(Q)$(OBJCOPY) $(MODEL_RENAME) $(MODEL_HEAP) $@

$(HOOK_OBJ): private BASE_CPPFLAGS += -DWL_MODEL
$(OUT)/slabscope-model: $(call seen,$(SEEN_SRC)) $(HOOK_OBJ) \
		$(call obj,$(filter-out $(NOT_MODEL),$(UNSEEN_SRC)))
	$(say) LD $@
	$(link) $(ALL_LIBS)

# Programs of the tests that are instrumented, run by tests/check_model_*.sh and bench/model.sh: what the compiler makes
# seen of each construct; what is seen of the engine; loads, simulated and (model_plain) as they are.
MODEL_TESTS := $(addprefix $(OUT)/tests/model_,hooks engine load plain)
MODEL_TEST_SRC := $(wildcard tests/model/*.c)
plain = $(patsubst %.c,$(OUT)/plain/%.o,$(1))
# an archive: of the model's files only the machine is taken
SIM_A := $(OUT)/sim.a
$(SIM_A): $(call obj,$(filter-out $(NOT_MODEL),$(wildcard collectors/model/*.c)) $(LIB_SRC))

$(OUT)/plain/%.o: %.c $(STAMP)
	@mkdir -p $(@D)
	$(say) CC $@
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -DKMEM_NO_RSEQ -MMD -MP -c -o $@ $<
	$(Q)$(OBJCOPY) --redefine-sym mmap=model_mmap $(MODEL_HEAP) $@

$(MODEL_TESTS):
	@mkdir -p $(@D)
	$(say) LD $@
	$(link) $(TEST_LIBS) $(ALL_LIBS)
$(OUT)/tests/model_hooks: $(call seen,tests/model/construct.c) $(call obj,tests/model/hooks_main.c) $(HOOK_OBJ)
$(OUT)/tests/model_engine: $(call seen,$(SEEN_SRC)) $(HOOK_OBJ) $(call obj,tests/model/engine_main.c $(LIB_SRC)) $(HELP_A)
$(OUT)/tests/model_load: $(call seen,$(SEEN_SRC) tests/model/work.c) $(HOOK_OBJ) $(SIM_A) \
	$(call obj,tests/model/load_main.c tests/model/load_model.c tests/workloads_help.c)
$(OUT)/tests/model_plain: $(call plain,$(SEEN_SRC) tests/model/work.c) \
	$(call obj,tests/model/load_main.c tests/model/load_plain.c tests/workloads_help.c $(LIB_SRC) \
		$(NOT_MODEL) collectors/model/hooks/heap.c)

.PHONY: model-tests
model-tests: $(MODEL_TESTS)

-include $(patsubst %.o,%.d,$(call seen,$(SEEN_SRC) $(MODEL_TEST_SRC)) $(call obj,$(MODEL_TEST_SRC)) \
	$(call plain,$(SEEN_SRC) $(MODEL_TEST_SRC)))

# ---- tests and benchmarks ------------------------------------------------------------------------------------

# What several tests share: other .c files of tests/.
$(HELP_A): $(call obj,$(TEST_HELP_SRC))

$(TESTS): $(OUT)/tests/%: $(OUT)/obj/tests/%.o $(HELP_A) $(ALL_A)
	@mkdir -p $(@D)
	$(say) LD $@
	$(link) $(TEST_LIBS) $(ALL_LIBS)

# The same fuzzer three ways: a plain program that replays files or makes its inputs from a seed, libFuzzer, AFL++.
FUZZ_MAIN := $(if $(filter fuzz afl,$(VARIANT)),,$(OUT)/obj/tests/fuzz_main.o)
$(FUZZERS): $(OUT)/tests/%: $(OUT)/obj/tests/%.o $(FUZZ_MAIN) $(HELP_A) $(ALL_A)
	@mkdir -p $(@D)
	$(say) LD $@
	$(link) $(if $(FUZZ_MAIN),,-fsanitize=fuzzer) $(ALL_LIBS)

# What runs inside the emulated guests of tests/guest/.
GUEST_CHECK := $(OUT)/tests/guest-check
$(GUEST_CHECK): $(call obj,$(GUEST_SRC)) $(ALL_A)
	@mkdir -p $(@D)
	$(say) LD $@
	$(link) $(ALL_LIBS)

$(BENCHES): $(OUT)/bench_%: $(OUT)/obj/bench/%.o $(ALL_A)
	$(say) LD $@
	$(link) $(ALL_LIBS)

# Without the engine: it comes by LD_PRELOAD.
PRELOAD_TEST := $(OUT)/tests/preload_exercise
$(PRELOAD_TEST): $(call obj,tests/preload/exercise.c)
	@mkdir -p $(@D)
	$(say) LD $@
	$(link)

.PHONY: tests fuzzers benches library FORCE
tests: $(TESTS) ## build the test programs
fuzzers: $(FUZZERS)
benches: $(BENCHES)
library: $(LIBRARY_A) $(LIBRARY_SO) ## build libslabscope.a and libslabscope.so

-include $(patsubst %.o,%.d,$(call obj,$(ALL_SRC) $(TEST_SRC) $(FUZZ_SRC) $(TEST_HELP_SRC) tests/fuzz_main.c tests/preload/exercise.c $(BENCH_SRC) \
	$(GUEST_SRC)) \
	$(call pic,$(ENGINE_SRC) $(LIB_PART) $(PRELOAD_SRC)))

# ---- check, demo, bench --------------------------------------------------------------------------------------

# Each of these begins with the packages, and then starts make once more, which finds them.
again = +$(Q)$(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(JOBS)) DEPS=off
DEPS_CMD = $(if $(filter off,$(DEPS)),:,tools/deps.sh $(if $(CROSS),cross))

.PHONY: all check check-run check-long check-preload check-report demo bench predict peers deps help
deps: ## install the packages that are needed (or print the command)
	$(Q)tools/deps.sh

check: ## packages, build, include check, unit tests, command-line tests, a slice of each fuzzer
	$(Q)$(DEPS_CMD)
	$(again) check-build
	$(again) check-run

check-long: ## the same with longer tests and a hundred times the fuzzing; then check-preload
	$(Q)$(DEPS_CMD)
	$(Q)$(if $(filter off,$(DEPS)),:,tools/deps.sh programs) || echo "make: goes on without"
	$(again) check-build
	TEST_TIMEOUT=$${TEST_TIMEOUT:-3000} $(again) check-run SLABSCOPE_TEST_LONG=1
	$(again) check-preload

# Not test_pages, which limits the address space that a process has: the engine behind malloc has reserved more than that
# before it starts. Nor sanitizer builds, whose malloc is their own, nor what is there to run make and compilers.
# Nor perf.sh and run_command.sh, which look at what is preloaded and count a command's faults; nor those that want modelled
# misses to the unit: of the workload's own lines 3 instead of 1 lie in sets that hot lines fill (model_facts.sh: 24
# misses of objects instead of 8 in 4000 visits), as its memory lies elsewhere.
NOT_PRELOADED := $(addprefix tests/cli/,perf.sh run_command.sh model_facts.sh report.sh tune_brute.sh)
check-preload: ## unit and command-line tests of this project with the engine behind every malloc
	$(Q)$(DEPS_CMD)
	$(again) check-build
	$(Q)LD_PRELOAD=$(abspath $(OUT))/libslabscope-malloc.so SLABSCOPE_OUT=$(OUT) SLABSCOPE_BIN=$(abspath $(OUT))/slabscope \
		SLABSCOPE_VARIANT=$(VARIANT) CC="$(CC)" MAKE="$(MAKE)" \
		tests/run_tests.sh $(filter-out %/test_pages,$(TESTS)) $(filter-out tests/cli/preload% $(NOT_PRELOADED),$(CLI_TESTS))

.PHONY: check-build
check-build: all tests fuzzers library $(if $(MODEL),model-tests) $(if $(PRELOAD_SO),$(PRELOAD_TEST))

# Sanitizer variants leave out what starts make or measures: it would say the same again.
# So does a cross build, whose programs start others of theirs only where the kernel knows how to; and what repeats
# itself a given number of times there does so less often (SLABSCOPE_TEST_SHORT).
RUN_TESTS := $(TESTS) $(if $(CROSS),,$(if $(filter release debug,$(VARIANT)),$(SH_TESTS) $(CLI_TESTS))) $(FUZZERS)
check-run: include-check
	$(Q)SLABSCOPE_OUT=$(OUT) SLABSCOPE_BIN=$(abspath $(OUT))/slabscope SLABSCOPE_VARIANT=$(VARIANT) \
		SLABSCOPE_TEST_LONG=$(SLABSCOPE_TEST_LONG) SLABSCOPE_TEST_SHORT=$(or $(SLABSCOPE_TEST_SHORT),$(if $(CROSS),1)) \
		CC="$(CC)" MAKE="$(MAKE)" SLABSCOPE_EMULATOR="$(EMULATOR)" \
		tests/run_tests.sh $(RUN_TESTS)

check-report: ## reports in headless Chromium, which this installs: console, network, points, widths, light and dark
	$(Q)$(if $(filter off,$(DEPS)),:,tools/deps.sh browser) || echo "make: goes on without"
	$(again) all
	$(Q)SLABSCOPE_BIN=$(abspath $(OUT))/slabscope tests/run_tests.sh tests/browser/check.sh

demo: ## real caches with and without colour: tables, and results/demo/report.html (a minute or two)
	$(Q)$(DEPS_CMD)
	$(again) all
	$(Q)tools/demo.sh

# Optional, each of them: what is not here is left out, and said
peers: ## install the allocators that the engine is measured against; build the plug-in of DPDK
	$(Q)CC="$(CC)" DEPS=$(DEPS) tools/peers.sh $(BUILD) $(OUT)

bench: ## the engine against its peers, also behind malloc; the modelled machine against cachegrind and native time
	$(Q)$(DEPS_CMD)
	$(Q)CC="$(CC)" DEPS=$(DEPS) tools/peers.sh $(BUILD) $(OUT)
	$(Q)$(if $(filter off,$(DEPS)),:,tools/deps.sh programs) || echo "make: goes on without"
	$(again) all benches model-tests
	$(Q)if [ -f bench/bench.sh ]; then sh bench/bench.sh; \
		else for b in $(BENCHES); do $$b || exit 1; done; fi

predict: ## rank correlation of modelled memory time and measured time over a grid of configs (minutes)
	$(Q)$(DEPS_CMD)
	$(again) all $(OUT)/bench_predict
	$(Q)bench/predict.sh

# Exit code 77 of the script is a skip: what is missing, and its package, was said; CHECK_GUEST=required makes it fail.
GUESTS ?=
.PHONY: check-guest check-guest-faults
check-guest: ## real NUMA nodes and a real PMU in emulated guests: GUESTS='A B C', CHECK_GUEST=required
	$(Q)$(if $(filter off,$(DEPS)),:,tools/deps.sh guest) || echo "make: goes on without"
	+$(Q)MAKE="$(MAKE)" tests/guest/check.sh $(GUESTS) || [ $$? = 77 ]
check-guest-faults: ## seeded faults, each of which check-guest has to notice
	+$(Q)MAKE="$(MAKE)" tests/guest/faults.sh || [ $$? = 77 ]

.PHONY: fuzz fuzz-afl fuzz-run fuzz-afl-run
fuzz: ## build the fuzzers with libFuzzer in build/fuzz/tests/ (clang); FUZZ_SECONDS=n runs each
	$(again) VARIANT=fuzz CC=$(if $(filter clang%,$(CC)),$(CC),clang) fuzz-run
fuzz-run: $(FUZZERS)
	$(Q)tools/fuzz.sh libfuzzer "$(FUZZ_SECONDS)" $(FUZZERS)

fuzz-afl: ## build the fuzzers with AFL++ in build/afl/tests/ (afl-clang-fast); FUZZ_SECONDS=n runs each
	$(Q)command -v afl-clang-fast >/dev/null || { echo "make: fuzz-afl skipped: there is no afl-clang-fast (package afl++)"; exit 0; }; \
		$(MAKE) --no-print-directory DEPS=off VARIANT=afl CC=afl-clang-fast fuzz-afl-run
fuzz-afl-run: $(FUZZERS)
	$(Q)tools/fuzz.sh afl "$(FUZZ_SECONDS)" $(FUZZERS)

# The engine's locks and queues under threads; what `make check` runs of it is one round.
STRESS_SECONDS ?= 600
STRESS_JOBS ?= $(JOBS)
STRESS = tests/test_workloads_stress
.PHONY: stress
stress: ## each workload on threads under asan and tsan for STRESS_SECONDS=600, STRESS_JOBS of these runs at once (hours)
	$(again) VARIANT=asan $(BUILD)/asan/$(STRESS)
	$(again) VARIANT=tsan $(BUILD)/tsan/$(STRESS)
	$(Q)tools/stress.sh $(STRESS_SECONDS) $(STRESS_JOBS) $(BUILD)/asan/$(STRESS) $(BUILD)/tsan/$(STRESS)

# ---- install -------------------------------------------------------------------------------------------------

.PHONY: install uninstall clean
BINDIR = $(DESTDIR)$(PREFIX)/bin
LIBDIR = $(DESTDIR)$(PREFIX)/lib
INCDIR = $(DESTDIR)$(PREFIX)/include/slabscope
LIBEXECDIR = $(DESTDIR)$(PREFIX)/libexec/slabscope
SHAREDIR = $(DESTDIR)$(PREFIX)/share/slabscope
MANDIR = $(DESTDIR)$(PREFIX)/share/man/man1
# these keep their folders below share/slabscope/
SHARED := $(wildcard data/*/* plots/* examples/* targets/*)
MAN := $(wildcard docs/*.1 docs/man/*.1)

install: all library ## install under $(DESTDIR)$(PREFIX)
	$(Q)$(INSTALL) -d $(BINDIR) $(LIBDIR)/pkgconfig $(INCDIR) $(SHAREDIR) $(MANDIR)
	$(Q)$(INSTALL) -m 755 $(PROG) $(BINDIR)/slabscope
	$(Q)$(if $(MODEL),$(INSTALL) -d $(LIBEXECDIR) && $(INSTALL) -m 755 $(MODEL) $(LIBEXECDIR)/slabscope-model)
	$(Q)$(INSTALL) -m 644 $(LIBRARY_A) $(LIBDIR)/
	$(Q)$(INSTALL) -m 755 $(LIBRARY_SO) $(LIBDIR)/
	$(Q)ln -sfn libslabscope.so.$(SOVERSION) $(LIBDIR)/libslabscope.so
	$(Q)$(if $(PRELOAD_SO),$(INSTALL) -m 755 $(PRELOAD_SO) $(LIBDIR)/)
	$(Q)for h in $(PUBLIC_HDR); do \
		sed -E 's|#include "(engine\|lib)/([a-z_]+\.h)"|#include <slabscope/\2>|' $$h >$(INCDIR)/$${h##*/} || exit 1; done
	$(Q)sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' slabscope.pc.in >$(LIBDIR)/pkgconfig/slabscope.pc
	$(Q)for f in $(SHARED); do [ -f "$$f" ] || continue; \
		$(INSTALL) -D -m 644 "$$f" "$(SHAREDIR)/$$f" || exit 1; done
	$(Q)for f in $(EVENT_DATA); do $(INSTALL) -D -m 644 "$$f" "$(SHAREDIR)/events/$${f##*/}" || exit 1; done
	$(Q)for m in $(MAN); do $(INSTALL) -m 644 $$m $(MANDIR)/ || exit 1; done

uninstall: ## remove what install put there
	$(Q)rm -f $(BINDIR)/slabscope $(LIBDIR)/libslabscope.a $(LIBDIR)/libslabscope.so $(LIBDIR)/libslabscope.so.$(SOVERSION) \
		$(LIBDIR)/libslabscope-malloc.so \
		$(LIBDIR)/pkgconfig/slabscope.pc $(addprefix $(MANDIR)/,$(notdir $(MAN)))
	$(Q)rm -rf $(INCDIR) $(SHAREDIR) $(LIBEXECDIR)

clean: ## remove what was built (results stay)
	$(Q)rm -rf $(BUILD) slabscope

# ---- looking at the sources ----------------------------------------------------------------------------------

.PHONY: format format-check tidy cppcheck include-check lint
C_FILES := $(ALL_SRC) $(ALL_HDR) $(wildcard tests/*.c tests/preload/*.c tests/model/*.[ch] tests/guest/*.[ch] bench/peers/*.c) $(BENCH_SRC)
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy

# Its versions differ in details: only Debian 12's is asked whether a file is laid out as it should be.
CLANG_FORMAT_VERSION := 14
format: ## lay out every C file with clang-format
	$(Q)$(CLANG_FORMAT) -i $(C_FILES)
format-check: ## fail where clang-format 14 would change something
	$(Q)case "$$($(CLANG_FORMAT) --version)" in \
		*' version $(CLANG_FORMAT_VERSION).'*) $(CLANG_FORMAT) --dry-run -Werror $(C_FILES);; \
		*) echo "make: format-check skipped: wants clang-format $(CLANG_FORMAT_VERSION)";; esac
tidy: ## clang-tidy
	$(Q)printf '%s\n' $(ALL_SRC) | xargs -n 4 -P $(JOBS) sh -c \
		'bad=0; for f; do $(CLANG_TIDY) --quiet --warnings-as-errors="*" "$$f" -- -std=gnu11 \
		$(subst ','\'',$(ALL_CPPFLAGS)) 2>/dev/null || bad=1; done; exit $$bad' tidy
cppcheck: ## cppcheck
	$(Q)cppcheck -j $(JOBS) --quiet --std=c11 --language=c --enable=warning,performance,portability \
		--inline-suppr --error-exitcode=1 --suppressions-list=tools/cppcheck.txt $(BASE_CPPFLAGS) $(ALL_SRC)
include-check: ## fail on an include that points the wrong way
	$(Q)tools/include_check.sh
lint: include-check format-check cppcheck tidy ## the four checks above

help: ## this list
	@echo 'make [TARGET] [VARIANT=release|debug|asan|ubsan|tsan] [CC=gcc|clang] [WERROR=1] [V=1] [DEPS=off] ...'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | sort | \
		while IFS='|' read -r t d; do printf '  %-14s %s\n' "$$t" "$$d"; done

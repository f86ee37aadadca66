# SPDX-License-Identifier: GPL-2.0-only
#
# make [KERNEL=release]	build the modules for one kernel, default: this one
# make check		all tests, in build/check.tap (root)
# make demo		see a device's DMA go through an address space (root)
# make help		the rest

KERNEL ?= $(shell uname -r)
KDIR ?= /lib/modules/$(KERNEL)/build
OUT ?= build/modules/$(KERNEL)

# The kernels that are tested, and the root that holds each
SERIES := 6.1 6.12 7.2 6.1-arm64 6.12-arm64 7.2-arm64
root-6.1 := bookworm
root-6.12 := bookworm
root-7.2 := forky
root-6.1-arm64 := bookworm_arm64
root-6.12-arm64 := bookworm_arm64
root-7.2-arm64 := forky_arm64
release = $(shell sed -n 's/^$(1) //p' build/roots/$(root-$(1))/kernels)

.PHONY: modules
modules:
	@sh scripts/build-modules $(KERNEL) $(KDIR) $(OUT)

# make modules-SERIES [MUTATION=name] [POINTS=1] [DRIVER=1]: for a kernel of the roots;
# with points at which tests hold threads (tests/points); with a software IOMMU that takes
# the steps of drivers of hardware (tests/driver)
MUTATION_OUT = build/modules/$*$(addprefix -,$(MUTATION))$(if $(DRIVER),-driver)$(if $(POINTS),-points)
MUTATION_PATCH = $(addprefix tests/mutations/,$(addsuffix .patch,$(MUTATION)))
POINTS_FLAGS = $(if $(POINTS),KCFLAGS=-include$(CURDIR)/tests/points/points.h \
	KBUILD_EXTRA_SYMBOLS=$(CURDIR)/$(MUTATION_OUT)/points/Module.symvers)
# Make in the roots has no part in the jobs of this one
build_env = env MAKEFLAGS=-j$(shell nproc) $(cross)
# What scripts/lint has built is not built again
modules_env = $(build_env) KFLAGS='W=1 $(if $(SPARSE),C=2) $(POINTS_FLAGS) $(traced-$*)' \
	$(if $(DRIVER),FRAGMENT=$(CURDIR)/tests/driver)

# Variants of the debug kernel. kcov: they tell which of their code a thread runs; gcov: they
# count how often each line is run
variant = $(filter-out debug,$*)
traced-kcov := KCOV_INSTRUMENT=y
traced-gcov := GCOV_PROFILE=y

.PHONY: $(addprefix modules-,$(SERIES) debug kcsan kcov gcov)
.SECONDEXPANSION:
$(addprefix modules-,debug kcsan kcov gcov): modules-%:
	@scripts/debug-kernel $(variant)
	$(if $(POINTS),@scripts/in-root bookworm scripts/build-points \
		$$(scripts/debug-kernel $(variant) --build-dir) $(MUTATION_OUT))
	@scripts/in-root bookworm $(modules_env) scripts/build-modules $* \
		$$(scripts/debug-kernel $(variant) --build-dir) $(MUTATION_OUT) $(MUTATION_PATCH)
	@scripts/in-root bookworm $(build_env) scripts/build-test-modules \
		$$(scripts/debug-kernel $(variant) --build-dir) $(MUTATION_OUT)

cross = $(if $(filter %-arm64,$*),ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-)
$(addprefix modules-,$(SERIES)): modules-%: root-$$(root-$$*)
	$(if $(POINTS),@scripts/in-root $(root-$*) env $(cross) scripts/build-points \
		/lib/modules/$(call release,$*)/build $(MUTATION_OUT))
	@scripts/in-root $(root-$*) $(modules_env) scripts/build-modules $(call release,$*) \
		/lib/modules/$(call release,$*)/build $(MUTATION_OUT) $(MUTATION_PATCH)
	@scripts/in-root $(root-$*) $(build_env) scripts/build-test-modules \
		/lib/modules/$(call release,$*)/build $(MUTATION_OUT)

ROOTS := bookworm forky bookworm_arm64 forky_arm64
.PHONY: $(addprefix root-,$(ROOTS))
$(addprefix root-,$(ROOTS)): root-%:
	@scripts/root $*

.PHONY: tests tests-arm64
tests: root-bookworm root-forky
	@scripts/in-root bookworm $(build_env) $(MAKE) -s -C tests
tests-arm64: root-bookworm_arm64
	@scripts/in-root bookworm_arm64 $(build_env) $(MAKE) -s -C tests CROSS=aarch64-linux-gnu-

# On a machine that has Check, or else in the root
.PHONY: check-unit
check-unit:
	@if pkg-config --exists check 2>/dev/null; then $(MAKE) -s -C tests/unit; \
	else scripts/in-root bookworm $(MAKE) -s -C tests/unit; fi

# On a machine that has SPIN, or else in the root. [MODELS="areas ids"] [HOLDS=1]
.PHONY: check-model
check-model:
	@if command -v spin >/dev/null; then scripts/check-model $(if $(HOLDS),--holds) $(MODELS); \
	else scripts/in-root bookworm scripts/check-model $(if $(HOLDS),--holds) $(MODELS); fi

.PHONY: check check-all check-debug check-kcsan check-mutations lint
check:
	@scripts/check
check-all:
	@scripts/check --all
check-debug:
	@scripts/check --all --only /debug/
check-kcsan:
	@scripts/check --kcsan
check-mutations:
	@scripts/mutations
lint:
	@scripts/lint

# Two calls at once, each held at each of its steps (docs/testing.md):
# [KERNEL=6.12] [IOMMU=vtd-legacy|vtd-pasid|none] [SHARD=0/4] [CALLS=unmap,detach [WITH=map]]
# [SHOW=1]; with OPTIONS=list_first=1,id_first=1 on a software IOMMU that takes the steps of
# drivers
.PHONY: check-interleavings
POINTS_KERNEL = $(if $(filter file,$(origin KERNEL)),6.12,$(KERNEL))
check-interleavings: tests
	@$(MAKE) -s modules-$(POINTS_KERNEL) POINTS=1 $(if $(OPTIONS),DRIVER=1)
	@scripts/vm --kernel $(POINTS_KERNEL) --limit 28800 \
		--iommu $(or $(IOMMU),$(if $(OPTIONS),none,vtd-legacy)) \
		--modules build/modules/$(POINTS_KERNEL)$(if $(OPTIONS),-driver)-points \
		--append "$(addprefix INTERLEAVINGS_CALLS=,$(CALLS)) \
			$(addprefix INTERLEAVINGS_WITH=,$(WITH)) \
			$(addprefix INTERLEAVINGS_OPTIONS=,$(OPTIONS)) \
			$(addprefix INTERLEAVINGS_SHARD=,$(SHARD)) \
			$(addprefix INTERLEAVINGS_SHOW=,$(SHOW))" test-interleavings

# The hostile fuzzer (docs/testing.md): [SECONDS=60] [SEED=1] [KERNEL=6.12] [IOMMU=vtd-legacy];
# with REPLAY=0..5000 the calls with these numbers alone, of [ROUND=0], and with REDUCE=1 as
# well the few of them with which it fails. With KERNEL=kcov what reaches new code is added
# to the corpus
.PHONY: fuzz
FUZZ_SECONDS = $(or $(SECONDS),60)
fuzz: tests
	@$(MAKE) -s modules-$(POINTS_KERNEL)
ifdef REDUCE
	@scripts/fuzz-reduce --kernel $(POINTS_KERNEL) --iommu $(or $(IOMMU),vtd-legacy) \
		$(addprefix --seed ,$(SEED)) $(addprefix --round ,$(ROUND)) $(REPLAY)
else
	@scripts/vm --kernel $(POINTS_KERNEL) --iommu $(or $(IOMMU),vtd-legacy) \
		--limit $$(($(FUZZ_SECONDS) * 2 + 600)) --log build/fuzz \
		--append "STRESS_SECONDS=$(FUZZ_SECONDS) $(addprefix STRESS_SEED=,$(SEED)) \
			$(addprefix FUZZ_REPLAY=,$(REPLAY)) $(addprefix FUZZ_ROUND=,$(ROUND))" test-fuzz; \
		status=$$?; sed -n 's/^# corpus: //p' build/fuzz/output >> tests/vm/fuzz-corpus; \
		exit $$status
endif

# Which lines of the modules are run by all of it (docs/testing.md); [RUNS="vtd-legacy/test-map"]
.PHONY: coverage
coverage: tests
	@$(MAKE) -s modules-gcov
	@scripts/coverage $(RUNS)

# What it does is in tests/demo.c
.PHONY: demo
demo: root-forky modules-6.12 tests
	@scripts/vm --kernel 6.12 --iommu vtd-legacy demo

# In build/deb; and what becomes of them in clean Debian roots
.PHONY: deb check-packages
deb:
	@scripts/deb
check-packages:
	@scripts/check-packages

# [KERNEL=6.12] [WALL=1] [ROUNDS=N] [CASES=A,B] [SUBJECTS=A,B]
.PHONY: bench profile
BENCH_KERNELS = $(if $(filter file,$(origin KERNEL)),6.12 7.2,$(KERNEL))
bench: $(addprefix modules-,$(BENCH_KERNELS))
	@scripts/bench $(addprefix --kernel ,$(BENCH_KERNELS)) $(if $(WALL),--wall) \
		$(addprefix --rounds ,$(ROUNDS)) $(addprefix --cases ,$(CASES)) \
		$(addprefix --subjects ,$(SUBJECTS))
# CASE=... [SUBJECT=ioasid] [OP=map] [KERNEL=6.12]
profile: modules-$(firstword $(BENCH_KERNELS))
	@scripts/profile --kernel $(firstword $(BENCH_KERNELS)) --case "$(CASE)" \
		$(addprefix --subject ,$(SUBJECT)) $(addprefix --op ,$(OP))

.PHONY: clean
clean:
	rm -rf build/modules build/tests build/unit build/model build/check build/vm

.PHONY: help
help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile
	@echo "make check-unit		unit tests only (no root)"
	@echo "make check-model	models of the protocol, explored exhaustively (no root)"
	@echo "make check-all		the tests on all kernels and IOMMUs (root)"
	@echo "make check-debug	the debug kernel's tests only"
	@echo "make check-kcsan	what runs at the same time, looking for data races (root)"
	@echo "make check-interleavings	two calls at once, in every order of their steps (root)"
	@echo "make fuzz		calls at random, SECONDS=N SEED=S (root)"
	@echo "make coverage		which lines are run by all tests and the fuzzer (root)"
	@echo "make check-mutations	take safety steps out, see the tests turn red"
	@echo "make lint		W=1, sparse, checkpatch, layers"
	@echo "make deb		Debian packages, in build/deb (root)"
	@echo "make check-packages	install, upgrade and purge them in clean roots (root)"
	@echo "make bench		what mapping costs, beside VFIO and iommufd (root)"
	@echo "make profile CASE=pair	where the instructions go (root)"
	@echo "make clean		remove what was built, but not the roots"

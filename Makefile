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
SERIES := 6.1 6.12 7.2
root-6.1 := bookworm
root-6.12 := bookworm
root-7.2 := forky
release = $(shell sed -n 's/^$(1) //p' build/roots/$(root-$(1))/kernels)

.PHONY: modules
modules:
	@scripts/build-modules $(KERNEL) $(KDIR) $(OUT)

# make modules-SERIES [MUTATION=name]: for a kernel of the roots
MUTATION_OUT = build/modules/$*$(addprefix -,$(MUTATION))
MUTATION_PATCH = $(addprefix tests/mutations/,$(addsuffix .patch,$(MUTATION)))

.PHONY: $(addprefix modules-,$(SERIES)) modules-debug
.SECONDEXPANSION:
modules-debug: modules-%:
	@scripts/debug-kernel
	@scripts/in-root bookworm scripts/build-modules debug \
		$$(scripts/debug-kernel --build-dir) $(MUTATION_OUT) $(MUTATION_PATCH)

$(addprefix modules-,$(SERIES)): modules-%: root-$$(root-$$*)
	@scripts/in-root $(root-$*) scripts/build-modules $(call release,$*) \
		/lib/modules/$(call release,$*)/build $(MUTATION_OUT) $(MUTATION_PATCH)

.PHONY: root-bookworm root-forky
root-bookworm root-forky: root-%:
	@scripts/root $*

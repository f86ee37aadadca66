# SPDX-License-Identifier: GPL-2.0-only
# The Makefile of the packaged sources. dkms.conf calls it; the + hands on how
# many jobs DKMS allows.
modules:
	+@scripts/build-modules $(KERNEL) $(KDIR) $(OUT)

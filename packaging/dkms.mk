# SPDX-License-Identifier: GPL-2.0-only
# The Makefile of the packaged sources. dkms.conf calls it; the + hands on how
# many jobs DKMS allows. By sh, for /var/lib may be mounted noexec.
modules:
	+@sh scripts/build-modules $(KERNEL) $(KDIR) $(OUT)

# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2034,SC2154
# For dkms.conf files, which are bash: have DKMS skip a kernel that cannot have the
# modules (module/compat/required), and say why. Without it such a kernel's headers
# make the installation of our package fail, and the package theirs.
#
# With BUILD_EXCLUSIVE_KERNEL the build's exit status is 77, which the packages take
# for success. autoinstall of DKMS 3.0.10 takes it for a failure, but leaves out what
# has no AUTOINSTALL. There $kernelver is a kernel that has the modules already: the
# one that it is asked for is a variable of that name further out, which unset uncovers.
case " ${FUNCNAME[*]} " in
*" autoinstall "*) skip_kernel=$(unset -v kernelver; echo "$kernelver") ;;
*) skip_kernel= ;;
esac
: "${skip_kernel:=$kernelver}"
skip_kdir=$kernel_source_dir
[ "$skip_kernel" = "$kernelver" ] || skip_kdir=/lib/modules/$skip_kernel/build

# What DKMS says of missing headers is enough
if [ -e "$skip_kdir/Makefile" ] &&
	! skip_why=$(sh "${BASH_SOURCE[0]%/*}/../scripts/build-modules" --check \
		"$skip_kernel" "$skip_kdir" 2>&1)
then
	BUILD_EXCLUSIVE_KERNEL=none
	AUTOINSTALL=
	echo "$PACKAGE_NAME is skipped: ${skip_why#build-modules: }" >&2
fi

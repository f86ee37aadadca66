/* SPDX-License-Identifier: GPL-2.0-only */
/* What Linux's iommufd ABI has of VT-d; as compat/iommufd_abi.h otherwise. */
#ifndef IOASID_VTD_ABI_H
#define IOASID_VTD_ABI_H

#include <linux/types.h>

#define IFD_HW_INFO_TYPE_INTEL_VTD	1

struct ifd_hw_info_vtd {
	__u32 flags;
	__u32 __reserved;
	__aligned_u64 cap_reg;
	__aligned_u64 ecap_reg;
};

#endif /* IOASID_VTD_ABI_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A second number of a physical device's PASID: behind both is the same.
 */
#include <linux/err.h>

#include "attach/cpu.h"
#include "attach/device.h"
#include "attach/error.h"
#include "attach/lookup.h"
#include "attach/numbers.h"
#include "attach/pasid.h"
#include "attach/pasid_alias.h"
#include "attach/pasids.h"
#include "ioas/ioas.h"

/**
 * ioasid_pasid_alias() - give an attached PASID a second number
 * @idev: the binding, of a device that has PASIDs
 * @number: the PASID
 * @alias: the second number
 *
 * Return: 0, or an error as IOASID_DEVICE_ALIAS says.
 */
int ioasid_pasid_alias(struct ioasid_device *idev, u32 number, u32 alias)
{
	struct ioasid_pasid *pasid;
	int ret;

	if (ioasid_pasids_are_mediated(idev))
		return -EOPNOTSUPP;
	ret = ioasid_numbers_check(idev->numbers, alias);
	if (ret || !number)
		return -EINVAL;
	pasid = ioasid_pasid_find(idev, number);
	if (IS_ERR_OR_NULL(pasid))
		return pasid ? PTR_ERR(pasid) : -EINVAL;
	if (pasid->route.alias)
		return -EBUSY;

	/* Reserved: nothing can fail once it is attached, and no look-up finds it before */
	ret = ioasid_numbers_reserve(idev->numbers, alias);
	if (ret)
		return ret;
	ret = ioasid_cpu_reserve_alias(pasid, alias);
	if (ret)
		goto give_back;
	ret = ioasid_attach_error(ioasid_ioas_alias(&pasid->point->point, &pasid->route, alias));
	if (ret)
		goto release;
	ioasid_numbers_publish(idev->numbers, alias, pasid);
	ioasid_cpu_publish_alias(pasid, alias);
	return 0;

release:
	ioasid_cpu_release_alias(pasid, alias);
give_back:
	ioasid_numbers_give_back(idev->numbers, alias);
	return ret;
}

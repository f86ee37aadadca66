// SPDX-License-Identifier: GPL-2.0-only
/*
 * Putting address spaces behind bound devices, by RID or by PASID. This is the
 * in-kernel API for the drivers of those devices.
 */
#include <linux/err.h>
#include <linux/pci.h>
#include <linux/platform_device.h>

#include "attach/attach.h"
#include "attach/device.h"
#include "attach/group.h"
#include "attach/group_attach.h"
#include "attach/hwpt.h"
#include "attach/lookup.h"
#include "attach/mediated.h"
#include "attach/no_snoop.h"
#include "attach/numbers.h"
#include "attach/pasid_alias.h"
#include "attach/pasid_attach.h"
#include "attach/pasids.h"
#include "attach/trace.h"
#include "include/ioasid_api.h"

/*
 * What there is behind the RID of a device is its group's; of a mediated one its
 * driver's to work in, or, with PASIDs, its default one.
 */
static bool has_default_pasid(const struct ioasid_device *idev)
{
	return idev->mediated && idev->pasids;
}

static struct mutex *attach_lock(struct ioasid_device *idev)
{
	return idev->mediated ? &idev->mediated->lock : &idev->group->lock;
}

/* What this binding has attached, 0: nothing, or it has ended */
static u32 device_ioasid(const struct ioasid_device *idev)
{
	if (has_default_pasid(idev))
		return ioasid_pasid_ioasid(idev, 0);
	return idev->mediated ? ioasid_mediated_ioasid(idev) :
				ioasid_group_ioasid(idev);
}

static int route_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas,
		      u32 flags)
{
	u32 number = 0, old;

	if (has_default_pasid(idev))
		return ioasid_pasid_attach(idev, ioas, flags, &number, &old);
	return idev->mediated ? ioasid_mediated_attach(idev, ioas) :
				ioasid_group_attach(idev, ioas,
						    flags & IOASID_ATTACH_NO_SNOOP);
}

/* For what is attached where nothing was: what replaces it does not pay anew */
static int rid_charge(struct ioasid_device *idev)
{
	if (has_default_pasid(idev) || device_ioasid(idev))
		return 0;
	return ioasid_charge(&idev->charge, IOASID_LIMIT_ATTACHMENTS, 1);
}

/* What a binding has attached has another name, or none */
static void set_hwpt(struct ioasid_device *idev, struct ioasid_hwpt *hwpt)
{
	ioasid_hwpt_unuse(idev->hwpt);
	idev->hwpt = hwpt;
}

/* Nothing is attached to it */
static void rid_gone(struct ioasid_device *idev)
{
	set_hwpt(idev, NULL);
	ioasid_uncharge(&idev->charge);
}

/* Who may not fail is not @killable */
static int rid_detach(struct ioasid_device *idev, bool killable)
{
	u32 ioasid = device_ioasid(idev);
	int ret;

	if (has_default_pasid(idev))
		ret = ioasid_pasid_detach(idev, 0, &ioasid);
	else
		ret = idev->mediated ? ioasid_mediated_detach(idev, killable) :
				       ioasid_group_detach(idev);
	if (!ret)
		rid_gone(idev);
	trace_ioasid_detach(idev, ioasid, IOASID_NO_PASID, ret);
	return ret;
}

/**
 * ioasid_device_detach_all() - end all that a binding has attached
 * @idev: the binding
 *
 * Never fails, needs no memory.
 */
void ioasid_device_detach_all(struct ioasid_device *idev)
{
	bool attached = has_default_pasid(idev) ? ioasid_pasid_is_taken(idev, 0) :
						  device_ioasid(idev);

	/*
	 * Only this binding changes it. If it is attached nobody has the lock who
	 * waits for a user; if not another device's attach may
	 */
	if (attached) {
		mutex_lock(attach_lock(idev));
		rid_detach(idev, false);
		mutex_unlock(attach_lock(idev));
	}
	if (idev->pasids)
		ioasid_pasid_detach_all(idev);
	ioasid_no_snoop_tell(idev->ctx);
}

static void trace_attach(struct ioasid_device *idev, u32 old, u32 ioasid,
			 s32 pasid, int ret)
{
	if (old)
		trace_ioasid_replace(idev, old, ioasid, pasid, ret);
	else
		trace_ioasid_attach(idev, ioasid, pasid, ret);
}

/* Put an address space behind the RID, named by @hwpt if that is not NULL */
static int rid_attach(struct ioasid_device *idev, struct ioasid_ioas *ioas,
		      struct ioasid_hwpt *hwpt, u32 flags)
{
	u32 old;
	int ret;

	ret = mutex_lock_killable(attach_lock(idev));
	if (ret)
		return ret;
	ret = hwpt ? ioasid_hwpt_use(hwpt) : 0;
	if (ret)
		goto unlock;
	old = device_ioasid(idev);
	ret = rid_charge(idev);
	ret = ret ?: route_attach(idev, ioas, flags);
	if (ret)
		ioasid_hwpt_unuse(hwpt);
	else
		set_hwpt(idev, hwpt);
	/* The old one may have ended in the attempt */
	if (!device_ioasid(idev))
		rid_gone(idev);
	trace_attach(idev, old, ioas->obj.id, IOASID_NO_PASID, ret);
unlock:
	mutex_unlock(attach_lock(idev));
	ioasid_no_snoop_tell(idev->ctx);
	return ret;
}

/*
 * @id is of an address space, or of a page table of one, which is in *@hwpt then. Both
 * are to be given back
 */
static struct ioasid_ioas *get_by_id(struct ioasid_device *idev, u32 id,
				     struct ioasid_hwpt **hwpt)
{
	struct ioasid_ioas *ioas = ioasid_ioas_get(idev->ctx, id);

	*hwpt = NULL;
	if (ioas)
		return ioas;
	*hwpt = ioasid_hwpt_get(idev->ctx, id);
	if (!*hwpt)
		return ERR_PTR(-ENOENT);
	if (!idev->group || !ioasid_hwpt_is_for(*hwpt, idev->group)) {
		ioasid_hwpt_put(*hwpt);
		return ERR_PTR(-EINVAL);
	}
	refcount_inc(&(*hwpt)->ioas->obj.refs);
	return (*hwpt)->ioas;
}

static int attach_by_id(struct ioasid_device *idev, u32 id, u32 flags)
{
	struct ioasid_hwpt *hwpt;
	struct ioasid_ioas *ioas = get_by_id(idev, id, &hwpt);
	int ret;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = rid_attach(idev, ioas, hwpt, flags);
	ioasid_ioas_put(ioas);
	ioasid_hwpt_put(hwpt);
	return ret;
}

/* The same behind a PASID, if the device has any */
static int attach_pasid_by_id(struct ioasid_device *idev, u32 id, u32 flags, u32 *pasid)
{
	struct ioasid_hwpt *hwpt;
	struct ioasid_ioas *ioas = get_by_id(idev, id, &hwpt);
	u32 old;
	int ret;

	if (IS_ERR(ioas))
		return PTR_ERR(ioas);
	ret = hwpt ? ioasid_hwpt_use(hwpt) : 0;
	if (ret)
		goto put;
	ret = ioasid_pasid_attach(idev, ioas, flags, pasid, &old);
	if (ret)
		ioasid_hwpt_unuse(hwpt);
	else if (hwpt || old)
		ioasid_pasid_set_hwpt(idev, *pasid, hwpt);
	trace_attach(idev, old, ioas->obj.id, *pasid, ret);
	ioasid_no_snoop_tell(idev->ctx);
put:
	ioasid_ioas_put(ioas);
	ioasid_hwpt_put(hwpt);
	return ret;
}

int ioasid_device_attach_pt(struct ioasid_device *idev, u32 pt_id, u32 pasid)
{
	int ret;

	if (!pasid)
		ret = attach_by_id(idev, pt_id, 0);
	else if (ioasid_device_has_pasids(idev))
		ret = attach_pasid_by_id(idev, pt_id, IOASID_ATTACH_PASID, &pasid);
	else
		ret = -EINVAL;
	if (ret == -ENOENT && ioasid_obj_is(idev->ctx, pt_id, IOASID_OBJ_DEVICE))
		ret = -EINVAL;
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_device_attach_pt);

int ioasid_device_attach(struct ioasid_device *idev, u32 ioasid, u32 flags)
{
	int ret;

	if (flags & ~IOASID_ATTACH_NO_SNOOP)
		return -EINVAL;
	/* Its driver does what DMA there is */
	if (idev->ops && (flags & IOASID_ATTACH_NO_SNOOP))
		return -EINVAL;
	ret = attach_by_id(idev, ioasid, flags);
	return ret == -EADDRINUSE ? -EINVAL : ret;
}
EXPORT_SYMBOL_GPL(ioasid_device_attach);

int ioasid_pci_device_attach(struct ioasid_device *idev, struct pci_dev *pdev,
			     u32 ioasid, u32 flags)
{
	if (idev->dev != &pdev->dev)
		return -EINVAL;
	return ioasid_device_attach(idev, ioasid, flags);
}
EXPORT_SYMBOL_GPL(ioasid_pci_device_attach);

int ioasid_platform_device_attach(struct ioasid_device *idev,
				  struct platform_device *pdev, u32 ioasid,
				  u32 flags)
{
	if (idev->dev != &pdev->dev)
		return -EINVAL;
	return ioasid_device_attach(idev, ioasid, flags);
}
EXPORT_SYMBOL_GPL(ioasid_platform_device_attach);

int ioasid_device_detach(struct ioasid_device *idev)
{
	int ret;

	ret = mutex_lock_killable(attach_lock(idev));
	if (ret)
		return ret;
	ret = rid_detach(idev, true);
	mutex_unlock(attach_lock(idev));
	ioasid_no_snoop_tell(idev->ctx);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_device_detach);

int ioasid_device_attach_pasid(struct ioasid_device *idev, u32 ioasid, u32 flags,
			       u32 *pasid)
{
	const u32 which = IOASID_ATTACH_PASID | IOASID_ATTACH_PASID_ALLOC;
	int ret;

	if ((flags & ~(which | IOASID_ATTACH_NO_SNOOP)) ||
	    !(flags & which) || (flags & which) == which)
		return -EINVAL;
	if (!ioasid_device_has_pasids(idev))
		return -EOPNOTSUPP;
	/* No PASID of the user's: the RID */
	if ((flags & IOASID_ATTACH_PASID) && !*pasid)
		return -EINVAL;
	ret = attach_pasid_by_id(idev, ioasid, flags, pasid);
	return ret == -EADDRINUSE ? -EINVAL : ret;
}
EXPORT_SYMBOL_GPL(ioasid_device_attach_pasid);

int ioasid_pci_device_attach_pasid(struct ioasid_device *idev,
				   struct pci_dev *pdev, u32 ioasid, u32 flags,
				   u32 *pasid)
{
	if (idev->dev != &pdev->dev)
		return -EINVAL;
	return ioasid_device_attach_pasid(idev, ioasid, flags, pasid);
}
EXPORT_SYMBOL_GPL(ioasid_pci_device_attach_pasid);

int ioasid_platform_device_attach_pasid(struct ioasid_device *idev,
					struct platform_device *pdev, u32 ioasid,
					u32 flags, u32 *pasid)
{
	if (idev->dev != &pdev->dev)
		return -EINVAL;
	return ioasid_device_attach_pasid(idev, ioasid, flags, pasid);
}
EXPORT_SYMBOL_GPL(ioasid_platform_device_attach_pasid);

int ioasid_device_detach_pasid(struct ioasid_device *idev, u32 pasid)
{
	u32 ioasid;
	int ret;

	if (!ioasid_device_has_pasids(idev))
		return -EOPNOTSUPP;
	if (!pasid)
		return -EINVAL;
	ret = ioasid_pasid_detach(idev, pasid, &ioasid);
	trace_ioasid_detach(idev, ioasid, pasid, ret);
	ioasid_no_snoop_tell(idev->ctx);
	return ret;
}
EXPORT_SYMBOL_GPL(ioasid_device_detach_pasid);

int ioasid_device_set_pasid_floor(struct ioasid_device *idev, u32 floor)
{
	if (!ioasid_device_has_pasids(idev))
		return -EOPNOTSUPP;
	return ioasid_numbers_set_floor(idev->numbers, floor);
}
EXPORT_SYMBOL_GPL(ioasid_device_set_pasid_floor);

int ioasid_device_alias(struct ioasid_device *idev, u32 pasid, u32 alias)
{
	if (!ioasid_device_has_pasids(idev))
		return -EOPNOTSUPP;
	return ioasid_pasid_alias(idev, pasid, alias);
}
EXPORT_SYMBOL_GPL(ioasid_device_alias);

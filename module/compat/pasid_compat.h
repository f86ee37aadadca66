/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How kernels differ in attaching by PASID.
 */
#ifndef IOASID_PASID_COMPAT_H
#define IOASID_PASID_COMPAT_H

#include "compat/compat.h"

#if defined(HAVE_ATTACH_PASID) && KC_GROUP_REPLACE

#include <uapi/linux/iommufd.h>

/* Can domains be attached by PASID? */
#define KC_PASID 1

/* And replaced, in one call? */
#ifdef HAVE_REPLACE_DEVICE_PASID
#define KC_PASID_REPLACE 1
#else
#define KC_PASID_REPLACE 0
#endif

/* In no public header: drivers/iommu/iommu-priv.h */
int iommu_replace_device_pasid(struct iommu_domain *domain, struct device *dev,
			       ioasid_t pasid, struct iommu_attach_handle *handle);

static inline int kc_pasid_attach(struct device *dev, u32 pasid,
				  struct iommu_domain *domain,
				  struct kc_attach *attach)
{
	struct iommu_attach_handle *handle = &attach->handle[!attach->second];
	int ret = iommu_attach_device_pasid(domain, dev, pasid, handle);

	if (!ret)
		attach->second = !attach->second;
	return ret;
}

static inline void kc_pasid_detach(struct device *dev, u32 pasid,
				   struct iommu_domain *domain)
{
	iommu_detach_device_pasid(domain, dev, pasid);
}

/* Attach another domain in place of the one that is attached; if KC_PASID_REPLACE */
static inline int kc_pasid_replace(struct device *dev, u32 pasid,
				   struct iommu_domain *domain,
				   struct kc_attach *attach)
{
#ifdef HAVE_REPLACE_DEVICE_PASID
	struct iommu_attach_handle *handle = &attach->handle[!attach->second];
	int ret = iommu_replace_device_pasid(domain, dev, pasid, handle);

	if (!ret)
		attach->second = !attach->second;
	return ret;
#else
	return -EOPNOTSUPP;
#endif
}

/* Can the driver that a paging domain is of detach from a PASID? */
static inline bool kc_can_detach_pasid(struct device *dev)
{
	const struct iommu_ops *ops = dev->iommu->iommu_dev->ops;

#ifdef HAVE_REMOVE_DEV_PASID
	return ops->remove_dev_pasid;
#else
	return ops->blocked_domain && ops->blocked_domain->ops->set_dev_pasid;
#endif
}

/* Numbers that a device's PASIDs are below; 0: it has none. @paging may be NULL */
static inline u32 kc_pasid_limit(struct device *dev, struct iommu_domain *paging)
{
	if (paging && (!paging->ops->set_dev_pasid || !kc_can_detach_pasid(dev)))
		return 0;
	return dev->iommu->max_pasids;
}

static inline struct iommu_domain *kc_domain_alloc_pasid(struct device *dev)
{
#ifdef HAVE_HWPT_ALLOC_PASID
	struct iommu_domain *domain =
		iommu_paging_domain_alloc_flags(dev, IOMMU_HWPT_ALLOC_PASID);

	if (domain != ERR_PTR(-EOPNOTSUPP))
		return domain;
#endif
	return kc_domain_alloc(dev);
}

/* A number that no other user of the machine has, or IOMMU_PASID_INVALID */
static inline u32 kc_global_pasid_alloc(struct device *dev)
{
	return iommu_alloc_global_pasid(dev);
}

static inline void kc_global_pasid_free(u32 pasid)
{
	iommu_free_global_pasid(pasid);
}

#else

#define KC_PASID 0
#define KC_PASID_REPLACE 0

#ifndef IOMMU_PASID_INVALID
#define IOMMU_PASID_INVALID	(~0U)
#endif

static inline int kc_pasid_attach(struct device *dev, u32 pasid,
				  struct iommu_domain *domain,
				  struct kc_attach *attach)
{
	return -EOPNOTSUPP;
}

static inline void kc_pasid_detach(struct device *dev, u32 pasid,
				   struct iommu_domain *domain)
{
}

static inline int kc_pasid_replace(struct device *dev, u32 pasid,
				   struct iommu_domain *domain,
				   struct kc_attach *attach)
{
	return -EOPNOTSUPP;
}

static inline u32 kc_pasid_limit(struct device *dev, struct iommu_domain *paging)
{
	return 0;
}

static inline struct iommu_domain *kc_domain_alloc_pasid(struct device *dev)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static inline u32 kc_global_pasid_alloc(struct device *dev)
{
	return IOMMU_PASID_INVALID;
}

static inline void kc_global_pasid_free(u32 pasid)
{
}
#endif

#endif /* IOASID_PASID_COMPAT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only place of the software IOMMU that knows that kernels differ. HAVE_* are
 * the results of the compile probes in compat/probes, in the generated
 * ioasid_config.h.
 */
#ifndef IOASID_SWIOMMU_COMPAT_H
#define IOASID_SWIOMMU_COMPAT_H

#include <linux/device.h>
#include <linux/fwnode.h>
#include <linux/iommu.h>
#include <linux/irqdomain.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/slab.h>

#include "ioasid_config.h"
#ifdef HAVE_BUS_IOMMU_OPS
#include <linux/amba/bus.h>
#include <linux/fsl/mc.h>
#include <linux/host1x_context_bus.h>
#endif
#include "swiommu/swiommu.h"

#ifndef CONFIG_64BIT
#error "keys of the caches need 64 bits"
#endif

/* Members of the iommu_domain_ops of all domains */
#ifdef HAVE_ATTACH_DEV_OLD
static inline int kc_swiommu_attach(struct iommu_domain *domain, struct device *dev,
				    struct iommu_domain *old)
{
	return swiommu_attach(domain, dev);
}
#else
#define kc_swiommu_attach	swiommu_attach
#endif

#if defined(HAVE_SET_DEV_PASID_OLD)
static inline int kc_swiommu_set_pasid(struct iommu_domain *domain,
				       struct device *dev, ioasid_t pasid,
				       struct iommu_domain *old)
{
	return swiommu_set_pasid(domain, dev, pasid);
}
#elif defined(HAVE_SET_DEV_PASID)
static inline int kc_swiommu_set_pasid(struct iommu_domain *domain,
				       struct device *dev, ioasid_t pasid)
{
	return swiommu_set_pasid(domain, dev, pasid);
}
#else
#define kc_swiommu_set_pasid	NULL
#endif

#if defined(HAVE_SET_DEV_PASID_OLD) || defined(HAVE_SET_DEV_PASID)
#define KC_SWIOMMU_DOMAIN_OPS						\
	.attach_dev	= kc_swiommu_attach,				\
	.set_dev_pasid	= kc_swiommu_set_pasid,
#else
#define KC_SWIOMMU_DOMAIN_OPS						\
	.attach_dev	= kc_swiommu_attach,
#endif

/* A PASID is given back by an operation of the IOMMU, or by the blocked domain */
#ifdef HAVE_REMOVE_DEV_PASID
static inline void kc_swiommu_remove_pasid(struct device *dev, ioasid_t pasid,
					   struct iommu_domain *domain)
{
	swiommu_remove_pasid(dev, pasid);
}
#define KC_SWIOMMU_REMOVE_PASID	.remove_dev_pasid = kc_swiommu_remove_pasid,
#else
#define KC_SWIOMMU_REMOVE_PASID
#endif

/* How paging domains are made */
#if defined(HAVE_OPS_DOMAIN_ALLOC_PAGING_FLAGS)
static inline struct iommu_domain *
kc_swiommu_alloc(struct device *dev, u32 flags, const struct iommu_user_data *data)
{
	if ((flags & ~IOMMU_HWPT_ALLOC_PASID) || data)
		return ERR_PTR(-EOPNOTSUPP);
	return swiommu_paging_domain(dev);
}
#define KC_SWIOMMU_ALLOC	.domain_alloc_paging_flags = kc_swiommu_alloc,
#elif defined(HAVE_PAGING_DOMAIN_ALLOC)
#define KC_SWIOMMU_ALLOC	.domain_alloc_paging = swiommu_paging_domain,
#else
#define KC_SWIOMMU_ALLOC	.domain_alloc = swiommu_domain_of_type,
#endif

/* Elsewhere the kernel asks for them by type */
#ifdef HAVE_PAGING_DOMAIN_ALLOC
#define KC_SWIOMMU_STATIC_DOMAINS					\
	.identity_domain = &swiommu_identity_domain,			\
	.blocked_domain = &swiommu_blocked_domain,
#else
#define KC_SWIOMMU_STATIC_DOMAINS
#endif

/* Isolated interrupts: a property of the IOMMU or of the device, see below */
#ifdef HAVE_ISOLATED_MSI
#define KC_SWIOMMU_CAP_INTR_REMAP
#else
#define KC_SWIOMMU_CAP_INTR_REMAP	case IOMMU_CAP_INTR_REMAP:
#endif

#ifdef HAVE_CAP_ENFORCE_SNOOP
#define KC_SWIOMMU_CAP_SNOOP	case IOMMU_CAP_ENFORCE_CACHE_COHERENCY:
#else
#define KC_SWIOMMU_CAP_SNOOP
#endif

/*
 * Software devices raise no interrupts, so there are none to isolate. The kernel
 * looks for an interrupt domain that says so.
 */
static inline void kc_swiommu_isolate_msi(struct device *dev)
{
#ifdef HAVE_ISOLATED_MSI
	static struct irq_domain none = { .flags = IRQ_DOMAIN_FLAG_ISOLATED_MSI };

	dev_set_msi_domain(dev, &none);
#endif
}

/*
 * Say that a device that has not been added yet is behind an IOMMU. What
 * iommu_fwspec_init() does, but for a lock that it wants held and that is not
 * there for modules; a device that nobody knows of needs none.
 */
static inline int kc_swiommu_put_behind(struct device *dev, struct fwnode_handle *fwnode,
					const struct iommu_ops *ops)
{
	struct iommu_fwspec *fwspec = kzalloc(struct_size(fwspec, ids, 1), GFP_KERNEL);

	dev->iommu = kzalloc(sizeof(*dev->iommu), GFP_KERNEL);
	if (!dev->iommu || !fwspec) {
		kfree(dev->iommu);
		kfree(fwspec);
		dev->iommu = NULL;
		return -ENOMEM;
	}
	mutex_init(&dev->iommu->lock);
	fwspec->iommu_fwnode = fwnode;
#ifdef HAVE_FWSPEC_OPS
	fwspec->ops = ops;
#endif
	dev->iommu->fwspec = fwspec;
	return 0;
}

/* And undo that, if the device could not be added: else the kernel does it */
static inline void kc_swiommu_take_back(struct device *dev)
{
	if (!dev->iommu)
		return;
	kfree(dev->iommu->fwspec);
	kfree(dev->iommu);
	dev->iommu = NULL;
}

/* Older kernels keep an IOMMU's operations in every bus, also when it is gone */
static inline void kc_swiommu_forget_buses(const struct iommu_ops *ops)
{
#ifdef HAVE_BUS_IOMMU_OPS
	static struct bus_type *const buses[] = {
		&platform_bus_type,
#ifdef CONFIG_PCI
		&pci_bus_type,
#endif
#ifdef CONFIG_ARM_AMBA
		&amba_bustype,
#endif
#ifdef CONFIG_FSL_MC_BUS
		&fsl_mc_bus_type,
#endif
#ifdef CONFIG_TEGRA_HOST1X_CONTEXT_BUS
		&host1x_context_device_bus_type,
#endif
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buses); i++)
		if (buses[i]->iommu_ops == ops)
			buses[i]->iommu_ops = NULL;
#endif
}

/*
 * Page requests. Older kernels have another way, and no module's IOMMU could tell
 * where they lead.
 */
#if defined(HAVE_PAGE_RESPONSE_IOPF) && IS_ENABLED(CONFIG_IOMMU_IOPF)
#define KC_SWIOMMU_FAULTS	1

static inline void kc_swiommu_page_response(struct device *dev, struct iopf_fault *fault,
					    struct iommu_page_response *response)
{
	swiommu_fault_answer(dev_iommu_priv_get(dev), response->pasid, response->grpid,
			     response->code == IOMMU_PAGE_RESP_SUCCESS);
}
#define KC_SWIOMMU_PAGE_RESPONSE	.page_response = kc_swiommu_page_response,

/* It is answered in any case */
static inline void kc_swiommu_page_request(struct device *dev, u32 pasid, u32 group,
					   u64 iova, bool write)
{
	struct iopf_fault fault = {
		.fault.type = IOMMU_FAULT_PAGE_REQ,
		.fault.prm = {
			.flags = IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE,
			.pasid = pasid,
			.grpid = group,
			.perm = write ? IOMMU_FAULT_PERM_WRITE : IOMMU_FAULT_PERM_READ,
			.addr = iova,
		},
	};

	if (pasid)
		fault.fault.prm.flags |= IOMMU_FAULT_PAGE_REQUEST_PASID_VALID |
					 IOMMU_FAULT_PAGE_RESPONSE_NEEDS_PASID;
	iommu_report_device_fault(dev, &fault);
}

static inline int kc_swiommu_requests_add(struct swiommu *iommu)
{
	iommu->requests = iopf_queue_alloc("swiommu");
	return iommu->requests ? 0 : -ENOMEM;
}

static inline void kc_swiommu_requests_remove(struct swiommu *iommu)
{
	iopf_queue_free(iommu->requests);
}

static inline int kc_swiommu_fault_add(struct iopf_queue *requests, struct device *dev)
{
	return iopf_queue_add_device(requests, dev);
}

static inline void kc_swiommu_fault_remove(struct iopf_queue *requests, struct device *dev)
{
	iopf_queue_remove_device(requests, dev);
}
#else
#define KC_SWIOMMU_FAULTS	0
#define KC_SWIOMMU_PAGE_RESPONSE

static inline void kc_swiommu_page_request(struct device *dev, u32 pasid, u32 group,
					   u64 iova, bool write)
{
	swiommu_fault_answer(dev_iommu_priv_get(dev), pasid, group, false);
}

static inline int kc_swiommu_requests_add(struct swiommu *iommu)
{
	return 0;
}

static inline void kc_swiommu_requests_remove(struct swiommu *iommu)
{
}

static inline int kc_swiommu_fault_add(struct iopf_queue *requests, struct device *dev)
{
	return -EOPNOTSUPP;
}

static inline void kc_swiommu_fault_remove(struct iopf_queue *requests, struct device *dev)
{
}
#endif

/* Whether the function returns something, or has another name */
#ifdef HAVE_PLATFORM_REMOVE_VOID
#define KC_SWIOMMU_PLATFORM_REMOVE(fn)	.remove = (fn),
#else
#define KC_SWIOMMU_PLATFORM_REMOVE(fn)	.remove_new = (fn),
#endif

#endif /* IOASID_SWIOMMU_COMPAT_H */

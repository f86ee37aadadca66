/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How kernels differ for the driver of an IOMMU. HAVE_* are the results of the
 * compile probes in compat/probes, in the generated ioasid_config.h.
 *
 * KC_DRIVER_DEFINE_X(name) makes a function kc_name(), as the kernel at hand wants it, of
 * name(), which is the same for all kernels; KC_DRIVER_X(name) is the member of the kernel's
 * tables that it goes into. What a kernel has no use for is not used.
 */
#ifndef IOASID_DRIVER_COMPAT_H
#define IOASID_DRIVER_COMPAT_H

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

struct iopf_queue;

/* Members of the iommu_domain_ops of all domains */
#ifdef HAVE_ATTACH_DEV_OLD
#define KC_DRIVER_DEFINE_ATTACH(name)						\
static int kc_##name(struct iommu_domain *domain, struct device *dev,		\
		     struct iommu_domain *old)					\
{										\
	return name(domain, dev);						\
}
#else
#define KC_DRIVER_DEFINE_ATTACH(name)						\
static int kc_##name(struct iommu_domain *domain, struct device *dev)		\
{										\
	return name(domain, dev);						\
}
#endif
#define KC_DRIVER_ATTACH(name)	.attach_dev = kc_##name,

#if defined(HAVE_SET_DEV_PASID_OLD)
#define KC_DRIVER_DEFINE_SET_PASID(name)					\
static int kc_##name(struct iommu_domain *domain, struct device *dev,		\
		     ioasid_t pasid, struct iommu_domain *old)			\
{										\
	return name(domain, dev, pasid);					\
}
#define KC_DRIVER_SET_PASID(name)	.set_dev_pasid = kc_##name,
#elif defined(HAVE_SET_DEV_PASID)
#define KC_DRIVER_DEFINE_SET_PASID(name)					\
static int kc_##name(struct iommu_domain *domain, struct device *dev,		\
		     ioasid_t pasid)						\
{										\
	return name(domain, dev, pasid);					\
}
#define KC_DRIVER_SET_PASID(name)	.set_dev_pasid = kc_##name,
#else
#define KC_DRIVER_DEFINE_SET_PASID(...)
#define KC_DRIVER_SET_PASID(...)
#endif

/* A PASID is given back by an operation of the IOMMU, or by the blocked domain */
#ifdef HAVE_REMOVE_DEV_PASID
#define KC_DRIVER_DEFINE_REMOVE_PASID(name)					\
static void kc_##name(struct device *dev, ioasid_t pasid, struct iommu_domain *domain)	\
{										\
	name(dev, pasid);							\
}
#define KC_DRIVER_REMOVE_PASID(name)	.remove_dev_pasid = kc_##name,
#else
#define KC_DRIVER_DEFINE_REMOVE_PASID(...)
#define KC_DRIVER_REMOVE_PASID(...)
#endif

/* How paging domains are made: for a device, by name(); or by their type, by of_type() */
#if defined(HAVE_OPS_DOMAIN_ALLOC_PAGING_FLAGS)
#define KC_DRIVER_DEFINE_ALLOC(name, ...)					\
static struct iommu_domain *							\
kc_##name(struct device *dev, u32 flags, const struct iommu_user_data *data)	\
{										\
	if ((flags & ~IOMMU_HWPT_ALLOC_PASID) || data)				\
		return ERR_PTR(-EOPNOTSUPP);					\
	return name(dev);							\
}
#define KC_DRIVER_ALLOC(name)	.domain_alloc_paging_flags = kc_##name,
#elif defined(HAVE_PAGING_DOMAIN_ALLOC)
#define KC_DRIVER_DEFINE_ALLOC(name, ...)					\
static struct iommu_domain *kc_##name(struct device *dev)			\
{										\
	return name(dev);							\
}
#define KC_DRIVER_ALLOC(name)	.domain_alloc_paging = kc_##name,
#else
#define KC_DRIVER_DEFINE_ALLOC(name, of_type)					\
static struct iommu_domain *kc_##name(unsigned int type)			\
{										\
	return of_type(type);							\
}
#define KC_DRIVER_ALLOC(name)	.domain_alloc = kc_##name,
#endif

/* Elsewhere the kernel asks for them by type */
#ifdef HAVE_PAGING_DOMAIN_ALLOC
#define KC_DRIVER_STATIC_DOMAINS(identity, blocked)				\
	.identity_domain = &(identity),						\
	.blocked_domain = &(blocked),
#else
#define KC_DRIVER_STATIC_DOMAINS(...)
#endif

/* Isolated interrupts: a property of the IOMMU or of the device, see below */
#ifdef HAVE_ISOLATED_MSI
#define KC_DRIVER_CAP_INTR_REMAP
#else
#define KC_DRIVER_CAP_INTR_REMAP	case IOMMU_CAP_INTR_REMAP:
#endif

#ifdef HAVE_CAP_ENFORCE_SNOOP
#define KC_DRIVER_CAP_SNOOP	case IOMMU_CAP_ENFORCE_CACHE_COHERENCY:
#else
#define KC_DRIVER_CAP_SNOOP
#endif

/*
 * Software devices raise no interrupts, so there are none to isolate. The kernel
 * looks for an interrupt domain that says so.
 */
static inline void kc_driver_isolate_msi(struct device *dev)
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
static inline int kc_driver_put_behind(struct device *dev, struct fwnode_handle *fwnode,
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
static inline void kc_driver_take_back(struct device *dev)
{
	if (!dev->iommu)
		return;
	kfree(dev->iommu->fwspec);
	kfree(dev->iommu);
	dev->iommu = NULL;
}

/* Older kernels keep an IOMMU's operations in every bus, also when it is gone */
static inline void kc_driver_forget_buses(const struct iommu_ops *ops)
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
#define KC_DRIVER_FAULTS	1

/* name() gets what dev_iommu_priv_set() was given, in place of the device */
#define KC_DRIVER_DEFINE_PAGE_RESPONSE(name)					\
static void kc_##name(struct device *dev, struct iopf_fault *fault,		\
		      struct iommu_page_response *response)			\
{										\
	name(dev_iommu_priv_get(dev), response->pasid, response->grpid,		\
	     response->code == IOMMU_PAGE_RESP_SUCCESS);			\
}
#define KC_DRIVER_PAGE_RESPONSE(name)	.page_response = kc_##name,

/* Return: will it be answered? */
static inline bool kc_driver_page_request(struct device *dev, u32 pasid, u32 group,
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
	return true;
}

static inline int kc_driver_requests_add(struct iopf_queue **requests, const char *name)
{
	*requests = iopf_queue_alloc(name);
	return *requests ? 0 : -ENOMEM;
}

static inline void kc_driver_requests_remove(struct iopf_queue *requests)
{
	iopf_queue_free(requests);
}

static inline int kc_driver_fault_add(struct iopf_queue *requests, struct device *dev)
{
	return iopf_queue_add_device(requests, dev);
}

static inline void kc_driver_fault_remove(struct iopf_queue *requests, struct device *dev)
{
	iopf_queue_remove_device(requests, dev);
}
#else
#define KC_DRIVER_FAULTS	0
#define KC_DRIVER_DEFINE_PAGE_RESPONSE(...)
#define KC_DRIVER_PAGE_RESPONSE(...)

static inline bool kc_driver_page_request(struct device *dev, u32 pasid, u32 group,
					  u64 iova, bool write)
{
	return false;
}

static inline int kc_driver_requests_add(struct iopf_queue **requests, const char *name)
{
	return 0;
}

static inline void kc_driver_requests_remove(struct iopf_queue *requests)
{
}

static inline int kc_driver_fault_add(struct iopf_queue *requests, struct device *dev)
{
	return -EOPNOTSUPP;
}

static inline void kc_driver_fault_remove(struct iopf_queue *requests, struct device *dev)
{
}
#endif

/* Whether the function returns something, or has another name */
#ifdef HAVE_PLATFORM_REMOVE_VOID
#define KC_DRIVER_PLATFORM_REMOVE(fn)	.remove = (fn),
#else
#define KC_DRIVER_PLATFORM_REMOVE(fn)	.remove_new = (fn),
#endif

#endif /* IOASID_DRIVER_COMPAT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stop points, in a build for tests only (make modules-SERIES POINTS=1). This header is
 * included before every file of the modules, which know nothing of it. A point is where
 * a lock has been dropped, but for those within xarrays, and before and after each call of
 * the kernel's that changes or uses a page table, an attachment, or memory that is pinned.
 * ioasid_test_points holds a thread there.
 *
 * Function-like macros do not disturb the declarations in headers that come first. A
 * function that is new here needs its header in this list.
 */
#ifndef IOASID_POINTS_H
#define IOASID_POINTS_H

/* As those files have it that define it, which come after linux/printk.h here */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/device.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/hugetlb.h>
#include <linux/iommu.h>
#include <linux/memfd.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/msi.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/percpu-rwsem.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/vfio_pci_core.h>
#include <linux/xarray.h>

#include "point.h"

#define ioasid_point(text) do {							\
	static struct ioasid_point ioasid_point__				\
		__attribute__((section(IOASID_POINT_SECTION))) = {		\
		__FILE__, __func__, text " (" __stringify(__LINE__) ")"		\
	};									\
	ioasid_point_hit(&ioasid_point__);					\
} while (0)

#define point_after(call) do {							\
	call;									\
	ioasid_point("after " #call);						\
} while (0)

#define point_around(fn, ...) do {						\
	ioasid_point("before " #fn);						\
	fn(__VA_ARGS__);							\
	ioasid_point("after " #fn);						\
} while (0)

#define point_around_value(fn, ...) ({						\
	ioasid_point("before " #fn);						\
	__auto_type ioasid_value__ = fn(__VA_ARGS__);				\
	ioasid_point("after " #fn);						\
	ioasid_value__;								\
})

/* Locks dropped */
#define mutex_unlock(lock)		point_after(mutex_unlock(lock))
#define up_read(sem)			point_after(up_read(sem))
#define up_write(sem)			point_after(up_write(sem))
#define percpu_up_read(sem)		point_after(percpu_up_read(sem))
#define percpu_up_write(sem)		point_after(percpu_up_write(sem))
#define mmap_read_unlock(mm)		point_after(mmap_read_unlock(mm))
#define spin_unlock(lock)		point_after(spin_unlock(lock))
#define spin_unlock_irqrestore(lock, flags) point_after(spin_unlock_irqrestore(lock, flags))
#define rcu_read_unlock()		point_after(rcu_read_unlock())
#define srcu_read_unlock(srcu, index)	point_after(srcu_read_unlock(srcu, index))
#define device_unlock(dev)		point_after(device_unlock(dev))
#define inode_unlock_shared(inode)	point_after(inode_unlock_shared(inode))
#undef xa_unlock
#define xa_unlock(xa)			spin_unlock(&(xa)->xa_lock)

/* The IOMMU's driver called. What the kernel declares in a header of its own, and the
 * compat layer therefore by itself, is for probes (test-interleavings)
 */
#define iommu_map(...)			point_around_value(iommu_map, __VA_ARGS__)
#define iommu_unmap(...)		point_around_value(iommu_unmap, __VA_ARGS__)
#define iommu_unmap_fast(...)		point_around_value(iommu_unmap_fast, __VA_ARGS__)
#define iommu_iotlb_sync(...)		point_around(iommu_iotlb_sync, __VA_ARGS__)
#define iommu_flush_iotlb_all(...)	point_around(iommu_flush_iotlb_all, __VA_ARGS__)
#define iommu_domain_free(...)		point_around(iommu_domain_free, __VA_ARGS__)
#define iommu_attach_group(...)		point_around_value(iommu_attach_group, __VA_ARGS__)
#define iommu_detach_group(...)		point_around(iommu_detach_group, __VA_ARGS__)
#define iommu_attach_device_pasid(...) \
	point_around_value(iommu_attach_device_pasid, __VA_ARGS__)
#define iommu_detach_device_pasid(...) \
	point_around(iommu_detach_device_pasid, __VA_ARGS__)
#define iommu_group_claim_dma_owner(...) \
	point_around_value(iommu_group_claim_dma_owner, __VA_ARGS__)
#define iommu_group_release_dma_owner(...) \
	point_around(iommu_group_release_dma_owner, __VA_ARGS__)

/* Memory pinned */
#define pin_user_pages_fast(...)	point_around_value(pin_user_pages_fast, __VA_ARGS__)
#define pin_user_pages_remote(...) \
	point_around_value(pin_user_pages_remote, __VA_ARGS__)
#define unpin_user_pages(...)		point_around(unpin_user_pages, __VA_ARGS__)
#define unpin_user_page_range_dirty_lock(...) \
	point_around(unpin_user_page_range_dirty_lock, __VA_ARGS__)

#endif /* IOASID_POINTS_H */

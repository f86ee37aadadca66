/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-kernel API: what a driver that gives userspace a device needs of
 * ioasidfd. A driver reaches the core through this header only.
 *
 * A driver's device fd takes the IOASID_DEVICE_* ioctls of linux/ioasid.h.
 * It turns the iommu fd that they name into a context, binds its device to the
 * context, and hands the binding to the other calls. Bindings of one device
 * fd are the driver's to keep; it calls into one binding from one thread at a
 * time, and unbinds before the struct device goes away.
 */
#ifndef IOASID_API_H
#define IOASID_API_H

#include <linux/types.h>

struct device;
struct pci_dev;
struct ioasid_ctx;
struct ioasid_device;
struct ioasid_pasid_info;

/**
 * ioasid_ctx_from_fd() - the context behind an I/O address space fd
 * @fd: number of an open file of the calling process
 *
 * Context: process.
 * Return: the context, to be given back with ioasid_ctx_put(); ERR_PTR(-EBADF)
 * if no file has that number, ERR_PTR(-EBADFD) if it is not an I/O address
 * space file.
 */
struct ioasid_ctx *ioasid_ctx_from_fd(int fd);

/**
 * ioasid_ctx_put() - give back what ioasid_ctx_from_fd() returned
 * @ctx: the context
 */
void ioasid_ctx_put(struct ioasid_ctx *ctx);

/**
 * enum ioasid_device_type - whose DMA a device does, and whose its PASIDs are
 * @IOASID_DEVICE_PHYSICAL: a physical device that issues no PASID
 * @IOASID_DEVICE_MEDIATED: a device made by software, without a PASID: its driver
 *	asks where an address leads
 * @IOASID_DEVICE_MEDIATED_FIXED: the same with one PASID of its parent, which is
 *	its default
 * @IOASID_DEVICE_PHYSICAL_USER_TABLE: physical, its PASID table is the user's
 * @IOASID_DEVICE_PHYSICAL_PASIDS: physical, its PASID table is the kernel's
 * @IOASID_DEVICE_MEDIATED_PASIDS: mediated, it shares its parent's PASID table
 * @IOASID_DEVICE_PHYSICAL_CPU: as PHYSICAL_PASIDS; CPU instructions send PASIDs too
 * @IOASID_DEVICE_MEDIATED_CPU: as MEDIATED_PASIDS; CPU instructions send PASIDs too
 */
enum ioasid_device_type {
	IOASID_DEVICE_PHYSICAL = 1,
	IOASID_DEVICE_MEDIATED = 2,
	IOASID_DEVICE_MEDIATED_FIXED = 3,
	IOASID_DEVICE_PHYSICAL_USER_TABLE = 4,
	IOASID_DEVICE_PHYSICAL_PASIDS = 5,
	IOASID_DEVICE_MEDIATED_PASIDS = 6,
	IOASID_DEVICE_PHYSICAL_CPU = 7,
	IOASID_DEVICE_MEDIATED_CPU = 8,
};

/**
 * struct ioasid_device_desc - a device to be bound
 * @dev: the device. To a physical one a driver that manages its DMA itself
 *	(driver_managed_dma) must be bound
 * @cookie: the user's name for the device, unique in its context
 * @owner: who opened the device, the struct file for one. Several contexts can
 *	bind one device only with the same owner. Another device of its IOMMU
 *	group can be bound only to a context that one of the group is bound to
 * @type: what it is
 */
struct ioasid_device_desc {
	struct device *dev;
	u64 cookie;
	void *owner;
	enum ioasid_device_type type;
};

/**
 * ioasid_device_bind() - put a device under the control of a user
 * @ctx: the user's context; the binding holds it
 * @desc: the device; not needed any longer afterwards
 *
 * From here until ioasid_device_unbind() a physical device's DMA reaches what its
 * user maps and nothing else; until ioasid_device_attach() that is nothing. So
 * does the DMA of its whole IOMMU group until the last of it is unbound.
 *
 * Context: process. May sleep.
 * Return: the binding, or an ERR_PTR() as IOASID_DEVICE_BIND says: -EEXIST,
 * -EALREADY, -EPERM, -EINVAL, -ENODEV, -EOPNOTSUPP (a type that is not offered
 * too), -EADDRINUSE, -EAGAIN, -ENOMEM, -EINTR.
 */
struct ioasid_device *ioasid_device_bind(struct ioasid_ctx *ctx,
					 const struct ioasid_device_desc *desc);

/**
 * ioasid_device_unbind() - end a binding
 * @idev: the binding; gone afterwards
 *
 * Detaches what the binding attached. After the last binding of a device it may
 * be the last of its group, whose DMA goes back to the kernel, and if it is not,
 * what the group has attached stays behind it: the caller has stopped its DMA
 * before.
 *
 * Context: process. May sleep, never fails, needs no memory.
 */
void ioasid_device_unbind(struct ioasid_device *idev);

/**
 * ioasid_device_is_bound_to() - is this the binding to that context?
 * @idev: the binding
 * @ctx: the context
 */
bool ioasid_device_is_bound_to(const struct ioasid_device *idev,
			       const struct ioasid_ctx *ctx);

/**
 * ioasid_device_attach() - put an address space behind a device
 * @idev: the binding
 * @ioasid: handle of the address space in the binding's context
 * @flags: IOASID_ATTACH_* of linux/ioasid.h
 *
 * Context: process. May sleep and pin memory, killable.
 * Return: 0, or an error as IOASID_DEVICE_ATTACH says: -EINVAL, -ENOENT,
 * -EBUSY, -EFAULT, -ENOMEM, -EIO, -EOPNOTSUPP, -EINTR.
 */
int ioasid_device_attach(struct ioasid_device *idev, u32 ioasid, u32 flags);

/**
 * ioasid_pci_device_attach() - ioasid_device_attach() for a PCI device
 * @idev: the binding of @pdev
 * @pdev: the device
 * @ioasid: handle of the address space in the binding's context
 * @flags: IOASID_ATTACH_* of linux/ioasid.h
 *
 * Return: as ioasid_device_attach(); -EINVAL if @idev is not bound to @pdev.
 */
int ioasid_pci_device_attach(struct ioasid_device *idev, struct pci_dev *pdev,
			     u32 ioasid, u32 flags);

/**
 * ioasid_device_detach() - block a device's DMA
 * @idev: the binding
 *
 * That of a group of devices with the last one of them that is attached.
 *
 * Context: process. May sleep, killable.
 * Return: 0, -EINVAL if it is not attached, -EBUSY if it was attached through
 * another context, -EINTR.
 */
int ioasid_device_detach(struct ioasid_device *idev);

/**
 * ioasid_device_pasid_info() - what PASIDs a bound device can use
 * @idev: the binding
 * @info: width and flags are filled in
 */
void ioasid_device_pasid_info(const struct ioasid_device *idev,
			      struct ioasid_pasid_info *info);

/**
 * ioasid_copy_struct() - read a user's structure that begins with argsz, flags
 * @dst: where to; what the user's structure lacks is zero
 * @ksize: size of @dst
 * @minsize: size of the structure in the header's first release
 * @user: address of the user's
 *
 * Return: 0, -EFAULT, -EINVAL (argsz below @minsize), -E2BIG (longer than
 * @ksize, with a tail that is not zero).
 */
int ioasid_copy_struct(void *dst, size_t ksize, size_t minsize,
		       const void __user *user);

#endif /* IOASID_API_H */

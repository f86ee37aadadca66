/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In-kernel API: what a driver that gives userspace a device needs of
 * ioasidfd. A driver reaches the core through this header only.
 *
 * A driver's device fd takes the IOASID_DEVICE_* ioctls of linux/ioasid.h.
 * It turns the iommu fd that they name into a context, binds its device to the
 * context, and hands the binding to the other calls. Bindings of one device
 * fd are the driver's to keep; it binds, attaches, detaches and unbinds from one
 * thread at a time, and unbinds before the struct device goes away.
 */
#ifndef IOASID_API_H
#define IOASID_API_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/uaccess.h>

struct device;
struct file;
struct pci_dev;
struct platform_device;
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
 * struct ioasid_mediated_ops - what the driver of a software-mediated device does
 * @unmap: let go of a range: every pin of which a page lies in [start, last] is to
 *	be given back by ioasid_device_unpin(), from within or soon after: whoever
 *	unmaps waits for that. Called for each mapping that is about to be unmapped,
 *	whether something of it is pinned or not, and for [0, U64_MAX] when the
 *	device is detached, unbound, or attached to another address space. By then
 *	nothing of the range can be translated or pinned any more. The wait may be
 *	given up (the caller is killed): then the range stays mapped, and may be
 *	pinned again. As long as something of it is held the driver is told again
 *	every second: the first time may be between the return of ioasid_device_pin()
 *	and the driver's own note of the pin, which it does not find then. A device
 *	that is bound to several contexts is one device: the data is that of the
 *	binding that has attached something, and pins that were made by way of another
 *	one are among those to be given back.
 *
 *	Context: process, of any user of the address space; several calls may run at
 *	once, also beside an attach, a detach and an unbind, which wait for them: it
 *	takes no lock under which the driver makes those calls. It does not wait for
 *	a user, and does not call into the core but for ioasid_device_unpin().
 */
struct ioasid_mediated_ops {
	void (*unmap)(void *data, u64 start, u64 last);
};

/**
 * struct ioasid_device_desc - a device to be bound
 * @dev: the device. To a physical one a driver that manages its DMA itself
 *	(driver_managed_dma) must be bound. A mediated one need not have an IOMMU;
 *	it is not its parent
 * @cookie: the user's name for the device, unique in its context
 * @owner: who opened the device, the struct file for one. Several contexts can
 *	bind one device only with the same owner. Another device of its IOMMU
 *	group can be bound only to a context that one of the group is bound to
 * @named_by_id: its name is ioasid_device_id() instead, and @cookie is not looked at
 * @type: what it is. A physical one that is said to have PASIDs may turn out to
 *	have none
 * @parent: of a mediated device with PASIDs: the device whose PASIDs they are,
 *	to which the driver that binds is bound. Binding claims nothing of it: its
 *	RID stays the host's. It is alone in its IOMMU group, and is not bound itself
 *	as long as a child of it is. Otherwise NULL
 * @ops: of a mediated device without PASIDs, otherwise NULL
 * @data: for @ops
 */
struct ioasid_device_desc {
	struct device *dev;
	struct device *parent;
	u64 cookie;
	bool named_by_id;
	void *owner;
	enum ioasid_device_type type;
	const struct ioasid_mediated_ops *ops;
	void *data;
};

/**
 * ioasid_device_bind() - put a device under the control of a user
 * @ctx: the user's context; the binding holds it
 * @desc: the device; not needed any longer afterwards
 *
 * From here until ioasid_device_unbind() a physical device's DMA reaches what its
 * user maps and nothing else; until ioasid_device_attach() that is nothing. So
 * does the DMA of its whole IOMMU group until the last of it is unbound. Of a
 * mediated device nothing is claimed, and nothing is known of its DMA: its driver
 * asks by the calls below.
 *
 * While the machine sleeps and after its shutdown the IOMMU translates nothing. The
 * driver of a physical device stops its DMA in suspend, freeze, poweroff and shutdown.
 *
 * What is limited is charged to the calling process's user, here and when something is
 * attached: call it in the user's system call.
 *
 * Context: process. May sleep.
 * Return: the binding, or an ERR_PTR() as IOASID_DEVICE_BIND says: -EEXIST,
 * -EALREADY, -EPERM, -EINVAL, -ENODEV, -EOPNOTSUPP (a type that is not offered
 * too), -EADDRINUSE, -EAGAIN, -ENOSPC, -ENOMEM, -EINTR.
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
 * ioasid_device_reset_prepare() - a device is about to be reset
 * @dev: a device that may be bound, or have bound children
 *
 * For the reset_prepare() of the driver's error handlers, and around what resets a
 * device without calling it. On kernels that take a device out of what it is attached to
 * meanwhile (pci_dev_reset_iommu_prepare()) calls that map and unmap there wait until
 * ioasid_device_reset_done(), killably, and attaching anything says -EBUSY. Pairs may be
 * nested, and those of several devices of a group may overlap.
 *
 * Context: process. May sleep, waits for no user, never fails.
 */
void ioasid_device_reset_prepare(struct device *dev);

/**
 * ioasid_device_reset_done() - the reset has ended
 * @dev: as for ioasid_device_reset_prepare()
 *
 * Context: process. May sleep, never fails, needs no memory.
 */
void ioasid_device_reset_done(struct device *dev);

/**
 * ioasid_device_keeps_in_sleep() - is a device attached as before once the machine has slept?
 * @dev: a device that is bound, or whose group VFIO has
 *
 * If not, what sleeps is translated by nothing afterwards: the machine is to be kept awake.
 *
 * Context: any.
 */
bool ioasid_device_keeps_in_sleep(struct device *dev);

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
 * @ioasid: handle of the address space in the binding's context, or id of a page
 *	table of one
 * @flags: IOASID_ATTACH_* of linux/ioasid.h
 *
 * Context: process. May sleep and pin memory, killable.
 * Return: 0, or an error as IOASID_DEVICE_ATTACH says: -EINVAL, -ENOENT,
 * -EBUSY, -EFAULT, -ENOMEM, -ENOSPC, -EIO, -EOPNOTSUPP, -EINTR.
 */
int ioasid_device_attach(struct ioasid_device *idev, u32 ioasid, u32 flags);

/**
 * ioasid_device_id_of() - what another device is to the user of a binding
 * @idev: the binding
 * @dev: a device, the same for one; it does not go away meanwhile
 *
 * Whoever resets devices together must own all of them.
 *
 * Context: process. Sleeps, killably, but waits for no user.
 * Return: the id of its binding to the same context; -ENOENT if it is not bound, but
 * its group is that context's; -ENODEV if it is neither; -EINTR.
 */
int ioasid_device_id_of(const struct ioasid_device *idev, struct device *dev);

/**
 * ioasid_device_id() - a binding's own id, as Linux's iommufd numbers devices
 * @idev: the binding
 */
u32 ioasid_device_id(const struct ioasid_device *idev);

/**
 * ioasid_device_attach_pt() - the same by the rules of Linux's iommufd
 * @idev: the binding
 * @pt_id: handle of the address space, or id of a page table of one
 * @pasid: the PASID, or 0: by RID
 *
 * Return: as ioasid_device_attach() or ioasid_device_attach_pasid(); but -EADDRINUSE if
 * something is mapped, or allowed to be, where the device permits nothing; and -EINVAL
 * if @pt_id is the id of something else, or of a page table that is not for this device,
 * and if the device has no PASIDs.
 */
int ioasid_device_attach_pt(struct ioasid_device *idev, u32 pt_id, u32 pasid);

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
 * ioasid_platform_device_attach() - ioasid_device_attach() for a platform device
 * @idev: the binding of @pdev
 * @pdev: the device
 * @ioasid: handle of the address space in the binding's context
 * @flags: IOASID_ATTACH_* of linux/ioasid.h
 *
 * Return: as ioasid_device_attach(); -EINVAL if @idev is not bound to @pdev.
 */
int ioasid_platform_device_attach(struct ioasid_device *idev,
				  struct platform_device *pdev, u32 ioasid,
				  u32 flags);

/**
 * ioasid_device_attach_pasid() - put an address space behind a PASID of a device
 * @idev: the binding
 * @ioasid: handle of the address space in the binding's context
 * @flags: IOASID_ATTACH_* of linux/ioasid.h, with one of ATTACH_PASID and
 *	ATTACH_PASID_ALLOC
 * @pasid: the PASID as the user knows it; in or out as @flags says
 *
 * Context: process. May sleep and pin memory, killable.
 * Return: 0, or an error as IOASID_DEVICE_ATTACH says.
 */
int ioasid_device_attach_pasid(struct ioasid_device *idev, u32 ioasid, u32 flags,
			       u32 *pasid);

/**
 * ioasid_pci_device_attach_pasid() - ioasid_device_attach_pasid() for a PCI device
 * @idev: the binding of @pdev
 * @pdev: the device
 * @ioasid: handle of the address space in the binding's context
 * @flags: as for ioasid_device_attach_pasid()
 * @pasid: likewise
 *
 * Return: as ioasid_device_attach_pasid(); -EINVAL if @idev is not bound to @pdev.
 */
int ioasid_pci_device_attach_pasid(struct ioasid_device *idev,
				   struct pci_dev *pdev, u32 ioasid, u32 flags,
				   u32 *pasid);

/**
 * ioasid_platform_device_attach_pasid() - ioasid_device_attach_pasid() for a
 * platform device
 * @idev: the binding of @pdev
 * @pdev: the device
 * @ioasid: handle of the address space in the binding's context
 * @flags: as for ioasid_device_attach_pasid()
 * @pasid: likewise
 *
 * Return: as ioasid_device_attach_pasid(); -EINVAL if @idev is not bound to @pdev.
 */
int ioasid_platform_device_attach_pasid(struct ioasid_device *idev,
					struct platform_device *pdev, u32 ioasid,
					u32 flags, u32 *pasid);

/**
 * ioasid_device_detach_pasid() - block a device's DMA with a PASID
 * @idev: the binding
 * @pasid: the PASID as the user knows it, or its alias
 *
 * Context: process. May sleep.
 * Return: 0, or an error as IOASID_DEVICE_DETACH says.
 */
int ioasid_device_detach_pasid(struct ioasid_device *idev, u32 pasid);

/**
 * ioasid_device_set_pasid_floor() - set a user's PASIDs apart
 * @idev: the binding
 * @floor: as in struct ioasid_pasid_floor
 *
 * Return: 0, or an error as IOASID_DEVICE_SET_PASID_FLOOR says.
 */
int ioasid_device_set_pasid_floor(struct ioasid_device *idev, u32 floor);

/**
 * ioasid_device_alias() - give an attached PASID a second number
 * @idev: the binding
 * @pasid: the PASID
 * @alias: its second number
 *
 * Context: process. May sleep.
 * Return: 0, or an error as IOASID_DEVICE_ALIAS says.
 */
int ioasid_device_alias(struct ioasid_device *idev, u32 pasid, u32 alias);

/**
 * ioasid_pasid_lookup() - which PASID on the wire stands for a user's
 * @ctx: the context
 * @ioasid: handle of the address space that must be attached to it
 * @cookie: of the device
 * @vpasid: the PASID as the user knows it, or its alias
 * @ppasid: out: the PASID on the wire
 *
 * The answer is right on the RID of that device alone: on another one the same number
 * may be another user's. What translates for a CPU takes ioasid_pasid_translate().
 *
 * The answer holds until the PASID is detached, or something else is attached to it.
 * What remembers it registers a listener first (IOASID_PASID_ENDS), and looks it up and
 * remembers it under a lock of its own that the listener takes: what has ended is not
 * found when the listeners are told.
 *
 * Context: any. Takes no lock.
 * Return: 0, -ENOENT if that address space is not attached there, -EINVAL.
 */
int ioasid_pasid_lookup(struct ioasid_ctx *ctx, u32 ioasid, u64 cookie,
			u32 vpasid, u32 *ppasid);

/**
 * ioasid_pasid_translate() - which PASID a CPU puts on the wire for a user's
 * @ctx: as for ioasid_pasid_lookup()
 * @ioasid: likewise
 * @cookie: likewise
 * @vpasid: likewise
 * @ppasid: out: the PASID on the wire
 *
 * A CPU can be made to send it to any device. So only numbers of the kernel's global
 * allocator are found, which are this file's on every RID that users share.
 *
 * Context: any. Takes no lock.
 * Return: as ioasid_pasid_lookup(); -EACCES if the number is not one that a CPU may send.
 */
int ioasid_pasid_translate(struct ioasid_ctx *ctx, u32 ioasid, u64 cookie,
			   u32 vpasid, u32 *ppasid);

/**
 * struct ioasid_dma_origin - whose DMA with a PASID it is
 * @cookie: the device as its user knows it
 * @ioasid: handle of the address space that it goes to
 * @vpasid: the PASID as the user knows it, or its alias if that is what DMA carried;
 *	0: it stands for the RID of a mediated device
 */
struct ioasid_dma_origin {
	u64 cookie;
	u32 ioasid;
	u32 vpasid;
};

/**
 * ioasid_pasid_origin() - the opposite: whose is a PASID on the wire?
 * @dev: the device whose RID DMA carries: one that is bound, or the parent of
 *	mediated ones. May have gone: nothing of it is looked at
 * @ppasid: the PASID on the wire; one of an alias leads where its PASID does
 * @origin: out: filled in
 *
 * For reports of faults. The answer may be old by the time it is given.
 *
 * Context: any. Takes no lock.
 * Return: 0, -ENOENT if nothing is attached there.
 */
int ioasid_pasid_origin(struct device *dev, u32 ppasid,
			struct ioasid_dma_origin *origin);

/**
 * ioasid_device_ppasid() - which PASID on the wire stands for a mediated device's
 * @idev: a binding of the device, of those with a parent
 * @vpasid: the PASID as its user knows it; 0: the default one, in place of its RID
 * @ppasid: out: the PASID on the wire, of the device's parent
 *
 * The answer holds as that of ioasid_pasid_lookup(): after that somebody else may have
 * the number. The device must not send it then, and what it has sent must have ended
 * when the driver has been told (IOASID_PASID_ENDS).
 *
 * Context: any. Takes no lock. A binding that its driver finds under RCU will do.
 * Return: 0, -ENOENT if nothing is attached there.
 */
int ioasid_device_ppasid(const struct ioasid_device *idev, u32 vpasid, u32 *ppasid);

/**
 * enum ioasid_pasid_event - what a listener is told
 * @IOASID_PASID_ENDS: a PASID on the wire does not stand for a user's any more;
 *	struct ioasid_pasid_end says which. That is so too if it ends by itself, before a
 *	device joins the group
 * @IOASID_PASID_TRANSLATED: from here on the CPU translates the PASIDs that its
 *	instructions send
 * @IOASID_PASID_NOT_TRANSLATED: it will not any more: no device that relies on that
 *	may take another one when the listener returns
 */
enum ioasid_pasid_event {
	IOASID_PASID_ENDS,
	IOASID_PASID_TRANSLATED,
	IOASID_PASID_NOT_TRANSLATED,
};

/**
 * struct ioasid_pasid_end - a PASID that has ended
 * @cookie: of the device
 * @ioasid: handle of the address space that was attached to it
 * @vpasid: the PASID as the user knows it, or its alias; 0: a mediated device's
 *	default one
 * @ppasid: the PASID on the wire. An alias goes over the wire as well: this is the alias
 *	then. If it was replaced, the device goes on using it for the other address space
 */
struct ioasid_pasid_end {
	u64 cookie;
	u32 ioasid;
	u32 vpasid;
	u32 ppasid;
};

/**
 * struct ioasid_pasid_listener - is told what becomes of the PASIDs of a context
 * @node: the core's
 * @event: what has happened; with IOASID_PASID_ENDS @end says which PASID has ended,
 *	otherwise it is NULL. It returns nothing: it cannot keep another listener from
 *	being told
 *
 * Context of @event: process, that of any user of a device, with the locks held under
 * which its driver detaches and unbinds, and some of the core's: it attaches nothing,
 * detaches, binds, unbinds, registers and unregisters nothing, waits for no user, and
 * takes no lock under which that is done. It may look up.
 */
struct ioasid_pasid_listener {
	struct list_head node;
	void (*event)(struct ioasid_pasid_listener *listener,
		      enum ioasid_pasid_event event, const struct ioasid_pasid_end *end);
};

/**
 * ioasid_ctx_register_pasids() - be told what becomes of PASIDs
 * @ctx: the context; held until ioasid_ctx_unregister_pasids(), also if the caller
 *	gives it back before and its file is closed
 * @listener: @event is filled in; not registered yet
 *
 * Each PASID that ioasid_pasid_lookup() could have found, each alias, and each default
 * PASID, is told once when it ends: by detach, replacement, unbinding, removal of the
 * device, and close. By then it is not found any more and blocked, or something else
 * is behind it, and no other user can have the number on the wire before all have been
 * told; nor does the call return that ends it.
 *
 * Context: process.
 * Return: does the CPU translate so far?
 */
bool ioasid_ctx_register_pasids(struct ioasid_ctx *ctx,
				struct ioasid_pasid_listener *listener);

/**
 * ioasid_ctx_unregister_pasids() - undo ioasid_ctx_register_pasids()
 * @ctx: the context
 * @listener: not called after this has returned
 */
void ioasid_ctx_unregister_pasids(struct ioasid_ctx *ctx,
				  struct ioasid_pasid_listener *listener);

/**
 * ioasid_ctx_start_translator() - the CPU translates PASIDs from here on
 * @ctx: the context of a program (a guest); held until ioasid_ctx_stop_translator()
 * @translator: told of IOASID_PASID_ENDS alone, before all listeners: when it has
 *	returned no CPU sends that number. It names the CPU to the drivers of
 *	command portals
 *
 * For what runs the CPU, KVM for example. What instructions of the program send is
 * from here on what ioasid_pasid_translate() says, or nothing.
 *
 * Context: process; no lock is held that a listener takes.
 * Return: 0; -EBUSY if there is one; -EXDEV if PASIDs are attached that the CPU must
 * not translate, see struct ioasid_pasid_info.
 */
int ioasid_ctx_start_translator(struct ioasid_ctx *ctx,
				struct ioasid_pasid_listener *translator);

/**
 * ioasid_ctx_stop_translator() - it will not any more
 * @ctx: the context
 * @translator: not called after this has returned, and no device takes PASIDs that it
 *	has translated, or is at work with one
 *
 * Context: as for ioasid_ctx_start_translator().
 */
void ioasid_ctx_stop_translator(struct ioasid_ctx *ctx,
				struct ioasid_pasid_listener *translator);

/**
 * struct ioasid_portal - is told of the end of the numbers that CPUs send
 * @node: the core's
 * @end_works: end the work of a device that has come with a PASID. A mediated device
 *	ends all of it, whatever file it was sent for; a physical one what was sent for
 *	@ctx, in which the number was attached: the user of another file may have chosen
 *	the same number there. When it returns there is none. It needs no memory, and is
 *	called as the event of struct ioasid_pasid_listener is; a number that the device
 *	has never seen is the usual case
 *
 * Numbers that the CPU translates to are the same for all devices of an open file, and
 * are the whole machine's: one that is free may be the next user's, on any RID. A CPU
 * can be made to send it to a device where it was never attached. So it is not free
 * before every portal has ended what carries it.
 */
struct ioasid_portal {
	struct list_head node;
	void (*end_works)(struct ioasid_portal *portal, const struct ioasid_ctx *ctx,
			  u32 ppasid);
};

/**
 * ioasid_portal_register() - a device may take work from CPU instructions
 * @portal: @end_works is filled in; not registered yet
 *
 * Each device of type IOASID_DEVICE_PHYSICAL_CPU and IOASID_DEVICE_MEDIATED_CPU does so
 * before it takes the first work. struct ioasid_bindings does it by itself.
 *
 * Context: process. May sleep, waits for no user.
 */
void ioasid_portal_register(struct ioasid_portal *portal);

/**
 * ioasid_portal_unregister() - undo ioasid_portal_register()
 * @portal: not called after this has returned. Its device has ended all work, and
 *	takes none
 *
 * Context: process. May sleep, waits for no user, never fails.
 */
void ioasid_portal_unregister(struct ioasid_portal *portal);

/**
 * ioasid_ctx_is_translated() - does the CPU translate PASIDs?
 * @ctx: the context
 *
 * A device of type IOASID_DEVICE_MEDIATED_CPU opens its command portal to a user no
 * sooner: until then instructions send what the program names, which on the wire may
 * be anybody's.
 *
 * Context: any.
 */
bool ioasid_ctx_is_translated(const struct ioasid_ctx *ctx);

/**
 * ioasid_ctx_is_translated_by() - is it that CPU which translates PASIDs?
 * @ctx: the context
 * @translator: of the CPU; NULL: none does
 *
 * Context: any.
 */
bool ioasid_ctx_is_translated_by(const struct ioasid_ctx *ctx,
				 const struct ioasid_pasid_listener *translator);

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
 * ioasid_device_translate() - what does an address space map at a range?
 * @idev: the binding of a mediated device
 * @iova: first address
 * @length: bytes, not 0
 *
 * It may be unmapped as soon as this returns: only what is pinned stays, until the
 * driver is told otherwise.
 *
 * As ioasid_device_pin(), _read() and _write(): any thread may call it, at the same
 * time as others, from ioasid_device_bind() until ioasid_device_unbind() is called.
 *
 * Context: process. May sleep, killable.
 * Return: what may be done in all of the range, IOASID_MAP_READ, IOASID_MAP_WRITE, both
 * or 0; -ENOENT if there is an address that is not mapped, or about to be unmapped;
 * -ENODEV if nothing is attached, -EINVAL, -EINTR.
 */
int ioasid_device_translate(struct ioasid_device *idev, u64 iova, u64 length);

struct ioasid_access;

/**
 * struct ioasid_pin - pages of an address space that a driver has pinned
 * @access: the core's
 * @iova: address of the first one
 * @nr_pages: number of @pages
 * @pages: the pages
 */
struct ioasid_pin {
	struct ioasid_access *access;
	u64 iova;
	unsigned long nr_pages;
	struct page *pages[];
};

/**
 * ioasid_device_pin() - pin what an address space maps at a range
 * @idev: the binding of a mediated device
 * @iova: first address, a multiple of the page size
 * @length: bytes, a multiple of the page size, not 0. It may span several mappings
 * @write: will the pages be written to? Otherwise they are read
 *
 * The pages are pinned for as long as the driver likes, until it is told to let go of
 * them (struct ioasid_mediated_ops): as soon as it has taken note of the pin, under a lock
 * that its unmap takes, another thread may do so. They are charged to the user who mapped them,
 * once, however many devices are behind the address space, physical ones too; and all
 * of those see the same pages.
 *
 * Context: process, also a kernel thread. May sleep and wait for the user's memory for
 * as long as a user likes; killable.
 * Return: the pin, or an ERR_PTR() with nothing pinned: -ENOENT if there is an address
 * that is not mapped, or about to be unmapped; -EPERM if it may not be read, or
 * written to; -EFAULT if the memory is gone or cannot be pinned; -ENOMEM, also if
 * RLIMIT_MEMLOCK is exceeded; -ENODEV if nothing is attached, also if the device has been
 * detached meanwhile, or something else is being attached in place of it; -EINVAL, -EINTR.
 */
struct ioasid_pin *ioasid_device_pin(struct ioasid_device *idev, u64 iova, u64 length,
				     bool write);

/**
 * ioasid_device_unpin() - give pages back
 * @pin: the pin; gone afterwards. What has been written to them is kept
 *
 * Context: process. May sleep, never fails, needs no memory, waits for no user.
 */
void ioasid_device_unpin(struct ioasid_pin *pin);

/**
 * ioasid_device_read() - read through an address space
 * @idev: the binding of a mediated device
 * @iova: first address there, of any alignment
 * @buf: where to, in the kernel's memory
 * @length: bytes, not 0
 *
 * Pins nothing for longer than it takes, and charges nobody.
 *
 * Context: process, also a kernel thread. May sleep and wait for the user's memory for
 * as long as a user likes; killable.
 * Return: 0 if all is read, or an error: as ioasid_device_pin().
 */
int ioasid_device_read(struct ioasid_device *idev, u64 iova, void *buf, u64 length);

/**
 * ioasid_device_write() - write through an address space
 * @idev: the binding of a mediated device
 * @iova: first address there, of any alignment
 * @buf: what to write, in the kernel's memory
 * @length: bytes, not 0
 *
 * What lies in more than one mapping, or in more than 32 pages, is pinned and charged
 * for as long as it takes.
 *
 * Context: as ioasid_device_read().
 * Return: 0 if all is written, or an error with nothing written: as
 * ioasid_device_pin().
 */
int ioasid_device_write(struct ioasid_device *idev, u64 iova, const void *buf,
			u64 length);

/**
 * ioasid_device_pasid_info() - what PASIDs a bound device can use
 * @idev: the binding
 * @info: width and flags are filled in
 */
void ioasid_device_pasid_info(const struct ioasid_device *idev,
			      struct ioasid_pasid_info *info);

/**
 * ioasid_ctx_no_snoop() - may any attached device do no-snoop DMA?
 * @ctx: the context
 *
 * A device may if its user has said so (IOASID_ATTACH_NO_SNOOP) and the page table
 * behind it does not make its DMA snoop, see enum ioasid_snoop.
 */
bool ioasid_ctx_no_snoop(struct ioasid_ctx *ctx);

/**
 * struct ioasid_no_snoop_listener - is told whether a device may do no-snoop DMA
 * @node: the core's
 * @changed: a device may from here on, or none. Told in the order in which it changes,
 *	before the attach or detach returns that has changed it; what changes back at
 *	once may not be told. It returns nothing: it cannot keep another listener from
 *	being told
 *
 * Context of @changed: process, that of any user of a device, under no lock of the core
 * that it could want but for one of these calls' own: it attaches nothing, detaches,
 * unbinds, registers and unregisters nothing, and takes no lock under which that is
 * done.
 */
struct ioasid_no_snoop_listener {
	struct list_head node;
	void (*changed)(struct ioasid_no_snoop_listener *listener, bool may);
};

/**
 * ioasid_ctx_register_no_snoop() - be told when that changes
 * @ctx: the context; held until ioasid_ctx_unregister_no_snoop(), also if the caller
 *	gives it back before and its file is closed
 * @listener: @changed is filled in; not registered yet
 *
 * Context: process.
 * Return: what there was to be told so far.
 */
bool ioasid_ctx_register_no_snoop(struct ioasid_ctx *ctx,
				  struct ioasid_no_snoop_listener *listener);

/**
 * ioasid_ctx_unregister_no_snoop() - undo ioasid_ctx_register_no_snoop()
 * @ctx: the context
 * @listener: not called after this has returned
 */
void ioasid_ctx_unregister_no_snoop(struct ioasid_ctx *ctx,
				    struct ioasid_no_snoop_listener *listener);

/**
 * struct ioasid_binding_ops - how a driver finds the bindings of a device fd
 * @get: the binding to a context, or any if that is NULL, for no other call but
 *	this one until @put; ERR_PTR(-EINVAL) if there is none
 * @put: give it back
 */
struct ioasid_binding_ops {
	struct ioasid_device *(*get)(void *user, struct ioasid_ctx *ctx);
	void (*put)(void *user);
};

/**
 * ioasid_device_ioctl() - the IOASID_DEVICE_* ioctls but those that bind and unbind
 * @ops: how to find bindings
 * @user: handed to @ops, the open file for one
 * @cmd: number of the ioctl
 * @arg: its argument
 *
 * Context: process. May sleep.
 * Return: as linux/ioasid.h says; -ENOTTY if it is none of them.
 */
long ioasid_device_ioctl(const struct ioasid_binding_ops *ops, void *user,
			 unsigned int cmd, void __user *arg);

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

/**
 * ioasid_read_args() - ioasid_copy_struct() that takes less if the structure is of
 * the size that we know, as nearly always
 * @args: where to; points to the structure
 * @last_field: the last one of the structure in the header's first release
 * @user: address of the user's
 *
 * Return: as ioasid_copy_struct() does.
 */
#define ioasid_read_args(args, last_field, user)			\
({									\
	const u32 __user *__argsz = (user);				\
	u32 __size;							\
	int __ret = get_user(__size, __argsz);				\
									\
	if (!__ret && __size == sizeof(*(args))) {			\
		__ret = copy_from_user(args, user, sizeof(*(args))) ?	\
			-EFAULT : 0;					\
		*(u32 *)(args) = __size;				\
	} else if (!__ret) {						\
		__ret = ioasid_copy_struct(args, sizeof(*(args)),	\
			offsetofend(typeof(*(args)), last_field), user); \
	}								\
	__ret;								\
})

/* Bytes of the longest structure that ioasid_ioctl_call() reads */
#define IOASID_IOCTL_MAX	128

/**
 * struct ioasid_ioctl - an ioctl, and what can be said of its structure beforehand
 * @cmd: its number
 * @size: bytes of its structure, which begins with argsz, as far as it is known
 * @min_size: bytes of it in the header's first release
 * @flags_at: where its flags are, an u32; 0: they are @op's to look at
 * @flags: those that are known
 * @zero_at: where fields are that must be 0
 * @zero_size: bytes of them
 * @refuse: errno for an unknown flag, and for what must be 0 and is not
 * @op: does it. @data is as in ioasid_ioctl_call(), @args the structure in the kernel's
 *	memory, and @user the user's
 */
struct ioasid_ioctl {
	unsigned int cmd;
	u16 size;
	u16 min_size;
	u8 flags_at;
	u8 zero_at;
	u8 zero_size;
	u8 refuse;
	u32 flags;
	long (*op)(void *data, void *args, void __user *user);
};

/**
 * IOASID_IOCTL() - an entry of a table of ioctls
 * @_refuse: errno for what is unknown
 * @_cmd: its number
 * @_op: what does it
 * @_struct: its structure
 * @_last: the last field in the header's first release
 *
 * Further members of struct ioasid_ioctl may follow.
 */
#define IOASID_IOCTL(_refuse, _cmd, _op, _struct, _last, ...)		\
{									\
	.cmd = _cmd,							\
	.size = sizeof(_struct) +					\
		BUILD_BUG_ON_ZERO(sizeof(_struct) > IOASID_IOCTL_MAX),	\
	.min_size = offsetofend(_struct, _last),			\
	.op = _op,							\
	.refuse = _refuse,						\
	##__VA_ARGS__							\
}

/* For IOASID_IOCTL(): the structure's flags, and those that are known */
#define IOASID_IOCTL_FLAGS(_struct, _known)				\
	.flags_at = offsetof(_struct, flags), .flags = (_known)

/* For IOASID_IOCTL(): a field that must be 0 */
#define IOASID_IOCTL_ZERO(_struct, _field)				\
	.zero_at = offsetof(_struct, _field), .zero_size = sizeof_field(_struct, _field)

/**
 * ioasid_ioctl_call() - read an ioctl's structure, check it, and do it
 * @table: ioctls
 * @nr: of them
 * @data: for the table's functions
 * @cmd: number of the ioctl
 * @user: its argument
 *
 * Return: -ENOTTY if it is none of them; as ioasid_copy_struct() does; @refuse of the
 * ioctl; and what its function returns.
 */
long ioasid_ioctl_call(const struct ioasid_ioctl *table, unsigned int nr, void *data,
		       unsigned int cmd, void __user *user);

struct ioasid_bindings;

/**
 * struct ioasid_bindings_ops - what a driver does when its device is bound
 * @start: the device has been bound for the first time, through @file; let it be
 *	used. On error the binding ends
 * @stop: the last binding is about to end: stop the device's DMA, now
 * @end_works: of a device with a command portal, otherwise NULL: end the work that CPU
 *	instructions have sent and that is not done yet: what was sent for the program of
 *	@ctx, NULL: of any, with @ppasid on the wire, 0: with any. When it returns there
 *	is none. Called as the event of struct ioasid_pasid_listener is, also while the
 *	device is not bound; needs no memory. It is called when a PASID of the device has
 *	ended, or a number that CPUs send (struct ioasid_portal); when the CPU stops to
 *	translate; and when a file is bound that it does not translate for, or unbound:
 *	ioasid_bindings_portal_takes() has said no since before
 */
struct ioasid_bindings_ops {
	int (*start)(struct ioasid_bindings *bindings, struct file *file);
	void (*stop)(struct ioasid_bindings *bindings);
	void (*end_works)(struct ioasid_bindings *bindings, const struct ioasid_ctx *ctx,
			  u32 ppasid);
};

/**
 * struct ioasid_bindings - who has a device bound
 * @ops: the driver's
 * @lock: protects what follows; held while memory is pinned for an attach, and
 *	while the driver's operations are called
 * @dev: the device, NULL before ioasid_bindings_open() and after
 *	ioasid_bindings_close()
 * @desc: what it is
 * @user: the open file of the device through which it is bound, or NULL
 * @list: bindings, of @user; read under RCU too
 * @portal: with @ops->end_works: registered as long as the device is bound
 *
 * The easy way to offer IOASID_DEVICE_* on a device fd: one for each device. The
 * members are not for the driver to change.
 */
struct ioasid_bindings {
	const struct ioasid_bindings_ops *ops;
	struct mutex lock; /* what follows */
	struct device *dev;
	struct ioasid_device_desc desc;
	struct file *user;
	struct list_head list;
	struct ioasid_portal portal;
};

/**
 * ioasid_bindings_init() - make ready; the device cannot be bound yet
 * @bindings: to be filled in
 * @ops: the driver's operations
 */
void ioasid_bindings_init(struct ioasid_bindings *bindings,
			  const struct ioasid_bindings_ops *ops);

/**
 * ioasid_bindings_destroy() - undo ioasid_bindings_init()
 * @bindings: closed, and no file of the device is open
 */
void ioasid_bindings_destroy(struct ioasid_bindings *bindings);

/**
 * ioasid_bindings_open() - let a device be bound, when the driver is probed
 * @bindings: of the device
 * @desc: what it is; cookie and owner are those of each binding
 */
void ioasid_bindings_open(struct ioasid_bindings *bindings,
			  const struct ioasid_device_desc *desc);

/**
 * ioasid_bindings_close() - end all bindings of a device that is being removed
 * @bindings: of the device
 *
 * The files of the device answer ENODEV from here on.
 *
 * Context: process. Waits for a call of its user's, for as long as that takes.
 */
void ioasid_bindings_close(struct ioasid_bindings *bindings);

/**
 * ioasid_bindings_close_killable() - the same, killably
 * @bindings: of the device
 *
 * Return: 0, or -EINTR and nothing has changed.
 */
int ioasid_bindings_close_killable(struct ioasid_bindings *bindings);

/**
 * ioasid_bindings_release() - a file of the device is closed
 * @bindings: of the device
 * @file: the file
 */
void ioasid_bindings_release(struct ioasid_bindings *bindings, struct file *file);

/**
 * ioasid_bindings_ppasid() - ioasid_device_ppasid() of a device that may be bound
 * @bindings: of a mediated device with a parent
 * @vpasid: as there
 * @ppasid: as there
 *
 * Context: any. Takes no lock.
 * Return: 0, -ENOENT if nothing is attached there, or the device is not bound.
 */
int ioasid_bindings_ppasid(struct ioasid_bindings *bindings, u32 vpasid, u32 *ppasid);

/**
 * ioasid_bindings_portal_takes() - may a device take the work that a CPU sends?
 * @bindings: of the device, of type IOASID_DEVICE_PHYSICAL_CPU or
 *	IOASID_DEVICE_MEDIATED_CPU
 * @ctx: the context of the program that executes the instruction
 * @translator: what has translated the PASID that comes with it; NULL: the number is the
 *	one that the program names
 *
 * The device must be bound to @ctx, and @translator the one of @ctx: a number that was
 * translated for another file is another program's. A physical device takes what its
 * user names if there is no translator, for all PASIDs of its RID are its user's. A
 * mediated one takes nothing then; and nothing unless the CPU translates for every file
 * that it is bound to, for each has its user at the portal.
 *
 * The driver asks under a lock that its end_works() takes, and enters the work under the
 * same: the answer holds until that is called.
 *
 * Context: any. Takes no lock.
 */
bool ioasid_bindings_portal_takes(struct ioasid_bindings *bindings,
				  const struct ioasid_ctx *ctx,
				  const struct ioasid_pasid_listener *translator);

/**
 * ioasid_bindings_get() - a binding of a device, to work in what is attached
 * @bindings: of the device
 * @file: through which it is asked for
 *
 * Any of them: what is attached to a mediated device is there for all.
 *
 * Context: process, killable. Until ioasid_bindings_put() the device stays bound, and
 * who would attach, detach or unbind waits.
 * Return: the binding; ERR_PTR(-EINVAL) if the device is not bound through @file,
 * ERR_PTR(-ENODEV) if it is gone, ERR_PTR(-EINTR).
 */
struct ioasid_device *ioasid_bindings_get(struct ioasid_bindings *bindings,
					  struct file *file);

/**
 * ioasid_bindings_put() - give back what ioasid_bindings_get() returned
 * @bindings: of the device
 */
void ioasid_bindings_put(struct ioasid_bindings *bindings);

/**
 * ioasid_bindings_ioctl() - the IOASID_DEVICE_* ioctls
 * @bindings: of the device
 * @file: the file that it came through
 * @cmd: number of the ioctl
 * @arg: its argument
 *
 * Return: as linux/ioasid.h says; -ENODEV if the device is gone, -ENOTTY if it is
 * none of them, -EINVAL for any but IOASID_DEVICE_BIND as long as the device is not
 * bound through @file.
 */
long ioasid_bindings_ioctl(struct ioasid_bindings *bindings, struct file *file,
			   unsigned int cmd, void __user *arg);

#endif /* IOASID_API_H */

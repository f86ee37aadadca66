// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of both faces, of VFIO, and of software devices: a row is one way to make a
 * call that may succeed. Fields that a row leaves out are 0.
 */
#include <linux/ioasid.h>
#include <linux/ioasid_swiommu.h>
#include <linux/vfio.h>

#include "../../../module/compat/iommufd_abi.h"
#include "../../../module/compat/vfio_abi.h"
#include "../../modules/cpu.h"
#include "../../modules/mediated.h"
#include "fuzz.h"

/* Structures with something behind them */
struct irq_set {
	__u32 argsz, flags, index, start, count;
	__s32 fds[4];
};

struct feature {
	__u32 argsz, flags;
	__u8 data[16];
};

struct hot_reset_info {
	struct vfd_hot_reset_info head;
	struct vfd_hot_reset_device devices[8];
};

struct hot_reset {
	struct vfd_hot_reset head;
	__s32 groups[2];
};

/* Of the VFIO features that are passed on, with their numbers */
#define TOKEN		0
#define LOW_POWER	3
#define LOW_POWER_WAKE	4
#define LOW_POWER_EXIT	5
#define FEATURE_GET	(1 << 16)
#define FEATURE_SET	(1 << 17)
#define FEATURE_PROBE	(1 << 18)

#define F(type, member, kind, arg) \
	{ #member, offsetof(type, member), sizeof(((type *)0)->member), FUZZ_##kind, arg }
#define ROW(name, cmd, on, weight, type, ...)					\
	{ name, cmd, FUZZ_ON_##on, sizeof(type), 0, weight,			\
	  (const struct fuzz_field[]) { __VA_ARGS__, { 0 } } }

#define ALLOC		struct ioasid_alloc
#define INFO		struct ioasid_info
#define MAP		struct ioasid_map
#define UNMAP		struct ioasid_unmap
#define IMAP		struct ifd_ioas_map
#define IFILE		struct ifd_ioas_map_file
#define ICOPY		struct ifd_ioas_copy
#define IOPTION		struct ifd_option
#define IHWPT		struct ifd_hwpt_alloc
#define IHW		struct ifd_hw_info
#define IDIRTY		struct ifd_hwpt_get_dirty_bitmap
#define IINVAL		struct ifd_hwpt_invalidate
#define BIND		struct ioasid_bind
#define ATTACH		struct ioasid_attach
#define DETACH		struct ioasid_detach
#define ALIAS		struct ioasid_alias
#define DMA		struct swiommu_dma
#define CREATE		struct swiommu_device_create
#define IRQS		struct irq_set
#define FEATURE		struct feature
#define MEDOP		struct mediated_op
#define INSN		struct cpu_insn

const struct fuzz_call fuzz_calls[] = {
	/* The I/O address space fd, linux/ioasid.h */
	{ "IOMMU_CHECK_EXTENSION", IOMMU_CHECK_EXTENSION, FUZZ_ON_FILE, 0, 20, 1, NULL },
	ROW("IOMMU_DEVICE_GET_INFO", IOMMU_DEVICE_GET_INFO, FILE, 3, struct ioasid_device_info,
	    F(struct ioasid_device_info, argsz, SIZE, 0),
	    F(struct ioasid_device_info, cookie, COOKIE, 0),
	    F(struct ioasid_device_info, caps_len, BYTES, 4096),
	    F(struct ioasid_device_info, caps, BUFFER, 0)),
	ROW("IOMMU_IOASID_ALLOC", IOMMU_IOASID_ALLOC, FILE, 6, ALLOC,
	    F(ALLOC, argsz, SIZE, 0), F(ALLOC, flags, FLAGS, IOASID_ALLOC_PASID),
	    F(ALLOC, snoop, UPTO, 2), F(ALLOC, ioasid, OUT_IOAS, 0)),
	ROW("IOMMU_IOASID_ALLOC with hints", IOMMU_IOASID_ALLOC, FILE, 2, ALLOC,
	    F(ALLOC, argsz, SIZE, 0), F(ALLOC, flags, FLAGS, 0xf), F(ALLOC, snoop, UPTO, 2),
	    F(ALLOC, addr_width, WIDTH, 0), F(ALLOC, nr_ranges, NR, 0),
	    F(ALLOC, ranges, RANGES, 0), F(ALLOC, ioasid, OUT_IOAS, 0)),
	ROW("IOMMU_IOASID_FREE", IOMMU_IOASID_FREE, FILE, 2, struct ioasid_free,
	    F(struct ioasid_free, argsz, SIZE, 0), F(struct ioasid_free, ioasid, IOAS, 0)),
	ROW("IOMMU_IOASID_GET_INFO", IOMMU_IOASID_GET_INFO, FILE, 3, INFO,
	    F(INFO, argsz, SIZE, 0), F(INFO, ioasid, IOAS, 0), F(INFO, nr_ranges, NR, 0),
	    F(INFO, nr_attachments, NR, 0), F(INFO, ranges, BUFFER, 0),
	    F(INFO, attachments, BUFFER, 0)),
	ROW("IOMMU_MAP_DMA", IOMMU_MAP_DMA, FILE, 14, MAP,
	    F(MAP, argsz, SIZE, 0), F(MAP, flags, SOME, 3), F(MAP, ioasid, IOAS, 0),
	    F(MAP, vaddr, VA, 0), F(MAP, iova, IOVA, 0), F(MAP, length, LENGTH, 0)),
	ROW("IOMMU_MAP_DMA of an array", IOMMU_MAP_DMA, FILE, 5, MAP,
	    F(MAP, argsz, SIZE, 0), F(MAP, ioasid, IOAS, 0), F(MAP, nr_ranges, NR, 0),
	    F(MAP, ranges, MAPS, 0)),
	ROW("IOMMU_UNMAP_DMA", IOMMU_UNMAP_DMA, FILE, 6, UNMAP,
	    F(UNMAP, argsz, SIZE, 0), F(UNMAP, ioasid, MAPPED_IOAS, 0), F(UNMAP, iova, MAPPED, 0),
	    F(UNMAP, length, MAPPED_LENGTH, 0)),
	ROW("IOMMU_UNMAP_DMA of all", IOMMU_UNMAP_DMA, FILE, 2, UNMAP,
	    F(UNMAP, argsz, SIZE, 0), F(UNMAP, flags, IS, IOASID_UNMAP_ALL),
	    F(UNMAP, ioasid, IOAS, 0)),
	ROW("IOMMU_UNMAP_DMA of an array", IOMMU_UNMAP_DMA, FILE, 3, UNMAP,
	    F(UNMAP, argsz, SIZE, 0), F(UNMAP, ioasid, IOAS, 0), F(UNMAP, nr_ranges, NR, 0),
	    F(UNMAP, ranges, UNMAPS, 0)),

	/* The same fd, linux/iommufd.h */
	ROW("IOMMU_DESTROY", IFD_DESTROY, FILE, 3, struct ifd_destroy,
	    F(struct ifd_destroy, size, SIZE, 0), F(struct ifd_destroy, id, OBJECT, 0)),
	ROW("IOMMU_IOAS_ALLOC", IFD_IOAS_ALLOC, FILE, 4, struct ifd_ioas_alloc,
	    F(struct ifd_ioas_alloc, size, SIZE, 0),
	    F(struct ifd_ioas_alloc, out_ioas_id, OUT_IOAS, 0)),
	ROW("IOMMU_IOAS_ALLOW_IOVAS", IFD_IOAS_ALLOW_IOVAS, FILE, 2, struct ifd_ioas_allow_iovas,
	    F(struct ifd_ioas_allow_iovas, size, SIZE, 0),
	    F(struct ifd_ioas_allow_iovas, ioas_id, IOAS, 0),
	    F(struct ifd_ioas_allow_iovas, num_iovas, NR, 0),
	    F(struct ifd_ioas_allow_iovas, allowed_iovas, RANGES, 0)),
	ROW("IOMMU_IOAS_COPY", IFD_IOAS_COPY, FILE, 6, ICOPY,
	    F(ICOPY, size, SIZE, 0), F(ICOPY, flags, IS, 7), F(ICOPY, dst_ioas_id, IOAS, 0),
	    F(ICOPY, src_ioas_id, MAPPED_IOAS, 0), F(ICOPY, length, MAPPED_LENGTH, 0),
	    F(ICOPY, dst_iova, IOVA, 0), F(ICOPY, src_iova, MAPPED, 0)),
	ROW("IOMMU_IOAS_COPY anywhere", IFD_IOAS_COPY, FILE, 3, ICOPY,
	    F(ICOPY, size, SIZE, 0), F(ICOPY, flags, IS, 6), F(ICOPY, dst_ioas_id, IOAS, 0),
	    F(ICOPY, src_ioas_id, MAPPED_IOAS, 0), F(ICOPY, length, MAPPED_LENGTH, 0),
	    F(ICOPY, src_iova, MAPPED, 0)),
	ROW("IOMMU_IOAS_IOVA_RANGES", IFD_IOAS_IOVA_RANGES, FILE, 2, struct ifd_ioas_iova_ranges,
	    F(struct ifd_ioas_iova_ranges, size, SIZE, 0),
	    F(struct ifd_ioas_iova_ranges, ioas_id, IOAS, 0),
	    F(struct ifd_ioas_iova_ranges, num_iovas, NR, 0),
	    F(struct ifd_ioas_iova_ranges, allowed_iovas, BUFFER, 0)),
	ROW("IOMMU_IOAS_MAP", IFD_IOAS_MAP, FILE, 8, IMAP,
	    F(IMAP, size, SIZE, 0), F(IMAP, flags, IS, 7), F(IMAP, ioas_id, IOAS, 0),
	    F(IMAP, user_va, VA, 0), F(IMAP, length, LENGTH, 0), F(IMAP, iova, IOVA, 0)),
	ROW("IOMMU_IOAS_MAP anywhere", IFD_IOAS_MAP, FILE, 3, IMAP,
	    F(IMAP, size, SIZE, 0), F(IMAP, flags, SOME, 6), F(IMAP, ioas_id, IOAS, 0),
	    F(IMAP, user_va, VA, 0), F(IMAP, length, LENGTH, 0)),
	ROW("IOMMU_IOAS_MAP_FILE", IFD_IOAS_MAP_FILE, FILE, 5, IFILE,
	    F(IFILE, size, SIZE, 0), F(IFILE, flags, IS, 7), F(IFILE, ioas_id, IOAS, 0),
	    F(IFILE, fd, MEMFD, 0), F(IFILE, start, START, 0),
	    F(IFILE, length, LENGTH, 0), F(IFILE, iova, IOVA, 0)),
	ROW("IOMMU_IOAS_UNMAP", IFD_IOAS_UNMAP, FILE, 6, struct ifd_ioas_unmap,
	    F(struct ifd_ioas_unmap, size, SIZE, 0),
	    F(struct ifd_ioas_unmap, ioas_id, MAPPED_IOAS, 0),
	    F(struct ifd_ioas_unmap, iova, MAPPED, 0),
	    F(struct ifd_ioas_unmap, length, MAPPED_LENGTH, 0)),
	ROW("IOMMU_IOAS_UNMAP of all", IFD_IOAS_UNMAP, FILE, 1, struct ifd_ioas_unmap,
	    F(struct ifd_ioas_unmap, size, SIZE, 0), F(struct ifd_ioas_unmap, ioas_id, IOAS, 0),
	    F(struct ifd_ioas_unmap, length, IS, ~0ULL)),
	ROW("IOMMU_OPTION of the file", IFD_OPTION, FILE, 1, IOPTION,
	    F(IOPTION, size, SIZE, 0), F(IOPTION, option_id, IS, IFD_OPTION_RLIMIT_MODE),
	    F(IOPTION, op, UPTO, 1)),
	ROW("IOMMU_OPTION of an address space", IFD_OPTION, FILE, 1, IOPTION,
	    F(IOPTION, size, SIZE, 0), F(IOPTION, option_id, IS, IFD_OPTION_HUGE_PAGES),
	    F(IOPTION, op, UPTO, 1), F(IOPTION, object_id, IOAS, 0), F(IOPTION, val64, UPTO, 1)),
	ROW("IOMMU_HWPT_ALLOC", IFD_HWPT_ALLOC, FILE, 4, IHWPT,
	    F(IHWPT, size, SIZE, 0), F(IHWPT, flags, FLAGS, IFD_HWPT_ALLOC_PASID),
	    F(IHWPT, dev_id, DEVID, 0), F(IHWPT, pt_id, IOAS, 0),
	    F(IHWPT, out_hwpt_id, OUT_HWPT, 0)),
	ROW("IOMMU_GET_HW_INFO", IFD_GET_HW_INFO, FILE, 2, IHW,
	    F(IHW, size, SIZE, 0), F(IHW, dev_id, DEVID, 0), F(IHW, data_len, BYTES, 64),
	    F(IHW, data_uptr, BUFFER, 0)),
	ROW("IOMMU_HWPT_SET_DIRTY_TRACKING", IFD_HWPT_SET_DIRTY_TRACKING, FILE, 1,
	    struct ifd_hwpt_set_dirty_tracking,
	    F(struct ifd_hwpt_set_dirty_tracking, size, SIZE, 0),
	    F(struct ifd_hwpt_set_dirty_tracking, flags, UPTO, 1),
	    F(struct ifd_hwpt_set_dirty_tracking, hwpt_id, HWPT, 0)),
	ROW("IOMMU_HWPT_GET_DIRTY_BITMAP", IFD_HWPT_GET_DIRTY_BITMAP, FILE, 1, IDIRTY,
	    F(IDIRTY, size, SIZE, 0), F(IDIRTY, hwpt_id, HWPT, 0), F(IDIRTY, flags, UPTO, 1),
	    F(IDIRTY, iova, IOVA, 0), F(IDIRTY, length, LENGTH, 0), F(IDIRTY, page_size, IS, PAGE),
	    F(IDIRTY, data, BUFFER, 0)),
	ROW("IOMMU_HWPT_INVALIDATE", IFD_HWPT_INVALIDATE, FILE, 1, IINVAL,
	    F(IINVAL, size, SIZE, 0), F(IINVAL, hwpt_id, HWPT, 0), F(IINVAL, data_uptr, BUFFER, 0),
	    F(IINVAL, entry_len, BYTES, 64), F(IINVAL, entry_num, NR, 0)),

	/* Device fds of all drivers */
	ROW("IOASID_DEVICE_BIND", IOASID_DEVICE_BIND, ANY, 8, BIND,
	    F(BIND, argsz, SIZE, 0), F(BIND, iommu_fd, FILE, 0), F(BIND, cookie, NAME, 0)),
	ROW("IOASID_DEVICE_BIND with a token", IOASID_DEVICE_BIND, VFIO, 2, BIND,
	    F(BIND, argsz, SIZE, 0), F(BIND, flags, IS, IOASID_BIND_VF_TOKEN),
	    F(BIND, iommu_fd, FILE, 0), F(BIND, cookie, NAME, 0),
	    { "vf_token", offsetof(BIND, vf_token), 8, FUZZ_UPTO, 1 }),
	ROW("IOASID_DEVICE_UNBIND", IOASID_DEVICE_UNBIND, ANY, 2, struct ioasid_unbind,
	    F(struct ioasid_unbind, argsz, SIZE, 0), F(struct ioasid_unbind, iommu_fd, FILE, 0)),
	ROW("IOASID_DEVICE_UNBIND of all", IOASID_DEVICE_UNBIND, ANY, 1, struct ioasid_unbind,
	    F(struct ioasid_unbind, argsz, SIZE, 0), F(struct ioasid_unbind, iommu_fd, IS, ~0ULL)),
	ROW("IOASID_DEVICE_ATTACH", IOASID_DEVICE_ATTACH, ANY, 10, ATTACH,
	    F(ATTACH, argsz, SIZE, 0), F(ATTACH, flags, FLAGS, IOASID_ATTACH_NO_SNOOP),
	    F(ATTACH, iommu_fd, FILE, 0), F(ATTACH, ioasid, PT, 0)),
	ROW("IOASID_DEVICE_ATTACH by PASID", IOASID_DEVICE_ATTACH, ANY, 6, ATTACH,
	    F(ATTACH, argsz, SIZE, 0), F(ATTACH, flags, IS, IOASID_ATTACH_PASID),
	    F(ATTACH, iommu_fd, FILE, 0), F(ATTACH, ioasid, PT, 0), F(ATTACH, pasid, PASID, 0)),
	ROW("IOASID_DEVICE_ATTACH by any PASID", IOASID_DEVICE_ATTACH, ANY, 4, ATTACH,
	    F(ATTACH, argsz, SIZE, 0), F(ATTACH, flags, IS, IOASID_ATTACH_PASID_ALLOC),
	    F(ATTACH, iommu_fd, FILE, 0), F(ATTACH, ioasid, PT, 0),
	    F(ATTACH, pasid, OUT_PASID, 0)),
	ROW("IOASID_DEVICE_DETACH", IOASID_DEVICE_DETACH, ANY, 4, DETACH,
	    F(DETACH, argsz, SIZE, 0), F(DETACH, iommu_fd, FILE, 0)),
	ROW("IOASID_DEVICE_DETACH by PASID", IOASID_DEVICE_DETACH, ANY, 4, DETACH,
	    F(DETACH, argsz, SIZE, 0), F(DETACH, flags, IS, IOASID_DETACH_PASID),
	    F(DETACH, iommu_fd, FILE, 0), F(DETACH, pasid, HAD_PASID, 0)),
	ROW("IOASID_DEVICE_PASID_INFO", IOASID_DEVICE_PASID_INFO, ANY, 1,
	    struct ioasid_pasid_info, F(struct ioasid_pasid_info, argsz, SIZE, 0)),
	ROW("IOASID_DEVICE_SET_PASID_FLOOR", IOASID_DEVICE_SET_PASID_FLOOR, ANY, 2,
	    struct ioasid_pasid_floor, F(struct ioasid_pasid_floor, argsz, SIZE, 0),
	    F(struct ioasid_pasid_floor, iommu_fd, FILE, 0),
	    F(struct ioasid_pasid_floor, floor, PASID, 0)),
	ROW("IOASID_DEVICE_ALIAS", IOASID_DEVICE_ALIAS, ANY, 4, ALIAS,
	    F(ALIAS, argsz, SIZE, 0), F(ALIAS, iommu_fd, FILE, 0), F(ALIAS, pasid, HAD_PASID, 0),
	    F(ALIAS, alias, PASID, 0)),

	/* VFIO's device fds, linux/vfio.h */
	ROW("VFIO_DEVICE_BIND_IOMMUFD", VFD_BIND_IOMMUFD, VFIO, 6, struct vfd_bind_iommufd,
	    F(struct vfd_bind_iommufd, argsz, SIZE, 0),
	    F(struct vfd_bind_iommufd, iommufd, FILE, 0),
	    F(struct vfd_bind_iommufd, out_devid, OUT_DEVID, 0)),
	ROW("VFIO_DEVICE_BIND_IOMMUFD with a token", VFD_BIND_IOMMUFD, VFIO, 1,
	    struct vfd_bind_iommufd, F(struct vfd_bind_iommufd, argsz, SIZE, 0),
	    F(struct vfd_bind_iommufd, flags, IS, VFD_BIND_TOKEN),
	    F(struct vfd_bind_iommufd, iommufd, FILE, 0),
	    F(struct vfd_bind_iommufd, out_devid, OUT_DEVID, 0),
	    F(struct vfd_bind_iommufd, token_uuid_ptr, TOKEN, 0)),
	ROW("VFIO_DEVICE_ATTACH_IOMMUFD_PT", VFD_ATTACH_IOMMUFD_PT, VFIO, 6,
	    struct vfd_attach_iommufd_pt, F(struct vfd_attach_iommufd_pt, argsz, SIZE, 0),
	    F(struct vfd_attach_iommufd_pt, pt_id, PT, 0)),
	ROW("VFIO_DEVICE_ATTACH_IOMMUFD_PT by PASID", VFD_ATTACH_IOMMUFD_PT, VFIO, 1,
	    struct vfd_attach_iommufd_pt, F(struct vfd_attach_iommufd_pt, argsz, SIZE, 0),
	    F(struct vfd_attach_iommufd_pt, flags, IS, VFD_ATTACH_PASID),
	    F(struct vfd_attach_iommufd_pt, pt_id, PT, 0),
	    F(struct vfd_attach_iommufd_pt, pasid, PASID, 0)),
	ROW("VFIO_DEVICE_DETACH_IOMMUFD_PT", VFD_DETACH_IOMMUFD_PT, VFIO, 3,
	    struct vfd_detach_iommufd_pt, F(struct vfd_detach_iommufd_pt, argsz, SIZE, 0)),
	ROW("VFIO_DEVICE_DETACH_IOMMUFD_PT by PASID", VFD_DETACH_IOMMUFD_PT, VFIO, 1,
	    struct vfd_detach_iommufd_pt, F(struct vfd_detach_iommufd_pt, argsz, SIZE, 0),
	    F(struct vfd_detach_iommufd_pt, flags, IS, VFD_DETACH_PASID),
	    F(struct vfd_detach_iommufd_pt, pasid, HAD_PASID, 0)),
	ROW("VFIO_DEVICE_GET_INFO", VFIO_DEVICE_GET_INFO, VFIO, 1, struct vfio_device_info,
	    F(struct vfio_device_info, argsz, SIZE, 0)),
	ROW("VFIO_DEVICE_GET_REGION_INFO", VFIO_DEVICE_GET_REGION_INFO, VFIO, 1,
	    struct vfio_region_info, F(struct vfio_region_info, argsz, SIZE, 0),
	    F(struct vfio_region_info, index, UPTO, 8)),
	ROW("VFIO_DEVICE_GET_IRQ_INFO", VFIO_DEVICE_GET_IRQ_INFO, VFIO, 1, struct vfio_irq_info,
	    F(struct vfio_irq_info, argsz, SIZE, 0), F(struct vfio_irq_info, index, UPTO, 4)),
	ROW("VFIO_DEVICE_SET_IRQS to an eventfd", VFIO_DEVICE_SET_IRQS, VFIO, 2, IRQS,
	    F(IRQS, argsz, SIZE, 0), F(IRQS, flags, IS, VFIO_IRQ_SET_DATA_EVENTFD |
				       VFIO_IRQ_SET_ACTION_TRIGGER),
	    F(IRQS, index, UPTO, 4), F(IRQS, count, IS, 1), F(IRQS, fds[0], EVENTFD, 0)),
	ROW("VFIO_DEVICE_SET_IRQS to none", VFIO_DEVICE_SET_IRQS, VFIO, 2, IRQS,
	    F(IRQS, argsz, SIZE, 0), F(IRQS, flags, IS, VFIO_IRQ_SET_DATA_NONE |
				       VFIO_IRQ_SET_ACTION_TRIGGER),
	    F(IRQS, index, UPTO, 4), F(IRQS, count, UPTO, 1)),
	ROW("VFIO_DEVICE_RESET", VFIO_DEVICE_RESET, VFIO, 1, __u32, { "", 0, 4, FUZZ_IS, 0 }),
	ROW("VFIO_DEVICE_IOEVENTFD", VFIO_DEVICE_IOEVENTFD, VFIO, 1, struct vfio_device_ioeventfd,
	    F(struct vfio_device_ioeventfd, argsz, SIZE, 0),
	    F(struct vfio_device_ioeventfd, flags, IS, VFIO_DEVICE_IOEVENTFD_32),
	    F(struct vfio_device_ioeventfd, offset, UPTO, 64),
	    F(struct vfio_device_ioeventfd, fd, EVENTFD, 0)),
	ROW("VFIO_DEVICE_FEATURE: the token", VFIO_DEVICE_FEATURE, VFIO, 1, FEATURE,
	    F(FEATURE, argsz, SIZE, 0), F(FEATURE, flags, IS, FEATURE_SET | TOKEN)),
	ROW("VFIO_DEVICE_FEATURE: low power", VFIO_DEVICE_FEATURE, VFIO, 1, FEATURE,
	    F(FEATURE, argsz, SIZE, 0), F(FEATURE, flags, IS, FEATURE_SET | LOW_POWER)),
	ROW("VFIO_DEVICE_FEATURE: low power until woken", VFIO_DEVICE_FEATURE, VFIO, 1, FEATURE,
	    F(FEATURE, argsz, SIZE, 0), F(FEATURE, flags, IS, FEATURE_SET | LOW_POWER_WAKE),
	    { "fd", 8, 4, FUZZ_EVENTFD, 0 }),
	ROW("VFIO_DEVICE_FEATURE: full power", VFIO_DEVICE_FEATURE, VFIO, 1, FEATURE,
	    F(FEATURE, argsz, SIZE, 0), F(FEATURE, flags, IS, FEATURE_SET | LOW_POWER_EXIT)),
	ROW("VFIO_DEVICE_FEATURE: what there is", VFIO_DEVICE_FEATURE, VFIO, 1, FEATURE,
	    F(FEATURE, argsz, SIZE, 0), F(FEATURE, flags, UPTO, FEATURE_PROBE | FEATURE_SET |
					  FEATURE_GET | 0xf)),
	ROW("VFIO_DEVICE_GET_PCI_HOT_RESET_INFO", VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, VFIO, 1,
	    struct hot_reset_info, F(struct hot_reset_info, head.argsz, SIZE, 0)),
	ROW("VFIO_DEVICE_PCI_HOT_RESET", VFIO_DEVICE_PCI_HOT_RESET, VFIO, 1,
	    struct vfd_hot_reset, F(struct vfd_hot_reset, argsz, SIZE, 0)),
	ROW("VFIO_DEVICE_PCI_HOT_RESET of a group", VFIO_DEVICE_PCI_HOT_RESET, VFIO, 1,
	    struct hot_reset, F(struct hot_reset, head.argsz, SIZE, 0),
	    F(struct hot_reset, head.count, IS, 1), F(struct hot_reset, groups[0], GROUP, 0)),

	/* Software devices, linux/ioasid_swiommu.h */
	ROW("SWIOMMU_DEVICE_GET_INFO", SWIOMMU_DEVICE_GET_INFO, SOFT, 1,
	    struct swiommu_device_info, F(struct swiommu_device_info, argsz, SIZE, 0)),
	ROW("SWIOMMU_DMA", SWIOMMU_DMA, SOFT, 8, DMA,
	    F(DMA, argsz, SIZE, 0), F(DMA, flags, FLAGS, SWIOMMU_DMA_NO_SNOOP),
	    F(DMA, op, UPTO, 1), F(DMA, iova, MAPPED, 0), F(DMA, length, MAPPED_LENGTH, 0),
	    F(DMA, data, VA, 0)),
	ROW("SWIOMMU_DMA by PASID", SWIOMMU_DMA, SOFT, 8, DMA,
	    F(DMA, argsz, SIZE, 0), F(DMA, flags, IS, SWIOMMU_DMA_PASID), F(DMA, op, UPTO, 1),
	    F(DMA, pasid, HAD_PASID, 0), F(DMA, iova, MAPPED, 0), F(DMA, length, MAPPED_LENGTH, 0),
	    F(DMA, data, VA, 0)),
	ROW("SWIOMMU_DMA that copies", SWIOMMU_DMA, SOFT, 4, DMA,
	    F(DMA, argsz, SIZE, 0), F(DMA, op, IS, SWIOMMU_DMA_COPY), F(DMA, iova, IOVA, 0),
	    F(DMA, src, MAPPED, 0), F(DMA, length, MAPPED_LENGTH, 0)),

	/* Mediated devices of a driver in the kernel, tests/modules */
	ROW("MEDIATED_TRANSLATE", MEDIATED_TRANSLATE, MEDIATED, 2, MEDOP,
	    F(MEDOP, iommu_fd, FILE, 0), F(MEDOP, iova, MAPPED, 0),
	    F(MEDOP, length, MAPPED_LENGTH, 0)),
	ROW("MEDIATED_READ", MEDIATED_READ, MEDIATED, 4, MEDOP,
	    F(MEDOP, iommu_fd, FILE, 0), F(MEDOP, flags, FLAGS, MEDIATED_KTHREAD),
	    F(MEDOP, iova, MAPPED, 0), F(MEDOP, length, MAPPED_LENGTH, 0), F(MEDOP, buf, VA, 0)),
	ROW("MEDIATED_WRITE", MEDIATED_WRITE, MEDIATED, 4, MEDOP,
	    F(MEDOP, iommu_fd, FILE, 0), F(MEDOP, flags, FLAGS, MEDIATED_KTHREAD),
	    F(MEDOP, iova, MAPPED, 0), F(MEDOP, length, MAPPED_LENGTH, 0), F(MEDOP, buf, VA, 0)),
	ROW("MEDIATED_PIN", MEDIATED_PIN, MEDIATED, 6, MEDOP,
	    F(MEDOP, iommu_fd, FILE, 0), F(MEDOP, flags, FLAGS, MEDIATED_FOR_WRITE),
	    F(MEDOP, iova, MAPPED, 0), F(MEDOP, length, MAPPED_LENGTH, 0)),
	ROW("MEDIATED_UNPIN", MEDIATED_UNPIN, MEDIATED, 2, MEDOP,
	    F(MEDOP, iommu_fd, FILE, 0), F(MEDOP, id, UPTO, 16)),
	ROW("MEDIATED_FILL", MEDIATED_FILL, MEDIATED, 2, MEDOP,
	    F(MEDOP, iommu_fd, FILE, 0), F(MEDOP, buf, UPTO, 255), F(MEDOP, id, UPTO, 16)),
	ROW("MEDIATED_STATE", MEDIATED_STATE, MEDIATED, 1, struct mediated_state,
	    F(struct mediated_state, iommu_fd, FILE, 0)),
	ROW("MEDIATED_WATCH", MEDIATED_WATCH, MEDIATED, 1, struct mediated_state,
	    F(struct mediated_state, iommu_fd, FILE, 0)),
	{ "MEDIATED_DELAY", MEDIATED_DELAY, FUZZ_ON_MEDIATED, 0, 20, 1, NULL },

	/* A CPU, tests/modules */
	{ "CPU_START", CPU_START, FUZZ_ON_CPU, 0, 0, 1, NULL },
	{ "CPU_WATCH", CPU_WATCH, FUZZ_ON_CPU, 0, 0, 1, NULL },
	{ "CPU_STOP", CPU_STOP, FUZZ_ON_CPU, 0, 0, 1, NULL },
	ROW("CPU_LOOKUP", CPU_LOOKUP, CPU, 2, INSN,
	    F(INSN, iommu_fd, FILE, 0), F(INSN, device_fd, DEV, 0), F(INSN, ioasid, HAD_IOAS, 0),
	    F(INSN, vpasid, HAD_PASID, 0), F(INSN, cookie, NAME, 0)),
	ROW("CPU_SEND", CPU_SEND, CPU, 8, INSN,
	    F(INSN, iommu_fd, FILE, 0), F(INSN, device_fd, DEV, 0), F(INSN, ioasid, HAD_IOAS, 0),
	    F(INSN, vpasid, HAD_PASID, 0), F(INSN, cookie, NAME, 0), F(INSN, dma, WORK, 0),
	    F(INSN, hold, FLAGS, 1)),
	ROW("CPU_RUN", CPU_RUN, CPU, 1, INSN, F(INSN, dma, WORK, 0)),
	ROW("CPU_STATE", CPU_STATE, CPU, 1, struct cpu_state,
	    F(struct cpu_state, cookie, IS, 0)),

	/* The file that makes them: root's alone */
	ROW("SWIOMMU_IOMMU_GET_INFO", SWIOMMU_IOMMU_GET_INFO, CONTROL, 1,
	    struct swiommu_iommu_info, F(struct swiommu_iommu_info, argsz, SIZE, 0),
	    F(struct swiommu_iommu_info, iommu, UPTO, 1)),
	ROW("SWIOMMU_IOMMU_DEBUG", SWIOMMU_IOMMU_DEBUG, CONTROL, 1, struct swiommu_iommu_debug,
	    F(struct swiommu_iommu_debug, argsz, SIZE, 0),
	    F(struct swiommu_iommu_debug, flags, FLAGS, 7),
	    F(struct swiommu_iommu_debug, iommu, UPTO, 1),
	    F(struct swiommu_iommu_debug, count, UPTO, 2)),
	ROW("SWIOMMU_DEVICE_CREATE", SWIOMMU_DEVICE_CREATE, CONTROL, 4, CREATE,
	    F(CREATE, argsz, SIZE, 0), F(CREATE, flags, FLAGS, SWIOMMU_DEVICE_TLB),
	    F(CREATE, iommu, UPTO, 1), F(CREATE, type, IS, 5), F(CREATE, pasid_width, UPTO, 20),
	    F(CREATE, group, UPTO, 2), F(CREATE, device, OUT_SOFTDEV, 0)),
	ROW("SWIOMMU_DEVICE_CREATE of type 7", SWIOMMU_DEVICE_CREATE, CONTROL, 2, CREATE,
	    F(CREATE, argsz, SIZE, 0), F(CREATE, iommu, UPTO, 1), F(CREATE, type, IS, 7),
	    F(CREATE, pasid_width, UPTO, 20), F(CREATE, device, OUT_SOFTDEV, 0)),
	ROW("SWIOMMU_DEVICE_CREATE of any type", SWIOMMU_DEVICE_CREATE, CONTROL, 2, CREATE,
	    F(CREATE, argsz, SIZE, 0), F(CREATE, flags, FLAGS, 7), F(CREATE, iommu, UPTO, 1),
	    F(CREATE, type, UPTO, 8), F(CREATE, device, OUT_SOFTDEV, 0)),
	ROW("SWIOMMU_DEVICE_CREATE of type 3", SWIOMMU_DEVICE_CREATE, CONTROL, 2, CREATE,
	    F(CREATE, argsz, SIZE, 0), F(CREATE, type, IS, 3), F(CREATE, parent, PARENT, 0),
	    F(CREATE, device, OUT_SOFTDEV, 0)),
	ROW("SWIOMMU_DEVICE_CREATE of type 6", SWIOMMU_DEVICE_CREATE, CONTROL, 2, CREATE,
	    F(CREATE, argsz, SIZE, 0), F(CREATE, type, IS, 6), F(CREATE, parent, PARENT, 0),
	    F(CREATE, device, OUT_SOFTDEV, 0)),
	ROW("SWIOMMU_DEVICE_CREATE of type 8", SWIOMMU_DEVICE_CREATE, CONTROL, 2, CREATE,
	    F(CREATE, argsz, SIZE, 0), F(CREATE, type, IS, 8), F(CREATE, parent, PARENT, 0),
	    F(CREATE, device, OUT_SOFTDEV, 0)),
	ROW("SWIOMMU_DEVICE_DESTROY", SWIOMMU_DEVICE_DESTROY, CONTROL, 8,
	    struct swiommu_device_destroy, F(struct swiommu_device_destroy, argsz, SIZE, 0),
	    F(struct swiommu_device_destroy, device, SOFTDEV, 0)),
};

const unsigned int fuzz_nr_calls = sizeof(fuzz_calls) / sizeof(fuzz_calls[0]);

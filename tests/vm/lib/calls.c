// SPDX-License-Identifier: GPL-2.0-only
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "calls.h"
#include "expect.h"
#include "log.h"
#include "memory.h"

static void prepare_device_info(struct world *w, void *arg)
{
	((struct ioasid_device_info *)arg)->cookie = w->a.cookie;
}

static void prepare_alloc(struct world *w, void *arg)
{
}

static void undo_alloc(struct world *w, void *arg)
{
	EXPECT_OK(ioas_free(w->fd, ((struct ioasid_alloc *)arg)->ioasid));
}

static void prepare_free(struct world *w, void *arg)
{
	if (!w->spare)
		w->spare = new_ioas(w->fd);
	((struct ioasid_free *)arg)->ioasid = w->spare;
}

static void undo_free(struct world *w, void *arg)
{
	w->spare = 0;
}

static void prepare_ioas_info(struct world *w, void *arg)
{
	((struct ioasid_info *)arg)->ioasid = w->ioas;
}

static void prepare_map(struct world *w, void *arg)
{
	struct ioasid_map *map = arg;

	map->flags = IOASID_MAP_READ;
	map->ioasid = w->ioas;
	map->vaddr = (uintptr_t)w->mem;
	map->iova = IOVA + 64 * PAGE;
	map->length = PAGE;
}

static void undo_map(struct world *w, void *arg)
{
	EXPECT_OK(ioas_unmap(w->fd, w->ioas, IOVA + 64 * PAGE, PAGE, NULL));
}

static void prepare_unmap(struct world *w, void *arg)
{
	struct ioasid_unmap *unmap = arg;

	unmap->ioasid = w->ioas;
	unmap->iova = IOVA;
	unmap->length = PAGE;
}

static void undo_unmap(struct world *w, void *arg)
{
	EXPECT_OK(ioas_map(w->fd, w->ioas, w->mem, IOVA, PAGE, RW));
}

static void prepare_bind(struct world *w, void *arg)
{
	struct ioasid_bind *bind = arg;

	bind->iommu_fd = w->fd;
	bind->cookie = 77;
}

static void undo_bind(struct world *w, void *arg)
{
	EXPECT_OK(dev_unbind(w->b.fd, w->fd));
}

static void prepare_unbind(struct world *w, void *arg)
{
	((struct ioasid_unbind *)arg)->iommu_fd = w->fd;
}

static void undo_unbind(struct world *w, void *arg)
{
	EXPECT_OK(dev_bind(w->a.fd, w->fd, w->a.cookie));
}

static void prepare_attach(struct world *w, void *arg)
{
	struct ioasid_attach *attach = arg;

	attach->iommu_fd = w->fd;
	attach->ioasid = w->ioas;
}

static void undo_attach(struct world *w, void *arg)
{
	EXPECT_OK(dev_detach(w->a.fd, w->fd));
}

static void prepare_detach(struct world *w, void *arg)
{
	EXPECT_OK(dev_attach(w->a.fd, w->fd, w->ioas));
	((struct ioasid_detach *)arg)->iommu_fd = w->fd;
}

static void undo_nothing(struct world *w, void *arg)
{
}

static void prepare_pasid_info(struct world *w, void *arg)
{
}

#define CALL(number, type, flags, writes, what)				\
	.name = #number, .cmd = number, .size = sizeof(struct type),	\
	.known_flags = flags, .answers = writes,			\
	.prepare = prepare_##what, .undo = undo_##what
#define undo_device_info	undo_nothing
#define undo_ioas_info		undo_nothing
#define undo_detach		undo_nothing
#define undo_pasid_info		undo_nothing
#define LONGER_SINCE(type, field) .first_size = offsetof(struct type, field)
#define AT(type, field)		.field = offsetof(struct type, field)
#define RESERVED(type)		.reserved = offsetof(struct type, __reserved)

const struct call calls[] = {
	{ CALL(IOMMU_DEVICE_GET_INFO, ioasid_device_info, 0, true, device_info) },
	{ CALL(IOMMU_IOASID_ALLOC, ioasid_alloc,
	       IOASID_ALLOC_NEST_PARENT | IOASID_ALLOC_DIRTY_TRACKING | IOASID_ALLOC_PASID |
	       IOASID_ALLOC_FAULT_FD, true, alloc) },
	{ CALL(IOMMU_IOASID_FREE, ioasid_free, 0, false, free),
	  RESERVED(ioasid_free), AT(ioasid_free, ioasid) },
	{ CALL(IOMMU_IOASID_GET_INFO, ioasid_info, 0, true, ioas_info), AT(ioasid_info, ioasid) },
	{ CALL(IOMMU_MAP_DMA, ioasid_map, RW, false, map),
	  RESERVED(ioasid_map), AT(ioasid_map, ioasid),
	  LONGER_SINCE(ioasid_map, nr_ranges) },
	{ CALL(IOMMU_UNMAP_DMA, ioasid_unmap, IOASID_UNMAP_ALL, true, unmap),
	  RESERVED(ioasid_unmap), AT(ioasid_unmap, ioasid),
	  LONGER_SINCE(ioasid_unmap, nr_ranges) },
	{ CALL(IOASID_DEVICE_BIND, ioasid_bind, IOASID_BIND_VF_TOKEN, false, bind),
	  .on_device = true, .on_b = true, RESERVED(ioasid_bind), AT(ioasid_bind, iommu_fd) },
	{ CALL(IOASID_DEVICE_UNBIND, ioasid_unbind, 0, false, unbind),
	  .on_device = true, RESERVED(ioasid_unbind), AT(ioasid_unbind, iommu_fd) },
	{ CALL(IOASID_DEVICE_ATTACH, ioasid_attach,
	       IOASID_ATTACH_PASID | IOASID_ATTACH_PASID_ALLOC | IOASID_ATTACH_NO_SNOOP, false,
	       attach),
	  .on_device = true, RESERVED(ioasid_attach), AT(ioasid_attach, iommu_fd),
	  AT(ioasid_attach, ioasid) },
	{ CALL(IOASID_DEVICE_DETACH, ioasid_detach, IOASID_DETACH_PASID, false, detach),
	  .on_device = true, AT(ioasid_detach, iommu_fd) },
	{ CALL(IOASID_DEVICE_PASID_INFO, ioasid_pasid_info, 0, true, pasid_info),
	  .on_device = true, RESERVED(ioasid_pasid_info) },
};

const struct call *const calls_end = calls + sizeof(calls) / sizeof(calls[0]);

int call_fd(struct world *w, const struct call *call)
{
	if (!call->on_device)
		return w->fd;
	return call->on_b ? w->b.fd : w->a.fd;
}

void make_world(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->mem = memory(4 * PAGE, 0);
	w->fd = EXPECT_OK(iommu_open());
	w->other_fd = EXPECT_OK(iommu_open());
	dev_open_only(&w->a, TESTDEV_0);
	dev_open_only(&w->b, TESTDEV_1);
	EXPECT_OK(dev_bind(w->a.fd, w->fd, w->a.cookie));
	w->ioas = new_ioas(w->fd);
	EXPECT_OK(ioas_map(w->fd, w->ioas, w->mem, IOVA, PAGE, RW));
	w->log = EXPECT_OK(log_open());
}

void expect_silent_log(struct world *w)
{
	char line[1024];

	if (log_next(w->log, line, sizeof(line)))
		FAIL("the kernel's log says: %s", line);
}

bool is_bound(int dev)
{
	struct ioasid_pasid_info info = { .argsz = sizeof(info) };

	return !ioctl(dev, IOASID_DEVICE_PASID_INFO, &info);
}

struct state state(struct world *w)
{
	struct ioasid_info info;
	struct state s;
	__u32 i;

	memset(&s, 0, sizeof(s));
	for (i = 0; i < NR_IDS; i++) {
		s.errnos[i] = ioas_info(w->fd, i, &info) ? errno : 0;
		s.mapped[i] = info.mapped;
		s.pinned[i] = info.pinned;
		s.attachments[i] = info.nr_attachments;
	}
	s.a_bound = is_bound(w->a.fd);
	s.b_bound = is_bound(w->b.fd);
	return s;
}

void expect_same_state(struct world *w, const struct state *before, const char *name)
{
	struct state now = state(w);
	int i;

	for (i = 0; i < NR_IDS; i++)
		if (now.errnos[i] != before->errnos[i] || now.mapped[i] != before->mapped[i] ||
		    now.pinned[i] != before->pinned[i] ||
		    now.attachments[i] != before->attachments[i])
			FAIL("%s failed and yet changed address space %d: %s to %s, %llu to %llu bytes mapped, %llu to %llu pinned, %u to %u attachments",
			     name, i, errno_name(before->errnos[i]), errno_name(now.errnos[i]),
			     before->mapped[i], now.mapped[i], before->pinned[i], now.pinned[i],
			     before->attachments[i], now.attachments[i]);
	if (now.a_bound != before->a_bound || now.b_bound != before->b_bound)
		FAIL("%s failed and yet bound or unbound a device", name);
}

void expect_refused(struct world *w, const struct call *call, void *arg, int err,
		    const char *how)
{
	struct state before = state(w);

	EXPECT_ERRNO_IN(ioctl(call_fd(w, call), call->cmd, arg), err, "(%s, %s)", call->name, how);
	expect_same_state(w, &before, call->name);
}

void expect_good(struct world *w, const struct call *call, void *arg)
{
	int ret = ioctl(call_fd(w, call), call->cmd, arg);

	if (ret)
		FAIL("%s with good arguments fails: %s", call->name, errno_name(errno));
}

void prepare(struct world *w, const struct call *call, void *arg, size_t size)
{
	memset(arg, 0, size);
	*(__u32 *)arg = call->size;
	call->prepare(w, arg);
}

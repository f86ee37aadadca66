// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls: on which file, what has to come first, and what is remembered of them.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "../../../module/compat/iommufd_abi.h"
#include "../../../module/compat/vfio_abi.h"
#include "chance.h"
#include "fuzz.h"
#include "swdev.h"

/* An open device of that kind */
static bool find_dev(struct fuzz_thread *t, enum fuzz_on on)
{
	unsigned int i, at = chance_below(FUZZ_DEVS);
	int bound;

	for (i = 0; i < FUZZ_DEVS; i++) {
		unsigned int dev = (at + i) % FUZZ_DEVS;

		if (fuzz_slot(&t->f->devs[dev]) < 0 ||
		    (on != FUZZ_ON_ANY && fuzz_dev_is(t->f->which[dev]) != on))
			continue;
		t->dev = dev;
		bound = fuzz_slot(&t->f->bound[dev]);
		if (bound >= 0 && !chance_in(8))
			t->file = bound;
		return true;
	}
	return false;
}

static bool takes(const struct fuzz_call *call, enum fuzz_kind kind)
{
	unsigned int i;

	for (i = 0; i < fuzz_nr_fields(call); i++)
		if (call->fields[i].kind == kind)
			return true;
	return false;
}

static bool takes_pasid(const struct fuzz_call *call)
{
	return takes(call, FUZZ_PASID) || takes(call, FUZZ_HAD_PASID) ||
		takes(call, FUZZ_OUT_PASID);
}

/* One to which a CPU may have something to send */
static void find_dev_with_pasids(struct fuzz_thread *t)
{
	unsigned int tries;

	for (tries = 0; tries < 4; tries++)
		if (!find_dev(t, FUZZ_ON_SOFT))
			fuzz_open_dev(t, t->dev, FUZZ_ON_SOFT);
		else if (t->f->had[t->dev][0].pasid)
			break;
}

/* The file that the call goes to; -1: none is open */
static int target(struct fuzz_thread *t, const struct fuzz_call *call)
{
	enum fuzz_on on = call->on;
	unsigned int slot;
	int fd;

	/* Others have none on most machines */
	if (on == FUZZ_ON_ANY && takes_pasid(call) && !chance_in(8))
		on = FUZZ_ON_SOFT;
	t->file = chance_below(FUZZ_FILES);
	t->dev = chance_below(FUZZ_DEVS);
	switch (call->on) {
	case FUZZ_ON_FILE:
		fd = fuzz_slot(&t->f->files[t->file]);
		if (fd < 0)
			fuzz_open_file(t, t->file);
		break;
	case FUZZ_ON_CONTROL:
		fd = fuzz_slot(&t->f->control);
		break;
	case FUZZ_ON_CPU:
		find_dev_with_pasids(t);
		slot = chance_below(FUZZ_CPUS);
		fd = fuzz_slot(&t->f->cpus[slot]);
		if (fd < 0)
			fuzz_open_cpu(t, slot);
		break;
	default:
		fd = find_dev(t, on) ? fuzz_slot(&t->f->devs[t->dev]) : -1;
		if (fd < 0)
			fuzz_open_dev(t, t->dev, on);
	}
	if (fd < 0 || !chance_in(64))
		return fd;
	/* The wrong one */
	return chance_in(2) ? t->f->files[chance_below(FUZZ_FILES)] :
	       t->f->devs[chance_below(FUZZ_DEVS)];
}

static void soft_dev_made(struct fuzz_thread *t, __u32 number)
{
	char path[64];
	unsigned int i;

	snprintf(path, sizeof(path), "/dev/ioasid_swiommu%u", number);
	for (i = 0; i < FUZZ_SOFT_DEVS; i++)
		if (!t->w->soft[i]) {
			t->w->soft[i] = number + 1;
			chmod(path, 0666);
			return;
		}
	swdev_destroy(number);
}

static void soft_dev_gone(struct fuzz_thread *t, __u32 number)
{
	unsigned int i;

	for (i = 0; i < FUZZ_SOFT_DEVS; i++)
		if (t->w->soft[i] == number + 1)
			t->w->soft[i] = 0;
}

static bool is_bind(const struct fuzz_call *call)
{
	return call->cmd == IOASID_DEVICE_BIND || call->cmd == VFD_BIND_IOMMUFD;
}

/* Address spaces and page tables that are freed, or what was mapped there */
static void forget(struct fuzz_thread *t, __u32 id, bool all)
{
	unsigned int i;

	for (i = 0; i < FUZZ_KNOWN && all; i++) {
		if (t->f->ioas[t->file][i] == id)
			t->f->ioas[t->file][i] = 0;
		if (t->f->hwpt[t->file][i] == id)
			t->f->hwpt[t->file][i] = 0;
	}
	for (i = 0; i < FUZZ_MAPS_KNOWN; i++)
		if (t->f->maps[t->file][i].ioas == id)
			t->f->maps[t->file][i].ioas = 0;
}

static void forget_mapping(struct fuzz_thread *t)
{
	struct fuzz_mapping *m = t->f->maps[t->file];
	unsigned int i;

	for (i = 0; i < FUZZ_MAPS_KNOWN; i++)
		if (m[i].ioas == t->mapping.ioas && m[i].iova == t->mapping.iova)
			m[i].ioas = 0;
}

static bool is_unmap(const struct fuzz_call *call)
{
	return call->cmd == IOMMU_UNMAP_DMA || call->cmd == IFD_IOAS_UNMAP;
}

/* By RID */
static bool is_detach(const struct fuzz_call *call)
{
	return (call->cmd == IOASID_DEVICE_DETACH || call->cmd == VFD_DETACH_IOMMUFD_PT) &&
		!takes(call, FUZZ_HAD_PASID);
}

/* What a call does away with, or which device it binds */
static void learn_end(struct fuzz_thread *t, const struct fuzz_call *call, const __u8 *data)
{
	bool unbind = call->cmd == IOASID_DEVICE_UNBIND;

	if (is_bind(call) || unbind)
		t->f->bound[t->dev] = unbind ? -1 : (int)t->file;
	if (is_bind(call) || unbind || is_detach(call))
		t->f->attached[t->dev] = 0;
	if (call->cmd == IOMMU_IOASID_FREE || call->cmd == IFD_DESTROY)
		forget(t, fuzz_get_field(data, &call->fields[1]), true);
	else if (is_unmap(call) && takes(call, FUZZ_MAPPED))
		forget_mapping(t);
}

static void learn(struct fuzz_thread *t, const struct fuzz_call *call, const __u8 *data)
{
	bool attach = call->cmd == IOASID_DEVICE_ATTACH || call->cmd == VFD_ATTACH_IOMMUFD_PT;
	const struct fuzz_field *field;
	struct fuzz_mapping m = { 0 };
	struct fuzz_had had = { 0 };
	__u32 value;

	for (field = call->fields; field && field->kind != FUZZ_END; field++) {
		value = fuzz_get_field(data, field);
		switch (field->kind) {
		case FUZZ_OUT_IOAS:
			*fuzz_known(t, FUZZ_IOAS) = value;
			break;
		case FUZZ_OUT_HWPT:
			*fuzz_known(t, FUZZ_HWPT) = value;
			break;
		case FUZZ_OUT_DEVID:
			*fuzz_known(t, FUZZ_DEVID) = value;
			break;
		case FUZZ_OUT_PASID:
		case FUZZ_PASID:
			had.pasid = value;
			break;
		case FUZZ_PT:
			had.ioas = value;
			break;
		case FUZZ_OUT_SOFTDEV:
			soft_dev_made(t, value);
			break;
		case FUZZ_IOAS:
			m.ioas = value;
			break;
		case FUZZ_LENGTH:
			m.length = value;
			break;
		case FUZZ_IOVA:
			m.iova = value;
			break;
		case FUZZ_SOFTDEV:
			if (call->cmd == SWIOMMU_DEVICE_DESTROY)
				soft_dev_gone(t, value);
			break;
		default:
			break;
		}
	}
	if (m.ioas && m.length && m.iova)
		t->f->maps[t->file][chance_below(FUZZ_MAPS_KNOWN)] = m;
	if (attach && !had.pasid)
		t->f->attached[t->dev] = had.ioas;
	else if (attach)
		t->f->had[t->dev][t->f->had[t->dev][0].pasid ? chance_below(FUZZ_KNOWN) : 0] = had;
	learn_end(t, call, data);
}

static void call_by_value(struct fuzz_thread *t, unsigned int nr, int fd)
{
	unsigned long value = chance_below(fuzz_calls[nr].by_value + 1);
	int ret;

	if (fuzz_calls[nr].on == FUZZ_ON_CPU)
		value = fuzz_slot(&t->f->files[t->file]);
	/* A driver that never lets go is not a user's doing */
	else if (chance_in(4) && fuzz_calls[nr].on != FUZZ_ON_MEDIATED)
		value = fuzz_strange(value);
	fuzz_note_call(t, nr, fd, value, NULL, 0);
	ret = ioctl(fd, fuzz_calls[nr].cmd, value);
	fuzz_note_result(t, ret, errno);
}

/* The first one, or the first with a field of that kind */
static unsigned int call_by_cmd(unsigned long cmd, enum fuzz_kind kind)
{
	unsigned int nr;

	for (nr = 0; fuzz_calls[nr].cmd != cmd ||
	     (kind != FUZZ_END && !takes(&fuzz_calls[nr], kind)); nr++)
		;
	return nr;
}

static unsigned int some_bind(struct fuzz_thread *t)
{
	if (fuzz_dev_is(t->f->which[t->dev]) != FUZZ_ON_VFIO)
		return call_by_cmd(IOASID_DEVICE_BIND, FUZZ_END);
	if (chance_in(2))
		return call_by_cmd(VFD_BIND_IOMMUFD, FUZZ_END);
	/* With a token */
	return call_by_cmd(IOASID_DEVICE_BIND, t->f->which[t->dev] >= FUZZ_PF && chance_in(2) ?
			   FUZZ_UPTO : FUZZ_END);
}

/* Only of what is attached anything comes */
static bool wants_attached(const struct fuzz_call *call)
{
	return call->on == FUZZ_ON_MEDIATED || call->cmd == SWIOMMU_DMA || is_detach(call);
}

/* Is one bound to the file? */
static bool has_device(struct fuzz_thread *t)
{
	unsigned int dev;

	for (dev = 0; dev < FUZZ_DEVS; dev++)
		if (t->f->bound[dev] == (int)t->file && fuzz_slot(&t->f->devs[dev]) >= 0)
			return true;
	return false;
}

/* What has to come first, most of the time */
static unsigned int before(struct fuzz_thread *t, unsigned int nr)
{
	const struct fuzz_call *call = &fuzz_calls[nr];
	/* A CPU sends to one, if there is one */
	bool on_dev = call->on != FUZZ_ON_FILE && call->on != FUZZ_ON_CONTROL &&
		(call->on != FUZZ_ON_CPU || (takes(call, FUZZ_DEV) &&
					     fuzz_slot(&t->f->devs[t->dev]) >= 0));

	if (chance_in(6))
		return nr;
	if (call->on == FUZZ_ON_FILE && takes(call, FUZZ_DEVID) && !has_device(t) &&
	    find_dev(t, FUZZ_ON_ANY))
		return call_by_cmd(IOASID_DEVICE_BIND, FUZZ_END);
	if (on_dev && fuzz_slot(&t->f->files[t->file]) < 0)
		fuzz_open_file(t, t->file);
	if (on_dev && !is_bind(call) && t->f->bound[t->dev] < 0)
		return some_bind(t);
	if (on_dev && takes(call, FUZZ_HAD_PASID) && !t->f->had[t->dev][0].pasid)
		nr = call_by_cmd(IOASID_DEVICE_ATTACH, FUZZ_PASID);
	else if (on_dev && wants_attached(call) && !t->f->attached[t->dev])
		nr = call_by_cmd(IOASID_DEVICE_ATTACH, FUZZ_END);
	call = &fuzz_calls[nr];
	if ((takes(call, FUZZ_IOAS) || takes(call, FUZZ_PT)) && !*fuzz_known(t, FUZZ_IOAS))
		return call_by_cmd(chance_in(2) ? IOMMU_IOASID_ALLOC : IFD_IOAS_ALLOC, FUZZ_END);
	return nr;
}

static void bind_failed(struct fuzz_thread *t, int err)
{
	/* Another file has it, or it is gone, or no such file: make room for another device */
	if ((err == EPERM || err == ENODEV || err == ENOTTY) && chance_in(2))
		fuzz_put(&t->f->devs[t->dev], -1);
	else if (err == EALREADY)
		t->f->bound[t->dev] = t->file;
}

/* Make a call on what target() has chosen */
static void call_on(struct fuzz_thread *t, unsigned int nr, int fd)
{
	const struct fuzz_call *call = &fuzz_calls[nr];
	__u8 data[FUZZ_MAX_SIZE] = { 0 };
	struct fuzz_place place;
	int ret, err;

	if (!call->size) {
		call_by_value(t, nr, fd);
		return;
	}
	fuzz_fill(t, call, data, &place);
	fuzz_note_call(t, nr, fd, place.at, data, place.size);
	fuzz_put_there(&place, data);
	ret = ioctl(fd, call->cmd, place.at);
	err = errno;
	fuzz_note_result(t, ret, err);
	if (ret < 0 && is_bind(call))
		bind_failed(t, err);
	if (ret >= 0 && place.rw) {
		memcpy(data, place.rw, call->size);
		learn(t, call, data);
	}
}

bool fuzz_call(struct fuzz_thread *t, unsigned int nr)
{
	int fd = target(t, &fuzz_calls[nr]);
	unsigned int first;

	if (fd < 0)
		return false;
	first = before(t, nr);
	if (first != nr)
		fd = fuzz_slot(fuzz_calls[first].on == FUZZ_ON_FILE ? &t->f->files[t->file] :
			       &t->f->devs[t->dev]);
	call_on(t, first, fd);
	return true;
}

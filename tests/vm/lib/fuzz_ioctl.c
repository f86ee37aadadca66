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
		bool soft = t->f->which[dev] >= FUZZ_FIRST_SOFT;

		if (fuzz_slot(&t->f->devs[dev]) < 0 || (on == FUZZ_ON_SOFT && !soft) ||
		    (on == FUZZ_ON_VFIO && soft))
			continue;
		t->dev = dev;
		bound = fuzz_slot(&t->f->bound[dev]);
		if (bound >= 0 && !chance_in(8))
			t->file = bound;
		return true;
	}
	return false;
}

/* The file that the call goes to; -1: none is open */
static int target(struct fuzz_thread *t, const struct fuzz_call *call)
{
	int fd;

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
	default:
		fd = find_dev(t, call->on) ? fuzz_slot(&t->f->devs[t->dev]) : -1;
		if (fd < 0)
			fuzz_open_dev(t, t->dev, call->on);
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

static void learn(struct fuzz_thread *t, const struct fuzz_call *call, const __u8 *data)
{
	const struct fuzz_field *field;
	__u32 value;

	struct fuzz_mapping m = { 0 };

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
			t->f->pasids[chance_below(FUZZ_PASIDS)] = value;
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
}

static void call_by_value(struct fuzz_thread *t, unsigned int nr, int fd)
{
	unsigned long value = chance_below(fuzz_calls[nr].by_value + 1);
	int ret;

	if (chance_in(4))
		value = fuzz_strange(value);
	fuzz_note_call(t, nr, fd, value, NULL, 0);
	ret = ioctl(fd, fuzz_calls[nr].cmd, value);
	fuzz_note_result(t, ret, errno);
}

static bool takes(const struct fuzz_call *call, enum fuzz_kind kind)
{
	unsigned int i;

	for (i = 0; i < fuzz_nr_fields(call); i++)
		if (call->fields[i].kind == kind)
			return true;
	return false;
}

static unsigned int call_by_cmd(unsigned long cmd)
{
	unsigned int nr;

	for (nr = 0; fuzz_calls[nr].cmd != cmd; nr++)
		;
	return nr;
}

/* What has to come first, most of the time */
static unsigned int before(struct fuzz_thread *t, unsigned int nr)
{
	const struct fuzz_call *call = &fuzz_calls[nr];
	bool on_dev = call->on != FUZZ_ON_FILE && call->on != FUZZ_ON_CONTROL;

	if (chance_in(6))
		return nr;
	if (on_dev && fuzz_slot(&t->f->files[t->file]) < 0)
		fuzz_open_file(t, t->file);
	if (on_dev && !is_bind(call) && t->f->bound[t->dev] < 0) {
		bool soft = t->f->which[t->dev] >= FUZZ_FIRST_SOFT;

		return call_by_cmd(soft || chance_in(2) ? IOASID_DEVICE_BIND : VFD_BIND_IOMMUFD);
	}
	if ((takes(call, FUZZ_IOAS) || takes(call, FUZZ_PT)) && !*fuzz_known(t, FUZZ_IOAS))
		return call_by_cmd(chance_in(2) ? IOMMU_IOASID_ALLOC : IFD_IOAS_ALLOC);
	return nr;
}

static void bind_failed(struct fuzz_thread *t, int err)
{
	/* Another file has it: make room for another device */
	if (err == EPERM && chance_in(2))
		fuzz_put(&t->f->devs[t->dev], -1);
	/* It is bound; VFIO has no errno of its own for that */
	else if (err == EALREADY || (err == EINVAL && chance_in(2)))
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
	if (fuzz_calls[first].on == FUZZ_ON_FILE)
		fd = fuzz_slot(&t->f->files[t->file]);
	call_on(t, first, fd);
	return true;
}

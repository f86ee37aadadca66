// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of ioctls. First a structure that may succeed; then, in two of five calls,
 * one or a few things that are wrong with it: a field, its size, or where it is.
 */
#include <linux/ioasid_swiommu.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "chance.h"
#include "fuzz.h"

/* Pages of a thread's own memory, which is mapped twice: at fuzz_thread.rw all of it can be
 * written; at fuzz_thread.view, what the kernel is given, some cannot, some not be read, and
 * the last one is not there
 */
#define OWN_PAGES	16
#define STRUCT_AT	0
#define READ_ONLY_AT	3
#define ARRAY_AT	4
#define NONE_AT		14
#define HOLE_AT		15

/* Of an array, as drawn */
#define MAX_ELEMENTS	8

void fuzz_memory(struct fuzz_thread *t)
{
	const size_t size = OWN_PAGES * PAGE;

	t->rw = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (t->rw == MAP_FAILED)
		_exit(4);
	/* Of a size of 0: the same memory once more */
	t->view = mremap(t->rw, 0, size, MREMAP_MAYMOVE);
	if (t->view == MAP_FAILED)
		_exit(4);
	mprotect(t->view + READ_ONLY_AT * PAGE, PAGE, PROT_READ);
	mprotect(t->view + NONE_AT * PAGE, PAGE, PROT_NONE);
	munmap(t->view + HOLE_AT * PAGE, PAGE);
}

/* ------------------------------------------------------------------ values */

/* Near some border, or near what would be right */
__u64 fuzz_strange(__u64 value)
{
	static const __u64 borders[] = {
		0, 1, 2, ~0ULL, ~0ULL - PAGE + 1, 0x7fffffff, 0x80000000, 0xffffffff,
		1ULL << 63, (1ULL << 63) - 1, PAGE, PAGE - 1, 4 * PAGE, 1ULL << 32,
		(1ULL << 47) - PAGE, 1ULL << 47, 1ULL << 48, 1ULL << 57, WINDOW, 0xfffff000,
		0xffff888000000000, 0xffffffff81000000,
	};

	switch (chance_below(8)) {
	case 0 ... 2:
		return borders[chance_below(sizeof(borders) / sizeof(borders[0]))];
	case 3:
		return value + 1 - 2 * chance_below(2);
	case 4:
		return value + PAGE - 2 * PAGE * chance_below(2);
	case 5:
		return value ^ 1ULL << chance_below(64);
	case 6:
		return (1ULL << chance_below(64)) - chance_below(2);
	default:
		return chance_draw();
	}
}

__u64 fuzz_va(void)
{
	unsigned int page;

	switch (chance_below(16)) {
	case 0:
		page = FUZZ_BAR_AT + chance_below(FUZZ_DEVS * FUZZ_BAR_PAGES);
		break;
	case 1 ... 2:
		page = FUZZ_HUGE_AT + chance_below(FUZZ_HUGE_PAGES);
		break;
	case 3 ... 5:
		page = chance_below(FUZZ_ARENA_PAGES);
		break;
	default:
		page = chance_below(32);
	}
	return FUZZ_ARENA + page * PAGE;
}

static __u64 length(void)
{
	return chance_in(16) ? (1 + chance_below(2048)) * PAGE : (1 + chance_below(6)) * PAGE;
}

static __u64 iova(void)
{
	return IOVA + (chance_in(16) ? chance_below(4096) : chance_below(48)) * PAGE;
}

__u32 *fuzz_known(struct fuzz_thread *t, enum fuzz_kind kind)
{
	unsigned int slot = chance_below(FUZZ_KNOWN);

	switch (kind) {
	case FUZZ_HWPT:
		return &t->f->hwpt[t->file][slot];
	case FUZZ_DEVID:
		return &t->f->devid[t->file][slot];
	default:
		return &t->f->ioas[t->file][slot];
	}
}

/* Of a device that is bound to the file, or a small number */
static __u32 devid(struct fuzz_thread *t)
{
	__u32 known = *fuzz_known(t, FUZZ_DEVID);
	unsigned int i, at = chance_below(FUZZ_DEVS);

	if (known && chance_in(2))
		return known;
	for (i = 0; i < FUZZ_DEVS; i++)
		if (t->f->bound[(at + i) % FUZZ_DEVS] == (int)t->file)
			return 100 + (at + i) % FUZZ_DEVS;
	return 1 + chance_below(8);
}

/* One that is known, or a small number */
static __u32 id(struct fuzz_thread *t, enum fuzz_kind kind)
{
	__u32 guess = 1 + chance_below(8), known;

	if (kind == FUZZ_PT)
		kind = chance_in(4) ? FUZZ_HWPT : FUZZ_IOAS;
	else if (kind == FUZZ_OBJECT)
		kind = chance_in(2) ? FUZZ_HWPT : chance_in(4) ? FUZZ_DEVID : FUZZ_IOAS;
	if (kind == FUZZ_DEVID)
		return devid(t);
	/* What a device reaches is what most is done to */
	if (kind == FUZZ_IOAS && t->f->attached[t->dev] &&
	    t->f->bound[t->dev] == (int)t->file && chance_in(2))
		return t->f->attached[t->dev];
	known = *fuzz_known(t, kind);
	return known && !chance_in(16) ? known : guess;
}

/* Mostly one that was made, and if possible that the device reaches; in an address space that
 * may be gone
 */
static struct fuzz_mapping mapping(struct fuzz_thread *t, bool by_device)
{
	__u32 ioas = by_device ? t->f->attached[t->dev] : 0;
	struct fuzz_mapping m;
	unsigned int tries;

	for (tries = 0; tries < 6; tries++) {
		m = t->f->maps[t->file][chance_below(FUZZ_MAPS_KNOWN)];
		if (m.ioas && (!ioas || m.ioas == ioas))
			break;
	}
	if (!m.ioas || chance_in(6))
		m = (struct fuzz_mapping) { id(t, FUZZ_IOAS), iova(), length() };
	return m;
}

/* Most numbers are meant to be new ones */
static __u32 pasid(struct fuzz_thread *t)
{
	return t->had.pasid && chance_in(4) ? t->had.pasid : 1 + chance_below(8);
}

static struct fuzz_had had(struct fuzz_thread *t)
{
	struct fuzz_had had;
	unsigned int tries;

	for (tries = 0; tries < 4; tries++) {
		had = t->f->had[t->dev][chance_below(FUZZ_KNOWN)];
		if (had.pasid)
			break;
	}
	if (!had.pasid || chance_in(8))
		had = (struct fuzz_had) { 1 + chance_below(8), id(t, FUZZ_IOAS) };
	return had;
}

static __u32 soft_dev(struct fuzz_thread *t)
{
	unsigned int i, at = chance_below(FUZZ_SOFT_DEVS);

	for (i = 0; i < FUZZ_SOFT_DEVS; i++)
		if (t->w->soft[(at + i) % FUZZ_SOFT_DEVS])
			return t->w->soft[(at + i) % FUZZ_SOFT_DEVS] - 1;
	return 0;
}

/* An array is drawn at fuzz_thread.array, and put where @at says */
static __u64 array(struct fuzz_thread *t, enum fuzz_kind kind)
{
	__u64 *p = (__u64 *)(t->rw + ARRAY_AT * PAGE), start, where, i;
	size_t size = kind == FUZZ_MAPS ? 32 : 16;

	/* Sometimes it ends where no memory is */
	if (chance_in(16))
		p = (__u64 *)(t->rw + NONE_AT * PAGE - size * chance_below(MAX_ELEMENTS));
	t->array = (__u8 *)p;
	start = (char *)p - t->rw;
	for (i = 0; i < MAX_ELEMENTS && start + (i + 1) * size <= OWN_PAGES * PAGE; i++) {
		if (kind == FUZZ_MAPS) {
			*p++ = 1 + chance_below(3);
			*p++ = fuzz_va();
		}
		where = kind == FUZZ_RANGES ? iova() & ~0xffffffULL : iova();
		*p++ = where;
		*p++ = kind == FUZZ_RANGES ? where + 0xffffffULL : length();
		if (chance_in(24))
			p[-1 - (int)chance_below(size / 8)] = fuzz_strange(p[-1]);
	}
	return (__u64)t->view + start;
}

static __u64 buffer(struct fuzz_thread *t)
{
	return chance_in(8) ? fuzz_va() : (__u64)t->view + ARRAY_AT * PAGE;
}

/* One of two */
static __u64 token(struct fuzz_thread *t)
{
	__u64 *p = (__u64 *)(t->rw + ARRAY_AT * PAGE);

	p[0] = chance_below(2);
	p[1] = 0;
	return (__u64)t->view + ARRAY_AT * PAGE;
}

/* What a CPU sends to a device */
static __u64 work(struct fuzz_thread *t)
{
	struct swiommu_dma *dma = (struct swiommu_dma *)(t->rw + ARRAY_AT * PAGE);

	*dma = (struct swiommu_dma) {
		.argsz = sizeof(*dma), .flags = SWIOMMU_DMA_PASID, .op = chance_below(2),
		.iova = t->mapping.iova, .length = t->mapping.length, .data = fuzz_va(),
	};
	if (chance_in(8))
		((__u32 *)dma)[chance_below(sizeof(*dma) / 4)] = fuzz_strange(0);
	return (__u64)t->view + ARRAY_AT * PAGE;
}

static __u64 flags(__u64 known, bool some)
{
	__u64 value = chance_draw() & known;

	if (some)
		return value ?: known;
	return chance_in(2) ? value : 0;
}

static __u64 draw(struct fuzz_thread *t, const struct fuzz_call *call,
		  const struct fuzz_field *field)
{
	switch (field->kind) {
	case FUZZ_SIZE:
		return call->size;
	case FUZZ_IS:
		return field->arg;
	case FUZZ_FLAGS:
	case FUZZ_SOME:
		return flags(field->arg, field->kind == FUZZ_SOME);
	case FUZZ_UPTO:
	case FUZZ_BYTES:
		return chance_below(field->arg + 1);
	case FUZZ_FILE:
		return t->f->files[t->file];
	case FUZZ_MEMFD:
		return t->f->mems[chance_below(FUZZ_MEMS)];
	case FUZZ_EVENTFD:
		return t->f->event;
	case FUZZ_DEV:
		return t->f->devs[t->dev];
	case FUZZ_GROUP:
		return t->f->group;
	case FUZZ_IOAS:
	case FUZZ_HWPT:
	case FUZZ_PT:
	case FUZZ_DEVID:
	case FUZZ_OBJECT:
		return id(t, field->kind);
	case FUZZ_COOKIE:
		return chance_in(3) ? id(t, FUZZ_DEVID) : 100 + chance_below(FUZZ_DEVS);
	case FUZZ_NAME:
		return 100 + t->dev;
	case FUZZ_SOFTDEV:
	case FUZZ_PARENT:
		return soft_dev(t);
	case FUZZ_MAPPED_IOAS:
		return t->mapping.ioas;
	case FUZZ_MAPPED:
		return t->mapping.iova;
	case FUZZ_MAPPED_LENGTH:
		return t->mapping.length;
	case FUZZ_VA:
		return fuzz_va();
	case FUZZ_IOVA:
		return iova();
	case FUZZ_LENGTH:
		return length();
	case FUZZ_START:
		return chance_below(32) * PAGE;
	case FUZZ_WIDTH:
		return chance_in(2) ? 32 + chance_below(26) : 0;
	case FUZZ_PASID:
		return pasid(t);
	case FUZZ_HAD_PASID:
		return t->had.pasid;
	case FUZZ_HAD_IOAS:
		return t->had.ioas;
	case FUZZ_NR:
		return 1 + chance_below(MAX_ELEMENTS);
	case FUZZ_RANGES:
	case FUZZ_MAPS:
	case FUZZ_UNMAPS:
		return array(t, field->kind);
	case FUZZ_BUFFER:
		return buffer(t);
	case FUZZ_TOKEN:
		return token(t);
	case FUZZ_WORK:
		return work(t);
	default:
		return 0;
	}
}

static void put_field(__u8 *data, const struct fuzz_field *field, __u64 value)
{
	memcpy(data + field->at, &value, field->size);
}

__u64 fuzz_get_field(const __u8 *data, const struct fuzz_field *field)
{
	__u64 value = 0;

	memcpy(&value, data + field->at, field->size);
	return value;
}

/* -------------------------------------------------------- what is wrong with it */

unsigned int fuzz_nr_fields(const struct fuzz_call *call)
{
	unsigned int n = 0;

	while (call->fields && call->fields[n].kind != FUZZ_END)
		n++;
	return n;
}

static void wrong_field(const struct fuzz_call *call, __u8 *data)
{
	const struct fuzz_field *field = &call->fields[chance_below(fuzz_nr_fields(call))];
	const struct fuzz_field *other = &call->fields[chance_below(fuzz_nr_fields(call))];

	if (chance_in(5))
		put_field(data, field, fuzz_get_field(data, other));
	else
		put_field(data, field, fuzz_strange(fuzz_get_field(data, field)));
}

/* Reserved ones as well */
static void wrong_word(const struct fuzz_call *call, __u8 *data)
{
	__u32 value = fuzz_strange(0);

	memcpy(data + chance_below(call->size / 4) * 4, &value, 4);
}

static void wrong_size(const struct fuzz_call *call, __u8 *data, struct fuzz_place *place)
{
	__u32 size = call->size;

	if (chance_in(2))
		size -= 4 * chance_below(size / 4);
	else
		size += chance_in(2) ? 8 * chance_from(1, 8) : chance_below(5000);
	if (call->fields[0].kind == FUZZ_SIZE)
		put_field(data, &call->fields[0], size);
	place->size = size < FUZZ_MAX_SIZE ? size : FUZZ_MAX_SIZE;
	/* Of a longer one what is behind it, mostly zero */
	if (size > call->size && chance_in(3))
		data[call->size] = 1;
}

static void wrong_place(struct fuzz_thread *t, const struct fuzz_call *call,
			struct fuzz_place *place)
{
	/* In the middle of it */
	size_t in = chance_below(call->size / 4 + 1) * 4, at;

	switch (chance_below(8)) {
	case 0:
		at = READ_ONLY_AT * PAGE + 8 * chance_below(16);
		break;
	case 1 ... 2:
		at = READ_ONLY_AT * PAGE - in;
		break;
	case 3:
		at = NONE_AT * PAGE - in;
		break;
	case 4:
		at = HOLE_AT * PAGE;
		break;
	case 5:
		at = chance_below(512);
		break;
	case 6:
		place->rw = t->w->public + 64 * chance_below(8);
		place->at = (__u64)place->rw;
		return;
	default:
		place->rw = NULL;
		place->at = chance_in(2) ? fuzz_va() : fuzz_strange(0);
		return;
	}
	place->rw = t->rw + at;
	place->at = (__u64)t->view + at;
}

static void make_wrong(struct fuzz_thread *t, const struct fuzz_call *call, __u8 *data,
		       struct fuzz_place *place)
{
	switch (chance_below(10)) {
	case 0 ... 5:
		wrong_field(call, data);
		break;
	case 6:
		wrong_word(call, data);
		break;
	case 7:
		wrong_size(call, data, place);
		break;
	default:
		wrong_place(t, call, place);
	}
}

static unsigned int nr_wrong(void)
{
	unsigned int n = chance_below(100);

	return n < 60 ? 0 : n < 85 ? 1 : n < 95 ? 2 : 1 + chance_below(5);
}

/* Not by a plain access: the memory may be gone by now */
void fuzz_put_there(struct fuzz_place *place, const __u8 *data)
{
	struct iovec from = { (void *)data, place->size };
	struct iovec to = { (void *)place->at, place->size };

	if (place->rw)
		memcpy(place->rw, data, place->size);
	else
		process_vm_writev(getpid(), &from, 1, &to, 1, 0);
}

void fuzz_fill(struct fuzz_thread *t, const struct fuzz_call *call, __u8 *data,
	       struct fuzz_place *place)
{
	const struct fuzz_field *field;
	unsigned int n;

	t->array = NULL;
	t->mapping = mapping(t, call->on != FUZZ_ON_FILE);
	t->had = had(t);
	for (field = call->fields; field->kind != FUZZ_END; field++)
		put_field(data, field, draw(t, call, field));
	*place = (struct fuzz_place) {
		t->rw + STRUCT_AT * PAGE, (__u64)t->view + STRUCT_AT * PAGE, call->size,
	};
	for (n = nr_wrong(); n; n--)
		make_wrong(t, call, data, place);
}

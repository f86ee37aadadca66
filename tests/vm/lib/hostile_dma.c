// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the devices and the CPUs of a hostile user do: all that is written has the mark of
 * this step in it, and all that is read has the user's.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "hostile_process.h"
#include "swuser.h"

/* ------------------------------------------------------------------- DMA */

void check_read(struct thread *t, const __u64 *data, __u64 words)
{
	struct hostile_world *w = t->p->w;
	__u64 i;

	for (i = 0; i < words; i++) {
		if (mark_is_of(data[i], t->p->user))
			continue;
		hostile_found(w, "user %c, process %u, life %u, thread %u, step %u reads %s",
			      'A' + t->p->user, t->p->nr, t->p->life, t->nr, t->step,
			      hostile_word_text(w, data[i]));
		return;
	}
}

/* Within what is mapped, mostly; its data may arrive late */
static void draw_dma(struct thread *t, struct swiommu_dma *dma)
{
	unsigned int page = chance_in(3) ? chance_below(SPACE_PAGES) : chance_below(MAPPED);
	unsigned int offset = chance_below(PAGE / sizeof(__u64));
	unsigned int words = chance_from(1, PAGE / sizeof(__u64));
	struct process *p = t->p;

	*dma = (struct swiommu_dma) {
		.argsz = sizeof(*dma),
		.op = chance_in(3) ? SWIOMMU_DMA_READ : SWIOMMU_DMA_WRITE,
		.iova = IOVA + page * PAGE + offset * sizeof(__u64),
		.length = words * sizeof(__u64),
		.data = (uintptr_t)t->data,
	};
	mark_fill(t->data, words * sizeof(__u64), own_mark(t));
	if (chance_in(12)) {
		dma->op = SWIOMMU_DMA_COPY;
		dma->src = IOVA + chance_below(MAPPED) * PAGE;
		dma->data = 0;
	} else if (chance_in(2)) {
		/* the number is taken, and then the data is waited for */
		page = NR_LATE + t->nr * NR_DATA + chance_below(NR_DATA);
		dma->data = (uintptr_t)late_page(&p->late, page, own_mark(t),
						 chance_below(40));
	}
}

static void look_at_dma(struct thread *t, const struct swiommu_dma *dma)
{
	if (dma->op == SWIOMMU_DMA_READ)
		check_read(t, (const __u64 *)(uintptr_t)dma->data, dma->done / sizeof(__u64));
	if (dma->done)
		count(t, dma->op == SWIOMMU_DMA_READ ? HOSTILE_READS : HOSTILE_WROTE);
}

void device_dma(struct thread *t)
{
	struct process *p = t->p;
	struct seen s = some_seen(p);
	struct swiommu_dma dma;
	int ret;

	draw_dma(t, &dma);
	if (chance_in(3))
		s.dev = some_dev();
	if (!chance_in(4)) {
		dma.flags = SWIOMMU_DMA_PASID;
		dma.pasid = chance_in(4) ? some_pasid() : s.pasid;
	}
	note(t, "DMA %u of device %u with PASID %u at %#llx", dma.op, s.dev, dma.pasid, dma.iova);
	ret = swdev_try_dma(fd_in(&p->devs[s.dev]), &dma);
	note_result(t, ret ?: (int)dma.fault);
	if (!ret)
		look_at_dma(t, &dma);
}

/* ------------------------------------------------------ what the CPU sends */

/* Of a device that CPUs send to */
static unsigned int some_portal(void)
{
	return chance_in(5) ? 7 : chance_below(4);
}

static void learn(struct thread *t, __u32 ppasid)
{
	struct hostile_world *w = t->p->w;
	unsigned int i = __atomic_fetch_add(&w->nr_known, 1, __ATOMIC_RELAXED);

	w->known[i % HOSTILE_KNOWN] = ppasid;
}

static __u32 some_number(struct hostile_world *w)
{
	if (chance_in(4))
		return chance_from(1, 1 << HOSTILE_WIDTH);
	return chance_in(4) ? (1 << (HOSTILE_WIDTH - 1)) + chance_below(8) :
			      w->known[chance_below(HOSTILE_KNOWN)];
}

void lookup(struct thread *t)
{
	struct process *p = t->p;
	struct seen s = some_seen(p);
	struct cpu_insn insn = {
		.iommu_fd = fd_in(&p->files[s.file]), .ioasid = s.ioas,
		.cookie = cookie_of(s.dev), .vpasid = s.pasid,
	};

	note(t, "look up PASID %u of device %u with %u of file %u", s.pasid, s.dev, s.ioas, s.file);
	if (ioctl(fd_in(&p->cpus[chance_below(NR_FILES)]), CPU_LOOKUP, &insn))
		return;
	note_result(t, insn.ppasid);
	learn(t, insn.ppasid);
}

void run_held(struct thread *t, unsigned int cpu)
{
	struct swiommu_dma dma;
	struct cpu_insn insn = { .dma = (uintptr_t)&dma };
	int ret;

	draw_dma(t, &dma);
	note(t, "CPU %u does what was held, op %u at %#llx", cpu, dma.op, dma.iova);
	ret = ioctl(fd_in(&t->p->cpus[cpu]), CPU_RUN, &insn);
	note_result(t, ret ?: (int)dma.fault);
	if (ret)
		return;
	look_at_dma(t, &dma);
	count(t, dma.done ? HOSTILE_HELD : HOSTILE_ENDED);
}

void send_work(struct thread *t)
{
	struct process *p = t->p;
	struct seen s = some_seen(p);
	bool raw = chance_in(3), elsewhere = chance_in(2);
	unsigned int dev = elsewhere ? some_portal() : s.dev;
	unsigned int cpu = raw ? chance_below(NR_FILES) : s.file;
	unsigned int file = raw ? chance_below(NR_FILES) : s.file;
	struct swiommu_dma dma;
	struct cpu_insn insn = {
		.iommu_fd = fd_in(&p->files[file]), .device_fd = fd_in(&p->devs[dev]),
		.ioasid = s.ioas, .cookie = cookie_of(s.dev),
		.vpasid = raw ? some_number(p->w) : s.pasid,
		.dma = (uintptr_t)&dma, .hold = chance_in(4),
	};
	int ret;

	draw_dma(t, &dma);
	note(t, "CPU %u sends %u, with %u of device %u of file %u, to device %u, op %u at %#llx%s",
	     cpu, insn.vpasid, s.ioas, s.dev, file, dev, dma.op, dma.iova,
	     insn.hold ? ", held" : "");
	ret = ioctl(fd_in(&p->cpus[cpu]), CPU_SEND, &insn);
	if (ret)
		note_result(t, ret);
	else
		note(t, "CPU %u sent %u (%u), with %u of device %u of file %u, to device %u, op %u at %#llx%s: %u",
		     cpu, insn.vpasid, insn.ppasid, s.ioas, s.dev, file, dev, dma.op, dma.iova,
		     insn.hold ? ", held" : "", dma.fault);
	if (ret && errno == EBUSY)
		run_held(t, cpu);
	if (ret || insn.hold)
		return;
	look_at_dma(t, &dma);
	if (!dma.done)
		count(t, HOSTILE_ENDED);
	else if (insn.ppasid == insn.vpasid)
		count(t, HOSTILE_SENT_RAW);
	else
		count(t, dev == s.dev ? HOSTILE_SENT : HOSTILE_SENT_ELSEWHERE);
}

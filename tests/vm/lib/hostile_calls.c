// SPDX-License-Identifier: GPL-2.0-only
/* What a process of a hostile user calls: address spaces, translators, devices. */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hostile_process.h"
#include "process.h"
#include "swuser.h"

static void *mem_page(struct process *p, unsigned int page)
{
	return p->w->mem[p->user] + page * PAGE;
}

/* ---------------------------------------------------------- address spaces */

void map_some(struct thread *t, unsigned int file, __u32 ioas)
{
	struct process *p = t->p;
	int fd = fd_in(&p->files[file]);
	unsigned int page, n, at;

	switch (chance_below(8)) {
	case 0 ... 2:
		at = chance_below(MAPPED);
		n = chance_from(1, MAPPED - at);
		break;
	case 3 ... 4:
		at = 0;
		n = MAPPED;
		break;
	case 5:
		note(t, "map what is read of %u of file %u", ioas, file);
		note_result(t, ioas_map(fd, ioas, mem_page(p, HOSTILE_WRITTEN),
					IOVA + READ_AT * PAGE, HOSTILE_READ * PAGE,
					IOASID_MAP_READ));
		return;
	default:
		at = chance_below(NR_LATE);
		note(t, "map late page %u of %u of file %u", at, ioas, file);
		note_result(t, ioas_map(fd, ioas, p->late.mem + at * PAGE,
					IOVA + (LATE_AT + at) * PAGE, PAGE, RW));
		return;
	}
	page = chance_below(HOSTILE_WRITTEN - n + 1);
	note(t, "map %u pages from %u at %u of %u of file %u", n, page, at, ioas, file);
	note_result(t, ioas_map(fd, ioas, mem_page(p, page), IOVA + at * PAGE, n * PAGE, RW));
}

void unmap_some(struct thread *t, unsigned int file, __u32 ioas)
{
	unsigned int at = chance_below(SPACE_PAGES), n = chance_from(1, SPACE_PAGES - at);
	int fd = fd_in(&t->p->files[file]);

	if (chance_in(4)) {
		note(t, "unmap all of %u of file %u", ioas, file);
		note_result(t, ioas_unmap_all(fd, ioas, NULL));
		return;
	}
	note(t, "unmap %u pages at %u of %u of file %u", n, at, ioas, file);
	note_result(t, ioas_unmap(fd, ioas, IOVA + at * PAGE, n * PAGE, NULL));
}

void new_space(struct thread *t, unsigned int file)
{
	unsigned int i = chance_below(NR_SPACES);
	struct process *p = t->p;
	__u32 old = p->spaces[file][i], ioas = 0;

	/* Or it would have ever more of them */
	if (old && ioas_free(fd_in(&p->files[file]), old) && !chance_in(4))
		return;
	note(t, "make an address space of file %u", file);
	if (ioas_alloc(fd_in(&p->files[file]), &ioas))
		return;
	note_result(t, ioas);
	p->spaces[file][i] = ioas;
	ioas_map(fd_in(&p->files[file]), ioas, mem_page(p, chance_below(8)), IOVA,
		 MAPPED * PAGE, RW);
}

void free_space(struct thread *t, unsigned int file)
{
	__u32 ioas = some_space(t->p, file);

	note(t, "free %u of file %u", ioas, file);
	note_result(t, ioas_free(fd_in(&t->p->files[file]), ioas));
}

/* ------------------------------------------------------------ translators */

void start_translator(struct thread *t, unsigned int file)
{
	struct process *p = t->p;

	if (fd_in(&p->cpus[file]) < 0)
		put_in(&p->cpus[file], cpu_open());
	note(t, "CPU %u translates for its file", file);
	if (ioctl(fd_in(&p->cpus[file]), CPU_START, fd_in(&p->files[file])) == 0)
		count(t, HOSTILE_TRANSLATORS);
}

void stop_translator(struct thread *t, unsigned int file)
{
	struct process *p = t->p;

	note(t, "CPU %u stops", file);
	if (chance_in(3))
		put_in(&p->cpus[file], -1);
	else
		ioctl(fd_in(&p->cpus[file]), CPU_STOP);
}

void open_file(struct thread *t, unsigned int file)
{
	struct process *p = t->p;

	note(t, "open file %u", file);
	put_in(&p->files[file], iommu_open());
	memset(p->spaces[file], 0, sizeof(p->spaces[file]));
	if (file < 2 || chance_in(8)) {
		ioctl(fd_in(&p->cpus[file]), CPU_STOP);
		start_translator(t, file);
	}
	new_space(t, file);
	new_space(t, file);
}

void close_file(struct thread *t, unsigned int file)
{
	note(t, "close file %u", file);
	put_in(&t->p->files[file], -1);
}

/* --------------------------------------------------------------- devices */

void bind_dev(struct thread *t, unsigned int dev)
{
	struct process *p = t->p;
	unsigned int file = some_file();
	int ret;

	if (fd_in(&p->devs[dev]) < 0)
		put_in(&p->devs[dev], swdev_open(p->w->ids[p->user][dev]));
	note(t, "bind device %u to file %u", dev, file);
	ret = dev_bind(fd_in(&p->devs[dev]), fd_in(&p->files[file]), cookie_of(dev));
	note_result(t, ret);
	if (!ret)
		p->bound[dev] = file;
}

void unbind_dev(struct thread *t, unsigned int dev)
{
	struct process *p = t->p;
	unsigned int file = chance_in(3) ? some_file() : p->bound[dev];

	if (chance_in(3)) {
		note(t, "close device %u", dev);
		put_in(&p->devs[dev], -1);
		return;
	}
	note(t, "unbind device %u from file %u", dev, file);
	note_result(t, dev_unbind(fd_in(&p->devs[dev]), fd_in(&p->files[file])));
}

static void remember(struct process *p, unsigned int file, unsigned int dev, __u32 ioas,
		     __u32 pasid)
{
	p->seen[chance_below(NR_SEEN)] = (struct seen) { file, dev, ioas, pasid };
}

void attach(struct thread *t, unsigned int dev)
{
	struct process *p = t->p;
	unsigned int file = chance_in(8) ? some_file() : p->bound[dev];
	__u32 ioas = some_space(p, file), pasid = some_pasid(), type = hostile_kinds[dev].type;
	int fd = fd_in(&p->devs[dev]), iommu = fd_in(&p->files[file]), ret;

	/* Where the CPU translates type 7 cannot choose; nor then can it be translated */
	if (chance_in(6) || (type == 7 && (file < 2) != chance_in(8)))
		pasid = 0;
	if (type == 3 || chance_in(8)) {
		note(t, "attach %u of file %u to device %u", ioas, file, dev);
		ret = dev_attach(fd, iommu, ioas);
		note_result(t, ret);
	} else {
		note(t, "attach %u of file %u to PASID %u of device %u", ioas, file, pasid, dev);
		ret = dev_attach_pasid(fd, iommu, ioas, pasid);
		note_result(t, ret);
		if (ret >= 0)
			remember(p, file, dev, ioas, pasid ?: (__u32)ret);
	}
	if (ret >= 0)
		count(t, HOSTILE_ATTACHED);
}

void detach(struct thread *t)
{
	struct process *p = t->p;
	struct seen s = some_seen(p);
	int ret;

	if (chance_in(3)) {
		s.dev = some_dev();
		s.file = p->bound[s.dev];
		s.pasid = some_pasid();
	}
	if (chance_in(8)) {
		note(t, "detach device %u of file %u", s.dev, s.file);
		ret = dev_detach(fd_in(&p->devs[s.dev]), fd_in(&p->files[s.file]));
	} else {
		note(t, "detach PASID %u of device %u of file %u", s.pasid, s.dev, s.file);
		ret = dev_detach_pasid(fd_in(&p->devs[s.dev]), fd_in(&p->files[s.file]), s.pasid);
	}
	note_result(t, ret);
	if (!ret)
		count(t, HOSTILE_DETACHED);
}

/* A physical device for which the CPU translates has a floor, and an alias below it */
void alias(struct thread *t)
{
	unsigned int dev = chance_in(4) ? some_dev() : 7, file = t->p->bound[dev];
	int fd = fd_in(&t->p->devs[dev]), iommu = fd_in(&t->p->files[file]), number;
	__u32 ioas = some_space(t->p, file), pasid = some_pasid();

	if (chance_in(2))
		dev_set_pasid_floor(fd, iommu, SOME_PASIDS + 1);
	note(t, "alias %u of any PASID with %u of file %u of device %u", pasid, ioas, file, dev);
	number = dev_attach_pasid(fd, iommu, ioas, 0);
	if (number < 0) {
		note_result(t, number);
		return;
	}
	count(t, HOSTILE_ATTACHED);
	if (!dev_alias(fd, iommu, number, pasid)) {
		count(t, HOSTILE_ALIASED);
		remember(t->p, file, dev, ioas, pasid);
	}
	note_result(t, number);
	if (chance_in(2))
		pasid = some_pasid();
	if (!dev_alias(fd, iommu, number, pasid))
		count(t, HOSTILE_ALIASED);
	if (chance_in(2))
		dev_detach_pasid(fd, iommu, number);
	else
		remember(t->p, file, dev, ioas, number);
}

/* --------------------------------------------- between a user's processes */

void pass(struct thread *t)
{
	struct process *p = t->p;
	unsigned int file = some_file(), dev = some_dev();
	bool is_file = chance_in(2);
	int sock = (is_file ? p->w->files : p->w->devs)[p->user][p->nr], fd;

	if (chance_in(2)) {
		note(t, "pass %s %u on", is_file ? "file" : "device", is_file ? file : dev);
		fd = fd_in(is_file ? &p->files[file] : &p->devs[dev]);
		if (fd >= 0)
			send_fd(sock, fd);
		return;
	}
	note(t, "take %s %u", is_file ? "file" : "device", is_file ? file : dev);
	fd = recv_fd(sock);
	if (fd < 0)
		return;
	count(t, HOSTILE_PASSED);
	put_in(is_file ? &p->files[file] : &p->devs[dev], fd);
	if (is_file)
		memset(p->spaces[file], 0, sizeof(p->spaces[file]));
}

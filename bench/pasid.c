// SPDX-License-Identifier: GPL-2.0-only
/*
 * PASIDs: ours ("ioasid") through the device's fd beside the kernel's own calls
 * ("floor": bench/floor/pasid_floor.c), on the same software device; and what the
 * software IOMMU's DMA costs. The subjects are no struct subject: what they do is
 * something else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioasid.h>
#include <linux/ioasid_swiommu.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "floor/pasid_floor.h"
#include "measure.h"
#include "modules.h"
#include "pasid.h"
#include "pci.h"
#include "subject.h"

#define NODE		"/dev/ioasid_swiommu"
#define MODULE		"ioasid_swiommu"
#define IOVA		0x100000000UL
#define IGB_PORT	"0000:00:08.0"

#define PAIRS		1000U
#define LOOKUPS		100000U
#define MAX_DEVICES	64U
#define DMA_PAGES	256U
#define DMA_ROUNDS	16U

struct swdev {
	int fd;
	__u32 id;
};

static int control, iommu, floor_fd = -1;
static __u32 shared;		/* address space */
static char igb[BDF_SIZE];
static struct swdev devices[MAX_DEVICES], *device;	/* the last one */
static unsigned int nr_devices;
static char *memory;
static const char *case_name;

/* As of a program that names devices by where it keeps them */
static __u64 cookie(unsigned int i)
{
	return 0x7f0012345010 + i * 448;
}

/* One that is open already */
static void bind_device(int fd, __u32 id)
{
	struct ioasid_bind bind = {
		.argsz = sizeof(bind), .iommu_fd = iommu, .cookie = cookie(nr_devices),
	};

	must(ioctl(fd, IOASID_DEVICE_BIND, &bind), "IOASID_DEVICE_BIND");
	device = &devices[nr_devices++];
	device->fd = fd;
	device->id = id;
}

static void start_swdev(__u32 flags)
{
	struct swiommu_device_create create = {
		.argsz = sizeof(create), .flags = flags, .type = 5, .pasid_width = 20,
	};
	char node[64];
	int fd;

	must(ioctl(control, SWIOMMU_DEVICE_CREATE, &create), "SWIOMMU_DEVICE_CREATE");
	snprintf(node, sizeof(node), NODE "%u", create.device);
	fd = open(node, O_RDWR | O_CLOEXEC);
	must(fd, node);
	bind_device(fd, create.device);
}

static void stop_swdev(const struct swdev *dev)
{
	struct swiommu_device_destroy destroy = {
		.argsz = sizeof(destroy), .device = dev->id,
	};

	close(dev->fd);
	must(ioctl(control, SWIOMMU_DEVICE_DESTROY, &destroy), "SWIOMMU_DEVICE_DESTROY");
}

/* A device that the hardware's driver is asked to attach: igb, with a PASID capability
 * that it does not have. It issues no PASIDs
 */
static void start_igb(void)
{
	char options[32];

	errno = ENODEV;
	if (!pci_find(IGB_ID, 0, 0, igb))
		die("igb");
	if (!module_is_loaded("ioasid_test_pasidcap")) {
		snprintf(options, sizeof(options), "bdf=%s", igb);
		must(module_load("ioasid_test_pasidcap", options), "ioasid_test_pasidcap");
		must(pci_remove(IGB_PORT), "remove igb's port");
		must(pci_rescan(), "rescan");
	}
	load("ioasid_vfio_pci");
	give(igb, "ioasid_vfio_pci");
	bind_device(open_device_node(igb), 0);
}

static void stop_igb(const struct swdev *dev)
{
	close(dev->fd);
	take(igb);
}

static __u32 new_ioas(void)
{
	struct ioasid_alloc alloc = { .argsz = sizeof(alloc) };

	must(ioctl(iommu, IOMMU_IOASID_ALLOC, &alloc), "IOMMU_IOASID_ALLOC");
	return alloc.ioasid;
}

static void free_ioas(__u32 ioasid)
{
	struct ioasid_free arg = { .argsz = sizeof(arg), .ioasid = ioasid };

	must(ioctl(iommu, IOMMU_IOASID_FREE, &arg), "IOMMU_IOASID_FREE");
}

/* ------------------------------------------------------------- two subjects */

static void attach(__u32 pasid, __u32 ioasid)
{
	struct ioasid_attach arg = {
		.argsz = sizeof(arg), .flags = IOASID_ATTACH_PASID, .iommu_fd = iommu,
		.ioasid = ioasid, .pasid = pasid,
	};

	must(ioctl(device->fd, IOASID_DEVICE_ATTACH, &arg), "IOASID_DEVICE_ATTACH");
}

static void detach(__u32 pasid)
{
	struct ioasid_detach arg = {
		.argsz = sizeof(arg), .flags = IOASID_DETACH_PASID, .iommu_fd = iommu,
		.pasid = pasid,
	};

	must(ioctl(device->fd, IOASID_DEVICE_DETACH, &arg), "IOASID_DEVICE_DETACH");
}

static void floor_call(unsigned long cmd, __u32 pasid, __u32 count)
{
	struct pasid_floor_arg arg = { .pasid = pasid, .count = count };

	must(ioctl(floor_fd, cmd, &arg), "the floor's PASIDs");
}

static void attach_ours(__u32 pasid)
{
	attach(pasid, shared);
}

static void attach_floor(__u32 pasid)
{
	floor_call(PASID_FLOOR_ATTACH, pasid, 0);
}

static void detach_floor(__u32 pasid)
{
	floor_call(PASID_FLOOR_DETACH, pasid, 0);
}

static void attach_new_floor(__u32 pasid)
{
	floor_call(PASID_FLOOR_ATTACH_NEW, pasid, 0);
}

static void detach_new_floor(__u32 pasid)
{
	floor_call(PASID_FLOOR_DETACH_NEW, pasid, 0);
}

struct way {
	void (*attach)(__u32 pasid);
	void (*detach)(__u32 pasid);
};

static const struct way ours = { attach_ours, detach };
static const struct way bare = { attach_floor, detach_floor };
static const struct way bare_new = { attach_new_floor, detach_new_floor };

/* --------------------------------------------------------------------- cases */

static unsigned int number(void)
{
	return strtoul(strrchr(case_name, '_') + 1, NULL, 10);
}

/* So many others are attached, to the same table */
static void pairs(const struct way *way, unsigned int others)
{
	unsigned int i;

	for (i = 1; i <= others; i++)
		way->attach(i);
	begin("pair");
	for (i = 0; i < PAIRS; i++) {
		way->attach(others + 1);
		way->detach(others + 1);
	}
	end("pair", PAIRS);
	if (way == &bare) {
		begin("bare");
		floor_call(PASID_FLOOR_LOOP, others + 1, PAIRS);
		end("bare", PAIRS);
	}
	for (i = 1; i <= others; i++)
		way->detach(i);
}

static void pair_ours(void)
{
	pairs(&ours, number());
}

static void pair_floor(void)
{
	pairs(&bare, number());
}

/* Nothing is attached to it: a page table is made each time */
static void first_ours(void)
{
	pairs(&ours, 0);
}

static void first_floor(void)
{
	pairs(&bare_new, 0);
}

/* Of the last one of so many devices */
static void lookup(unsigned long cmd)
{
	struct pasid_floor_lookup arg = {
		.iommu_fd = iommu, .ioasid = shared, .cookie = cookie(nr_devices - 1),
		.nr = PASID_FLOOR_ENTRIES, .count = LOOKUPS,
	};
	unsigned int i;

	for (i = 1; i <= PASID_FLOOR_ENTRIES; i++)
		attach(i, shared);
	begin("lookup");
	must(ioctl(floor_fd, cmd, &arg), "look up");
	end("lookup", LOOKUPS);
	for (i = 1; i <= PASID_FLOOR_ENTRIES; i++)
		detach(i);
}

static void lookup_ours(void)
{
	lookup(PASID_FLOOR_LOOKUP);
}

static void lookup_floor(void)
{
	lookup(PASID_FLOOR_XA_LOAD);
}

static void map_memory(void)
{
	struct ioasid_map map = {
		.argsz = sizeof(map), .flags = IOASID_MAP_READ | IOASID_MAP_WRITE,
		.ioasid = shared, .vaddr = (uintptr_t)memory, .iova = IOVA,
		.length = DMA_PAGES * PAGE,
	};

	must(ioctl(iommu, IOMMU_MAP_DMA, &map), "IOMMU_MAP_DMA");
}

static void unmap_memory(void)
{
	struct ioasid_unmap unmap = {
		.argsz = sizeof(unmap), .ioasid = shared, .iova = IOVA,
		.length = DMA_PAGES * PAGE,
	};

	must(ioctl(iommu, IOMMU_UNMAP_DMA, &unmap), "IOMMU_UNMAP_DMA");
}

static void dma(void)
{
	struct swiommu_dma arg = {
		.argsz = sizeof(arg), .flags = SWIOMMU_DMA_PASID, .op = SWIOMMU_DMA_READ,
		.pasid = 1, .iova = IOVA, .length = DMA_PAGES * PAGE,
		.data = (uintptr_t)memory + DMA_PAGES * PAGE,
	};

	must(ioctl(device->fd, SWIOMMU_DMA, &arg), "SWIOMMU_DMA");
	errno = EFAULT;
	if (arg.done != arg.length)
		die("DMA faults");
}

/* Each page once. What is mapped anew is in no cache */
static void run_dma(bool hit)
{
	unsigned int i;

	attach(1, shared);
	map_memory();
	dma();
	for (i = 0; i < DMA_ROUNDS; i++) {
		if (!hit) {
			unmap_memory();
			map_memory();
		}
		if (!hit || !i)
			begin("read");
		dma();
		if (!hit || i == DMA_ROUNDS - 1)
			end("read", (hit ? DMA_ROUNDS : 1) * DMA_PAGES);
	}
	unmap_memory();
	detach(1);
}

static void dma_hit(void)
{
	run_dma(true);
}

static void dma_miss(void)
{
	run_dma(false);
}

static const struct pasid_case {
	const char *name;
	void (*ours)(void);
	void (*floor)(void);
	enum { SWDEV, SWDEV_TLB, VTD } device;
	unsigned int nr_devices;
} cases[] = {
	{ "pasid_pair_1", pair_ours, pair_floor, SWDEV, 1 },
	{ "pasid_pair_10000", pair_ours, pair_floor, SWDEV, 1 },
	{ "pasid_first", first_ours, first_floor, SWDEV, 1 },
	{ "pasid_lookup_1", lookup_ours, lookup_floor, SWDEV, 1 },
	{ "pasid_lookup_64", lookup_ours, lookup_floor, SWDEV, MAX_DEVICES },
	{ "dma_iotlb_hit", dma_hit, NULL, SWDEV, 1 },
	{ "dma_iotlb_miss", dma_miss, NULL, SWDEV, 1 },
	{ "dma_device_tlb_hit", dma_hit, NULL, SWDEV_TLB, 1 },
	{ "pasid_vtd_pair_1", pair_ours, pair_floor, VTD, 1 },
	{ "pasid_vtd_pair_10000", pair_ours, pair_floor, VTD, 1 },
	{ "pasid_vtd_first", first_ours, first_floor, VTD, 1 },
};

#define NR_CASES	(sizeof(cases) / sizeof(cases[0]))

/* VT-d's PASIDs are in a machine of their own */
static bool wanted(const struct pasid_case *c, const char *only_cases)
{
	const char *machine = getenv("IOASID_IOMMU");
	bool vtd = machine && !strcmp(machine, "vtd-pasid");

	return (listed(only_cases, c->name) || listed(only_cases, "all")) &&
	       vtd == (c->device == VTD);
}

static void start(const struct pasid_case *c)
{
	char options[64];
	unsigned int i;

	if (c->device == VTD) {
		load("ioasid_vfio_pci");
	} else {
		load(MODULE);
		control = open(NODE, O_RDWR | O_CLOEXEC);
		must(control, NODE);
	}
	iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	must(iommu, "/dev/iommu");
	shared = new_ioas();
	for (i = 0; i < c->nr_devices; i++) {
		if (c->device == VTD)
			start_igb();
		else
			start_swdev(c->device == SWDEV_TLB ? SWIOMMU_DEVICE_TLB : 0);
	}
	if (c->device == VTD)
		snprintf(options, sizeof(options), "device=%s", igb);
	else
		snprintf(options, sizeof(options), "device=" MODULE "_dev.%u", device->id);
	insmod("pasid_floor.ko", options);
	floor_fd = open(PASID_FLOOR_NODE, O_RDWR | O_CLOEXEC);
	must(floor_fd, PASID_FLOOR_NODE);
}

static void stop(const struct pasid_case *c)
{
	close(floor_fd);
	unload("pasid_floor");
	while (nr_devices) {
		nr_devices--;
		if (c->device == VTD)
			stop_igb(&devices[nr_devices]);
		else
			stop_swdev(&devices[nr_devices]);
	}
	free_ioas(shared);
	close(iommu);
	if (c->device != VTD)
		close(control);
	unload(c->device == VTD ? "ioasid_vfio_pci" : MODULE);
	unload("ioasidfd");
}

static void run(const struct pasid_case *c, const char *only_subjects)
{
	bool all = listed(only_subjects, "all");

	case_name = c->name;
	start(c);
	if (*profiled)
		send_symbols();
	if (c->floor && (all || listed(only_subjects, "floor")))
		measure("floor", c->name, c->floor);
	if (all || listed(only_subjects, "ioasid"))
		measure("ioasid", c->name, c->ours);
	stop(c);
}

void pasid_cases(const char *only_subjects, const char *only_cases)
{
	unsigned int i;

	memory = mmap(NULL, 2 * DMA_PAGES * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		die("memory for DMA");
	for (i = 0; i < NR_CASES; i++)
		if (wanted(&cases[i], only_cases))
			run(&cases[i], only_subjects);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device's DMA goes through an address space that a user made: each step
 * of that, with what was done, and how it was verified. `make demo` runs it in
 * a virtual machine with an emulated IOMMU and two kinds of PCI devices:
 *
 *   iommu-testdev  writes 78 56 34 12 again and again, where it is told to,
 *                  and says whether its write went through
 *   edu            copies memory into a buffer of its own, or back
 *
 * A claim is a line with [ok] or [FAILED] in front, and what decides between
 * the two is the data in memory, not what a call or the device says of itself.
 * Exit status 0 only if every claim held.
 *
 * How to read it: main() at the end is the list of steps.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioasid.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "modules.h"
#include "pci.h"

#define PAGE	4096UL
#define IOVA	0x10000000UL	/* the I/O virtual address that the demo uses */
#define UNTOUCHED	0xee	/* what pages hold before a device writes to them */

static int failed_claims;
static int log_fd;

static void say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	fflush(stdout);
}

static void claim(bool holds, const char *format, ...)
{
	va_list args;

	say(holds ? "   [ok]     " : "   [FAILED] ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	say("\n");
	if (!holds)
		failed_claims++;
}

/* Something that the rest of the demo needs has failed */
static void must(bool ok, const char *what)
{
	if (ok)
		return;
	say("   [FAILED] %s: %s\n", what, strerror(errno));
	exit(1);
}

/* What the kernel said about the DMA that was stopped: evidence that it was
 * the IOMMU which did it. Not each has a line: the kernel limits their rate,
 * and virtio-iommu's driver prints other ones.
 */
static void show_faults(void)
{
	char line[1024];
	int n = 0;

	usleep(20000);	/* the fault interrupt */
	while (log_next(log_fd, line, sizeof(line)))
		if (strstr(line, "Request device") && n++ < 3)
			say("            kernel log: %s\n", line);
}

/* ------------------------------------------------------------- devices */

struct device {
	const char *name;
	char bdf[BDF_SIZE];
	int fd;
	volatile char *regs;
};

/* Hand a device to ioasid_vfio_pci as a user does: driver_override, probe */
static void hand_over(struct device *dev)
{
	char node[NODE_SIZE];

	must(!pci_give_to(dev->bdf, "ioasid_vfio_pci"), "handing the device over");
	must(!pci_device_node(dev->bdf, node, sizeof(node)), "finding the device's node");
	dev->fd = open(node, O_RDWR | O_CLOEXEC);
	must(dev->fd >= 0, node);
	say("   %s at %s is %s\n", dev->name, dev->bdf, node);
}

/* Give the device to an I/O address space fd, under a name of our choice */
static void bind_device(struct device *dev, int iommu, uint64_t cookie)
{
	struct ioasid_bind bind = {
		.argsz = sizeof(bind), .iommu_fd = iommu, .cookie = cookie,
	};
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX };
	struct vfio_region_info config = {
		.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX,
	};
	uint16_t command;

	must(!ioctl(dev->fd, IOASID_DEVICE_BIND, &bind), "IOASID_DEVICE_BIND");

	/* Its registers, and the switch that lets it do DMA at all */
	must(!ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &bar) &&
	     !ioctl(dev->fd, VFIO_DEVICE_GET_REGION_INFO, &config), "VFIO_DEVICE_GET_REGION_INFO");
	must(pread(dev->fd, &command, 2, config.offset + 4) == 2, "reading PCI config space");
	command |= 2 | 4;	/* memory space, bus mastering */
	must(pwrite(dev->fd, &command, 2, config.offset + 4) == 2, "writing PCI config space");
	dev->regs = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, dev->fd, bar.offset);
	must(dev->regs != MAP_FAILED, "mapping the device's registers");
	say("   %s bound with cookie %llu; its DMA is blocked\n", dev->name,
	    (unsigned long long)cookie);
}

static volatile uint32_t *reg32(struct device *dev, unsigned int at)
{
	return (volatile uint32_t *)(dev->regs + at);
}

static volatile uint64_t *reg64(struct device *dev, unsigned int at)
{
	return (volatile uint64_t *)(dev->regs + at);
}

/* Devices read and write memory behind the compiler's back */
static void barrier(void)
{
	asm volatile("" ::: "memory");
}

/* QEMU docs/specs/iommu-testdev.rst. True if the device saw its write succeed */
static bool testdev_writes(struct device *dev, uint64_t iova, uint32_t length)
{
	uint32_t result;

	barrier();
	*reg32(dev, 0x04) = iova;
	*reg32(dev, 0x08) = iova >> 32;
	*reg32(dev, 0x0c) = length;
	*reg32(dev, 0x14) = 1;		/* arm */
	(void)*reg32(dev, 0x00);	/* go; it is done when the read is */
	result = *reg32(dev, 0x10);
	barrier();
	return result != 0xdead0002;	/* refused */
}

/* QEMU docs/specs/edu.rst: 0x80 source, 0x88 destination, 0x90 length, 0x98 go.
 * Its own buffer is at 0x40000.
 */
static void edu_moves(struct device *dev, uint64_t from, uint64_t to, uint32_t length,
		      bool to_memory)
{
	int i;

	barrier();
	*reg64(dev, 0x80) = from;
	*reg64(dev, 0x88) = to;
	*reg64(dev, 0x90) = length;
	*reg64(dev, 0x98) = to_memory ? 3 : 1;
	for (i = 0; i < 5000 && *reg64(dev, 0x98) & 1; i++)
		usleep(1000);
	must(i < 5000, "waiting for edu");
	barrier();
}

static void edu_reads(struct device *dev, uint64_t iova, uint32_t length)
{
	edu_moves(dev, iova, 0x40000, length, false);
}

static void edu_writes(struct device *dev, uint64_t iova, uint32_t length)
{
	edu_moves(dev, 0x40000, iova, length, true);
}

/* ------------------------------------------------------ address spaces */

static uint32_t make_address_space(int iommu)
{
	struct ioasid_alloc alloc = { .argsz = sizeof(alloc) };

	must(!ioctl(iommu, IOMMU_IOASID_ALLOC, &alloc), "IOMMU_IOASID_ALLOC");
	return alloc.ioasid;
}

static void map(int iommu, uint32_t ioasid, void *p, uint64_t iova, uint64_t length,
		uint32_t flags)
{
	struct ioasid_map arg = {
		.argsz = sizeof(arg), .flags = flags, .ioasid = ioasid,
		.vaddr = (uintptr_t)p, .iova = iova, .length = length,
	};

	must(!ioctl(iommu, IOMMU_MAP_DMA, &arg), "IOMMU_MAP_DMA");
	say("   mapped %lu bytes of memory at IOVA %#lx, %s\n", (unsigned long)length,
	    (unsigned long)iova,
	    flags & IOASID_MAP_WRITE ? "for reading and writing" : "for reading only");
}

static void unmap(int iommu, uint32_t ioasid, uint64_t iova, uint64_t length)
{
	struct ioasid_unmap arg = {
		.argsz = sizeof(arg), .ioasid = ioasid, .iova = iova, .length = length,
	};

	must(!ioctl(iommu, IOMMU_UNMAP_DMA, &arg), "IOMMU_UNMAP_DMA");
	say("   unmapped %lu bytes at IOVA %#lx\n", (unsigned long)arg.unmapped,
	    (unsigned long)iova);
}

static void attach(struct device *dev, int iommu, uint32_t ioasid)
{
	struct ioasid_attach arg = {
		.argsz = sizeof(arg), .iommu_fd = iommu, .ioasid = ioasid,
	};

	must(!ioctl(dev->fd, IOASID_DEVICE_ATTACH, &arg), "IOASID_DEVICE_ATTACH");
	say("   attached %s to address space %u\n", dev->name, ioasid);
}

static void detach(struct device *dev, int iommu)
{
	struct ioasid_detach arg = { .argsz = sizeof(arg), .iommu_fd = iommu };

	must(!ioctl(dev->fd, IOASID_DEVICE_DETACH, &arg), "IOASID_DEVICE_DETACH");
	say("   detached %s\n", dev->name);
}

static void tell_about(int iommu, uint64_t cookie, const char *name)
{
	static const char *const vendors[] = {
		"virtio-iommu or another", "Intel VT-d", "AMD-Vi", "Arm SMMUv3",
	};
	struct ioasid_device_info info = { .argsz = sizeof(info), .cookie = cookie };

	must(!ioctl(iommu, IOMMU_DEVICE_GET_INFO, &info), "IOMMU_DEVICE_GET_INFO");
	say("   the IOMMU of %s: %s, addresses of %u bits, page sizes %#llx\n", name,
	    info.vendor < 4 ? vendors[info.vendor] : "unknown", info.addr_width,
	    (unsigned long long)info.pgsizes);
}

/* ---------------------------------------------------------------- memory */

static unsigned char *new_pages(unsigned int pages)
{
	unsigned char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(p != MAP_FAILED, "mmap");
	memset(p, UNTOUCHED, pages * PAGE);
	return p;
}

static bool all_are(const unsigned char *p, unsigned char value, size_t size)
{
	while (size--)
		if (*(volatile const unsigned char *)p++ != value)
			return false;
	return true;
}

static bool has_pattern(const unsigned char *p, size_t size)
{
	static const unsigned char pattern[] = { 0x78, 0x56, 0x34, 0x12 };
	size_t i;

	for (i = 0; i < size; i++)
		if (((volatile const unsigned char *)p)[i] != pattern[i % 4])
			return false;
	return true;
}

/* The physical address behind a page of ours (root may know it) */
static uint64_t physical_address(const void *p)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	must(fd >= 0 && pread(fd, &entry, 8, (uintptr_t)p / PAGE * 8) == 8 && entry >> 63,
	     "reading /proc/self/pagemap");
	close(fd);
	return (entry & ((1ULL << 55) - 1)) * PAGE;
}

/* ----------------------------------------------------------------- steps */

static void blocked_before_attach(struct device *testdev, unsigned char *page)
{
	uint64_t phys = physical_address(page);
	bool passed;

	say("\n3. Before an address space is attached the device reaches nothing\n");
	passed = testdev_writes(testdev, IOVA, PAGE);
	claim(!passed && all_are(page, UNTOUCHED, PAGE),
	      "a DMA write to IOVA %#lx: stopped, the page is untouched", IOVA);
	passed = testdev_writes(testdev, phys, PAGE);
	claim(!passed && all_are(page, UNTOUCHED, PAGE),
	      "a DMA write to the page's physical address %#llx: stopped, untouched",
	      (unsigned long long)phys);
	show_faults();
}

static void device_writes(struct device *testdev, unsigned char *pages)
{
	bool passed;

	say("\n5. The device writes to memory\n");
	passed = testdev_writes(testdev, IOVA, PAGE);
	claim(passed && has_pattern(pages + PAGE, PAGE),
	      "a DMA write of 4096 bytes to IOVA %#lx: the CPU reads %02x %02x %02x %02x ... there",
	      IOVA, pages[PAGE], pages[PAGE + 1], pages[PAGE + 2], pages[PAGE + 3]);
	claim(all_are(pages, UNTOUCHED, PAGE) && all_are(pages + 2 * PAGE, UNTOUCHED, PAGE),
	      "the pages before and behind it are untouched");
}

static void device_reads_and_writes(struct device *edu, unsigned char *page)
{
	static const char text[] = "from memory, through a device, and back";

	say("\n6. The other device reads from memory, and writes what it read\n");
	memset(page, UNTOUCHED, PAGE);
	memcpy(page, text, sizeof(text));
	edu_reads(edu, IOVA, sizeof(text));
	memset(page, UNTOUCHED, PAGE);
	edu_writes(edu, IOVA + 2048, sizeof(text));
	claim(!memcmp(page + 2048, text, sizeof(text)) && all_are(page, UNTOUCHED, 2048),
	      "edu read \"%.*s\" by DMA and wrote it 2048 bytes further on",
	      (int)sizeof(text) - 1, page + 2048);
}

static void blocked_outside(struct device *testdev, unsigned char *pages)
{
	bool before, behind;

	say("\n7. Outside the mapping the device reaches nothing\n");
	memset(pages, UNTOUCHED, 3 * PAGE);
	before = testdev_writes(testdev, IOVA - 4, 4);
	behind = testdev_writes(testdev, IOVA + PAGE, 4);
	claim(!before && !behind && all_are(pages, UNTOUCHED, 3 * PAGE),
	      "DMA writes to the four bytes before it and the four behind it: stopped");
	show_faults();
}

static void blocked_after_unmap(struct device *testdev, int iommu, uint32_t ioasid,
				unsigned char *page)
{
	bool used, passed;

	say("\n8. After unmap the device reaches nothing, though it had just used the page\n");
	memset(page, UNTOUCHED, PAGE);
	used = testdev_writes(testdev, IOVA, 64);	/* now the IOTLB has it */
	used = used && has_pattern(page, 64);
	unmap(iommu, ioasid, IOVA, PAGE);
	memset(page, UNTOUCHED, PAGE);
	passed = testdev_writes(testdev, IOVA, 64);
	claim(used && !passed && all_are(page, UNTOUCHED, PAGE),
	      "a DMA write right after the unmap: stopped, the page is untouched");
	show_faults();
}

static void blocked_on_read_only(struct device *testdev, struct device *edu, int iommu,
				 uint32_t ioasid, unsigned char *page)
{
	bool passed;

	say("\n9. To a read-only mapping the device cannot write\n");
	memset(page, UNTOUCHED, PAGE);
	map(iommu, ioasid, page, IOVA, PAGE, IOASID_MAP_READ);
	passed = testdev_writes(testdev, IOVA, 64);
	claim(!passed && all_are(page, UNTOUCHED, PAGE),
	      "a DMA write by iommu-testdev: stopped, the page is untouched");
	memset(page, 0x42, PAGE);
	edu_reads(edu, IOVA, 64);
	unmap(iommu, ioasid, IOVA, PAGE);
	memset(page, UNTOUCHED, PAGE);
	map(iommu, ioasid, page, IOVA, PAGE, IOASID_MAP_READ | IOASID_MAP_WRITE);
	edu_writes(edu, IOVA, 64);
	claim(all_are(page, 0x42, 64), "a DMA read by edu: worked, it read what was there");
	show_faults();
}

static void blocked_after_detach(struct device *testdev, int iommu, unsigned char *page)
{
	uint64_t phys = physical_address(page);
	bool used, passed, passed_phys;

	say("\n10. After detach the device reaches nothing\n");
	memset(page, UNTOUCHED, PAGE);
	used = testdev_writes(testdev, IOVA, 64);
	used = used && has_pattern(page, 64);
	detach(testdev, iommu);
	memset(page, UNTOUCHED, PAGE);
	passed = testdev_writes(testdev, IOVA, 64);
	passed_phys = testdev_writes(testdev, phys, 64);
	claim(used && !passed && !passed_phys && all_are(page, UNTOUCHED, PAGE),
	      "DMA writes to the IOVA and to the physical address: stopped, untouched");
	show_faults();
}

int main(void)
{
	struct device testdev = { .name = "iommu-testdev" }, edu = { .name = "edu" };
	unsigned char *pages;
	uint32_t ioasid;
	char line[1024];
	int iommu;

	say("User-managed I/O address spaces: a demonstration\n\n");
	log_fd = log_open();
	must(log_fd >= 0, "opening /dev/kmsg");

	say("1. The modules, and two devices of this machine handed over to them\n");
	must(!module_load("ioasidfd", NULL), "loading ioasidfd");
	must(!module_load("ioasid_vfio_pci", NULL), "loading ioasid_vfio_pci");
	must(pci_find(TESTDEV_ID, 1, 0, testdev.bdf), "finding an iommu-testdev");
	must(pci_find(EDU_ID, 1, 0, edu.bdf), "finding an edu device");
	hand_over(&testdev);
	hand_over(&edu);

	say("\n2. An I/O address space fd, and the devices bound to it\n");
	iommu = open("/dev/iommu", O_RDWR | O_CLOEXEC);
	must(iommu >= 0, "opening /dev/iommu");
	bind_device(&testdev, iommu, 1);
	bind_device(&edu, iommu, 2);
	tell_about(iommu, 1, testdev.name);
	while (log_next(log_fd, line, sizeof(line)))
		;	/* of no interest here */

	/* Three pages: the middle one will be mapped */
	pages = new_pages(3);
	blocked_before_attach(&testdev, pages + PAGE);

	say("\n4. An address space with one page in it, and the devices attached to it\n");
	ioasid = make_address_space(iommu);
	say("   made address space %u\n", ioasid);
	map(iommu, ioasid, pages + PAGE, IOVA, PAGE, IOASID_MAP_READ | IOASID_MAP_WRITE);
	attach(&testdev, iommu, ioasid);
	attach(&edu, iommu, ioasid);

	device_writes(&testdev, pages);
	device_reads_and_writes(&edu, pages + PAGE);
	blocked_outside(&testdev, pages);
	blocked_after_unmap(&testdev, iommu, ioasid, pages + PAGE);
	blocked_on_read_only(&testdev, &edu, iommu, ioasid, pages + PAGE);
	blocked_after_detach(&testdev, iommu, pages + PAGE);

	say("\n11. Everything given back\n");
	munmap((void *)testdev.regs, PAGE);
	close(iommu);
	close(testdev.fd);
	/* edu is still attached: closing its files ends that as well */
	munmap((void *)edu.regs, 1 << 20);
	close(edu.fd);
	must(!pci_take_back(testdev.bdf) && !pci_take_back(edu.bdf), "taking the devices back");
	claim(!module_unload("ioasid_vfio_pci") && !module_unload("ioasidfd"),
	      "the modules could be unloaded: nothing of it is in use");

	if (failed_claims)
		say("\n%d claims FAILED\n", failed_claims);
	else
		say("\nEvery claim held.\n");
	return failed_claims ? 1 : 0;
}

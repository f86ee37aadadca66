// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "expect.h"
#include "modules.h"
#include "pci.h"
#include "vtdtable.h"

#define PAGE_BITS	0xffffffffff000ULL

/* Root Table Address Register (11.4.5), and its mode: scalable */
#define RTADDR		0x20
#define RTADDR_TTM(r)	(((r) >> 10) & 3)
#define TTM_SCALABLE	1

static __u64 read64(int fd, __u64 at)
{
	__u64 value;

	EXPECT_EQ(pread(fd, &value, sizeof(value), at), sizeof(value));
	return value;
}

static __u64 registers(void)
{
	char text[32], *end;
	__u64 at;

	sysfs_read("/sys/class/iommu/dmar0/intel-iommu/address", text, sizeof(text));
	at = strtoull(text, &end, 16);
	EXPECT_TRUE(end != text && !*end);
	return at;
}

struct vtd_pasid_entry vtd_pasid_entry(const char *bdf, unsigned int pasid)
{
	struct vtd_pasid_entry entry = {};
	/* DDDD:BB:SS.F */
	unsigned int bus = strtoul(bdf + 5, NULL, 16);
	unsigned int devfn = strtoul(bdf + 8, NULL, 16) << 3 | strtoul(bdf + 11, NULL, 16);
	__u64 at, value, words[3];
	int fd, i;

	fd = EXPECT_OK(open("/dev/ioasid_test_memory", O_RDONLY | O_CLOEXEC));

	value = read64(fd, registers() + RTADDR);
	EXPECT_EQ(RTADDR_TTM(value), TTM_SCALABLE);
	/* 9.1: 16 bytes a bus, the upper half of them for devfn 128 and up */
	at = (value & PAGE_BITS) + 16 * bus + (devfn >= 128 ? 8 : 0);
	value = read64(fd, at);
	EXPECT_TRUE(value & 1);
	/* 9.4: context entries of 32 bytes */
	value = read64(fd, (value & PAGE_BITS) + 32 * (devfn & 0x7f));
	EXPECT_TRUE(value & 1);
	/* 9.5: a directory entry leads to 64 PASIDs */
	value = read64(fd, (value & PAGE_BITS) + 8 * (pasid >> 6));
	if (value & 1) {
		at = (value & PAGE_BITS) + 64 * (pasid & 0x3f);
		for (i = 0; i < 3; i++)
			words[i] = read64(fd, at + 8 * i);
		entry.present = words[0] & 1;
		entry.type = (words[0] >> 6) & 7;
		entry.domain = words[1] & 0xffff;
		entry.snoop = words[1] >> 24 & 1;
		entry.table = (entry.type == 1 ? words[2] : words[0]) & PAGE_BITS;
	}
	EXPECT_OK(close(fd));
	return entry;
}

/* The root ports of igb, and of the one with two functions */
#define PORT		"0000:00:08.0"
#define PORT_OF_TWO	"0000:00:1c.1"

void vtd_with_pasids(char *bdf)
{
	char options[32];

	EXPECT_TRUE(pci_find(IGB_ID, 0, 0, bdf));
	if (module_is_loaded("ioasid_test_pasidcap"))
		return;
	snprintf(options, sizeof(options), "bdf=%s", bdf);
	EXPECT_OK(module_load("ioasid_test_pasidcap", options));
	EXPECT_OK(pci_remove(PORT));
	EXPECT_OK(pci_rescan());
	EXPECT_TRUE(pci_exists(bdf));
}

void vtd_with_pasids_together(char *bdf, char *other)
{
	char options[48];

	if (!module_is_loaded("ioasid_test_pasidcap")) {
		EXPECT_TRUE(pci_find(IGB_ID, 2, 0, bdf));
		snprintf(options, sizeof(options), "bdf=%s together=1", bdf);
		EXPECT_OK(module_load("ioasid_test_pasidcap", options));
		EXPECT_OK(pci_remove(PORT_OF_TWO));
		EXPECT_OK(pci_rescan());
	}
	EXPECT_TRUE(pci_find(IGB_TOGETHER_ID, 2, 0, bdf));
	EXPECT_TRUE(pci_find(IGB_TOGETHER_ID, 2, 1, other));
	EXPECT_EQ(pci_group(bdf), pci_group(other));
}

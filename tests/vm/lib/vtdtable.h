/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tables of VT-d in scalable mode, read from memory as the hardware does
 * (VT-d specification 9), through ioasid_test_pasidcap.
 */
#ifndef TESTS_VTDTABLE_H
#define TESTS_VTDTABLE_H

#include <linux/types.h>
#include <stdbool.h>

/* What ioasid_test_pasidcap gives a device, bits */
#define VTD_PASID_WIDTH	20

/* igb, which gets PASIDs from ioasid_test_pasidcap the first time; in no driver's hands */
void vtd_with_pasids(char *bdf);
/* The two functions of one that have a device TLB as well, and share a group then. One
 * or the other way in a machine: not both
 */
void vtd_with_pasids_together(char *bdf, char *other);

/* Scalable-mode PASID table entry (9.6), what is of interest of it */
struct vtd_pasid_entry {
	bool present;
	unsigned int type;	/* PGTT: 1 first stage, 2 second stage */
	unsigned int domain;	/* DID */
	bool snoop;		/* PGSNP */
	__u64 table;		/* SSPTPTR or FSPTPTR, by @type */
};

/* Of the device at @bdf; PASID 0 is what DMA without one is translated by */
struct vtd_pasid_entry vtd_pasid_entry(const char *bdf, unsigned int pasid);

#endif /* TESTS_VTDTABLE_H */

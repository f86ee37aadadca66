/* SPDX-License-Identifier: GPL-2.0-only */
/* A PF with VFs, all with our driver. */
#ifndef TESTS_SRIOV_H
#define TESTS_SRIOV_H

#include <linux/types.h>
#include <stdbool.h>

#include "pci.h"

/* What the users of PF and VFs have to know of each other */
#define SRIOV_TOKEN	((const __u8 *)"an open secret!")

struct sriov {
	char pf[BDF_SIZE], vf[BDF_SIZE];
	int pf_fd, vf_fd, fd;
};

/* The PF bound to @fd with cookie 1 and the token; the first of its VFs open */
struct sriov sriov_start(int nr_vfs);
/* ioasid_vfio_pci lets SR-IOV be configured */
void sriov_permit(bool permit);
/* 0 or -1 with errno; waits for the users of VFs that are removed */
int sriov_set_vfs(const char *pf, int nr_vfs);
/* The @index-th VF's address */
bool sriov_find_vf(int index, char *bdf);
/* Closes all files */
void sriov_end(struct sriov *s);
/* IOASID_DEVICE_BIND with a token, if @token is not NULL; 0 or -1 with errno */
int sriov_bind(int dev, int fd, __u64 cookie, const __u8 *token);

#endif /* TESTS_SRIOV_H */

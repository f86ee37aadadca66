// SPDX-License-Identifier: GPL-2.0-only
/* What some calls take beside two address spaces and two devices. */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "expect.h"
#include "mediated.h"
#include "memory.h"
#include "modules.h"
#include "points.h"
#include "rig.h"
#include "run.h"
#include "vtdtable.h"

#define MEDIATED	"ioasid_test_mediated"

#define SIBLING_COOKIE	50
#define DRIVER_COOKIE	51
#define NUMBERED_COOKIE	52

/* What of the machine is set up when it is needed first */
static bool with_vf, with_cpu, with_siblings, with_igb;

bool rig_has(struct rig *r, unsigned int parts)
{
	if (__builtin_popcount(parts & RIG_SIBLINGS) > 1)
		return false;
	if (r->soft)
		return !(parts & (RIG_VF | RIG_PAIR | RIG_PCI)) &&
		       (!kernel_is("6.1") || !(parts & (RIG_PASIDS | RIG_CPU | RIG_FAR)));
	if (parts & (RIG_CPU | RIG_SOFT | RIG_FAR))
		return false;
	/* PASIDs are given to the same device as VFs */
	return config_is("vtd-pasid") ? !(parts & RIG_VF) : !(parts & RIG_PASIDS);
}

void parts_make(struct rig *r)
{
	const struct swiommu_device_create parent = { .type = 5, .pasid_width = 8 };
	const struct swiommu_device_create owner = { .type = 7, .pasid_width = 8 };
	const struct swiommu_device_create far = {
		.type = 5, .iommu = 1, .flags = SWIOMMU_DEVICE_TLB | SWIOMMU_DEVICE_FAULTS,
	};
	struct swiommu_device_create child = { .type = 8 };

	if (!module_is_loaded(MEDIATED))
		EXPECT_OK(module_load(MEDIATED, NULL));
	with_vf = false;
	with_cpu = false;
	with_siblings = false;
	with_igb = false;
	r->driver = -1;
	r->numbered = -1;
	r->sibling.fd = -1;
	if (!r->soft || kernel_is("6.1"))
		return;
	r->far.id = swdev_create(&far);
	r->parent = swdev_create(&parent);
	child.parent = r->parent;
	r->sender.id = swdev_create(&child);
	r->portal.id = swdev_create(&child);
	r->receiver.id = swdev_create(&child);
	r->owner.id = swdev_create(&owner);
	child.type = 6;
	r->plain.id = swdev_create(&child);
}

void parts_unmake(struct rig *r)
{
	if (with_vf) {
		close(r->vf.vf_fd);
		close(r->vf.pf_fd);
		close(r->vf.fd);
		EXPECT_OK(sriov_set_vfs(r->vf.pf, 0));
		EXPECT_OK(pci_take_back(r->vf.pf));
	}
	if (with_siblings) {
		if (!pci_exists(r->sibling.bdf))
			EXPECT_OK(pci_rescan());
		EXPECT_OK(pci_take_back(r->reset_bdf));
		/* It has no driver if it has come again */
		pci_take_back(r->sibling.bdf);
	}
	if (with_igb)
		EXPECT_OK(pci_take_back(r->igb));
	if (with_cpu)
		EXPECT_OK(module_unload(TEST_CPU));
	EXPECT_OK(module_unload(MEDIATED));
}

/* ------------------------------------------------- another device of the group */

int sibling_join(struct rig *r)
{
	struct swiommu_device_create options = { .type = 1, .group = ACTIVE + 1 };
	int err;

	if (!r->soft)
		return pci_rescan();
	err = swdev_try_create(&options);
	if (!err)
		r->sibling.id = options.device;
	errno = err;
	return err ? -1 : 0;
}

int sibling_leave(struct rig *r)
{
	return r->soft ? swdev_destroy(r->sibling.id) : pci_remove(r->sibling.bdf);
}

static bool sibling_is_there(struct rig *r)
{
	return r->soft ? r->sibling.id && swdev_exists(r->sibling.id) :
			 pci_exists(r->sibling.bdf);
}

static void sibling_give(struct rig *r)
{
	char driver[64];

	pci_driver(r->sibling.bdf, driver, sizeof(driver));
	if (strcmp(driver, "ioasid_vfio_pci"))
		EXPECT_OK(pci_give_to(r->sibling.bdf, "ioasid_vfio_pci"));
}

/* Before @ACTIVE is opened: which has one then as the call wants it */
static void siblings_ready(struct rig *r)
{
	bool wanted = r->parts & (RIG_TWO | RIG_PAIR);

	if (!r->soft && !with_siblings) {
		EXPECT_OK(pci_give_to(which_bdf(BUS_0, r->reset_bdf), "ioasid_vfio_pci"));
		which_bdf(BUS_1, r->sibling.bdf);
		with_siblings = true;
	}
	if (wanted && !sibling_is_there(r))
		EXPECT_OK(sibling_join(r));
	if (!wanted && sibling_is_there(r))
		EXPECT_OK(sibling_leave(r));
	if (r->parts & RIG_PAIR)
		sibling_give(r);
	if (!r->soft)
		points_ats(r->reset_bdf);
}

void parts_ready(struct rig *r)
{
	if (r->parts & RIG_SIBLINGS)
		siblings_ready(r);
}

static void pair_open(struct rig *r)
{
	r->sibling.fd = EXPECT_OK(dev_open_bdf(r->sibling.bdf));
	EXPECT_OK(dev_bind(r->sibling.fd, r->fd, SIBLING_COOKIE));
}

/* -------------------------------------------------- mediated devices and CPUs */

static void driver_open(struct rig *r)
{
	r->driver = EXPECT_OK(mediated_open(0));
	EXPECT_OK(dev_bind(r->driver, r->fd, DRIVER_COOKIE));
	EXPECT_OK(dev_attach(r->driver, r->fd, r->s));
	r->pin = 0;
}

void rig_pin(struct rig *r)
{
	if (!r->pin)
		m_pin(r->driver, -1, IOVA, PAGE, NULL, &r->pin);
}

void rig_pin_half(struct rig *r)
{
	m_pin(r->driver, -1, place_iova[PLACE_FREE], PAGE, NULL, NULL);
}

static void child_open(struct swdev *child, int fd)
{
	child->fd = EXPECT_OK(swdev_open(child->id));
	child->cookie = 1000 + child->id;
	child->iommu = fd;
	EXPECT_OK(dev_bind(child->fd, fd, child->cookie));
}

static void cpu_start(struct rig *r)
{
	if (!with_cpu)
		EXPECT_OK(module_load(TEST_CPU, NULL));
	with_cpu = true;
	r->their_fd = EXPECT_OK(iommu_open());
	r->theirs_ioas = new_ioas(r->their_fd);
	EXPECT_OK(ioas_map(r->their_fd, r->theirs_ioas, r->theirs, IOVA, PAGE, RW));
	child_open(&r->sender, r->fd);
	child_open(&r->portal, r->fd);
	child_open(&r->receiver, r->their_fd);
	EXPECT_OK(dev_attach_pasid(r->sender.fd, r->fd, r->s, RIG_PASID));
	r->cpu = EXPECT_OK(cpu_open());
	EXPECT_OK(ioctl(r->cpu, CPU_START, r->fd));
	child_open(&r->plain, r->fd);
	child_open(&r->owner, r->fd);
	r->number = EXPECT_OK(dev_attach_pasid(r->owner.fd, r->fd, r->s, 0));
}

static void cpu_end(struct rig *r)
{
	EXPECT_OK(close(r->cpu));
	EXPECT_OK(close(r->sender.fd));
	EXPECT_OK(close(r->portal.fd));
	EXPECT_OK(close(r->receiver.fd));
	EXPECT_OK(close(r->plain.fd));
	EXPECT_OK(close(r->owner.fd));
	EXPECT_OK(close(r->their_fd));
}

int rig_make_child(struct rig *r)
{
	struct swiommu_device_create options = { .type = 8, .parent = r->parent };
	int ret = swdev_try_create(&options);

	if (!ret)
		r->made = options.device + 1;
	return ret;
}

__u8 rig_numbers(struct rig *r)
{
	const struct user user = { .fd = r->fd, .ioas = r->s };
	__u32 sender, alias, other;

	if (r->closed)
		return 0;
	sender = ppasid_of(r->cpu, &user, &r->sender, RIG_PASID);
	alias = ppasid_of(r->cpu, &user, &r->owner, RIG_ALIAS);
	other = ppasid_of(r->cpu, &user, &r->portal, RIG_ALIAS);
	return (sender ? 1 : 0) | (alias ? 2 : 0) | (other ? 4 : 0) |
	       (alias && alias == other ? 8 : 0) |
	       (other == r->number ? RIG_FREED : 0);
}

/* ------------------------------------------------------------------------- VFs */

static void vf_open(struct rig *r)
{
	if (!with_vf)
		r->vf = sriov_start(2);
	else
		EXPECT_OK(sriov_bind(r->vf.pf_fd, r->vf.fd, 1, SRIOV_TOKEN));
	with_vf = true;
}

static void vf_close(struct rig *r)
{
	/* Neither need be bound, and what it is bound to may be closed */
	dev_unbind(r->vf.vf_fd, -1);
	dev_unbind(r->vf.pf_fd, -1);
}

/* ------------------------------------ PASIDs of a device that does not send any */

/* There is none left of those domain ids that had been free */
#define FILL		100
#define NR_FILL		8

static void numbers_open(struct rig *r)
{
	unsigned int i;

	if (r->soft) {
		r->numbered = r->sw[ACTIVE].fd;
		return;
	}
	if (!with_igb) {
		vtd_with_pasids(r->igb);
		EXPECT_OK(pci_give_to(r->igb, "ioasid_vfio_pci"));
	}
	with_igb = true;
	r->numbered = EXPECT_OK(dev_open_bdf(r->igb));
	EXPECT_OK(dev_bind(r->numbered, r->fd, NUMBERED_COOKIE));
	for (i = 0; i < NR_FILL; i++)
		EXPECT_OK(dev_attach_pasid(r->numbered, r->fd, new_ioas(r->fd), FILL + i));
}

static bool has_entries(struct rig *r)
{
	return !r->soft && r->parts & RIG_PASIDS;
}

__u32 rig_entries(struct rig *r)
{
	if (!has_entries(r))
		return 0;
	return vtd_pasid_entry(r->igb, RIG_PASID).present << 0 |
	       vtd_pasid_entry(r->igb, RIG_ALIAS).present << 1;
}

bool rig_ids_clash(struct rig *r)
{
	struct vtd_pasid_entry entries[2 + NR_RIG_DEVICES];
	unsigned int i, j, nr = 0;

	if (!has_entries(r))
		return false;
	entries[nr++] = vtd_pasid_entry(r->igb, RIG_PASID);
	entries[nr++] = vtd_pasid_entry(r->igb, RIG_ALIAS);
	for (i = 0; i < NR_RIG_DEVICES; i++)
		if (i != ACTIVE || !r->removed)
			entries[nr++] = vtd_pasid_entry(r->pci[i].bdf, 0);
	for (i = 0; i < nr; i++)
		for (j = 0; j < i; j++)
			if (entries[i].present && entries[j].present &&
			    entries[i].domain == entries[j].domain &&
			    entries[i].table != entries[j].table)
				return true;
	return false;
}

void parts_open(struct rig *r)
{
	r->driver = -1;
	r->numbered = -1;
	r->sibling.fd = -1;
	r->hwpt = 0;
	if (r->parts & RIG_DRIVER)
		driver_open(r);
	if (r->parts & RIG_PASIDS)
		numbers_open(r);
	if (r->parts & RIG_PAIR)
		pair_open(r);
	if (r->parts & RIG_CPU)
		cpu_start(r);
	if (r->parts & RIG_VF)
		vf_open(r);
	if (r->parts & RIG_FAR)
		child_open(&r->far, r->fd);
}

void parts_close(struct rig *r)
{
	if (r->parts & RIG_VF)
		vf_close(r);
	if (r->parts & RIG_CPU)
		cpu_end(r);
	if (r->parts & RIG_FAR)
		EXPECT_OK(close(r->far.fd));
	if (r->sibling.fd >= 0)
		EXPECT_OK(close(r->sibling.fd));
	if (r->numbered >= 0 && !r->soft)
		EXPECT_OK(close(r->numbered));
	if (r->driver >= 0 && !r->driver_gone)
		EXPECT_OK(close(r->driver));
}

void parts_mend(struct rig *r)
{
	if (r->made)
		EXPECT_OK(swdev_destroy(r->made - 1));
	r->made = 0;
	if (!r->soft || !r->sibling.id)
		return;
	if (swdev_exists(r->sibling.id))
		EXPECT_OK(swdev_destroy(r->sibling.id));
	r->sibling.id = 0;
}

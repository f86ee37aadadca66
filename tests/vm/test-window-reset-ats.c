// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets: from 7.2 on the kernel takes a device with ATS out of what it is attached to
 * and puts it back by itself (a machine with vtd-ats). It is held in the driver in
 * between; nothing that the device is attached to is unmapped meanwhile, and nothing new
 * is attached.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "dma.h"
#include "expect.h"
#include "hold.h"
#include "memory.h"
#include "run.h"
#include "scene.h"
#include "vtdtable.h"

/* virtio-net, with ATS */
#define ATS_ID		0x1af4, 0x1041
#define BETWEEN		"intel_pasid_tear_down_entry"

/* The device, and an iommu-testdev whose DMA tells what is mapped */
struct ats {
	struct attached a;
	char bdf[BDF_SIZE];
	struct dev dev;
	char *p;
	struct call unmap;
};

/* Older kernels leave attachments as they are in a reset */
static bool resets_detach(void)
{
	return !kernel_is("6.1") && !kernel_is("6.12");
}

static void ats_start(struct ats *s)
{
	memset(s, 0, sizeof(*s));
	s->a = attached();
	s->p = memory(2 * PAGE, CANARY);
	EXPECT_TRUE(pci_find(ATS_ID, 0, 0, s->bdf));
	EXPECT_OK(pci_give_to(s->bdf, "ioasid_vfio_pci"));
	snprintf(s->dev.bdf, sizeof(s->dev.bdf), "%s", s->bdf);
	s->dev.fd = EXPECT_OK(dev_open_bdf(s->bdf));
	EXPECT_OK(dev_bind(s->dev.fd, s->a.fd, 77));
	EXPECT_OK(ioas_map(s->a.fd, s->a.ioas, s->p, IOVA, PAGE, RW));
	EXPECT_OK(dev_attach(s->dev.fd, s->a.fd, s->a.ioas));
	s->unmap = (struct call){
		.what = UNMAP, .fd = s->a.fd, .ioas = s->a.ioas, .iova = IOVA, .length = PAGE,
	};
	hold_at(BETWEEN);
}

static void ats_end(struct ats *s)
{
	hold_end();
	if (s->dev.fd >= 0)
		EXPECT_OK(close(s->dev.fd));
	EXPECT_OK(pci_take_back(s->bdf));
}

struct reset {
	pthread_t thread;
	struct ats *s;
	int (*how)(struct ats *s);
	int ret, err;
	volatile int ended;
};

static void *reset_thread(void *arg)
{
	struct reset *r = arg;

	r->ret = r->how(r->s);
	r->err = errno;
	r->ended = 1;
	return NULL;
}

static int by_ioctl(struct ats *s)
{
	return ioctl(s->dev.fd, VFIO_DEVICE_RESET);
}

/* The capability that has it, as VFIO shows it: PCI Express */
static int by_config_space(struct ats *s)
{
	__u64 config = region_offset(&s->dev, VFIO_PCI_CONFIG_REGION_INDEX, NULL);
	__u8 at = 0, id = 0;
	__u16 control;

	EXPECT_EQ(pread(s->dev.fd, &at, 1, config + PCI_CAPABILITY_LIST), 1);
	while (at) {
		EXPECT_EQ(pread(s->dev.fd, &id, 1, config + at), 1);
		if (id == PCI_CAP_ID_EXP)
			break;
		EXPECT_EQ(pread(s->dev.fd, &at, 1, config + at + 1), 1);
	}
	EXPECT_TRUE(at);
	EXPECT_EQ(pread(s->dev.fd, &control, 2, config + at + PCI_EXP_DEVCTL), 2);
	control |= PCI_EXP_DEVCTL_BCR_FLR;
	return pwrite(s->dev.fd, &control, 2, config + at + PCI_EXP_DEVCTL) == 2 ? 0 : -1;
}

static int by_sysfs(struct ats *s)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", s->bdf);
	return sysfs_write(path, "1");
}

/* Which disables it, and that resets it */
static int by_close(struct ats *s)
{
	int fd = s->dev.fd;

	s->dev.fd = -1;
	return close(fd);
}

static struct reset reset_held(struct ats *s, int (*how)(struct ats *s))
{
	return (struct reset){ .s = s, .how = how };
}

static void reset_start(struct reset *r)
{
	hold_next();
	EXPECT_EQ(pthread_create(&r->thread, NULL, reset_thread, r), 0);
	if (resets_detach() || r->how == by_close)
		hold_wait();
}

static void reset_ends(struct reset *r)
{
	hold_go();
	wait_for(&r->ended);
	pthread_join(r->thread, NULL);
	if (r->ret)
		FAIL("the reset fails: %s", errno_name(r->err));
}

static void try_reset(int (*how)(struct ats *s))
{
	struct reset r;
	struct ats s;
	char *q = memory(PAGE, CANARY);

	ats_start(&s);
	r = reset_held(&s, how);
	reset_start(&r);
	call_start(&s.unmap);
	if (resets_detach())
		call_waits(&s.unmap);
	reset_ends(&r);
	call_ends(&s.unmap, 0);
	EXPECT_EQ(s.unmap.unmapped, PAGE);
	expect_blocked(&s.a.dev, IOVA, s.p, PAGE);
	/* All goes on as before */
	EXPECT_OK(ioas_map(s.a.fd, s.a.ioas, q, IOVA, PAGE, RW));
	expect_dma(&s.a.dev, IOVA, q, PAGE);
	EXPECT_EQ(nr_attachments(s.a.fd, s.a.ioas), how == by_close ? 1 : 2);
	EXPECT_OK(ioas_unmap(s.a.fd, s.a.ioas, IOVA, PAGE, NULL));
	ats_end(&s);
}

START_TEST(unmap_waits_while_a_device_is_reset)
{
	try_reset(by_ioctl);
}
END_TEST

START_TEST(unmap_waits_while_a_device_is_reset_by_its_config_space)
{
	try_reset(by_config_space);
}
END_TEST

START_TEST(unmap_waits_while_a_device_is_reset_by_sysfs)
{
	try_reset(by_sysfs);
}
END_TEST

START_TEST(unmap_waits_while_a_device_is_disabled)
{
	try_reset(by_close);
}
END_TEST

/* It has not been tried: what was attached is so as before */
START_TEST(attach_while_a_device_is_reset_is_ebusy)
{
	struct reset r;
	struct ats s;
	__u32 other;

	if (!resets_detach())
		return;
	ats_start(&s);
	other = new_ioas(s.a.fd);
	r = reset_held(&s, by_sysfs);
	reset_start(&r);
	EXPECT_ERRNO(dev_attach(s.dev.fd, s.a.fd, other), EBUSY);
	EXPECT_EQ(nr_attachments(s.a.fd, s.a.ioas), 2);
	EXPECT_EQ(nr_attachments(s.a.fd, other), 0);
	reset_ends(&r);
	EXPECT_OK(dev_attach(s.dev.fd, s.a.fd, other));
	EXPECT_EQ(nr_attachments(s.a.fd, other), 1);
	ats_end(&s);
}
END_TEST

/* Its first user has it reset, too */
START_TEST(bind_while_a_device_is_reset_is_eagain)
{
	struct reset r;
	struct ats s;

	if (!resets_detach())
		return;
	ats_start(&s);
	EXPECT_OK(close(s.dev.fd));
	s.dev.fd = EXPECT_OK(dev_open_bdf(s.bdf));
	r = reset_held(&s, by_sysfs);
	reset_start(&r);
	EXPECT_ERRNO(dev_bind(s.dev.fd, s.a.fd, 77), EAGAIN);
	reset_ends(&r);
	EXPECT_OK(dev_bind(s.dev.fd, s.a.fd, 77));
	EXPECT_OK(dev_attach(s.dev.fd, s.a.fd, s.a.ioas));
	ats_end(&s);
}
END_TEST

/* A map that has begun goes on; the reset does not wait for it, nor a detach */
START_TEST(reset_and_detach_wait_for_no_user)
{
	struct call map, detach;
	struct stall stall;
	struct reset r;
	struct ats s;
	char *mem = memory(SIZE, CANARY);

	ats_start(&s);
	stall = stall_at(mem + HOLE);
	map = (struct call){
		.what = MAP, .fd = s.a.fd, .ioas = s.a.ioas, .vaddr = mem,
		.iova = IOVA + SIZE, .length = SIZE,
	};
	call_start(&map);
	stall_wait(&stall);
	r = reset_held(&s, by_ioctl);
	reset_start(&r);
	detach = (struct call){ .what = DETACH, .fd = s.a.fd, .dev = s.a.dev.fd };
	call_start(&detach);
	call_ends(&detach, 0);
	stall_end(&stall);
	reset_ends(&r);
	call_ends(&map, 0);
	EXPECT_EQ(mapped_bytes(s.a.fd, s.a.ioas), SIZE + PAGE);
	EXPECT_OK(ioas_unmap_all(s.a.fd, s.a.ioas, NULL));
	ats_end(&s);
}
END_TEST

/* Its memory does not come: what it has mapped so far is taken back, but not meanwhile */
START_TEST(map_that_fails_during_a_reset_is_undone_afterwards)
{
	struct stall stall;
	struct reset r;
	struct call map;
	struct ats s;
	char *mem = memory(SIZE, CANARY);

	if (!resets_detach())
		return;
	ats_start(&s);
	stall = stall_at(mem + HOLE);
	map = (struct call){
		.what = MAP, .fd = s.a.fd, .ioas = s.a.ioas, .vaddr = mem,
		.iova = IOVA + SIZE, .length = SIZE,
	};
	call_start(&map);
	stall_wait(&stall);
	r = reset_held(&s, by_ioctl);
	reset_start(&r);
	stall_fail(&stall);
	call_waits(&map);
	reset_ends(&r);
	call_ends(&map, EFAULT);
	EXPECT_EQ(mapped_bytes(s.a.fd, s.a.ioas), PAGE);
	expect_blocked(&s.a.dev, IOVA + SIZE, mem, PAGE);
	ats_end(&s);
}
END_TEST

/* A reset waits for its user's own unmap, and nobody waits for the reset */
START_TEST(others_bind_while_a_reset_waits_for_an_unmap)
{
	int other = EXPECT_OK(iommu_open());
	struct reset r;
	struct dev dev;
	struct ats s;

	if (!resets_detach())
		return;
	ats_start(&s);
	hold_at("cache_tag_flush_range");
	hold_next();
	call_start(&s.unmap);
	hold_wait();
	r = reset_held(&s, by_ioctl);
	EXPECT_EQ(pthread_create(&r.thread, NULL, reset_thread, &r), 0);
	sleep_ms(A_WHILE);
	EXPECT_TRUE(!r.ended);
	dev_start(&dev, EDU_0, other);
	EXPECT_TRUE(hold_has_one());
	reset_ends(&r);
	call_ends(&s.unmap, 0);
	ats_end(&s);
}
END_TEST

/*
 * One user takes all domain ids that there are for users, and tries to take one more
 * while the device of another has given its own back. The kernel warns of a device that
 * does not get one again.
 */
START_TEST(device_that_is_reset_gets_its_id_again_whoever_takes_ids)
{
	int fd = EXPECT_OK(iommu_open()), dev;
	unsigned int nr = 0;
	char igb[BDF_SIZE];
	struct reset r;
	struct ats s;

	if (!resets_detach())
		return;
	vtd_with_pasids(igb);
	EXPECT_OK(pci_give_to(igb, "ioasid_vfio_pci"));
	dev = EXPECT_OK(dev_open_bdf(igb));
	EXPECT_OK(dev_bind(dev, fd, 1));
	ats_start(&s);
	/* It does not share a page table with the other one, and so no id */
	EXPECT_OK(dev_detach(s.a.dev.fd, s.a.fd));
	while (!dev_attach_pasid(dev, fd, new_ioas(fd), 1 + nr))
		nr++;
	EXPECT_EQ(errno, ENOSPC);
	EXPECT_GE(nr, 1000);
	hold_at("pci_dev_reset_iommu_done");
	r = reset_held(&s, by_ioctl);
	reset_start(&r);
	EXPECT_ERRNO(dev_attach_pasid(dev, fd, new_ioas(fd), 1 + nr), ENOSPC);
	reset_ends(&r);
	EXPECT_TRUE(vtd_pasid_entry(s.bdf, 0).present);
	ats_end(&s);
	EXPECT_OK(close(dev));
	EXPECT_OK(pci_take_back(igb));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		unmap_waits_while_a_device_is_reset,
		unmap_waits_while_a_device_is_reset_by_its_config_space,
		unmap_waits_while_a_device_is_reset_by_sysfs,
		unmap_waits_while_a_device_is_disabled,
		attach_while_a_device_is_reset_is_ebusy,
		bind_while_a_device_is_reset_is_eagain,
		reset_and_detach_wait_for_no_user,
		map_that_fails_during_a_reset_is_undone_afterwards,
		others_bind_while_a_reset_waits_for_an_unmap,
		device_that_is_reset_gets_its_id_again_whoever_takes_ids,
		NULL,
	};
	int failed;

	if (!config_is("vtd-ats")) {
		printf("1..0 # SKIP no device with ATS\n");
		return 0;
	}
	failed = run_program(argc, argv, "window-reset-ats", tests, RUN_DEVICES | RUN_SLOW);
	hold_end();
	return failed;
}

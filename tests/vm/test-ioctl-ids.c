// SPDX-License-Identifier: GPL-2.0-only
/*
 * File descriptors, handles and ioctl numbers that are not what they should
 * be: the documented error, nothing changed, nothing in the kernel's log.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

static int *iommu_fd_of(const struct call *call, void *arg)
{
	return (int *)((char *)arg + call->iommu_fd);
}

static __u32 *ioasid_of(const struct call *call, void *arg)
{
	return (__u32 *)((char *)arg + call->ioasid);
}

START_TEST(iommu_fd_that_is_not_open_is_ebadf)
{
	const struct call *call;
	char arg[MAX_SIZE];
	struct world w;
	int closed, path;
	size_t i;

	make_world(&w);
	closed = EXPECT_OK(iommu_open());
	EXPECT_OK(close(closed));
	/* without the right to use it */
	path = EXPECT_OK(open(iommu_node(), O_PATH | O_CLOEXEC));
	FOR_EACH_CALL(call) {
		const int bad[] = { closed, -2, 1 << 20, 0x7fffffff, path, -1 };

		if (!call->iommu_fd)
			continue;
		/* -1 means all for UNBIND */
		for (i = 0; i < (call->cmd == IOASID_DEVICE_UNBIND ? 5 : 6); i++) {
			prepare(&w, call, arg, sizeof(arg));
			*iommu_fd_of(call, arg) = bad[i];
			expect_refused(&w, call, arg, EBADF, "not an open fd");
		}
	}
	expect_silent_log(&w);
}
END_TEST

START_TEST(iommu_fd_that_is_something_else_is_ebadfd)
{
	const struct call *call;
	char arg[MAX_SIZE];
	struct world w;
	int bad[6], n = 0, i;

	make_world(&w);
	bad[n++] = EXPECT_OK(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
	bad[n++] = EXPECT_OK(eventfd(0, EFD_CLOEXEC));
	bad[n++] = EXPECT_OK(open("/dev/null", O_RDWR | O_CLOEXEC));
	bad[n++] = EXPECT_OK(open("/", O_RDONLY | O_CLOEXEC));
	bad[n++] = w.a.fd;
	bad[n++] = w.b.fd;
	FOR_EACH_CALL(call) {
		if (!call->iommu_fd)
			continue;
		for (i = 0; i < n; i++) {
			prepare(&w, call, arg, sizeof(arg));
			*iommu_fd_of(call, arg) = bad[i];
			expect_refused(&w, call, arg, EBADFD, "another kind of fd");
		}
	}
	expect_silent_log(&w);
}
END_TEST

START_TEST(iommu_fd_that_the_device_is_not_bound_to_is_einval)
{
	const struct call *call;
	char arg[MAX_SIZE];
	struct world w;
	int n = 0;

	make_world(&w);
	FOR_EACH_CALL(call) {
		if (!call->iommu_fd || call->cmd == IOASID_DEVICE_BIND)
			continue;
		prepare(&w, call, arg, sizeof(arg));
		*iommu_fd_of(call, arg) = w.other_fd;
		expect_refused(&w, call, arg, EINVAL, "another iommu fd");
		n++;
	}
	EXPECT_EQ(n, 3);
	expect_silent_log(&w);
}
END_TEST

START_TEST(ioasid_that_is_none_is_enoent)
{
	const struct call *call;
	char arg[MAX_SIZE];
	struct world w;
	__u32 id;
	int n = 0;

	make_world(&w);
	FOR_EACH_CALL(call) {
		if (!call->ioasid)
			continue;
		n++;
		/* among the small numbers are those of objects of other types, the
		 * bound device for one
		 */
		for (id = 0; id < NR_IDS; id++) {
			prepare(&w, call, arg, sizeof(arg));
			if (id == w.ioas || id == w.spare)
				continue;
			*ioasid_of(call, arg) = id;
			expect_refused(&w, call, arg, ENOENT, "no IOASID");
		}
		for (id = 0x80000000; id; id >>= 1) {
			if (id < NR_IDS)
				continue;
			prepare(&w, call, arg, sizeof(arg));
			*ioasid_of(call, arg) = id | w.ioas;
			expect_refused(&w, call, arg, ENOENT, "no IOASID");
		}
		prepare(&w, call, arg, sizeof(arg));
		*ioasid_of(call, arg) = ~0U;
		expect_refused(&w, call, arg, ENOENT, "no IOASID");
	}
	EXPECT_EQ(n, 5);
	expect_silent_log(&w);
}
END_TEST

START_TEST(ioasid_of_another_open_file_is_enoent)
{
	const struct call *call;
	char arg[MAX_SIZE];
	struct world w;
	__u32 others, i;

	make_world(&w);
	/* numbers that this file does not use */
	for (i = 0, others = 0; i < NR_IDS; i++)
		others = new_ioas(w.other_fd);
	EXPECT_EQ(mapped_bytes(w.other_fd, others), 0);
	FOR_EACH_CALL(call) {
		if (!call->ioasid)
			continue;
		prepare(&w, call, arg, sizeof(arg));
		*ioasid_of(call, arg) = others;
		expect_refused(&w, call, arg, ENOENT, "another file's");
	}
	/* the device of one file is not known to the other */
	{
		struct ioasid_device_info info = { .argsz = sizeof(info), .cookie = w.a.cookie };

		EXPECT_ERRNO(ioctl(w.other_fd, IOMMU_DEVICE_GET_INFO, &info), ENODEV);
		info.cookie = 12345;
		EXPECT_ERRNO(ioctl(w.fd, IOMMU_DEVICE_GET_INFO, &info), ENODEV);
	}
	expect_silent_log(&w);
}
END_TEST

static bool is_known(unsigned int nr, bool device)
{
	const struct call *call;

	if (!device && nr == _IOC_NR(IOMMU_CHECK_EXTENSION))
		return true;
	FOR_EACH_CALL(call)
		if (_IOC_NR(call->cmd) == nr && call->on_device == device)
			return true;
	/* for devices that have PASIDs: test-pasid-vtd */
	if (device && (nr == _IOC_NR(IOASID_DEVICE_SET_PASID_FLOOR) ||
		       nr == _IOC_NR(IOASID_DEVICE_ALIAS)))
		return true;
	/* VFIO_DEVICE_GET_INFO to _FEATURE, and from BIND_ to DETACH_IOMMUFD_PT */
	if (device)
		return nr >= 107 && nr <= 120 && nr != _IOC_NR(VFIO_DEVICE_IOEVENTFD);
	/* Linux's iommufd: to OPTION, to HWPT_INVALIDATE, and IOAS_MAP_FILE */
	return (nr >= 0x80 && nr <= 0x87) || (nr >= 0x89 && nr <= 0x8d) || nr == 0x8f;
}

START_TEST(ioctl_numbers_that_are_none_are_enotty)
{
	char arg[MAX_SIZE] = { 0 };
	struct world w;
	unsigned int nr;

	make_world(&w);
	for (nr = 0; nr < 256; nr++) {
		if (!is_known(nr, false)) {
			EXPECT_ERRNO_IN(ioctl(w.fd, _IO(';', nr), arg), ENOTTY, "nr %#x", nr);
			EXPECT_ERRNO_IN(ioctl(w.fd, _IO(';', nr), NULL), ENOTTY, "nr %#x", nr);
		}
		if (!is_known(nr, true))
			EXPECT_ERRNO_IN(ioctl(w.a.fd, _IO(';', nr), arg), ENOTTY, "nr %#x", nr);
		/* the right number with something else about it */
		EXPECT_ERRNO_IN(ioctl(w.fd, _IOWR(';', nr, __u64), arg), ENOTTY, "nr %#x", nr);
		EXPECT_ERRNO_IN(ioctl(w.a.fd, _IOWR(';', nr, __u64), arg), ENOTTY, "nr %#x", nr);
		EXPECT_ERRNO_IN(ioctl(w.fd, _IO('z', nr), arg), ENOTTY, "nr %#x", nr);
		EXPECT_ERRNO_IN(ioctl(w.a.fd, _IO('z', nr), arg), ENOTTY, "nr %#x", nr);
	}
	expect_silent_log(&w);
}
END_TEST

START_TEST(device_fd_that_is_not_bound_refuses_everything)
{
	static const unsigned long vfio[] = {
		VFIO_DEVICE_GET_INFO, VFIO_DEVICE_GET_REGION_INFO, VFIO_DEVICE_GET_IRQ_INFO,
		VFIO_DEVICE_SET_IRQS, VFIO_DEVICE_RESET, VFIO_DEVICE_FEATURE,
		VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, VFIO_DEVICE_PCI_HOT_RESET,
	};
	const struct call *call;
	__u64 arg[MAX_SIZE / 8];
	struct world w;
	size_t i;
	off_t at;

	make_world(&w);
	FOR_EACH_CALL(call) {
		if (!call->on_device || call->cmd == IOASID_DEVICE_BIND)
			continue;
		prepare(&w, call, arg, sizeof(arg));
		EXPECT_ERRNO_IN(ioctl(w.b.fd, call->cmd, arg), EINVAL, "%s", call->name);
	}
	for (i = 0; i < sizeof(vfio) / sizeof(vfio[0]); i++) {
		memset(arg, 0, sizeof(arg));
		*(__u32 *)arg = 32;
		EXPECT_ERRNO_IN(ioctl(w.b.fd, vfio[i], arg), EINVAL, "VFIO ioctl %lu",
				vfio[i] & 0xff);
	}
	/* where VFIO's regions are */
	for (i = 0; i < 9; i++) {
		at = (off_t)i << 40;
		EXPECT_ERRNO(pread(w.b.fd, arg, 4, at), EINVAL);
		EXPECT_ERRNO(pwrite(w.b.fd, arg, 4, at), EINVAL);
		EXPECT_ERRNO((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, w.b.fd, at), EINVAL);
	}
	/* nothing of that has made it usable */
	EXPECT_TRUE(!is_bound(w.b.fd));
	EXPECT_OK(dev_bind(w.b.fd, w.fd, 2));
	expect_silent_log(&w);
}
END_TEST

START_TEST(read_write_and_mmap_of_the_iommu_fd_are_refused)
{
	struct world w;
	char c = 0;

	make_world(&w);
	EXPECT_ERRNO(read(w.fd, &c, 1), EINVAL);
	EXPECT_ERRNO(write(w.fd, &c, 1), EINVAL);
	EXPECT_ERRNO((long)mmap(NULL, PAGE, PROT_READ, MAP_SHARED, w.fd, 0), ENODEV);
	expect_silent_log(&w);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		iommu_fd_that_is_not_open_is_ebadf,
		iommu_fd_that_is_something_else_is_ebadfd,
		iommu_fd_that_the_device_is_not_bound_to_is_einval,
		ioasid_that_is_none_is_enoent,
		ioasid_of_another_open_file_is_enoent,
		ioctl_numbers_that_are_none_are_enotty,
		device_fd_that_is_not_bound_refuses_everything,
		read_write_and_mmap_of_the_iommu_fd_are_refused,
		NULL,
	};

	return run_program(argc, argv, "ioctl_ids", tests, RUN_DEVICES);
}

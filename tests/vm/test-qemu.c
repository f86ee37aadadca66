// SPDX-License-Identifier: GPL-2.0-only
/*
 * Debian's own QEMU, unmodified, gives a guest an NVMe drive by iommufd. The guest
 * reads, writes, resets and reads again, and lets the drive be unplugged
 * (scripts/guest-init); here is looked at what it found, and that nothing is left of it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "expect.h"
#include "memory.h"
#include "run.h"

#define ROOT	"/clients/qemu"
#define CONSOLE	ROOT "/tmp/console"
#define SAYS	ROOT "/tmp/qemu"
#define QMP	ROOT "/tmp/qmp"

/* What the guest should read: what scripts/vm has put there, and what it wrote */
#define DRIVE	"seq 100000 | head -c 262144"
#define WRITTEN	"head -c 65536 /dev/zero | tr '\\0' w"

struct qemu {
	pid_t pid;
	int qmp;
	char bdf[BDF_SIZE];
};

static void file_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = 0;
	if (fd >= 0)
		close(fd);
}

static void fail_with_output(const char *what)
{
	static char console[20000], says[4000];

	file_text(CONSOLE, console, sizeof(console));
	file_text(SAYS, says, sizeof(says));
	printf("# QEMU: %s\n# console: %s\n", says, console);
	fflush(stdout);
	FAIL("%s", what);
}

static void bind_mount(const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), ROOT "%s", what);
	EXPECT_OK(mount(what, path, NULL, MS_BIND | MS_REC, NULL));
}

static void unmount(const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), ROOT "%s", what);
	umount2(path, MNT_DETACH);
}

static void give_drive(struct qemu *q)
{
	EXPECT_TRUE(pci_find(NVME_ID, 1, 0, q->bdf));
	EXPECT_OK(pci_give_to(q->bdf, "ioasid_vfio_pci"));
}

/* @memory, @object and @device are what differs: -machine's, -object's, -device's */
static void start(struct qemu *q, const char *memory, const char *object, const char *device)
{
	const char *const args[] = {
		"qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none",
		"-no-reboot", "-accel", "tcg,thread=single", "-m", "96M",
		"-object", "memory-backend-ram,id=private,size=96M",
		"-object", "memory-backend-memfd,id=shared,size=96M,share=on",
		/* Without what takes the firmware and the kernel time to find */
		"-machine", "q35,smm=off,vmport=off,sata=off,smbus=off,hpet=off,i8042=off",
		"-machine", memory, "-kernel", "/guest/vmlinux", "-initrd", "/guest/initramfs",
		"-append", "console=ttyS0 panic=-1 mitigations=off no_timer_check quiet",
		"-serial", "file:/tmp/console", "-qmp", "unix:/tmp/qmp,server=on,wait=off",
		"-device", "pcie-root-port,id=rp0", "-object", object, "-device", device, NULL
	};
	int out;

	unlink(CONSOLE);
	unlink(QMP);
	bind_mount("/dev");
	bind_mount("/sys");
	bind_mount("/proc");
	q->pid = EXPECT_OK(fork());
	if (q->pid)
		return;
	out = open(SAYS, O_RDWR | O_CREAT | O_TRUNC, 0600);
	dup2(out, 1);
	dup2(out, 2);
	if (chroot(ROOT) || chdir("/"))
		_exit(126);
	execv("/usr/bin/qemu-system-x86_64", (char **)args);
	_exit(127);
}

/* The rest of the line on which the guest says it */
static void wait_for(struct qemu *q, const char *what, char *rest, size_t size)
{
	static char console[200000];
	char *line;
	int i, status;

	for (i = 0; i < 5000; i++) {
		file_text(CONSOLE, console, sizeof(console));
		line = strstr(console, what);
		if (line && strchr(line, '\n')) {
			line += strlen(what);
			snprintf(rest, size, "%.*s", (int)strcspn(line, "\r\n"), line);
			return;
		}
		if (waitpid(q->pid, &status, WNOHANG))
			fail_with_output("QEMU has ended");
		usleep(100000);
	}
	fail_with_output(what);
}

static void expect_sum(const char *got, const char *command)
{
	char shell[256], sum[64];
	FILE *f;

	snprintf(shell, sizeof(shell), "{ %s; } | md5sum", command);
	f = popen(shell, "r");
	EXPECT_TRUE(f && fscanf(f, "%63s", sum) == 1);
	pclose(f);
	EXPECT_EQ(strcmp(sum, got), 0);
}

static void monitor(struct qemu *q, const char *command)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX, .sun_path = QMP };
	char line[256];

	if (!q->qmp) {
		q->qmp = EXPECT_OK(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
		EXPECT_OK(connect(q->qmp, (struct sockaddr *)&addr, sizeof(addr)));
		monitor(q, "{ \"execute\": \"qmp_capabilities\" }");
	}
	snprintf(line, sizeof(line), "%s\n", command);
	EXPECT_EQ(write(q->qmp, line, strlen(line)), (ssize_t)strlen(line));
}

static void ends(struct qemu *q)
{
	int i, status;

	for (i = 0; i < 300; i++) {
		if (waitpid(q->pid, &status, WNOHANG)) {
			if (!WIFEXITED(status) || WEXITSTATUS(status))
				fail_with_output("QEMU has failed");
			goto done;
		}
		usleep(100000);
	}
	kill(q->pid, SIGKILL);
	fail_with_output("QEMU does not end");
done:
	unmount("/dev");
	unmount("/sys");
	unmount("/proc");
	EXPECT_OK(pci_take_back(q->bdf));
}

/* All that the guest does, from boot to power-off */
static void whole_life(struct qemu *q)
{
	long before = pages_pinned();
	char text[128];

	wait_for(q, "guest: read ", text, sizeof(text));
	expect_sum(text, DRIVE);
	/* All of its memory is mapped for the drive */
	EXPECT_GE(pages_pinned() - before, 96 * MIB / PAGE);
	wait_for(q, "guest: reset", text, sizeof(text));
	wait_for(q, "guest: again ", text, sizeof(text));
	expect_sum(text, DRIVE "; " WRITTEN);
	wait_for(q, "guest: unplug me", text, sizeof(text));
	monitor(q, "{ \"execute\": \"device_del\", \"arguments\": { \"id\": \"drive\" } }");
	wait_for(q, "guest: unplugged", text, sizeof(text));
	ends(q);
}

START_TEST(a_guest_uses_a_drive_that_qemu_opens)
{
	struct qemu q = { 0 };
	char device[128];

	give_drive(&q);
	snprintf(device, sizeof(device), "vfio-pci,id=drive,bus=rp0,host=%s,iommufd=i0", q.bdf);
	start(&q, "memory-backend=private", "iommufd,id=i0", device);
	whole_life(&q);
}
END_TEST

START_TEST(a_guest_uses_a_drive_that_qemu_is_handed)
{
	struct qemu q = { 0 };
	char object[64], device[128];
	int fd, dev;

	give_drive(&q);
	fd = EXPECT_OK(open(iommu_node(), O_RDWR));
	dev = EXPECT_OK(dev_open_bdf(q.bdf));
	EXPECT_OK(fcntl(dev, F_SETFD, 0));
	snprintf(object, sizeof(object), "iommufd,id=i0,fd=%d", fd);
	snprintf(device, sizeof(device), "vfio-pci,id=drive,bus=rp0,fd=%d,iommufd=i0", dev);
	start(&q, "memory-backend=private", object, device);
	EXPECT_OK(close(fd));
	EXPECT_OK(close(dev));
	whole_life(&q);
}
END_TEST

START_TEST(a_guest_has_memory_of_a_file)
{
	struct qemu q = { 0 };
	char device[128];
	int status;

	give_drive(&q);
	snprintf(device, sizeof(device), "vfio-pci,id=drive,bus=rp0,host=%s,iommufd=i0", q.bdf);
	start(&q, "memory-backend=shared", "iommufd,id=i0", device);
	if (kernel_is("6.1") && !strcmp(getenv("IOASID_CLIENT"), "11.1")) {
		/* It maps the file (IOMMU_IOAS_MAP_FILE) and knows no other way */
		EXPECT_OK(waitpid(q.pid, &status, 0));
		EXPECT_NE(status, 0);
		unmount("/dev");
		unmount("/sys");
		unmount("/proc");
		EXPECT_OK(pci_take_back(q.bdf));
		return;
	}
	whole_life(&q);
}
END_TEST

START_TEST(nothing_is_left_of_a_qemu_that_is_killed)
{
	struct qemu q = { 0 };
	char device[128], text[128];
	long before = pages_pinned();

	give_drive(&q);
	snprintf(device, sizeof(device), "vfio-pci,id=drive,bus=rp0,host=%s,iommufd=i0", q.bdf);
	start(&q, "memory-backend=private", "iommufd,id=i0", device);
	wait_for(&q, "guest: read ", text, sizeof(text));
	EXPECT_GE(pages_pinned() - before, 96 * MIB / PAGE);
	EXPECT_OK(kill(q.pid, SIGKILL));
	EXPECT_OK(waitpid(q.pid, NULL, 0));
	EXPECT_EQ(pages_pinned(), before);
	unmount("/dev");
	unmount("/sys");
	unmount("/proc");
	EXPECT_OK(pci_take_back(q.bdf));
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		a_guest_uses_a_drive_that_qemu_opens,
		a_guest_uses_a_drive_that_qemu_is_handed,
		a_guest_has_memory_of_a_file,
		nothing_is_left_of_a_qemu_that_is_killed,
		NULL
	};

	return run_program(argc, argv, "qemu", tests, RUN_DEVICES | RUN_SLOW);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A hostile fuzzer. Two users without privileges and root, each with two processes of two
 * threads, make all ioctls that there are (lib/fuzz_calls.c), with arguments that would
 * mostly succeed, on files and devices that they share and pass to each other. Meanwhile
 * memory comes and goes, processes fork and are killed, devices are removed, plugged in and
 * reset. No call is expected to succeed, and none to do harm: the kernel's log stays clean,
 * all threads end, and after each round nothing is pinned, locked or charged and the modules
 * unload.
 *
 * It takes a minute; STRESS_SEED and STRESS_SECONDS are as in lib/chance.h. A failure
 * prints what each thread did last, each step with its number. FUZZ_REPLAY=0..5000,5010
 * makes the calls with these numbers again, one after the other in one thread and each
 * printed before it is made; FUZZ_ROUND says of which round.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "chance.h"
#include "expect.h"
#include "fuzz.h"
#include "late.h"
#include "limit.h"
#include "mediated.h"
#include "memory.h"
#include "modules.h"
#include "process.h"
#include "run.h"
#include "stack.h"
#include "sriov.h"
#include "swdev.h"
#include "swuser.h"

#define SECONDS		60
#define ROUND_SECONDS	15
#define TICK_MS		20
/* How long threads may take to end, and processes that were killed */
#define END_SECONDS	60

/* Actor, for chance_at() */
#define ADMIN		1000

/* Beside the programs */
#define CORPUS		"/tests/fuzz-corpus"

static struct setting {
	struct fuzz_world *w;
	pid_t leaders[FUZZ_USERS];
	pid_t deed;		/* of the administrator: a process, for it may have to wait */
	int log;
	unsigned long killed, removed, resets;
} s;

static const char *const limits[] = {
	"contexts", "page_tables", "pasids", "pasid_pages", "attachments",
};

#define NR_LIMITS	(sizeof(limits) / sizeof(limits[0]))

/* Or next to none */
static void limit_none(void)
{
	unsigned int i;

	for (i = 0; i < NR_LIMITS; i++)
		limit_set(limits[i], 4096);
}

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/* ------------------------------------------------------------- the kernel's log */

/* What is looked for at once, while it is known who did what. scripts/vm knows more */
static const char *const trouble[] = {
	"cut here", "WARNING:", "BUG:", "Oops", "KASAN:", "UBSAN:", "refcount_t:",
	"general protection", "blocked for more than", "possible circular", "possible recursive",
	"inconsistent lock", "suspicious RCU", "held lock freed", "soft lockup", "Bad page",
	"still has locks held",
};

/* A machine that goes down says no more */
static void log_open(void)
{
	static const char *const panics[] = {
		"panic_on_oops", "softlockup_panic", "hung_task_panic", "panic_on_rcu_stall",
	};
	char path[64];
	unsigned int i;

	for (i = 0; i < sizeof(panics) / sizeof(panics[0]); i++) {
		snprintf(path, sizeof(path), "/proc/sys/kernel/%s", panics[i]);
		if (!access(path, W_OK))
			EXPECT_OK(sysfs_write(path, "0"));
	}
	s.log = EXPECT_OK(open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
	EXPECT_OK(lseek(s.log, 0, SEEK_END));
}

/* As far as it can be, see docs/testing.md */
static void print_how_to_repeat(void)
{
	if (s.w->guided)
		return;
	dprintf(STDOUT_FILENO,
		"# round %u again: make fuzz KERNEL=%s IOMMU=%s SEED=%#llx ROUND=%u REPLAY=0..%u\n",
		s.w->round, getenv("IOASID_KERNEL"), getenv("IOASID_IOMMU"), chance_seed(),
		s.w->round, fuzz_last_step(s.w));
}

static void found(const char *what)
{
	unsigned int i;

	fuzz_print_notes(s.w);
	fuzz_print_counts(s.w);
	print_how_to_repeat();
	fuzz_print_programs(s.w);
	s.w->stop = 1;
	for (i = 0; i < FUZZ_USERS; i++)
		if (s.leaders[i] > 0)
			kill(-s.leaders[i], SIGKILL);
	FAIL("STRESS_SEED=%#llx, round %u: %s", chance_seed(), s.w->round, what);
}

static void log_look(void)
{
	char line[2048];
	unsigned int i;
	ssize_t n;

	while ((n = read(s.log, line, sizeof(line) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		line[n > 0 ? n : 0] = 0;
		for (i = 0; i < sizeof(trouble) / sizeof(trouble[0]); i++)
			if (strstr(line, trouble[i]))
				found(line);
	}
}

/* ---------------------------------------------------------- devices and nodes */

static void open_to_all(const char *bdf)
{
	char path[NODE_SIZE];

	if (!pci_device_node(bdf, path, sizeof(path)))
		chmod(path, 0666);
}

static void make_soft(unsigned int at, __u32 type, __u32 iommu, __u32 group, __u32 parent)
{
	bool physical = type == 1 || type == 5 || type == 7;
	struct swiommu_device_create options = {
		.type = type, .iommu = iommu, .group = group, .parent = parent,
		.pasid_width = physical ? 20 : 0,
		.flags = physical ? SWIOMMU_DEVICE_TLB : 0,
	};
	char path[64];
	__u32 number = swdev_create(&options);

	s.w->soft[at] = number + 1;
	snprintf(path, sizeof(path), SWIOMMU_NODE "%u", number);
	EXPECT_OK(chmod(path, 0666));
}

static void make_soft_devices(void)
{
	unsigned int i;

	swiommu_load(NULL);
	for (i = 0; i < 2; i++) {
		make_soft(5 * i, 5, i, 0, 0);
		make_soft(5 * i + 1, 5, i, 1, 0);
		make_soft(5 * i + 2, 5, i, 1, 0);
		make_soft(5 * i + 3, i ? 6 : 3, 0, 0, s.w->soft[5 * i] - 1);
		make_soft(5 * i + 4, i ? 7 : 8, 0, 0, i ? 0 : s.w->soft[0] - 1);
	}
	make_soft(10, 2, 0, 0, 0);
	make_soft(11, 1, 0, 0, 0);
	EXPECT_OK(module_load(TEST_CPU, NULL));
	EXPECT_OK(chmod("/dev/" CPU_NAME, 0666));
}

static void make_mediated_devices(void)
{
	char path[64];
	unsigned int i;

	EXPECT_OK(module_load("ioasid_test_mediated", NULL));
	for (i = 0; i < MEDIATED_DEVICES; i++) {
		snprintf(path, sizeof(path), "/dev/" MEDIATED_NAME "%u", i);
		EXPECT_OK(chmod(path, 0666));
	}
}

static void group_to_all(const char *bdf)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(bdf));
	chmod(path, 0666);
}

/* VFs, anew */
static void make_vfs(void *arg)
{
	unsigned int i;

	sriov_set_vfs(s.w->bdf[FUZZ_PF], 0);
	sriov_set_vfs(s.w->bdf[FUZZ_PF], FUZZ_VFS);
	for (i = 0; i < FUZZ_VFS; i++)
		if (sriov_find_vf(i, s.w->bdf[FUZZ_VF + i])) {
			pci_give_to(s.w->bdf[FUZZ_VF + i], "ioasid_vfio_pci");
			open_to_all(s.w->bdf[FUZZ_VF + i]);
		}
}

static void make_pci_devices(void)
{
	unsigned int i;

	stack_load();
	EXPECT_OK(module_load("vfio_iommu_type1", NULL));
	chmod("/dev/vfio/vfio", 0666);
	for (i = 0; i < NR_DEVICES; i++)
		which_bdf(i, s.w->bdf[i]);
	for (i = 0; i < 2 && which_exists(BUS_0); i++) {
		which_bdf(BUS_0 + i, s.w->bdf[FUZZ_BUS + i]);
		EXPECT_OK(pci_give_to(s.w->bdf[FUZZ_BUS + i], "ioasid_vfio_pci"));
	}
	if (pci_find(IGB_ID, 0, 0, s.w->bdf[FUZZ_PF])) {
		EXPECT_OK(pci_give_to(s.w->bdf[FUZZ_PF], "ioasid_vfio_pci"));
		sriov_permit(true);
		make_vfs(NULL);
	}
	for (i = 0; i < FUZZ_PCI; i++) {
		open_to_all(s.w->bdf[i]);
		group_to_all(s.w->bdf[i]);
	}
}

static void unmake_pci_devices(void)
{
	unsigned int i;

	if (s.w->bdf[FUZZ_PF][0]) {
		sriov_set_vfs(s.w->bdf[FUZZ_PF], 0);
		sriov_permit(false);
	}
	for (i = FUZZ_BUS; i <= FUZZ_PF; i++)
		if (s.w->bdf[i][0])
			EXPECT_OK(pci_take_back(s.w->bdf[i]));
	memset(s.w->bdf, 0, sizeof(s.w->bdf));
}

static void make_devices(void)
{
	memset(s.w->soft, 0, sizeof(s.w->soft));
	if (s.w->vfio)
		make_pci_devices();
	if (s.w->soft_possible)
		make_soft_devices();
	make_mediated_devices();
	EXPECT_OK(chmod(iommu_node(), 0666));
}

static void unmake_devices(void)
{
	unsigned int i;

	if (s.w->soft_possible) {
		swdev_destroy_all();
		expect_no_strays();
	}
	limit_none();
	/* What has PASIDs on real IOMMUs keeps pages of tables for as long as it is there */
	for (i = 0; i < FUZZ_ROOT && !config_has("vtd-pasid"); i++)
		expect_holds_nothing_soon(TEST_UID + i);
	EXPECT_OK(module_unload("ioasid_test_mediated"));
	if (s.w->soft_possible) {
		EXPECT_OK(module_unload(TEST_CPU));
		EXPECT_OK(module_unload(SWIOMMU));
	}
	if (s.w->vfio) {
		unmake_pci_devices();
		stack_unload();
	} else {
		EXPECT_OK(module_unload("ioasidfd"));
	}
}

/* ------------------------------------------------------------ the administrator */

static void remove_device(void *arg)
{
	pci_remove(arg);
	/* Its place may be taken by another removal just now */
	pci_rescan();
	pci_give_to(arg, "ioasid_vfio_pci");
	open_to_all(arg);
}

static void reset_device(void *arg)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", (char *)arg);
	sysfs_write(path, "1");
}

static void rebind_device(void *arg)
{
	pci_take_back(arg);
	pci_give_to(arg, "ioasid_vfio_pci");
	open_to_all(arg);
}

static void (*const deeds[])(void *bdf) = {
	remove_device, rebind_device, reset_device, make_vfs,
};

/* What users pass to each other is open for as long as the sockets are, which it waits for */
static void do_deed(void *arg)
{
	unsigned int *deed = arg;

	EXPECT_OK(close(s.w->sockets[0]));
	EXPECT_OK(close(s.w->sockets[1]));
	deeds[deed[0]](s.w->bdf[deed[1]]);
}

/* One at a time. Users close a device that is to go, sooner or later */
static void do_to_device(void)
{
	unsigned int deed = chance_below(4);
	unsigned int which = deed == 3 ? FUZZ_VF : chance_below(deed == 2 ? FUZZ_PCI : NR_DEVICES);

	if (s.deed || !s.w->vfio || !s.w->bdf[which][0])
		return;
	s.w->evict = deed == 2 ? -1 : (int)which;
	if (deed == 2)
		s.resets++;
	else
		s.removed++;
	s.deed = start_child(do_deed, (unsigned int[]){ deed, which });
}

static void end_of_deed(void)
{
	if (!s.deed || waitpid(s.deed, NULL, WNOHANG) != s.deed)
		return;
	s.deed = 0;
	s.w->evict = -1;
}

static void start_leader(unsigned int user)
{
	struct fuzz_leader leader = { s.w, user };

	s.leaders[user] = start_child(fuzz_lead, &leader);
	/* So does the leader itself: no signal comes before one of the two */
	setpgid(s.leaders[user], s.leaders[user]);
}

static void kill_some(void)
{
	unsigned int user = chance_below(FUZZ_USERS), process = chance_below(1 + FUZZ_PROCESSES);

	if (process) {
		/* Its leader starts another one. Its number may be another process's by now */
		pid_t pid = s.w->pids[user][process];

		if (pid > 0 && getpgid(pid) == s.leaders[user])
			kill(pid, SIGKILL);
	} else if (!s.deed) {
		/* All that is open is closed, by whichever dies last */
		kill(-s.leaders[user], SIGKILL);
		waitpid(s.leaders[user], NULL, 0);
		start_leader(user);
	}
	s.killed++;
}

/* So low that they are met, and what they are */
static void limit_some(void)
{
	limit_set(limits[chance_below(NR_LIMITS)], chance_in(2) ? chance_below(8) : 4096);
}

static void look_at_leaders(void)
{
	unsigned int i;

	for (i = 0; i < FUZZ_USERS; i++)
		if (s.leaders[i] > 0 && !child_runs(s.leaders[i]) && !s.w->stop)
			found("a process has ended");
}

static void tick(void)
{
	if (chance_in(200))
		kill_some();
	if (chance_in(100))
		do_to_device();
	if (chance_in(50))
		limit_some();
	end_of_deed();
	log_look();
	look_at_leaders();
	sleep_ms(TICK_MS);
}

/* -------------------------------------------------------------------- rounds */

/* Where in the kernel the threads of a process are */
static void print_stacks(pid_t pid)
{
	char path[64], text[2048], *line, *at;
	struct dirent *entry;
	ssize_t n;
	DIR *dir;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/stack", pid, entry->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, text, sizeof(text) - 1);
		if (n < 0)
			continue;
		text[n] = 0;
		close(fd);
		dprintf(STDOUT_FILENO, "# thread %s of process %d:\n", entry->d_name, pid);
		for (line = strtok_r(text, "\n", &at); line; line = strtok_r(NULL, "\n", &at))
			dprintf(STDOUT_FILENO, "#   %s\n", line);
	}
	if (dir)
		closedir(dir);
}

static bool group_ends(pid_t group, unsigned int ms)
{
	unsigned int i;

	for (i = 0; i < ms; i += TICK_MS) {
		waitpid(group, NULL, WNOHANG);
		if (kill(-group, 0) && errno == ESRCH)
			return true;
		log_look();
		sleep_ms(TICK_MS);
	}
	return false;
}

/* Half of them by themselves, and all by a signal that nothing is to resist */
static void end_users(void)
{
	unsigned int i, process;

	s.w->stop = 1;
	for (i = 0; i < FUZZ_USERS; i++)
		if (chance_in(2))
			group_ends(s.leaders[i], 2000);
	for (i = 0; i < FUZZ_USERS; i++) {
		EXPECT_TRUE(s.leaders[i] > 0);
		kill(-s.leaders[i], SIGKILL);
	}
	for (i = 0; i < FUZZ_USERS; i++) {
		if (group_ends(s.leaders[i], END_SECONDS * 1000))
			continue;
		print_stacks(s.leaders[i]);
		for (process = 0; process < FUZZ_PROCESSES; process++)
			print_stacks(s.w->pids[i][1 + process]);
		found("a process that was killed does not end");
	}
	memset(s.leaders, 0, sizeof(s.leaders));
}

/* Nobody has anything open by now that it would wait for */
static void finish_deed(void)
{
	unsigned int i;

	for (i = 0; s.deed && i < END_SECONDS * 1000; i += TICK_MS) {
		end_of_deed();
		log_look();
		sleep_ms(TICK_MS);
	}
	if (!s.deed)
		return;
	print_stacks(s.deed);
	found("what is done to a device does not end");
}

static void run_round(unsigned int round, unsigned int length)
{
	long before = pages_pinned();
	unsigned int i;
	time_t end;

	s.w->round = round;
	s.w->stop = 0;
	s.w->evict = -1;
	memset(s.w->notes, 0, sizeof(s.w->notes));
	make_devices();
	EXPECT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			     s.w->sockets));
	for (i = 0; i < FUZZ_USERS; i++)
		start_leader(i);
	/* Loading the modules takes long where another machine runs beside this one */
	end = seconds() + length;
	for (i = 0; seconds() < end; i++) {
		chance_at(round, ADMIN, i);
		tick();
	}
	end_users();
	print_how_to_repeat();
	EXPECT_OK(close(s.w->sockets[0]));
	EXPECT_OK(close(s.w->sockets[1]));
	finish_deed();
	log_look();
	unmake_devices();
	EXPECT_EQ(pages_pinned(), before);
	expect_no_locked_pages_of(TEST_UID);
	expect_no_locked_pages_of(TEST_UID + 1);
	log_look();
}

/* Programs of earlier runs with KCOV, a line each */
static void read_corpus(void)
{
	FILE *f = fopen(CORPUS, "re");
	char line[20 * FUZZ_GENES], *p;
	unsigned int i;

	EXPECT_TRUE(f);
	while (s.w->nr_given < FUZZ_CORPUS && fgets(line, sizeof(line), f)) {
		if (line[0] == '#')
			continue;
		for (i = 0, p = line; i < FUZZ_GENES; i++)
			s.w->programs[s.w->nr_given].genes[i] = strtoull(p, &p, 16);
		s.w->nr_given++;
	}
	s.w->nr_programs = s.w->nr_given;
	fclose(f);
}

/* What lies beside it may be mapped for devices, or be written to by calls, beyond its end */
static void *guarded_memory(size_t size)
{
	char *p = shared_memory(size + 32 * PAGE);
	size_t end = (size + 17 * PAGE - 1) / PAGE * PAGE;

	EXPECT_OK(mprotect(p, 16 * PAGE, PROT_NONE));
	EXPECT_OK(mprotect(p + end, size + 32 * PAGE - end, PROT_NONE));
	return p + 16 * PAGE;
}

static void make_world(void)
{
	void *arena = (void *)FUZZ_ARENA;
	unsigned int i;

	s.w = guarded_memory(sizeof(*s.w));
	s.w->public = shared_memory(FUZZ_PUBLIC_PAGES * PAGE);
	EXPECT_TRUE(fuzz_nr_calls <= FUZZ_CALLS && fuzz_nr_deeds <= FUZZ_DEEDS);
	for (i = 0; i < fuzz_nr_calls; i++)
		EXPECT_TRUE(fuzz_calls[i].size <= FUZZ_MAX_SIZE);
	s.w->vfio = !config_is("none");
	s.w->soft_possible = swiommu_is_possible();
	s.w->guided = !access("/sys/kernel/debug/kcov", F_OK);
	EXPECT_TRUE(mmap(arena, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_FIXED_NOREPLACE, -1, 0) == arena);
	late_permit();
	read_corpus();
	log_open();
}

/* Of the ways to make an ioctl, by how their names begin */
static void expect_some_done(const char *name)
{
	unsigned long done = 0;
	unsigned int i;

	for (i = 0; i < fuzz_nr_calls; i++)
		if (!strncmp(fuzz_calls[i].name, name, strlen(name)))
			done += s.w->done[i];
	if (done < 10)
		FAIL("%s succeeded only %lu times", name, done);
}

START_TEST(calls_at_random_do_no_harm)
{
	unsigned int round, left = chance_seconds(SECONDS), length = ROUND_SECONDS;

	if (getenv("FUZZ_REPLAY"))
		return;
	make_world();
	if (kernel_is("debug"))
		length *= 4;
	if (length < left / 6)
		length = left / 6;
	for (round = 0; left; round++, left -= length) {
		if (length > left)
			length = left;
		run_round(round, length);
	}
	dprintf(STDOUT_FILENO, "# %u rounds, %lu killed, %lu devices removed, %lu reset\n",
		round, s.killed, s.removed, s.resets);
	fuzz_print_counts(s.w);
	fuzz_print_programs(s.w);
	/* Or it shows nothing */
	expect_some_done("IOMMU_IOASID_FREE");
	expect_some_done("IOMMU_MAP_DMA");
	expect_some_done("IOMMU_UNMAP_DMA");
	expect_some_done("IOASID_DEVICE_BIND");
	expect_some_done("IOASID_DEVICE_ATTACH");
	expect_some_done("IOASID_DEVICE_DETACH");
}
END_TEST

/* --------------------------------------------------------------------- replay */

/* Is it in "0..99,200,300..399"? */
static bool wanted(const char *ranges, unsigned long nr)
{
	while (*ranges) {
		char *p;
		unsigned long first = strtoul(ranges, &p, 0), last = first;

		if (!strncmp(p, "..", 2))
			last = strtoul(p + 2, &p, 0);
		if (nr >= first && nr <= last)
			return true;
		ranges = *p == ',' ? p + 1 : "";
	}
	return false;
}

static unsigned long last_wanted(const char *ranges)
{
	unsigned long last = 0, n;
	const char *p = ranges;

	for (; *p; p += strcspn(p, ",.")) {
		p += strspn(p, ",.");
		n = strtoul(p, NULL, 0);
		if (n > last)
			last = n;
	}
	return last;
}

/* Of this thread alone */
static void become(unsigned int user)
{
	uid_t uid = user == FUZZ_ROOT ? 0 : TEST_UID + user;

	EXPECT_OK(syscall(SYS_setresuid, -1, 0, -1));
	EXPECT_OK(syscall(SYS_setresuid, uid, uid, 0));
}

static void replay(void *arg)
{
	static struct fuzz_thread threads[FUZZ_ACTORS];
	unsigned long nr, last = last_wanted(arg);
	pthread_t late;
	unsigned int i;

	signal(SIGCHLD, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	set_memlock_limit(FUZZ_LOCKED);
	fuzz_arena();
	for (i = 0; i < FUZZ_ACTORS; i++)
		fuzz_thread_init(&threads[i], s.w, i);
	for (i = 0; i < FUZZ_USERS; i++) {
		fuzz_files_init(&s.w->of[i], i == FUZZ_ROOT);
		EXPECT_EQ(pthread_create(&late, NULL, fuzz_late_ends, &s.w->of[i]), 0);
	}
	for (nr = 0; nr <= last; nr++) {
		struct fuzz_thread *t = &threads[nr % FUZZ_ACTORS];
		struct fuzz_program p;

		if (!wanted(arg, nr))
			continue;
		t->step = nr / FUZZ_ACTORS;
		p = fuzz_program(s.w, t->actor, t->step / FUZZ_GENES);
		become(t->user);
		fuzz_step(t, p.genes[t->step % FUZZ_GENES]);
	}
	become(FUZZ_ROOT);
}

START_TEST(calls_can_be_made_again)
{
	const char *ranges = getenv("FUZZ_REPLAY");
	long before = pages_pinned();

	make_world();
	s.w->guided = false;
	s.w->trace = ranges;
	s.w->round = getenv("FUZZ_ROUND") ? strtoul(getenv("FUZZ_ROUND"), NULL, 0) : 0;
	s.w->evict = -1;
	make_devices();
	EXPECT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			     s.w->sockets));
	run_child(replay, (void *)(ranges ?: "0..999"));
	EXPECT_OK(close(s.w->sockets[0]));
	EXPECT_OK(close(s.w->sockets[1]));
	unmake_devices();
	EXPECT_EQ(pages_pinned(), before);
	log_look();
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		calls_can_be_made_again,
		calls_at_random_do_no_harm,
		NULL,
	};

	return run_program(argc, argv, "fuzz", tests, RUN_BARE | RUN_ENDLESS);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * A process of a hostile user. Threads share what the process has open, and look at no
 * lock: what one uses another may have closed. No call is expected to succeed. What is
 * expected is that nothing is reached but what the user has mapped: all that is read has
 * the user's mark in it.
 */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "hostile_process.h"
#include "memory.h"

const struct hostile_kind hostile_kinds[HOSTILE_DEVS] = {
	{ 8, 0, 0 }, { 8, 0, 0 }, { 8, 1, 0 }, { 8, 2, 0 }, { 6, 0, 0 }, { 6, 1, 0 },
	{ 3, 0, 0 }, { 7, -1, 0 }, { 5, -1, 1 },
};

static unsigned int actor(const struct thread *t)
{
	return t->p->nr * HOSTILE_THREADS + t->nr;
}

__u64 own_mark(const struct thread *t)
{
	return mark_make(t->p->user, actor(t), t->p->life, t->step);
}

/* What this step does; once more for what has come of it */
void note(struct thread *t, const char *format, ...)
{
	struct hostile_note *n =
		&t->p->w->notes[t->p->user][actor(t)][t->step % HOSTILE_NOTES];
	va_list args;

	va_start(args, format);
	vsnprintf(n->text, sizeof(n->text), format, args);
	va_end(args);
	n->life = t->p->life;
	n->step = t->step;
	chance_doing("%s", n->text);
}

void note_result(struct thread *t, int ret)
{
	struct hostile_note *n =
		&t->p->w->notes[t->p->user][actor(t)][t->step % HOSTILE_NOTES];
	size_t length = strlen(n->text);

	snprintf(n->text + length, sizeof(n->text) - length, " = %d%s%s", ret,
		 ret < 0 ? " " : "", ret < 0 ? errno_name(errno) : "");
}

void count(struct thread *t, enum hostile_count what)
{
	__atomic_add_fetch(&t->p->w->counts[what], 1, __ATOMIC_RELAXED);
}

/* ------------------------------------------------------------- open files */

int fd_in(int *slot)
{
	return __atomic_load_n(slot, __ATOMIC_RELAXED);
}

/* Each is closed once, for another file may have its number afterwards */
void put_in(int *slot, int fd)
{
	int old = __atomic_exchange_n(slot, fd, __ATOMIC_RELAXED);

	if (old >= 0)
		close(old);
}

unsigned int some_file(void)
{
	return chance_in(5) ? 2 : chance_below(2);
}

unsigned int some_dev(void)
{
	return chance_below(HOSTILE_DEVS);
}

__u32 some_space(struct process *p, unsigned int file)
{
	return p->spaces[file][chance_below(NR_SPACES)] ?: 1 + chance_below(SOME_PASIDS);
}

__u32 some_pasid(void)
{
	return 1 + chance_below(chance_in(4) ? SOME_PASIDS : FEW_PASIDS);
}

struct seen some_seen(struct process *p)
{
	return p->seen[chance_below(NR_SEEN)];
}

__u64 cookie_of(unsigned int dev)
{
	return 100 + dev;
}

/* ----------------------------------------------------------------- chance */

/* What is mapped there keeps its page; a later map waits for another one */
static void drop_late(struct thread *t)
{
	unsigned int page = chance_below(NR_LATE);

	note(t, "drop late page %u", page);
	check_read(t, (const __u64 *)(t->p->late.mem + page * PAGE), PAGE / sizeof(__u64));
	late_page(&t->p->late, page, own_mark(t), chance_below(20));
}

static void open_what_is_closed(struct thread *t)
{
	struct process *p = t->p;
	unsigned int file = chance_below(NR_FILES), dev = some_dev();

	if (fd_in(&p->files[file]) < 0)
		open_file(t, file);
	else if (fd_in(&p->cpus[file]) < 0)
		start_translator(t, file);
	else
		bind_dev(t, dev);
}

static void step(struct thread *t)
{
	unsigned int file = some_file(), dev = some_dev();
	__u32 ioas = some_space(t->p, file);

	switch (chance_below(100)) {
	case 0 ... 19:
		attach(t, chance_in(3) ? dev : chance_below(4));
		break;
	case 20 ... 33:
		detach(t);
		break;
	case 34 ... 54:
		send_work(t);
		break;
	case 55 ... 60:
		run_held(t, chance_below(NR_FILES));
		break;
	case 61 ... 69:
		device_dma(t);
		break;
	case 70 ... 73:
		lookup(t);
		break;
	case 74 ... 76:
		map_some(t, file, ioas);
		break;
	case 77 ... 78:
		unmap_some(t, file, ioas);
		break;
	case 79:
		if (chance_in(2))
			new_space(t, file);
		else
			free_space(t, file);
		break;
	case 80 ... 83:
		alias(t);
		break;
	case 84 ... 91:
		open_what_is_closed(t);
		break;
	case 92:
		unbind_dev(t, dev);
		break;
	case 93 ... 94:
		start_translator(t, file);
		break;
	case 95:
		if (chance_in(4))
			stop_translator(t, file);
		break;
	case 96:
		if (chance_in(8))
			close_file(t, file);
		break;
	case 97:
		pass(t);
		break;
	default:
		drop_late(t);
	}
}

static void *thread_run(void *arg)
{
	struct thread *t = arg;
	struct process *p = t->p;

	while (!p->w->stop) {
		t->step++;
		chance_at(p->w->round, (p->user * 256 + p->life) * HOSTILE_ACTORS + actor(t),
			  t->step);
		step(t);
	}
	return NULL;
}

/* What a user has, and no more */
static void become(unsigned int uid)
{
	become_user_of(uid, 4096);
	EXPECT_OK(prctl(PR_SET_PDEATHSIG, SIGKILL));
}

void hostile_run(void *arg)
{
	const struct hostile_life *life = arg;
	static struct thread threads[HOSTILE_THREADS];
	static struct process p;
	unsigned int i;

	p = (struct process) {
		.w = life->world, .user = life->user, .nr = life->process, .life = life->life,
	};
	for (i = 0; i < HOSTILE_USERS; i++)
		if (i != p.user)
			EXPECT_OK(munmap(p.w->mem[i], HOSTILE_PAGES * PAGE));
	become(HOSTILE_UID(p.user));
	memset(p.files, -1, sizeof(p.files));
	memset(p.devs, -1, sizeof(p.devs));
	memset(p.cpus, -1, sizeof(p.cpus));
	late_start(&p.late, NR_LATE + HOSTILE_THREADS * NR_DATA);
	for (i = 0; i < p.late.nr; i++)
		p.late.mark[i] = mark_pattern(p.user, i);
	for (i = 0; i < HOSTILE_THREADS; i++) {
		threads[i] = (struct thread) { .p = &p, .nr = i };
		EXPECT_EQ(pthread_create(&threads[i].thread, NULL, thread_run, &threads[i]), 0);
	}
	for (i = 0; i < HOSTILE_THREADS; i++)
		pthread_join(threads[i].thread, NULL);
	/* In an order that is no one's */
	chance_at(p.w->round, (p.user * 256 + p.life) * HOSTILE_ACTORS + p.nr, 0);
	for (i = 0; i < 64; i++) {
		int *slots[] = { p.files, p.cpus, p.devs };
		unsigned int kind = chance_below(3);

		put_in(&slots[kind][chance_below(kind == 2 ? HOSTILE_DEVS : NR_FILES)], -1);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes and threads that draw. A user's leader starts processes that share its open
 * files and nothing else, and starts them anew when they are killed.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "chance.h"
#include "fuzz.h"
#include "memory.h"
#include "swdev.h"

/* Of those that are given, or with KCOV of all that are known, and changed */
static void take_known(struct fuzz_world *w, struct fuzz_program *p)
{
	unsigned int nr = w->guided ? __atomic_load_n(&w->nr_programs, __ATOMIC_ACQUIRE) :
		w->nr_given;
	unsigned int i, n, at;
	const struct fuzz_program *other;

	if (nr > FUZZ_CORPUS)
		nr = FUZZ_CORPUS;
	if (!nr || chance_in(2))
		return;
	other = &w->programs[chance_below(nr)];
	/* As new as it is: so many genes */
	n = chance_in(3) ? chance_below(FUZZ_GENES) : chance_below(4);
	at = chance_below(FUZZ_GENES);
	for (i = n; i < FUZZ_GENES; i++)
		p->genes[(at + i) % FUZZ_GENES] = other->genes[(at + i) % FUZZ_GENES];
}

/* Those that are given come first, as they are */
static bool is_given(const struct fuzz_world *w, unsigned int actor, unsigned int nr)
{
	return !w->round && nr * FUZZ_ACTORS + actor < w->nr_given;
}

struct fuzz_program fuzz_program(struct fuzz_world *w, unsigned int actor, unsigned int nr)
{
	struct fuzz_program p;
	unsigned int i;

	if (is_given(w, actor, nr))
		return w->programs[nr * FUZZ_ACTORS + actor];
	chance_at(w->round, actor, nr);
	for (i = 0; i < FUZZ_GENES; i++)
		p.genes[i] = chance_draw();
	take_known(w, &p);
	return p;
}

static bool may_call(struct fuzz_thread *t, const struct fuzz_call *call)
{
	switch (call->on) {
	case FUZZ_ON_VFIO:
		return t->w->vfio;
	case FUZZ_ON_SOFT:
	case FUZZ_ON_CPU:
		return t->w->soft_possible;
	case FUZZ_ON_CONTROL:
		return t->user == FUZZ_ROOT && t->w->soft_possible;
	default:
		return true;
	}
}

static unsigned int some_call(struct fuzz_thread *t)
{
	unsigned int i, sum = 0, at;

	for (i = 0; i < fuzz_nr_calls; i++)
		sum += may_call(t, &fuzz_calls[i]) ? fuzz_calls[i].weight : 0;
	at = chance_below(sum);
	for (i = 0; i < fuzz_nr_calls; i++) {
		if (!may_call(t, &fuzz_calls[i]))
			continue;
		if (at < fuzz_calls[i].weight)
			break;
		at -= fuzz_calls[i].weight;
	}
	return i;
}

void fuzz_step(struct fuzz_thread *t, __u64 gene)
{
	/* It draws as well, but has no part in what the step does */
	chance_begin(~gene);
	if (t->w->evict >= 0)
		fuzz_evict(t);
	chance_begin(gene);
	t->gene = gene;
	if (chance_below(100) < 75)
		fuzz_call(t, some_call(t));
	else
		fuzz_deed(t);
}

void fuzz_thread_init(struct fuzz_thread *t, struct fuzz_world *w, unsigned int actor)
{
	*t = (struct fuzz_thread) {
		.w = w, .actor = actor, .user = actor / (FUZZ_PROCESSES * FUZZ_THREADS),
	};
	t->f = &w->of[t->user];
	fuzz_memory(t);
}

static void keep(struct fuzz_world *w, const struct fuzz_program *p, unsigned int fresh)
{
	unsigned int at = __atomic_fetch_add(&w->nr_programs, 1, __ATOMIC_RELAXED);

	if (at >= FUZZ_CORPUS)
		return;
	w->programs[at] = *p;
	w->programs[at].fresh = fresh;
}

static void *thread_run(void *arg)
{
	struct fuzz_thread *t = arg;
	bool guided = t->kcov && kcov_start(t->kcov);

	while (!t->w->stop) {
		unsigned int nr = t->step / FUZZ_GENES, i, fresh;
		struct fuzz_program p = fuzz_program(t->w, t->actor, nr);

		if (guided)
			kcov_reset(t->kcov);
		for (i = 0; i < FUZZ_GENES && !t->w->stop; i++, t->step++)
			fuzz_step(t, p.genes[i]);
		fresh = guided ? kcov_look(t->kcov, &t->w->seen) : 0;
		if (fresh && !is_given(t->w, t->actor, nr))
			keep(t->w, &p, fresh);
	}
	return NULL;
}

static void run_process(struct fuzz_world *w, unsigned int user, unsigned int process,
			struct kcov *kcovs)
{
	static struct fuzz_thread threads[FUZZ_THREADS];
	static pthread_t ids[FUZZ_THREADS], late;
	unsigned int i, first = (user * FUZZ_PROCESSES + process) * FUZZ_THREADS;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN);
	fuzz_arena();
	for (i = 0; i < FUZZ_THREADS; i++) {
		unsigned int last = 0, n;

		fuzz_thread_init(&threads[i], w, first + i);
		threads[i].kcov = w->guided ? &kcovs[process * FUZZ_THREADS + i] : NULL;
		/* A process in the place of one that was killed goes on */
		for (n = 0; n < FUZZ_NOTES; n++)
			if (w->notes[first + i][n].step > last)
				last = w->notes[first + i][n].step;
		threads[i].step = last ? (last / FUZZ_GENES + 1) * FUZZ_GENES : 0;
		if (pthread_create(&ids[i], NULL, thread_run, &threads[i]))
			_exit(3);
	}
	if (pthread_create(&late, NULL, fuzz_late_ends, &w->of[user]))
		_exit(3);
	for (i = 0; i < FUZZ_THREADS; i++)
		pthread_join(ids[i], NULL);
	_exit(0);
}

/* One that shares open files, and nothing else */
static pid_t start_process(struct fuzz_leader *l, unsigned int process, struct kcov *kcovs)
{
	pid_t pid = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);

	if (!pid)
		run_process(l->w, l->user, process, kcovs);
	l->w->pids[l->user][1 + process] = pid;
	return pid;
}

void fuzz_files_init(struct fuzz_files *f, bool root)
{
	unsigned int i;

	memset(f, 0, sizeof(*f));
	memset(f->files, -1, sizeof(f->files));
	memset(f->devs, -1, sizeof(f->devs));
	memset(f->bound, -1, sizeof(f->bound));
	memset(f->cpus, -1, sizeof(f->cpus));
	f->group = -1;
	f->late = -1;
	for (i = 0; i < FUZZ_MEMS; i++) {
		f->mems[i] = memfd_create("fuzz", MFD_ALLOW_SEALING | MFD_CLOEXEC);
		if (ftruncate(f->mems[i], 64 * PAGE))
			_exit(5);
	}
	f->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (pipe2(f->pipe, O_NONBLOCK | O_CLOEXEC))
		_exit(5);
	f->control = root ? open(SWIOMMU_NODE, O_RDWR | O_CLOEXEC) : -1;
}

void fuzz_lead(void *arg)
{
	static struct kcov kcovs[FUZZ_PROCESSES * FUZZ_THREADS];
	struct fuzz_leader *l = arg;
	unsigned int i;
	pid_t pid;

	setpgid(0, 0);
	for (i = 0; i < FUZZ_PROCESSES * FUZZ_THREADS && l->w->guided; i++)
		if (!kcov_open(&kcovs[i]))
			_exit(6);
	fuzz_files_init(&l->w->of[l->user], l->user == FUZZ_ROOT);
	if (l->user != FUZZ_ROOT)
		become_user_of(TEST_UID + l->user, FUZZ_LOCKED);
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < FUZZ_PROCESSES; i++)
		start_process(l, i, kcovs);
	for (;;) {
		pid = waitpid(-1, NULL, 0);
		if (pid < 0)
			break;
		for (i = 0; i < FUZZ_PROCESSES && !l->w->stop; i++)
			if (l->w->pids[l->user][1 + i] == pid)
				start_process(l, i, kcovs);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/* What was done: kept by each thread, and printed when something has failed. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"
#include "fuzz.h"

#define CALL_DEED	-1

static struct fuzz_note *begin(struct fuzz_thread *t, int call)
{
	struct fuzz_note *n = &t->w->notes[t->actor][t->step % FUZZ_NOTES];

	/* A deed and the call for which it was done are one step */
	n->gene = t->gene;
	n->step = t->step;
	n->call = call;
	n->ret = 0;
	n->err = -1;
	t->note = n;
	return n;
}

void fuzz_note_call(struct fuzz_thread *t, unsigned int call, int fd, __u64 at,
		    const void *data, size_t size)
{
	struct fuzz_note *n = begin(t, call);

	n->fd = fd;
	n->slot = fuzz_calls[call].on == FUZZ_ON_FILE || fuzz_calls[call].on == FUZZ_ON_CPU ?
		t->file : t->dev;
	n->at = at;
	n->size = size;
	if (size)
		memcpy(n->data, data, size);
	n->has_array = t->array;
	if (t->array)
		memcpy(n->array, t->array, sizeof(n->array));
	__atomic_add_fetch(&t->w->tried[call], 1, __ATOMIC_RELAXED);
	if (t->w->trace)
		fuzz_print_note(t->actor, n);
}

void fuzz_note_deed(struct fuzz_thread *t, const char *format, ...)
{
	struct fuzz_note *n = begin(t, CALL_DEED);
	va_list args;

	va_start(args, format);
	vsnprintf(n->deed, sizeof(n->deed), format, args);
	va_end(args);
	if (t->w->trace)
		fuzz_print_note(t->actor, n);
}

void fuzz_note_result(struct fuzz_thread *t, long ret, int err)
{
	struct fuzz_note *n = t->note;

	n->ret = ret;
	n->err = ret < 0 ? err : 0;
	if (n->call >= 0 && ret < 0 && err < FUZZ_ERRNOS)
		__atomic_add_fetch(&t->w->errnos[n->call][err], 1, __ATOMIC_RELAXED);
	if (n->call >= 0 && ret >= 0)
		__atomic_add_fetch(&t->w->done[n->call], 1, __ATOMIC_RELAXED);
	if (t->w->trace)
		dprintf(STDOUT_FILENO, "#   = %d %s\n", n->ret, errno_name(n->err));
}

/* "name value" of each field that is not 0, and what is behind the structure */
static int print_fields(char *text, size_t room, const struct fuzz_note *n)
{
	const struct fuzz_call *call = &fuzz_calls[n->call];
	const struct fuzz_field *field;
	__u8 rest[FUZZ_MAX_SIZE];
	int at = 0;
	__u64 value;
	unsigned int i;

	memcpy(rest, n->data, sizeof(rest));
	for (field = call->fields; field->kind != FUZZ_END; field++) {
		value = 0;
		memcpy(&value, n->data + field->at, field->size);
		memset(rest + field->at, 0, field->size);
		at += snprintf(text + at, room - at, "%s %#llx, ", field->name, value);
	}
	for (i = 0; i + 4 <= n->size && at < (int)room - 32; i += 4) {
		__u32 word;

		memcpy(&word, rest + i, 4);
		if (word)
			at += snprintf(text + at, room - at, "[%u] %#x, ", i, word);
	}
	return at;
}

static int print_array(char *text, size_t room, const struct fuzz_note *n)
{
	const __u64 *word = (const __u64 *)n->array;
	unsigned int i;
	int at = 0;

	if (!n->has_array)
		return 0;
	at += snprintf(text, room, "; array");
	for (i = 0; i < sizeof(n->array) / 8; i++)
		at += snprintf(text + at, room - at, " %#llx", word[i]);
	return at;
}

void fuzz_print_note(unsigned int actor, const struct fuzz_note *n)
{
	static const char *const on[] = {
		"files", "devs", "devs", "devs", "devs", "cpu of files", "control",
	};
	char text[1600];
	int at = 0;

	at += snprintf(text, sizeof(text), "# %u (actor %u, step %u): ",
		       n->step * FUZZ_ACTORS + actor, actor, n->step);
	if (n->call == CALL_DEED) {
		at += snprintf(text + at, sizeof(text) - at, "%s", n->deed);
	} else {
		const struct fuzz_call *call = &fuzz_calls[n->call];

		at += snprintf(text + at, sizeof(text) - at, "%s(%s[%d] = %d, %#llx", call->name,
			       on[call->on], n->slot, n->fd, n->at);
		if (call->size) {
			at += snprintf(text + at, sizeof(text) - at, ": %u bytes, ", n->size);
			at += print_fields(text + at, sizeof(text) - at, n);
			at += print_array(text + at, sizeof(text) - at, n);
		}
		at += snprintf(text + at, sizeof(text) - at, ")");
	}
	if (n->err >= 0)
		snprintf(text + at, sizeof(text) - at, " = %d %s", n->ret, errno_name(n->err));
	dprintf(STDOUT_FILENO, "%s\n", text);
}

void fuzz_print_notes(struct fuzz_world *w)
{
	unsigned int actor, i, first;

	for (actor = 0; actor < FUZZ_ACTORS; actor++) {
		const struct fuzz_note *notes = w->notes[actor];

		for (i = 0, first = 0; i < FUZZ_NOTES; i++)
			if (notes[i].step < notes[first].step)
				first = i;
		for (i = 0; i < FUZZ_NOTES; i++)
			if (notes[(first + i) % FUZZ_NOTES].gene)
				fuzz_print_note(actor, &notes[(first + i) % FUZZ_NOTES]);
	}
}

/* Numbered as in what is printed, and by FUZZ_REPLAY */
unsigned int fuzz_last_step(struct fuzz_world *w)
{
	unsigned int actor, i, last = 0;

	for (actor = 0; actor < FUZZ_ACTORS; actor++)
		for (i = 0; i < FUZZ_NOTES; i++)
			if (w->notes[actor][i].step * FUZZ_ACTORS + actor > last)
				last = w->notes[actor][i].step * FUZZ_ACTORS + actor;
	return last;
}

/* Those that are more than one of twenty */
static void print_errnos(struct fuzz_world *w, unsigned int call, char *text, size_t room)
{
	unsigned int err;
	int at = 0;

	text[0] = 0;
	for (err = 1; err < FUZZ_ERRNOS && at < (int)room - 32; err++)
		if (w->errnos[call][err] * 20UL > w->tried[call])
			at += snprintf(text + at, room - at, ", %s %u", errno_name(err),
				       w->errnos[call][err]);
}

void fuzz_print_counts(struct fuzz_world *w)
{
	char text[300];
	unsigned int i;

	for (i = 0; i < fuzz_nr_calls; i++) {
		if (!w->tried[i])
			continue;
		print_errnos(w, i, text, sizeof(text));
		dprintf(STDOUT_FILENO, "# %8lu of %8lu %s%s\n", w->done[i], w->tried[i],
			fuzz_calls[i].name, text);
	}
	for (i = 0; i < fuzz_nr_deeds; i++)
		dprintf(STDOUT_FILENO, "# %20lu %s\n", w->deeds[i], fuzz_deed_name(i));
	if (w->guided)
		dprintf(STDOUT_FILENO, "# %20u places of the code, %u programs\n",
			w->seen.places, w->nr_programs);
}

static unsigned int nr_that_reach(struct fuzz_world *w, unsigned int fresh)
{
	unsigned int i, n = 0;

	for (i = w->nr_given; i < w->nr_programs && i < FUZZ_CORPUS; i++)
		n += w->programs[i].fresh >= fresh;
	return n;
}

void fuzz_print_programs(struct fuzz_world *w)
{
	unsigned int i, gene, least = 1;
	char text[20 * FUZZ_GENES];

	while (nr_that_reach(w, least) > FUZZ_PRINTED)
		least++;
	for (i = w->nr_given; i < w->nr_programs && i < FUZZ_CORPUS; i++) {
		int at = 0;

		if (w->programs[i].fresh < least)
			continue;
		for (gene = 0; gene < FUZZ_GENES; gene++)
			at += snprintf(text + at, sizeof(text) - at, " %llx",
				       w->programs[i].genes[gene]);
		dprintf(STDOUT_FILENO, "# corpus:%s\n", text);
	}
}

// SPDX-License-Identifier: GPL-2.0-only
/* What hostile users were seen to do. */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "chance.h"
#include "hostile.h"

void hostile_found(struct hostile_world *w, const char *format, ...)
{
	char what[700];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (__atomic_exchange_n(&w->found, 1, __ATOMIC_RELAXED))
		return;
	snprintf(w->text, sizeof(w->text), "%s; found by %s", what, chance_text());
	__atomic_store_n(&w->found, 2, __ATOMIC_RELEASE);
}

static const char *done_in(struct hostile_world *w, const struct mark *mark)
{
	const struct hostile_note *note =
		&w->notes[mark->user][mark->actor][mark->step % HOSTILE_NOTES];

	if (note->step != mark->step || (note->life & 0xff) != mark->life)
		return "some time ago";
	return note->text;
}

const char *hostile_word_text(struct hostile_world *w, __u64 word)
{
	static __thread char text[256];
	struct mark mark;

	if (!mark_take_apart(word, &mark))
		snprintf(text, sizeof(text), "%#llx, no mark", word);
	else if (mark.actor == MARK_PATTERN)
		snprintf(text, sizeof(text), "the pattern of user %c at %#x", 'A' + mark.user,
			 mark.step);
	else if (mark.actor >= HOSTILE_ACTORS)
		snprintf(text, sizeof(text), "%#llx, user %c's", word, 'A' + mark.user);
	else
		snprintf(text, sizeof(text),
			 "the mark of user %c, process %u, life %u, thread %u, step %u (%s)",
			 'A' + mark.user, mark.actor / HOSTILE_THREADS, mark.life,
			 mark.actor % HOSTILE_THREADS, mark.step, done_in(w, &mark));
	return text;
}

bool hostile_check(struct hostile_world *w, unsigned int user)
{
	const volatile __u64 *mem = (const volatile __u64 *)w->mem[user];
	unsigned int i, n = HOSTILE_PAGES * PAGE / sizeof(*mem);
	unsigned int written = HOSTILE_WRITTEN * PAGE / sizeof(*mem);

	for (i = 0; i < n; i++) {
		unsigned int at = i * sizeof(*mem);
		__u64 word = mem[i];

		if (i < written ? mark_is_of(word, user) : word == mark_pattern(user, at))
			continue;
		hostile_found(w, "user %c's memory at %#x (%p) is %s", 'A' + user, at,
			      &mem[i], hostile_word_text(w, word));
		return false;
	}
	return true;
}

void hostile_print(struct hostile_world *w)
{
	unsigned int user, actor, i;

	for (user = 0; user < HOSTILE_USERS; user++)
		for (actor = 0; actor < HOSTILE_ACTORS; actor++)
			for (i = 0; i < HOSTILE_NOTES; i++) {
				struct hostile_note *n = &w->notes[user][actor][i];

				if (n->text[0])
					dprintf(STDOUT_FILENO, "# %c %u.%u life %u step %u: %s\n",
						'A' + user, actor / HOSTILE_THREADS,
						actor % HOSTILE_THREADS, n->life, n->step, n->text);
			}
}

static const char *const count_names[HOSTILE_COUNTS] = {
	"attached", "detached", "aliased", "translators", "sent", "sent elsewhere", "sent raw",
	"held", "wrote", "read", "ended", "passed",
};

void hostile_print_counts(struct hostile_world *w)
{
	unsigned int i;

	for (i = 0; i < HOSTILE_COUNTS; i++)
		dprintf(STDOUT_FILENO, "# %s: %lu\n", count_names[i], w->counts[i]);
}

// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"
#include "log.h"
#include "memory.h"
#include "pair.h"
#include "process.h"

#define NAMES_MAX	4096

static struct rig rig;
static struct actor first, second;

/* Points at which some call was held, and how often; and how often a call that had come there
 * by another way than alone was to be held there, see try_fresh()
 */
static struct name {
	char *name;
	unsigned int nr, tries;
} names[NAMES_MAX];

/* What there is when nothing is open: pages that are pinned, memory that is charged to this
 * process, and what its user has of each kind, as /proc shows it
 */
struct balance {
	long pinned;
	size_t charged;
	char used[1024];
};

/* ... or two devices are kept open */
static struct balance balance_before[2];

/* Looked at after each pair, for it takes longer than most calls; and after each run of a pair
 * after which something was left
 */
static bool look_after_each;

/* The kernel's log from the last look on */
static int log_fd = -1;

/* What is going on, for the case that it ends the test */
static char *doing;
#define DOING_SIZE	4096

void pairs_remember(void)
{
	doing = shared_memory(DOING_SIZE);
}

void pairs_say(void)
{
	if (doing[0])
		printf("# it was: %s\n", doing);
}

static struct name *name_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < NAMES_MAX - 1 && names[i].name; i++)
		if (!strcmp(names[i].name, name))
			return &names[i];
	if (!names[i].name)
		names[i].name = strdup(name);
	return &names[i];
}

unsigned int pairs_held_at(const char *name)
{
	return name_of(name)->nr;
}

/* What comes of a pair of calls, made in some order */
struct outcome {
	int ret[2];
	struct sight sight;
};

enum { NONE_RUN, ONLY_A, ONLY_B, A_THEN_B, B_THEN_A, NR_ORDERS };
#define BIT(order)	(1U << (order))
#define BOTH		(BIT(A_THEN_B) | BIT(B_THEN_A))
#define ALL		(BIT(NR_ORDERS) - 1)
static const char *const order_letters[NR_ORDERS] = { "", "a", "b", "ab", "ba" };

/**
 * struct pair - two calls, and what comes of them in turn
 * @a: is held
 * @b: the other one
 * @orders: what comes of them, by order
 * @at: the point where @a is held
 * @count: what was looked at
 */
struct pair {
	const struct deed *a, *b;
	struct outcome orders[NR_ORDERS];
	char at[2 * POINTS_NAME];
	struct pair_count *count;
};

static int run_deed(void *arg)
{
	return deed_run(arg, &rig);
}

static void deed_begins(const struct deed *deed)
{
	rig.gone |= !!(deed->flags & DEED_CLOSES);
	rig.closed |= !!(deed->flags & DEED_CLOSES_FD);
	rig.unbound |= !!(deed->flags & DEED_BINDS);
	rig.removed |= !!(deed->flags & DEED_REMOVES);
	if (deed->flags & DEED_CLOSES_DRIVER)
		rig.driver_gone = true;
}

/* May a device stay open and bound across runs? Neither call changes or ends that */
static bool may_keep(const struct deed *a, const struct deed *b)
{
	const unsigned int ends = DEED_CLOSES | DEED_CLOSES_FD | DEED_BINDS | DEED_REMOVES |
				  DEED_LINGERS;

	return !((a->flags | b->flags) & ends) &&
	       !((a->parts | b->parts) & (RIG_SIBLINGS | RIG_VF));
}

static void pair_open(const struct pair *p)
{
	snprintf(doing, DOING_SIZE, "%s | %s", p->a->name, p->b->name);
	rig_open(&rig, p->a->parts | p->b->parts, may_keep(p->a, p->b));
	if (p->a->before)
		p->a->before(&rig);
	if (p->b->before && p->b->before != p->a->before)
		p->b->before(&rig);
}

static void found(struct pair *p, const char *what)
{
	p->count->found++;
	printf("# FOUND %s | %s, the first held at %s: %s\n", p->a->name, p->b->name, p->at,
	       what);
	fflush(stdout);
}

static void actor_ends(struct actor *actor)
{
	if (!actor_end(actor))
		FAIL("%s: a call does not end, at:\n%s", doing, actor_stack(actor));
}

static struct balance balance(void)
{
	struct balance b = { .pinned = pages_pinned(), .charged = vm_pinned() };
	int fd = EXPECT_OK(iommu_open()), info;
	char path[64], *used, *pages, *end;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = EXPECT_OK(open(path, O_RDONLY | O_CLOEXEC));
	EXPECT_TRUE(read(info, b.used, sizeof(b.used) - 1) > 0);
	EXPECT_OK(close(info));
	EXPECT_OK(close(fd));
	/* Of the rest the first lines say which file it is */
	used = strstr(b.used, "used-");
	EXPECT_TRUE(used);
	memmove(b.used, used, strlen(used) + 1);
	/* What drivers keep for PASIDs stays until the device goes */
	pages = strstr(b.used, "used-pasid-pages:");
	EXPECT_TRUE(pages);
	end = strchrnul(pages, '\n');
	memmove(pages, end, strlen(end) + 1);
	return b;
}

static void learn_balance(void)
{
	int keep;

	for (keep = 0; keep < 2; keep++) {
		rig_open(&rig, 0, keep);
		rig_close(&rig);
		rig_mend(&rig);
		balance_before[rig.kept] = balance();
	}
}

/* The first VF's PF stays bound, to a file of its own */
static void learn_balance_with_vf(void)
{
	static bool known;

	if (known)
		return;
	known = true;
	rig_open(&rig, RIG_VF, false);
	rig_close(&rig);
	rig_mend(&rig);
	learn_balance();
}

static bool check_balance(struct pair *p)
{
	struct balance now = balance(), *before = &balance_before[rig.kept];
	unsigned int nr = p->count->found;

	if (now.pinned != before->pinned)
		found(p, "pages stay pinned");
	if (now.charged != before->charged)
		found(p, "memory stays charged");
	if (strcmp(now.used, before->used)) {
		found(p, "ids, attachments or page tables stay charged:");
		printf("%s(before:)\n%s", now.used, before->used);
	}
	*before = now;
	return p->count->found == nr;
}

static void check_log(struct pair *p)
{
	static const char *const trouble[] = { "WARNING:", "BUG:", "Oops", "refcount_t:" };
	char line[256];
	unsigned int i;

	while (log_next(log_fd, line, sizeof(line)))
		for (i = 0; i < sizeof(trouble) / sizeof(*trouble); i++)
			if (strstr(line, trouble[i]))
				found(p, line);
}

static void pair_close(struct pair *p)
{
	rig_close(&rig);
	actor_ends(&first);
	actor_ends(&second);
	rig_mend(&rig);
	if (look_after_each)
		check_balance(p);
	check_log(p);
	doing[0] = 0;
}

static void deed_alone(const struct pair *p, struct actor *actor, const struct deed *deed)
{
	enum progress progress;

	deed_begins(deed);
	actor_call(actor, run_deed, (void *)deed, POINTS_NEVER);
	progress = actor_progress(actor);
	if (progress != DONE && (p->a->flags | p->b->flags) & DEED_LATE && actor_end(actor))
		progress = DONE;
	if (progress != DONE && !(deed->flags & DEED_LINGERS))
		FAIL("%s waits, though nothing else runs, at:\n%s", doing, actor_stack(actor));
}

/* To which of the address spaces does what is reached belong, if to one of them alone? */
static int space_of(const __u8 *reach)
{
	unsigned int place;

	for (place = 0; place < NR_PLACES; place++)
		if (reach[place] == OTHER)
			return 1;
		else if (reach[place] == ONE)
			return 0;
	return -1;
}

/*
 * Whatever has been done: what reaches something is said to be attached to it, and all that it
 * may reach is pinned; nothing is pinned for nothing; nothing is written for one user into
 * another one's memory; no two page tables have one id
 */
static void check_sight(struct pair *p, const struct sight *sight)
{
	unsigned int nr[2] = {}, d, b;
	int space;

	for (d = 0; d < NR_RIG_DEVICES; d++)
		for (b = BY_RID; b <= BY_PASID; b++) {
			space = space_of(sight->reach[d][b]);
			if (space >= 0)
				nr[space]++;
		}
	for (space = 0; space < 2 && !rig.closed; space++) {
		if (nr[space] && (int)sight->attachments[space] < (int)nr[space])
			found(p, "a device reaches what it is not attached to");
		if (nr[space] && sight->pinned[space] != sight->mapped[space])
			found(p, "a device reaches what is not all pinned");
		if (!sight->attachments[space] && sight->pinned[space])
			found(p, "something is pinned for nothing");
	}
	if (sight->wrote & BIT(THEIRS))
		found(p, "another user's memory is written to");
	if (rig_ids_clash(&rig))
		found(p, "two tables have one domain id");
}

/* Those whose letters stand in @order, one after the other */
static void in_turn(struct pair *p, const char *order, struct outcome *outcome)
{
	const char *letter;

	memset(outcome, 0, sizeof(*outcome));
	pair_open(p);
	for (letter = order; *letter; letter++)
		if (*letter == 'a')
			deed_alone(p, &first, p->a);
		else
			deed_alone(p, &second, p->b);
	snprintf(p->at, sizeof(p->at), "none, in the order \"%s\"", order);
	rig_see(&rig, &outcome->sight);
	check_sight(p, &outcome->sight);
	pair_close(p);
	if (strchr(order, 'a'))
		outcome->ret[0] = first.ret;
	if (strchr(order, 'b'))
		outcome->ret[1] = second.ret;
}

/* May a device be blocked for a moment by a call that is under way? */
static bool may_be_dark(const struct deed *deed, unsigned int dev, unsigned int by)
{
	if (dev != ACTIVE)
		return false;
	return deed->flags & DEED_DARK ||
	       (by == BY_RID && deed->flags & DEED_GAP && rig.gap) ||
	       (by != BY_RID && deed->flags & DEED_PASID_GAP && rig.pasid_gap);
}

/* Does it take back what it has mapped? By itself, or because of what the other one needs */
static bool undoes(const struct deed *deed, int ret)
{
	return deed->flags & DEED_UNDOES || (deed->flags & DEED_GAP && ret > 0 && ret < RETURNS(0));
}

/* May a page be reached that a call has mapped, which will be refused the rest? */
static bool may_be_undone(const struct pair *p, __u8 page)
{
	return (BIT(page) & (BIT(SCATTERED) | BIT(ONE) | BIT(RUN) | BIT(RUN_END))) &&
	       ((undoes(p->a, p->orders[ONLY_A].ret[0]) && !first.ended) ||
		(undoes(p->b, p->orders[ONLY_B].ret[1]) && !second.ended));
}

/* Is what is reached now reached in one of these orders, bits, each place for itself? */
static bool reach_is_known(struct pair *p, const struct sight *now, unsigned int orders,
			   bool under_way, char *text, size_t size)
{
	unsigned int d, b, place, i;

	for (d = 0; d < NR_RIG_DEVICES; d++)
		for (b = 0; b < NR_BYS; b++)
			for (place = 0; rig_is_seen(&rig, d, under_way) && place < NR_PLACES;
			     place++) {
				__u8 page = now->reach[d][b][place];

				for (i = 0; i < NR_ORDERS; i++)
					if (orders & BIT(i) &&
					    p->orders[i].sight.reach[d][b][place] == page)
						break;
				if (i < NR_ORDERS ||
				    (under_way && may_be_undone(p, page)) ||
				    (under_way && page == NO_PAGE &&
				     (may_be_dark(p->a, d, b) || may_be_dark(p->b, d, b))))
					continue;
				snprintf(text, size,
					 "device %u (by %u) reaches page %u at place %u",
					 d, b, page, place);
				return false;
			}
	return true;
}

static bool in_parts(const struct pair *p)
{
	return (p->a->flags | p->b->flags) & DEED_PARTS;
}

static bool is_told_to_wait(const struct deed *deed, const struct deed *other, int ret)
{
	const unsigned int keeps_out = DEED_BUSY | DEED_DARK | DEED_LINGERS | DEED_BINDS |
				       DEED_REMOVES;

	/* VFIO does not wait for a device that is being reset or removed when it opens or resets
	 * it
	 */
	if (ret == EAGAIN)
		return deed->flags & (DEED_BINDS | DEED_RESETS) &&
		       other->flags & (DEED_RESETS | DEED_REMOVES | DEED_LINGERS);
	/* What fails where something is attached: an attach that is undone later counts */
	if (ret && deed->flags & DEED_FAILS && other->flags & DEED_UNDOES)
		return true;
	return (ret == EBUSY && (deed->flags & DEED_SLEEPS ||
				 (deed->flags & DEED_BUSY && other->flags & keeps_out))) ||
	       (other->flags & DEED_DRIVER_GAP && ret == ENODEV);
}

/* A file is there until calls on it have ended */
static bool is_put_off(const struct deed *closes, const struct deed *other)
{
	return closes->flags & DEED_CLOSES && other->flags & DEED_ON_DEVICE;
}

/* Orders in which one call has ended, but not yet the other. None of them need be it if the
 * call has failed, perhaps because the other one has begun
 */
static unsigned int orders_with(const struct pair *p, const struct actor *actor)
{
	bool is_first = actor == &first;

	if (is_first ? is_put_off(p->a, p->b) : is_put_off(p->b, p->a))
		return ALL;
	if (actor->ret && actor->ret < RETURNS(0))
		return ALL;
	return BIT(is_first ? ONLY_A : ONLY_B) | BOTH;
}

/* While a call is held nothing is reached that is not in these orders. @state: of the other. What
 * has been written to by then is added to that of earlier looks
 */
static void check_between(struct pair *p, unsigned int orders, const char *state,
			  struct sight *now)
{
	char text[160], more[200];
	__u32 wrote = now->wrote;

	rig_reach(&rig, now, true);
	now->wrote |= wrote;
	if (!reach_is_known(p, now, orders, true, text, sizeof(text))) {
		snprintf(more, sizeof(more), "%s, and %s", state, text);
		found(p, more);
	}
	if (rig_ids_clash(&rig))
		found(p, "two tables have one domain id");
}

static void print_outcome(const char *name, const struct outcome *o)
{
	const struct sight *s = &o->sight;
	unsigned int d, b, p;

	printf("#   %s: %d %d; mapped %llu %llu pinned %llu %llu attachments %d %d; reach",
	       name, o->ret[0], o->ret[1], s->mapped[0], s->mapped[1], s->pinned[0],
	       s->pinned[1], (int)s->attachments[0], (int)s->attachments[1]);
	for (d = 0; d < NR_RIG_DEVICES; d++) {
		for (b = 0; b < NR_BYS; b++) {
			printf(" ");
			for (p = 0; p < NR_PLACES; p++)
				printf("%u", s->reach[d][b][p]);
		}
		printf(" |");
	}
	printf(" driver ");
	for (p = 0; p < NR_PLACES; p++)
		printf("%u", s->driver[p]);
	printf(" pins %u wrote %#x entries %u cpu %u%u numbers %#x\n", s->pins, s->wrote,
	       s->entries, s->cpu[0], s->cpu[1], s->numbers);
	fflush(stdout);
}

/* Which error it is depends on how far a call has come when what it uses goes away, and of one
 * that fails anyhow on what it sees first
 */
static bool same_returns(const struct pair *p, const struct outcome *x,
			 const struct outcome *y)
{
	const unsigned int ends = DEED_CLOSES | DEED_CLOSES_FD | DEED_CLOSES_DRIVER |
				  DEED_REMOVES | DEED_BINDS;
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct deed *deed = i ? p->b : p->a;

		if (x->ret[i] == y->ret[i])
			continue;
		if (!((p->a->flags | p->b->flags) & ends || deed->flags & DEED_FAILS) ||
		    !x->ret[i] || !y->ret[i] ||
		    x->ret[i] >= RETURNS(0) || y->ret[i] >= RETURNS(0))
			return false;
	}
	return true;
}

static bool same(const struct pair *p, const struct outcome *x, unsigned int order)
{
	return same_returns(p, x, &p->orders[order]) &&
	       !memcmp(&x->sight, &p->orders[order].sight, sizeof(x->sight));
}

/* A call was refused because of the other one, and all is as if it had not been made */
static bool is_refusal(const struct pair *p, const struct outcome *end)
{
	const struct outcome *a = &p->orders[ONLY_A], *b = &p->orders[ONLY_B];

	if (is_told_to_wait(p->b, p->a, end->ret[1]) && end->ret[0] == a->ret[0] &&
	    !memcmp(&end->sight, &a->sight, sizeof(a->sight)))
		return true;
	return is_told_to_wait(p->a, p->b, end->ret[0]) && end->ret[1] == b->ret[1] &&
	       !memcmp(&end->sight, &b->sight, sizeof(b->sight));
}

static __u32 page_bit(__u8 page)
{
	return page ? 1U << page : 0;
}

/* Is all but what work says, and how far it has come, as in one of the orders? */
static bool is_cut_short(const struct pair *p, const struct outcome *end)
{
	__u32 may = page_bit(end->sight.cpu[0]) | p->orders[A_THEN_B].sight.wrote |
		    p->orders[B_THEN_A].sight.wrote;
	struct outcome o = *end;
	unsigned int order;

	if (!((p->a->flags | p->b->flags) & DEED_DMA) || end->sight.wrote & ~may)
		return false;
	for (order = A_THEN_B; order <= B_THEN_A; order++) {
		if (p->a->flags & DEED_DMA)
			o.ret[0] = p->orders[order].ret[0];
		if (p->b->flags & DEED_DMA)
			o.ret[1] = p->orders[order].ret[1];
		o.sight.wrote = p->orders[order].sight.wrote;
		if (same(p, &o, order))
			return true;
	}
	return false;
}

static bool lies_between(__u64 x, __u64 a, __u64 b)
{
	return a < b ? x >= a && x <= b : x >= b && x <= a;
}

/* Of calls in parts: returns of one of the orders, and sums between those of both */
static bool is_between(const struct pair *p, const struct outcome *end)
{
	const struct outcome *ab = &p->orders[A_THEN_B], *ba = &p->orders[B_THEN_A];
	unsigned int i;

	for (i = 0; i < 2; i++) {
		const struct sight *x = &ab->sight, *y = &ba->sight, *now = &end->sight;

		if ((end->ret[i] != ab->ret[i] && end->ret[i] != ba->ret[i]) ||
		    !lies_between(now->mapped[i], x->mapped[i], y->mapped[i]) ||
		    !lies_between(now->pinned[i], x->pinned[i], y->pinned[i]) ||
		    (now->attachments[i] != x->attachments[i] &&
		     now->attachments[i] != y->attachments[i]))
			return false;
	}
	return !(end->sight.wrote & ~(ab->sight.wrote | ba->sight.wrote));
}

/* @late: pages that were written to after the second had ended */
static void check_end(struct pair *p, struct outcome *end, __u32 late)
{
	char text[160];

	/* What is under way goes where the PASID leads to by then */
	if (p->a->flags & DEED_DMA)
		late &= ~page_bit(end->sight.cpu[0]);
	if (late & ~p->orders[B_THEN_A].sight.wrote) {
		snprintf(text, sizeof(text), "pages %#x are written to after the second has ended",
			 late);
		found(p, text);
		return;
	}
	if ((p->a->flags | p->b->flags) & DEED_ASIDE)
		end->sight.numbers = (end->sight.numbers & ~RIG_FREED) |
				     (p->orders[A_THEN_B].sight.numbers & RIG_FREED);
	if (same(p, end, A_THEN_B) || same(p, end, B_THEN_A) || is_refusal(p, end) ||
	    is_cut_short(p, end))
		return;
	if (in_parts(p) && is_between(p, end) &&
	    reach_is_known(p, &end->sight, BOTH, false, text, sizeof(text)))
		return;
	found(p, "what came of it comes of neither order");
	print_outcome("this    ", end);
	print_outcome("a, b    ", &p->orders[A_THEN_B]);
	print_outcome("b, a    ", &p->orders[B_THEN_A]);
}

/**
 * struct hold - where two calls are held
 * @first: at which of its points the first one
 * @second: likewise the second one, or POINTS_NEVER
 * @again: and the first one once more, when it goes on, or POINTS_NEVER
 */
struct hold {
	unsigned int first, second, again;
};

static void note_point(struct pair *p, const struct hold *hold)
{
	size_t n;

	snprintf(p->at, sizeof(p->at), "%s", actor_point(&first, hold->first));
	name_of(p->at)->nr++;
	n = strlen(p->at);
	if (hold->second != POINTS_NEVER)
		snprintf(p->at + n, sizeof(p->at) - n, " (and the second at its point %u)",
			 hold->second);
	if (hold->again != POINTS_NEVER)
		snprintf(p->at + n, sizeof(p->at) - n, " (and at its point %u)", hold->again);
	snprintf(doing, DOING_SIZE, "%s | %s, the first held at %s", p->a->name,
		 p->b->name, p->at);
}

/* The first goes on, to its end or until it is held once more */
static void first_goes_on(struct pair *p, const struct hold *hold, struct sight *now)
{
	actor_release(&first, hold->again);
	if (actor_progress(&first) != HELD)
		return;
	if (hold->again == POINTS_NEVER)
		FAIL("%s: held twice", doing);
	name_of(actor_point(&first, hold->again))->nr++;
	check_between(p, second.ended ? orders_with(p, &second) : ALL, "the first is held again",
		      now);
	actor_release(&first, POINTS_NEVER);
	actor_progress(&first);
}

/* Both go on, the one that was held first before the other, until they end or linger */
static void go_on(struct pair *p, const struct hold *hold, enum progress of_second,
		  struct sight *now)
{
	first_goes_on(p, hold, now);
	/* It may have waited for the first on its way to where it is to be held */
	if (of_second != HELD && !second.ended) {
		of_second = actor_progress(&second);
		if (of_second == HELD)
			name_of(actor_point(&second, hold->second))->nr++;
	}
	if (of_second == HELD && first.ended)
		check_between(p, orders_with(p, &first), "the first has ended", now);
	actor_release(&second, POINTS_NEVER);
	if (!(p->b->flags & DEED_LINGERS))
		actor_ends(&second);
	if (!(p->a->flags & DEED_LINGERS))
		actor_ends(&first);
	if (!second.ended)
		actor_progress(&second);
	if (!first.ended)
		actor_progress(&first);
}

/* How a run went: the first did not come to where it was to be held; or how far the second
 * came while it was
 */
enum { NOT_THERE = BLOCKED + 1 };

static int run_held(struct pair *p, const struct hold *hold)
{
	struct sight now, held = {};
	struct outcome end = {};
	enum progress progress;
	__u32 late = 0;

	pair_open(p);
	/* What is not flushed is seen only if it is cached */
	rig_reach(&rig, &now, true);
	deed_begins(p->a);
	actor_call(&first, run_deed, (void *)p->a, hold->first);
	progress = actor_progress(&first);
	if (progress != HELD) {
		/* It went another way this time, or comes there when all files are closed */
		actor_release(&first, POINTS_NEVER);
		pair_close(p);
		p->count->passed_by++;
		return NOT_THERE;
	}
	note_point(p, hold);
	/* What it has made reachable so far is cached then, too */
	check_between(p, BIT(NONE_RUN) | BIT(ONLY_A), "the second has not begun", &held);
	deed_begins(p->b);
	actor_call(&second, run_deed, (void *)p->b, hold->second);
	progress = actor_progress(&second);
	memset(&now, 0, sizeof(now));
	if (progress == DONE)
		check_between(p, orders_with(p, &second), "the second has ended", &now);
	else if (progress == BLOCKED)
		check_between(p, ALL, "the second waits", &now);
	else
		name_of(actor_point(&second, hold->second))->nr++;
	go_on(p, hold, progress, &now);
	rig_see(&rig, &end.sight);
	check_sight(p, &end.sight);
	pair_close(p);
	p->count->runs++;
	end.ret[0] = first.ret;
	end.ret[1] = second.ret;
	if (progress == DONE && !(p->b->flags & DEED_CLOSES_DRIVER) && !is_put_off(p->b, p->a))
		late = end.sight.wrote;
	end.sight.wrote |= held.wrote | now.wrote;
	check_end(p, &end, late);
	return progress;
}

#define TRIES_MAX	2
#define FRESH_MAX	8

/* Points from @from on that @actor has passed, and nobody was held at so far */
static unsigned int fresh_points(struct actor *actor, unsigned int from, unsigned int *fresh)
{
	unsigned int passed = actor_passed(actor), nr = 0, i;

	for (i = from; i < passed && i < POINTS_MAX && nr < FRESH_MAX; i++) {
		struct name *name = name_of(actor_point(actor, i));

		if (!name->nr && name->tries++ < TRIES_MAX)
			fresh[nr++] = i;
	}
	return nr;
}

/* Where calls come only because of each other, after the one was held and in the other */
static void try_fresh(struct pair *p, unsigned int i)
{
	struct hold hold = { i, POINTS_NEVER, POINTS_NEVER };
	unsigned int of_first[FRESH_MAX], of_second[FRESH_MAX], nr, nr_second, k;

	nr = fresh_points(&first, i + 1, of_first);
	nr_second = fresh_points(&second, 0, of_second);
	for (k = 0; k < nr; k++) {
		hold.again = of_first[k];
		run_held(p, &hold);
	}
	hold.again = POINTS_NEVER;
	for (k = 0; k < nr_second; k++) {
		hold.second = of_second[k];
		run_held(p, &hold);
	}
}

/* Of points that are passed again and again the first two */
static unsigned int worth_of(struct actor *actor, bool *worth)
{
	static char *seen[POINTS_MAX];
	unsigned int nr = actor_passed(actor), i, j, n;

	if (nr > POINTS_MAX)
		nr = POINTS_MAX;
	for (i = 0; i < nr; i++) {
		seen[i] = strdup(actor_point(actor, i));
		for (j = 0, n = 0; j < i && n < 2; j++)
			n += !strcmp(seen[i], seen[j]);
		worth[i] = n < 2;
	}
	for (i = 0; i < nr; i++)
		free(seen[i]);
	return nr;
}

/* Which points of @deed, one of the pair, are worth it, in a run of it alone */
static unsigned int points_of(struct pair *p, const struct deed *deed, bool *worth)
{
	unsigned int nr;

	pair_open(p);
	deed_alone(p, &first, deed);
	if (!first.ended) {
		/* Those that come when it need not wait any more count as well */
		rig_close(&rig);
		actor_ends(&first);
		nr = worth_of(&first, worth);
		rig_mend(&rig);
		return nr;
	}
	nr = worth_of(&first, worth);
	pair_close(p);
	return nr;
}

static void hold_second(struct pair *p, unsigned int i, unsigned int nr, const bool *worth)
{
	struct hold hold = { i, 0, POINTS_NEVER };
	int progress;

	for (; hold.second < nr; hold.second++) {
		if (!worth[hold.second])
			continue;
		progress = run_held(p, &hold);
		/* Where it waits for the first it always does, and where it ends, too */
		if (progress == BLOCKED || progress == DONE)
			break;
	}
}

/* @twice: hold the second as well */
static void try_points(struct pair *p, bool twice)
{
	static bool worth[POINTS_MAX], second_worth[POINTS_MAX];
	unsigned int nr, nr_second = 0, i;

	nr = points_of(p, p->a, worth);
	if (twice)
		nr_second = points_of(p, p->b, second_worth);
	for (i = 0; i < nr; i++) {
		const struct hold hold = { i, POINTS_NEVER, POINTS_NEVER };

		if (!worth[i])
			continue;
		if (run_held(p, &hold) != NOT_THERE)
			try_fresh(p, i);
		hold_second(p, i, nr_second, second_worth);
	}
	p->count->without_points += !nr;
}

void pair_try(const struct deed *a, const struct deed *b, bool twice, struct pair_count *count)
{
	struct pair p = { .a = a, .b = b, .count = count };
	unsigned int order;

	if ((a->parts | b->parts) & RIG_VF)
		learn_balance_with_vf();
	for (order = 0; order < NR_ORDERS; order++) {
		in_turn(&p, order_letters[order], &p.orders[order]);
		if (getenv("INTERLEAVINGS_SHOW"))
			print_outcome(order_letters[order], &p.orders[order]);
	}
	try_points(&p, twice);
	snprintf(p.at, sizeof(p.at), "some point");
	if (!check_balance(&p)) {
		look_after_each = true;
		try_points(&p, twice);
		look_after_each = false;
	}
	count->pairs++;
}

/* What drivers in the kernel do, and what only asks, is the same with every IOMMU */
static bool is_software(const struct deed *deed)
{
	return deed->flags & DEED_ASKS || deed->parts & RIG_DRIVER;
}

/* A VF and its PF are others than @ACTIVE: only what has to do with files and users meets them */
static bool meets_vfs(const struct deed *deed)
{
	return deed->parts & RIG_VF || deed->flags & (DEED_CLOSES | DEED_CLOSES_FD | DEED_BINDS |
						      DEED_REMOVES);
}

bool pair_is_possible(const struct deed *a, const struct deed *b)
{
	if ((a->parts | b->parts) & RIG_VF && !(meets_vfs(a) && meets_vfs(b)))
		return false;
	if (!rig.soft && is_software(a) && is_software(b))
		return false;
	return rig_has(&rig, a->parts | b->parts);
}

void pairs_start(bool soft)
{
	points_open();
	actor_create(&first, 0);
	actor_create(&second, 1);
	rig_make(&rig, soft);
	learn_balance();
	log_fd = EXPECT_OK(log_open());
}

void pairs_end(void)
{
	EXPECT_OK(close(log_fd));
	actor_destroy(&first);
	actor_destroy(&second);
	points_close();
	rig_unmake(&rig);
}

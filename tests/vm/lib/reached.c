// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "pair.h"
#include "pointlist.h"
#include "points.h"
#include "reached.h"

/* Points that no pair of calls comes to: how their names begin, and why */
static const struct {
	const char *point, *why;
} reasons[] = {
	{ NULL, NULL }
};

static const char *reason_of(const char *name)
{
	unsigned int i;

	for (i = 0; reasons[i].point; i++)
		if (!strncmp(name, reasons[i].point, strlen(reasons[i].point)))
			return reasons[i].why;
	return NULL;
}

/* Points that have been seen, by name */
static struct seen {
	char name[POINTS_NAME];
	unsigned int how;
} *seen;
static unsigned int nr_seen;

static void note_seen(const char *name, unsigned int how)
{
	unsigned int i;

	/* Of a function in a header each file has its own */
	for (i = 0; i < nr_seen && strcmp(seen[i].name, name); i++)
		;
	if (i == nr_seen) {
		seen = realloc(seen, (nr_seen + 1) * sizeof(*seen));
		snprintf(seen[nr_seen].name, sizeof(seen->name), "%s", name);
		seen[nr_seen++].how = 0;
	}
	seen[i].how |= how;
}

/* What is in the modules' files */
static struct {
	char **names;
	struct reached count;
} report;

static bool is_new(const char *name)
{
	unsigned int i;

	for (i = 0; i < report.count.nr; i++)
		if (!strcmp(report.names[i], name))
			return false;
	report.names = realloc(report.names, (report.count.nr + 1) * sizeof(*report.names));
	report.names[report.count.nr++] = strdup(name);
	return true;
}

static void note_point(const char *name, void *arg)
{
	const char *why;
	char cut[POINTS_NAME];
	unsigned int i;

	(void)arg;
	snprintf(cut, sizeof(cut), "%s", name);
	if (!is_new(cut))
		return;
	if (pairs_held_at(cut)) {
		report.count.held++;
		return;
	}
	for (i = 0; i < nr_seen && strcmp(seen[i].name, cut); i++)
		;
	/* Where none may sleep there is none */
	if (i < nr_seen && !(seen[i].how & POINT_HELD)) {
		report.count.nr_atomic++;
		return;
	}
	why = reason_of(cut);
	printf("# not held at: %s (%s)\n", cut,
	       why ?: i < nr_seen ? "passed alone" : "why is not known");
	report.count.excused += !!why;
}

static void note_all_seen(void)
{
	unsigned int i, how;
	const char *name;

	for (i = 0; (name = points_seen(i, &how)); i++) {
		note_seen(name, how);
		if (!strncmp(name, "kernel ", 7))
			printf("# point %s (%u times held%s)\n", name, pairs_held_at(name),
			       how & POINT_HELD ? "" : "; may not sleep");
	}
}

struct reached points_report(bool soft)
{
	struct reached *count = &report.count;

	note_all_seen();
	EXPECT_TRUE(points_of_module("ioasidfd", note_point, NULL) > 0);
	EXPECT_TRUE(points_of_module(soft ? "ioasid_swiommu" : "ioasid_vfio_pci", note_point,
				     NULL) > 0);
	count->nr -= count->nr_atomic;
	printf("# points of the modules: %u, held at %u (%u %%), not for a reason: %u\n", count->nr,
	       count->held, count->held * 100 / count->nr, count->excused);
	printf("# %u more where nothing may sleep\n", count->nr_atomic);
	return *count;
}

// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"
#include "pair.h"
#include "pointlist.h"
#include "points.h"
#include "reached.h"
#include "run.h"

/*
 * Points that no pair of calls comes to: how their names begin, on which machines, as scripts/vm
 * knows them (NULL: on all), and why. One that is come to all the same is no failure.
 */
static const struct {
	const char *point, *iommu, *why;
} reasons[] = {
	/* Ends of calls that are not made here */
	{ "unmap.c unmap_accessed: after mutex_unlock(&ioas->areas_lock)", NULL,
	  "its process is killed; test-mediated-unmap" },
	{ "unmap.c unmap_some: after up_read(&ioas->lock)", NULL,
	  "its process is killed; test-mediated-unmap" },
	{ "power.c power_shut_down", NULL, "the machine goes down; test-window-sleep" },
	{ "hot_reset.c hot_reset_by_groups", NULL, "of VFIO's groups; test-hot-reset-groups" },
	/* No memory, or no more of something */
	{ "depopulate.c depopulating_end", NULL, "no memory; test-failnth" },
	{ "ids.c ids_domain_new", NULL, "no memory; test-failnth" },
	{ "generic.c take_back: before iommu_unmap", NULL, "VT-d's driver without memory; test-failnth" },
	{ "generic.c take_back: after iommu_unmap", NULL, "VT-d's driver without memory; test-failnth" },
	{ "file.c ioasid_file_pin", NULL, "no memory for a page to be cleared" },
	{ "compat.h kc_pin_again", NULL, "a page pinned so often that its count is full" },
	{ "cpu.c direct_end", NULL, "no number is free; test-pasid-limits" },
	{ "vtd.c vtd_set_dry", NULL, "no domain id is free; test-pasid-vtd-limits" },
	/* Takes long, or much */
	{ "access.c ioasid_accesses_leave: after up_read(&ioas->access_sem)", NULL,
	  "a driver is told again after a second; test-mediated-unmap" },
	{ "pin.c ioasid_unpin_long", NULL, "a run of more than 16 MiB; test-long-runs" },
	{ "cache.c swiommu_iotlb_invalidate", NULL, "more than 256 entries; test-swiommu-ends" },
	{ "domain.c swiommu_domain_flush: after spin_unlock(&iommu->lock)", NULL,
	  "more than 256 PASIDs; test-pasid-many" },
	/* Not by one of two calls */
	{ "listeners.c ioasid_pasid_tell_ended", NULL, "in a thread of the kernel's" },
	{ "domain.c swiommu_domain_finalize: after mutex_unlock(&finalize_lock)", NULL,
	  "two first devices at once, which a lock of ours excludes" },
	{ "group.c group_update_reserved", NULL,
	  "a device comes that reserves more than its group; test-reserved" },
	/* Of other machines */
	{ "msi.c walk_pages", NULL, "arm64" },
	{ "area.c ioasid_ioas_thaw", NULL, "7.2 takes devices out in a reset, 6.12 does not" },
	{ "attachment.c ioasid_resets_change", NULL, "7.2 takes devices out in a reset, 6.12 does not" },
	{ "attachment.c ioasid_route_space", NULL, "7.2 takes devices out in a reset, 6.12 does not" },
	{ "area.h ioasid_ioas_lock_tables", NULL,
	  "7.2 takes devices out in a reset, 6.12 does not" },
	{ "ids.c ioasid_ids_", "none", "VT-d's" },
	{ "leaves.c ", "none", "PASIDs of VT-d's" },
	{ "leaves.c ", "vtd-legacy", "PASIDs" },
	{ "leaves.c ioasid_leaves_exit", NULL, "the module goes" },
	{ "generic.c ioasid_generic_flush_all", "none", "VT-d's" },
	{ "vtd.c ", "none", "VT-d's" },
	{ "attachment.c ioasid_ioas_add_device", "none", "two devices of a group: the machine's" },
	{ "attachment.c ioasid_ioas_remove_device", "none", "two devices of a group: the machine's" },
	/* With VT-d: what software devices alone have */
	{ "bindings.c ", "vtd-legacy", "software devices" },
	{ "cpu.c ", "vtd-legacy", "PASIDs" },
	{ "listeners.c ", "vtd-legacy", "PASIDs" },
	{ "lookup.c ", "vtd-legacy", "PASIDs" },
	{ "numbers.c ", "vtd-legacy", "PASIDs" },
	{ "pasid.c ", "vtd-legacy", "PASIDs" },
	{ "pasid_alias.c ", "vtd-legacy", "PASIDs" },
	{ "pasid_attach.c ", "vtd-legacy", "PASIDs" },
	{ "pasid_compat.h ", "vtd-legacy", "PASIDs" },
	{ "pasids.c ", "vtd-legacy", "PASIDs" },
	{ "pool.c ", "vtd-legacy", "PASIDs" },
	{ "portals.c ", "vtd-legacy", "PASIDs" },
	{ "sole.c ", "vtd-legacy", "PASIDs" },
	{ "domains.h ioasid_pasid_change_end", "vtd-legacy", "PASIDs" },
	{ "table.c ioasid_areas_copy", "vtd-legacy", "a second IOMMU" },
	{ "bindings.c ", "vtd-pasid", "software devices" },
	{ "cpu.c ", "vtd-pasid", "CPUs send numbers of software devices alone" },
	{ "listeners.c ", "vtd-pasid", "CPUs send numbers of software devices alone" },
	{ "lookup.c lookup", "vtd-pasid", "CPUs send numbers of software devices alone" },
	{ "lookup.c ioasid_device_ppasid", "vtd-pasid", "software devices" },
	{ "portals.c ", "vtd-pasid", "CPUs send numbers of software devices alone" },
	{ "table.c ioasid_areas_copy", "vtd-pasid", "a second IOMMU" },
	{ }
};

static const char *reason_of(const char *name)
{
	unsigned int i;

	for (i = 0; reasons[i].point; i++)
		if (!strncmp(name, reasons[i].point, strlen(reasons[i].point)) &&
		    (!reasons[i].iommu || config_is(reasons[i].iommu)))
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
	/* Where none may sleep there is none, unless another run comes there otherwise */
	if (i < nr_seen && !(seen[i].how & POINT_HELD)) {
		report.count.nr_atomic++;
		printf("# not held at: %s (nothing may sleep there)\n", cut);
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

// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "modules.h"
#include "pair.h"
#include "pointlist.h"
#include "points.h"
#include "probes.h"

/*
 * Functions of the kernel whose entry is a point, one a line. They may sleep, and have
 * six arguments at most. A kernel that lacks one is no failure: drivers and the core name
 * them anew now and then.
 */
static const char *const probes[] = {
	/* VT-d: what is between the domain's list of devices, the entry, and the flush */
	"domain_context_clear",
	"domain_context_clear_one_cb",
	"device_block_translation",
	"intel_iommu_attach_device",
	"intel_iommu_set_dev_pasid",
	"intel_iommu_remove_dev_pasid",
	"blocking_domain_set_dev_pasid",
	"domain_remove_dev_pasid",
	"intel_pasid_tear_down_entry",
	"cache_tag_assign_domain",
	"cache_tag_unassign_domain",
	"domain_attach_iommu",
	"domain_detach_iommu",
	"qi_submit_sync",
	"intel_iommu_domain_free",
	/* The IOMMU core */
	"__iommu_attach_group",
	"iommu_attach_group_handle",
	"iommu_replace_group_handle",
	"iommu_detach_group_handle",
	"__iommu_group_set_domain_internal",
	"iommu_attach_device_pasid",
	"iommu_replace_device_pasid",
	"iommu_detach_device_pasid",
	"iommu_deinit_device",
	"iommu_setup_default_domain",
	/* Resets */
	"pci_dev_reset_iommu_prepare",
	"pci_dev_reset_iommu_done",
	"pcie_flr",
	"pci_reset_secondary_bus",
	"vfio_pci_core_enable",
	"vfio_pci_core_disable",
	"vfio_pci_core_close_device",
	/* Memory */
	"memfd_pin_folios",
	"faultin_page",
	"unpin_folio",
	/* The software IOMMU, built to take the steps of drivers (tests/driver) */
	"swiommu_step_attach",
	"swiommu_step_blocked",
	"swiommu_step_written",
	"swiommu_step_unlisted",
	"swiommu_step_cleared",
	"swiommu_step_id_freed",
	"swiommu_step_map",
	/* Numbers */
	"iommu_alloc_global_pasid",
	"iommu_free_global_pasid",
	NULL
};

/* Those that can be made to refuse to attach something */
static const char *const refusing[] = {
	"iommu_attach_group",
	"iommu_attach_group_handle",
	"iommu_replace_group_handle",
	"iommu_attach_device_pasid",
	NULL
};

void probes_set(void)
{
	unsigned int i;

	for (i = 0; refusing[i]; i++)
		points_can_refuse(refusing[i]);
	for (i = 0; probes[i]; i++)
		if (!points_probe(probes[i]))
			printf("# not in this kernel: %s\n", probes[i]);
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

/* What is in the modules' files: how many points, and how many of those were seen */
static struct report {
	char **names;
	unsigned int nr, held, atomic;
} report;

static void note_point(const char *name, void *arg)
{
	char cut[POINTS_NAME];
	unsigned int i;

	snprintf(cut, sizeof(cut), "%s", name);
	for (i = 0; i < report.nr; i++)
		if (!strcmp(report.names[i], cut))
			return;
	report.names = realloc(report.names, (report.nr + 1) * sizeof(*report.names));
	report.names[report.nr++] = strdup(cut);
	for (i = 0; i < nr_seen && strcmp(seen[i].name, cut); i++)
		;
	if (i == nr_seen)
		printf("# not reached: %s\n", cut);
	else if (seen[i].how & POINT_HELD)
		report.held++;
	else
		report.atomic++;
}

void points_report(void)
{
	static const char *const modules[] = {
		"ioasidfd", "ioasid_vfio_pci", "ioasid_swiommu", NULL
	};
	unsigned int i, how, probed = 0;
	const char *name;

	for (i = 0; (name = points_seen(i, &how)); i++) {
		note_seen(name, how);
		if (!strncmp(name, "kernel ", 7)) {
			probed++;
			printf("# point %s (%u times held%s)\n", name, pairs_held_at(name),
			       how & POINT_HELD ? "" : "; may not sleep");
		}
	}
	for (i = 0; modules[i]; i++)
		points_of_module(modules[i], note_point, NULL);
	printf("# points of the modules: %u, held at %u, %u more where none may sleep; of the kernel: %u\n",
	       report.nr, report.held, report.atomic, probed);
}

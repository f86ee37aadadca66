// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

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
	"unpin_folios",
	"unpin_user_pages_dirty_lock",
	/* Callbacks of drivers */
	"mediated_unmap",
	"pasid_event",
	"swiommu_portal_do",
	"swiommu_portal_end_works",
	/* Numbers */
	"iommu_alloc_global_pasid",
	"iommu_free_global_pasid",
	NULL
};

/* Those that can be made to refuse to attach or to map something */
static const struct {
	const char *name;
	__u32 kind;
} refusing[] = {
	{ "iommu_attach_group", POINTS_OF_ATTACH },
	{ "iommu_attach_group_handle", POINTS_OF_ATTACH },
	{ "iommu_replace_group_handle", POINTS_OF_ATTACH },
	{ "iommu_attach_device_pasid", POINTS_OF_ATTACH },
	{ "iommu_replace_device_pasid", POINTS_OF_ATTACH },
	{ "iommu_map", POINTS_OF_MAP },
	{ }
};

/* Of the software IOMMU, if it is built to take the steps of drivers (tests/driver) */
static const char *const steps[] = {
	"swiommu_step_attach",
	"swiommu_step_blocked",
	"swiommu_step_written",
	"swiommu_step_unlisted",
	"swiommu_step_cleared",
	"swiommu_step_id_freed",
	"swiommu_step_map",
	NULL
};

static void probe_all(const char *const *names, const char *where)
{
	for (; *names; names++)
		if (!points_probe(*names))
			printf("# not in this %s: %s\n", where, *names);
}

void probes_set(bool with_steps)
{
	unsigned int i;

	for (i = 0; refusing[i].name; i++)
		points_can_refuse(refusing[i].name, refusing[i].kind);
	probe_all(probes, "kernel");
	if (with_steps)
		probe_all(steps, "software IOMMU");
}

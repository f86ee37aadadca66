// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mappings of the device's regions. VFIO's core makes them; here they are
 * counted, so that the device is not disabled under a mapping: the last unbind
 * is refused while there is one.
 */
#include <linux/fs.h>
#include <linux/mm.h>

#include "compat/vfio_compat.h"
#include "vfio_pci/file.h"
#include "vfio_pci/vfio_pci.h"
#include "vfio_pci/vma.h"

/*
 * VFIO's operations, and the same with open and close counted. VFIO's are one
 * static structure, seen when the first region is mapped.
 */
static DEFINE_SPINLOCK(vm_ops_lock);
static const struct vm_operations_struct *vfio_vm_ops;
static struct vm_operations_struct counting_vm_ops;

/* Duplicated: by fork, mremap, or a split */
static void vma_open(struct vm_area_struct *vma)
{
	ioasid_vfio_file_get_vma(vma->vm_file->private_data);
	if (vfio_vm_ops->open)
		vfio_vm_ops->open(vma);
}

static void vma_close(struct vm_area_struct *vma)
{
	if (vfio_vm_ops->close)
		vfio_vm_ops->close(vma);
	ioasid_vfio_file_put_vma(vma->vm_file->private_data);
}

static int count_vma(struct vm_area_struct *vma)
{
	int ret = 0;

	spin_lock(&vm_ops_lock);
	if (!vfio_vm_ops && vma->vm_ops) {
		counting_vm_ops = *vma->vm_ops;
		counting_vm_ops.open = vma_open;
		counting_vm_ops.close = vma_close;
		counting_vm_ops.mremap = KC_VFIO_MREMAP;
		vfio_vm_ops = vma->vm_ops;
	}
	/* Regions with other operations exist only if the driver adds them */
	if (!WARN_ON_ONCE(!vma->vm_ops || vma->vm_ops != vfio_vm_ops))
		vma->vm_ops = &counting_vm_ops;
	else
		ret = -EINVAL;
	spin_unlock(&vm_ops_lock);
	return ret;
}

/**
 * ioasid_vfio_mmap() - map a region of the device
 * @filp: the device fd's file
 * @vma: what to map, filled in
 *
 * Return: 0, or -EINVAL if the device is not bound, or what VFIO says.
 */
int ioasid_vfio_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct ioasid_vfio_file *file = filp->private_data;
	int ret;

	ret = ioasid_vfio_file_enter(file);
	if (ret)
		return ret;
	ioasid_vfio_file_get_vma(file);
	ret = vfio_pci_core_mmap(&file->dev->core.vdev, vma);
	if (!ret)
		ret = count_vma(vma);
	if (!ret)
		kc_vfio_fix_fork(vma);
	else
		ioasid_vfio_file_put_vma(file);
	ioasid_vfio_file_leave(file);
	return ret;
}

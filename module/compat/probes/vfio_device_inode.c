// SPDX-License-Identifier: GPL-2.0-only
/* All mappings of a VFIO device hang on an inode of its own */
#include <linux/vfio.h>

struct inode *probe(struct vfio_device *vdev);
struct inode *probe(struct vfio_device *vdev)
{
	return vdev->inode;
}

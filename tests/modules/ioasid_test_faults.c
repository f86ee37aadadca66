// SPDX-License-Identifier: GPL-2.0-only
/*
 * For tests only: a domain behind a PASID of a software device that is empty at
 * first. Its handler of page requests answers as the options say.
 *
 * device=N: of ioasid_swiommuN. pasid=N: a PASID that nobody has attached.
 * answer: what becomes of a request: 0 a page is mapped and the answer is yes, 1 yes
 * with nothing mapped, 2 no, 3 none until the module is unloaded. readonly=1:
 * what is mapped may only be read. requests: how many there have been.
 */
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/workqueue.h>

#include "compat/pasid_compat.h"

#if KC_PASID && IS_ENABLED(CONFIG_IOMMU_IOPF)

static unsigned int device;
module_param(device, uint, 0444);
MODULE_PARM_DESC(device, "number of the software device");

static unsigned int pasid = 1;
module_param(pasid, uint, 0444);
MODULE_PARM_DESC(pasid, "the PASID");

static unsigned int answer;
module_param(answer, uint, 0644);
MODULE_PARM_DESC(answer, "0: map a page, 1: only say so, 2: no, 3: none");

static bool readonly;
module_param(readonly, bool, 0644);
MODULE_PARM_DESC(readonly, "what is mapped may only be read");

static unsigned int requests;
module_param(requests, uint, 0444);
MODULE_PARM_DESC(requests, "page requests so far");

/* A page that was asked for and is there */
struct mapped {
	struct list_head node;
	struct page *page;
	u64 iova;
};

static struct device *dev;
static struct workqueue_struct *wq;
static struct iommu_domain *domain;
static struct kc_attach attach;
static LIST_HEAD(mapped);
static LIST_HEAD(unanswered);
/* The lists, and @requests */
static DEFINE_MUTEX(lock);

static int map_page(u64 iova)
{
	int prot = IOMMU_READ | IOMMU_CACHE | (readonly ? 0 : IOMMU_WRITE), ret;
	struct mapped *m;

	/* It may be there, and not for that */
	list_for_each_entry(m, &mapped, node)
		if (m->iova == iova)
			return 0;
	m = kzalloc(sizeof(*m), GFP_KERNEL);
	if (!m)
		return -ENOMEM;
	m->iova = iova;
	m->page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	ret = -ENOMEM;
	if (!m->page)
		goto free;
	ret = kc_iommu_map(domain, iova, page_to_phys(m->page), PAGE_SIZE, prot);
	if (ret)
		goto free_page;
	list_add(&m->node, &mapped);
	return 0;

free_page:
	__free_page(m->page);
free:
	kfree(m);
	return ret;
}

static enum iommu_page_response_code handle(u64 iova)
{
	bool there = answer == 1 || (answer == 0 && !map_page(iova));

	return there ? IOMMU_PAGE_RESP_SUCCESS : IOMMU_PAGE_RESP_INVALID;
}

static void respond(struct iopf_group *group, enum iommu_page_response_code code)
{
	iopf_group_response(group, code);
	iopf_free_group(group);
}

static void work_fn(struct work_struct *work)
{
	struct iopf_group *group = container_of(work, struct iopf_group, work);
	enum iommu_page_response_code code;

	mutex_lock(&lock);
	requests++;
	if (answer == 3) {
		list_add(&group->node, &unanswered);
		mutex_unlock(&lock);
		return;
	}
	code = handle(group->last_fault.fault.prm.addr);
	mutex_unlock(&lock);
	respond(group, code);
}

static int handler(struct iopf_group *group)
{
	INIT_WORK(&group->work, work_fn);
	queue_work(wq, &group->work);
	return 0;
}

static int __init faults_init(void)
{
	char name[40];
	int ret;

	snprintf(name, sizeof(name), "ioasid_swiommu_dev.%u", device);
	dev = bus_find_device_by_name(&platform_bus_type, NULL, name);
	if (!dev)
		return -ENODEV;
	ret = -ENOMEM;
	wq = alloc_workqueue("ioasid_test_faults", WQ_UNBOUND, 0);
	if (!wq)
		goto put;
	domain = kc_domain_alloc_pasid(dev);
	ret = PTR_ERR_OR_ZERO(domain);
	if (ret)
		goto destroy;
	domain->iopf_handler = handler;
	ret = kc_pasid_attach(dev, pasid, domain, &attach);
	if (ret)
		goto free;
	return 0;

free:
	iommu_domain_free(domain);
destroy:
	destroy_workqueue(wq);
put:
	put_device(dev);
	return ret;
}
module_init(faults_init);

static void __exit faults_exit(void)
{
	struct iopf_group *group, *next_group;
	struct mapped *m, *next;

	kc_pasid_detach(dev, pasid, domain);
	/* No request comes any more */
	destroy_workqueue(wq);
	list_for_each_entry_safe(group, next_group, &unanswered, node)
		respond(group, IOMMU_PAGE_RESP_INVALID);
	list_for_each_entry_safe(m, next, &mapped, node) {
		iommu_unmap(domain, m->iova, PAGE_SIZE);
		__free_page(m->page);
		kfree(m);
	}
	iommu_domain_free(domain);
	put_device(dev);
}
module_exit(faults_exit);
#else
static int __init faults_init(void)
{
	return -EOPNOTSUPP;
}
module_init(faults_init);
#endif

KC_IMPORT_NS;
MODULE_DESCRIPTION("A handler of page requests, to test software devices with");
MODULE_LICENSE("GPL");

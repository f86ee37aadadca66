// SPDX-License-Identifier: GPL-2.0-only
/*
 * test-stretch with software devices: several page tables, and many PASIDs.
 *
 * machine: -icount shift=0,sleep=off -smp 1 -m 4G
 * kernel parameters: preempt=none
 */
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "run.h"
#include "stretch.h"
#include "swpasid.h"

/* The second table gets them from the first one */
START_TEST(many_mappings_in_two_tables)
{
	struct swscene s = swscene(NULL);

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	map_many(s.fd, s.ioas, memory(64 * PAGE, CANARY), 4 * GIB, MANY, 1);
	SHORT(dev_attach(s.b.fd, s.fd, s.ioas));
	SHORT(dev_detach(s.b.fd, s.fd));
	SHORT(dev_attach(s.b.fd, s.fd, s.ioas));
	SHORT(ioas_unmap_all(s.fd, s.ioas, NULL));
	swscene_end(&s);
}
END_TEST

/*
 * Fewer than there could be, and so less work for each chance. With more than 10,000
 * of them RCU frees in one interrupt what is left of them.
 */
#define PASIDS	8000
#define A_FEW	40000UL

/* What an address space permits is looked for in all that it is attached to */
START_TEST(many_pasids)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(64 * PAGE, CANARY);
	unsigned int i;

	for (i = 1; i <= PASIDS; i++)
		EXPECT_OK(dev_attach_pasid(s.a.fd, s.fd, s.ioas, i));
	SHORTER(ioas_map(s.fd, s.ioas, mem, 4 * GIB, PAGE, RW), A_FEW);
	stretch_watch();
	nr_attachments(s.fd, s.ioas);
	stretch_expect("IOMMU_IOASID_GET_INFO", A_FEW);
	SHORT(dev_attach_pasid(s.a.fd, s.fd, s.ioas, PASIDS + 1));
	SHORT(dev_unbind(s.a.fd, s.fd));
	swscene_end(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		many_mappings_in_two_tables,
		many_pasids,
		NULL,
	};

	if (!kernel_is("6.12") || !stretch_is_seen())
		return 0;
	return run_swpasid_program(argc, argv, "stretch_swiommu", tests);
}

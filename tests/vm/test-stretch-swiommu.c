// SPDX-License-Identifier: GPL-2.0-only
/*
 * test-stretch with software devices: several page tables, and many PASIDs.
 *
 * machine: -icount shift=0,sleep=off -smp 1 -m 4G
 * kernel parameters: preempt=none
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

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

/* One line for each attachment */
static void watch_fdinfo(int fd)
{
	static char text[1 << 20];
	char path[64];
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	info = EXPECT_OK(open(path, O_RDONLY | O_CLOEXEC));
	stretch_watch();
	EXPECT_GE(read(info, text, sizeof(text)), PASIDS * 10);
	stretch_expect("fdinfo", MOST_WORK);
	EXPECT_OK(close(info));
}

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
	watch_fdinfo(s.fd);
	SHORT(ioas_unmap(s.fd, s.ioas, 4 * GIB, PAGE, NULL));
	SHORT(dev_attach_pasid(s.a.fd, s.fd, s.ioas, PASIDS + 1));
	SHORT(dev_unbind(s.a.fd, s.fd));
	swscene_end(&s);
}
END_TEST

#define WARM	(64 * MIB)

/* All that the IOTLB has of an address space goes with the last device */
START_TEST(many_translations)
{
	struct swscene s = swscene(NULL);
	char *mem = memory(WARM, CANARY), *to = memory(MIB, CANARY);
	__u64 done;

	EXPECT_OK(dev_attach(s.a.fd, s.fd, s.ioas));
	EXPECT_OK(ioas_map(s.fd, s.ioas, mem, 4 * GIB, WARM, RW));
	for (done = 0; done < WARM; done += MIB)
		EXPECT_EQ(swdev_dma(&s.a, SWIOMMU_DMA_READ, 4 * GIB + done, to, MIB).done, MIB);
	SHORT(dev_detach(s.a.fd, s.fd));
	swscene_end(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		many_mappings_in_two_tables,
		many_pasids,
		many_translations,
		NULL,
	};

	if (!kernel_is("6.12") || !stretch_is_seen())
		return 0;
	return run_swpasid_program(argc, argv, "stretch_swiommu", tests);
}

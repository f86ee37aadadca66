// SPDX-License-Identifier: GPL-2.0-only
/*
 * A VF is bound with the right token while its PF changes hands and gets another one.
 */
#include <pthread.h>

#include "device.h"
#include "expect.h"
#include "hold.h"
#include "run.h"
#include "sriov.h"

static const __u8 *const token = SRIOV_TOKEN, other_token[16] = "another secret.";

struct bind {
	int dev, fd, err;
};

static void *bind_vf(void *arg)
{
	struct bind *bind = arg;

	bind->err = sriov_bind(bind->dev, bind->fd, 2, token) ? errno : 0;
	return NULL;
}

/* The token is compared before; the VF counts as used after it */
START_TEST(vf_is_not_used_under_a_pf_with_another_token)
{
	struct sriov s = sriov_start(2);
	struct bind bind = { s.vf_fd, EXPECT_OK(iommu_open()), -1 };
	pthread_t thread;

	hold_at("vfio_pci_core_enable");
	hold_next();
	EXPECT_EQ(pthread_create(&thread, NULL, bind_vf, &bind), 0);
	hold_wait();
	EXPECT_OK(dev_unbind(s.pf_fd, s.fd));
	EXPECT_OK(sriov_bind(s.pf_fd, s.fd, 1, other_token));
	hold_end();
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(bind.err, EACCES);
	/* and it is not counted */
	EXPECT_OK(dev_unbind(s.pf_fd, s.fd));
	EXPECT_OK(sriov_bind(s.pf_fd, s.fd, 1, token));
	EXPECT_OK(sriov_bind(s.vf_fd, bind.fd, 2, token));
	sriov_end(&s);
}
END_TEST

/* The other way round: once the VF is used the PF needs its token */
START_TEST(pf_with_a_vf_that_is_being_bound_needs_the_token)
{
	struct sriov s = sriov_start(2);
	struct bind bind = { s.vf_fd, EXPECT_OK(iommu_open()), -1 };
	pthread_t thread;

	EXPECT_OK(dev_unbind(s.pf_fd, s.fd));
	hold_at("ioasid_vfio_file_start");
	hold_next();
	EXPECT_EQ(pthread_create(&thread, NULL, bind_vf, &bind), 0);
	hold_wait();
	EXPECT_ERRNO(sriov_bind(s.pf_fd, s.fd, 1, other_token), EACCES);
	hold_end();
	EXPECT_EQ(pthread_join(thread, NULL), 0);
	EXPECT_EQ(bind.err, 0);
	EXPECT_OK(sriov_bind(s.pf_fd, s.fd, 1, token));
	sriov_end(&s);
}
END_TEST

int main(int argc, char **argv)
{
	const TTest *const tests[] = {
		vf_is_not_used_under_a_pf_with_another_token,
		pf_with_a_vf_that_is_being_bound_needs_the_token,
		NULL,
	};

	return run_program(argc, argv, "token", tests, RUN_DEVICES);
}

/* SPDX-License-Identifier: GPL-2.0-only */
/* What PASIDs cost, on software devices: the cases of bench/pasid.c. */
#ifndef BENCH_PASID_H
#define BENCH_PASID_H

/* Run those that are in the lists, as of the options of the program */
void pasid_cases(const char *only_subjects, const char *only_cases);

#endif /* BENCH_PASID_H */

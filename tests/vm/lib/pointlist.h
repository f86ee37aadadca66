/* SPDX-License-Identifier: GPL-2.0-only */
/* The points that are in a module (tests/points/points.h), by its file. */
#ifndef TESTS_POINTLIST_H
#define TESTS_POINTLIST_H

/* Call @fn for the name of each, "file function: what" as the helper says it. Returns
 * their number; -1 if there is no such module, or none in it
 */
int points_of_module(const char *module, void (*fn)(const char *name, void *arg), void *arg);

#endif /* TESTS_POINTLIST_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_POINT_H
#define IOASID_POINT_H

/**
 * struct ioasid_point - a point at which threads can be held
 * @file: where it is
 * @func: in which function
 * @what: what has been done, or is about to be
 */
struct ioasid_point {
	const char *file, *func, *what;
};

void ioasid_point_hit(const struct ioasid_point *point);

#endif /* IOASID_POINT_H */

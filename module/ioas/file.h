/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_FILE_H
#define IOASID_FILE_H

#include <linux/types.h>

struct file;
struct page;

struct file *ioasid_file_get(int fd, u64 start, u64 length, bool write);
void ioasid_file_put(struct file *file, bool write);
int ioasid_file_pin(struct file *file, u64 start, struct page **pages, unsigned int nr);

#endif /* IOASID_FILE_H */

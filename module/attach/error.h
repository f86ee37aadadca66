/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_ERROR_H
#define IOASID_ERROR_H

int ioasid_attach_error(int error);

#endif /* IOASID_ERROR_H */

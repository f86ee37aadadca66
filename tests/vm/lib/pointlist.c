// SPDX-License-Identifier: GPL-2.0-only
#include <elf.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pointlist.h"

#define SECTION		"ioasid_points"
/* struct ioasid_point: three pointers to strings come first */
#define STRINGS		3

/* A module as it is in its file: what is in a section points elsewhere by relocation */
struct object {
	const char *base;
	const Elf64_Ehdr *head;
	const Elf64_Shdr *sections;
};

static const void *section(const struct object *o, unsigned int i)
{
	return o->base + o->sections[i].sh_offset;
}

static const char *section_name(const struct object *o, unsigned int i)
{
	return (const char *)section(o, o->head->e_shstrndx) + o->sections[i].sh_name;
}

static const char *module_path(const char *module, char *path, size_t size)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);
	struct kmod_list *list = NULL;
	const char *found = NULL;

	if (ctx && !kmod_module_new_from_lookup(ctx, module, &list) && list) {
		struct kmod_module *mod = kmod_module_get_module(list);

		found = kmod_module_get_path(mod);
		if (found)
			found = memccpy(path, found, 0, size) ? path : NULL;
		kmod_module_unref(mod);
	}
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return found;
}

static const char *string_of(const struct object *o, const Elf64_Shdr *relocations,
			     const Elf64_Rela *rela)
{
	const Elf64_Sym *symbols = section(o, relocations->sh_link);
	const Elf64_Sym *symbol = &symbols[ELF64_R_SYM(rela->r_info)];

	return (const char *)section(o, symbol->st_shndx) + symbol->st_value + rela->r_addend;
}

static int by_offset(const void *a, const void *b)
{
	Elf64_Addr x = ((const Elf64_Rela *)a)->r_offset, y = ((const Elf64_Rela *)b)->r_offset;

	return x < y ? -1 : x > y;
}

static int read_points(const struct object *o, const Elf64_Shdr *relocations,
		       void (*fn)(const char *name, void *arg), void *arg)
{
	size_t nr = relocations->sh_size / sizeof(Elf64_Rela), i;
	Elf64_Rela *rela = malloc(relocations->sh_size);
	char name[512];

	memcpy(rela, o->base + relocations->sh_offset, relocations->sh_size);
	qsort(rela, nr, sizeof(*rela), by_offset);
	for (i = 0; i + STRINGS <= nr; i += STRINGS) {
		const char *file = string_of(o, relocations, &rela[i]);

		snprintf(name, sizeof(name), "%s %s: %s", basename(file),
			 string_of(o, relocations, &rela[i + 1]),
			 string_of(o, relocations, &rela[i + 2]));
		fn(name, arg);
	}
	free(rela);
	return nr / STRINGS;
}

int points_of_module(const char *module, void (*fn)(const char *name, void *arg), void *arg)
{
	char path[512];
	struct object o;
	struct stat st;
	unsigned int i;
	int fd, nr = -1;

	if (!module_path(module, path, sizeof(path)))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return -1;
	o.base = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (o.base == MAP_FAILED)
		return -1;
	o.head = (const void *)o.base;
	o.sections = (const void *)(o.base + o.head->e_shoff);
	for (i = 0; i < o.head->e_shnum; i++)
		if (!strcmp(section_name(&o, i), ".rela" SECTION))
			nr = read_points(&o, &o.sections[i], fn, arg);
	munmap((void *)o.base, st.st_size);
	return nr;
}

// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "modules.h"

static struct kmod_ctx *new_ctx(void)
{
	struct kmod_ctx *ctx = kmod_new(NULL, NULL);

	/* A refusal is what some tests expect */
	if (ctx)
		kmod_set_log_priority(ctx, LOG_EMERG);
	return ctx;
}

static int done(int err)
{
	if (err >= 0)
		return 0;
	errno = -err;
	return -1;
}

int module_load(const char *name, const char *options)
{
	struct kmod_ctx *ctx = new_ctx();
	struct kmod_list *list = NULL, *item;
	int err;

	if (!ctx)
		return done(-ENOMEM);
	err = kmod_module_new_from_lookup(ctx, name, &list);
	if (!err && !list)
		err = -ENOENT;
	kmod_list_foreach(item, list) {
		struct kmod_module *mod = kmod_module_get_module(item);

		err = kmod_module_probe_insert_module(mod, 0, options, NULL, NULL, NULL);
		kmod_module_unref(mod);
		if (err)
			break;
	}
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return done(err);
}

int module_unload(const char *name)
{
	struct kmod_ctx *ctx = new_ctx();
	struct kmod_module *mod;
	int err;

	if (!ctx)
		return done(-ENOMEM);
	err = kmod_module_new_from_name(ctx, name, &mod);
	if (!err) {
		err = kmod_module_remove_module(mod, O_NONBLOCK);
		kmod_module_unref(mod);
	}
	kmod_unref(ctx);
	return done(err);
}

bool module_is_loaded(const char *name)
{
	char path[128];

	/* A built-in one has a directory too, but no reference count */
	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	return !access(path, F_OK);
}

bool module_depends(const char *name, const char *other)
{
	struct kmod_ctx *ctx = new_ctx();
	struct kmod_list *list = NULL, *item;
	struct kmod_module *mod;
	bool found = false;

	if (!ctx)
		return false;
	if (!kmod_module_new_from_lookup(ctx, name, &list) && list) {
		struct kmod_list *deps;

		mod = kmod_module_get_module(list);
		deps = kmod_module_get_dependencies(mod);
		kmod_list_foreach(item, deps) {
			struct kmod_module *dep = kmod_module_get_module(item);

			found |= !strcmp(kmod_module_get_name(dep), other);
			kmod_module_unref(dep);
		}
		kmod_module_unref_list(deps);
		kmod_module_unref(mod);
		kmod_module_unref_list(list);
	}
	kmod_unref(ctx);
	return found;
}

bool module_is_held_by(const char *name, const char *holder)
{
	char path[192];

	snprintf(path, sizeof(path), "/sys/module/%s/holders/%s", name, holder);
	return !access(path, F_OK);
}

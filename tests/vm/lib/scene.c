// SPDX-License-Identifier: GPL-2.0-only
#include "dma.h"
#include "expect.h"
#include "memory.h"
#include "scene.h"

static int do_call(struct call *c)
{
	switch (c->what) {
	case MAP:
		return ioas_map(c->fd, c->ioas, c->vaddr, c->iova, c->length, RW);
	case MAP_ARRAY:
		return ioas_map_array(c->fd, c->ioas, c->map, c->nr, &c->nr_done);
	case UNMAP:
		return ioas_unmap(c->fd, c->ioas, c->iova, c->length, &c->unmapped);
	case UNMAP_ALL:
		return ioas_unmap_all(c->fd, c->ioas, &c->unmapped);
	case UNMAP_ARRAY:
		return ioas_unmap_array(c->fd, c->ioas, c->unmap, c->nr, &c->nr_done,
					&c->unmapped);
	case ATTACH:
		return c->pasid ? dev_attach_pasid(c->dev, c->fd, c->ioas, c->pasid) :
				  dev_attach(c->dev, c->fd, c->ioas);
	case ALIAS:
		return dev_alias(c->dev, c->fd, c->pasid, c->alias);
	default:
		return c->pasid ? dev_detach_pasid(c->dev, c->fd, c->pasid) :
				  dev_detach(c->dev, c->fd);
	}
}

static void *call_thread(void *arg)
{
	struct call *c = arg;

	c->ret = do_call(c);
	c->err = errno;
	c->ended = 1;
	return NULL;
}

void call_start(struct call *c)
{
	c->ended = 0;
	EXPECT_EQ(pthread_create(&c->thread, NULL, call_thread, c), 0);
}

void call_waits(struct call *c)
{
	sleep_ms(A_WHILE);
	if (c->ended)
		FAIL("the call (%d) did not wait: %d, %s", c->what, c->ret, errno_name(c->err));
}

void call_ends(struct call *c, int err)
{
	wait_for(&c->ended);
	pthread_join(c->thread, NULL);
	if (err) {
		EXPECT_EQ(c->ret, -1);
		EXPECT_EQ(c->err, err);
	} else if (c->ret) {
		FAIL("the call fails: %s", errno_name(c->err));
	}
}

struct scene *scene(void)
{
	static struct scene s;

	s.a = attached();
	s.mem = memory(SIZE, CANARY);
	s.stall = stall_at(s.mem + HOLE);
	s.map = (struct call){
		.what = MAP, .fd = s.a.fd, .ioas = s.a.ioas, .vaddr = s.mem,
		.iova = IOVA, .length = SIZE,
	};
	call_start(&s.map);
	stall_wait(&s.stall);
	return &s;
}

struct call call_on(struct scene *s, int what, __u64 iova, __u64 length)
{
	return (struct call){
		.what = what, .fd = s->a.fd, .ioas = s->a.ioas, .dev = s->a.dev.fd,
		.iova = iova, .length = length,
	};
}

void scene_ends(struct scene *s)
{
	stall_end(&s->stall);
	call_ends(&s->map, 0);
}

void expect_whole(struct scene *s)
{
	unsigned long at;

	for (at = 0; at < SIZE; at += PAGE)
		EXPECT_EQ(testdev_write(&s->a.dev, IOVA + at, 64, phys_of(s->mem + at)), DMA_DONE);
}

static void be_victim(void *arg)
{
	struct victim *v = arg;

	/* its own memory */
	v->call.vaddr = memory(SIZE, CANARY);
	v->started = 1;
	do_call(&v->call);
}

pid_t victim_start(struct victim *v)
{
	pid_t pid;

	v->started = 0;
	pid = start_child(be_victim, v);
	wait_for(&v->started);
	return pid;
}

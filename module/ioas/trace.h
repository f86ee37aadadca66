/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of address spaces: /sys/kernel/tracing/events/ioasid. An address
 * space is told by its id, and the open file by the process that calls.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ioasid

#if !defined(IOASID_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IOASID_TRACE_H

#include <linux/tracepoint.h>

#include "ioas/types.h"

/* A mapping has been made */
TRACE_EVENT(ioasid_map,
	TP_PROTO(const struct ioasid_ioas *ioas, u64 iova, u64 length,
		 unsigned long vaddr, u64 populated),
	TP_ARGS(ioas, iova, length, vaddr, populated),
	TP_STRUCT__entry(
		__field(u32, ioasid)
		__field(u64, iova)
		__field(u64, length)
		__field(unsigned long, vaddr)
		__field(u64, populated)
	),
	TP_fast_assign(
		__entry->ioasid = ioas->obj.id;
		__entry->iova = iova;
		__entry->length = length;
		__entry->vaddr = vaddr;
		__entry->populated = populated;
	),
	TP_printk("ioasid=%u iova=0x%llx length=0x%llx vaddr=0x%lx pinned=0x%llx",
		  __entry->ioasid, __entry->iova, __entry->length,
		  __entry->vaddr, __entry->populated)
);

/* A mapping is gone */
TRACE_EVENT(ioasid_unmap,
	TP_PROTO(const struct ioasid_ioas *ioas, u64 iova, u64 length),
	TP_ARGS(ioas, iova, length),
	TP_STRUCT__entry(
		__field(u32, ioasid)
		__field(u64, iova)
		__field(u64, length)
	),
	TP_fast_assign(
		__entry->ioasid = ioas->obj.id;
		__entry->iova = iova;
		__entry->length = length;
	),
	TP_printk("ioasid=%u iova=0x%llx length=0x%llx",
		  __entry->ioasid, __entry->iova, __entry->length)
);

/* Memory could not be pinned, to map it or to attach */
TRACE_EVENT(ioasid_pin_fail,
	TP_PROTO(const struct ioasid_ioas *ioas, unsigned long vaddr,
		 unsigned long pages, int error),
	TP_ARGS(ioas, vaddr, pages, error),
	TP_STRUCT__entry(
		__field(u32, ioasid)
		__field(unsigned long, vaddr)
		__field(unsigned long, pages)
		__field(int, error)
	),
	TP_fast_assign(
		__entry->ioasid = ioas->obj.id;
		__entry->vaddr = vaddr;
		__entry->pages = pages;
		__entry->error = error;
	),
	TP_printk("ioasid=%u vaddr=0x%lx pages=%lu error=%d",
		  __entry->ioasid, __entry->vaddr, __entry->pages,
		  __entry->error)
);

#endif /* IOASID_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ioas
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

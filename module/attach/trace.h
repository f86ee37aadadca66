/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of devices: /sys/kernel/tracing/events/ioasid. ctx is the number
 * of the open file, as its fdinfo shows it; result is 0 or a negative errno.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ioasid

#if !defined(IOASID_ATTACH_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define IOASID_ATTACH_TRACE_H

#include <linux/device.h>
#include <linux/string.h>
#include <linux/tracepoint.h>

#include "attach/device.h"

/* In place of a PASID: it is the RID that is attached. Others are as users know them */
#define IOASID_NO_PASID		(-1)
/* Long enough for a PCI address or a UUID */
#define IOASID_TRACE_NAME	40

DECLARE_EVENT_CLASS(ioasid_binding,
	TP_PROTO(const struct ioasid_ctx *ctx, u64 cookie, struct device *dev,
		 int result),
	TP_ARGS(ctx, cookie, dev, result),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u64, cookie)
		__array(char, device, IOASID_TRACE_NAME)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->ctx = ctx->nr;
		__entry->cookie = cookie;
		strscpy(__entry->device, dev_name(dev), IOASID_TRACE_NAME);
		__entry->result = result;
	),
	TP_printk("ctx=%u cookie=0x%llx device=%s result=%d", __entry->ctx,
		  __entry->cookie, __entry->device, __entry->result)
);

/* A device has been bound to an open file, or not */
DEFINE_EVENT(ioasid_binding, ioasid_bind,
	TP_PROTO(const struct ioasid_ctx *ctx, u64 cookie, struct device *dev,
		 int result),
	TP_ARGS(ctx, cookie, dev, result)
);

/* A binding has ended, by ioctl or close */
DEFINE_EVENT(ioasid_binding, ioasid_unbind,
	TP_PROTO(const struct ioasid_ctx *ctx, u64 cookie, struct device *dev,
		 int result),
	TP_ARGS(ctx, cookie, dev, result)
);

DECLARE_EVENT_CLASS(ioasid_attachment,
	TP_PROTO(const struct ioasid_device *idev, u32 ioasid, s32 pasid,
		 int result),
	TP_ARGS(idev, ioasid, pasid, result),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, ioasid)
		__field(u64, cookie)
		__array(char, device, IOASID_TRACE_NAME)
		__field(s32, pasid)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->ctx = idev->ctx->nr;
		__entry->ioasid = ioasid;
		__entry->cookie = idev->cookie;
		strscpy(__entry->device, dev_name(idev->dev), IOASID_TRACE_NAME);
		__entry->pasid = pasid;
		__entry->result = result;
	),
	TP_printk("ctx=%u ioasid=%u cookie=0x%llx device=%s pasid=%d result=%d",
		  __entry->ctx, __entry->ioasid, __entry->cookie,
		  __entry->device, __entry->pasid, __entry->result)
);

/* An address space has been put behind a device that had none, or not */
DEFINE_EVENT(ioasid_attachment, ioasid_attach,
	TP_PROTO(const struct ioasid_device *idev, u32 ioasid, s32 pasid,
		 int result),
	TP_ARGS(idev, ioasid, pasid, result)
);

/* It is behind it no more, by ioctl or unbind; ioasid=0: there was none */
DEFINE_EVENT(ioasid_attachment, ioasid_detach,
	TP_PROTO(const struct ioasid_device *idev, u32 ioasid, s32 pasid,
		 int result),
	TP_ARGS(idev, ioasid, pasid, result)
);

/* An address space has taken the place of another, or not */
TRACE_EVENT(ioasid_replace,
	TP_PROTO(const struct ioasid_device *idev, u32 old, u32 ioasid, s32 pasid,
		 int result),
	TP_ARGS(idev, old, ioasid, pasid, result),
	TP_STRUCT__entry(
		__field(u32, ctx)
		__field(u32, old)
		__field(u32, ioasid)
		__field(u64, cookie)
		__array(char, device, IOASID_TRACE_NAME)
		__field(s32, pasid)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->ctx = idev->ctx->nr;
		__entry->old = old;
		__entry->ioasid = ioasid;
		__entry->cookie = idev->cookie;
		strscpy(__entry->device, dev_name(idev->dev), IOASID_TRACE_NAME);
		__entry->pasid = pasid;
		__entry->result = result;
	),
	TP_printk("ctx=%u old=%u ioasid=%u cookie=0x%llx device=%s pasid=%d result=%d",
		  __entry->ctx, __entry->old, __entry->ioasid,
		  __entry->cookie, __entry->device, __entry->pasid,
		  __entry->result)
);

#endif /* IOASID_ATTACH_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH attach
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>

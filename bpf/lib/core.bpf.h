/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What every probe includes, and the few differences between kernels, each with the version that brought it. */
#ifndef MV_CORE_BPF_H
#define MV_CORE_BPF_H

#include "../vmlinux/vmlinux.h"

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "../../include/mcpvigil/wire/control.h"
#include "../../include/mcpvigil/wire/event.h"
#include "../../include/mcpvigil/wire/limits.h"

#define INLINE static __always_inline

/* Keeps the compiler from forgetting a bound the verifier must see. */
#ifndef barrier_var
#define barrier_var(var) asm volatile("" : "+r"(var))
#endif

#define S_IFMT 00170000
#define S_IFSOCK 0140000
#define S_IFCHR 0020000
#define S_IFIFO 0010000
#define FMODE_READ 1u
#define FMODE_WRITE 2u
#define AF_UNIX 1
#define AF_INET 2
#define AF_INET6 10
#define SOCK_STREAM 1
#define SOCK_SEQPACKET 5
#define IPPROTO_TCP 6
#define IPPROTO_MPTCP 262
#define MSG_PEEK 2
#define MSG_TRUNC 0x20
#define MSG_ERRQUEUE 0x2000
#define PIPEFS_MAGIC 0x50495045

/* Programs come in variants from the same source; the daemon loads the newest the kernel takes. `now` is a constant:
 *   MV_NOW   6.2 and later: bpf_rdonly_cast (6.2), atomics that return a value (5.12), bpf_get_current_task_btf (5.11)
 *   MV_LOOP  5.17 and later: bpf_loop, everything else as MV_OLD
 *   MV_OLD   5.10 and later: probe reads and a bounded loop */
#define MV_OLD 0
#define MV_LOOP 1
#define MV_NOW 3 /* implies MV_LOOP */
extern void* bpf_rdonly_cast(void* obj, __u32 btf_id) __ksym __weak;

/* Own process: never observed. */
const volatile __u32 mv_self_tgid __weak = 0;

INLINE struct task_struct* current_task(int now) {
  return now == MV_NOW ? (struct task_struct*)bpf_get_current_task_btf() : (struct task_struct*)bpf_get_current_task();
}

/* Reads a field of a kernel object: a direct load where the verifier allows it, a probe read elsewhere. */
#define GET(now, ptr, field)          \
  ({                                  \
    typeof((ptr)->field) v_;          \
    if ((now) == MV_NOW)              \
      v_ = (ptr)->field;              \
    else                              \
      v_ = BPF_CORE_READ(ptr, field); \
    v_;                               \
  })

/* A typed, readable view of a kernel address (6.2); compat keeps the raw address and probe-reads it. */
#define VIEW(now, type, ptr) \
  ((now) == MV_NOW ? (type*)bpf_rdonly_cast((void*)(ptr), bpf_core_type_id_kernel(type)) : (type*)(ptr))

#endif

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Start-up snapshot of processes: exact start times and parents, which procfs gives only in clock ticks.
#include "../lib/emit.bpf.h"

struct bpf_iter__task {
  struct bpf_iter_meta* meta;
  struct task_struct* task;
} __attribute__((preserve_access_index));

SEC("?iter/task")
int on_task(struct bpf_iter__task* ctx) {
  struct task_struct* task = ctx->task;
  if (!task || BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid)) return 0;
  struct mv_process* p = bpf_ringbuf_reserve(&events, sizeof(*p), 0);
  if (!p) {
    stat_add(MV_STAT_CONTROL_LOST, 1);
    return 0;
  }
  __builtin_memset(p, 0, sizeof(*p));
  fill_header(&p->h, MV_EV_TASK, 0);
  p->process.tgid = BPF_CORE_READ(task, tgid);
  p->process.tid = p->process.tgid;
  p->process.start = BPF_CORE_READ(task, start_boottime);
  p->parent.tgid = BPF_CORE_READ(task, real_parent, tgid);
  p->parent.tid = p->parent.tgid;
  p->parent.start = BPF_CORE_READ(task, real_parent, group_leader, start_boottime);
  p->uid = BPF_CORE_READ(task, real_cred, uid.val);
  BPF_CORE_READ_INTO(&p->comm, task, comm);
  bpf_ringbuf_submit(p, 0);
  return 0;
}

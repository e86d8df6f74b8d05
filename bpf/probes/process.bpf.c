// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// exec, fork, exit: identity and lineage of processes that may be gone before the daemon can look.
#include "../lib/emit.bpf.h"

INLINE void fill_task(struct mv_actor* a, struct task_struct* leader) {
  a->tgid = BPF_CORE_READ(leader, tgid);
  a->tid = a->tgid;
  a->start = BPF_CORE_READ(leader, start_boottime);
}

INLINE void fill_process(struct mv_process* p, struct task_struct* task, __u32 type) {
  fill_header(&p->h, type, 0);
  fill_task(&p->process, BPF_CORE_READ(task, group_leader));
  fill_task(&p->parent, BPF_CORE_READ(task, real_parent, group_leader));
  p->uid = BPF_CORE_READ(task, real_cred, uid.val);
  p->cgroup_id = 0;
  p->argv_len = 0;
  BPF_CORE_READ_INTO(&p->comm, task, comm);
}

SEC("?raw_tp/sched_process_exec")
int on_exec(struct bpf_raw_tracepoint_args* ctx) {
  struct task_struct* task = (struct task_struct*)ctx->args[0];
  struct mv_process* p = bpf_ringbuf_reserve(&events, sizeof(*p) + MV_ARGV_MAX, 0);
  if (!p) {
    stat_add(MV_STAT_CONTROL_LOST, 1);
    return 0;
  }
  fill_process(p, task, MV_EV_EXEC);
  p->cgroup_id = bpf_get_current_cgroup_id();
  __u64 start = BPF_CORE_READ(task, mm, arg_start), end = BPF_CORE_READ(task, mm, arg_end);
  __u64 n = end - start;
  if (n > MV_ARGV_MAX) n = MV_ARGV_MAX;
  barrier_var(n);
  if (end > start && n <= MV_ARGV_MAX && !bpf_probe_read_user(p + 1, n, (const void*)start)) {
    p->argv_len = n;
    p->h.payload = n;
  }
  bpf_ringbuf_submit(p, 0);
  return 0;
}

SEC("?raw_tp/sched_process_fork")
int on_fork(struct bpf_raw_tracepoint_args* ctx) {
  struct task_struct* parent = (struct task_struct*)ctx->args[0];
  struct task_struct* child = (struct task_struct*)ctx->args[1];
  if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid)) return 0; /* a thread */
  struct mv_process* p = bpf_ringbuf_reserve(&events, sizeof(*p), 0);
  if (!p) {
    stat_add(MV_STAT_CONTROL_LOST, 1);
    return 0;
  }
  fill_process(p, child, MV_EV_FORK);
  fill_task(&p->parent, BPF_CORE_READ(parent, group_leader));
  bpf_ringbuf_submit(p, 0);
  return 0;
}

SEC("?raw_tp/sched_process_exit")
int on_exit(struct bpf_raw_tracepoint_args* ctx) {
  struct task_struct* task = (struct task_struct*)ctx->args[0];
  if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid)) return 0;
  struct mv_process* p = bpf_ringbuf_reserve(&events, sizeof(*p), 0);
  if (!p) {
    stat_add(MV_STAT_CONTROL_LOST, 1);
    return 0;
  }
  fill_process(p, task, MV_EV_EXIT);
  bpf_ringbuf_submit(p, 0);
  return 0;
}

/* A process that does I/O by io_uring: its reads and writes on streams are not seen at system calls. The tracepoint
 * was io_uring_submit_sqe before 6.4. */
SEC("?raw_tp/io_uring_submit_req")
int on_uring_req(void* ctx) {
  note_once(MV_NOTE_IO_URING, MV_OLD);
  return 0;
}

SEC("?raw_tp/io_uring_submit_sqe")
int on_uring_sqe(void* ctx) {
  note_once(MV_NOTE_IO_URING, MV_OLD);
  return 0;
}

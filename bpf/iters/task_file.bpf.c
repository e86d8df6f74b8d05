// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Start-up snapshot: every stream somebody already holds, as if we had been there when it was made; and who holds it.
// Run again later, it tells which streams are gone.
#include "../lib/flow.bpf.h"

/* 0: make flows and say who holds them. 1: only mark what still exists (sweep). */
volatile __u32 mv_sweep __weak = 0;

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, MV_MAX_FLOWS);
  __type(key, struct mv_flow_key);
  __type(value, __u64);
} alive __weak SEC(".maps");
volatile __u64 mv_sweep_round __weak = 0;

SEC("?iter/task_file")
int on_task_file(struct bpf_iter__task_file* ctx) {
  struct task_struct* task = ctx->task;
  struct file* file = ctx->file;
  if (!task || !file) return 0;
  struct object o = {};
  object_of_file(&o, file, MV_OLD);
  if (!o.kind) return 0;
  if (mv_sweep) {
    __u64 round = mv_sweep_round;
    bpf_map_update_elem(&alive, &o.key, &round, BPF_ANY);
    return 0;
  }
  __u32 tgid = BPF_CORE_READ(task, tgid);
  if (tgid == mv_self_tgid) return 0;
  struct flow* f = flow_of(&o, true, MV_OLD);
  if (!f) return 0;
  __u32 mode = BPF_CORE_READ(file, f_mode);
  struct mv_data* d = bpf_ringbuf_reserve(&events, sizeof(*d), 0);
  if (!d) {
    stat_add(MV_STAT_CONTROL_LOST, 1);
    return 0;
  }
  fill_header(&d->h, MV_EV_HOLDER, 0);
  d->flow = f->id;
  d->pos = 0;
  d->len = 0;
  d->actor.tgid = tgid;
  d->actor.tid = tgid;
  d->actor.start = BPF_CORE_READ(task, group_leader, start_boottime);
  d->way = (mode & FMODE_READ ? 1 : 0) | (mode & FMODE_WRITE ? 2 : 0);
  d->missing = MV_MISSING_NONE;
  __builtin_memset(d->_pad, 0, sizeof(d->_pad));
  bpf_ringbuf_submit(d, 0);
  return 0;
}

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Records into the ring buffer: reserve by tier, copy user memory, submit; every failure is counted. */
#ifndef MV_EMIT_BPF_H
#define MV_EMIT_BPF_H

#include "../maps/maps.bpf.h"

INLINE void fill_actor(struct mv_actor* a, int now) {
  __u64 id = bpf_get_current_pid_tgid();
  struct task_struct* task = current_task(now);
  a->tgid = id >> 32;
  a->tid = (__u32)id;
  a->start = now == MV_NOW ? task->group_leader->start_boottime : BPF_CORE_READ(task, group_leader, start_boottime);
}

INLINE void fill_header(struct mv_header* h, __u32 type, __u32 payload) {
  h->type = type;
  h->payload = payload;
  h->ts = bpf_ktime_get_boot_ns();
}

/* A record of `type` without payload. */
INLINE void emit_data(__u32 type, const struct flow* f, __u8 way, __u64 pos, __u64 len, __u8 missing, int now) {
  struct mv_data* d = bpf_ringbuf_reserve(&events, sizeof(*d), 0);
  if (!d) {
    stat_add(MV_STAT_CONTROL_LOST, 1);
    return;
  }
  fill_header(&d->h, type, 0);
  d->flow = f->id;
  d->pos = pos;
  d->len = len;
  fill_actor(&d->actor, now);
  d->way = way;
  d->missing = missing;
  __builtin_memset(d->_pad, 0, sizeof(d->_pad));
  bpf_ringbuf_submit(d, 0);
}

INLINE void emit_note(__u32 what, __u64 flow, int now) {
  struct mv_note* n = bpf_ringbuf_reserve(&events, sizeof(*n), 0);
  if (!n) {
    stat_add(MV_STAT_CONTROL_LOST, 1);
    return;
  }
  fill_header(&n->h, MV_EV_NOTE, 0);
  n->flow = flow;
  fill_actor(&n->actor, now);
  n->what = what;
  n->_pad = 0;
  bpf_ringbuf_submit(n, 0);
}

/* Says something about this process once. */
INLINE void note_once(__u32 what, int now) {
  __u32 tgid = bpf_get_current_pid_tgid() >> 32;
  __u32 bit = 1u << what;
  __u32* said = bpf_map_lookup_elem(&noted, &tgid);
  if (said && (*said & bit)) return;
  __u32 value = said ? *said | bit : bit;
  bpf_map_update_elem(&noted, &tgid, &value, BPF_ANY);
  emit_note(what, 0, now);
}

/* One piece of a payload on its way to the ring. */
struct piece {
  __u64 flow;
  __u64 pos;
  __u64 user; /* address in the process */
  __u64 len;  /* at most MV_TIER4 when copied */
  struct mv_actor actor;
  __u64 way;
};

INLINE void fill_piece(struct mv_data* d, const struct piece* p, __u32 payload, __u64 len, __u8 missing) {
  fill_header(&d->h, MV_EV_DATA, payload);
  d->flow = p->flow;
  d->pos = p->pos;
  d->len = len;
  d->actor.tgid = p->actor.tgid;
  d->actor.tid = p->actor.tid;
  d->actor.start = p->actor.start;
  d->way = p->way;
  d->missing = missing;
  __builtin_memset(d->_pad, 0, sizeof(d->_pad));
}

/* Without room or readable memory the record shrinks to its header, so that the daemon knows which bytes are gone;
 * without room for that either, positions tell it. */
static __noinline int emit_missing(const struct piece* p, __u32 why) {
  if (!p) return 0;
  stat_add(why == MV_MISSING_USER_COPY   ? MV_STAT_LOST_USER
           : why == MV_MISSING_TOO_LARGE ? MV_STAT_LOST_LARGE
                                         : MV_STAT_LOST_RING,
           p->len);
  struct mv_data* d = bpf_ringbuf_reserve(&events, sizeof(*d), 0);
  if (!d) {
    stat_add(MV_STAT_RECORDS_LOST, 1);
    return 0;
  }
  fill_piece(d, p, 0, p->len, why);
  bpf_ringbuf_submit(d, 0);
  return 0;
}

/* The size of a reservation must be a constant, hence one block a tier. */
#define EMIT_TIER(tier)                                                       \
  {                                                                           \
    struct mv_data* d = bpf_ringbuf_reserve(&events, sizeof(*d) + (tier), 0); \
    if (!d) return emit_missing(p, MV_MISSING_RING_FULL);                     \
    __u64 n = p->len;                                                         \
    barrier_var(n);                                                           \
    if (n > (tier)) n = (tier);                                               \
    if (bpf_probe_read_user(d + 1, n, (const void*)p->user)) {                \
      bpf_ringbuf_discard(d, 0);                                              \
      return emit_missing(p, MV_MISSING_USER_COPY);                           \
    }                                                                         \
    fill_piece(d, p, n, n, MV_MISSING_NONE);                                  \
    bpf_ringbuf_submit(d, 0);                                                 \
    stat_add(MV_STAT_COPIED, n);                                              \
    stat_add(MV_STAT_RECORDS, 1);                                             \
    return 0;                                                                 \
  }

/* Not inlined: one copy of the five tiers, called from every place that copies. */
static __noinline int emit_piece(const struct piece* p) {
  if (!p) return 0;
  __u64 len = p->len;
  if (len <= MV_TIER0) EMIT_TIER(MV_TIER0)
  if (len <= MV_TIER1) EMIT_TIER(MV_TIER1)
  if (len <= MV_TIER2) EMIT_TIER(MV_TIER2)
  if (len <= MV_TIER3) EMIT_TIER(MV_TIER3)
  EMIT_TIER(MV_TIER4)
}

#endif

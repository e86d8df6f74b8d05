/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Bytes moved on a flow: advance positions, decide between copying and counting, say who did it. Shared by the
 * system-call probe, the TLS probes and any later back end. */
#ifndef MV_IO_BPF_H
#define MV_IO_BPF_H

#include "flow.bpf.h"

INLINE __u64 advance(__u64* counter, __u64 n, int now) {
  if (now == MV_NOW) return __sync_fetch_and_add(counter, n);
  __u64 at = *counter; /* before 5.12: two threads reading one stream at once may overlap; positions show it */
  *counter = at + n;
  return at;
}

/* May an ignored way be looked at again? A burst first, then once an interval. Not the writer of a pipe that has a
 * reader: the look would be spent before the reader, whose copy counts, comes to it. */
INLINE bool take_look(struct flow* f, __u8 way) {
  if (way == MV_WAY_WRITE && f->reader_seen && (f->kind == MV_KIND_PIPE || f->kind == MV_KIND_FIFO)) return false;
  __u64 t = bpf_ktime_get_boot_ns();
  if (f->looks < MV_LOOKS_BURST) {
    f->looks++;
    f->look_at = t + MV_LOOK_INTERVAL_NS;
    return true;
  }
  if (t < f->look_at) return false;
  f->look_at = t + MV_LOOK_INTERVAL_NS;
  return true;
}

static __noinline int looks_like_start(const struct cursor* c) {
  char start[MV_SNIFF_BYTES] = {};
  if (!c || !cursor_peek(c, start, sizeof(start))) return 0;
  return mv_message_start(start);
}

INLINE void say_actor(struct flow* f, __u8 way, __u64 pos, int now) {
  __u32 tgid = bpf_get_current_pid_tgid() >> 32;
  __u32* last = way == MV_WAY_READ ? &f->reader : &f->writer;
  if (*last == tgid) return;
  *last = tgid;
  emit_data(MV_EV_ACTOR, f, way, pos, 0, MV_MISSING_NONE, now);
}

INLINE __u64 lag_limit(__u8 kind) {
  return kind == MV_KIND_TCP                                 ? MV_LAG_TCP
         : kind == MV_KIND_UNIX || kind == MV_KIND_SEQPACKET ? MV_LAG_UNIX
                                                             : MV_LAG_PIPE;
}

/* A writer counts while a reader copies. When the writer is further ahead of every hooked read than any buffer can
 * hold, the reader has gone blind: copy here from now on and say so. Pipes only share one entry for both ways; for
 * sockets the daemon compares the two ends. */
INLINE void check_lag(struct flow* f, int now) {
  if (f->kind != MV_KIND_PIPE && f->kind != MV_KIND_FIFO) return;
  if (f->write - f->read <= lag_limit(f->kind) || f->write < f->read || (f->blind & (1 << MV_WAY_READ))) return;
  f->blind |= 1 << MV_WAY_READ;
  f->mode[MV_WAY_WRITE] = MV_MODE_COPY;
  emit_note(MV_NOTE_BLIND_READER, f->id, now);
}

/* c->left bytes moved one way; the cursor stands at their first buffer. */
INLINE void moved(struct flow* f, __u8 way, struct cursor* c, int now) {
  __u64 n = c->left;
  __u64 pos;
  bool copy = true;

  stat_add(MV_STAT_SEEN, n);
  if (way == MV_WAY_READ) {
    pos = advance(&f->read, n, now);
    f->reader_seen = 1;
  } else {
    pos = advance(&f->write, n, now);
    if (f->mode[MV_WAY_WRITE] == MV_MODE_COUNT) {
      copy = false;
      check_lag(f, now);
      copy = f->mode[MV_WAY_WRITE] == MV_MODE_COPY;
    } else if (f->mode[MV_WAY_WRITE] == MV_MODE_AUTO && f->kind != MV_KIND_TLS) {
      copy = !f->reader_seen && pos < MV_WRITER_PROBATION;
      if (!copy && (f->kind == MV_KIND_PIPE || f->kind == MV_KIND_FIFO)) check_lag(f, now);
    }
  }
  __u8 mode = f->mode[way & 1];
  if (mode == MV_MODE_IGNORE) {
    if (!looks_like_start(c) || !take_look(f, way)) {
      if (way == MV_WAY_READ)
        f->read_ignored += n;
      else
        f->write_ignored += n;
      stat_add(MV_STAT_IGNORED, n);
      return;
    }
    f->mode[way & 1] = MV_MODE_AUTO;
    emit_data(MV_EV_SKIPPED, f, way, f->skip_from[way & 1], pos - f->skip_from[way & 1], MV_MISSING_NONE, now);
    stat_add(MV_STAT_REOPENED, 1);
    if (way == MV_WAY_WRITE && f->reader_seen && f->kind != MV_KIND_TLS) copy = false;
  }
  if (!copy) {
    stat_add(MV_STAT_COUNTED, n);
    say_actor(f, way, pos, now);
    return;
  }
  if (way == MV_WAY_READ)
    f->reader = bpf_get_current_pid_tgid() >> 32;
  else
    f->writer = bpf_get_current_pid_tgid() >> 32;
  c->piece.flow = f->id;
  c->piece.pos = pos;
  c->piece.way = way;
  fill_actor(&c->piece.actor, now);
  copy_call(c, f->kind == MV_KIND_TLS, now);
}

/* Bytes a reader threw away unseen. The reader is no blind one: what it reads next is its copy again. */
INLINE void discarded(struct flow* f, __u64 n, int now) {
  stat_add(MV_STAT_SEEN, n);
  stat_add(MV_STAT_BLIND, n);
  __u64 pos = advance(&f->read, n, now);
  f->reader_seen = 1;
  if (f->mode[MV_WAY_READ] == MV_MODE_IGNORE)
    f->read_ignored += n;
  else
    emit_data(MV_EV_DATA, f, MV_WAY_READ, pos, n, MV_MISSING_BLIND, now);
}

/* Bytes moved by a call that shows no buffer. The other end's copy is asked for. */
INLINE void moved_blind(struct flow* f, __u8 way, __u64 n, int now) {
  stat_add(MV_STAT_SEEN, n);
  stat_add(MV_STAT_BLIND, n);
  if (way == MV_WAY_READ) {
    /* of a socket the writer's copy is the other end's: the daemon asks for it */
    if ((f->kind == MV_KIND_PIPE || f->kind == MV_KIND_FIFO) && f->mode[MV_WAY_WRITE] != MV_MODE_IGNORE)
      f->mode[MV_WAY_WRITE] = MV_MODE_COPY;
    __u64 pos = advance(&f->read, n, now);
    if (f->mode[MV_WAY_READ] == MV_MODE_IGNORE) {
      f->read_ignored += n;
      return;
    }
    if (f->reader_seen) /* bytes the reader's copy should have had */
      emit_data(MV_EV_DATA, f, way, pos, n, MV_MISSING_BLIND, now);
    if (!(f->blind & (1 << MV_WAY_READ))) emit_note(MV_NOTE_BLIND_READER, f->id, now);
  } else {
    __u64 pos = advance(&f->write, n, now);
    if (f->mode[MV_WAY_WRITE] == MV_MODE_IGNORE) {
      f->write_ignored += n;
      return;
    }
    if (f->mode[MV_WAY_WRITE] == MV_MODE_COPY)
      emit_data(MV_EV_DATA, f, way, pos, n, MV_MISSING_BLIND, now);
    else
      say_actor(f, way, pos, now);
    if (!(f->blind & (1 << MV_WAY_WRITE))) emit_note(MV_NOTE_BLIND_WRITER, f->id, now);
  }
  f->blind |= 1 << (way & 1);
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* The bytes of one system call -> pieces in the ring. Handles one buffer, an iovec, a msghdr and an array of them
 * with one cursor that moves one piece a step, because the verifier likes one flat loop. */
#ifndef MV_COPY_BPF_H
#define MV_COPY_BPF_H

#include "emit.bpf.h"

/* User-space ABI, 64-bit. */
struct user_iovec {
  __u64 base, len;
};
struct user_msghdr {
  __u64 name;
  __u64 namelen;
  __u64 iov;
  __u64 iovlen;
  __u64 control, controllen;
  __u64 flags;
};
struct user_mmsghdr {
  struct user_msghdr hdr;
  __u32 len;
  __u32 _pad;
};

/* Lives in a map, not on the stack: what the verifier reads from a map is any number, so the loop below looks the same
 * to it every time round and is walked once. */
struct cursor {
  struct piece piece;   /* flow, actor, way are constant; the rest is the current piece */
  __u64 left;           /* bytes of the call still to give */
  __u64 base, base_len; /* present buffer, what is left of it */
  __u64 iov, iov_left;  /* the next iovec and how many there are */
  __u64 mmsg;           /* the next mmsghdr, recvmmsg and sendmmsg only */
  __u64 mmsg_left;
  __u64 msg_left; /* bytes of the present one */
};

/* A system call cannot be interrupted by another on the same CPU while its probe runs. */
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct cursor);
} cursors __weak SEC(".maps");

/* Uprobes can be preempted: by thread. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 4096);
  __type(key, __u64);
  __type(value, struct cursor);
} tls_cursors __weak SEC(".maps");

INLINE void cursor_clear(struct cursor* c) { __builtin_memset(c, 0, sizeof(*c)); }

/* One step: the next piece, the next iovec or the next mmsghdr. Returns 1 when done. */
INLINE long cursor_step(struct cursor* c) {
  if (c->left == 0) return 1;
  if (c->mmsg && c->msg_left == 0) {
    struct user_mmsghdr m;
    c->base_len = c->iov_left = 0;
    if (c->mmsg_left == 0 || bpf_probe_read_user(&m, sizeof(m), (const void*)c->mmsg)) {
      c->mmsg = 0; /* unreadable: the next step counts the rest as missing */
      return 0;
    }
    c->mmsg += sizeof(m);
    c->mmsg_left--;
    c->msg_left = m.len;
    c->iov = m.hdr.iov;
    c->iov_left = m.hdr.iovlen;
    return 0;
  }
  if (c->base_len == 0) {
    struct user_iovec v;
    if (c->iov_left == 0 || bpf_probe_read_user(&v, sizeof(v), (const void*)c->iov)) {
      /* the caller's list is shorter than what the kernel moved, or unreadable */
      c->piece.len = c->left;
      emit_missing(&c->piece, MV_MISSING_USER_COPY);
      c->left = 0;
      return 1;
    }
    c->iov += sizeof(v);
    c->iov_left--;
    c->base = v.base;
    c->base_len = v.len;
    return 0;
  }
  __u64 n = c->base_len < c->left ? c->base_len : c->left;
  if (n > MV_TIER4) n = MV_TIER4;
  if (c->mmsg) {
    if (n > c->msg_left) n = c->msg_left;
    c->msg_left -= n;
  }
  c->piece.user = c->base;
  c->piece.len = n;
  emit_piece(&c->piece);
  c->piece.pos += n;
  c->base += n;
  c->base_len -= n;
  c->left -= n;
  return 0;
}

static long cursor_step_cb(__u32 i, void* ctx) {
  struct cursor* c = *(struct cursor**)ctx;
  return cursor_step(c);
}
/* Global, so that the verifier walks it once however often it is called; those of 5.10 take numbers only, so it finds
 * the cursor itself. */
__weak __noinline int cursor_step_old(__u32 tls) {
  __u64 tid = bpf_get_current_pid_tgid();
  __u32 zero = 0;
  struct cursor* c = tls ? bpf_map_lookup_elem(&tls_cursors, &tid) : bpf_map_lookup_elem(&cursors, &zero);
  return c ? cursor_step(c) : 1;
}

INLINE void copy_call(struct cursor* c, bool tls, int now) {
  /* an iovec entry costs a step of its own */
  if (now & MV_LOOP) {
    struct cursor* ctx = c;
    bpf_loop(MV_MAX_PIECES * 2, cursor_step_cb, &ctx, 0);
  } else {
    for (int i = 0; i < MV_MAX_PIECES * 2; i++)
      if (cursor_step_old(tls)) break;
  }
  if (c->left) {
    c->piece.len = c->left;
    emit_missing(&c->piece, MV_MISSING_TOO_LARGE);
  }
}

/* The first bytes of what the cursor stands at; returns how many were read. */
INLINE __u32 cursor_peek(const struct cursor* c, char* to, __u32 size) {
  struct user_iovec v = {c->base, c->base_len};
  if (v.len == 0 && (c->iov_left == 0 || bpf_probe_read_user(&v, sizeof(v), (const void*)c->iov))) return 0;
  __u64 n = v.len < c->left ? v.len : c->left;
  if (n > size) n = size;
  barrier_var(n);
  if (n > size) return 0;
  if (bpf_probe_read_user(to, n, (const void*)v.base)) return 0;
  return n;
}

#endif

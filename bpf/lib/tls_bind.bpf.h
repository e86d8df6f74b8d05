/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which socket an SSL* runs over. Two cases: the library calls read/write itself (we see the system call inside the
 * SSL_* call), or the program moves the ciphertext (memory BIO: node, asyncio): then the first TLS record the same
 * thread sends after an SSL_* call is that SSL*'s. Only unbound pairs are bound, and each pair once. */
#ifndef MV_TLS_BIND_BPF_H
#define MV_TLS_BIND_BPF_H

#include "flow.bpf.h"

const volatile __u32 mv_tls_enabled __weak = 0;
#define MV_TLS_TRIES 16

static __noinline int tls_bind(struct flow* sock, const struct cursor* c, __u32 writing) {
  if (!sock || !c) return 0;
  __u64 tid = bpf_get_current_pid_tgid();
  struct mv_flow_key* last = bpf_map_lookup_elem(&tls_last, &tid);
  if (!last) return 0;
  struct mv_flow_key key = *last;
  struct tls_calls* calls = bpf_map_lookup_elem(&tls_threads, &tid);
  bool nested = calls && calls->depth; /* the library itself moves the bytes */
  if (!nested && !writing) return 0;
  sock->tls_tries++;
  char start[4] = {};
  if (!cursor_peek(c, start, sizeof(start)) || !mv_tls_record(start)) return 0;
  struct flow* tls = bpf_map_lookup_elem(&flows, &key);
  if (!tls || tls->tls_socket) return 0;
  tls->tls_socket = sock->id;
  sock->tls_socket = tls->id;
  struct mv_flow_open* e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
  if (!e) {
    stat_add(MV_STAT_CONTROL_LOST, 1);
    return 0;
  }
  __builtin_memset(e, 0, sizeof(*e));
  fill_header(&e->h, MV_EV_FLOW, 0);
  e->flow = tls->id;
  e->key = key;
  e->kind = MV_KIND_TLS;
  e->tls_socket = sock->id;
  bpf_ringbuf_submit(e, 0);
  return 0;
}

#endif

// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// OpenSSL's SSL_read/SSL_write family: plaintext, at the return of the call, when the count is known. A stream here is
// an SSL* in a process, not a descriptor. Attached to every library or executable that defines the symbols.
#include "../lib/io.bpf.h"
#include "../lib/tls_bind.bpf.h"

INLINE void tls_object(struct object* o, __u64 ssl) {
  struct task_struct* task = current_task(MV_OLD);
  __u64 tgid = bpf_get_current_pid_tgid() >> 32;
  o->kind = MV_KIND_TLS;
  o->key.object = ssl;
  /* pid and start time: an address of another process, or of a later life of this pid, is another SSL* */
  o->key.number = (tgid << 40) ^ BPF_CORE_READ(task, group_leader, start_boottime);
}

INLINE int enter(__u64 ssl, __u64 buf, __u64 count_ptr) {
  __u64 tid = bpf_get_current_pid_tgid();
  if ((__u32)(tid >> 32) == mv_self_tgid) return 0;
  struct tls_calls* t = bpf_map_lookup_elem(&tls_threads, &tid);
  if (!t) {
    struct tls_calls none = {};
    bpf_map_update_elem(&tls_threads, &tid, &none, BPF_NOEXIST);
    t = bpf_map_lookup_elem(&tls_threads, &tid);
    if (!t) return 0;
  }
  if (t->depth >= MV_TLS_DEPTH) t->depth = 0; /* calls left by longjmp: begin anew */
  __u64 top = t->depth;
  barrier_var(top);
  struct tls_call* c = &t->call[top & (MV_TLS_DEPTH - 1)];
  c->ssl = ssl;
  c->buf = buf;
  c->count_ptr = count_ptr;
  t->depth++;
  struct object o = {};
  tls_object(&o, ssl);
  struct flow* f = flow_of(&o, false, MV_OLD);
  if (f && !f->tls_socket) bpf_map_update_elem(&tls_last, &tid, &o.key, BPF_ANY);
  return 0;
}

/* The innermost call of this thread returns. */
INLINE bool leave(struct tls_call* out) {
  __u64 tid = bpf_get_current_pid_tgid();
  struct tls_calls* t = bpf_map_lookup_elem(&tls_threads, &tid);
  if (!t || !t->depth || t->depth > MV_TLS_DEPTH) return false; /* it began before we were attached */
  __u64 top = t->depth - 1;
  t->depth = top;
  barrier_var(top); /* clang knows that it is small and drops the mask; older verifiers do not know */
  *out = t->call[top & (MV_TLS_DEPTH - 1)];
  return true;
}

INLINE int leave_with_bytes(__s64 ret, __u32 way, int now) {
  struct tls_call call;
  if (!leave(&call) || ret <= 0) return 0;
  __u64 n = (__u32)ret;
  if (call.count_ptr) { /* _ex: 1 means done, the count is behind the pointer */
    if (bpf_probe_read_user(&n, sizeof(n), (const void*)call.count_ptr)) return 0;
  }
  if (!n || n > (1u << 30)) return 0;
  struct object o = {};
  tls_object(&o, call.ssl);
  struct flow* f = flow_of(&o, false, MV_OLD);
  if (!f) return 0;
  struct cursor fresh = {};
  fresh.left = n;
  fresh.base = call.buf;
  fresh.base_len = n;
  __u64 tid = bpf_get_current_pid_tgid();
  bpf_map_update_elem(&tls_cursors, &tid, &fresh, BPF_ANY);
  struct cursor* c = bpf_map_lookup_elem(&tls_cursors, &tid);
  if (!c) {
    stat_add(MV_STAT_LOST_RING, n);
    return 0;
  }
  moved(f, way & 1, c, now);
  bpf_map_delete_elem(&tls_cursors, &tid);
  return 0;
}

SEC("?uprobe")
int BPF_KPROBE(on_ssl_rw, void* ssl, void* buf) { return enter((__u64)ssl, (__u64)buf, 0); }
SEC("?uprobe")
int BPF_KPROBE(on_ssl_rw_ex, void* ssl, void* buf, __u64 num, void* count) {
  return enter((__u64)ssl, (__u64)buf, (__u64)count);
}
SEC("?uprobe")
int BPF_KPROBE(on_ssl_wr_ex2, void* ssl, void* buf, __u64 num, __u64 flags, void* count) {
  return enter((__u64)ssl, (__u64)buf, (__u64)count);
}
/* SSL_do_handshake, SSL_shutdown: no plaintext, but records leave the process: a chance to bind. */
SEC("?uprobe")
int BPF_KPROBE(on_ssl_other, void* ssl) { return enter((__u64)ssl, 0, 0); }

SEC("?uretprobe")
int BPF_KRETPROBE(on_ssl_rd_ret, int ret) { return leave_with_bytes(ret, MV_WAY_READ, MV_LOOP); }
SEC("?uretprobe")
int BPF_KRETPROBE(on_ssl_wr_ret, int ret) { return leave_with_bytes(ret, MV_WAY_WRITE, MV_LOOP); }
SEC("?uretprobe")
int BPF_KRETPROBE(on_ssl_rd_510, int ret) { return leave_with_bytes(ret, MV_WAY_READ, MV_OLD); }
SEC("?uretprobe")
int BPF_KRETPROBE(on_ssl_wr_510, int ret) { return leave_with_bytes(ret, MV_WAY_WRITE, MV_OLD); }
SEC("?uretprobe")
int BPF_KRETPROBE(on_ssl_oth_ret, int ret) {
  struct tls_call call;
  leave(&call);
  return 0;
}

/* The address may be used again for another connection: this flow ends here. */
SEC("?uprobe")
int BPF_KPROBE(on_ssl_free, void* ssl) {
  struct object o = {};
  tls_object(&o, (__u64)ssl);
  struct flow* f = bpf_map_lookup_elem(&flows, &o.key);
  if (!f) return 0;
  struct mv_close* e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
  if (e) {
    fill_header(&e->h, MV_EV_CLOSE, 0);
    e->flow = f->id;
    e->read_total = f->read;
    e->write_total = f->write;
    e->read_ignored = f->read_ignored;
    e->write_ignored = f->write_ignored;
    bpf_ringbuf_submit(e, 0);
  } else {
    stat_add(MV_STAT_CONTROL_LOST, 1);
  }
  bpf_map_delete_elem(&flows, &o.key);
  return 0;
}

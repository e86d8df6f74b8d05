// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// Every system call that moves bytes on a descriptor, at its exit: only there the count is known, the bytes are in
// place, and a call that was blocked when we attached is seen too. Unrelated calls leave after one table look-up.
#include "../lib/io.bpf.h"
#include "../lib/tls_bind.bpf.h"

const volatile __u8 mv_ops[MV_SYSCALLS] = {};

#if defined(__TARGET_ARCH_x86)
#define SYSCALL_NR(r, now) ((__u64)GET(now, r, orig_ax))
#define ARG1(r, now) ((__u64)GET(now, r, di))
#define ARG2(r, now) ((__u64)GET(now, r, si))
#define ARG3(r, now) ((__u64)GET(now, r, dx))
#define ARG4(r, now) ((__u64)GET(now, r, r10))
#define ARG5(r, now) ((__u64)GET(now, r, r8))
#define TS_COMPAT 2u
#elif defined(__TARGET_ARCH_arm64)
#define SYSCALL_NR(r, now) ((__u64)GET(now, r, syscallno))
#define ARG1(r, now) ((__u64)GET(now, r, orig_x0))
#define ARG2(r, now) ((__u64)GET(now, r, regs[1]))
#define ARG3(r, now) ((__u64)GET(now, r, regs[2]))
#define ARG4(r, now) ((__u64)GET(now, r, regs[3]))
#define ARG5(r, now) ((__u64)GET(now, r, regs[4]))
#endif

/* The file behind a descriptor of the current process. */
INLINE struct file* file_of(__u32 fd, int now) {
  struct task_struct* task = current_task(now);
  struct files_struct* files = GET(now, task, files);
  if (!files) return 0;
  struct fdtable* fdt = GET(now, files, fdt);
  if (!fdt || fd >= GET(now, fdt, max_fds)) return 0;
  struct file** table = GET(now, fdt, fd);
  struct file* file = 0;
  if (bpf_probe_read_kernel(&file, sizeof(file), table + fd) || !file) return 0;
  return VIEW(now, struct file, file);
}

INLINE struct flow* flow_of_fd(struct object* o, __u32 fd, int now) {
  struct file* file = file_of(fd, now);
  if (!file) return 0;
  object_of_file(o, file, now);
  if (!o->kind) return 0;
  if ((__u32)(bpf_get_current_pid_tgid() >> 32) == mv_self_tgid) return 0;
  return flow_of(o, false, now);
}

INLINE void first_buffer(struct cursor* c, __u8 op, __u64 a2, __u64 a3) {
  if (op == MV_OP_READV || op == MV_OP_WRITEV || op == MV_OP_VMSPLICE) {
    c->iov = a2;
    c->iov_left = a3;
  } else if (op == MV_OP_RECVMSG || op == MV_OP_SENDMSG) {
    struct user_msghdr m;
    if (!bpf_probe_read_user(&m, sizeof(m), (const void*)a2)) {
      c->iov = m.iov;
      c->iov_left = m.iovlen;
    }
  } else if (!c->mmsg) {
    c->base = a2;
    c->base_len = c->left;
  }
}

INLINE void on_bytes(struct pt_regs* regs, long ret, __u8 op, int now) {
  struct object o = {};
  __u64 a2 = ARG2(regs, now), a3 = ARG3(regs, now);
  struct flow* f = flow_of_fd(&o, ARG1(regs, now), now);
  if (!f) return;
  __u8 way = op & 1 ? MV_WAY_READ : MV_WAY_WRITE; /* see wire/control.h: the read family is odd */
  if (op == MV_OP_VMSPLICE) {                     /* at the reading end it fills user memory */
    struct file* file = file_of(ARG1(regs, now), now);
    if (file && !(GET(now, file, f_mode) & FMODE_WRITE)) way = MV_WAY_READ;
  }
  if (ret == 0) {
    if (way == MV_WAY_READ && f->mode[MV_WAY_READ] != MV_MODE_IGNORE && (op != MV_OP_READ || a3))
      emit_data(MV_EV_EOF, f, way, f->read, 0, MV_MISSING_NONE, now);
    return;
  }
  __u64 flags = 0;
  if (op == MV_OP_RECVFROM || op == MV_OP_RECVMMSG)
    flags = ARG4(regs, now);
  else if (op == MV_OP_RECVMSG)
    flags = a3;
  if (flags & (MSG_PEEK | MSG_ERRQUEUE)) return; /* the bytes stay in the socket; or are not of the stream */

  __u32 zero = 0;
  struct cursor* c = bpf_map_lookup_elem(&cursors, &zero);
  if (!c) return;
  cursor_clear(c);
  c->left = ret;
  if (op == MV_OP_RECVMMSG || op == MV_OP_SENDMMSG) {
    /* ret counts messages, each with a length of its own */
    c->mmsg = a2;
    c->mmsg_left = ret;
    c->left = 0;
    for (int i = 0; i < MV_MAX_MMSG; i++) {
      __u32 len = 0;
      if (i >= ret) break;
      bpf_probe_read_user(&len, sizeof(len), &((struct user_mmsghdr*)a2)[i].len);
      c->left += len;
    }
  }
  first_buffer(c, op, a2, a3);
  if (mv_tls_enabled && !f->tls_socket && f->tls_tries < MV_TLS_TRIES &&
      (o.kind == MV_KIND_TCP || o.kind == MV_KIND_UNIX))
    tls_bind(f, c, way == MV_WAY_WRITE);
  if ((flags & MSG_TRUNC) && o.kind == MV_KIND_TCP) {
    discarded(f, c->left, now);
    return;
  }
  /* of a packet longer than the buffer the whole length is told, the rest is thrown away */
  if ((flags & MSG_TRUNC) && op == MV_OP_RECVFROM && o.kind == MV_KIND_SEQPACKET && c->left > a3)
    c->left = c->base_len = a3;
  moved(f, way, c, now);
}

/* splice, tee, sendfile: bytes that never pass through user memory. */
INLINE void on_blind(struct pt_regs* regs, long ret, __u8 op, int now) {
  struct object in = {}, out = {};
  __u64 a1 = ARG1(regs, now), a2 = ARG2(regs, now), a3 = ARG3(regs, now);
  __u32 fd_in = a1, fd_out = op == MV_OP_SPLICE ? a3 : a2;
  if (ret == 0) return;
  if (op == MV_OP_SENDFILE) {
    fd_out = a1;
    fd_in = a2;
  }
  struct flow* f;
  if (op != MV_OP_TEE) { /* tee leaves the bytes where they are */
    f = flow_of_fd(&in, fd_in, now);
    if (f) moved_blind(f, MV_WAY_READ, ret, now);
  }
  f = flow_of_fd(&out, fd_out, now);
  if (f) moved_blind(f, MV_WAY_WRITE, ret, now);
}

/* A file mapped executable for the first time may be a TLS library. */
INLINE void on_mmap(struct pt_regs* regs, int now) {
  if (!(ARG3(regs, now) & 4 /* PROT_EXEC */) || (__s32)ARG5(regs, now) < 0) return;
  struct file* file = file_of(ARG5(regs, now), now);
  if (!file) return;
  struct inode* inode = GET(now, file, f_inode);
  struct super_block* sb = GET(now, inode, i_sb);
  struct mapped_key key = {};
  key.inode = GET(now, inode, i_ino);
  key.dev = GET(now, sb, s_dev);
  __u8 one = 1;
  if (bpf_map_lookup_elem(&mapped, &key) || bpf_map_update_elem(&mapped, &key, &one, BPF_NOEXIST)) return;
  struct mv_mapped* m = bpf_ringbuf_reserve(&events, sizeof(*m), 0);
  if (!m) {
    bpf_map_delete_elem(&mapped, &key);
    stat_add(MV_STAT_CONTROL_LOST, 1);
    return;
  }
  fill_header(&m->h, MV_EV_MAPPED, 0);
  fill_actor(&m->actor, now);
  m->inode = key.inode;
  m->dev = key.dev;
  m->_pad = 0;
  bpf_ringbuf_submit(m, 0);
}

INLINE int on_exit_of_call(struct pt_regs* regs, long ret, int now) {
  if (ret < 0) return 0;
  __u64 nr = SYSCALL_NR(regs, now);
  if (nr >= MV_SYSCALLS) return 0;
  __u8 op = mv_ops[nr];
  if (!op) return 0;
#if defined(__TARGET_ARCH_x86)
  struct task_struct* task = current_task(now);
  if (GET(now, task, thread_info.status) & TS_COMPAT) {
    stat_add(MV_STAT_COMPAT32, 1);
    note_once(MV_NOTE_COMPAT32, now);
    return 0;
  }
#endif
  if (op == MV_OP_COMPAT) return 0;
  if (op == MV_OP_MMAP)
    on_mmap(regs, now);
  else if (op == MV_OP_SPLICE || op == MV_OP_TEE || op == MV_OP_SENDFILE)
    on_blind(regs, ret, op, now);
  else
    on_bytes(regs, ret, op, now);
  return 0;
}

SEC("?tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs* regs, long ret) { return on_exit_of_call(regs, ret, MV_NOW); }

SEC("?raw_tp/sys_exit")
int on_sys_exit_61(struct bpf_raw_tracepoint_args* ctx) {
  return on_exit_of_call((struct pt_regs*)ctx->args[0], ctx->args[1], MV_LOOP);
}

SEC("?raw_tp/sys_exit")
int on_sys_exit_510(struct bpf_raw_tracepoint_args* ctx) {
  return on_exit_of_call((struct pt_regs*)ctx->args[0], ctx->args[1], MV_OLD);
}

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From a descriptor to a flow: which kernel object, its first sight, how its bytes are to be taken. */
#ifndef MV_FLOW_BPF_H
#define MV_FLOW_BPF_H

#include "copy.bpf.h"

#include "../../include/mcpvigil/wire/sniff.h"

/* Unique while the host is up and without an atomic: two on one CPU never share a nanosecond. */
INLINE __u64 new_flow_id(void) { return (bpf_ktime_get_boot_ns() << 6) | (bpf_get_smp_processor_id() & 63); }

struct object {
  struct mv_flow_key key;
  __u64 inode;
  __u64 sk;   /* struct sock*, sockets only */
  __u64 tty;  /* struct tty_struct*, ptys only */
  __u32 kind; /* MV_KIND_*, 0: not ours */
  __u32 family;
};

INLINE void object_of_socket(struct object* o, __u64 socket_ptr, int now) {
  struct socket* s = VIEW(now, struct socket, socket_ptr);
  struct sock* sk = GET(now, s, sk);
  if (!sk) return;
  __u16 family = GET(now, sk, __sk_common.skc_family);
  __u16 type = GET(now, sk, sk_type);
  __u16 proto = GET(now, sk, sk_protocol);
  o->sk = (__u64)sk;
  o->family = family;
  if (family == AF_UNIX && type == SOCK_STREAM)
    o->kind = MV_KIND_UNIX;
  else if (family == AF_UNIX && type == SOCK_SEQPACKET)
    o->kind = MV_KIND_SEQPACKET;
  else if ((family == AF_INET || family == AF_INET6) && type == SOCK_STREAM &&
           (proto == IPPROTO_TCP || proto == IPPROTO_MPTCP))
    o->kind = MV_KIND_TCP;
}

INLINE void object_of_file(struct object* o, struct file* file, int now) {
  struct inode* inode = GET(now, file, f_inode);
  umode_t mode = GET(now, inode, i_mode);
  o->kind = 0;
  switch (mode & S_IFMT) {
    case S_IFIFO: {
      struct super_block* sb = GET(now, inode, i_sb);
      o->kind = GET(now, sb, s_magic) == PIPEFS_MAGIC ? MV_KIND_PIPE : MV_KIND_FIFO;
      break;
    }
    case S_IFSOCK: {
      void* priv = GET(now, file, private_data);
      if (priv) object_of_socket(o, (__u64)priv, now);
      break;
    }
    case S_IFCHR: {
      __u32 rdev = GET(now, inode, i_rdev);
      __u32 major = rdev >> 20;
      /* /dev/pts/N is major 136 to 143; the master is 5:2. The inode of the master is shared by all. */
      if (!(major >= 136 && major <= 143) && rdev != ((5u << 20) | 2)) return;
      void* priv = GET(now, file, private_data);
      if (!priv) return;
      struct tty_file_private* tp = VIEW(now, struct tty_file_private, priv);
      struct tty_struct* tty = GET(now, tp, tty);
      if (!tty) return;
      o->kind = MV_KIND_PTY;
      o->tty = (__u64)tty;
      o->inode = GET(now, inode, i_ino);
      o->key.object = (__u64)tty;
      o->key.number = GET(now, tty, index);
      return;
    }
    default: return;
  }
  o->inode = GET(now, inode, i_ino);
  o->key.object = (__u64)inode;
  o->key.number = o->inode;
  if (o->kind == MV_KIND_FIFO) /* file systems use a number again */
    o->key.number ^= (__u64)GET(now, inode, i_generation) << 32;
}

/* Addresses and peer of a socket, for the record of first sight. Always probe reads: this is not the hot path. */
static __noinline int describe_socket(struct mv_flow_open* e, __u64 sk_ptr, __u32 family) {
  struct sock* sk = (struct sock*)sk_ptr;
  if (!e) return 0;
  if (family == AF_UNIX) {
    struct unix_sock *u = (struct unix_sock*)sk, *peer;
    peer = (struct unix_sock*)BPF_CORE_READ(u, peer);
    if (peer) {
      struct socket* ps = BPF_CORE_READ(&peer->sk, sk_socket);
      if (ps) {
        struct socket_alloc* sa = container_of(ps, struct socket_alloc, socket);
        e->peer_inode = BPF_CORE_READ(sa, vfs_inode.i_ino);
      }
    }
    struct unix_address* addr = BPF_CORE_READ(u, addr);
    if (!addr && peer) addr = BPF_CORE_READ(peer, addr);
    if (addr) {
      int len = BPF_CORE_READ(addr, len) - 2;
      if (len > 0) {
        __u32 n = len;
        if (n > MV_PATH_MAX - 1) n = MV_PATH_MAX - 1;
        barrier_var(n);
        if (n < MV_PATH_MAX) {
          const char* name = (const char*)addr + bpf_core_field_offset(addr->name[0]) + 2;
          if (!bpf_probe_read_kernel(e->path, n, name)) e->path_len = n;
        }
      }
    }
    return 0;
  }
  e->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
  e->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
  e->remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
  if (family == AF_INET) {
    __u32 a = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
    __builtin_memcpy(e->local_ip, &a, 4);
    a = BPF_CORE_READ(sk, __sk_common.skc_daddr);
    __builtin_memcpy(e->remote_ip, &a, 4);
    e->family = 4;
  } else {
    BPF_CORE_READ_INTO(&e->local_ip, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
    BPF_CORE_READ_INTO(&e->remote_ip, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
    e->family = 6;
  }
  return 0;
}

INLINE void emit_flow(const struct object* o, const struct flow* f, bool snapshot, int now) {
  struct mv_flow_open* e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
  if (!e) {
    stat_add(MV_STAT_CONTROL_LOST, 1);
    return;
  }
  __builtin_memset(e, 0, sizeof(*e));
  fill_header(&e->h, MV_EV_FLOW, 0);
  e->flow = f->id;
  e->key = o->key;
  e->inode = o->inode;
  e->kind = o->kind;
  e->snapshot = snapshot;
  e->tls_socket = f->tls_socket;
  if (!snapshot) fill_actor(&e->actor, now);
  if (o->sk) describe_socket(e, o->sk, o->family);
  if (o->tty) {
    struct tty_struct* tty = (struct tty_struct*)o->tty;
    struct tty_driver* driver = BPF_CORE_READ(tty, driver);
    struct tty_driver___enum* newer = (struct tty_driver___enum*)driver;
    /* 1 master, 2 slave */
    if (bpf_core_field_exists(newer->subtype))
      e->peer_inode = BPF_CORE_READ(newer, subtype);
    else if (bpf_core_field_exists(driver->subtype))
      e->peer_inode = (__u16)BPF_CORE_READ(driver, subtype);
    e->local_port = BPF_CORE_READ(tty, index);
  }
  bpf_ringbuf_submit(e, 0);
}

INLINE struct flow* flow_of(const struct object* o, bool snapshot, int now) {
  struct flow* f = bpf_map_lookup_elem(&flows, &o->key);
  if (f) return f;
  struct flow fresh = {};
  fresh.id = new_flow_id();
  fresh.kind = o->kind;
  if (bpf_map_update_elem(&flows, &o->key, &fresh, BPF_NOEXIST)) {
    f = bpf_map_lookup_elem(&flows, &o->key); /* another CPU was first */
    if (!f) stat_add(MV_STAT_FLOW_FAIL, 1);
    return f;
  }
  f = bpf_map_lookup_elem(&flows, &o->key);
  if (!f) {
    stat_add(MV_STAT_FLOW_FAIL, 1);
    return 0;
  }
  stat_add(MV_STAT_FLOWS, 1);
  emit_flow(o, f, snapshot, now);
  return f;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Every map. Kernel state of a flow is small and fixed; what is known about it lives in the daemon. */
#ifndef MV_MAPS_BPF_H
#define MV_MAPS_BPF_H

#include "../lib/core.bpf.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 16u << 20); /* resized by the daemon */
} events __weak SEC(".maps");

/* One pipe, one end of a socket, one side of a pty, one SSL*. */
struct flow {
  __u64 id;                          /* 0: the entry is being made */
  __u64 read, write;                 /* bytes moved each way: positions of the next byte */
  __u64 read_ignored, write_ignored; /* of those, counted by order */
  __u64 skip_from[2];                /* position where the present run of ignored bytes began */
  __u64 look_at;                     /* when an ignored way may be looked at again once the burst is used up */
  __u64 tls_socket;
  __u32 reader, writer; /* tgid of the last one */
  __u8 mode[2];         /* MV_MODE_* by way */
  __u8 kind;
  __u8 reader_seen; /* a hooked call delivered bytes */
  __u8 looks;       /* looks used up */
  __u8 tls_tries;   /* calls examined for a TLS binding */
  __u8 blind;       /* reported: 1 << way */
  __u8 _pad;
};

struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, MV_MAX_FLOWS);
  __type(key, struct mv_flow_key);
  __type(value, struct flow);
} flows __weak SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, MV_STAT_MAX);
  __type(key, __u32);
  __type(value, __u64);
} stats __weak SEC(".maps");

/* Arguments of SSL_* calls between entry and return, by thread. A stack: node writes from a callback of SSL_read. */
struct tls_call {
  __u64 ssl;
  __u64 buf;
  __u64 count_ptr; /* size_t* of the _ex calls, 0 for plain ones */
};
#define MV_TLS_DEPTH 4
struct tls_calls {
  __u64 depth;
  struct tls_call call[MV_TLS_DEPTH];
};
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, __u64);
  __type(value, struct tls_calls);
} tls_threads __weak SEC(".maps");

/* The SSL* a thread used last: the next TLS record it sends belongs to it. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, __u64);
  __type(value, struct mv_flow_key);
} tls_last __weak SEC(".maps");

/* Said once per process (tgid -> bit per note) and once per mapped file. */
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, __u32);
  __type(value, __u32);
} noted __weak SEC(".maps");
struct mapped_key {
  __u64 inode;
  __u32 dev;
  __u32 _pad;
};
struct {
  __uint(type, BPF_MAP_TYPE_LRU_HASH);
  __uint(max_entries, 16384);
  __type(key, struct mapped_key);
  __type(value, __u8);
} mapped __weak SEC(".maps");

INLINE void stat_add(__u32 which, __u64 n) {
  __u64* v = bpf_map_lookup_elem(&stats, &which);
  if (v) *v += n;
}

#endif

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Records kernel -> daemon, in one ring buffer. Fixed part first, payload last; times are CLOCK_BOOTTIME ns.
 * Both compilers assert the layout. Never put a kernel pointer anywhere but in mv_flow_key. */
#ifndef MCPVIGIL_WIRE_EVENT_H
#define MCPVIGIL_WIRE_EVENT_H

#include "limits.h"

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#define MV_EV_DATA 1    /* struct mv_data + payload */
#define MV_EV_FLOW 2    /* struct mv_flow_open */
#define MV_EV_ACTOR 3   /* struct mv_data, nothing copied: who does I/O on a counted way */
#define MV_EV_EOF 4     /* struct mv_data, len 0 */
#define MV_EV_SKIPPED 5 /* struct mv_data: [pos, pos+len) was counted only, by order; the stream re-opens */
#define MV_EV_EXEC 6    /* struct mv_process + argv */
#define MV_EV_FORK 7    /* struct mv_process */
#define MV_EV_EXIT 8    /* struct mv_process */
#define MV_EV_HOLDER 9  /* struct mv_data: actor holds the flow; way: 1 may read, 2 may write, 3 both */
#define MV_EV_NOTE 10   /* struct mv_note */
#define MV_EV_CLOSE 11  /* struct mv_close */
#define MV_EV_MAPPED 12 /* struct mv_mapped: a file was mapped executable for the first time */
#define MV_EV_TASK 13   /* struct mv_process: it exists (snapshot) */

#define MV_WAY_READ 0
#define MV_WAY_WRITE 1

/* Same numbers as event::FlowKind. */
#define MV_KIND_PIPE 1
#define MV_KIND_FIFO 2
#define MV_KIND_PTY 3
#define MV_KIND_UNIX 4
#define MV_KIND_SEQPACKET 5
#define MV_KIND_TCP 6
#define MV_KIND_TLS 7

/* Why a payload is shorter than len. Same numbers as base::LossReason. */
#define MV_MISSING_RING_FULL 0
#define MV_MISSING_USER_COPY 1
#define MV_MISSING_TOO_LARGE 2
#define MV_MISSING_BLIND 5
#define MV_MISSING_NONE 255

/* Same numbers as event::BlindSpot. */
#define MV_NOTE_IO_URING 1
#define MV_NOTE_COMPAT32 3
#define MV_NOTE_BLIND_READER 4
#define MV_NOTE_BLIND_WRITER 5

/* How bytes of one way are taken. Same numbers as stream::CopyMode. */
#define MV_MODE_AUTO 0
#define MV_MODE_COPY 1
#define MV_MODE_COUNT 2
#define MV_MODE_IGNORE 3

struct mv_header {
  __u32 type;
  __u32 payload; /* bytes of payload after the fixed part */
  __u64 ts;
};

struct mv_actor {
  __u32 tgid;
  __u32 tid;
  __u64 start; /* of the thread group leader */
};

struct mv_data {
  struct mv_header h;
  __u64 flow;
  __u64 pos;
  __u64 len;
  struct mv_actor actor;
  __u8 way;
  __u8 missing;
  __u8 _pad[6];
};

/* Where the kernel keeps a flow: object address and number. Stays inside the daemon, never in a recording. */
struct mv_flow_key {
  __u64 object;
  __u64 number;
};

struct mv_flow_open {
  struct mv_header h;
  __u64 flow;
  struct mv_flow_key key;
  __u64 inode;
  __u64 peer_inode;
  __u64 tls_socket; /* flow id of the socket an SSL* runs over, 0 while not known */
  __u32 netns;
  __u16 local_port, remote_port;
  __u8 family; /* 4, 6 or 0 */
  __u8 kind;
  __u8 snapshot;
  __u8 path_len;
  __u8 _pad[4];
  __u8 local_ip[16], remote_ip[16];
  struct mv_actor actor;
  char path[MV_PATH_MAX];
  __u8 _pad2[4];
};

struct mv_close {
  struct mv_header h;
  __u64 flow;
  __u64 read_total, write_total;
  __u64 read_ignored, write_ignored;
};

struct mv_process {
  struct mv_header h;
  struct mv_actor process;
  struct mv_actor parent;
  __u64 cgroup_id;
  __u32 uid;
  __u32 argv_len; /* payload: argv, NUL separated, at most MV_ARGV_MAX */
  char comm[16];
};

struct mv_note {
  struct mv_header h;
  __u64 flow;
  struct mv_actor actor;
  __u32 what;
  __u32 _pad;
};

struct mv_mapped {
  struct mv_header h;
  struct mv_actor actor;
  __u64 inode;
  __u32 dev; /* kernel encoding: major << 20 | minor */
  __u32 _pad;
};

#define MV_ASSERT(name, cond) typedef char mv_assert_##name[(cond) ? 1 : -1] __attribute__((unused))
MV_ASSERT(header, sizeof(struct mv_header) == 16);
MV_ASSERT(data, sizeof(struct mv_data) == 64);
MV_ASSERT(flow, sizeof(struct mv_flow_open) == 240);
MV_ASSERT(close, sizeof(struct mv_close) == 56);
MV_ASSERT(process, sizeof(struct mv_process) == 80);
MV_ASSERT(note, sizeof(struct mv_note) == 48);
MV_ASSERT(mapped, sizeof(struct mv_mapped) == 48);

#endif

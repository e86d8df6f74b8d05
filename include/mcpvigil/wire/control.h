/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Daemon -> kernel: settings, syscall table, counters. */
#ifndef MCPVIGIL_WIRE_CONTROL_H
#define MCPVIGIL_WIRE_CONTROL_H

/* What a system call number means to the byte probe; 0 = nothing. The daemon fills the table for its architecture. */
#define MV_OP_NONE 0
#define MV_OP_READ 1 /* (fd, buf, n) */
#define MV_OP_WRITE 2
#define MV_OP_READV 3 /* (fd, iov, iovcnt) */
#define MV_OP_WRITEV 4
#define MV_OP_RECVFROM 5 /* (fd, buf, n, flags) */
#define MV_OP_SENDTO 6
#define MV_OP_RECVMSG 7 /* (fd, msghdr, flags) */
#define MV_OP_SENDMSG 8
#define MV_OP_RECVMMSG 9 /* (fd, mmsghdr, vlen, flags) */
#define MV_OP_SENDMMSG 10
#define MV_OP_SPLICE 11   /* (fd_in, off, fd_out, off) */
#define MV_OP_TEE 12      /* (fd_in, fd_out) */
#define MV_OP_SENDFILE 13 /* (fd_out, fd_in) */
#define MV_OP_VMSPLICE 14 /* (fd, iov, n): a write from user memory */
#define MV_OP_MMAP 15     /* (addr, len, prot, flags, fd) */
#define MV_OP_COMPAT 16   /* a number that moves bytes when the call is a 32-bit one; nothing otherwise */

#define MV_SYSCALLS 512u

/* Counters, one per CPU, in `stats`. Bytes unless said otherwise. */
#define MV_STAT_SEEN 0         /* moved on streams we follow */
#define MV_STAT_COPIED 1       /* in the ring */
#define MV_STAT_COUNTED 2      /* counted only: the other end copies */
#define MV_STAT_IGNORED 3      /* counted only: not MCP */
#define MV_STAT_LOST_RING 4    /* no room in the ring */
#define MV_STAT_LOST_USER 5    /* user memory not readable */
#define MV_STAT_LOST_LARGE 6   /* beyond what one call may copy */
#define MV_STAT_RECORDS 7      /* records submitted */
#define MV_STAT_RECORDS_LOST 8 /* data records not submitted */
#define MV_STAT_CONTROL_LOST 9 /* other records not submitted (ring full) */
#define MV_STAT_FLOWS 10       /* streams created */
#define MV_STAT_FLOW_FAIL 11   /* stream table full or refused */
#define MV_STAT_COMPAT32 12    /* 32-bit calls that may move bytes, not captured */
#define MV_STAT_BLIND 13       /* bytes moved by calls that show no buffer (splice, sendfile, ...) */
#define MV_STAT_REOPENED 14    /* ignored streams looked at again */
#define MV_STAT_MAX 16

#endif

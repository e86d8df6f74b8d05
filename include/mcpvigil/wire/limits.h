/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Sizes and caps that both the probes and the daemon must agree on, each with its reason. */
#ifndef MCPVIGIL_WIRE_LIMITS_H
#define MCPVIGIL_WIRE_LIMITS_H

/* Payload of one record. The ring buffer reserves constant sizes only (before dynptrs, 5.19), so a record is one of
 * these tiers; small ones so that a 200-byte message does not cost 64 KiB of ring. */
#define MV_TIER0 192u
#define MV_TIER1 1472u
#define MV_TIER2 6016u
#define MV_TIER3 16256u
#define MV_TIER4 65536u

/* Records one system call may give: 1024 x 64 KiB = 64 MiB, the largest message we promise. */
#define MV_MAX_PIECES 1024u

/* Messages of one recvmmsg or sendmmsg call that are followed; nobody sends streams that way in larger lots. */
#define MV_MAX_MMSG 64u

/* The writer's copy is made only until a reader was seen, and at most this much: what may be on its way to a reader
 * that is only slow (pipes 64 KiB, unix sockets 208 KiB, TCP autotunes to 6 MiB), so that the copy has no hole before
 * the daemon has decided. */
#define MV_WRITER_PROBATION (8u << 20)

/* Written and not read through a hook beyond this: more than any buffer between them holds, so the reader is blind.
 * Pipes hold at most 1 MiB unless root raises it; socket buffers default to 208 KiB, TCP autotunes to 6 MiB. */
#define MV_LAG_PIPE (1u << 20)
#define MV_LAG_UNIX (2u << 20)
#define MV_LAG_TCP (16u << 20)

/* An ignored stream is looked at again when a chunk looks like a message start, this many times in a row and then
 * once per interval, so that a stream of JSON log lines stays cheap. */
#define MV_LOOKS_BURST 8u
#define MV_LOOK_INTERVAL_NS 250000000ull

#define MV_MAX_FLOWS 65536u
#define MV_ARGV_MAX 1024u
#define MV_PATH_MAX 108u

#endif

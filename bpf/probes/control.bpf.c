// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
// The daemon's wish for one flow, applied in the kernel: run by BPF_PROG_TEST_RUN (raw_tp since 5.10), because writing
// the map entry from outside would overwrite counters that move meanwhile.
#include "../maps/maps.bpf.h"

/* args: key.object, key.number, flow id, way, mode */
SEC("?raw_tp/sys_enter")
int set_mode(struct bpf_raw_tracepoint_args* ctx) {
  struct mv_flow_key key = {ctx->args[0], ctx->args[1]};
  __u64 way = ctx->args[3] & 1;
  __u8 mode = ctx->args[4];
  struct flow* f = bpf_map_lookup_elem(&flows, &key);
  if (!f || f->id != ctx->args[2]) return 1;
  if (mode == MV_MODE_IGNORE && f->mode[way] != MV_MODE_IGNORE) f->skip_from[way] = way ? f->write : f->read;
  f->mode[way] = mode;
  return 0;
}

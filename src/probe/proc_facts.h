// SPDX-License-Identifier: Apache-2.0
// What procfs says about a process. Any field may be empty: the process may be gone, or not ours to read.
#pragma once
#include <cstdint>

#include "event/event.h"

namespace mcpvigil::probe {

// Fills exe, argv, cwd, comm, uid, user, cgroup, container. False when the process is gone.
bool read_proc_facts(std::uint32_t pid, event::ProcessFacts& out);
// The user's name, from the host's database, cached; the number as text when there is none.
[[nodiscard]] std::string user_name(std::uint32_t uid);
// argv from NUL-separated bytes, bounded as ProcessFacts says.
[[nodiscard]] std::vector<std::string> split_argv(std::string_view bytes);
// The 64-hex id in a cgroup path (docker, containerd, cri-o, podman), or empty.
[[nodiscard]] std::string container_of_cgroup(std::string_view cgroup);

}  // namespace mcpvigil::probe

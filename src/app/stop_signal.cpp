// SPDX-License-Identifier: Apache-2.0
#include "app/stop_signal.h"

#include <csignal>
#include <initializer_list>

namespace mcpvigil::app {

namespace {
volatile std::sig_atomic_t g_stop = 0;

void on_signal(int which) {
  if (g_stop != 0) {
    std::signal(which, SIG_DFL);
    std::raise(which);
  }
  g_stop = 1;
}
}  // namespace

void catch_stop_signals() {
  g_stop = 0;
  struct sigaction a{};
  a.sa_handler = on_signal;
  for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaction(s, &a, nullptr);
}

bool stop_requested() { return g_stop != 0; }

}  // namespace mcpvigil::app

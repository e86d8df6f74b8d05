// SPDX-License-Identifier: Apache-2.0
#include "kernel/carriers.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace mcpvigil::test {

namespace {

std::string scratch_name(const char* what) {
  static int serial = 0;
  const char* dir = std::getenv("TMPDIR");
  return std::string(dir != nullptr ? dir : "/tmp") + "/mcpvigil-" + what + "-" + std::to_string(getpid()) + "-" +
         std::to_string(++serial);
}

Ends sorry(const char* what) { return {-1, -1, std::string(what) + ": " + std::strerror(errno)}; }

template <typename Address>
Ends connect_to(int listener, Address& address, socklen_t len, int domain) {
  Ends e;
  if (listener < 0 || bind(listener, reinterpret_cast<sockaddr*>(&address), len) != 0 || listen(listener, 1) != 0) {
    return sorry("listen");
  }
  socklen_t got = len;
  if (domain != AF_UNIX && getsockname(listener, reinterpret_cast<sockaddr*>(&address), &got) != 0)
    return sorry("name");
  e.a = socket(domain, SOCK_STREAM, 0);
  if (e.a < 0 || connect(e.a, reinterpret_cast<sockaddr*>(&address), len) != 0) return sorry("connect");
  e.b = accept(listener, nullptr, nullptr);
  if (e.b < 0) return sorry("accept");
  close(listener);
  const int on = 1;  // or 1-byte writes wait for acknowledgements
  if (domain != AF_UNIX) setsockopt(e.a, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return e;
}

Ends open_pty(bool to_master) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  char path[64];
  if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0 || ptsname_r(master, path, sizeof path) != 0) {
    return sorry("posix_openpt");
  }
  const int slave = open(path, O_RDWR | O_NOCTTY);
  termios t{};
  if (slave < 0 || tcgetattr(slave, &t) != 0) return sorry("pty");
  cfmakeraw(&t);
  tcsetattr(slave, TCSANOW, &t);
  return to_master ? Ends{slave, master, {}} : Ends{master, slave, {}};
}

}  // namespace

Ends open_carrier(Carrier c) {
  Ends e;
  int fds[2] = {-1, -1};
  switch (c) {
    case Carrier::kPipe:
      if (pipe(fds) != 0) return sorry("pipe");
      return {fds[1], fds[0], {}};
    case Carrier::kFifo: {
      const std::string path = scratch_name("fifo");
      if (mkfifo(path.c_str(), 0600) != 0) return sorry("mkfifo");
      e.b = open(path.c_str(), O_RDONLY | O_NONBLOCK);
      e.a = open(path.c_str(), O_WRONLY);
      unlink(path.c_str());
      if (e.a < 0 || e.b < 0) return sorry("open FIFO");
      fcntl(e.b, F_SETFL, 0);
      return e;
    }
    case Carrier::kSocketpair:
    case Carrier::kSeqpacket:
      if (socketpair(AF_UNIX, c == Carrier::kSocketpair ? SOCK_STREAM : SOCK_SEQPACKET, 0, fds) != 0) {
        return sorry("socketpair");
      }
      return {fds[0], fds[1], {}};
    case Carrier::kNamedUnix: {
      const std::string path = scratch_name("socket");
      sockaddr_un a{};
      a.sun_family = AF_UNIX;
      std::strncpy(a.sun_path, path.c_str(), sizeof a.sun_path - 1);
      e = connect_to(socket(AF_UNIX, SOCK_STREAM, 0), a, sizeof a, AF_UNIX);
      unlink(path.c_str());
      return e;
    }
    case Carrier::kTcp4: {
      sockaddr_in a{};
      a.sin_family = AF_INET;
      a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      return connect_to(socket(AF_INET, SOCK_STREAM, 0), a, sizeof a, AF_INET);
    }
    case Carrier::kTcp6: {
      sockaddr_in6 a{};
      a.sin6_family = AF_INET6;
      a.sin6_addr = in6addr_loopback;
      return connect_to(socket(AF_INET6, SOCK_STREAM, 0), a, sizeof a, AF_INET6);
    }
    case Carrier::kPtyToMaster: return open_pty(true);
    case Carrier::kPtyToSlave: return open_pty(false);
  }
  return {-1, -1, "?"};
}

const char* name(Carrier c) {
  constexpr const char* kNames[] = {"pipe", "fifo", "socketpair",    "seqpacket",   "named_unix",
                                    "tcp4", "tcp6", "pty_to_master", "pty_to_slave"};
  return kNames[static_cast<int>(c)];
}
const char* name(Reader r) {
  constexpr const char* kNames[] = {"read", "readv", "recvfrom", "recvmsg", "recvmmsg"};
  return kNames[static_cast<int>(r)];
}
const char* name(Writer w) {
  constexpr const char* kNames[] = {"write", "writev", "sendto", "sendmsg", "sendmmsg", "vmsplice"};
  return kNames[static_cast<int>(w)];
}
const char* name(Split s) {
  constexpr const char* kNames[] = {"whole", "one_byte", "odd_iovecs", "pieces"};
  return kNames[static_cast<int>(s)];
}

event::FlowKind kind_of(Carrier c) {
  switch (c) {
    case Carrier::kPipe: return event::FlowKind::kPipe;
    case Carrier::kFifo: return event::FlowKind::kFifo;
    case Carrier::kSocketpair:
    case Carrier::kNamedUnix: return event::FlowKind::kUnixStream;
    case Carrier::kSeqpacket: return event::FlowKind::kUnixSeqpacket;
    case Carrier::kTcp4:
    case Carrier::kTcp6: return event::FlowKind::kTcp;
    default: return event::FlowKind::kPty;
  }
}

bool is_pipe(Carrier c) { return c == Carrier::kPipe || c == Carrier::kFifo; }
bool is_socket(Carrier c) { return !is_pipe(c) && kind_of(c) != event::FlowKind::kPty; }
bool fits(Carrier c, Writer w) {
  return w == Writer::kWrite || w == Writer::kWritev || (w == Writer::kVmsplice ? is_pipe(c) : is_socket(c));
}
bool fits(Carrier c, Reader r) { return r == Reader::kRead || r == Reader::kReadv || is_socket(c); }

namespace {

constexpr std::size_t kOdd[] = {1, 7, 3, 333, 4095, 1, 65537, 13, 4097, 70000};

// Cuts [p, p+n) into buffers.
std::vector<iovec> cut(char* p, std::size_t n, Split s, std::size_t most) {
  std::vector<iovec> out;
  n = std::min(n, most);
  if (s == Split::kOneByte) n = std::min<std::size_t>(n, 1);
  if (s == Split::kPieces) n = std::min<std::size_t>(n, 5000);
  static std::size_t turn = 0;  // calls with one buffer take the next length each
  std::size_t i = turn++;
  while (n != 0) {
    const std::size_t len = s == Split::kOddIovecs ? std::min(n, kOdd[i++ % std::size(kOdd)]) : n;
    if (out.size() == 60) break;
    out.push_back({p, len});
    p += len;
    n -= len;
  }
  return out;
}

// Two messages, the buffers shared out between them.
std::vector<mmsghdr> two(std::vector<iovec>& iov) {
  if (iov.size() == 1 && iov[0].iov_len > 1) {
    const std::size_t first = iov[0].iov_len / 2;
    iov.push_back({static_cast<char*>(iov[0].iov_base) + first, iov[0].iov_len - first});
    iov[0].iov_len = first;
  }
  const std::size_t half = (iov.size() + 1) / 2;
  std::vector<mmsghdr> m(iov.size() > half ? 2 : 1);
  m[0].msg_hdr.msg_iov = iov.data();
  m[0].msg_hdr.msg_iovlen = half;
  if (m.size() == 2) {
    m[1].msg_hdr.msg_iov = iov.data() + half;
    m[1].msg_hdr.msg_iovlen = iov.size() - half;
  }
  return m;
}

ssize_t total(const std::vector<mmsghdr>& m, int n) {
  if (n < 0) return -1;
  ssize_t sum = 0;
  for (int i = 0; i < n; ++i) sum += m[static_cast<std::size_t>(i)].msg_len;
  return sum;
}

ssize_t write_call(int fd, std::vector<iovec>& iov, Writer w) {
  msghdr h{};
  h.msg_iov = iov.data();
  h.msg_iovlen = iov.size();
  switch (w) {
    case Writer::kWrite: return ::write(fd, iov[0].iov_base, iov[0].iov_len);
    case Writer::kWritev: return ::writev(fd, iov.data(), static_cast<int>(iov.size()));
    case Writer::kSendto: return ::send(fd, iov[0].iov_base, iov[0].iov_len, MSG_NOSIGNAL);
    case Writer::kSendmsg: return ::sendmsg(fd, &h, MSG_NOSIGNAL);
    case Writer::kSendmmsg: {
      auto m = two(iov);
      return total(m, ::sendmmsg(fd, m.data(), static_cast<unsigned>(m.size()), MSG_NOSIGNAL));
    }
    case Writer::kVmsplice: return ::vmsplice(fd, iov.data(), iov.size(), 0);
  }
  return -1;
}

ssize_t read_call(int fd, std::vector<iovec>& iov, Reader r) {
  msghdr h{};
  h.msg_iov = iov.data();
  h.msg_iovlen = iov.size();
  switch (r) {
    case Reader::kRead: return ::read(fd, iov[0].iov_base, iov[0].iov_len);
    case Reader::kReadv: return ::readv(fd, iov.data(), static_cast<int>(iov.size()));
    case Reader::kRecvfrom: return ::recv(fd, iov[0].iov_base, iov[0].iov_len, 0);
    case Reader::kRecvmsg: return ::recvmsg(fd, &h, 0);
    case Reader::kRecvmmsg: {
      auto m = two(iov);
      return total(m, ::recvmmsg(fd, m.data(), static_cast<unsigned>(m.size()), MSG_WAITFORONE, nullptr));
    }
  }
  return -1;
}

}  // namespace

bool write_all(int fd, std::string_view bytes, Writer w, Split s, bool packets) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::vector<iovec> iov =
        cut(const_cast<char*>(bytes.data()) + at, bytes.size() - at, s, packets ? kMaxPacket : bytes.size());
    const ssize_t n = write_call(fd, iov, w);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += static_cast<std::size_t>(n);
  }
  return true;
}

bool read_all(int fd, std::size_t n, Reader r, Split s) {
  static std::vector<char> room(512UL << 10);
  while (n != 0) {
    std::vector<iovec> iov = cut(room.data(), room.size(), s, room.size());
    const ssize_t got = read_call(fd, iov, r);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    n -= std::min(n, static_cast<std::size_t>(got));
  }
  return true;
}

}  // namespace mcpvigil::test

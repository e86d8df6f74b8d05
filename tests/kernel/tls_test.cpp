// SPDX-License-Identifier: Apache-2.0
// OpenSSL at both ends, plaintext taken at the library: each byte once, one channel, whatever calls are used.
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "kernel/carriers.h"
#include "kernel/observed.h"

namespace mcpvigil::test {
namespace {

enum class Api { kPlain, kEx, kMemoryBio };
const char* name(Api a) { return a == Api::kPlain ? "plain" : a == Api::kEx ? "ex" : "memory_bio"; }

EVP_PKEY* key() {
  static EVP_PKEY* k = EVP_EC_gen("P-256");
  return k;
}

X509* certificate() {
  static X509* c = [] {
    X509* x = X509_new();
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key());
    X509_sign(x, key(), EVP_sha256());
    return x;
  }();
  return c;
}

SSL_CTX* context(bool server) {
  SSL_CTX* ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
  if (server) {
    SSL_CTX_use_certificate(ctx, certificate());
    SSL_CTX_use_PrivateKey(ctx, key());
  }
  return ctx;
}

// One end of a connection, in an actor.
class Tls {
 public:
  Tls(SSL_CTX* ctx, int fd, bool server, Api api) : ssl_(SSL_new(ctx)), fd_(fd), api_(api) {
    if (api == Api::kMemoryBio) {
      SSL_set_bio(ssl_, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    } else {
      SSL_set_fd(ssl_, fd);
    }
    if (server) {
      SSL_set_accept_state(ssl_);
    } else {
      SSL_set_connect_state(ssl_);
    }
    finish([&] { return SSL_do_handshake(ssl_); });
  }
  ~Tls() { SSL_free(ssl_); }
  Tls(const Tls&) = delete;

  void put(std::string_view s) {
    std::size_t n = s.size();
    finish([&] {
      return api_ == Api::kEx ? SSL_write_ex(ssl_, s.data(), s.size(), &n)
                              : SSL_write(ssl_, s.data(), static_cast<int>(s.size()));
    });
    DO(n == s.size());
  }
  void get(std::size_t n) {
    std::vector<char> room(40000);
    while (n != 0) {
      std::size_t got = 0;
      const std::size_t want = std::min(n, room.size());
      const int ret = finish([&] {
        return api_ == Api::kEx ? SSL_read_ex(ssl_, room.data(), want, &got)
                                : SSL_read(ssl_, room.data(), static_cast<int>(want));
      });
      n -= api_ == Api::kEx ? got : static_cast<std::size_t>(ret);
    }
  }
  void bye() {
    if (SSL_shutdown(ssl_) < 0 || api_ != Api::kMemoryBio) return;
    char b[256];
    const int n = BIO_read(SSL_get_wbio(ssl_), b, sizeof b);
    // The other end may be gone already.
    if (n > 0 && write(fd_, b, static_cast<std::size_t>(n)) < 0) DO(errno == EPIPE || errno == ECONNRESET);
  }
  [[nodiscard]] const void* address() const { return ssl_; }

 private:
  // Repeats the call until it is done; moves the ciphertext itself when the library does not.
  template <typename Call>
  int finish(Call call) {
    for (;;) {
      ERR_clear_error();
      const int ret = call();
      const int why = ret > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_, ret);
      flush();
      if (ret > 0) return ret;
      DO(why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE);
      DO(api_ == Api::kMemoryBio);
      if (why == SSL_ERROR_WANT_READ) {
        char b[16384];
        const ssize_t n = read(fd_, b, sizeof b);
        DO(n > 0);
        DO(BIO_write(SSL_get_rbio(ssl_), b, static_cast<int>(n)) == n);
      }
    }
  }
  void flush() {
    if (api_ != Api::kMemoryBio) return;
    char b[16384];
    int n = 0;
    while ((n = BIO_read(SSL_get_wbio(ssl_), b, sizeof b)) > 0) {
      DO(write_all(fd_, std::string_view(b, static_cast<std::size_t>(n)), Writer::kWrite, Split::kWhole, false));
    }
  }

  SSL* ssl_;
  int fd_;
  Api api_;
};

probe::KernelSource* tls_source() {
  // This binary maps libssl itself: found and hooked at the start.
  static std::unique_ptr<probe::KernelSource> source = [] {
    probe::LiveOptions options = live_options();
    options.tls = true;
    auto opened = probe::KernelSource::open(options);
    if (!opened) return std::unique_ptr<probe::KernelSource>();
    return std::move(*opened);
  }();
  return source.get();
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    if (const std::string why = why_not_here(); !why.empty()) GTEST_SKIP() << why;
    key();
    certificate();
    ASSERT_NE(tls_source(), nullptr);
    const auto caps = tls_source()->capabilities();
    const auto tls = std::find_if(caps.begin(), caps.end(), [](const auto& c) { return c.name == "tls: OpenSSL"; });
    ASSERT_NE(tls, caps.end());
    ASSERT_TRUE(tls->ok) << tls->how;
  }
};

void drop_ciphertext(Heard& heard) {
  std::erase_if(heard.lanes, [](const HeardLane& l) { return l.channel.kind != event::FlowKind::kTls; });
}

using Pair = std::tuple<Carrier, Api, Api>;
class TlsPairs : public TlsTest, public testing::WithParamInterface<Pair> {};

TEST_P(TlsPairs, EachByteOnceOnOneChannel) {
  const auto [carrier, client_api, server_api] = GetParam();
  Actors actors;
  const Ends e = open_carrier(carrier);
  const std::string request = message(300, 1);
  const std::string answer = message(70000, 2);
  const std::string bye = message(60, 3);
  const pid_t client = actors.start({e.a}, [&, api = client_api] {
    Tls tls(context(false), e.a, false, api);
    tls.put(request);
    tls.get(answer.size());
    tls.put(bye);
    tls.bye();
  });
  const pid_t server = actors.start({e.b}, [&, api = server_api] {
    Tls tls(context(true), e.b, true, api);
    tls.get(request.size());
    tls.put(answer);
    tls.get(bye.size());
  });
  Heard heard = hear(actors, *tls_source());
  const auto carriers = std::count_if(heard.lanes.begin(), heard.lanes.end(), [](const HeardLane& l) {
    return l.channel.kind != event::FlowKind::kTls && !l.channel.tls;
  });
  EXPECT_EQ(carriers, 0) << "the socket is known to carry TLS";
  drop_ciphertext(heard);
  const HeardLane there =
      heard.expect({.bytes = request + bye, .sender = client, .receiver = server, .kind = event::FlowKind::kTls});
  const HeardLane back =
      heard.expect({.bytes = answer, .sender = server, .receiver = client, .kind = event::FlowKind::kTls});
  heard.expect_nothing_else();
  EXPECT_EQ(there.channel.id, back.channel.id) << "one channel";
}

std::vector<Pair> pairs() {
  std::vector<Pair> out;
  for (const Carrier c : {Carrier::kSocketpair, Carrier::kTcp4}) {
    for (const Api x : {Api::kPlain, Api::kEx, Api::kMemoryBio}) {
      for (const Api y : {Api::kPlain, Api::kEx, Api::kMemoryBio}) out.emplace_back(c, x, y);
    }
  }
  return out;
}
INSTANTIATE_TEST_SUITE_P(Tls, TlsPairs, testing::ValuesIn(pairs()), [](const testing::TestParamInfo<Pair>& p) {
  return std::string(name(std::get<0>(p.param))) + "_" + name(std::get<1>(p.param)) + "_" + name(std::get<2>(p.param));
});

TEST_F(TlsTest, AnAddressUsedAgainIsAnotherConnection) {
  Actors actors;
  const Ends one = open_carrier(Carrier::kTcp4);
  const Ends two = open_carrier(Carrier::kTcp4);
  const auto role = [&](int first, int second, bool server) {
    SSL_CTX* ctx = context(server);
    int n = 0;
    for (const int fd : {first, second}) {
      Tls tls(ctx, fd, server, Api::kPlain);
      const std::string m = message(200, ++n);
      if (server) {
        tls.get(m.size());
      } else {
        tls.put(m);
      }
      if (server) {
        tls.put(message(250, n));
      } else {
        tls.get(message(250, n).size());
      }
    }
  };
  const pid_t client = actors.start({one.a, two.a}, [&] { role(one.a, two.a, false); });
  const pid_t server = actors.start({one.b, two.b}, [&] { role(one.b, two.b, true); });
  Heard heard = hear(actors, *tls_source());
  drop_ciphertext(heard);
  std::set<stream::ChannelId> channels;
  for (const int n : {1, 2}) {
    const HeardLane x = heard.expect({.bytes = message(200, n), .sender = client, .receiver = server});
    const HeardLane y = heard.expect({.bytes = message(250, n), .sender = server, .receiver = client});
    EXPECT_EQ(x.channel.id, y.channel.id);
    channels.insert(x.channel.id);
  }
  EXPECT_EQ(channels.size(), 2U);
  heard.expect_nothing_else();
}

TEST_F(TlsTest, TwoConnectionsInOneThread) {
  // Their calls alternate: each SSL* finds its own socket.
  for (const Api api : {Api::kPlain, Api::kMemoryBio}) {
    SCOPED_TRACE(name(api));
    Actors actors;
    const Ends one = open_carrier(Carrier::kTcp4);
    const Ends two = open_carrier(Carrier::kTcp4);
    const pid_t client = actors.start({one.a, two.a}, [&] {
      SSL_CTX* ctx = context(false);
      Tls x(ctx, one.a, false, api);
      Tls y(ctx, two.a, false, api);
      for (int i = 0; i < 5; ++i) {
        x.put(message(100, i));
        y.put(message(120, i));
      }
      x.get(1);
      y.get(1);
    });
    const auto serve = [&](int fd, std::size_t size) {
      Tls tls(context(true), fd, true, api);
      for (int i = 0; i < 5; ++i) tls.get(message(size, i).size());
      tls.put("k");
    };
    const pid_t first = actors.start({one.b}, [&] { serve(one.b, 100); });
    const pid_t second = actors.start({two.b}, [&] { serve(two.b, 120); });
    Heard heard = hear(actors, *tls_source());
    drop_ciphertext(heard);
    for (const auto& [size, server] : {std::pair{100, first}, std::pair{120, second}}) {
      std::string all;
      for (int i = 0; i < 5; ++i) all += message(static_cast<std::size_t>(size), i);
      heard.expect({.bytes = all, .sender = client, .receiver = server});
    }
    heard.expect({.bytes = "k", .receiver = client});
    heard.expect({.bytes = "k", .receiver = client});
    heard.expect_nothing_else();
  }
}

}  // namespace
}  // namespace mcpvigil::test

/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Could a message begin at these bytes? Asked by the kernel of every chunk of an ignored stream, and by the tests; so
 * cheap, bounded, and leaning to "yes": the daemon decides on parsed JSON. */
#ifndef MCPVIGIL_WIRE_SNIFF_H
#define MCPVIGIL_WIRE_SNIFF_H

/* Bytes looked at; a shorter chunk is padded with zeros. Few, because the verifier walks every path. */
#define MV_SNIFF_BYTES 8

/* JSON: a bracket after at most 7 blanks or a byte order mark. HTTP/1: POST, GET, HTTP. */
static inline __attribute__((always_inline)) int mv_message_start(const char b[MV_SNIFF_BYTES]) {
  if (b[0] == 'P' || b[0] == 'H' || b[0] == 'G')
    return (b[1] == 'O' && b[2] == 'S') || (b[1] == 'T' && b[2] == 'T') || (b[1] == 'E' && b[2] == 'T');
  for (int i = 0; i < MV_SNIFF_BYTES; i++) {
    const unsigned char c = b[i] & 0xff;
    if ((c | 0x20) == '{') /* { or [ */
      return 1;
    /* tab, newline, carriage return, blank; the three bytes of a BOM */
    if ((c > ' ') & (c < 0xbb)) return 0;
    if (c == 0) return 0;
  }
  return 0;
}

/* A TLS record header: handshake, application data, alert or change_cipher_spec, version 3.x (RFC 8446 5.1). */
static inline __attribute__((always_inline)) int mv_tls_record(const char b[3]) {
  return b[0] >= 0x14 && b[0] <= 0x17 && b[1] == 3 && b[2] >= 0 && b[2] <= 4;
}

#endif

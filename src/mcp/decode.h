// SPDX-License-Identifier: Apache-2.0
// The parts of decode(), one file each. They fill `op` and set evidence as far as they can see.
#pragma once
#include "mcp/operation.h"

namespace mcpvigil::mcp {

// decode_meta.cpp: params._meta and result._meta. True: it has one of MCP's own keys (decisive).
bool decode_meta(simdjson::dom::element meta, Operation& op);

// decode_request.cpp: requests and notifications.
void decode_request(const jsonrpc::Message& m, Operation& op);

// decode_answer.cpp: results and errors.
void decode_result(const jsonrpc::Message& m, Operation& op);
void decode_error(const jsonrpc::Message& m, Operation& op);

// A stronger reason replaces a weaker one: the first strong mark stays, decisive beats strong, a veto beats all.
void give_strong(Operation& op, std::string_view mark);
void give_decisive(Operation& op, std::string_view mark);
void give_veto(Operation& op, std::string_view protocol);

}  // namespace mcpvigil::mcp

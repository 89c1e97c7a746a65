package dev.skiff.server.http;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A request without a network. It remembers its reply. */
final class FakeExchange extends Exchange {
  final Map<String, String> replyHeaders = new LinkedHashMap<>();
  int status;
  @Nullable Body reply;
  Body body = new Body(new byte[0]);
  boolean mayWait = true;

  private final String method;
  private final Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
  private final Map<String, String> parameters = new TreeMap<>();

  FakeExchange(String method) {
    this.method = method;
  }

  /** A request to a path that names a model. */
  static FakeExchange to(String model) {
    FakeExchange exchange = new FakeExchange("GET");
    exchange.parameters.put("model", model);
    return exchange;
  }

  static FakeExchange with(String header, String... values) {
    FakeExchange exchange = new FakeExchange("POST");
    exchange.headers.put(header, List.of(values));
    return exchange;
  }

  FakeExchange and(String header, String... values) {
    headers.put(header, List.of(values));
    return this;
  }

  @Override
  String method() {
    return method;
  }

  @Override
  @Nullable String header(String name) {
    List<String> values = headers.get(name);
    return values == null ? null : values.getFirst();
  }

  @Override
  boolean isRepeated(String name) {
    return headers.getOrDefault(name, List.of()).size() > 1;
  }

  @Override
  Optional<String> parameter(String name) {
    return Optional.ofNullable(parameters.get(name));
  }

  @Override
  boolean mayWait() {
    return mayWait;
  }

  @Override
  Body body() {
    return body;
  }

  @Override
  void replyHeader(String name, String value) {
    replyHeaders.put(name, value);
  }

  @Override
  protected void send(int sentStatus, String contentType, Body body) {
    if (reply != null) {
      throw new AssertionError("replied twice");
    }
    status = sentStatus;
    reply = body;
    replyHeaders.put("Content-Type", contentType);
  }
}

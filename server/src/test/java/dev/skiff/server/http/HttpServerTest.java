package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HttpServerTest {

  /** Else ten thousand that stall end the server of a small pod. */
  @Test
  void takesAsManyConnectionsAsTheHeapCanBear() {
    assertThat(HttpServer.maxConnections(10_000, 96 << 20)).isEqualTo(3_072);
    assertThat(HttpServer.maxConnections(10_000, 1L << 40)).isEqualTo(10_000);
    assertThat(HttpServer.maxConnections(7, 96 << 20)).isEqualTo(7);
  }
}

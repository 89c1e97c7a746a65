package dev.skiff.server.http;

import java.nio.file.Path;
import java.util.stream.Stream;

/** The ways by which a request for a prediction comes in. */
enum Door {
  FAST_LANE("--fast-lane=true"),
  SERVLETS("--fast-lane=false");

  private final String flag;

  Door(String flag) {
    this.flag = flag;
  }

  /** A server that has this one alone. */
  TestServer start(Path models, String... flags) {
    return TestServer.start(
        models, Stream.concat(Stream.of(flag), Stream.of(flags)).toArray(String[]::new));
  }

  /** The same, whose models may still be loading. */
  TestServer begin(Path models) {
    return TestServer.begin(models, flag);
  }
}

package dev.skiff.server.http;

import java.nio.charset.StandardCharsets;

/** Fuzzes plain requests: whatever is taken for one, Jetty's parser takes, too, and so. */
public final class PlainRequestFuzz {
  private PlainRequestFuzz() {}

  /** What came on a connection. */
  public static void fuzzerTestOneInput(byte[] input) {
    new PlainRequestTest().assertReadAsJettyReads(new String(input, StandardCharsets.ISO_8859_1));
  }
}

package dev.skiff.server.http;

import dev.skiff.server.inference.Datatype;
import java.nio.charset.StandardCharsets;

/** Fuzzes the numbers of an array: read straight, they are what Jackson alone makes of them. */
public final class NumbersFuzz {
  private static final Datatype[] DATATYPES = {
    Datatype.FP32,
    Datatype.FP64,
    Datatype.INT64,
    Datatype.UINT8,
    Datatype.INT8,
    Datatype.INT16,
    Datatype.UINT16,
    Datatype.INT32,
    Datatype.UINT32,
    Datatype.UINT64
  };

  private NumbersFuzz() {}

  /** A digit for the datatype, then what comes behind the array's bracket. */
  public static void fuzzerTestOneInput(byte[] input) {
    if (input.length == 0) {
      return;
    }
    Datatype datatype = DATATYPES[Math.floorMod(input[0] - '0', DATATYPES.length)];
    String numbers = new String(input, 1, input.length - 1, StandardCharsets.ISO_8859_1);
    // One of the two ways reads nothing but flat arrays.
    if (numbers.indexOf('[') < 0 && numbers.indexOf('{') < 0) {
      NumberReaderTest.assertSame(datatype, "[" + numbers);
    }
  }
}

package dev.skiff.server.inference;

import java.util.Optional;

/**
 * The element types of a tensor, named as in the Open Inference Protocol V2 ("Tensor Data Types").
 */
public enum Datatype {
  BOOL(1),
  UINT8(1),
  UINT16(2),
  UINT32(4),
  UINT64(8),
  INT8(1),
  INT16(2),
  INT32(4),
  INT64(8),
  FP16(2),
  BF16(2),
  FP32(4),
  FP64(8),
  /**
   * Strings and other byte sequences of any length. In a tensor's data each element is a 4-byte
   * little-endian length and that many bytes, as in the protocol's binary tensor extension.
   */
  BYTES(0);

  private final int byteSize;

  Datatype(int byteSize) {
    this.byteSize = byteSize;
  }

  /** The bytes that one element takes, or 0 for {@link #BYTES}, whose elements differ. */
  public int byteSize() {
    return byteSize;
  }

  /** The datatype with this protocol name, such as {@code FP32}; names are case-sensitive. */
  public static Optional<Datatype> named(String name) {
    for (Datatype datatype : values()) {
      if (datatype.name().equals(name)) {
        return Optional.of(datatype);
      }
    }
    return Optional.empty();
  }
}

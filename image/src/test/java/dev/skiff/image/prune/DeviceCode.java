package dev.skiff.image.prune;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Code of a fat binary, as {@link ProviderFile} has it.
 *
 * @param kind 1 for PTX, 2 for a cubin
 * @param payload the bytes behind the header
 * @param raw what the payload is once it is decompressed; random bytes where it is empty
 */
record DeviceCode(int kind, int architecture, int payload, int header, long flags, String raw) {
  private static final long COMPRESSED = 0x2011;
  private static final long SPECIFIC = 0x100000;

  /** Code of random bytes. */
  DeviceCode(int kind, int architecture, int payload, int header, long flags) {
    this(kind, architecture, payload, header, flags, "");
  }

  static DeviceCode cubin(int architecture, int payload) {
    return new DeviceCode(2, architecture, payload, architecture < 100 ? 64 : 96, COMPRESSED);
  }

  static DeviceCode ptx(int architecture, int payload) {
    return new DeviceCode(1, architecture, payload, 64, COMPRESSED);
  }

  /** A cubin as for sm_90a. */
  static DeviceCode specific(int architecture, int payload) {
    return new DeviceCode(2, architecture, payload, 64, COMPRESSED | SPECIFIC);
  }

  /** A cubin with such code in its LZ4 block, which has nothing but literals. */
  static DeviceCode lz4(int architecture, String raw) {
    int payload = (lz4Block(raw).length + 7) / 8 * 8;
    return new DeviceCode(2, architecture, payload, 64, COMPRESSED, raw);
  }

  private static byte[] lz4Block(String text) {
    byte[] literals = text.getBytes(UTF_8);
    ByteBuffer block = ByteBuffer.allocate(2 * literals.length + 16).put((byte) 0xf0);
    int rest = literals.length - 15;
    for (; rest >= 255; rest -= 255) {
      block.put((byte) 255);
    }
    block.put((byte) rest).put(literals);
    return Arrays.copyOf(block.array(), block.position());
  }

  /** The bytes with the header. */
  int size() {
    return header + payload;
  }

  void write(ByteBuffer to) {
    int at = to.position();
    to.put(ProviderFile.random(size(), at));
    to.putShort(at, (short) kind).putInt(at + 4, header);
    to.putLong(at + 8, payload).putInt(at + 28, architecture);
    to.putLong(at + 40, flags);
    if (!raw.isEmpty()) {
      byte[] block = lz4Block(raw);
      to.put(at + header, block).putInt(at + 16, block.length);
      to.putLong(at + 56, raw.length());
    }
  }
}

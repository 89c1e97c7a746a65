package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;

/**
 * What a compressed body holds, of which every byte has its place: in gzip's format one or more
 * members (RFC 1952), in zlib's a single stream (RFC 1950). The JDK's own streams let pass whatever
 * comes behind. Used by one thread.
 */
final class InflatingStream extends InputStream {
  private static final int MAGIC = 0x8b1f;
  private static final int DEFLATED = 8;
  private static final int HEADER_CHECKSUM = 2;
  private static final int EXTRA = 4;
  private static final int NAME = 8;
  private static final int COMMENT = 16;
  private static final int RESERVED = 0xe0;

  private final boolean isGzip;
  private final ByteBuffer compressed;
  private final Inflater inflater;
  private final CRC32 sum = new CRC32();
  private boolean ended;

  /**
   * The stream of a body.
   *
   * @throws IOException if it does not begin as it should
   */
  InflatingStream(Body body, ContentCoding coding) throws IOException {
    this.isGzip = coding == ContentCoding.GZIP;
    this.compressed =
        ByteBuffer.wrap(body.bytes(), body.offset(), body.length())
            .slice()
            .order(ByteOrder.LITTLE_ENDIAN);
    if (isGzip) {
      header();
    }
    this.inflater = new Inflater(isGzip);
    inflater.setInput(compressed);
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : Byte.toUnsignedInt(one[0]);
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    try {
      int count = 0;
      while (count == 0 && length > 0 && !ended) {
        count = inflater.inflate(bytes, offset, length);
        sum.update(bytes, offset, count);
        if (inflater.finished()) {
          ended = !goesOn();
        } else if (count == 0) {
          throw new EOFException("cut short");
        }
      }
      return count == 0 && ended ? -1 : count;
    } catch (DataFormatException e) {
      throw new ZipException(e.getMessage());
    }
  }

  /** Checks the end of a member or stream, and whether another one begins there. */
  private boolean goesOn() throws IOException {
    if (isGzip) {
      require(Integer.BYTES + Integer.BYTES);
      int wantedSum = compressed.getInt();
      int wantedLength = compressed.getInt();
      if (wantedSum != (int) sum.getValue() || wantedLength != (int) inflater.getBytesWritten()) {
        throw new ZipException("another checksum or length");
      }
    }
    if (!compressed.hasRemaining()) {
      return false;
    }
    if (!isGzip) {
      throw new ZipException("goes on behind its end");
    }
    header();
    sum.reset();
    inflater.reset();
    inflater.setInput(compressed);
    return true;
  }

  /** Reads over a member's header (RFC 1952, 2.3). */
  private void header() throws IOException {
    int start = compressed.position();
    require(10);
    int magic = Short.toUnsignedInt(compressed.getShort());
    int method = compressed.get();
    int flags = compressed.get();
    if (magic != MAGIC || method != DEFLATED || (flags & RESERVED) != 0) {
      throw new ZipException("no member of gzip");
    }
    skip(6); // time, extra flags, system
    if ((flags & EXTRA) != 0) {
      require(Short.BYTES);
      skip(Short.toUnsignedInt(compressed.getShort()));
    }
    if ((flags & NAME) != 0) {
      skipText();
    }
    if ((flags & COMMENT) != 0) {
      skipText();
    }
    if ((flags & HEADER_CHECKSUM) != 0) {
      CRC32 headerSum = new CRC32();
      headerSum.update(compressed.slice(start, compressed.position() - start));
      require(Short.BYTES);
      if (compressed.getShort() != (short) headerSum.getValue()) {
        throw new ZipException("another checksum of the header");
      }
    }
  }

  private void skipText() throws IOException {
    do {
      require(1);
    } while (compressed.get() != 0);
  }

  private void skip(int count) throws IOException {
    require(count);
    compressed.position(compressed.position() + count);
  }

  private void require(int count) throws IOException {
    if (compressed.remaining() < count) {
      throw new EOFException("cut short");
    }
  }

  /** Frees the decompressor. */
  @Override
  public void close() {
    inflater.end();
  }
}

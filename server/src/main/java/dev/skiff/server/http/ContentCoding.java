package dev.skiff.server.http;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import org.jspecify.annotations.Nullable;

/**
 * The content codings of HTTP in which bodies may come and go (RFC 9110, 8.4.1): compressed with
 * DEFLATE, in gzip's format (RFC 1952) or zlib's (RFC 1950), which HTTP calls deflate.
 */
enum ContentCoding {
  GZIP,
  DEFLATE;

  /** A smaller reply fits into one packet anyway. */
  static final int LEAST_BYTES = 1400;

  /**
   * Higher levels make JSON numbers smaller by a tenth and take eight times as long (decision 17).
   */
  private static final int LEVEL = Deflater.BEST_SPEED;

  private static final int PIECE = 16 << 10;

  /** How much memory a body gets, in sizes of what came, before its own size is known. */
  private static final long CREDIT = 4;

  /** Gzip's header without a name or a time, made by an unknown system. */
  private static final byte[] GZIP_HEAD = {0x1f, (byte) 0x8b, 8, 0, 0, 0, 0, 0, 4, (byte) 0xff};

  private static final int GZIP_TAIL = 8;

  private final String token = name().toLowerCase(Locale.ROOT);

  /**
   * The coding of a request's body; none if it is as it is.
   *
   * @throws InferenceException UNSUPPORTED_MEDIA_TYPE for an unknown one, or for several
   */
  static Optional<ContentCoding> ofRequest(Exchange exchange) {
    String name = exchange.header("Content-Encoding");
    if (name == null || name.equalsIgnoreCase("identity")) {
      return Optional.empty();
    }
    Optional<ContentCoding> coding = named(name);
    if (coding.isEmpty() || exchange.isRepeated("Content-Encoding")) {
      // RFC 9110, 15.5.16: with a 415 this header says what would be taken.
      exchange.replyHeader("Accept-Encoding", "gzip, deflate");
      throw new InferenceException(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE,
          coding.isEmpty()
              ? "Content-Encoding '" + name + "' is not supported, expected gzip or deflate"
              : "Content-Encoding came more than once, expected gzip or deflate");
    }
    return coding;
  }

  /**
   * The body of a reply as the client wants it: compressed, if it asked for that, if the body is
   * large enough, and if that makes it smaller. Sets the headers that tell of it.
   */
  static Body encoded(Exchange exchange, Body body) {
    if (body.size() < LEAST_BYTES) {
      return body;
    }
    exchange.replyHeader("Vary", "Accept-Encoding");
    Optional<ContentCoding> wanted = preferred(exchange.header("Accept-Encoding"));
    Optional<Body> smaller = wanted.flatMap(coding -> coding.encode(body));
    if (smaller.isPresent()) {
      body.release();
      exchange.replyHeader("Content-Encoding", wanted.get().token);
    }
    return smaller.orElse(body);
  }

  /** What an Accept-Encoding header prefers (RFC 9110, 12.5.3); none if it is no coding at all. */
  static Optional<ContentCoding> preferred(@Nullable String accepted) {
    if (accepted == null) {
      return Optional.empty();
    }
    double any = 0;
    double identity = 0;
    Map<ContentCoding, Double> weights = new EnumMap<>(ContentCoding.class);
    for (String part : accepted.split(",", -1)) {
      int end = part.indexOf(';');
      String name = (end < 0 ? part : part.substring(0, end)).strip();
      double weight = end < 0 ? 1 : weight(part.substring(end + 1));
      switch (name.toLowerCase(Locale.ROOT)) {
        case "*" -> any = weight;
        case "identity" -> identity = weight;
        default -> named(name).ifPresent(coding -> weights.put(coding, weight));
      }
    }
    Optional<ContentCoding> best = Optional.empty();
    double most = 0;
    for (ContentCoding coding : values()) {
      double weight = weights.getOrDefault(coding, any);
      if (weight > most && weight >= identity) {
        best = Optional.of(coding);
        most = weight;
      }
    }
    return best;
  }

  /** The weight among a coding's parameters; 0 for one that is malformed. */
  private static double weight(String parameters) {
    String text = parameters.strip();
    if (text.length() < 3 || !text.substring(0, 2).equalsIgnoreCase("q=")) {
      return 0;
    }
    try {
      double weight = Double.parseDouble(text.substring(2));
      return weight >= 0 && weight <= 1 ? weight : 0;
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static Optional<ContentCoding> named(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "gzip", "x-gzip" -> Optional.of(GZIP);
      case "deflate" -> Optional.of(DEFLATE);
      default -> Optional.empty();
    };
  }

  /** As {@link #decode(Body, long, BodyMemory)}, of memory that nobody counts. */
  Body decode(Body body, long limit) {
    return decode(body, limit, new BodyMemory(Long.MAX_VALUE, Long.MAX_VALUE, 0));
  }

  /**
   * The body that was compressed. If it is larger than {@link #CREDIT} allows, it is only counted
   * first, and memory is taken for it when it is known to be within the limit.
   *
   * @param limit the most bytes that it may have
   * @param memory where its array is taken from, to be given back when it has been read
   * @throws InferenceException TOO_LARGE if it has more, INVALID_ARGUMENT if it is malformed,
   *     OVERLOADED if there is no memory for it
   */
  Body decode(Body body, long limit, BodyMemory memory) {
    long ample = Math.max(PIECE, CREDIT * body.length());
    long taken = Math.min(ample, limit + 1);
    memory.take(taken);
    boolean decoded = false;
    try {
      byte[] piece = new byte[(int) taken];
      int first;
      long length;
      try (InputStream in = new InflatingStream(body, this)) {
        first = in.readNBytes(piece, 0, piece.length);
        length = first;
        int more = first < piece.length ? -1 : 0;
        while (more >= 0 && length <= limit) {
          length += more;
          more = in.read(piece, 0, (int) Math.min(piece.length, limit + 1 - length));
        }
      }
      if (length > limit) {
        throw new InferenceException(
            ErrorCode.TOO_LARGE,
            "the body may have %d bytes at most, got more in %d bytes of %s"
                .formatted(limit, body.length(), token));
      }
      if (first < piece.length) {
        decoded = true;
        return new Body(piece, 0, first);
      }
      memory.giveBack(taken);
      taken = 0;
      memory.take(length);
      taken = length;
      try (InputStream in = new InflatingStream(body, this)) {
        byte[] whole = new byte[(int) length];
        int size = in.readNBytes(whole, 0, whole.length);
        decoded = true;
        return new Body(whole, 0, size);
      }
    } catch (IOException e) {
      throw InferenceException.invalid("the body is not valid " + token);
    } finally {
      if (!decoded) {
        memory.giveBack(taken);
      }
    }
  }

  /** The body compressed; none if it would not be smaller, or if there is no memory for it. */
  Optional<Body> encode(Body body) {
    ReplyBuffer out = ReplyBuffer.take();
    boolean isSmaller = false;
    try {
      isSmaller = encode(body, out);
      return isSmaller ? Optional.of(out.body()) : Optional.empty();
    } catch (InferenceException e) {
      return Optional.empty();
    } finally {
      if (!isSmaller) {
        out.giveBack();
      }
    }
  }

  /** Whether the whole of it is smaller. */
  private boolean encode(Body body, ReplyBuffer out) {
    boolean isGzip = this == GZIP;
    int most = body.size() - (isGzip ? GZIP_TAIL : 0);
    Deflater deflater = new Deflater(LEVEL, isGzip);
    try {
      if (isGzip) {
        out.write(GZIP_HEAD, 0, GZIP_HEAD.length);
      }
      byte[] coded = new byte[Math.min(PIECE, body.size())];
      for (ByteBuffer piece : body.pieces()) {
        deflater.setInput(piece);
        deflate(deflater, coded, out, most);
      }
      deflater.finish();
      deflate(deflater, coded, out, most);
      if (!deflater.finished()) {
        return false;
      }
      if (isGzip) {
        CRC32 sum = new CRC32();
        for (ByteBuffer piece : body.pieces()) {
          sum.update(piece);
        }
        byte[] tail = new byte[GZIP_TAIL];
        ByteBuffer.wrap(tail)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putInt((int) sum.getValue())
            .putInt(body.size());
        out.write(tail, 0, tail.length);
      }
      return true;
    } finally {
      deflater.end();
    }
  }

  /** Appends what the deflater has, as long as that makes no more than so many bytes in all. */
  private static void deflate(Deflater deflater, byte[] coded, ReplyBuffer out, int most) {
    int made = 1;
    while (made > 0 && out.size() < most) {
      made = deflater.deflate(coded, 0, Math.min(coded.length, most - out.size()));
      out.write(coded, 0, made);
    }
  }
}

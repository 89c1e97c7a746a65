package dev.skiff.server.http;

import static dev.skiff.server.http.Fixtures.assertInvalid;
import static dev.skiff.server.http.Fixtures.assertRefused;
import static dev.skiff.server.http.Fixtures.body;
import static dev.skiff.server.http.Fixtures.text;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.skiff.server.BadInput;
import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.InflaterInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentCodingTest {
  private static final String LONG = "[0.25, 1.5e-3]".repeat(5_000);

  @ParameterizedTest
  @CsvSource({"gzip, GZIP", "GZip, GZIP", "x-gzip, GZIP", "deflate, DEFLATE"})
  void knowsTheCodingOfARequest(String name, ContentCoding coding) {
    assertThat(ContentCoding.ofRequest(FakeExchange.with("Content-Encoding", name)))
        .contains(coding);
  }

  @Test
  void takesBodiesAsTheyAre() {
    assertThat(ContentCoding.ofRequest(new FakeExchange("POST"))).isEmpty();
    assertThat(ContentCoding.ofRequest(FakeExchange.with("Content-Encoding", "identity")))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "br", "zstd", "gzip, gzip", "deflate, gzip", "identity, br", "x"})
  void refusesOtherCodings(String name) {
    FakeExchange exchange = FakeExchange.with("Content-Encoding", name);
    assertRefused(ErrorCode.UNSUPPORTED_MEDIA_TYPE, () -> ContentCoding.ofRequest(exchange))
        .isEqualTo("Content-Encoding '" + name + "' is not supported, expected gzip or deflate");
    assertThat(exchange.replyHeaders).containsEntry("Accept-Encoding", "gzip, deflate");
    assertRefused(
            ErrorCode.UNSUPPORTED_MEDIA_TYPE,
            () -> ContentCoding.ofRequest(FakeExchange.with("Content-Encoding", "gzip", "gzip")))
        .contains("more than once");
  }

  @ParameterizedTest
  @EnumSource
  void decodesBodiesOfAnySize(ContentCoding coding) {
    for (int length : new int[] {0, 1, 16_383, 16_384, 16_385, 32_768, 70_000}) {
      String whole = LONG.substring(0, length);
      Body coded = body(compressed(coding, whole.getBytes(StandardCharsets.UTF_8)));
      assertThat(text(coding.decode(coded, 100_000))).isEqualTo(whole);
      assertThat(text(coding.decode(coded, length))).isEqualTo(whole);
      if (length > 0) {
        assertRefused(ErrorCode.TOO_LARGE, () -> coding.decode(coded, length - 1))
            .startsWith("the body may have " + (length - 1) + " bytes at most, got more in ");
      }
    }
  }

  @Test
  void decodesGzipInSeveralParts() throws IOException {
    ByteArrayOutputStream parts = new ByteArrayOutputStream();
    parts.write(compressed(ContentCoding.GZIP, "[1,".getBytes(StandardCharsets.UTF_8)));
    parts.write(compressed(ContentCoding.GZIP, "2]".getBytes(StandardCharsets.UTF_8)));
    assertThat(text(ContentCoding.GZIP.decode(body(parts.toByteArray()), 5))).isEqualTo("[1,2]");
  }

  @ParameterizedTest
  @EnumSource
  void refusesCorruptBodies(ContentCoding coding) {
    byte[] good = compressed(coding, LONG.getBytes(StandardCharsets.UTF_8));
    for (int end : new int[] {0, 1, 9, 12, good.length / 2, good.length - 1}) {
      assertCorrupt(coding, Arrays.copyOf(good, end));
    }
    assertCorrupt(coding, LONG.getBytes(StandardCharsets.UTF_8));
    byte[] flipped = good.clone();
    flipped[good.length - 6] ^= 1;
    assertCorrupt(coding, flipped);
  }

  private static void assertCorrupt(ContentCoding coding, byte[] bytes) {
    assertInvalid(() -> coding.decode(body(bytes), 1 << 20))
        .isEqualTo("the body is not valid " + coding.name().toLowerCase(Locale.ROOT));
  }

  /** What the JDK's own streams would let pass. */
  @ParameterizedTest
  @EnumSource
  void refusesWhatComesBehind(ContentCoding coding) {
    byte[] whole = compressed(coding, "[1,2,3]".getBytes(StandardCharsets.US_ASCII));
    for (int more : new int[] {1, 9, 30}) {
      byte[] longer = Arrays.copyOf(whole, whole.length + more);
      assertInvalid(() -> coding.decode(body(longer), 1 << 20))
          .isEqualTo("the body is not valid " + coding.name().toLowerCase(Locale.ROOT));
    }
  }

  @Test
  void readsAllMembersOfGzip() {
    ByteArrayOutputStream members = new ByteArrayOutputStream();
    for (String part : new String[] {"[1,", "", "2]"}) {
      members.writeBytes(compressed(ContentCoding.GZIP, part.getBytes(StandardCharsets.US_ASCII)));
    }
    assertThat(text(ContentCoding.GZIP.decode(body(members.toByteArray()), 100)))
        .isEqualTo("[1,2]");
  }

  /** A header with all that it may have: extra field, name, comment and checksum. */
  @Test
  void readsOverTheHeaderOfGzip() {
    byte[] plain = compressed(ContentCoding.GZIP, "[1,2]".getBytes(StandardCharsets.US_ASCII));
    byte[] head = HexFormat.of().parseHex("1f8b081e000000000003" + "0200abcd" + "6e00" + "6300");
    CRC32 sum = new CRC32();
    sum.update(head);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(head);
    bytes.write((int) sum.getValue());
    bytes.write((int) sum.getValue() >> 8);
    bytes.write(plain, 10, plain.length - 10);
    byte[] whole = bytes.toByteArray();
    assertThat(text(ContentCoding.GZIP.decode(body(whole), 100))).isEqualTo("[1,2]");
    whole[4] ^= 1;
    assertInvalid(() -> ContentCoding.GZIP.decode(body(whole), 100));
  }

  /** 256 MB of zeros in a quarter of one. */
  @ParameterizedTest
  @EnumSource
  @BadInput(28)
  void refusesABombWithoutMemoryForIt(ContentCoding coding) {
    Body bomb = body(compressed(coding, new byte[256 << 20]));
    assertThat(bomb.length()).isLessThan(1 << 20);
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    assertRefused(ErrorCode.TOO_LARGE, () -> coding.decode(bomb, 128 << 20))
        .isEqualTo(
            "the body may have 134217728 bytes at most, got more in %d bytes of %s"
                .formatted(bomb.length(), coding.name().toLowerCase(Locale.ROOT)));
    assertThat(threads.getCurrentThreadAllocatedBytes() - before).isLessThan(5L * bomb.length());
  }

  @ParameterizedTest
  @EnumSource
  void encodesWhatOthersDecode(ContentCoding coding) throws IOException {
    byte[] whole = LONG.getBytes(StandardCharsets.UTF_8);
    Body coded = coding.encode(body(whole)).orElseThrow();
    assertThat(coded.length()).isLessThan(whole.length / 10);
    InputStream in = new ByteArrayInputStream(coded.bytes(), coded.offset(), coded.length());
    InputStream inflating =
        coding == ContentCoding.GZIP ? new GZIPInputStream(in) : new InflaterInputStream(in);
    assertThat(inflating.readAllBytes()).isEqualTo(whole);
    assertThat(in.available()).isZero();
  }

  @ParameterizedTest
  @EnumSource
  void leavesBodiesThatWouldNotBeSmaller(ContentCoding coding) {
    byte[] random = new byte[5_000];
    new Random(7).nextBytes(random);
    assertThat(coding.encode(body(random))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "gzip | GZIP",
        "deflate | DEFLATE",
        "gzip, deflate | GZIP",
        "deflate, gzip | GZIP",
        "gzip;q=0.5, deflate | DEFLATE",
        "gzip;q=0.5, deflate;q=0.4 | GZIP",
        "GZIP;Q=1.0 | GZIP",
        "x-gzip | GZIP",
        "br, gzip ; q=0.8 | GZIP",
        "* | GZIP",
        "gzip;q=0, * | DEFLATE",
        "gzip;q=0, *;q=0.1 | DEFLATE",
        "identity;q=0.5, gzip | GZIP",
        "identity;q=0, gzip;q=0.1 | GZIP",
        "gzip;q=0.001 | GZIP",
      })
  void findsWhatTheClientPrefers(String accepted, ContentCoding coding) {
    assertThat(ContentCoding.preferred(accepted)).contains(coding);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "identity",
        "br",
        "br, zstd",
        "gzip;q=0",
        "gzip;q=0.0, deflate;q=0",
        "*;q=0",
        "identity, gzip;q=0.5",
        "identity;q=0.6, gzip;q=0.5, deflate;q=0.2",
        "gzip;q=x",
        "gzip;q=2",
        "gzip;q=-1",
        "gzip;level=9",
        "gzip;",
        "gzipped",
      })
  void findsThatTheClientWantsNone(String accepted) {
    assertThat(ContentCoding.preferred(accepted)).isEmpty();
    assertThat(ContentCoding.preferred(null)).isEmpty();
  }

  @Test
  void compressesRepliesThatAreLargeEnough() throws IOException {
    FakeExchange exchange = FakeExchange.with("Accept-Encoding", "gzip");
    exchange.reply(200, "text/plain", body(LONG));
    assertThat(exchange.replyHeaders)
        .containsEntry("Content-Encoding", "gzip")
        .containsEntry("Vary", "Accept-Encoding");
    assertThat(exchange.reply).isNotNull();
    assertThat(text(ContentCoding.GZIP.decode(exchange.reply, 1 << 20))).isEqualTo(LONG);

    FakeExchange small = FakeExchange.with("Accept-Encoding", "gzip");
    small.reply(200, "text/plain", body(LONG.substring(0, ContentCoding.LEAST_BYTES - 1)));
    assertThat(small.replyHeaders).doesNotContainKeys("Content-Encoding", "Vary");
  }

  /** Rather than not at all. */
  @Test
  void leavesRepliesAsTheyAreWhereThereIsNoMemory() throws IOException {
    byte[] halves = new byte[200_000];
    new Random(7).nextBytes(halves);
    Arrays.fill(halves, 100_000, 200_000, (byte) 0);
    FakeExchange exchange = FakeExchange.with("Accept-Encoding", "gzip");
    long free = ReplyBufferTest.free();
    BodyMemory.SHARED.takeForReply(free);
    try {
      exchange.reply(200, "text/plain", body(halves));
    } finally {
      BodyMemory.SHARED.giveBack(free);
    }
    assertThat(exchange.replyHeaders).doesNotContainKey("Content-Encoding");
    assertThat(ReplyBufferTest.free()).isEqualTo(free);
    Body coded = ContentCoding.GZIP.encode(body(halves)).orElseThrow();
    coded.release();
    assertThat(ReplyBufferTest.free()).isEqualTo(free);
  }

  @Test
  void saysThatAReplyCouldHaveBeenCompressed() throws IOException {
    FakeExchange exchange = new FakeExchange("GET");
    Body body = body(LONG);
    exchange.reply(200, "text/plain", body);
    assertThat(exchange.replyHeaders)
        .containsEntry("Vary", "Accept-Encoding")
        .doesNotContainKey("Content-Encoding");
    assertThat(exchange.reply).isSameAs(body);
  }

  private static byte[] compressed(ContentCoding coding, byte[] whole) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out =
        coding == ContentCoding.GZIP
            ? new GZIPOutputStream(bytes)
            : new DeflaterOutputStream(bytes)) {
      out.write(whole);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }
}

package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.skiff.server.http.Exchange.Body;
import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ErrorMapperTest {

  @ParameterizedTest
  @CsvSource({
    "INVALID_ARGUMENT, 400",
    "UNAUTHENTICATED, 401",
    "NOT_FOUND, 404",
    "METHOD_NOT_ALLOWED, 405",
    "NOT_ACCEPTABLE, 406",
    "REQUEST_TIMEOUT, 408",
    "TOO_LARGE, 413",
    "UNSUPPORTED_MEDIA_TYPE, 415",
    "LOAD_FAILED, 422",
    "INTERNAL, 500",
    "UNSUPPORTED, 501",
    "OVERLOADED, 503",
    "NOT_READY, 503",
    "DEADLINE_EXCEEDED, 504",
    "RESOURCE_EXHAUSTED, 507",
  })
  void hasAStatusForEveryCode(ErrorCode code, int status) {
    assertThat(ErrorMapper.status(code)).isEqualTo(status);
    assertThat(ErrorMapper.isTemporary(code)).isEqualTo(status == 503);
  }

  @ParameterizedTest
  @EnumSource
  void findsTheCodeOfItsOwnStatuses(ErrorCode code) {
    ErrorCode expected = code == ErrorCode.OVERLOADED ? ErrorCode.NOT_READY : code;
    assertThat(ErrorMapper.code(ErrorMapper.status(code))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "402, INVALID_ARGUMENT",
    "411, INVALID_ARGUMENT",
    "414, TOO_LARGE",
    "417, INVALID_ARGUMENT",
    "426, INVALID_ARGUMENT",
    "431, TOO_LARGE",
    "502, INTERNAL",
    "505, UNSUPPORTED",
  })
  void findsACodeForOtherStatuses(int status, ErrorCode code) {
    assertThat(ErrorMapper.code(status)).isEqualTo(code);
  }

  @Test
  void theReadmeListsEveryCodeWithItsStatus() throws IOException {
    List<String> rows =
        Pattern.compile("^\\| ([A-Z_, ]+)\\b.* \\| (\\d{3})", Pattern.MULTILINE)
            .matcher(Files.readString(Path.of("../README.md")))
            .results()
            .flatMap(
                row -> Arrays.stream(row.group(1).split(", ")).map(it -> it + " " + row.group(2)))
            .toList();

    assertThat(rows)
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(ErrorCode.values())
                .map(code -> code + " " + ErrorMapper.status(code))
                .toList());
  }

  @Test
  void writesOneShapeOfBody() {
    assertThat(Fixtures.text(ErrorMapper.body(ErrorCode.NOT_FOUND, "no \"x\"\n")))
        .isEqualTo("{\"error\":\"no \\\"x\\\"\\n\",\"code\":\"NOT_FOUND\"}");
  }

  /** The longest of the longest letters, while other bodies hold all memory. */
  @Test
  void writesLongMessagesWhereThereIsNoMemory() {
    long free = ReplyBufferTest.free();
    BodyMemory.SHARED.takeForReply(free);
    try {
      Body body = ErrorMapper.body(ErrorCode.NOT_FOUND, "\u0001".repeat(50_000));
      assertThat(Fixtures.tree(body).get("error").textValue())
          .isEqualTo("\u0001".repeat(2_500) + "...");
      body.release();
    } finally {
      BodyMemory.SHARED.giveBack(free);
    }
  }

  @Test
  void writesMessagesThatQuoteHalfASurrogatePair() {
    assertThat(Fixtures.text(ErrorMapper.body(ErrorCode.NOT_FOUND, "a\ud83d...\ude00")))
        .isEqualTo("{\"error\":\"a?...?\",\"code\":\"NOT_FOUND\"}");
  }
}

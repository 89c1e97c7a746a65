package dev.skiff.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.skiff.server.config.ConfigException;
import dev.skiff.server.inference.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ApiKeysTest {
  private static final String KEY = "0123456789abcdef";

  /** {@code printf %s team-b-secret-key | sha256sum}. */
  private static final String DIGEST =
      "sha256:ee612764d423b3100701813d8aac3dbdbe1e78e1a47270b83df6d8cacc23d47c";

  @TempDir Path folder;

  @ParameterizedTest
  @CsvSource({
    "Authorization, Bearer 0123456789abcdef",
    "Authorization, bearer 0123456789abcdef",
    "Authorization, BEARER   0123456789abcdef",
    "X-API-Key, 0123456789abcdef",
    "X-API-Key, ~~~another-key~~~",
    "X-API-Key, team-b-secret-key",
  })
  void admitsWhoShowsAKey(String header, String value) throws IOException {
    assertThat(keys().admits(FakeExchange.with(header, value))).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "Authorization, 0123456789abcdef",
    "Authorization, Basic 0123456789abcdef",
    "Authorization, Bearer",
    "Authorization, Bearer 0123456789abcdeF",
    "Authorization, Bearer 0123456789abcde",
    "Authorization, Bearer 0123456789abcdef0",
    "X-API-Key, # the first team",
    "X-API-Key, ''",
    "X-API-Key, sha256:ee612764d423b3100701813d8aac3dbdbe1e78e1a47270b83df6d8cacc23d47c",
    "Cookie, 0123456789abcdef",
  })
  void admitsNobodyElse(String header, String value) throws IOException {
    assertThat(keys().admits(FakeExchange.with(header, value))).isFalse();
  }

  @Test
  void aBearerCountsBeforeTheOtherHeader() throws IOException {
    FakeExchange exchange =
        FakeExchange.with("Authorization", "Bearer wrong-wrong-wrong").and("X-API-Key", KEY);
    assertThat(keys().admits(exchange)).isFalse();
    // A proxy's own credentials do not hide the key.
    FakeExchange basic = FakeExchange.with("Authorization", "Basic eDp5").and("X-API-Key", KEY);
    assertThat(keys().admits(basic)).isTrue();
  }

  @Test
  void aRefusalRepeatsNothing() {
    assertThat(ApiKeys.refusal(FakeExchange.with("X-API-Key", "guess")).code())
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(ApiKeys.refusal(FakeExchange.with("X-API-Key", "guess")).reason())
        .endsWith("got another");
    assertThat(ApiKeys.refusal(new FakeExchange("GET")).reason()).endsWith("got none");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "tooshort",
        "two words of more than 16",
        "sha256:1234",
        "sha256:ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        "müller-müller-müller",
        "name: 0123456789abcdef"
      })
  void aLineThatIsNoKeyIsToldByItsNumber(String line) throws IOException {
    Path file = folder.resolve("keys");
    Files.writeString(file, KEY + "\n\n" + line + "\n");
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> new ApiKeys(file))
        .withMessageStartingWith("--api-keys: " + file + ": line 3 is neither a key of 16 to 256")
        .satisfies(e -> assertThat(e.line()).doesNotContain(line));
  }

  @Test
  void aFileWithoutKeysIsRefused() throws IOException {
    Path file = Files.writeString(folder.resolve("keys"), "# none yet\n\n");
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> new ApiKeys(file))
        .withMessageEndingWith(": there is no key in it");
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> new ApiKeys(folder.resolve("absent")))
        .withMessageEndingWith("absent: cannot be read: it is not there");
  }

  private ApiKeys keys() throws IOException {
    Path file = folder.resolve("keys");
    List<String> lines = List.of("# the first team", KEY, "  ~~~another-key~~~ \t", "", DIGEST);
    Files.write(file, lines);
    return new ApiKeys(file);
  }
}

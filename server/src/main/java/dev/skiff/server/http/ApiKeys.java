package dev.skiff.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.skiff.server.config.ConfigException;
import dev.skiff.server.config.Keys;
import dev.skiff.server.inference.ErrorCode;
import dev.skiff.server.inference.InferenceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Admits a request that shows a key of a file: one key a line, or its SHA-256, and comments after a
 * {@code #}. Only digests are kept, and each is compared in a time that depends on nothing. When
 * the file has changed it is read again, by a request, a second later at most; if it is wrong then,
 * the old keys go on to count. Thread-safe.
 */
final class ApiKeys implements Gate {
  static final String HEADER = "X-API-Key";

  private static final Logger log = LoggerFactory.getLogger(ApiKeys.class);
  private static final String AUTHORIZATION = "Authorization";
  private static final String SCHEME = "Bearer ";
  private static final Pattern KEY = Pattern.compile("[!-~]{16,256}");
  private static final Pattern DIGEST = Pattern.compile("sha256:([0-9a-fA-F]{64})");

  private final Path file;
  private final ChangingFiles changes;
  private volatile List<byte[]> digests;

  /**
   * The keys of a file.
   *
   * @throws ConfigException if it cannot be read, has a line that is no key, or no key at all
   */
  ApiKeys(Path file) {
    this.file = file;
    this.changes = new ChangingFiles(List.of(file));
    this.digests = read(file);
  }

  @Override
  public boolean admits(Exchange exchange) {
    if (changes.areNew()) {
      renew();
    }
    String key = shown(exchange);
    if (key == null) {
      return false;
    }
    byte[] digest = digest(key);
    boolean known = false;
    for (byte[] other : digests) {
      known |= MessageDigest.isEqual(digest, other);
    }
    return known;
  }

  /** The error for a request that was not admitted. It never repeats what was shown. */
  static InferenceException refusal(Exchange exchange) {
    return new InferenceException(
        ErrorCode.UNAUTHENTICATED,
        "expected an API key of this server in 'Authorization: Bearer' or in 'X-API-Key', got "
            + (shown(exchange) == null ? "none" : "another"));
  }

  private static @Nullable String shown(Exchange exchange) {
    String authorization = exchange.header(AUTHORIZATION);
    return authorization != null && authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())
        ? authorization.substring(SCHEME.length()).strip()
        : exchange.header(HEADER);
  }

  private void renew() {
    try {
      digests = read(file);
      log.info("read the API keys anew: there are {}", digests.size());
    } catch (ConfigException e) {
      log.warn("{}; the old keys go on to count", e.line());
    }
  }

  private static List<byte[]> read(Path file) {
    List<byte[]> digests = new ArrayList<>();
    List<String> lines;
    try {
      lines = Files.readAllLines(file, ISO_8859_1);
    } catch (IOException e) {
      throw wrong(file, ConfigException.unreadable(e));
    }
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i).strip();
      Matcher digest = DIGEST.matcher(line);
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      if (digest.matches()) {
        digests.add(HexFormat.of().parseHex(digest.group(1)));
      } else if (KEY.matcher(line).matches() && !line.startsWith("sha256:")) {
        digests.add(digest(line));
      } else {
        // The line may be a key with a slip of the pen: it is not repeated.
        throw wrong(
            file,
            "line %d is neither a key of 16 to 256 visible ASCII characters nor sha256: and 64 hexadecimal digits"
                .formatted(i + 1));
      }
    }
    if (digests.isEmpty()) {
      throw wrong(file, "there is no key in it");
    }
    return List.copyOf(digests);
  }

  private static ConfigException wrong(Path file, String what) {
    return new ConfigException(Keys.API_KEYS.flag() + ": " + file + ": " + what);
  }

  private static byte[] digest(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
